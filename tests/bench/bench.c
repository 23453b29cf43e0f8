/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark: what a packet costs in the driver, in lock-step with the software 82599 in the same process. Alone it
 * measures Pollux; linked with dpdk.c and started by tests/bench/run.sh, DPDK's driver too, in the same rounds. */
#include "calm.h"
#include "cells.h"
#include "far.h"
#include "latency_report.h"
#include "progress.h"
#include "report.h"

#include "../../driver/nic.h"

#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

static const unsigned quick_bursts[] = {1, 8, 32}, all_bursts[] = {1, 4, 8, 32, 128};
static const unsigned sizes[] = {64, 1518}; /* quick: the first */
#define REPEAT_S     10
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct options {
	unsigned rounds;
	bool json, all, far, latency;
	const char *save, *svg, *only;
	regex_t pattern; /* only, compiled */
} options = {.rounds = 9};

/* @return subjects opened; 0: failed, and said why */
static unsigned open_subjects(struct subject *subjects)
{
	int ours = pollux_subjects_open(subjects, SUBJECTS_MAX), others;

	if (ours < 0) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return 0;
	}
	others = dpdk_subjects_open(subjects + ours, SUBJECTS_MAX - (unsigned)ours);
	return others < 0 ? 0 : (unsigned)(ours + others);
}

static bool wanted(const struct subject *subject, enum bench_job job, unsigned burst, bool far)
{
	char name[64];

	if (burst < subject->least_burst || (job != BENCH_FWD && subject->forwards_only))
		return false;
	snprintf(name, sizeof(name), "%s %s %u %s", subject->name, bench_job_name(job), burst, far ? "far" : "hot");
	return !options.only || !regexec(&options.pattern, name, 0, NULL, 0);
}

static unsigned add_cells(struct cell *cells, unsigned count, const struct subject *subjects, unsigned bytes, bool far)
{
	const unsigned *bursts = options.all ? all_bursts : quick_bursts;
	unsigned burst_count = options.all ? COUNT(all_bursts) : COUNT(quick_bursts);

	for (unsigned job = 0; job < BENCH_JOBS; job++)
		for (unsigned b = 0; b < burst_count; b++)
			for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
				if (wanted(&subjects[s], (enum bench_job)job, bursts[b], far) && count < CELLS_MAX)
					cells[count++] = (struct cell){.subject = s,
						.job = (enum bench_job)job,
						.burst = bursts[b],
						.frame_bytes = bytes,
						.far = far,
						.counted_steps = subjects[s].forwards_only ? STEPS_OF_RING : 1};
	return count;
}

static unsigned prepare(struct subject *subjects, struct cell *cells)
{
	unsigned count = 0;

	if (!open_subjects(subjects))
		return 0;
	for (unsigned size = 0; size < (options.all ? COUNT(sizes) : 1); size++)
		for (unsigned far = 0; far <= options.far; far++)
			count = add_cells(cells, count, subjects, sizes[size], far);
	return count;
}

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

/* Rounds of cells in which others had the core once more, and again: as many in all as there were rounds of cells, and
 * no longer than those took, or REPEAT_S. @return the first cell that was not measured, or `count`: all were */
static unsigned repeat_restless(struct cell *cells, unsigned count, struct subject *subjects, double until)
{
	unsigned left = count * options.rounds, before;

	do {
		before = left;
		for (unsigned round = 0; round < options.rounds; round++)
			for (unsigned c = 0; c < count && left && progress_seconds() < until; c++) {
				if (!cell_was_restless(&cells[c], round))
					continue;
				if (!cell_round(&cells[c], subjects, round))
					return c;
				left--;
				progress("once more what others disturbed, cell %u of %u", c + 1, count);
			}
	} while (left && left != before);
	return count;
}

/* @return as repeat_restless */
static unsigned measure_cells(struct cell *cells, unsigned count, struct subject *subjects)
{
	double begin = progress_seconds(), took;

	for (unsigned c = 0; c < count; c++)
		if (!cell_tail_writes(&cells[c], subjects))
			return c;
	for (unsigned round = 0; round < options.rounds; round++)
		for (unsigned c = 0; c < count; c++) {
			if (!cell_round(&cells[c], subjects, round))
				return c;
			progress("round %u of %u, cell %u of %u", round + 1, options.rounds, c + 1, count);
		}
	took = progress_seconds() - begin;
	return repeat_restless(cells, count, subjects, begin + took + (took > REPEAT_S ? took : REPEAT_S));
}

/* @return false: packets were lost; said */
static bool measure(struct cell *cells, unsigned count, struct subject *subjects)
{
	unsigned lost;

	calm_begin();
	lost = measure_cells(cells, count, subjects);
	if (lost < count)
		fprintf(stderr, "bench: %s, %s at burst %u lost packets\n", subjects[cells[lost].subject].name,
			bench_job_name(cells[lost].job), cells[lost].burst);
	for (unsigned c = 0; c < count; c++)
		cell_sort(&cells[c], options.rounds);
	return lost == count;
}

static void print_help(void)
{
	puts("Usage: bench [--all] [--far] [--only REGEX] [--rounds N] [--json] [--save FILE] [--svg FILE]\n"
	     "Cycles and instructions per packet of receive, transmit and forward, in lock-step with the software "
	     "82599:\n"
	     "the model publishes 128 packets, the driver handles exactly those, timed. \"pipe\" forwards in place "
	     "(driver/pipe.h): with "
	     "the\n"
	     "function inlined; \"+5\", its bursts start at slots that are no multiple of 8; \"call\", the function "
	     "called by its "
	     "pointer.\n\n"
	     "  -a, --all        bursts of 1, 4, 8, 32, 128 (else 1, 8, 32); 64 and 1518 bytes (else 64); and with the "
	     "model on another "
	     "core\n"
	     "  -f, --far        with the model on another core, too\n"
	     "  -o, --only REGEX only cells whose name matches; names are like \"pollux AVX2 fwd 32 far\"\n"
	     "  -r, --rounds N   interleaved rounds, 1 .. 99 (9)\n"
	     "  -j, --json       one JSON object instead of the table\n"
	     "  -l, --latency    instead: how long packets take through the forwarder, at bursts of 1 to 128 and 10 to "
	     "99 % load\n"
	     "  -s, --save FILE  the JSON into a file too\n"
	     "  -v, --svg FILE   a picture of bursts of 32\n"
	     "  -h, --help       this text\n\n"
	     "Exit status: 0 measured, 1 something failed, 2 wrong command line.");
}

