/* SPDX-License-Identifier: BSD-2-Clause
 * The instructions of all cells. */
#ifndef POLLUX_TESTS_BENCH_COUNT_H
#define POLLUX_TESTS_BENCH_COUNT_H

#include "cells.h"

/**
 * Counts instructions in a child process, which opens its own subjects: memory for DMA does not survive a fork. To be
 * called before this process opens any. @return 0 or -errno
 */
int count_instructions(const struct options *options);

/** Gives the counts to this process's cells, planned with the same options. Those that are far have none. */
void count_give(struct cell *cells, unsigned count);

#endif
