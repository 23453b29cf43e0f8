/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark: what a packet costs in the driver, in lock-step with the software 82599 in the same process. Alone it
 * measures Pollux; linked with dpdk.c and started by tests/bench/run.sh, DPDK's driver too, in the same rounds. */
#include "count.h"
#include "far.h"
#include "latency_report.h"
#include "options.h"
#include "pacing.h"
#include "plan.h"
#include "processes.h"
#include "progress.h"
#include "report.h"
#include "rounds.h"
#include "threads.h"
#include "waiting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

static double tsc_hz(void)
{
	struct timespec from, to, wait = {.tv_nsec = 50000000};
	uint64_t begin, end;

	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	begin = __rdtsc();
	nanosleep(&wait, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &to);
	end = __rdtsc();
	return (double)(end - begin) / ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

static void close_subjects(struct subject *subjects)
{
	far_close();
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		subjects[s].close(&subjects[s]);
}

static int open_far(const struct options *options)
{
	int error = options->far ? far_open() : 0;

	if (error)
		fprintf(stderr, "bench: no second core for the model (%s)\n", strerror(-error));
	return error;
}

static int nothing_planned(const struct options *options)
{
	if (options->only)
		fprintf(stderr, "bench: nothing matches '%s'\n", options->only);
	return 1;
}

static int cannot_write(const char *path)
{
	fprintf(stderr, "bench: %s cannot be written: %s\n", path, strerror(errno));
	return 1;
}

/* Where JSON is wanted: standard output and a file, each of them or NULL. */
#define JSON_FILES 2u

static bool open_json(const struct options *options, FILE **files)
{
	files[0] = options->json ? stdout : NULL;
	files[1] = options->save ? fopen(options->save, "w") : NULL;
	return !options->save || files[1] || !cannot_write(options->save);
}

static bool close_json(const struct options *options, FILE **files)
{
	return !files[1] || fclose(files[1]) == 0 || !cannot_write(options->save);
}

/* ---- cells: measured by processes that this one starts ---- */

/* What such a process does. @return the exit status */
static int measure_share(const struct options *options)
{
	static struct subject subjects[SUBJECTS_MAX];
	static struct cell cells[CELLS_MAX];
	static struct figures figures;
	struct rounds rounds = {.process = options->process, .processes = processes_for(options->rounds)};
	unsigned count;
	bool measured;

	rounds.count = processes_rounds(options->rounds, options->process, &rounds.first);
	progress("process %u of %u", rounds.process, rounds.processes);
	/* counts are the same in each */
	int error = options->process == 1 ? count_instructions(options) : 0;
	if (open_far(options))
		return 1;
	count = plan_cells(options, subjects, cells);
	if (!count)
		return nothing_planned(options);
	if (error)
		fprintf(stderr, "bench: instructions are not counted: the process to count them in failed (%s)\n",
			strerror(-error));
	if (options->process == 1)
		count_give(cells, count);
	measured = rounds_measure(&rounds, cells, count, subjects);
	if (measured)
		figures_take(&figures, cells, count, subjects);
	close_subjects(subjects);
	return measured && processes_hand_over(options->figures_fd, &figures, sizeof(figures)) ? 0 : 1;
}

static int tell(const struct options *options, const struct report *report)
{
	FILE *files[JSON_FILES];

	if (!open_json(options, files))
		return 1;
	for (unsigned i = 0; i < JSON_FILES; i++)
		if (files[i])
			report_json(report, files[i]);
	if (!options->json)
		report_table(report);
	if (!close_json(options, files))
		return 1;
	return options->svg && report_svg(report, options->svg) ? cannot_write(options->svg) : 0;
}

static int measure_cells(const struct options *options, char **argv)
{
	static struct figures figures, parts[PROCESSES_MAX];
	unsigned processes = processes_for(options->rounds);

	for (unsigned p = 0; p < processes; p++)
		if (!processes_run(argv, p + 1, &parts[p], sizeof(parts[p])))
			return 1;
	figures_merge(&figures, parts, processes);
	return tell(options,
		&(struct report){
			.figures = &figures, .rounds = options->rounds, .tsc_hz = tsc_hz(), .far = options->far});
}

/* ---- latencies: in this process ---- */

static bool measure_latency(struct latency *latencies, unsigned count, struct subject *subjects, double hz)
{
	struct latency_run run = {0};

	for (unsigned r = 0; r < LATENCY_RUNS; r++)
		for (unsigned i = 0; i < count; i++) {
			struct subject *subject = &subjects[latencies[i].subject];
			bool first_load = i == 0 || latencies[i].load < latencies[i - 1].load;

			if ((first_load && !latency_capacity(subject, latencies[i].burst, &run, hz)) ||
				!latency_measure(subject, &latencies[i], &run, hz)) {
				fprintf(stderr, "bench: %s forwarded nothing at bursts of %u\n", subject->name,
					latencies[i].burst);
				return false;
			}
			latencies[i].runs[r] = run;
			progress("latency, run %u of %u, %u of %u", r + 1, LATENCY_RUNS, i + 1, count);
		}
	for (unsigned i = 0; i < count; i++)
		latency_choose(&latencies[i]);
	return true;
}

static int tell_latencies(
	const struct options *options, const struct latency *latencies, unsigned count, const struct subject *subjects)
{
	FILE *files[JSON_FILES];

	if (!open_json(options, files))
		return 1;
	for (unsigned i = 0; i < JSON_FILES; i++)
		if (files[i])
			latency_json(latencies, count, subjects, files[i]);
	if (!options->json)
		latency_table(latencies, count, subjects);
	if (!close_json(options, files))
		return 1;
	return options->svg && latency_svg(latencies, count, subjects, options->svg) ? cannot_write(options->svg) : 0;
}

static int measure_latencies(const struct options *options)
{
	static struct subject subjects[SUBJECTS_MAX];
	static struct latency latencies[LATENCIES_MAX];
	unsigned count;
	int status = 1;

	if (open_far(options))
		return 1;
	count = plan_latencies(options, subjects, latencies);
	if (!count)
		return nothing_planned(options);
	if (measure_latency(latencies, count, subjects, tsc_hz()))
		status = tell_latencies(options, latencies, count, subjects);
	close_subjects(subjects);
	return status;
}

static int measure_threads(const struct options *options)
{
	struct threads_figures figures;
	FILE *files[JSON_FILES];

	if (open_far(options) || !threads_measure(&figures, options->rounds) || !open_json(options, files))
		return 1;
	for (unsigned i = 0; i < JSON_FILES; i++)
		if (files[i])
			threads_json(&figures, files[i]);
	if (!options->json)
		threads_table(&figures);
	return close_json(options, files) ? 0 : 1;
}

static int measure_waiting(const struct options *options)
{
	static struct waiting cells[WAITING_CELLS];
	unsigned count = waiting_plan(options, cells);
	FILE *files[JSON_FILES];

	if (!count)
		return nothing_planned(options);
	if (open_far(options))
		return 1;
	const bool measured = waiting_measure(cells, count, options->rounds, tsc_hz());
	far_close();
	if (!measured || !open_json(options, files))
		return 1;
	for (unsigned i = 0; i < JSON_FILES; i++)
		if (files[i])
			waiting_json(cells, count, files[i]);
	if (!options->json)
		waiting_table(cells, count, stdout);
	return close_json(options, files) ? 0 : 1;
}

static int measure_pacing(const struct options *options)
{
	static struct pacing cells[PACING_CELLS];
	unsigned count = pacing_plan(options, cells);
	FILE *files[JSON_FILES];

	if (!count)
		return nothing_planned(options);
	if (!pacing_measure(cells, count, options->rounds) || !open_json(options, files))
		return 1;
	for (unsigned i = 0; i < JSON_FILES; i++)
		if (files[i])
			pacing_json(cells, count, files[i]);
	if (!options->json)
		pacing_table(cells, count, stdout);
	return close_json(options, files) ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options options;
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	if (options.process)
		return measure_share(&options);
	if (options.threads)
		return measure_threads(&options);
	if (options.waiting)
		return measure_waiting(&options);
	if (options.pacing)
		return measure_pacing(&options);
	return options.latency ? measure_latencies(&options) : measure_cells(&options, argv);
}
