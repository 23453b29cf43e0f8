/* SPDX-License-Identifier: BSD-2-Clause
 * The cells of the benchmark, each a subject, a job, a burst and a frame size, and how one is measured. */
#ifndef POLLUX_TESTS_BENCH_CELLS_H
#define POLLUX_TESTS_BENCH_CELLS_H

#include "options.h"
#include "subject.h"

#define CELLS_MAX     1024u
#define STEPS_OF_RING (LOCKSTEP_RING / LOCKSTEP_PACKETS)

struct cell {
	unsigned subject;
	enum bench_job job;
	unsigned burst, frame_bytes;
	bool far;               /* the model runs on another core and pushes what it wrote to the shared cache */
	unsigned counted_steps; /* lock-steps whose instructions are counted: a whole ring where the place in it
				   matters, as in pipes */
	double instructions;    /* per packet; < 0: not counted */
	double tail_writes;     /* per packet */
	/* of each round */
	unsigned rounds;
	double cycles[ROUNDS_MAX]; /* per packet, the mean but for the slowest steps */
	double calm[ROUNDS_MAX];   /* share of the steps that had the core to themselves */
	double polls[ROUNDS_MAX];  /* rx: cycles of a receive that finds nothing */
};

/** Runs some untimed lock-steps, so that rings and caches are as this cell has them. False: packets were lost. */
bool cell_warm_up(struct cell *cell, struct subject *subject, unsigned steps);

/** Measures a round of a cell, once more if it was measured before, with the stack this much further down. False:
 * packets were lost. */
bool cell_round(struct cell *cell, struct subject *subjects, unsigned round, unsigned stack_bytes);

/** Whether too few steps of that round had the core to themselves. */
bool cell_was_restless(const struct cell *cell, unsigned round);

/** Counts its tail writes per packet, untimed. False: packets were lost. */
bool cell_tail_writes(struct cell *cell, struct subject *subjects);

#endif
