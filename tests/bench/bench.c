/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark: what a packet costs in the driver, in lock-step with the software 82599 in the same process. Alone it measures
 * Pollux; linked with dpdk.c and started by tests/bench/run.sh, DPDK's driver too, in the same rounds. */
#include "cells.h"
#include "far.h"
#include "report.h"

#include "../../driver/nic.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

static const unsigned quick_bursts[] = {1, 8, 32}, all_bursts[] = {1, 4, 8, 32, 128};
static const unsigned sizes[] = {64, 1518}; /* quick: the first */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct options {
	unsigned rounds;
	bool json, all;
	const char *save, *svg;
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

static unsigned add_cells(struct cell *cells, unsigned count, const struct subject *subjects, unsigned bytes, bool far)
{
	const unsigned *bursts = options.all ? all_bursts : quick_bursts;
	unsigned burst_count = options.all ? COUNT(all_bursts) : COUNT(quick_bursts);

	for (unsigned job = 0; job < BENCH_JOBS; job++)
		for (unsigned b = 0; b < burst_count; b++)
			for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
				if (bursts[b] >= subjects[s].least_burst && count < CELLS_MAX)
					cells[count++] = (struct cell){
						.subject = s, .job = (enum bench_job)job, .burst = bursts[b], .frame_bytes = bytes, .far = far};
	return count;
}

static unsigned prepare(struct subject *subjects, struct cell *cells)
{
	unsigned count = 0;

	if (!open_subjects(subjects))
		return 0;
	for (unsigned size = 0; size < (options.all ? COUNT(sizes) : 1); size++)
		for (unsigned far = 0; far <= options.all; far++)
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

/* @return false: packets were lost; said */
static bool measure(struct cell *cells, unsigned count, struct subject *subjects)
{
	unsigned c = 0;
	bool kept = true;

	while (kept && c < count)
		kept = cell_tail_writes(&cells[c++], subjects);
	for (unsigned round = 0; kept && round < options.rounds; round++)
		for (c = 0; kept && c < count;)
			kept = cell_round(&cells[c++], subjects, round);
	if (!kept)
		fprintf(stderr, "bench: %s, %s at burst %u lost packets\n", subjects[cells[c - 1].subject].name, bench_job_name(cells[c - 1].job),
			cells[c - 1].burst);
	for (c = 0; c < count; c++)
		cell_sort(&cells[c], options.rounds);
	return kept;
}

static void print_help(void)
{
	puts("Usage: bench [--all] [--rounds N] [--json] [--save FILE] [--svg FILE]\n"
	     "Cycles and instructions per packet of receive, transmit and forward, in lock-step with the software 82599:\n"
	     "the model publishes 128 packets, the driver handles exactly those, timed.\n\n"
	     "  -a, --all        bursts of 1, 4, 8, 32, 128 (else 1, 8, 32); 64 and 1518 bytes (else 64); and with the model on another core\n"
	     "  -r, --rounds N   interleaved rounds, 1 .. 99 (9)\n"
	     "  -j, --json       one JSON object instead of the table\n"
	     "  -s, --save FILE  the JSON into a file too\n"
	     "  -v, --svg FILE   a picture of bursts of 32\n"
	     "  -h, --help       this text\n\n"
	     "Exit status: 0 measured, 1 something failed, 2 wrong command line.");
}

/* @return as the exit status, or -1: go on */
static int understand(int argc, char **argv)
{
	static const struct option known[] = {{"rounds", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
		{"save", required_argument, NULL, 's'}, {"svg", required_argument, NULL, 'v'}, {"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "r:js:v:ah", known, NULL)) != -1) {
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
		case 'a':
			options.all = true;
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc || options.rounds < 1 || options.rounds > ROUNDS_MAX) {
		fprintf(stderr, "bench: rounds go from 1 to %d, and there are no other arguments; see --help\n", ROUNDS_MAX);
		return 2;
	}
	return -1;
}

static int save(const struct report *report)
{
	FILE *file = options.save ? fopen(options.save, "w") : NULL;

	if (file)
		report_json(report, file);
	if ((options.save && !file) || (file && fclose(file))) {
		fprintf(stderr, "bench: %s cannot be written: %s\n", options.save, strerror(errno));
		return -1;
	}
	if (options.svg && report_svg(report, options.svg)) {
		fprintf(stderr, "bench: %s cannot be written: %s\n", options.svg, strerror(errno));
		return -1;
	}
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
	error = cells_count(prepare);
	if (error)
		fprintf(stderr, "bench: instructions are not counted: single-stepping a child failed (%s)\n", strerror(-error));
	error = options.all ? far_open() : 0;
	if (error) {
		fprintf(stderr, "bench: no second core for the model (%s)\n", strerror(-error));
		return 1;
	}
	report.count = prepare(subjects, cells);
	if (!report.count)
		return 1;
	report.rounds = options.rounds;
	report.far = options.all;
	cells_take_counts(cells, report.count);
	if (!measure(cells, report.count, subjects))
		return 1;
	if (options.json)
		report_json(&report, stdout);
	else
		report_table(&report);
	if (save(&report))
		return 1;
	far_close();
	for (unsigned s = 0; s < SUBJECTS_MAX && subjects[s].name; s++)
		subjects[s].close(&subjects[s]);
	return 0;
}
