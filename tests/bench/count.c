/* SPDX-License-Identifier: BSD-2-Clause
 * The instructions of all cells: single-stepped in a child process. */
#include "count.h"

#include "plan.h"
#include "step.h"

#include <errno.h>
#include <unistd.h>

static unsigned long counts[1 + CELLS_MAX * STEPS_OF_RING]; /* of the empty pair of marks, then of each lock-step */
static int pairs;                                           /* of marks that were counted, the empty one among them */

static void count_cells(void *context)
{
	static struct subject subjects[SUBJECTS_MAX];
	static struct cell cells[CELLS_MAX];
	unsigned count = plan_cells(context, subjects, cells);

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
		if (!cell_warm_up(cell, subject, 32))
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

int count_instructions(const struct options *options)
{
	pairs = step_count(count_cells, (void *)(uintptr_t)options, counts, sizeof(counts) / sizeof(*counts));
	if (pairs > 1 && counts[1] == 0)
		return -ENOTSUP; /* whatever this runs on does not trap after each instruction */
	return pairs < 0 ? pairs : 0;
}

void count_give(struct cell *cells, unsigned count)
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
