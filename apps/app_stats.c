/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics: samples of all counters, what changed between two of them, and how that is printed for people and as
 * JSON. */
#include "app_stats.h"

#include "app_output.h"

#include <stddef.h>

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

	rate(to->rx_packets - from->rx_packets, to->rx_bytes - from->rx_bytes, seconds, &r.rx_mpps, &r.rx_gbit,
		&r.rx_wire_gbit);
	rate(to->tx_packets - from->tx_packets, to->tx_bytes - from->tx_bytes, seconds, &r.tx_mpps, &r.tx_gbit,
		&r.tx_wire_gbit);
	return r;
}

static double empty_share(const struct app_port_sample *from, const struct app_port_sample *to)
{
	uint64_t empty = to->empty_polls - from->empty_polls, busy = to->busy_polls - from->busy_polls;

	return app_ratio((double)empty, (double)(empty + busy));
}

/* The one list behind text and JSON. Text names those that are not in every line, where they are not 0. */
enum counter_kind { IN_EVERY_LINE, DROPPED, AT_THE_END };
static const struct {
	enum counter_kind kind;
	const char *name, *text;
	size_t offset; /* of a uint64_t in struct app_port_sample */
} counters[] = {
#define CARD(field) offsetof(struct app_port_sample, card.field)
#define OURS(field) offsetof(struct app_port_sample, field)
	{IN_EVERY_LINE, "rx_packets", NULL, CARD(rx_packets)},
	{IN_EVERY_LINE, "rx_bytes", NULL, CARD(rx_bytes)},
	{IN_EVERY_LINE, "tx_packets", NULL, CARD(tx_packets)},
	{IN_EVERY_LINE, "tx_bytes", NULL, CARD(tx_bytes)},
	{IN_EVERY_LINE, "rx_taken", NULL, OURS(received)},
	{AT_THE_END, "rx_left", "left in the rx ring", CARD(rx_left)},
	{AT_THE_END, "in_hand", "in hand at the end", OURS(in_hand)},
	{AT_THE_END, "tx_unsent", "not sent by the card", CARD(tx_unsent)},
	{IN_EVERY_LINE, "rx_pool_empty", NULL, CARD(rx_pool_empty)},
	{DROPPED, "rx_missed", "rx ring full", CARD(rx_missed)},
	{DROPPED, "rx_no_descriptor", "no rx descriptor", CARD(rx_no_descriptor)},
	{DROPPED, "rx_errors", "bad frame", CARD(rx_errors)},
	{DROPPED, "rx_bad_packets", "bad descriptor", CARD(rx_bad_packets)},
	{DROPPED, "rx_broken", "frame without end", OURS(rx_broken)},
	{DROPPED, "tx_ring_full", "tx ring full", OURS(tx_ring_full)},
	{DROPPED, "tx_bad_packets", "unsendable", CARD(tx_bad_packets)},
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

/* What a counter has grown by. Byte counters of a card may be a moment behind in one sample, and are exact in the last.
 */
static uint64_t grown(unsigned counter, const struct app_port_sample *from, const struct app_port_sample *to)
{
	uint64_t before = *(const uint64_t *)((const char *)from + counters[counter].offset);
	uint64_t after = *(const uint64_t *)((const char *)to + counters[counter].offset);

	return after > before ? after - before : 0;
}

void app_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		unsigned follow = *at >= 0xc2 && *at < 0xe0   ? 1
				  : *at >= 0xe0 && *at < 0xf0 ? 2
				  : *at >= 0xf0 && *at < 0xf5 ? 3
							      : 0;
		if (*at == '"' || *at == '\\') {
			fprintf(out, "\\%c", *at);
		} else if (*at < 0x20 || *at == 0x7f) {
			fprintf(out, "\\u%04x", *at);
		} else if (*at < 0x80) {
			fputc(*at, out);
		} else {
			/* A sequence passes when it is whole, not longer than needed, no surrogate, and below U+110000.
			 */
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

uint64_t app_received(const struct app *app)
{
	uint64_t received = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		received += app_get(&app->ports[i].counters.received);
	return received;
}

uint64_t app_unsent(const struct app *app)
{
	uint64_t unsent = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		unsent += app->latest.ports[i].card.tx_unsent;
	return unsent;
}

/* ---- Printing ---- */

/* What one report is of. Counters begin with the ports, time with the workers. */
struct span {
	const struct app_sample *from, *to;
	double seconds;
	bool total;
};

static const struct app_sample nothing; /* before anything was counted */

/* Frames that the card missed before the workers took any. */
static uint64_t missed_starting(const struct app *app, const struct span *span, unsigned port)
{
	return span->from->ns ? 0 : app->at_open.ports[port].card.rx_missed;
}

bool app_gone(const struct app *app)
{
	bool gone = false;

	for (unsigned i = 0; i < app->port_count; i++)
		gone |= app->latest.ports[i].gone;
	return gone;
}

uint64_t app_dropped(const struct app *app)
{
	uint64_t dropped = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		for (unsigned c = 0; c < COUNTERS; c++)
			dropped += counters[c].kind == DROPPED ? grown(c, &nothing.ports[i], &app->latest.ports[i]) : 0;
	return dropped;
}

uint64_t app_missed(const struct app *app)
{
	uint64_t missed = 0;

	for (unsigned i = 0; i < app->port_count; i++) {
		const struct nic_stats *first = &app->at_open.ports[i].card, *card = &app->latest.ports[i].card;
		missed += card->rx_missed - first->rx_missed + card->rx_no_descriptor - first->rx_no_descriptor;
	}
	return missed;
}

static double scale(double value, const char **prefix)
{
	*prefix = value < 999.9995 ? "" : value < 999999.5 ? "k" : value < 999999500 ? "M" : "G";
	return value < 999.9995 ? 1 : value < 999999.5 ? 1e3 : value < 999999500 ? 1e6 : 1e9;
}

static void print_rates_text(FILE *out, const char *direction, double mpps, double gbit, double wire_gbit)
{
	const char *packets, *bits;
	double packets_unit = scale(1e6 * mpps, &packets), bits_unit = scale(1e9 * wire_gbit, &bits);

	fprintf(out, "%s %7.3f %spps %7.3f %sbit/s (%.3f with framing)  ", direction, 1e6 * mpps / packets_unit,
		packets, 1e9 * gbit / bits_unit, bits, 1e9 * wire_gbit / bits_unit);
}

static void print_port_text(FILE *out, const struct app *app, unsigned i, const struct span *span)
{
	const struct app_port_sample *from = &span->from->ports[i], *to = &span->to->ports[i];
	struct app_rates r = app_rates(&from->card, &to->card, span->seconds);
	uint64_t lost = 0, early = missed_starting(app, span, i);

	fprintf(out, "  port %u  ", i);
	if (span->total)
		fprintf(out, "rx %llu packets %llu bytes, tx %llu packets %llu bytes\n    mean  ",
			(unsigned long long)to->card.rx_packets, (unsigned long long)to->card.rx_bytes,
			(unsigned long long)to->card.tx_packets, (unsigned long long)to->card.tx_bytes);
	print_rates_text(out, "rx", r.rx_mpps, r.rx_gbit, r.rx_wire_gbit);
	print_rates_text(out, "tx", r.tx_mpps, r.tx_gbit, r.tx_wire_gbit);
	for (unsigned c = 0; c < COUNTERS; c++) {
		uint64_t n = counters[c].kind == DROPPED ? grown(c, from, to) : 0;
		if (n)
			fprintf(out, "%s%s %llu", lost ? ", " : "dropped: ", counters[c].text, (unsigned long long)n);
		lost += n;
	}
	fputs(lost ? "" : "dropped: 0", out);
	if (early)
		fprintf(out, " (%llu of them while the program started)", (unsigned long long)early);
	fprintf(out, "  empty polls %.1f %%\n", 100 * empty_share(from, to));
	for (unsigned c = 0; c < COUNTERS; c++)
		if (counters[c].kind == AT_THE_END && grown(c, from, to))
			fprintf(out, "    %s: %llu%s\n", counters[c].text, (unsigned long long)grown(c, from, to),
				to->gone ? ", as far as is known" : "");
	if (to->gone)
		fprintf(out, "    the device is gone: what the card counted is as of %.3f s before\n",
			(double)to->age_ns / 1e9);
}

static void print_counters_json(
	FILE *out, bool dropped, const struct app_port_sample *from, const struct app_port_sample *to)
{
	const char *comma = dropped ? "" : ",";

	for (unsigned c = 0; c < COUNTERS; c++) {
		if ((counters[c].kind == DROPPED) != dropped)
			continue;
		fprintf(out, "%s\"%s\":%llu", comma, counters[c].name, (unsigned long long)grown(c, from, to));
		comma = ",";
	}
}

static void print_port_json(FILE *out, const struct app *app, unsigned i, const struct span *span)
{
	const struct app_port_sample *from = &span->from->ports[i], *to = &span->to->ports[i];
	struct app_rates r = app_rates(&from->card, &to->card, span->seconds);

	fprintf(out, "{\"port\":%u,\"address\":", i);
	app_json_string(out, app->options->addresses[i]);
	print_counters_json(out, false, from, to);
	fputs(",\"dropped\":{", out);
	print_counters_json(out, true, from, to);
	fprintf(out, "},\"rx_missed_starting\":%llu", (unsigned long long)missed_starting(app, span, i));
	fprintf(out, ",\"rx_pps\":%.3f,\"rx_mpps\":%.6f,\"rx_gbit_s\":%.6f,\"rx_framed_gbit_s\":%.6f", 1e6 * r.rx_mpps,
		r.rx_mpps, r.rx_gbit, r.rx_wire_gbit);
	fprintf(out, ",\"tx_pps\":%.3f,\"tx_mpps\":%.6f,\"tx_gbit_s\":%.6f,\"tx_framed_gbit_s\":%.6f", 1e6 * r.tx_mpps,
		r.tx_mpps, r.tx_gbit, r.tx_wire_gbit);
	fprintf(out, ",\"polls\":%llu,\"empty_poll_share\":%.6f,\"gone\":%s,\"age_s\":%.6f}",
		(unsigned long long)(to->busy_polls + to->empty_polls - from->busy_polls - from->empty_polls),
		empty_share(from, to), to->gone ? "true" : "false", (double)to->age_ns / 1e9);
}

static void print_report(struct app *app, bool total, app_print_more *more)
{
	const struct app_sample *from = total ? &nothing : &app->interval, *to = &app->latest;
	struct span span = {.from = from,
		.to = to,
		.seconds = (double)(to->ns - (from->ns ? from->ns : app->start_ns)) / 1e9,
		.total = total};
	bool json = app->options->json;
	double since_start = (double)(to->ns - app->start_ns) / 1e9;
	FILE *out = json ? stdout : app->text_out;

	if (json)
		fprintf(out, "{\"type\":\"%s\",\"time_s\":%.6f,\"seconds\":%.6f,\"ports\":[",
			total ? "total" : "interval", since_start, span.seconds);
	else
		fprintf(out, total ? "totals after %.3f s\n" : "%.3f s\n", since_start);
	for (unsigned i = 0; i < app->port_count; i++) {
		if (json) {
			fputs(i ? "," : "", out);
			print_port_json(out, app, i, &span);
		} else {
			print_port_text(out, app, i, &span);
		}
	}
	if (json)
		fputc(']', out);
	if (more)
		more(out, json, total);
	if (json)
		fputs("}\n", out);
	fflush(out);
	app->interval = *to;
}

void app_print_interval(struct app *app, app_print_more *more)
{
	app_take_sample(app, &app->latest);
	print_report(app, false, more);
	app->any_interval = true;
}

void app_print_totals(struct app *app, app_print_more *more)
{
	app_take_sample(app, &app->latest);
	app->latest.ns = app->end_ns;
	if (app->any_interval)
		print_report(app, false, more);
	print_report(app, true, more);
}
