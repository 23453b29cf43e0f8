/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on how long packets were under way. */
#include "gen_delay.h"

#include "app_figures.h"

const struct gen_percentile gen_percentiles[GEN_PERCENTILES] = {
	{"p50", "p50", 50000},
	{"p90", "p90", 90000},
	{"p99", "p99", 99000},
	{"p99.9", "p99_9", 99900},
	{"p99.99", "p99_99", 99990},
	{"p99.999", "p99_999", 99999},
};

bool gen_percentile_is_known(unsigned index, uint64_t packets)
{
	return packets >= GEN_SHARE_ALL / (GEN_SHARE_ALL - gen_percentiles[index].share);
}

static double at_least(double value, double floor)
{
	return value > floor ? value : floor;
}

struct gen_delays gen_delays(const struct gen_latency *latency, const struct gen_histogram *turns, double hz)
{
	const struct gen_histogram *h = &latency->histogram;
	const double ns = 1e9 / hz;
	struct gen_delays d = {.packets = gen_histogram_count(h), .pairs = app_get(&latency->pairs)};

	if (d.packets == 0)
		return d;
	d.floor = turns ? ns * (double)gen_histogram_percentile(turns, GEN_SHARE_ALL / 2) : 0;
	d.least = at_least(ns * (double)app_get(&h->least), d.floor);
	d.most = at_least(ns * (double)app_get(&h->most), d.floor);
	d.mean = at_least(ns * (double)app_get(&h->sum) / (double)d.packets, d.floor);
	d.jitter_mean = at_least(ns * app_ratio((double)app_get(&latency->difference_sum), (double)d.pairs), d.floor);
	d.jitter_max = at_least(ns * (double)app_get(&latency->difference_max), d.floor);
	for (unsigned i = 0; i < GEN_PERCENTILES; i++)
		d.percentiles[i] =
			at_least(ns * (double)gen_histogram_percentile(h, gen_percentiles[i].share), d.floor);
	return d;
}

/* ---- Printing ---- */

static void print_time(FILE *out, double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	unsigned unit = 0;

	for (; ns >= 999.5 && unit < 3; unit++)
		ns /= 1000;
	fprintf(out, "%.*f %s", unit == 0 || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2, ns, units[unit]);
}

static void print_words(FILE *out, const char *words, double ns, double floor)
{
	fputs(words, out);
	if (floor > 0 && ns <= floor)
		fputs("below ", out);
	print_time(out, ns);
}

static void print_text(const struct gen_delays *d, FILE *out, const char *name)
{
	fprintf(out, "%s: ", name);
	if (d->packets == 0) {
		fputs("no latency, as nothing came back\n", out);
		return;
	}
	fprintf(out, "latency of %llu packets:", (unsigned long long)d->packets);
	print_words(out, " min ", d->least, d->floor);
	for (unsigned i = 0; i < GEN_PERCENTILES; i++) {
		if (!gen_percentile_is_known(i, d->packets))
			break;
		fprintf(out, ", %s", gen_percentiles[i].name);
		print_words(out, " ", d->percentiles[i], d->floor);
	}
	print_words(out, ", max ", d->most, d->floor);
	print_words(out, ", mean ", d->mean, d->floor);
	if (d->pairs > 0) {
		print_words(out, "; jitter ", d->jitter_mean, d->floor);
		print_words(out, ", max ", d->jitter_max, d->floor);
	}
	fputc('\n', out);
}

static void print_number(FILE *out, const char *key, double ns, bool known)
{
	fprintf(out, known ? ",\"%s\":%.1f" : ",\"%s\":null", key, ns);
}

void gen_delays_print(const struct gen_delays *d, FILE *out, bool json, const char *name)
{
	const bool any = d->packets > 0;

	if (!json) {
		print_text(d, out, name);
		return;
	}
	fprintf(out, "{\"packets\":%llu", (unsigned long long)d->packets);
	print_number(out, "min", d->least, any);
	for (unsigned i = 0; i < GEN_PERCENTILES; i++)
		print_number(out, gen_percentiles[i].key, d->percentiles[i], gen_percentile_is_known(i, d->packets));
	print_number(out, "max", d->most, any);
	print_number(out, "mean", d->mean, any);
	print_number(out, "jitter_mean", d->jitter_mean, d->pairs > 0);
	print_number(out, "jitter_max", d->jitter_max, d->pairs > 0);
	fputc('}', out);
}

void gen_turns_print(const struct gen_histogram *turns, double hz, FILE *out, bool json)
{
	const double ns = 1e9 / hz, median = ns * (double)gen_histogram_percentile(turns, 50000),
		     p99 = ns * (double)gen_histogram_percentile(turns, 99000),
		     most = ns * (double)app_get(&turns->most);
	unsigned long long count = gen_histogram_count(turns);

	if (json) {
		fprintf(out, "{\"turns\":%llu", count);
		print_number(out, "p50", median, count > 0);
		print_number(out, "p99", p99, count > 0);
		print_number(out, "max", most, count > 0);
		fputc('}', out);
		return;
	}
	print_words(out, "generator: a turn of its own loop takes ", median, 0);
	print_words(out, ", p99 ", p99, 0);
	print_words(out, ", max ", most, 0);
	fputs(": no packet is seen sooner\n", out);
}
