/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's table and its JSON. */
#include "report.h"
#include "far.h"

#include <string.h>

static bool same_work(const struct cell *a, const struct cell *b)
{
	return a->job == b->job && a->burst == b->burst && a->frame_bytes == b->frame_bytes && a->far == b->far;
}

/* The cell that the others of the same work are compared with: the first subject's. */
static const struct cell *reference(const struct report *report, const struct cell *cell)
{
	for (unsigned c = 0; c < report->count; c++)
		if (report->cells[c].subject == 0 && same_work(&report->cells[c], cell))
			return &report->cells[c];
	return cell;
}

/* Share of a cell's steps that had the core to themselves. */
static double calm(const struct report *report, const struct cell *cell)
{
	double sum = 0;

	for (unsigned round = 0; round < report->rounds; round++)
		sum += cell->calm[round];
	return sum / report->rounds;
}

/* Of all rounds of all cells, those in which too few steps had. */
static double restless(const struct report *report)
{
	unsigned sum = 0;

	for (unsigned c = 0; c < report->count; c++)
		for (unsigned round = 0; round < report->rounds; round++)
			sum += cell_was_restless(&report->cells[c], round);
	return (double)sum / report->count / report->rounds;
}

static void print_cell(const struct report *report, const struct cell *cell, bool first)
{
	unsigned middle = report->rounds / 2, last = report->rounds - 1;
	const struct cell *ours = reference(report, cell);

	if (first)
		printf("%-4s %5u %6u %-4s", bench_job_name(cell->job), cell->burst, cell->frame_bytes,
			cell->far ? "far" : "hot");
	else
		printf("%22s", "");
	printf("  %-16s ", report->subjects[cell->subject].name);
	if (cell->instructions < 0)
		printf("%7s", "");
	else
		printf("%7.1f", cell->instructions);
	printf("  %6.1f %6.1f %6.1f  %6.1f  %6.3f", cell->cycles[0], cell->cycles[middle], cell->cycles[last],
		report->tsc_hz / cell->cycles[middle] / 1e6, cell->tail_writes);
	if (cell->job == BENCH_RX)
		printf("  %6.1f", cell->polls[middle]);
	else
		printf("  %6s", "");
	if (cell != ours) {
		printf("  %5.2f", cell->cycles[middle] / ours->cycles[middle]);
		if (cell->instructions >= 0 && ours->instructions > 0)
			printf("  %5.2f", cell->instructions / ours->instructions);
	}
	putchar('\n');
}

void report_table(const struct report *report)
{
	printf("%-22s  %-16s %7s  %20s  %6s  %6s  %6s  %s\n", "", "", "instr.", "cycles per packet  ", "", "tail",
		"empty", "times ours");
	printf("%-4s %5s %6s %-4s  %-16s %7s  %6s %6s %6s  %6s  %6s  %6s  %5s  %5s\n", "job", "burst", "bytes", "", "",
		"per pkt", "min", "median", "max", "Mpps", "writes", "poll", "cycl.", "instr");
	for (unsigned c = 0; c < report->count; c++) {
		bool first = true;

		for (unsigned before = 0; before < c; before++)
			first = first && !same_work(&report->cells[before], &report->cells[c]);
		for (unsigned d = c; first && d < report->count; d++)
			if (same_work(&report->cells[d], &report->cells[c]))
				print_cell(report, &report->cells[d], d == c);
	}
	printf("\nAVX-512, AVX2, scalar: bursts, with these instructions. pipe: forwarding in place (driver/pipe.h), "
	       "with the best of "
	       "them;\n"
	       "pipe +5: whose bursts start 5 packets beside a multiple of 8; pipe call: whose function is called, not "
	       "inlined.\n");
	printf("bytes: of a frame, FCS included. Rings of %u, %u interleaved rounds of 400 calm steps (a twentieth, "
	       "the slowest, left "
	       "out), "
	       "cycles of the time-stamp counter (%.2f GHz), %s pages.\n"
	       "Steps are calm while nobody else has a share of the core, which work of known length just before and "
	       "after each tells. "
	       "A round that\n"
	       "after 1600 steps has fewer than 100 of these is taken again, as long as there were not more "
	       "repetitions than rounds; else "
	       "all its "
	       "steps count,\n"
	       "as in %.0f %% of the rounds. "
	       "Mpps: what one core would do if it did nothing else. tail writes: per packet. empty poll: cycles of a "
	       "receive\n"
	       "that finds nothing.\n"
	       "What flatters all of these figures: there is no PCIe and no IOMMU, and a register write costs less "
	       "than on a card (so\n"
	       "count tail writes too). hot: the model ran on the same core, descriptors and packets are in its "
	       "caches.\n",
		LOCKSTEP_RING, report->rounds, report->tsc_hz / 1e9,
		report->subjects[0].hugepages ? "huge" : "ordinary (huge ones are faster)", 100 * restless(report));
	if (report->far && far_push_name())
		printf("far: the model ran on another core and pushed what it had written to the shared cache (%s), as "
		       "a card's DMA "
		       "would.\n",
			far_push_name());
	else if (report->far)
		printf("far: the model ran on another core; this processor cannot push lines to the shared cache, so "
		       "they came from that "
		       "core's own.\n");
	for (unsigned s = 0; s < SUBJECTS_MAX && report->subjects[s].name; s++)
		if (!strncmp(report->subjects[s].name, "dpdk", 4)) {
			printf("dpdk: Debian's build; it does not see that this processor has MOVDIRI, which is slow "
			       "on memory that stands "
			       "for\n"
			       "registers and isn't on a card. Its vector receive takes no bursts below 4.\n");
			break;
		}
}

void report_json(const struct report *report, FILE *file)
{
	unsigned middle = report->rounds / 2, last = report->rounds - 1;

	fprintf(file,
		"{\"benchmark\":\"lock-step\",\"rounds\":%u,\"ring\":%u,\"tsc_hz\":%.0f,\"hugepages\":%s,\"cells\":[\n",
		report->rounds, LOCKSTEP_RING, report->tsc_hz, report->subjects[0].hugepages ? "true" : "false");
	for (unsigned c = 0; c < report->count; c++) {
		const struct cell *cell = &report->cells[c];

		fprintf(file, "{\"driver\":\"%s\",\"job\":\"%s\",\"burst\":%u,\"frame_bytes\":%u,\"model\":\"%s\",",
			report->subjects[cell->subject].name, bench_job_name(cell->job), cell->burst, cell->frame_bytes,
			cell->far ? "far" : "hot");
		if (cell->instructions >= 0)
			fprintf(file, "\"instructions\":%.2f,", cell->instructions);
		if (cell->job == BENCH_RX)
			fprintf(file, "\"empty_poll_cycles\":%.2f,", cell->polls[middle]);
		fprintf(file,
			"\"calm\":%.3f,\"tail_writes\":%.4f,\"cycles_min\":%.2f,\"cycles_median\":%.2f,\"cycles_max\":%"
			".2f}%s\n",
			calm(report, cell), cell->tail_writes, cell->cycles[0], cell->cycles[middle],
			cell->cycles[last], c + 1 < report->count ? "," : "");
	}
	fputs("]}\n", file);
}
