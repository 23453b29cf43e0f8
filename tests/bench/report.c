/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's table and its JSON. */
#include "report.h"

#include "far.h"

#include <string.h>

static bool same_work(const struct figure *a, const struct figure *b)
{
	return a->job == b->job && a->burst == b->burst && a->frame_bytes == b->frame_bytes && a->far == b->far;
}

/* The figure that the others of the same work are compared with: the best instruction set's, which is our first. */
static const struct figure *reference(const struct figures *figures, const struct figure *figure)
{
	for (unsigned c = 0; c < figures->count; c++)
		if (same_work(&figures->cells[c], figure) && !strncmp(figures->cells[c].driver, "pollux", 6))
			return &figures->cells[c];
	return figure;
}

/* In percent of all rounds of all cells. */
static double restless_percent(const struct figures *figures)
{
	unsigned restless = 0, rounds = 0;

	for (unsigned c = 0; c < figures->count; c++) {
		restless += figures->cells[c].restless_rounds;
		rounds += figures->cells[c].rounds;
	}
	return 100.0 * restless / rounds;
}

static void print_marks(const struct figure *figure)
{
	if (figure->differs)
		printf("  differ: %.1f .. %.1f", figure->process_min, figure->process_max);
	if (figure->restless)
		printf("  restless: %u of %u", figure->restless_rounds, figure->rounds);
}

static void print_row(const struct report *report, const struct figure *figure, bool first)
{
	const struct figure *ours = reference(report->figures, figure);

	if (first)
		printf("%-6s %5u %6u %-4s", bench_job_name(figure->job), figure->burst, figure->frame_bytes,
			figure->far ? "far" : "hot");
	else
		printf("%24s", "");
	printf("  %-16s ", figure->driver);
	if (figure->instructions < 0)
		printf("%7s", "");
	else
		printf("%7.1f", figure->instructions);
	printf("  %6.1f %6.1f %6.1f  %6.1f  %6.3f", figure->cycles_min, figure->cycles_median, figure->cycles_max,
		report->tsc_hz / figure->cycles_median / 1e6, figure->tail_writes);
	if (bench_job_polls(figure->job))
		printf("  %6.1f", figure->empty_poll);
	else
		printf("  %6s", "");
	if (figure != ours)
		printf("  %5.2f", figure->cycles_median / ours->cycles_median);
	if (figure != ours && figure->instructions >= 0 && ours->instructions > 0)
		printf("  %5.2f", figure->instructions / ours->instructions);
	print_marks(figure);
	putchar('\n');
}

static void print_rows(const struct report *report)
{
	const struct figures *figures = report->figures;

	printf("%-24s  %-16s %7s  %20s  %6s  %6s  %6s  %s\n", "", "", "instr.", "cycles per packet  ", "", "tail",
		"empty", "times ours");
	printf("%-6s %5s %6s %-4s  %-16s %7s  %6s %6s %6s  %6s  %6s  %6s  %5s  %5s\n", "job", "burst", "bytes", "", "",
		"per pkt", "min", "median", "max", "Mpps", "writes", "poll", "cycl.", "instr");
	for (unsigned c = 0; c < figures->count; c++) {
		bool first = true;

		for (unsigned before = 0; before < c; before++)
			first = first && !same_work(&figures->cells[before], &figures->cells[c]);
		for (unsigned d = c; first && d < figures->count; d++)
			if (same_work(&figures->cells[d], &figures->cells[c]))
				print_row(report, &figures->cells[d], d == c);
	}
}

static void explain_rounds(const struct report *report)
{
	const struct figures *figures = report->figures;

	printf("bytes: of a frame, FCS included. Rings of %u, %u interleaved rounds of 400 calm steps (a\n"
	       "twentieth, the slowest, left out), cycles of the time-stamp counter (%.2f GHz), %s pages. Mpps:\n"
	       "what one core would do if it did nothing else. tail writes: per packet. empty poll: cycles of a\n"
	       "receive that finds nothing.\n",
		LOCKSTEP_RING, report->rounds, report->tsc_hz / 1e9,
		figures->hugepages ? "huge" : "ordinary (huge ones are faster)");
	printf("Steps are calm while nobody else has a share of the core, which work of known length just before\n"
	       "and after each tells. A round that has fewer than 100 of these after 1600 steps is restless. It is\n"
	       "taken again, as long as there were not more repetitions than rounds; else all its steps count, as\n"
	       "in %.0f %% of the rounds. restless: such were half of a process's rounds of a cell, or more.\n",
		restless_percent(figures));
	if (figures->processes > 1)
		printf("The rounds are those of %u processes, since figures depend on addresses, which are new\n"
		       "in each. The median is the middle process's. differ: the processes' medians differ by\n"
		       "more than %d %%; the lowest and the highest are shown.\n",
			figures->processes, FIGURES_DIFFER_PERCENT);
	if (figures->same_addresses)
		printf("But here all processes had the same addresses (kernel.randomize_va_space, setarch -R):\n"
		       "that they agree says nothing.\n");
}

