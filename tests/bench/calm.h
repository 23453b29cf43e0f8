/* SPDX-License-Identifier: BSD-2-Clause
 * Whether a core is all ours: on a machine that others use too, what runs on its other hyper-thread takes up to half of
 * it, unseen. */
#ifndef POLLUX_TESTS_BENCH_CALM_H
#define POLLUX_TESTS_BENCH_CALM_H

#include <stdbool.h>

/** Finds out how fast the calling thread's core can be. Some 50 ms. */
void calm_begin(void);

/** A short stretch of work in registers only: true when it took about as long as it ever takes here. */
bool calm_now(void);

#endif
