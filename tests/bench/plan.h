/* SPDX-License-Identifier: BSD-2-Clause
 * What the command line asks to be measured. */
#ifndef POLLUX_TESTS_BENCH_PLAN_H
#define POLLUX_TESTS_BENCH_PLAN_H

#include "cells.h"
#include "latency.h"

#define LATENCIES_MAX (SUBJECTS_MAX * 20u)

/** Opens all subjects and fills in the cells. @return how many cells; 0: no name matches, or
 * a subject does not open, and said why */
unsigned plan_cells(const struct options *options, struct subject *subjects, struct cell *cells);

/** The same for latencies. */
unsigned plan_latencies(const struct options *options, struct subject *subjects, struct latency *latencies);

#endif
