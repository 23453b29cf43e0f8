/* SPDX-License-Identifier: BSD-2-Clause
 * Figures in ascending order, so that the median is in the middle. */
#ifndef POLLUX_TESTS_BENCH_SORT_H
#define POLLUX_TESTS_BENCH_SORT_H

#include <stdlib.h>

static inline int sort_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void sort_ascending(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), sort_by_value);
}

#endif
