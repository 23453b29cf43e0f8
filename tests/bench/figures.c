/* SPDX-License-Identifier: BSD-2-Clause
 * What rounds and processes come to: medians, and which of them are in doubt. */
#include "figures.h"

#include "processes.h"
#include "sort.h"

#include <stdio.h>
#include <string.h>

static struct figure take(const struct cell *cell, const struct subject *subject)
{
	struct figure figure = {.subject = cell->subject,
		.job = cell->job,
		.burst = cell->burst,
		.frame_bytes = cell->frame_bytes,
		.far = cell->far,
		.instructions = cell->instructions,
		.tail_writes = cell->tail_writes,
		.rounds = cell->rounds};
	double cycles[ROUNDS_MAX], polls[ROUNDS_MAX];

	strncpy(figure.driver, subject->name, sizeof(figure.driver) - 1);
	for (unsigned round = 0; round < cell->rounds; round++) {
		cycles[round] = cell->cycles[round];
		polls[round] = cell->polls[round];
		figure.calm += cell->calm[round] / cell->rounds;
		figure.restless_rounds += cell_was_restless(cell, round);
	}
	sort_ascending(cycles, cell->rounds);
	sort_ascending(polls, cell->rounds);
	figure.empty_poll = polls[cell->rounds / 2];
	figure.cycles_min = cycles[0];
	figure.cycles_median = figure.process_min = figure.process_max = cycles[cell->rounds / 2];
	figure.cycles_max = cycles[cell->rounds - 1];
	figure.restless = 2 * figure.restless_rounds >= cell->rounds;
	return figure;
}

void figures_take(struct figures *figures, const struct cell *cells, unsigned count, const struct subject *subjects)
{
	*figures = (struct figures){.count = count,
		.processes = 1,
		.hugepages = subjects[0].hugepages,
		.stack = (uintptr_t)__builtin_frame_address(0)};
	for (unsigned c = 0; c < count; c++)
		figures->cells[c] = take(&cells[c], &subjects[cells[c].subject]);
	for (unsigned s = 0, sentences = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		if (subjects[s].functions)
			snprintf(figures->functions[sentences++], sizeof(figures->functions[0]), "%s: %s",
				subjects[s].name, subjects[s].functions);
}

/* Of the cell at this index. */
static struct figure merge(const struct figures *processes, unsigned count, unsigned index)
{
	struct figure all = processes[0].cells[index];
	double medians[PROCESSES_MAX], polls[PROCESSES_MAX];

	all.calm = all.rounds = all.restless_rounds = 0;
	for (unsigned p = 0; p < count; p++) {
		const struct figure *one = &processes[p].cells[index];

		medians[p] = one->cycles_median;
		polls[p] = one->empty_poll;
		all.calm += one->calm / count;
		all.rounds += one->rounds;
		all.restless_rounds += one->restless_rounds;
		all.restless |= one->restless;
		all.cycles_min = one->cycles_min < all.cycles_min ? one->cycles_min : all.cycles_min;
		all.cycles_max = one->cycles_max > all.cycles_max ? one->cycles_max : all.cycles_max;
	}
	sort_ascending(medians, count);
	sort_ascending(polls, count);
	all.empty_poll = polls[count / 2];
	all.cycles_median = medians[count / 2];
	all.process_min = medians[0];
	all.process_max = medians[count - 1];
	all.differs = all.process_max * 100 > all.process_min * (100 + FIGURES_DIFFER_PERCENT);
	return all;
}

void figures_merge(struct figures *all, const struct figures *processes, unsigned count)
{
	*all = (struct figures){
		.count = processes[0].count, .processes = count, .hugepages = true, .same_addresses = count > 1};
	memcpy(all->functions, processes[0].functions, sizeof(all->functions));
	for (unsigned p = 0; p < count; p++) {
		all->hugepages &= processes[p].hugepages;
		all->same_addresses &= processes[p].stack == processes[0].stack;
	}
	for (unsigned index = 0; index < all->count; index++)
		all->cells[index] = merge(processes, count, index);
}

const char *figure_marks(const struct figure *figure)
{
	if (figure->differs)
		return figure->restless ? "differ, restless" : "differ";
	return figure->restless ? "restless" : "";
}
