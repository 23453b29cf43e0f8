/* SPDX-License-Identifier: BSD-2-Clause
 * What waiting costs: what is measured, which round counts, and the report. */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

static const char *const ways[WAITING_WAYS] = {"poll", "adaptive", "wait"};

void waiting_name(const struct waiting *waiting, char name[WAITING_NAME_BYTES])
{
	snprintf(name, WAITING_NAME_BYTES, "%s %u", ways[waiting->way], waiting->pps);
}

unsigned waiting_plan(const struct options *options, struct waiting cells[WAITING_CELLS])
{
	static const unsigned rates[WAITING_RATES] = {0, 1000, 100000, 1000000};
	char name[WAITING_NAME_BYTES];
	unsigned count = 0;

	for (unsigned r = 0; r < WAITING_RATES; r++)
		for (unsigned w = 0; w < WAITING_WAYS; w++) {
			cells[count] = (struct waiting){.way = (enum waiting_way)w, .pps = rates[r]};
			waiting_name(&cells[count], name);
			count += !options->only || !regexec(&options->pattern, name, 0, NULL, 0);
		}
	return count;
}

/* ---- One round of several ---- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void waiting_quantiles(struct waiting_round *round, uint32_t *samples, uint64_t count, double tsc_hz)
{
	if (!count)
		return;
	qsort(samples, count, sizeof(*samples), by_value);
	round->p50_ns = samples[(count - 1) / 2] * 1e9 / tsc_hz;
	round->p99_ns = samples[(count - 1) * 99 / 100] * 1e9 / tsc_hz;
	round->p999_ns = samples[(count - 1) * 999 / 1000] * 1e9 / tsc_hz;
}

void waiting_choose(struct waiting *waiting)
{
	const struct waiting_round *least = &waiting->round[0];

	for (unsigned r = 1; r < waiting->rounds; r++)
		if (waiting->round[r].away_share < least->away_share)
			least = &waiting->round[r];
	waiting->chosen = *least;
}

bool waiting_restless(const struct waiting *waiting)
{
	return waiting->chosen.away_share > WAITING_RESTLESS_SHARE;
}

/* ---- The report ---- */

static void print_us(double ns, FILE *file)
{
	if (ns > 0)
		fprintf(file, "  %8.1f", ns / 1e3);
	else
		fprintf(file, "  %8s", "-");
}

void waiting_table(const struct waiting *cells, unsigned count, FILE *file)
{
	fputs("From the card's side to the program, and what the receiving thread takes\n"
	      "packets/s  way         p50 us    p99 us  p99.9 us  of a core   waits/s  others\n",
		file);
	for (unsigned i = 0; i < count; i++) {
		const struct waiting_round *round = &cells[i].chosen;

		fprintf(file, "%9u  %-8s", cells[i].pps, ways[cells[i].way]);
		print_us(round->p50_ns, file);
		print_us(round->p99_ns, file);
		print_us(round->p999_ns, file);
		fprintf(file, "  %7.2f %%  %8.0f  %4.1f %%%s", 100 * round->core_share, round->waits_per_s,
			100 * round->away_share, waiting_restless(&cells[i]) ? "  restless" : "");
		if (round->lost)
			fprintf(file, "  lost: %llu", (unsigned long long)round->lost);
		fputc('\n', file);
	}
	fputs("Of a way's rounds this is the one in which others had least of the two cores. Restless: they had more "
	      "than 1 %.\n",
		file);
}

static void json_ns(const char *name, double ns, FILE *file)
{
	if (ns > 0)
		fprintf(file, "\"%s\":%.0f,", name, ns);
	else
		fprintf(file, "\"%s\":null,", name);
}

void waiting_json(const struct waiting *cells, unsigned count, FILE *file)
{
	fputs("{\"benchmark\":\"waiting\",\"frame_bytes\":64,\"cells\":[\n", file);
	for (unsigned i = 0; i < count; i++) {
		const struct waiting_round *round = &cells[i].chosen;

		fprintf(file, "{\"way\":\"%s\",\"offered_pps\":%u,\"packets\":%llu,\"lost\":%llu,", ways[cells[i].way],
			cells[i].pps, (unsigned long long)round->packets, (unsigned long long)round->lost);
		json_ns("p50_ns", round->p50_ns, file);
		json_ns("p99_ns", round->p99_ns, file);
		json_ns("p999_ns", round->p999_ns, file);
		fprintf(file,
			"\"core_share\":%.5f,\"waits_per_s\":%.1f,\"rounds\":%u,\"away_share\":%.5f,\"restless\":%s}%"
			"s\n",
			round->core_share, round->waits_per_s, cells[i].rounds, round->away_share,
			waiting_restless(&cells[i]) ? "true" : "false", i + 1 < count ? "," : "");
	}
	fputs("]}\n", file);
}
