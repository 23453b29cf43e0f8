/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-gen reports of what has come back: text, JSON, CSV, and a picture of latencies. */
#include "gen_report.h"

#include "app_base.h"
#include "gen_delay.h"
#include "gen_svg.h"

static struct gen_latency sum;     /* of a stream, or of all: the main thread's */
static struct gen_histogram turns; /* of all receiving threads */

static struct gen_delays delays_of(const struct gen_traffic *t, unsigned stream)
{
	gen_traffic_turns(t, &turns);
	gen_traffic_latency(t, stream, &sum);
	return gen_delays(&sum, &turns, app_tsc_hz());
}

static void print_json(
	const struct gen_traffic *t, const struct gen_result *r, const struct gen_outcome *outcomes, FILE *out)
{
	gen_result_print_total(r, out, true);
	fputs(",\"streams\":[", out);
	for (unsigned i = 0; i < r->count; i++) {
		fprintf(out, "%s{\"stream\":%u,\"name\":", i ? "," : "", i);
		app_json_string(out, r->streams[i].stream->name);
		gen_result_print_stream(r, i, out, true);
		gen_outcome_print(&outcomes[i], out, true, NULL);
		if (t->options.latency_each) {
			const struct gen_delays delays = delays_of(t, i);
			fputs(",\"latency_ns\":", out);
			gen_delays_print(&delays, out, true, NULL);
		}
		fputc('}', out);
	}
	fputc(']', out);
	if (!t->options.latency_each)
		return;
	const struct gen_delays delays = delays_of(t, GEN_ALL_STREAMS);
	fputs(",\"latency_ns\":", out);
	gen_delays_print(&delays, out, true, NULL);
	fputs(",\"floor_ns\":", out);
	gen_turns_print(&turns, app_tsc_hz(), out, true);
}

/* Streams that cannot come back are told of by gen_result_print_stream. */
static void print_latency_text(const struct gen_traffic *t, const struct gen_result *r, FILE *out)
{
	char name[32];

	for (unsigned i = 0; i < r->count && r->count > 1; i++) {
		const struct gen_delays delays = delays_of(t, i);
		snprintf(name, sizeof(name), "generator: stream %u", i);
		if (delays.packets > 0)
			gen_delays_print(&delays, out, false, name);
	}
	const struct gen_delays delays = delays_of(t, GEN_ALL_STREAMS);
	gen_delays_print(&delays, out, false, "generator");
	gen_turns_print(&turns, app_tsc_hz(), out, false);
}

void gen_report_print(const struct gen_traffic *t, const struct gen_result *r, const struct gen_outcome *outcomes,
	FILE *out, bool json)
{
	char name[32];

	if (json) {
		print_json(t, r, outcomes, out);
		return;
	}
	gen_result_print_total(r, out, false);
	for (unsigned i = 0; i < r->count; i++) {
		if (r->count > 1 || r->streams[i].sizes->count > 1 || !r->streams[i].stamped)
			gen_result_print_stream(r, i, out, false);
		snprintf(name, sizeof(name), "generator: stream %u", i);
		if (r->count > 1)
			gen_outcome_print(&outcomes[i], out, false, name);
	}
	if (t->options.latency_each && r->all.sent > r->untold)
		print_latency_text(t, r, out);
}

/* ---- Files ---- */

/* A name in a field of CSV, where nothing but letters and digits needs no quotes. */
static void print_name(FILE *out, const char *name)
{
	fputc('"', out);
	for (; *name; name++)
		fprintf(out, *name == '"' ? "\"\"" : "%c", *name);
	fputc('"', out);
}

static void print_rows(FILE *out, unsigned stream, const char *name, const char *size, const struct app_figure *figures,
	const struct gen_tally *tally)
{
	for (const struct app_figure *f = figures; f->key; f++) {
		if (f->type != APP_COUNT)
			continue;
		fprintf(out, "%u,", stream);
		print_name(out, name);
		fprintf(out, ",%s,%s,,,%llu\n", size, f->key, (unsigned long long)app_figure_count(f, tally));
	}
}

static void print_buckets(FILE *out, unsigned stream, const char *name, const struct gen_histogram *h)
{
	const double ns = 1e9 / app_tsc_hz();

	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS; i++) {
		uint64_t packets = app_get(&h->buckets[i]);
		if (!packets)
			continue;
		fprintf(out, "%u,", stream);
		print_name(out, name);
		fprintf(out, ",,latency,%.1f,%.1f,%llu\n", ns * (double)gen_histogram_begin(i),
			ns * (double)gen_histogram_begin(i + 1), (unsigned long long)packets);
	}
}

void gen_report_csv(const struct gen_traffic *t, const struct gen_result *r, FILE *out)
{
	char size[32];

	fputs("stream,name,bytes,figure,from_ns,to_ns,value\n", out);
	for (unsigned i = 0; i < r->count; i++) {
		const struct gen_stream_result *s = &r->streams[i];
		const char *name = s->stream->name;
		print_rows(out, i, name, "", gen_sent_figures, &s->all);
		for (unsigned j = 0; j < s->sizes->count; j++) {
			bool one = s->sizes->first[j] == s->sizes->last[j];
			snprintf(size, sizeof(size), one ? "%u" : "%u-%u", s->sizes->first[j], s->sizes->last[j]);
			print_rows(out, i, name, size, gen_sent_figures, &s->by_size[j]);
			if (s->stamped)
				print_rows(out, i, name, size, gen_arrival_figures, &s->by_size[j]);
		}
		if (!s->stamped)
			continue;
		print_rows(out, i, name, "", gen_arrival_figures, &s->all);
		print_rows(out, i, name, "", gen_extent_figures, &s->all);
		gen_traffic_latency(t, i, &sum);
		print_buckets(out, i, name, &sum.histogram);
	}
}

void gen_report_svg(const struct gen_traffic *t, const struct gen_result *r, FILE *out)
{
	static struct gen_latency latencies[GEN_CURVES];
	struct gen_curve curves[GEN_CURVES];
	unsigned count = 0;
	char title[512];

	for (unsigned i = 0; i < r->count && r->count > 1 && r->count < GEN_CURVES; i++, count++) {
		gen_traffic_latency(t, i, &latencies[count]);
		curves[count].histogram = &latencies[count].histogram;
		snprintf(curves[count].name, sizeof(curves[count].name), "stream %u%s%s", i,
			r->streams[i].stream->name[0] ? ": " : "", r->streams[i].stream->name);
	}
	const struct gen_delays all = delays_of(t, GEN_ALL_STREAMS);
	curves[count++] = (struct gen_curve){.name = "all packets", .histogram = &sum.histogram};
	const char *const *addresses = t->app->options->addresses;
	snprintf(title, sizeof(title), "pollux-gen " POLLUX_VERSION ", %s to %s: %llu packets sent, latency of %llu",
		addresses[0], addresses[t->app->port_count - 1], (unsigned long long)r->all.sent,
		(unsigned long long)all.packets);
	gen_svg_draw(out, title, curves, count, all.floor, app_tsc_hz());
}
