/* SPDX-License-Identifier: BSD-2-Clause
 * The rounds that one process measures, of all cells in turn. */
#ifndef POLLUX_TESTS_BENCH_ROUNDS_H
#define POLLUX_TESTS_BENCH_ROUNDS_H

#include "cells.h"

/** Which of all rounds this process has. */
struct rounds {
	unsigned process, processes; /* from 1 */
	unsigned first, count;
};

/** Measures all cells. False: packets were lost; said. */
bool rounds_measure(const struct rounds *rounds, struct cell *cells, unsigned count, struct subject *subjects);

#endif