/* @return as the exit status, or -1: go on */
static int understand(int argc, char **argv)
{
	static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'}, {"save", required_argument, NULL, 's'},
		{"svg", required_argument, NULL, 'v'}, {"latency", no_argument, NULL, 'l'},
		{"all", no_argument, NULL, 'a'}, {"far", no_argument, NULL, 'f'},
		{"only", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "r:js:v:lafo:h", known, NULL)) != -1) {
		switch (option) {
		case 'r':
			options.rounds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'j':
			options.json = true;
			break;
		case 's':
			options.save = optarg;
			break;
		case 'v':
			options.svg = optarg;
			break;
		case 'l':
			options.latency = options.all = options.far = true;
			break;
		case 'a':
			options.all = options.far = true;
			break;
		case 'f':
			options.far = true;
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	if (options.only && regcomp(&options.pattern, options.only, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "bench: '%s' is no regular expression\n", options.only);
		return 2;
	}
	if (optind != argc || options.rounds < 1 || options.rounds > ROUNDS_MAX) {
		fprintf(stderr, "bench: rounds go from 1 to %d, and there are no other arguments; see --help\n",
			ROUNDS_MAX);
		return 2;
	}
	return -1;
}

static const unsigned loads[] = {10, 50, 90, 99};
static struct latency latencies[SUBJECTS_MAX * COUNT(all_bursts) * COUNT(loads)];
static unsigned latency_count;

static void plan_latency(const struct subject *subjects)
{
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		for (unsigned b = 0; b < COUNT(all_bursts); b++)
			for (unsigned l = 0; l < COUNT(loads) && wanted(&subjects[s], BENCH_FWD, all_bursts[b], true);
				l++)
				latencies[latency_count++] =
					(struct latency){.subject = s, .burst = all_bursts[b], .load = loads[l]};
}

static bool measure_latency(struct subject *subjects, double hz)
{
	struct latency_run run = {0};

	plan_latency(subjects);
	for (unsigned r = 0; r < LATENCY_RUNS; r++)
		for (unsigned i = 0; i < latency_count; i++) {
			struct subject *subject = &subjects[latencies[i].subject];
			bool moved = true;

			if (latencies[i].load == loads[0])
				moved = latency_capacity(subject, latencies[i].burst, &run, hz);
			if (!moved || !latency_measure(subject, &latencies[i], &run, hz)) {
				fprintf(stderr, "bench: %s forwarded nothing at bursts of %u\n", subject->name,
					latencies[i].burst);
				return false;
			}
			latencies[i].runs[r] = run;
			progress("latency, run %u of %u, %u of %u", r + 1, LATENCY_RUNS, i + 1, latency_count);
		}
	for (unsigned i = 0; i < latency_count; i++)
		latency_choose(&latencies[i]);
	return true;
}

static int cannot_write(const char *path)
{
	fprintf(stderr, "bench: %s cannot be written: %s\n", path, strerror(errno));
	return 1;
}

/* @return the exit status */
static int tell(const struct report *report)
{
	FILE *files[2] = {options.json ? stdout : NULL, options.save ? fopen(options.save, "w") : NULL};

	if (options.save && !files[1])
		return cannot_write(options.save);
	for (unsigned i = 0; i < 2; i++) {
		if (files[i] && options.latency)
			latency_json(latencies, latency_count, report->subjects, files[i]);
		else if (files[i])
			report_json(report, files[i]);
	}
	if (!options.json && options.latency)
		latency_table(latencies, latency_count, report->subjects);
	else if (!options.json)
		report_table(report);
	if (files[1] && fclose(files[1]))
		return cannot_write(options.save);
	if (options.svg && (options.latency ? latency_svg(latencies, latency_count, report->subjects, options.svg)
					    : report_svg(report, options.svg)))
		return cannot_write(options.svg);
	return 0;
}

int main(int argc, char **argv)
{
	static struct subject subjects[SUBJECTS_MAX];
	static struct cell cells[CELLS_MAX];
	struct report report = {.cells = cells, .subjects = subjects, .tsc_hz = tsc_hz()};
	int status = understand(argc, argv), error;

	if (status >= 0)
		return status;
	error = options.latency ? 0 : cells_count(prepare);
	if (error)
		fprintf(stderr, "bench: instructions are not counted: the process to count them in failed (%s)\n",
			strerror(-error));
	error = options.far ? far_open() : 0;
	if (error) {
		fprintf(stderr, "bench: no second core for the model (%s)\n", strerror(-error));
		return 1;
	}
	report.count = prepare(subjects, cells);
	if (!report.count) {
		if (options.only)
			fprintf(stderr, "bench: nothing matches '%s'\n", options.only);
		return 1;
	}
	report.rounds = options.rounds;
	report.far = options.far;
	cells_take_counts(cells, report.count);
	status = options.latency ? !measure_latency(subjects, report.tsc_hz) : !measure(cells, report.count, subjects);
	if (!status)
		status = tell(&report);
	far_close();
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		subjects[s].close(&subjects[s]);
	return status;
}
