/* SPDX-License-Identifier: BSD-2-Clause
 * How exact the generator's pacing is: what is measured, what a round comes to, which round counts, and the report. */
#include "pacing.h"

#include "../../apps/gen_latency.h"

#include <math.h>
#include <stdlib.h>

static const char *pace_of(const struct pacing *pacing)
{
	return pacing->poisson ? "poisson" : "constant";
}

void pacing_name(const struct pacing *pacing, char name[PACING_NAME_BYTES])
{
	snprintf(name, PACING_NAME_BYTES, "%s %.0f%s", pace_of(pacing), pacing->rate.value,
		pacing->rate.unit == GEN_RATE_PERCENT ? "%" : "");
}

double pacing_pps(const struct pacing *pacing)
{
	const double bits = (PACING_BYTES + 20) * 8; /* with preamble and gap */

	return pacing->rate.unit == GEN_RATE_PERCENT ? pacing->rate.value / 100 * PACING_LINK_MBPS * 1e6 / bits
						     : pacing->rate.value;
}

/* At one packet a second, random distances say nothing that even ones do not. */
unsigned pacing_plan(const struct options *options, struct pacing cells[PACING_CELLS])
{
	static const struct gen_rate rates[] = {
		{1, GEN_RATE_PACKETS}, {1000, GEN_RATE_PACKETS}, {1e6, GEN_RATE_PACKETS}, {90, GEN_RATE_PERCENT}};
	char name[PACING_NAME_BYTES];
	unsigned count = 0;

	for (unsigned poisson = 0; poisson < 2; poisson++)
		for (unsigned r = poisson; r < sizeof(rates) / sizeof(*rates); r++) {
			struct pacing *cell = &cells[count];
			*cell = (struct pacing){.rate = rates[r], .poisson = poisson};
			pacing_name(cell, name);
			count += !options->only || !regexec(&options->pattern, name, 0, NULL, 0);
		}
	return count;
}

/* ---- One round of several ---- */

/* When the next frame is due, of which `number` came before. */
static double next_due(struct gen_schedule *schedule, uint64_t number, double gap)
{
	if (!schedule)
		return (double)number * gap;
	double due = gen_schedule_wait(schedule, 0);
	gen_schedule_due(schedule, UINT64_C(1) << 62, 1);
	return due;
}

static uint64_t cycles_of(double cycles)
{
	return cycles > 0 ? (uint64_t)(cycles + 0.5) : 0;
}

void pacing_reckon(struct pacing_round *round, const struct pacing_look *looks, uint64_t count,
	struct gen_schedule *schedule, double pps, double hz, double clock_hz)
{
	static struct gen_histogram late, gaps_off;
	const double ns = 1e9 / hz, gap = hz / pps;
	double due = 0, before = 0;

	gen_histogram_clear(&late);
	gen_histogram_clear(&gaps_off);
	for (uint64_t i = 0; i < count; i++)
		for (unsigned frame = 0; frame < looks[i].frames; frame++) {
			due = next_due(schedule, round->frames, gap);
			/* What was given up moves all later frames; but it is in a gap, and that was too long. */
			double behind = (double)looks[i].at - due, by = behind - (double)looks[i].given_up;
			round->early += by < -1; /* a cycle is rounding */
			gen_histogram_add(&late, cycles_of(by), 1);
			if (round->frames++)
				gen_histogram_add(&gaps_off, cycles_of(fabs(behind - before)), 1);
			before = behind;
		}
	if (round->frames < 2)
		return;
	/* from the start, when the first one was due: that the first look is slower, as caches are cold, is no rate */
	round->ppm = (due / hz / ((double)looks[count - 1].at / clock_hz) - 1) * 1e6;
	round->p50 = (double)gen_histogram_percentile(&late, GEN_SHARE_ALL / 2) * ns;
	round->p99 = (double)gen_histogram_percentile(&late, GEN_SHARE_ALL / 100 * 99) * ns;
	round->p999 = (double)gen_histogram_percentile(&late, GEN_SHARE_ALL / 1000 * 999) * ns;
	round->most = (double)app_get(&late.most) * ns;
	round->gap_off = (double)app_get(&gaps_off.sum) / (double)(round->frames - 1) * ns;
	round->gap_off_p99 = (double)gen_histogram_percentile(&gaps_off, GEN_SHARE_ALL / 100 * 99) * ns;
}

void pacing_choose(struct pacing *pacing)
{
	const struct pacing_round *least = &pacing->round[0];

	for (unsigned r = 1; r < pacing->rounds; r++)
		if (pacing->round[r].away_share < least->away_share)
			least = &pacing->round[r];
	pacing->chosen = *least;
}

