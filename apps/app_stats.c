/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics: samples of all counters, what changed between two of them, and how that is printed for people and as JSON. */
#include "app.h"

#include <stddef.h>
#include <time.h>

double app_ratio(double a, double b)
{
	return b != 0 ? a / b : 0;
}

static void rate(uint64_t packets, uint64_t bytes, double seconds, double *mpps, double *gbit, double *wire_gbit)
{
	*mpps = app_ratio((double)packets, seconds) / 1e6;
	*gbit = app_ratio(8.0 * (double)bytes, seconds) / 1e9;
	*wire_gbit = app_ratio(8.0 * (double)(bytes + packets * APP_FRAMING_BYTES), seconds) / 1e9;
}

struct app_rates app_rates(const struct nic_stats *from, const struct nic_stats *to, double seconds)
{
	struct app_rates r;

	rate(to->rx_packets - from->rx_packets, to->rx_bytes - from->rx_bytes, seconds, &r.rx_mpps, &r.rx_gbit, &r.rx_wire_gbit);
	rate(to->tx_packets - from->tx_packets, to->tx_bytes - from->tx_bytes, seconds, &r.tx_mpps, &r.tx_gbit, &r.tx_wire_gbit);
	return r;
}

double app_empty_share(const struct app_port_sample *from, const struct app_port_sample *to)
{
	uint64_t empty = to->empty_polls - from->empty_polls, busy = to->busy_polls - from->busy_polls;

	return app_ratio((double)empty, (double)(empty + busy));
}

/* Why a frame was lost; the one list behind text and JSON. */
static const struct {
	const char *name, *text;
	size_t offset; /* of a uint64_t in struct app_port_sample */
} drops[] = {
	{"rx_missed", "rx ring full", offsetof(struct app_port_sample, card.rx_missed)},
	{"rx_no_descriptor", "no rx descriptor", offsetof(struct app_port_sample, card.rx_no_descriptor)},
	{"rx_errors", "bad frame", offsetof(struct app_port_sample, card.rx_errors)},
	{"rx_bad_descriptors", "bad descriptor", offsetof(struct app_port_sample, card.rx_bad_descriptors)},
	{"rx_broken", "frame without end", offsetof(struct app_port_sample, rx_broken)},
	{"tx_ring_full", "tx ring full", offsetof(struct app_port_sample, tx_ring_full)},
	{"tx_bad_packets", "unsendable", offsetof(struct app_port_sample, card.tx_bad_packets)},
};
#define DROPS (sizeof(drops) / sizeof(drops[0]))

static uint64_t dropped(unsigned cause, const struct app_port_sample *from, const struct app_port_sample *to)
{
	return *(const uint64_t *)((const char *)to + drops[cause].offset) - *(const uint64_t *)((const char *)from + drops[cause].offset);
}

void app_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		unsigned follow = *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : *at >= 0xf0 && *at < 0xf5 ? 3 : 0;
		if (*at == '"' || *at == '\\') {
			fprintf(out, "\\%c", *at);
		} else if (*at < 0x20 || *at == 0x7f) {
			fprintf(out, "\\u%04x", *at);
		} else if (*at < 0x80) {
			fputc(*at, out);
		} else {
			/* A sequence passes when it is whole, not longer than needed, no surrogate, and below U+110000. */
			bool good = follow != 0;
			for (unsigned i = 1; i <= follow && good; i++)
				good = (at[i] & 0xc0) == 0x80;
			good = good && !(*at == 0xe0 && at[1] < 0xa0) && !(*at == 0xed && at[1] >= 0xa0) &&
			       !(*at == 0xf0 && at[1] < 0x90) && !(*at == 0xf4 && at[1] >= 0x90);
			fprintf(out, good ? "%.*s" : "\\ufffd", (int)follow + 1, (const char *)at);
			at += good ? follow : 0;
		}
	}
	fputc('"', out);
}

static void take_sample(struct app *app, struct app_sample *sample)
{
	for (unsigned i = 0; i < app->port_count; i++) {
		const struct app_counters *c = &app->ports[i].counters;
		struct app_port_sample *s = &sample->ports[i];
		/* A port that is gone keeps the counters of its last sample. */
		struct nic_stats card;
		if (nic_get_stats(app->ports[i].nic, &card) == 0)
			s->card = card;
		s->busy_polls = app_get(&c->busy_polls);
		s->empty_polls = app_get(&c->empty_polls);
		s->rx_broken = app_get(&c->rx_broken);
		s->tx_ring_full = app_get(&c->tx_ring_full);
	}
	sample->ns = app_now_ns();
}

uint64_t app_received(const struct app *app)
{
	uint64_t received = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		received += app_get(&app->ports[i].counters.received);
	return received;
}

static void print_port_text(
	FILE *out, unsigned i, const struct app_port_sample *from, const struct app_port_sample *to, double seconds, bool total)
{
	struct app_rates r = app_rates(&from->card, &to->card, seconds);
	uint64_t lost = 0;

	fprintf(out, "  port %u  ", i);
	if (total)
		fprintf(out, "rx %llu packets %llu bytes, tx %llu packets %llu bytes\n    mean  ", (unsigned long long)to->card.rx_packets,
			(unsigned long long)to->card.rx_bytes, (unsigned long long)to->card.tx_packets,
			(unsigned long long)to->card.tx_bytes);
	fprintf(out, "rx %7.3f Mpps %6.3f Gbit/s (%.3f with framing)  tx %7.3f Mpps %6.3f Gbit/s (%.3f)", r.rx_mpps, r.rx_gbit,
		r.rx_wire_gbit, r.tx_mpps, r.tx_gbit, r.tx_wire_gbit);
	for (unsigned d = 0; d < DROPS; d++) {
		uint64_t n = dropped(d, from, to);
		if (n)
			fprintf(out, "%s%s %llu", lost ? ", " : "  dropped: ", drops[d].text, (unsigned long long)n);
		lost += n;
	}
	fprintf(out, "%s  empty polls %.1f %%\n", lost ? "" : "  dropped: 0", 100 * app_empty_share(from, to));
}

