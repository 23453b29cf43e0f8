/* SPDX-License-Identifier: BSD-2-Clause
 * What the forwarder says at its end: where all packets went, what they cost, and who was the limit. */
#include "fwd_report.h"

#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_stats.h"

/* A forwarder that is at work for more than this share of the time is what limits the speed. */
#define BUSY_SHARE 0.9

/* Cycles in which the busiest thread moved packets. */
static double busiest_cycles(const struct app *app, unsigned workers)
{
	uint64_t busy[APP_THREADS] = {0}, most = 0;
	unsigned queues = app_queues(app);

	for (unsigned i = 0; i < app->port_count * queues; i++) {
		uint64_t *one = &busy[i % workers];
		*one += app->latest.queues[i / queues][i % queues].own.busy_cycles;
		most = *one > most ? *one : most;
	}
	return (double)most;
}

/* Finds what limited the speed, from the shares of the time that went by in work and in waiting. A thread that loses
 * its CPU while it works or waits has that time counted as work or as waiting: only what exceeds it was waiting for
 * sure. */
static void find_limit(const struct app *app, bool makes, char *limit, size_t bytes, double busy, double waiting)
{
	const double cpu_share = app_cpu()->least_share;
	const bool had_cpu = cpu_share >= APP_CPU_SHARE;
	bool packets_came = makes, link_down = false, rings_left_full = false, paused = false;

	for (unsigned i = 0; i < app->port_count; i++) {
		const struct nic_stats *card = &app->latest.ports[i].card;
		packets_came |= card->rx_packets || card->rx_missed || card->rx_no_descriptor;
		link_down |= !app->ports[i].link.up;
		paused |= card->rx_pause_frames && app->ports[i].link.pause & NIC_PAUSE_RX;
		rings_left_full |= card->rx_left >= app->options->ring / 2;
	}
	bool held_up = link_down || app_unsent(app) || waiting - (1 - cpu_share) > cpu_share / 2;
	bool behind = rings_left_full || app_missed(app) || busy > cpu_share / 2;
	if (had_cpu && busy > BUSY_SHARE)
		snprintf(limit, bytes, "the forwarder");
	else if (!had_cpu && packets_came && !held_up && behind)
		snprintf(limit, bytes, "the CPU: the forwarder had it %.0f %% of the time", 100 * cpu_share);
	else if (link_down)
		snprintf(limit, bytes, "a link that is down");
	else if (paused)
		snprintf(limit, bytes, "the other end, whose pause frames were obeyed");
	else
		snprintf(limit, bytes,
			packets_came ? "what brings and takes the packets, not the forwarder"
				     : "nothing, as no packets came");
}

/* What the totals say of all ports together: received and made are the sum of forwarded, consumed, tx_ring_full,
 * tx_bad_packets, rx_bad_checksum, unsent and in_hand. */
struct totals {
	uint64_t forwarded, received, made, consumed, dropped, tx_ring_full, tx_bad_packets, rx_bad_checksum, unsent,
		in_hand;
	bool exact;
	const char *as_known;
	double cycles_per_poll, packets_per_poll, cycles_per_packet, busy_share, waiting_share, tsc_hz;
	const char *limit;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"forwarded", "forwarder: %llu packets forwarded", AT(forwarded)},
	{"received", NULL, AT(received)},
	{"made", ", of its own making %llu", AT(made), APP_ZERO_IS_NOTHING},
	{"consumed", ", %llu taken and not forwarded", AT(consumed), APP_ZERO_IS_NOTHING},
	{NULL, ", %llu dropped", AT(dropped)},
	{"dropped_tx_ring_full", NULL, AT(tx_ring_full)},
	{"dropped_tx_bad_packets", NULL, AT(tx_bad_packets)},
	{"dropped_rx_bad_checksum", NULL, AT(rx_bad_checksum)},
	{"not_sent", ", %llu not sent by the card", AT(unsent), APP_ZERO_IS_NOTHING},
	{"in_hand", ", %llu in hand at the end", AT(in_hand), APP_ZERO_IS_NOTHING},
	{"exact", NULL, AT(exact)},
	{NULL, "%s\n", AT(as_known)},
	{0},
};
static const struct app_figure cycles[] = {
	{"cycles_per_poll", "forwarder: %.0f cycles per non-empty poll", AT(cycles_per_poll), .decimals = 1},
	{"packets_per_poll", " (%.1f packets each", AT(packets_per_poll), .decimals = 3},
	{"cycles_per_packet", ", %.1f cycles per packet)\n", AT(cycles_per_packet), .decimals = 2},
	{"busy_share", "forwarder: at work %.0f %% of the time (its busiest thread)", AT(busy_share), .decimals = 4,
		.scale = 100},
	{"waiting_share", ", waiting for room to send %.0f %%", AT(waiting_share), .decimals = 4, .scale = 100},
	{"limit", ": the limit was %s\n", AT(limit)},
	{"tsc_hz", NULL, AT(tsc_hz)},
	{0},
};
#undef AT

void fwd_print_totals(FILE *out, bool json, const struct app *app, unsigned workers, uint64_t consumed, bool makes)
{
	struct app_counts all = {.sent = 0};
	double run_cycles = (double)(app->end_ns - app->start_ns) / 1e9 * app_tsc_hz();
	struct totals t = {
		.consumed = consumed,
		.dropped = app_dropped(app),
		.unsent = app_unsent(app),
		.exact = !app_gone(app),
		.as_known = app_gone(app) ? APP_AS_KNOWN : "",
		.tsc_hz = app_tsc_hz(),
	};
	char limit[64];

	for (unsigned i = 0; i < app->port_count; i++) {
		app_add_counts(&all, &app->latest.ports[i].own);
		t.tx_bad_packets += app->latest.ports[i].card.tx_bad_packets;
	}
	t.received = all.received;
	t.made = makes ? all.sent : 0;
	t.in_hand = all.in_hand;
	t.tx_ring_full = all.tx_ring_full;
	t.rx_bad_checksum = all.rx_bad_checksum;
	t.forwarded = all.sent - t.tx_bad_packets - t.unsent;
	t.cycles_per_poll = app_ratio((double)all.busy_cycles, (double)all.busy_polls);
	t.packets_per_poll = app_ratio((double)(t.received + t.made), (double)all.busy_polls);
	t.cycles_per_packet = app_ratio((double)all.busy_cycles, (double)(t.received + t.made));
	t.busy_share = app_ratio(busiest_cycles(app, workers), run_cycles);
	t.waiting_share = app_ratio((double)all.waited_cycles, run_cycles * workers);
	find_limit(app, makes, limit, sizeof(limit), t.busy_share, t.waiting_share);
	t.limit = limit;
	app_figures_print(out, json, packets, &t);
	if (app_cpu()->tsc_steady)
		app_figures_print(out, json, cycles, &t);
	app_cpu_print(out, json);
}
