/* SPDX-License-Identifier: BSD-2-Clause
 * How a cell of the benchmark is measured: in rounds of lock-steps for time, single-stepped in a child for
 * instructions. */
#include "cells.h"
#include "calm.h"
#include "far.h"
#include "step.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

#define STEPS        400u  /* lock-steps in a round */
#define STEPS_TRIED  1600u /* at most, until so many of them were calm */
#define STEPS_ENOUGH 100u  /* calm ones, for the rest to be left out */
#define SLOWEST      20u   /* one in so many, the slowest: what something interrupted */
#define EMPTY_POLLS  64u

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct half {
	struct cell *cell;
	struct subject *subject;
	bool done;
};

static void publish(void *context)
{
	struct half *half = context;

	half->done = lockstep_publish(&half->subject->lockstep, half->cell->job, LOCKSTEP_PACKETS);
	if (half->cell->far)
		half->subject->reach(half->subject, far_push, NULL);
}

static void collect(void *context)
{
	struct half *half = context;

	half->done = lockstep_collect(&half->subject->lockstep, half->cell->job, LOCKSTEP_PACKETS);
}

static void model_half(void (*function)(void *context), struct half *half)
{
	if (half->cell->far)
		far_call(function, half);
	else
		function(half);
}

struct timing {
	double cycles;
	bool calm; /* the core was all ours just before and just after */
};

static bool step_once(struct cell *cell, struct subject *subject, struct timing *timing)
{
	struct half half = {.cell = cell, .subject = subject};
	unsigned handled;
	uint64_t begin;

	model_half(publish, &half);
	if (!half.done)
		return false;
	timing->calm = calm_now();
	begin = __rdtsc();
	handled = subject->handle(subject, cell->job, cell->burst, LOCKSTEP_PACKETS);
	timing->cycles = (double)(__rdtsc() - begin);
	timing->calm &= calm_now();
	model_half(collect, &half);
	return handled == LOCKSTEP_PACKETS && half.done;
}

static bool begin_cell(struct cell *cell, struct subject *subject, unsigned steps)
{
	struct timing warmup;

	lockstep_set_frame(&subject->lockstep, cell->frame_bytes);
	for (unsigned i = 0; i < steps; i++)
		if (!step_once(cell, subject, &warmup))
			return false;
	return true;
}

/* The calm steps; where there are too few, all. @return how many are to be counted; 0: packets were lost */
static unsigned take_steps(struct cell *cell, struct subject *subject, double *steps, double *share)
{
	struct timing timing;
	unsigned calm = 0, restless = 0;

	while (calm < STEPS && calm + restless < STEPS_TRIED) {
		if (!step_once(cell, subject, &timing))
			return 0;
		if (timing.calm)
			steps[calm++] = timing.cycles;
		else
			steps[STEPS_TRIED - ++restless] = timing.cycles;
	}
	*share = (double)calm / (calm + restless);
	return calm >= STEPS_ENOUGH ? calm : STEPS_TRIED;
}

bool cell_round(struct cell *cell, struct subject *subjects, unsigned round)
{
	struct subject *subject = &subjects[cell->subject];
	static double steps[STEPS_TRIED];
	double sum = 0;
	unsigned count, kept;
	uint64_t begin;

	if (!begin_cell(cell, subject, STEPS / 8) || !(count = take_steps(cell, subject, steps, &cell->calm[round])))
		return false;
	qsort(steps, count, sizeof(*steps), by_value);
	kept = count - count / SLOWEST;
	for (unsigned i = 0; i < kept; i++)
		sum += steps[i];
	cell->cycles[round] = sum / (kept * LOCKSTEP_PACKETS);
	if (cell->job != BENCH_RX)
		return true;
	begin = __rdtsc();
	for (unsigned i = 0; i < EMPTY_POLLS; i++)
		if (subject->handle(subject, cell->job, cell->burst, LOCKSTEP_PACKETS))
			return false;
	cell->polls[round] = (double)(__rdtsc() - begin) / EMPTY_POLLS;
	return true;
}

bool cell_was_restless(const struct cell *cell, unsigned round)
{
	return cell->calm[round] < (double)STEPS_ENOUGH / STEPS_TRIED;
}

/* A burst at a time, and a look at the tails behind each: a driver writes a tail at most once per call. */
static bool count_tail_writes(struct cell *cell, struct subject *subject)
{
	struct lockstep *lockstep = &subject->lockstep;
	unsigned writes = 0, packets = 0;
	uint64_t before = lockstep_tails(lockstep);

	while (packets < 4 * LOCKSTEP_RING) {
		uint64_t after;

		if (!lockstep_publish(lockstep, cell->job, cell->burst) ||
			subject->handle(subject, cell->job, cell->burst, cell->burst) != cell->burst ||
			!lockstep_collect(lockstep, cell->job, cell->burst))
			return false;
		after = lockstep_tails(lockstep);
		writes += (before >> 32 != after >> 32) + ((uint32_t)before != (uint32_t)after);
		packets += cell->burst;
		before = after;
	}
	cell->tail_writes = (double)writes / packets;
	return true;
}

static unsigned long counts[1 + CELLS_MAX * STEPS_OF_RING];
static int pairs; /* of marks that were counted, the empty pair among them */

static void count_cells(void *context)
{
	static struct subject subjects[SUBJECTS_MAX];
	static struct cell cells[CELLS_MAX];
	unsigned (*const *prepare)(struct subject *, struct cell *) = context, count = (*prepare)(subjects, cells);

	if (!count)
		_exit(1);
	step_begin();
	step_mark();
	step_mark(); /* what a pair of marks costs by itself */
	for (unsigned c = 0; c < count; c++) {
		struct cell *cell = &cells[c];
		struct subject *subject = &subjects[cell->subject];

		if (cell->far)
			continue;
		if (!begin_cell(cell, subject, 32))
			_exit(1);
		for (unsigned i = 0; i < cell->counted_steps; i++) {
			lockstep_publish(&subject->lockstep, cell->job, LOCKSTEP_PACKETS);
			step_mark();
			subject->handle(subject, cell->job, cell->burst, LOCKSTEP_PACKETS);
			step_mark();
			lockstep_collect(&subject->lockstep, cell->job, LOCKSTEP_PACKETS);
		}
	}
	_exit(0);
}

int cells_count(unsigned (*prepare)(struct subject *subjects, struct cell *cells))
{
	pairs = step_count(count_cells, &prepare, counts, sizeof(counts) / sizeof(*counts));
	if (pairs > 1 && counts[1] == 0)
		return -ENOTSUP; /* whatever this runs on does not trap after each instruction */
	return pairs < 0 ? pairs : 0;
}

void cells_take_counts(struct cell *cells, unsigned count)
{
	unsigned pair = 1;

	for (unsigned c = 0; c < count; c++) {
		unsigned long sum = 0;

		cells[c].instructions = -1;
		if (cells[c].far || (int)(pair + cells[c].counted_steps) > pairs)
			continue;
		for (unsigned i = 0; i < cells[c].counted_steps; i++)
			sum += counts[pair++] - counts[0];
		cells[c].instructions = (double)sum / (cells[c].counted_steps * LOCKSTEP_PACKETS);
	}
}

bool cell_tail_writes(struct cell *cell, struct subject *subjects)
{
	struct subject *subject = &subjects[cell->subject];

	return begin_cell(cell, subject, 8) && count_tail_writes(cell, subject);
}

void cell_sort(struct cell *cell, unsigned rounds)
{
	qsort(cell->cycles, rounds, sizeof(double), by_value);
	qsort(cell->polls, rounds, sizeof(double), by_value);
}