static bool any_dpdk(const struct figures *figures)
{
	for (unsigned c = 0; c < figures->count; c++)
		if (!strncmp(figures->cells[c].driver, "dpdk", 4))
			return true;
	return false;
}

void report_table(const struct report *report)
{
	print_rows(report);
	putchar('\n');
	printf("AVX-512, AVX2, scalar: bursts, with these instructions. pipe: forwarding in place (driver/pipe.h),\n"
	       "with the best of them; pipe +5: whose bursts start 5 packets beside a multiple of 8; pipe call:\n"
	       "whose function is called, not inlined.\n"
	       "rx+, fwd+: frames of UDP with a VLAN tag, with these offloads on: checksum status, RSS hash and the\n"
	       "tag taken out on receive; the tag put in, IPv4 and UDP checksums written on transmit. tso: packets\n"
	       "are segments of %u bytes, which the card cuts out of frames of %u.\n"
	       "gen: pollux-gen's frames of a stream, UDP over IPv4: both ports count, both checksums are right, and\n"
	       "each frame has a number and a time. gen-rx: these frames received, each compared with what was sent,\n"
	       "its sum computed, and counted, with its latency.\n",
		BENCH_TSO_BYTES, BENCH_TSO_SEGMENTS);
	for (unsigned s = 0; s < SUBJECTS_MAX && report->figures->functions[s][0]; s++)
		printf("%s\n", report->figures->functions[s]);
	explain_rounds(report);
	printf("What flatters all of these figures: there is no PCIe and no IOMMU, and a register write costs less\n"
	       "than on a card (so count tail writes too). hot: the model ran on the same core, descriptors and\n"
	       "packets are in its caches.\n");
	if (report->far && far_push_name())
		printf("far: the model ran on another core and pushed what it had written to the shared cache\n"
		       "(%s), as a card's DMA would.\n",
			far_push_name());
	else if (report->far)
		printf("far: the model ran on another core; this processor cannot push lines to the shared cache,\n"
		       "so they came from that core's own.\n");
	if (any_dpdk(report->figures))
		printf("dpdk: Debian's build; it does not see that this processor has MOVDIRI, which is slow on\n"
		       "memory that stands for registers and isn't on a card. Its vector receive takes no bursts\n"
		       "below 4.\n");
}

static const char *boolean(bool value)
{
	return value ? "true" : "false";
}

static void print_json_cell(const struct figure *figure, FILE *file)
{
	fprintf(file, "{\"driver\":\"%s\",\"job\":\"%s\",\"burst\":%u,\"frame_bytes\":%u,\"model\":\"%s\",",
		figure->driver, bench_job_name(figure->job), figure->burst, figure->frame_bytes,
		figure->far ? "far" : "hot");
	if (figure->instructions >= 0)
		fprintf(file, "\"instructions\":%.2f,", figure->instructions);
	if (bench_job_polls(figure->job))
		fprintf(file, "\"empty_poll_cycles\":%.2f,", figure->empty_poll);
	fprintf(file,
		"\"calm\":%.3f,\"tail_writes\":%.4f,\"cycles_min\":%.2f,\"cycles_median\":%.2f,\"cycles_max\":%.2f,",
		figure->calm, figure->tail_writes, figure->cycles_min, figure->cycles_median, figure->cycles_max);
	fprintf(file, "\"process_medians\":[%.2f,%.2f],\"differ\":%s,\"restless\":%s}", figure->process_min,
		figure->process_max, boolean(figure->differs), boolean(figure->restless));
}

void report_json(const struct report *report, FILE *file)
{
	const struct figures *figures = report->figures;

	fprintf(file,
		"{\"benchmark\":\"lock-step\",\"rounds\":%u,\"processes\":%u,\"ring\":%u,\"tsc_hz\":%.0f,"
		"\"hugepages\":%s,\"same_addresses\":%s,\"cells\":[\n",
		report->rounds, figures->processes, LOCKSTEP_RING, report->tsc_hz, boolean(figures->hugepages),
		boolean(figures->same_addresses));
	for (unsigned c = 0; c < figures->count; c++) {
		print_json_cell(&figures->cells[c], file);
		fputs(c + 1 < figures->count ? ",\n" : "\n", file);
	}
	fputs("]}\n", file);
}
