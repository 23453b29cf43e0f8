/* SPDX-License-Identifier: BSD-2-Clause
 * Exact instruction counts, by single-stepping: repeatable, for every instruction set, without a counter in the
 * processor. */
#ifndef POLLUX_TESTS_BENCH_STEP_H
#define POLLUX_TESTS_BENCH_STEP_H

/** To be called once before the first mark; only inside a function given to step_count. */
void step_begin(void);

/** Marks the begin or the end of a stretch to count; only inside a function given to step_count. */
static inline void step_mark(void)
{
	__asm__ volatile("int3" ::: "memory");
}

/**
 * Runs `run` in a child process and counts the instructions between each pair of step_mark calls in it, in order.
 * @param counts  receives as many counts as the child made pairs
 * @param most    room in counts
 * @return pairs counted, or -errno (-ECHILD: the child failed, and said why)
 */
int step_count(void (*run)(void *context), void *context, unsigned long *counts, int most);

#endif
