/* SPDX-License-Identifier: BSD-2-Clause
 * The figures of all cells, as one process has measured them or as several have, with marks on those that are in doubt.
 */
#ifndef POLLUX_TESTS_BENCH_FIGURES_H
#define POLLUX_TESTS_BENCH_FIGURES_H

#include "cells.h"

#include <stdint.h>

struct figure {
	unsigned subject;
	char driver[24]; /* the subject's name */
	enum bench_job job;
	unsigned burst, frame_bytes;
	bool far;
	double instructions; /* per packet; < 0: not counted */
	double tail_writes;  /* per packet */
	double empty_poll;   /* cycles, of a receive that finds nothing; 0: the job receives nothing */
	double calm;         /* share of the steps that had the core to themselves */
	unsigned rounds, restless_rounds;
	double cycles_min, cycles_median,
		cycles_max;              /* per packet, of all rounds; the median is the middle process's */
	double process_min, process_max; /* the lowest and the highest of the processes' medians */
	/* marks */
	bool differs;  /* these two, by more than FIGURES_DIFFER_PERCENT */
	bool restless; /* half of the rounds of a process, or more */
};

#define FIGURES_DIFFER_PERCENT 15

struct figures {
	unsigned count, processes;
	bool hugepages;
	bool same_addresses;               /* the processes had: then their agreement says nothing */
	uintptr_t stack;                   /* an address in a process's stack */
	char functions[SUBJECTS_MAX][128]; /* sentences on what foreign drivers have chosen; then "" */
	struct figure cells[CELLS_MAX];
};

/** Fills in the figures of this process. */
void figures_take(struct figures *figures, const struct cell *cells, unsigned count, const struct subject *subjects);

/** Puts together those of several processes, which have measured the same cells; instructions come from the first. */
void figures_merge(struct figures *all, const struct figures *processes, unsigned count);

/** "", "differ", "restless" or "differ, restless". */
const char *figure_marks(const struct figure *figure);

#endif
