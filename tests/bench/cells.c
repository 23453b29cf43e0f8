/* SPDX-License-Identifier: BSD-2-Clause
 * How a cell of the benchmark is measured: in rounds of lock-steps. */
#include "cells.h"

#include "calm.h"
#include "far.h"
#include "sort.h"

#include <alloca.h>
#include <x86intrin.h>

#define STEPS       400u  /* calm lock-steps in a round */
#define STEPS_MAX   1600u /* a round ends after so many lock-steps even if fewer than STEPS were calm */
#define CALM_MIN    100u  /* from so many calm lock-steps on, the others are left out */
#define OUTLIERS    20u   /* one in so many, the slowest, is left out: something interrupted it */
#define EMPTY_POLLS 64u

/* What the model does before or after the driver, on this core or on the other. */
struct model_half {
	struct cell *cell;
	struct subject *subject;
	bool done;
};

static void publish(void *context)
{
	struct model_half *half = context;

	half->done = lockstep_publish(&half->subject->lockstep, half->cell->job, LOCKSTEP_PACKETS);
	if (half->cell->far)
		half->subject->visit_memory(half->subject, far_push, NULL);
}

static void collect(void *context)
{
	struct model_half *half = context;

	half->done = lockstep_collect(&half->subject->lockstep, half->cell->job, LOCKSTEP_PACKETS);
}

static void run_half(void (*function)(void *context), struct model_half *half)
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
	struct model_half half = {.cell = cell, .subject = subject};
	unsigned handled;
	uint64_t begin;

	run_half(publish, &half);
	if (!half.done)
		return false;
	timing->calm = calm_now();
	begin = __rdtsc();
	handled = subject->handle(subject, cell->job, cell->burst, LOCKSTEP_PACKETS);
	timing->cycles = (double)(__rdtsc() - begin);
	timing->calm &= calm_now();
	run_half(collect, &half);
	return handled == LOCKSTEP_PACKETS && half.done;
}

bool cell_warm_up(struct cell *cell, struct subject *subject, unsigned steps)
{
	struct timing unused;

	lockstep_set_frame(&subject->lockstep, cell->job, cell->frame_bytes);
	if (subject->prepare)
		subject->prepare(subject, cell->job);
	for (unsigned i = 0; i < steps; i++)
		if (!step_once(cell, subject, &unused))
			return false;
	return true;
}

/* Fills cycles with the calm steps, or with all where there are too few. @return how many; 0: packets were lost */
static unsigned time_steps(struct cell *cell, struct subject *subject, double *cycles, double *calm_share)
{
	struct timing timing;
	unsigned calm = 0, restless = 0;

	while (calm < STEPS && calm + restless < STEPS_MAX) {
		if (!step_once(cell, subject, &timing))
			return 0;
		if (timing.calm)
			cycles[calm++] = timing.cycles;
		else
			cycles[STEPS_MAX - ++restless] = timing.cycles;
	}
	*calm_share = (double)calm / (calm + restless);
	return calm >= CALM_MIN ? calm : STEPS_MAX;
}

static bool time_empty_polls(struct cell *cell, struct subject *subject, unsigned round)
{
	uint64_t begin = __rdtsc();

	for (unsigned i = 0; i < EMPTY_POLLS; i++)
		if (subject->handle(subject, cell->job, cell->burst, LOCKSTEP_PACKETS))
			return false;
	cell->polls[round] = (double)(__rdtsc() - begin) / EMPTY_POLLS;
	return true;
}

/* Not inlined: its frame, and those of all that it calls, lie below what cell_round has taken of the stack. */
static __attribute__((noinline)) bool time_round(struct cell *cell, struct subject *subject, unsigned round)
{
	static double cycles[STEPS_MAX];
	double sum = 0;
	unsigned count, kept;

	if (!cell_warm_up(cell, subject, STEPS / 8) || !(count = time_steps(cell, subject, cycles, &cell->calm[round])))
		return false;
	sort_ascending(cycles, count);
	kept = count - count / OUTLIERS;
	for (unsigned i = 0; i < kept; i++)
		sum += cycles[i];
	cell->cycles[round] = sum / (kept * LOCKSTEP_PACKETS);
	return !bench_job_polls(cell->job) || time_empty_polls(cell, subject, round);
}

bool cell_round(struct cell *cell, struct subject *subjects, unsigned round, unsigned stack_bytes)
{
	void *taken = alloca(stack_bytes);
	bool done;

	__asm__ volatile("" : : "r"(taken) : "memory");
	done = time_round(cell, &subjects[cell->subject], round);
	__asm__ volatile("" : : "r"(taken) : "memory");
	return done;
}

bool cell_was_restless(const struct cell *cell, unsigned round)
{
	return cell->calm[round] < (double)CALM_MIN / STEPS_MAX;
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

bool cell_tail_writes(struct cell *cell, struct subject *subjects)
{
	struct subject *subject = &subjects[cell->subject];

	return cell_warm_up(cell, subject, 8) && count_tail_writes(cell, subject);
}
