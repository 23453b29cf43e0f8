/* SPDX-License-Identifier: BSD-2-Clause
 * The quick benchmark: cycles and instructions per packet of receive, transmit and forward, in lock-step with the model in one
 * process on one core. */
#include "jobs.h"
#include "step.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS_MAX  99
#define STEPS       400u /* lock-steps in a round of one cell */
#define FRAME_BYTES 64u

static const unsigned bursts[] = {1, 8, 32};
#define BURSTS (sizeof(bursts) / sizeof(*bursts))
#define CELLS  (BENCH_JOBS * BURSTS)

struct cell {
	enum bench_job job;
	unsigned burst;
	double cycles[ROUNDS_MAX]; /* per packet, the mean of a round */
	double instructions;       /* per packet; < 0: could not be counted */
};

static bool step_once(struct bench *bench, const struct cell *cell, uint64_t *cycles)
{
	uint64_t begin;
	unsigned handled;

	if (!bench_publish(bench, cell->job))
		return false;
	begin = __rdtsc();
	handled = bench_handle(bench, cell->job, cell->burst);
	*cycles += __rdtsc() - begin;
	return handled == BENCH_PACKETS && bench_collect(bench, cell->job);
}

static bool run_round(struct bench *bench, struct cell *cell, unsigned round)
{
	uint64_t cycles = 0, warmup = 0;

	for (unsigned i = 0; i < STEPS / 8; i++)
		if (!step_once(bench, cell, &warmup))
			return false;
	for (unsigned i = 0; i < STEPS; i++)
		if (!step_once(bench, cell, &cycles))
			return false;
	cell->cycles[round] = (double)cycles / (STEPS * BENCH_PACKETS);
	return true;
}

/* Everything that is counted happens in one child process: memory for DMA does not survive a fork, so it opens its own ports. */
#define COUNTED_STEPS 16
static void count_cells(void *context)
{
	struct cell *cells = context;
	struct bench *bench = bench_open(FRAME_BYTES);
	uint64_t ignored = 0;

	if (!bench)
		_exit(1);
	step_mark();
	step_mark(); /* what a pair of marks costs by itself */
	for (unsigned c = 0; c < CELLS; c++) {
		for (unsigned i = 0; i < 32; i++)
			if (!step_once(bench, &cells[c], &ignored))
				_exit(1);
		for (unsigned i = 0; i < COUNTED_STEPS; i++) {
			bench_publish(bench, cells[c].job);
			step_mark();
			bench_handle(bench, cells[c].job, cells[c].burst);
			step_mark();
			bench_collect(bench, cells[c].job);
		}
	}
	bench_close(bench);
}

static int count_instructions(struct cell *cells)
{
	unsigned long counts[1 + CELLS * COUNTED_STEPS];
	int pairs = step_count(count_cells, cells, counts, 1 + CELLS * COUNTED_STEPS);

	for (unsigned c = 0; c < CELLS; c++) {
		unsigned long sum = 0;

		for (unsigned i = 0; i < COUNTED_STEPS; i++)
			sum += counts[1 + c * COUNTED_STEPS + i] - counts[0];
		cells[c].instructions =
			pairs == 1 + (int)CELLS * COUNTED_STEPS ? (double)sum / (COUNTED_STEPS * BENCH_PACKETS) : -1;
	}
	return pairs;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_table(const struct cell *cells, unsigned rounds, bool hugepages)
{
	printf("%-4s %5s  %12s  %10s  %10s  %10s\n", "job", "burst", "instructions", "cycles min", "median", "max");
	for (unsigned c = 0; c < CELLS; c++) {
		const struct cell *cell = &cells[c];

		printf("%-4s %5u  ", bench_job_name(cell->job), cell->burst);
		if (cell->instructions < 0)
			printf("%12s", "not counted");
		else
			printf("%12.1f", cell->instructions);
		printf("  %10.1f  %10.1f  %10.1f\n", cell->cycles[0], cell->cycles[rounds / 2], cell->cycles[rounds - 1]);
	}
	printf("\nPer packet of %u bytes with FCS; rings of 512; %u interleaved rounds of %u x %u packets; cycles of the time-stamp counter;\n"
	       "%s pages. What flatters these figures: no PCIe and no IOMMU, a register write costs less than on a card, and the\n"
	       "model runs on the same core, so that descriptors and packets are found in its first- and second-level caches.\n",
		FRAME_BYTES, rounds, STEPS, BENCH_PACKETS, hugepages ? "huge" : "ordinary (with hugepages it is faster)");
}

static void print_json(const struct cell *cells, unsigned rounds, bool hugepages)
{
	printf("{\"benchmark\":\"lock-step\",\"frame_bytes\":%u,\"rounds\":%u,\"hugepages\":%s,\"cells\":[", FRAME_BYTES, rounds,
		hugepages ? "true" : "false");
	for (unsigned c = 0; c < CELLS; c++) {
		printf("%s{\"job\":\"%s\",\"burst\":%u,", c ? "," : "", bench_job_name(cells[c].job), cells[c].burst);
		if (cells[c].instructions >= 0)
			printf("\"instructions\":%.2f,", cells[c].instructions);
		printf("\"cycles_min\":%.2f,\"cycles_median\":%.2f,\"cycles_max\":%.2f}", cells[c].cycles[0], cells[c].cycles[rounds / 2],
			cells[c].cycles[rounds - 1]);
	}
	puts("]}");
}

static void print_help(void)
{
	puts("Usage: bench [--rounds N] [--json]\n"
	     "Cycles and instructions per packet of the driver's receive, transmit and forward, in lock-step with the software 82599:\n"
	     "the model publishes 128 packets, the driver handles exactly those, timed.\n\n"
	     "  -r, --rounds N   interleaved rounds, 1 .. 99 (9)\n"
	     "  -j, --json       one JSON object instead of the table\n"
	     "  -h, --help       this text\n\n"
	     "Exit status: 0 measured, 1 something failed, 2 wrong command line.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	static struct cell cells[CELLS];
	unsigned rounds = 9;
	bool json = false;
	struct bench *bench;
	int option, pairs;
	bool hugepages;

	while ((option = getopt_long(argc, argv, "r:jh", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			rounds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "bench: rounds go from 1 to %d, and there are no other arguments; see --help\n", ROUNDS_MAX);
		return 2;
	}
	for (unsigned c = 0; c < CELLS; c++)
		cells[c] = (struct cell){.job = (enum bench_job)(c / BURSTS), .burst = bursts[c % BURSTS]};
	pairs = count_instructions(cells);
	if (pairs < 0)
		fprintf(stderr, "bench: instructions are not counted: single-stepping a child failed (%s)\n", strerror(-pairs));

	bench = bench_open(FRAME_BYTES);
	if (!bench) {
		fprintf(stderr, "bench: %s\n", nic_error());
		return 1;
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned c = 0; c < CELLS; c++) {
			if (!run_round(bench, &cells[c], round)) {
				fprintf(stderr, "bench: %s at burst %u lost packets\n", bench_job_name(cells[c].job), cells[c].burst);
				return 1;
			}
		}
	}
	for (unsigned c = 0; c < CELLS; c++)
		qsort(cells[c].cycles, rounds, sizeof(double), by_value);
	hugepages = bench_hugepages(bench);
	(json ? print_json : print_table)(cells, rounds, hugepages);
	bench_close(bench);
	return 0;
}
