/* SPDX-License-Identifier: BSD-2-Clause
 * What the benchmark has measured, for people and for programs. */
#ifndef POLLUX_TESTS_BENCH_REPORT_H
#define POLLUX_TESTS_BENCH_REPORT_H

#include "figures.h"

#include <stdio.h>

struct report {
	const struct figures *figures;
	unsigned rounds;
	double tsc_hz;
	bool far;
};

void report_table(const struct report *report);
/** One JSON object, a line for each cell. */
void report_json(const struct report *report, FILE *file);
/** A picture. @return 0, or -1: see errno */
int report_svg(const struct report *report, const char *path);

#endif
