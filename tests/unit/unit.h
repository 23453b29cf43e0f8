/* SPDX-License-Identifier: BSD-2-Clause
 * What every test program does with its suites. */
#ifndef POLLUX_TESTS_UNIT_UNIT_H
#define POLLUX_TESTS_UNIT_UNIT_H

#include <CUnit/Basic.h>

/** Runs the suites (up to CU_SUITE_INFO_NULL) and prints CUnit's summary. @return the program's exit status: 0 all passed, 1 not */
int unit_run(CU_SuiteInfo *suites);

#endif
