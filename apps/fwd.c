/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-fwd: forwards packets between ports, as they are or with new Ethernet addresses. */
#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_parse.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "app_sample.h"

#include <string.h>

enum mode { MODE_IO, MODE_MAC, MODE_MACSWAP };

/* One way through the forwarder, from a queue that receives to the queue of the same index of the port that sends.
 * Belongs to one thread, and shares no cache line with another. */
struct direction {
	_Alignas(64) struct nic_rxq *rx;
	struct nic_txq *tx;
	struct app_counters *in, *out; /* of the queue that receives, and of the one that sends */
	uint8_t addresses[12];         /* mode mac: the next hop's, and the sending port's own */
	struct app_worker *worker;
	unsigned unfinished; /* handles at the front of pkts: a frame whose end has not come yet */
	struct pkt pkts[APP_FRAME_HANDLES + APP_BURST_MAX];
};

static struct {
	struct app_options options;
	enum mode mode;
	bool no_drop;
	bool drops_bad;        /* frames with wrong checksums */
	bool renews_checksums; /* of what is sent */
	bool touches;          /* something is to be done with packets: otherwise they leave as they came */
	uint64_t packet_limit; /* 0: none */
	uint8_t next_hops[APP_PORTS][6];
	unsigned next_hop_count, worker_count;
	unsigned direction_count;
	struct direction directions[APP_PORTS * APP_QUEUES]; /* direction i is worker i % worker_count's */
	_Atomic int64_t packets_left;                        /* of the limit */
	struct app app;
} fwd;

/* A forwarder that is at work for more than this share of the time is what limits the speed. */
#define BUSY_SHARE 0.9

/* ---- Moving packets ---- */

static inline void rewrite(uint8_t *data, enum mode mode, const uint8_t addresses[12])
{
	uint8_t swapped[12];

	if (mode == MODE_MACSWAP) {
		memcpy(swapped, data + 6, 6);
		memcpy(swapped + 6, data, 6);
		addresses = swapped;
	}
	memcpy(data, addresses, 12);
}

/* Drops frames whose checksums the card found wrong, and has those that it found right written anew by the card that
 * sends them. A frame's first handle has what was found, and what is wished. @return how many of n handles are left, of
 * which the first `*whole` are whole frames */
static unsigned check(struct direction *d, unsigned n, unsigned *whole)
{
	unsigned kept = 0, end = *whole;
	bool is_first = true, is_bad = false;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *pkt = &d->pkts[i];
		bool more = pkt->flags & PKT_MORE;
		if (is_first)
			is_bad = i < end && (pkt->flags & (PKT_IP_BAD | PKT_L4_BAD));
		is_first = !more;
		if (is_bad) {
			app_add(&d->in->rx_bad_checksum, !more);
			pkt_free(pkt, 1);
			continue;
		}
		if (fwd.renews_checksums)
			pkt->flags |= (uint16_t)((pkt->flags & PKT_IP_CHECKED ? PKT_TX_IP_CHECKSUM : 0) |
						 (pkt->flags & PKT_L4_CHECKED ? PKT_TX_L4_CHECKSUM : 0));
		d->pkts[kept++] = *pkt;
	}
	*whole -= n - kept;
	return kept;
}

/* Rewrites the addresses of whole frames in n handles: they are in the first handle of each. */
static void rewrite_all(const struct direction *d, enum mode mode, unsigned n)
{
	bool first = true;

	for (unsigned i = 0; i < n; i++) {
		if (first && d->pkts[i].len >= 12)
			rewrite(d->pkts[i].data, mode, d->addresses);
		first = !(d->pkts[i].flags & PKT_MORE);
	}
}

/* Deals with packets for which the ring had no room: drops them; or waits for room, and at the program's end what still
 * waits is in hand. @return handles sent in the end; *waited: the cycles spent waiting */
static unsigned ring_full(struct direction *d, unsigned sent, unsigned n, uint64_t *waited)
{
	uint64_t start = app_tsc();

	while (fwd.no_drop && sent < n && !app_stopping())
		sent += nic_tx(d->tx, d->pkts + sent, n - sent);
	*waited = app_tsc() - start;
	d->worker->last_poll_tsc += *waited; /* a thread that waits has its CPU */
	app_add(&d->out->waited_cycles, *waited);
	app_add(fwd.no_drop ? &d->in->in_hand : &d->out->tx_ring_full, app_frames(d->pkts + sent, n - sent));
	pkt_free(d->pkts + sent, n - sent);
	return sent;
}

