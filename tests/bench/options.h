/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's command line. */
#ifndef POLLUX_TESTS_BENCH_OPTIONS_H
#define POLLUX_TESTS_BENCH_OPTIONS_H

#include <regex.h>
#include <stdbool.h>

#define ROUNDS_MAX 99

struct options {
	unsigned rounds;
	bool json, all, far, latency, threads, waiting, pacing;
	const char *save, *svg;
	const char *only; /* a regular expression, or NULL: all cells */
	regex_t pattern;  /* `only`, compiled */
	/* Of a process that the benchmark has started: which it is, from 1, and where its figures go. 0: started by the
	 * user. */
	unsigned process;
	int figures_fd;
};

/** Reads the command line. @return the exit status, or -1: go on */
int options_read(struct options *options, int argc, char **argv);

#endif
