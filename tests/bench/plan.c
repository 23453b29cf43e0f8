/* SPDX-License-Identifier: BSD-2-Clause
 * What the command line asks to be measured: every combination of subject, job, burst and frame size that it does not
 * leave out. */
#include "plan.h"

#include "progress.h"

#include "../../driver/nic.h"

#include <stdio.h>

static const unsigned quick_bursts[] = {1, 8, 32}, all_bursts[] = {1, 4, 8, 32, 128};
static const unsigned frame_sizes[] = {64, 1518}; /* quick: the first */
static const unsigned loads[] = {10, 50, 90, 99};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))
_Static_assert(LATENCIES_MAX == SUBJECTS_MAX * COUNT(all_bursts) * COUNT(loads), "all of them fit");

/* @return false: failed, and said why */
static bool open_subjects(struct subject *subjects)
{
	progress("Pollux's ports are opened");
	int ours = pollux_subjects_open(subjects, SUBJECTS_MAX);

	if (ours < 0) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return false;
	}
	return dpdk_subjects_open(subjects + ours, SUBJECTS_MAX - (unsigned)ours) >= 0;
}

static bool wanted(
	const struct options *options, const struct subject *subject, enum bench_job job, unsigned burst, bool far)
{
	char name[64];

	if (burst < subject->burst_min || !(subject->jobs & 1u << job) ||
		(job == BENCH_TSO && burst < BENCH_TSO_SEGMENTS))
		return false;
	snprintf(name, sizeof(name), "%s %s %u %s", subject->name, bench_job_name(job), burst, far ? "far" : "hot");
	return !options->only || !regexec(&options->pattern, name, 0, NULL, 0);
}

static unsigned add_cells(const struct options *options, struct cell *cells, unsigned count,
	const struct subject *subjects, unsigned bytes, bool far)
{
	const unsigned *bursts = options->all ? all_bursts : quick_bursts;
	unsigned burst_count = options->all ? COUNT(all_bursts) : COUNT(quick_bursts);

	for (unsigned job = 0; job < BENCH_JOBS; job++)
		for (unsigned b = 0; b < burst_count; b++)
			for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
				if (wanted(options, &subjects[s], (enum bench_job)job, bursts[b], far) &&
					(job != BENCH_TSO || bytes == frame_sizes[0]) && count < CELLS_MAX)
					cells[count++] = (struct cell){.subject = s,
						.job = (enum bench_job)job,
						.burst = bursts[b],
						.frame_bytes = job == BENCH_TSO ? BENCH_TSO_BYTES : bytes,
						.far = far,
						.counted_steps = subjects[s].jobs == JOBS_PIPE ? STEPS_OF_RING : 1,
						.instructions = -1};
	return count;
}

unsigned plan_cells(const struct options *options, struct subject *subjects, struct cell *cells)
{
	unsigned count = 0;

	if (!open_subjects(subjects))
		return 0;
	for (unsigned size = 0; size < (options->all ? COUNT(frame_sizes) : 1); size++)
		for (unsigned far = 0; far <= options->far; far++)
			count = add_cells(options, cells, count, subjects, frame_sizes[size], far);
	return count;
}

unsigned plan_latencies(const struct options *options, struct subject *subjects, struct latency *latencies)
{
	unsigned count = 0;

	if (!open_subjects(subjects))
		return 0;
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		for (unsigned b = 0; b < COUNT(all_bursts); b++)
			for (unsigned l = 0;
				l < COUNT(loads) && wanted(options, &subjects[s], BENCH_FWD, all_bursts[b], true); l++)
				latencies[count++] =
					(struct latency){.subject = s, .burst = all_bursts[b], .load = loads[l]};
	return count;
}
