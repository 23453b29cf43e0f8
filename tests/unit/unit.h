/* SPDX-License-Identifier: BSD-2-Clause
 * What every test program does with its suites. */
#ifndef POLLUX_TESTS_UNIT_UNIT_H
#define POLLUX_TESTS_UNIT_UNIT_H

#include <CUnit/Basic.h>
#include <stdio.h>

/** Two numbers are equal; else says both. */
#define ASSERT_NUMBER(got, wanted)                                                                                     \
	do {                                                                                                           \
		long long got_ = (long long)(got), wanted_ = (long long)(wanted);                                      \
		if (got_ != wanted_)                                                                                   \
			printf("\n    line %d: %s is %lld, not %lld ", __LINE__, #got, got_, wanted_);                 \
		CU_ASSERT_EQUAL(got_, wanted_);                                                                        \
	} while (0)

/** Runs the suites (up to CU_SUITE_INFO_NULL) and prints CUnit's summary. @return the program's exit status: 0 all
 * passed, 1 not */
int unit_run(CU_SuiteInfo *suites);

/** The same for groups of suites, each in a process of its own and all at the same time: for tests that wait most of
 * the time. */
int unit_run_beside(CU_SuiteInfo *const groups[], unsigned count);

#endif