bool pacing_restless(const struct pacing *pacing)
{
	return pacing->chosen.away_share > PACING_AWAY_SHARE || pacing->chosen.calm_share < PACING_CALM_SHARE;
}

/* ---- The report ---- */

void pacing_table(const struct pacing *cells, unsigned count, FILE *file)
{
	fprintf(file,
		"The generator's pacing: frames of %u bytes, from when each was due until the ring had it\n"
		"                                          -------- late by, us --------  gap off, us  thread away\n"
		"   asked/s  pace        frames   ppm off     p50     p99   p99.9      max    mean    p99  times    "
		"time  "
		"card\n",
		PACING_BYTES);
	for (unsigned i = 0; i < count; i++) {
		const struct pacing_round *r = &cells[i].chosen;

		fprintf(file, "%10.0f  %-8s  %8llu  ", pacing_pps(&cells[i]), pace_of(&cells[i]),
			(unsigned long long)r->frames);
		if (cells[i].poisson)
			fprintf(file, "%8s", "-");
		else
			fprintf(file, "%+8.1f", r->ppm);
		fprintf(file, "  %6.2f  %6.2f  %6.1f  %7.1f  ", r->p50 / 1e3, r->p99 / 1e3, r->p999 / 1e3,
			r->most / 1e3);
		if (cells[i].poisson)
			fprintf(file, "%6s %6s", "-", "-");
		else
			fprintf(file, "%6.3f %6.2f", r->gap_off / 1e3, r->gap_off_p99 / 1e3);
		fprintf(file, "  %5llu  %4.1f %%  %2.0f %%%s", (unsigned long long)r->away_times, 100 * r->away_share,
			100 * r->card_share, pacing_restless(&cells[i]) ? "  restless" : "");
		if (r->given_up_share > 0)
			fprintf(file, "  given up: %.1f %%", 100 * r->given_up_share);
		if (r->early)
			fprintf(file, "  early: %llu", (unsigned long long)r->early);
		fputc('\n', file);
	}
	fputs("Of several rounds this is the one in which the thread was away least: between two looks at the clock "
	      "for more\nthan 20 us. Restless: for more than 1 % of the time, or others had half of the core. Card: "
	      "the software card's\nwork, which the same thread does after each look that hands frames over; a card "
	      "takes none of its time.\n",
		file);
}

/* A figure that only frames at even distances have. */
static void json_even(const struct pacing *cell, const char *name, double value, FILE *file)
{
	if (cell->poisson)
		fprintf(file, "\"%s\":null,", name);
	else
		fprintf(file, "\"%s\":%.6f,", name, value);
}

void pacing_json(const struct pacing *cells, unsigned count, FILE *file)
{
	fprintf(file, "{\"benchmark\":\"pacing\",\"frame_bytes\":%u,\"link_mbps\":%u,\"cells\":[\n", PACING_BYTES,
		PACING_LINK_MBPS);
	for (unsigned i = 0; i < count; i++) {
		const struct pacing_round *r = &cells[i].chosen;
		double pps = pacing_pps(&cells[i]);

		fprintf(file, "{\"pace\":\"%s\",\"asked_pps\":%.3f,\"frames\":%llu,\"early\":%llu,", pace_of(&cells[i]),
			pps, (unsigned long long)r->frames, (unsigned long long)r->early);
		json_even(&cells[i], "achieved_pps", pps * (1 + r->ppm / 1e6), file);
		json_even(&cells[i], "ppm_off", r->ppm, file);
		fprintf(file, "\"late_ns\":{\"p50\":%.0f,\"p99\":%.0f,\"p99_9\":%.0f,\"max\":%.0f},", r->p50, r->p99,
			r->p999, r->most);
		json_even(&cells[i], "gap_off_mean_ns", r->gap_off, file);
		json_even(&cells[i], "gap_off_p99_ns", r->gap_off_p99, file);
		fprintf(file,
			"\"look_ns\":%.1f,\"card_share\":%.5f,\"given_up_share\":%.5f,\"away_times\":%llu,"
			"\"away_share\":%.5f,\"away_longest_ns\":%.0f,\"calm_share\":%.3f,\"rounds\":%u,\"restless\":%"
			"s}%s\n",
			r->look, r->card_share, r->given_up_share, (unsigned long long)r->away_times, r->away_share,
			r->away_most, r->calm_share, cells[i].rounds, pacing_restless(&cells[i]) ? "true" : "false",
			i + 1 < count ? "," : "");
	}
	fputs("]}\n", file);
}
