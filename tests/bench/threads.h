/* SPDX-License-Identifier: BSD-2-Clause
 * What a packet costs when two threads forward at once, each with a queue of its own of the same ports. */
#ifndef POLLUX_TESTS_BENCH_THREADS_H
#define POLLUX_TESTS_BENCH_THREADS_H

#include <stdbool.h>
#include <stdio.h>

#define THREADS 2u

/** Cycles per packet, medians of all steps: of each thread while the other waits, and while both forward. */
struct threads_figures {
	unsigned steps;
	double alone[THREADS], together[THREADS];
};

/** Measures; far_open has been called. False: it failed, and said why. */
bool threads_measure(struct threads_figures *figures, unsigned rounds);

void threads_table(const struct threads_figures *figures);
void threads_json(const struct threads_figures *figures, FILE *file);

#endif
