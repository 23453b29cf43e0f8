/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark in several processes, one after the other: each is executed anew and so has other addresses. */
#ifndef POLLUX_TESTS_BENCH_PROCESSES_H
#define POLLUX_TESTS_BENCH_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESSES_MAX    3u
#define PROCESSES_OPTION "process"

/** How many processes share so many rounds. */
unsigned processes_for(unsigned rounds);

/** The rounds of process number (from 1): how many, and which is its first. */
unsigned processes_rounds(unsigned rounds, unsigned number, unsigned *first);

/**
 * Starts process number with the same command line, and reads what it writes until it has ended.
 * @return false: it failed, and was said why
 */
bool processes_run(char **argv, unsigned number, void *figures, size_t bytes);

/** To be called first in a forked child: from now on it ends with its parent, whatever ends that. */
void processes_end_with(pid_t parent);

/** Understands what processes_run has added to the command line. */
bool processes_read_option(const char *value, unsigned *number, int *fd);

/** Hands the figures to the process that started this one. @return false: it is gone */
bool processes_hand_over(int fd, const void *figures, size_t bytes);

#endif