/* Does what is to be done with packets. As check() in what it returns. */
static unsigned touch(struct direction *d, unsigned n, unsigned *whole)
{
	if (fwd.drops_bad)
		n = check(d, n, whole);
	if (fwd.mode == MODE_MAC)
		rewrite_all(d, MODE_MAC, *whole);
	else if (fwd.mode == MODE_MACSWAP)
		rewrite_all(d, MODE_MACSWAP, *whole);
	return n;
}

static void forward(struct direction *d)
{
	uint64_t start = app_tsc(), waited = 0;
	unsigned want = fwd.options.burst;

	app_polled(d->worker, start);
	if (fwd.packet_limit) {
		int64_t left = atomic_load_explicit(&fwd.packets_left, memory_order_relaxed);
		if (left <= 0) {
			app_stop();
			return;
		}
		want = left < want ? (unsigned)left : want;
	}
	unsigned got = nic_rx(d->rx, d->pkts + d->unfinished, want);
	if (got == 0) {
		app_add(&d->in->empty_polls, 1);
		app_idle();
		return;
	}

	unsigned n = d->unfinished + got, whole = app_whole(d->pkts, n);
	unsigned taken = app_frames(d->pkts, whole), frames = taken;
	if (fwd.touches) {
		n = touch(d, n, &whole);
		frames = app_frames(d->pkts, whole);
	}
	unsigned sent = nic_tx(d->tx, d->pkts, whole);
	if (sent < whole)
		sent = ring_full(d, sent, whole, &waited);

	/* A frame whose end has not come is sent when the rest of it is here. */
	d->unfinished = n - whole;
	if (d->unfinished) {
		memmove(d->pkts, d->pkts + whole, d->unfinished * sizeof(*d->pkts));
		if (d->unfinished > APP_FRAME_HANDLES) {
			pkt_free(d->pkts, d->unfinished);
			d->unfinished = 0;
			app_add(&d->in->rx_broken, 1);
		}
	}
	unsigned frames_sent = sent == whole ? frames : app_frames(d->pkts, sent);
	if (fwd.packet_limit)
		atomic_fetch_sub_explicit(&fwd.packets_left, frames_sent, memory_order_relaxed);
	app_add(&d->in->received, taken);
	app_add(&d->out->sent, frames_sent);
	app_add(&d->in->busy_polls, 1);
	app_add(&d->in->busy_cycles, app_tsc() - start - waited);
}

static void work(unsigned index)
{
	unsigned count = fwd.direction_count;

	while (!app_stopping())
		for (unsigned i = index; i < count; i += fwd.worker_count)
			forward(&fwd.directions[i]);
	for (unsigned i = index; i < count; i += fwd.worker_count)
		pkt_free(fwd.directions[i].pkts, fwd.directions[i].unfinished);
}

/* ---- Statistics ---- */

/* Cycles in which the busiest thread moved packets. */
static double busiest_cycles(void)
{
	uint64_t busy[APP_THREADS] = {0}, most = 0;
	unsigned queues = app_queues(&fwd.app);

	for (unsigned i = 0; i < fwd.direction_count; i++) {
		uint64_t *one = &busy[i % fwd.worker_count];
		*one += fwd.app.latest.queues[i / queues][i % queues].own.busy_cycles;
		most = *one > most ? *one : most;
	}
	return (double)most;
}

/* Finds what limited the speed, from the shares of the time that went by in work and in waiting. A thread that loses
 * its CPU while it works or waits has that time counted as work or as waiting: only what exceeds it was waiting for
 * sure. */
static void find_limit(char *limit, size_t bytes, double busy, double waiting)
{
	const double cpu_share = app_cpu()->least_share;
	const bool had_cpu = cpu_share >= APP_CPU_SHARE;
	bool packets_came = false, link_down = false, rings_left_full = false;

	for (unsigned i = 0; i < fwd.app.port_count; i++) {
		const struct nic_stats *card = &fwd.app.latest.ports[i].card;
		packets_came |= card->rx_packets || card->rx_missed || card->rx_no_descriptor;
		link_down |= !fwd.app.ports[i].link.up;
		rings_left_full |= card->rx_left >= fwd.options.ring / 2;
	}
	bool held_up = link_down || app_unsent(&fwd.app) || waiting - (1 - cpu_share) > cpu_share / 2;
	bool behind = rings_left_full || app_missed(&fwd.app) || busy > cpu_share / 2;
	if (had_cpu && busy > BUSY_SHARE)
		snprintf(limit, bytes, "the forwarder");
	else if (!had_cpu && packets_came && !held_up && behind)
		snprintf(limit, bytes, "the CPU: the forwarder had it %.0f %% of the time", 100 * cpu_share);
	else if (link_down)
		snprintf(limit, bytes, "a link that is down");
	else
		snprintf(limit, bytes,
			packets_came ? "what brings and takes the packets, not the forwarder"
				     : "nothing, as no packets came");
}

