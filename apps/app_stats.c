/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on ports: what their counters grew by between two samples, printed for people and as JSON. */
#include "app_stats.h"

#include "app_figures.h"
#include "app_links.h"
#include "app_nap.h"
#include "app_queues.h"

/* ---- Figures of a port ---- */

#define AT(member) APP_FIGURE(struct app_port_sample, member)
static const struct app_figure traffic[] = {
	{"rx_packets", "rx %llu packets", AT(card.rx_packets)},
	{"rx_bytes", " %llu bytes", AT(card.rx_bytes)},
	{"tx_packets", ", tx %llu packets", AT(card.tx_packets)},
	{"tx_bytes", " %llu bytes\n    mean  ", AT(card.tx_bytes)},
	{"rx_taken", NULL, AT(own.received)},
	{0},
};
static const struct app_figure not_handed_on[] = {
	{"rx_left", "left in the rx ring: %llu", AT(card.rx_left), APP_ZERO_IS_NOTHING},
	{"in_hand", "in hand at the end: %llu", AT(own.in_hand), APP_ZERO_IS_NOTHING},
	{"tx_unsent", "not sent by the card: %llu", AT(card.tx_unsent), APP_ZERO_IS_NOTHING},
	{"rx_pool_empty", NULL, AT(card.rx_pool_empty)},
	{"resets", "reset: %llu times", AT(card.resets), APP_ZERO_IS_NOTHING},
	{"rx_pause_frames", "pause frames received: %llu", AT(card.rx_pause_frames), APP_ZERO_IS_NOTHING},
	{"tx_pause_frames", "pause frames sent: %llu", AT(card.tx_pause_frames), APP_ZERO_IS_NOTHING},
	{"tx_software_checksums", "checksums written in software: %llu", AT(card.tx_software_checksums),
		APP_ZERO_IS_NOTHING},
	{"tx_software_vlans", "VLAN tags put in by software: %llu", AT(card.tx_software_vlans), APP_ZERO_IS_NOTHING},
	{0},
};
static const struct app_figure dropped[] = {
	{"rx_missed", "rx ring full %llu", AT(card.rx_missed), APP_ZERO_IS_NOTHING},
	{"rx_no_descriptor", "no rx descriptor %llu", AT(card.rx_no_descriptor), APP_ZERO_IS_NOTHING},
	{"rx_errors", "bad frame %llu", AT(card.rx_errors), APP_ZERO_IS_NOTHING},
	{"rx_bad_packets", "bad descriptor %llu", AT(card.rx_bad_packets), APP_ZERO_IS_NOTHING},
	{"rx_broken", "frame without end %llu", AT(own.rx_broken), APP_ZERO_IS_NOTHING},
	{"rx_bad_checksum", "bad checksum %llu", AT(own.rx_bad_checksum), APP_ZERO_IS_NOTHING},
	{"tx_ring_full", "tx ring full %llu", AT(own.tx_ring_full), APP_ZERO_IS_NOTHING},
	{"tx_bad_packets", "unsendable %llu", AT(card.tx_bad_packets), APP_ZERO_IS_NOTHING},
	{0},
};
static const struct app_figure *const counters[] = {traffic, not_handed_on, dropped};
#undef AT

/* Gbit/s counts the bytes of frames without FCS; framed_gbit counts FCS, preamble and gap too: 10 at most on a link of
 * 10 Gbit/s. */
struct rate {
	double pps, mpps, gbit, framed_gbit;
};

/* A port between two samples. */
struct port_report {
	struct app_port_sample grown; /* what the counters grew by */
	uint64_t missed_starting;     /* of grown.card.rx_missed: before the threads took any */
	struct rate rx, tx;
	uint64_t polls;
	double empty_poll_share; /* 0 .. 1 */
	bool gone;
	double age_s;
};

#define AT(member) APP_FIGURE(struct port_report, member)
static const struct app_figure rates[] = {
	{"rx_missed_starting", " (%llu of them while the program started)", AT(missed_starting), APP_ZERO_IS_NOTHING},
	{"rx_pps", NULL, AT(rx.pps), .decimals = 3},
	{"rx_mpps", NULL, AT(rx.mpps), .decimals = 6},
	{"rx_gbit_s", NULL, AT(rx.gbit), .decimals = 6},
	{"rx_framed_gbit_s", NULL, AT(rx.framed_gbit), .decimals = 6},
	{"tx_pps", NULL, AT(tx.pps), .decimals = 3},
	{"tx_mpps", NULL, AT(tx.mpps), .decimals = 6},
	{"tx_gbit_s", NULL, AT(tx.gbit), .decimals = 6},
	{"tx_framed_gbit_s", NULL, AT(tx.framed_gbit), .decimals = 6},
	{"polls", NULL, AT(polls)},
	{"empty_poll_share", "  empty polls %.1f %%\n", AT(empty_poll_share), .decimals = 6, .scale = 100},
	{"gone", NULL, AT(gone)},
	{"age_s", NULL, AT(age_s), .decimals = 6},
	{0},
};
#undef AT

static struct rate rate_of(uint64_t packets, uint64_t bytes, double seconds)
{
	double mpps = app_ratio((double)packets, seconds) / 1e6;

	return (struct rate){
		.pps = 1e6 * mpps,
		.mpps = mpps,
		.gbit = app_ratio(8.0 * (double)bytes, seconds) / 1e9,
		.framed_gbit = app_ratio(8.0 * (double)(bytes + packets * APP_FRAMING_BYTES), seconds) / 1e9,
	};
}

