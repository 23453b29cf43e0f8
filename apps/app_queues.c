/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on the queues of a port, one by one: whether the load is spread, and which queue loses packets. */
#include "app_queues.h"

#include "app_figures.h"

struct queue_report {
	struct app_queue_sample grown; /* what the counters grew by */
	uint64_t queue, polls, sent;
	double rx_pps, tx_pps;
	double empty_poll_share; /* 0 .. 1 */
};

#define AT(member) APP_FIGURE(struct queue_report, member)
static const struct app_figure queue_number[] = {{"queue", "    queue %-3llu", AT(queue)}, {0}};
static const struct app_figure queue_packets[] = {
	{"rx_taken", "rx %llu packets", AT(grown.own.received)},
	{"tx_taken", "tx %llu packets", AT(sent), APP_ZERO_IS_NOTHING},
	{0},
};
static const struct app_figure queue_rates[] = {
	{"rx_pps", "rx %.6f Mpps", AT(rx_pps), .decimals = 3, .scale = 1e-6},
	{"tx_pps", "tx %.6f Mpps", AT(tx_pps), APP_ZERO_IS_NOTHING, .decimals = 3, .scale = 1e-6},
	{0},
};
static const struct app_figure queue_losses[] = {
	{"in_hand", "in hand at the end %llu", AT(grown.own.in_hand), APP_ZERO_IS_NOTHING},
	{"rx_no_descriptor", "no rx descriptor %llu", AT(grown.rx.missed), APP_ZERO_IS_NOTHING},
	{"rx_bad_packets", "bad descriptor %llu", AT(grown.rx.bad_packets), APP_ZERO_IS_NOTHING},
	{"rx_broken", "frame without end %llu", AT(grown.own.rx_broken), APP_ZERO_IS_NOTHING},
	{"rx_bad_checksum", "bad checksum %llu", AT(grown.own.rx_bad_checksum), APP_ZERO_IS_NOTHING},
	{"rx_pool_empty", NULL, AT(grown.rx.pool_empty)},
	{"tx_ring_full", "tx ring full %llu", AT(grown.own.tx_ring_full), APP_ZERO_IS_NOTHING},
	{0},
};
static const struct app_figure queue_polls[] = {
	{"polls", NULL, AT(polls)},
	{"empty_poll_share", "empty polls %.1f %%\n", AT(empty_poll_share), .decimals = 6, .scale = 100},
	{0},
};
#undef AT

/* All members of a sample are counters. One that seems to have shrunk has not grown. */
static struct app_queue_sample difference(const struct app_queue_sample *from, const struct app_queue_sample *to)
{
	struct app_queue_sample grown = *to;
	uint64_t *now = (uint64_t *)&grown;

	for (size_t i = 0; i < sizeof(grown) / sizeof(*now); i++) {
		uint64_t before = ((const uint64_t *)from)[i];
		now[i] = now[i] > before ? now[i] - before : 0;
	}
	return grown;
}

static void print_queue(FILE *out, bool json, const struct queue_report *r, bool total)
{
	const struct app_figure *const tables[] = {queue_packets, queue_rates, queue_losses, queue_polls};

	if (json)
		app_figures_json(out, "{", queue_number, r);
	else
		app_figures_text(out, "", "", queue_number, r);
	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		if (json)
			app_figures_json(out, ",", tables[i], r);
		else if (total || tables[i] != queue_packets)
			app_figures_text(out, "  ", ", ", tables[i], r);
	}
}

void app_queues_print(FILE *out, bool json, const struct app *app, unsigned port, const struct app_sample *from,
	const struct app_sample *to, double seconds, bool total)
{
	if (app_queues(app) == 1)
		return;
	fputs(json ? ",\"queues\":[" : "", out);
	for (unsigned i = 0; i < app_queues(app); i++) {
		struct queue_report r = {.queue = i, .grown = difference(&from->queues[port][i], &to->queues[port][i])};
		r.polls = r.grown.own.busy_polls + r.grown.own.empty_polls;
		r.empty_poll_share = app_ratio((double)r.grown.own.empty_polls, (double)r.polls);
		r.rx_pps = app_ratio((double)r.grown.own.received, seconds);
		r.sent = r.grown.own.sent + r.grown.sent_by_pipes;
		r.tx_pps = app_ratio((double)r.sent, seconds);
		fputs(json && i ? "," : "", out);
		print_queue(out, json, &r, total);
		fputs(json ? "}" : "", out);
	}
	fputs(json ? "]" : "", out);
}