/* What the totals say of all ports together: received is the sum of forwarded, tx_ring_full, tx_bad_packets,
 * rx_bad_checksum, unsent and in_hand. */
struct totals {
	uint64_t forwarded, received, dropped, tx_ring_full, tx_bad_packets, rx_bad_checksum, unsent, in_hand;
	bool exact;
	const char *as_known;
	double cycles_per_poll, packets_per_poll, cycles_per_packet, busy_share, waiting_share, tsc_hz;
	const char *limit;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"forwarded", "forwarder: %llu packets forwarded", AT(forwarded)},
	{"received", NULL, AT(received)},
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

static void print_totals(FILE *out, bool json, bool total)
{
	struct app_counts all = {.sent = 0};
	double run_cycles = (double)(fwd.app.end_ns - fwd.app.start_ns) / 1e9 * app_tsc_hz();
	struct totals t = {
		.dropped = app_dropped(&fwd.app),
		.unsent = app_unsent(&fwd.app),
		.exact = !app_gone(&fwd.app),
		.as_known = app_gone(&fwd.app) ? APP_AS_KNOWN : "",
		.tsc_hz = app_tsc_hz(),
	};
	char limit[64];

	if (!total)
		return;
	for (unsigned i = 0; i < fwd.app.port_count; i++) {
		app_add_counts(&all, &fwd.app.latest.ports[i].own);
		t.tx_bad_packets += fwd.app.latest.ports[i].card.tx_bad_packets;
	}
	t.received = all.received;
	t.in_hand = all.in_hand;
	t.tx_ring_full = all.tx_ring_full;
	t.rx_bad_checksum = all.rx_bad_checksum;
	t.forwarded = all.sent - t.tx_bad_packets - t.unsent;
	t.cycles_per_poll = app_ratio((double)all.busy_cycles, (double)all.busy_polls);
	t.packets_per_poll = app_ratio((double)t.received, (double)all.busy_polls);
	t.cycles_per_packet = app_ratio((double)all.busy_cycles, (double)t.received);
	t.busy_share = app_ratio(busiest_cycles(), run_cycles);
	t.waiting_share = app_ratio((double)all.waited_cycles, run_cycles * fwd.worker_count);
	find_limit(limit, sizeof(limit), t.busy_share, t.waiting_share);
	t.limit = limit;
	app_figures_print(out, json, packets, &t);
	if (app_cpu()->tsc_steady)
		app_figures_print(out, json, cycles, &t);
	app_cpu_print(out, json);
}

/* ---- Command line ---- */

enum { KEY_NEXT_HOP = 0x100, KEY_NO_DROP, KEY_OFFLOADS };

static const struct argp_option options[] = {
	{"mode", 'm', "MODE", 0,
		"io: packets as they are; mac: destination is the next hop, source the sending port; macswap: "
		"destination and source change places; default io",
		0},
	{"next-hop", KEY_NEXT_HOP, "MAC", 0,
		"mode mac: where packets go; once for all ports, or once per port in the order of the ports", 0},
	{"no-drop", KEY_NO_DROP, NULL, 0,
		"when a transmit ring is full, wait for room; default: drop what finds none, and count it", 0},
	{"offloads", KEY_OFFLOADS, "LIST", 0,
		"what the cards do, of rx-checksum (frames whose IPv4, TCP or UDP checksum is wrong are dropped and "
		"counted), tx-checksum (as rx-checksum, and these checksums of what is sent are written anew) and "
		"vlan-strip (the card takes the outer VLAN tag out, and puts it in again on its way out); default: "
		"none, frames leave as they came",
		0},
	{"packets", 'n', "N", 0, "end after N packets were forwarded, with several CPUs at least N; default: no limit",
		0},
	{0},
};

static const char doc[] =
	"Forwards packets between ports: the first and the second exchange theirs, as do the third and the fourth and "
	"so on. When the number of ports is odd, each forwards to the next, and the last to the first.\n" APP_HELP_PORT
	"\v"
	"With several queues, what comes in by one leaves by the one with its number, and each has a thread for all "
	"ports. With more CPUs (--cpu), up to one per port and queue, each has a thread.\n"
	"\n"
	"Examples:\n"
	"  pollux-fwd 0000:03:00.0 0000:03:00.1\n"
	"  pollux-fwd --queues 4 0000:03:00.0 0000:03:00.1\n"
	"  pollux-fwd -m macswap -c 2,3 -d 10 --json 0000:03:00.0 0000:03:00.1\n"
	"  pollux-fwd -m mac --next-hop 02:00:00:00:00:01 vfio-user:a vfio-user:b\n"
	"\n" APP_HELP_STATUS;

