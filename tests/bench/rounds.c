/* SPDX-License-Identifier: BSD-2-Clause
 * The rounds of one process: interleaved, so that what disturbs the machine for a while disturbs all cells alike, and
 * repeated where something did. */
#include "rounds.h"

#include "calm.h"
#include "progress.h"

#include <stdio.h>

#define REPEAT_S 10 /* for repetitions, all processes together, or as long as their rounds took */

/* Where the stack begins within a page is chance, and decides which lines of it meet which of the driver's. */
#define STACK_STEP_BYTES 256u
#define STACK_STEPS      16u

static bool measure_once(const struct rounds *rounds, struct cell *cell, struct subject *subjects, unsigned round)
{
	return cell_round(cell, subjects, round, (rounds->first + round) % STACK_STEPS * STACK_STEP_BYTES);
}

/* Repeats restless rounds, and again: as many in all as there are rounds of cells, until this time. @return the first
 * cell that lost packets; `count`: none did */
static unsigned repeat_restless(
	const struct rounds *rounds, struct cell *cells, unsigned count, struct subject *subjects, double until)
{
	unsigned left = count * rounds->count, left_before;

	do {
		left_before = left;
		for (unsigned round = 0; round < rounds->count; round++)
			for (unsigned c = 0; c < count && left && progress_seconds() < until; c++) {
				if (!cell_was_restless(&cells[c], round))
					continue;
				if (!measure_once(rounds, &cells[c], subjects, round))
					return c;
				left--;
				progress("process %u of %u, once more what was restless, cell %u of %u",
					rounds->process, rounds->processes, c + 1, count);
			}
	} while (left && left != left_before);
	return count;
}

/* @return as repeat_restless */
static unsigned measure(const struct rounds *rounds, struct cell *cells, unsigned count, struct subject *subjects)
{
	double begin = progress_seconds(), took, repeat = (double)REPEAT_S / rounds->processes;

	for (unsigned c = 0; c < count; c++) {
		cells[c].rounds = rounds->count;
		if (!cell_tail_writes(&cells[c], subjects))
			return c;
		progress("process %u of %u, tail writes are counted, cell %u of %u", rounds->process, rounds->processes,
			c + 1, count);
	}
	for (unsigned round = 0; round < rounds->count; round++)
		for (unsigned c = 0; c < count; c++) {
			if (!measure_once(rounds, &cells[c], subjects, round))
				return c;
			progress("process %u of %u, round %u of %u, cell %u of %u", rounds->process, rounds->processes,
				round + 1, rounds->count, c + 1, count);
		}
	took = progress_seconds() - begin;
	return repeat_restless(rounds, cells, count, subjects, begin + took + (took > repeat ? took : repeat));
}

bool rounds_measure(const struct rounds *rounds, struct cell *cells, unsigned count, struct subject *subjects)
{
	unsigned lost;

	calm_begin();
	lost = measure(rounds, cells, count, subjects);
	if (lost < count)
		fprintf(stderr, "bench: %s, %s at burst %u lost packets\n", subjects[cells[lost].subject].name,
			bench_job_name(cells[lost].job), cells[lost].burst);
	return lost == count;
}
