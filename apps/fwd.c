/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-fwd: forwards packets between ports, as they are or with new Ethernet addresses. */
#include "app_base.h"
#include "app_cpu.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_parse.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "fwd_report.h"

#include <string.h>

enum mode { MODE_IO, MODE_MAC, MODE_MACSWAP };

/* One way through the forwarder, from a queue that receives to the queue of the same index of the port that sends.
 * Belongs to one thread, and shares no cache line with another. */
struct direction {
	_Alignas(64) struct nic_rxq *rx;
	struct nic_txq *tx;
	struct app_counters *in, *out; /* of the queue that receives, and of the one that sends */
	struct app_worker *worker;
	const struct app_port *from;
	unsigned unfinished;   /* handles at the front of pkts: a frame whose end has not come yet */
	unsigned known_resets; /* of the port they came from */
	_Alignas(64) struct pkt pkts[APP_FRAME_HANDLES + APP_BURST_MAX];
	uint8_t addresses[12]; /* mode mac: the next hop's, and the sending port's own */
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

	for (; fwd.no_drop && sent < n && !app_stopping(); app_halt_point())
		sent += nic_tx(d->tx, d->pkts + sent, n - sent);
	*waited = app_tsc() - start;
	d->worker->last_poll_tsc += *waited; /* a thread that waits has its CPU */
	app_add(&d->out->waited_cycles, *waited);
	app_add(fwd.no_drop ? &d->in->in_hand : &d->out->tx_ring_full, app_frames(d->pkts + sent, n - sent));
	pkt_free(d->pkts + sent, n - sent);
	return sent;
}

/* Does what is to be done with packets, of which there may be fewer handles then. Not inlined, for the sake of those
 * with whom nothing is. @return whole frames that are left */
static __attribute__((noinline)) unsigned touch(struct direction *d, unsigned *n, unsigned *whole)
{
	if (fwd.drops_bad)
		*n = check(d, *n, whole);
	if (fwd.mode == MODE_MAC)
		rewrite_all(d, MODE_MAC, *whole);
	else if (fwd.mode == MODE_MACSWAP)
		rewrite_all(d, MODE_MACSWAP, *whole);
	return app_frames(d->pkts, *whole);
}

static __attribute__((noinline)) void drop_unfinished(struct direction *d)
{
	pkt_free(d->pkts, d->unfinished);
	app_add(&d->in->rx_broken, d->unfinished > 0);
	d->unfinished = 0;
}

/* @return whether packets have come */
static bool forward(struct direction *d)
{
	uint64_t start = app_tsc(), waited = 0;
	unsigned want = fwd.options.burst;

	app_polled(d->worker, start);
	if (fwd.packet_limit) {
		int64_t left = atomic_load_explicit(&fwd.packets_left, memory_order_relaxed);
		if (left <= 0) {
			app_stop();
			return false;
		}
		want = left < want ? (unsigned)left : want;
	}
	/* Here, as ring_full may have halted behind the thread's other directions. */
	if (app_was_reset(d->from, &d->known_resets))
		drop_unfinished(d);
	unsigned got = nic_rx(d->rx, d->pkts + d->unfinished, want);
	if (got == 0) {
		app_add(&d->in->empty_polls, 1);
		app_idle();
		return false;
	}

	unsigned n = d->unfinished + got, whole = app_whole(d->pkts, n), frames = app_frames(d->pkts, whole);
	app_add(&d->in->received, frames);
	if (fwd.touches)
		frames = touch(d, &n, &whole);
	unsigned sent = nic_tx(d->tx, d->pkts, whole);
	if (sent < whole)
		sent = ring_full(d, sent, whole, &waited);

	/* A frame whose end has not come is sent when the rest of it is here. */
	d->unfinished = n - whole;
	if (d->unfinished) {
		memmove(d->pkts, d->pkts + whole, d->unfinished * sizeof(*d->pkts));
		if (d->unfinished > APP_FRAME_HANDLES)
			drop_unfinished(d);
	}
	unsigned frames_sent = sent == whole ? frames : app_frames(d->pkts, sent);
	if (fwd.packet_limit)
		atomic_fetch_sub_explicit(&fwd.packets_left, frames_sent, memory_order_relaxed);
	app_add(&d->out->sent, frames_sent);
	app_add(&d->in->busy_polls, 1);
	app_add(&d->in->busy_cycles, app_tsc() - start - waited);
	return true;
}

static void work(unsigned index)
{
	unsigned count = fwd.direction_count;

	while (!app_stopping()) {
		bool found = false;
		app_halt_point();
		for (unsigned i = index; i < count; i += fwd.worker_count)
			found |= forward(&fwd.directions[i]);
		app_looked(&app_workers[index], found, APP_NAP_US);
	}
	for (unsigned i = index; i < count; i += fwd.worker_count)
		pkt_free(fwd.directions[i].pkts, fwd.directions[i].unfinished);
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
		"counted, UDP not by 10G cards, which cannot be trusted with it), tx-checksum (as rx-checksum, and "
		"these checksums of what is sent are written anew) and "
		"vlan-strip (the card takes the outer VLAN tag out, and puts it in again on its way out); default: "
		"none, frames leave as they came",
		0},
	{"packets", 'n', "N", 0, "end after N packets were forwarded, with several CPUs at least N; default: no limit",
		0},
	{0},
};

static const char doc[] =
	"Forwards packets between ports: the first and the second exchange theirs, as do the third and the fourth and "
	"so on. When the number of ports is odd, each forwards to the next, and the last to the first: a single one "
	"sends "
	"back what it gets.\n" APP_HELP_PORT "\v"
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
		if (fwd.options.address_count < 1)
			argp_error(state, "a port at least is wanted");
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

static void print_more(FILE *out, bool json, bool total)
{
	if (total)
		fwd_print_totals(out, json, &fwd.app, fwd.worker_count);
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
		d->from = &fwd.app.ports[port];
		app_watch(d->worker, d->rx);
		memcpy(d->addresses, fwd.next_hops[fwd.next_hop_count > 1 ? to : 0], 6);
		memcpy(d->addresses + 6, out_port->info.mac, 6);
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT [PORT...]", doc, app_common_options, NULL, NULL};
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
				.thread_count = fwd.worker_count, .thread_work = work, .print_more = print_more});
	}
	return app_close(&fwd.app) && good ? APP_OK : APP_FAILED;
}