static void parse_offloads(struct argp_state *state, const char *text)
{
	static const char *const words[] = {"rx-checksum", "tx-checksum", "vlan-strip"}; /* in the order of the bits */
	enum { RX_CHECKSUM = 1, TX_CHECKSUM = 2, VLAN_STRIP = 4 };
	uint32_t found = 0;

	if (!app_parse_words(text, words, sizeof(words) / sizeof(*words), &found))
		argp_error(state, "--offloads %s: a list of rx-checksum, tx-checksum and vlan-strip is wanted", text);
	fwd.drops_bad = found & (RX_CHECKSUM | TX_CHECKSUM);
	fwd.renews_checksums = found & TX_CHECKSUM;
	fwd.options.offloads = (fwd.drops_bad ? NIC_RX_CHECKSUM : 0u) | (found & VLAN_STRIP ? NIC_RX_VLAN_STRIP : 0u) |
			       (found & (TX_CHECKSUM | VLAN_STRIP) ? NIC_TX_OFFLOAD : 0u);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &fwd.options;
		return 0;
	case 'm':
		if (strcmp(text, "io") != 0 && strcmp(text, "mac") != 0 && strcmp(text, "macswap") != 0)
			argp_error(state, "--mode %s: io, mac or macswap is wanted", text);
		fwd.mode = text[0] == 'i' ? MODE_IO : text[3] ? MODE_MACSWAP : MODE_MAC;
		return 0;
	case KEY_NEXT_HOP:
		if (fwd.next_hop_count == APP_PORTS || !app_parse_mac(text, fwd.next_hops[fwd.next_hop_count++]))
			argp_error(state, "--next-hop %s: at most %u addresses such as 02:00:00:00:00:01 are wanted",
				text, APP_PORTS);
		if (fwd.next_hops[fwd.next_hop_count - 1][0] & 1)
			argp_error(state, "--next-hop %s: this is a group's address; one station's is wanted", text);
		return 0;
	case KEY_OFFLOADS:
		parse_offloads(state, text);
		return 0;
	case KEY_NO_DROP:
		fwd.no_drop = true;
		return 0;
	case 'n':
		fwd.packet_limit = app_count_option(state, "packets", text, 1, UINT64_C(1) << 53);
		return 0;
	case ARGP_KEY_ARG:
		app_add_port(&fwd.options, state, text);
		return 0;
	case ARGP_KEY_END:
		if (fwd.options.address_count < 2)
			argp_error(state, "two ports at least are wanted");
		app_check_cpus(&fwd.options, state, fwd.options.address_count * fwd.options.queues);
		if ((fwd.mode == MODE_MAC) != (fwd.next_hop_count > 0))
			argp_error(state, "--mode mac and --next-hop belong together");
		if (fwd.next_hop_count > 1 && fwd.next_hop_count != fwd.options.address_count)
			argp_error(state, "--next-hop: one for all ports, or one for each");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void connect_ports(void)
{
	unsigned count = fwd.app.port_count, queues = app_queues(&fwd.app);

	fwd.direction_count = count * queues;
	for (unsigned i = 0; i < fwd.direction_count; i++) {
		unsigned port = i / queues, queue = i % queues, to = count % 2 ? (port + 1) % count : port ^ 1;
		struct app_port *out_port = &fwd.app.ports[to];
		struct app_queue *in = &fwd.app.ports[port].queues[queue], *out = &out_port->queues[queue];
		struct direction *d = &fwd.directions[i];

		*d = (struct direction){.rx = in->rx, .tx = out->tx, .in = &in->counters, .out = &out->counters};
		d->worker = &app_workers[i % fwd.worker_count];
		memcpy(d->addresses, fwd.next_hops[fwd.next_hop_count > 1 ? to : 0], 6);
		memcpy(d->addresses + 6, out_port->info.mac, 6);
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT PORT [PORT...]", doc, app_common_options, NULL, NULL};
	bool good;

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	fwd.worker_count = fwd.options.cpu_count ? fwd.options.cpu_count : fwd.options.queues;
	fwd.touches = fwd.mode != MODE_IO || fwd.drops_bad;
	fwd.packets_left = (int64_t)fwd.packet_limit;
	good = app_open(&fwd.app, &fwd.options, fwd.worker_count);
	if (good) {
		connect_ports();
		good = app_run(&fwd.app,
			&(struct app_work){
				.thread_count = fwd.worker_count, .thread_work = work, .print_more = print_totals});
	}
	return app_close(&fwd.app) && good ? APP_OK : APP_FAILED;
}
