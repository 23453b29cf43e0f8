/* SPDX-License-Identifier: BSD-2-Clause
 * The cells of the benchmark, each a subject, a job, a burst and a frame size, and how they are measured. */
#ifndef POLLUX_TESTS_BENCH_CELLS_H
#define POLLUX_TESTS_BENCH_CELLS_H

#include "subject.h"

#define ROUNDS_MAX    99
#define CELLS_MAX     512u
#define STEPS_OF_RING (LOCKSTEP_RING / LOCKSTEP_PACKETS)

struct cell {
	unsigned subject;
	enum bench_job job;
	unsigned burst, frame_bytes;
	bool far;                  /* the model runs on another core and pushes what it wrote to the shared cache */
	unsigned counted_steps;    /* lock-steps whose instructions are counted: a whole ring where the place in it
				      matters, as in pipes */
	double cycles[ROUNDS_MAX]; /* per packet, the mean of a round but for its slowest steps; sorted once all are
				      done */
	double calm[ROUNDS_MAX];   /* share of a round's steps that had the core to themselves; unsorted */
	double instructions;       /* per packet; < 0: not counted */
	double polls[ROUNDS_MAX];  /* rx: cycles of a poll that finds nothing */
	double tail_writes;        /* per packet */
};

/** One round of a cell, in the place of what that round had measured before. False: packets were lost. */
bool cell_round(struct cell *cell, struct subject *subjects, unsigned round);

/** Whether too few steps of that round had the core to themselves. */
bool cell_was_restless(const struct cell *cell, unsigned round);

/**
 * Counts instructions in a child process, which opens its own subjects: memory for DMA does not survive a fork. To be
 * called before this process opens any. prepare opens subjects and fills in cells, and gives their number; 0: it could
 * not.
 * @return 0 or -errno
 */
int cells_count(unsigned (*prepare)(struct subject *subjects, struct cell *cells));

/** Gives the counts to this process's cells, prepared in the same way. Those that are far have none. */
void cells_take_counts(struct cell *cells, unsigned count);

/** Counts its tail writes per packet, untimed. False: packets were lost. */
bool cell_tail_writes(struct cell *cell, struct subject *subjects);

/** Sorts a cell's rounds. */
void cell_sort(struct cell *cell, unsigned rounds);

#endif