static struct port_report compare(const struct app_port_sample *from, const struct app_port_sample *to, double seconds)
{
	uint64_t empty = to->own.empty_polls - from->own.empty_polls, busy = to->own.busy_polls - from->own.busy_polls;
	struct port_report r = {
		.grown = *to,
		.polls = empty + busy,
		.empty_poll_share = app_ratio((double)empty, (double)(empty + busy)),
		.gone = to->gone,
		.age_s = (double)to->age_ns / 1e9,
	};

	/* A counter that seems to have shrunk has not grown: a card's bytes are exact in the last sample only. */
	for (unsigned table = 0; table < sizeof(counters) / sizeof(*counters); table++) {
		for (const struct app_figure *f = counters[table]; f->key; f++) {
			uint64_t before = app_figure_count(f, from), *now = (uint64_t *)((char *)&r.grown + f->offset);
			*now = *now > before ? *now - before : 0;
		}
	}
	r.rx = rate_of(r.grown.card.rx_packets, r.grown.card.rx_bytes, seconds);
	r.tx = rate_of(r.grown.card.tx_packets, r.grown.card.tx_bytes, seconds);
	return r;
}

/* ---- Of all ports ---- */

uint64_t app_dropped(const struct app *app)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < app->port_count; i++)
		for (const struct app_figure *f = dropped; f->key; f++)
			all += app_figure_count(f, &app->latest.ports[i]);
	return all;
}

/* ---- Printing ---- */

static double scale(double value, const char **prefix)
{
	*prefix = value < 999.9995 ? "" : value < 999999.5 ? "k" : value < 999999500 ? "M" : "G";
	return value < 999.9995 ? 1 : value < 999999.5 ? 1e3 : value < 999999500 ? 1e6 : 1e9;
}

static void print_rate_text(FILE *out, const char *direction, const struct rate *r)
{
	const char *packets, *bits;
	double packets_unit = scale(r->pps, &packets), bits_unit = scale(1e9 * r->framed_gbit, &bits);

	fprintf(out, "%s %7.3f %spps %7.3f %sbit/s (%.3f with framing)  ", direction, r->pps / packets_unit, packets,
		1e9 * r->gbit / bits_unit, bits, 1e9 * r->framed_gbit / bits_unit);
}

static void print_port_text(FILE *out, unsigned port, const struct port_report *r, bool total)
{
	fprintf(out, "  port %u  ", port);
	if (total)
		app_figures_text(out, "", "", traffic, &r->grown);
	print_rate_text(out, "rx", &r->rx);
	print_rate_text(out, "tx", &r->tx);
	if (!app_figures_text(out, "dropped: ", ", ", dropped, &r->grown))
		fputs("dropped: 0", out);
	app_figures_text(out, "", "", rates, r);
	if (app_figures_text(out, "    ", r->gone ? APP_AS_KNOWN "\n    " : "\n    ", not_handed_on, &r->grown))
		fputs(r->gone ? APP_AS_KNOWN "\n" : "\n", out);
	if (r->gone)
		fprintf(out, "    the device is gone: what the card counted is as of %.3f s before\n", r->age_s);
}

static void print_port_json(FILE *out, struct app *app, unsigned port, const struct port_report *r, bool total)
{
	fprintf(out, "%s{\"port\":%u,\"address\":", port ? "," : "", port);
	app_json_string(out, app->options->addresses[port]);
	app_figures_json(out, ",", traffic, &r->grown);
	app_figures_json(out, ",", not_handed_on, &r->grown);
	app_figures_json(out, ",\"dropped\":{", dropped, &r->grown);
	app_figures_json(out, "},", rates, r);
	app_link_print_json(out, app, port, total);
}

#define AT(member) APP_FIGURE(struct app_naps, member)
static const struct app_figure nap_figures[] = {
	{"naps", "asleep %llu times", AT(naps), APP_ZERO_IS_NOTHING},
	{"napped_s", ", for %.3f s in all", AT(napped_s), APP_ZERO_IS_NOTHING, .decimals = 6},
	{NULL, ", %.1f %% of the threads' time\n", AT(share), APP_ZERO_IS_NOTHING, .scale = 100},
	{0},
};
#undef AT

static void print_report(struct app *app, bool total, app_print_more *more)
{
	static const struct app_sample nothing; /* before anything was counted */
	const struct app_sample *from = total ? &nothing : &app->interval, *to = &app->latest;
	/* Counters begin with the ports, time with the threads. */
	double seconds = (double)(to->ns - (from->ns ? from->ns : app->start_ns)) / 1e9;
	double since_start = (double)(to->ns - app->start_ns) / 1e9;
	bool json = app->options->json;
	FILE *out = json ? stdout : app->text_out;

	if (json)
		fprintf(out, "{\"type\":\"%s\",\"time_s\":%.6f,\"seconds\":%.6f,\"ports\":[",
			total ? "total" : "interval", since_start, seconds);
	else
		fprintf(out, total ? "totals after %.3f s\n" : "%.3f s\n", since_start);
	for (unsigned i = 0; i < app->port_count; i++) {
		struct port_report r = compare(&from->ports[i], &to->ports[i], seconds);
		r.missed_starting = from->ns ? 0 : app->at_open.ports[i].card.rx_missed;
		if (json) {
			print_port_json(out, app, i, &r, total);
			app_queues_print(out, json, app, i, from, to, seconds, total);
			fputc('}', out);
		} else {
			print_port_text(out, i, &r, total);
			app_queues_print(out, json, app, i, from, to, seconds, total);
			app_link_print_text(out, app, i, since_start, total);
		}
	}
	if (json)
		fputc(']', out);
	const struct app_naps naps = app_naps(app->start_ns);
	if (json || total)
		app_figures_print(out, json, nap_figures, &naps);
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