static void print_port_json(
	FILE *out, unsigned i, const char *address, const struct app_port_sample *from, const struct app_port_sample *to, double seconds)
{
	struct app_rates r = app_rates(&from->card, &to->card, seconds);

	fprintf(out, "{\"port\":%u,\"address\":", i);
	app_json_string(out, address);
	fprintf(out, ",\"rx_packets\":%llu,\"rx_bytes\":%llu,\"rx_mpps\":%.6f,\"rx_gbit_s\":%.6f,\"rx_framed_gbit_s\":%.6f",
		(unsigned long long)(to->card.rx_packets - from->card.rx_packets),
		(unsigned long long)(to->card.rx_bytes - from->card.rx_bytes), r.rx_mpps, r.rx_gbit, r.rx_wire_gbit);
	fprintf(out, ",\"tx_packets\":%llu,\"tx_bytes\":%llu,\"tx_mpps\":%.6f,\"tx_gbit_s\":%.6f,\"tx_framed_gbit_s\":%.6f,\"dropped\":{",
		(unsigned long long)(to->card.tx_packets - from->card.tx_packets),
		(unsigned long long)(to->card.tx_bytes - from->card.tx_bytes), r.tx_mpps, r.tx_gbit, r.tx_wire_gbit);
	for (unsigned d = 0; d < DROPS; d++)
		fprintf(out, "%s\"%s\":%llu", d ? "," : "", drops[d].name, (unsigned long long)dropped(d, from, to));
	fprintf(out, "},\"rx_pool_empty\":%llu,\"polls\":%llu,\"empty_poll_share\":%.6f}",
		(unsigned long long)(to->card.rx_pool_empty - from->card.rx_pool_empty),
		(unsigned long long)(to->busy_polls + to->empty_polls - from->busy_polls - from->empty_polls), app_empty_share(from, to));
}

static void print_report(struct app *app, const struct app_sample *from, const struct app_sample *to, app_more *more, bool total)
{
	bool json = app->options->json;
	double since_start = (double)(to->ns - app->start_ns) / 1e9, seconds = (double)(to->ns - from->ns) / 1e9;
	FILE *out = json ? stdout : app->human;

	if (json)
		fprintf(out, "{\"type\":\"%s\",\"time_s\":%.6f,\"seconds\":%.6f,\"ports\":[", total ? "total" : "interval", since_start,
			seconds);
	else
		fprintf(out, total ? "totals after %.3f s\n" : "%.1f s\n", since_start);
	for (unsigned i = 0; i < app->port_count; i++) {
		const struct app_port_sample *a = &from->ports[i], *b = &to->ports[i];
		if (json) {
			fputs(i ? "," : "", out);
			print_port_json(out, i, app->options->addresses[i], a, b, seconds);
		} else {
			print_port_text(out, i, a, b, seconds, total);
		}
	}
	if (json)
		fputc(']', out);
	if (more)
		more(out, json, total);
	if (json)
		fputs("}\n", out);
	fflush(out);
}

/* The main thread's: the first sample, the one before the last report, and the one of the last; a port that goes away is known by that. */
static struct app_sample first_sample, samples[2];
static unsigned last;

bool app_supervise(struct app *app, const struct app_work *work)
{
	uint64_t interval_ns = (uint64_t)(app->options->interval_s * 1e9);

	take_sample(app, &first_sample);
	samples[0] = samples[1] = first_sample;
	app->start_ns = first_sample.ns;
	uint64_t next = first_sample.ns + interval_ns;
	uint64_t end = app->options->duration_s > 0 ? first_sample.ns + (uint64_t)(app->options->duration_s * 1e9) : UINT64_MAX;
	for (;;) {
		app_sleep_until(app, next < end ? next : end);
		bool there = app_service(app);
		uint64_t now = app->end_ns = app_now_ns();
		if (!there)
			return false;
		if (app_stopping() || now >= end || (work->done && work->done()))
			return true;
		if (now < next)
			continue;
		next = now - next < interval_ns ? next + interval_ns : now + interval_ns;
		last = !last;
		samples[last] = samples[!last];
		take_sample(app, &samples[last]);
		if (!app->options->quiet)
			print_report(app, &samples[!last], &samples[last], work->more, false);
	}
}

void app_totals(struct app *app, app_more *more)
{
	struct app_sample *total = &samples[last], *later = &samples[!last];

	/* What the workers handed over last still goes out; the cards count it then. What comes meanwhile nobody takes from the rings
	 * any more: it is no loss of the program's. */
	take_sample(app, total);
	*later = *total;
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	take_sample(app, later);
	for (unsigned i = 0; i < app->port_count; i++) {
		total->ports[i].card.tx_packets = later->ports[i].card.tx_packets;
		total->ports[i].card.tx_bytes = later->ports[i].card.tx_bytes;
	}
	total->ns = app->end_ns;
	print_report(app, &first_sample, total, more, true);
}
