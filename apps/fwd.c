/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-fwd: forwards packets between ports, as they are or with new Ethernet addresses; or receives only, sends only,
 * or answers those who look whether somebody is there. */
#include "app_base.h"
#include "app_cpu.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_parse.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"
#include "fwd_echo.h"
#include "fwd_report.h"

#include <string.h>

enum mode { MODE_IO, MODE_MAC, MODE_MACSWAP, MODE_RXONLY, MODE_TXONLY, MODE_ICMPECHO };
static const char *const mode_names[] = {"io", "mac", "macswap", "rxonly", "txonly", "icmpecho"};

#define NOWHERE     APP_PORTS
#define FRAME_BYTES 60u /* of mode txonly: with FCS, the shortest */

/* One way through the forwarder, from a queue that receives to the queue of the same index of the port that sends.
 * Belongs to one thread, and shares no cache line with another. */
struct direction {
	_Alignas(64) struct nic_rxq *rx;
	struct nic_txq *tx;
	struct app_counters *in, *out; /* of the queue that receives, and of the one that sends */
	bool (*move)(struct direction *);
	struct app_worker *worker;
	const struct app_port *from;
	unsigned unfinished; /* handles at the front of pkts: a frame that has not come, or not been sent, as a whole */
	unsigned known_resets; /* of the port they came from */
	_Alignas(64) struct pkt pkts[APP_FRAME_HANDLES + APP_BURST_MAX];
	uint8_t addresses[12];     /* mode mac: the next hop's, and the sending port's own */
	_Atomic uint64_t consumed; /* frames that came and went nowhere */
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
	unsigned to[APP_PORTS];                 /* of each port that receives, the one that sends, or NOWHERE */
	bool is_mapped;                         /* by --map */
	uint8_t frames[APP_PORTS][FRAME_BYTES]; /* mode txonly: what a port sends */
	struct fwd_host hosts[APP_PORTS]; /* mode icmpecho: of each port; as parsed, the first has all addresses */
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

/* Makes those of the whole frames that are requests to the port the answers to them, and frees the others. @return how
 * many of n handles are left, as check does */
static unsigned answer(struct direction *d, unsigned n, unsigned *whole)
{
	const struct fwd_host *host = &fwd.hosts[d->from - fwd.app.ports];
	unsigned kept = 0, handles;

	for (unsigned i = 0; i < *whole; i += handles) {
		unsigned bytes = 0;
		handles = 0;
		do
			bytes += d->pkts[i + handles].len;
		while (d->pkts[i + handles++].flags & PKT_MORE);
		if (fwd_answer(host, &d->pkts[i], bytes)) {
			memmove(d->pkts + kept, d->pkts + i, handles * sizeof(*d->pkts));
			kept += handles;
		} else {
			app_add(&d->consumed, 1);
			pkt_free(d->pkts + i, handles);
		}
	}
	memmove(d->pkts + kept, d->pkts + *whole, (n - *whole) * sizeof(*d->pkts));
	n -= *whole - kept;
	*whole = kept;
	return n;
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
	else if (fwd.mode == MODE_ICMPECHO)
		*n = answer(d, *n, whole);
	return app_frames(d->pkts, *whole);
}

static __attribute__((noinline)) void drop_unfinished(struct direction *d)
{
	pkt_free(d->pkts, d->unfinished);
	app_add(&d->in->rx_broken, d->unfinished > 0);
	d->unfinished = 0;
}

/* How many of so many packets --packets leaves. 0: none, and the program ends. */
static unsigned limited(unsigned want)
{
	int64_t left = atomic_load_explicit(&fwd.packets_left, memory_order_relaxed);

	if (left <= 0)
		app_stop();
	return left <= 0 ? 0 : left < want ? (unsigned)left : want;
}

/* @return whether packets have come */
static bool forward(struct direction *d)
{
	uint64_t start = app_tsc(), waited = 0;
	unsigned want = fwd.options.burst;

	app_polled(d->worker, start);
	if (fwd.packet_limit && !(want = limited(want)))
		return false;
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

/* Takes what has come, and frees it. @return whether packets have come */
static bool receive(struct direction *d)
{
	uint64_t start = app_tsc();
	unsigned want = fwd.packet_limit ? limited(fwd.options.burst) : fwd.options.burst;
	unsigned n = want ? nic_rx(d->rx, d->pkts, want) : 0, frames = app_frames(d->pkts, n);

	app_polled(d->worker, start);
	if (n == 0) {
		app_add(&d->in->empty_polls, 1);
		app_idle();
		return false;
	}
	pkt_free(d->pkts, n);
	if (fwd.packet_limit)
		atomic_fetch_sub_explicit(&fwd.packets_left, frames, memory_order_relaxed);
	app_add(&d->in->received, frames);
	app_add(&d->consumed, frames);
	app_add(&d->in->busy_polls, 1);
	app_add(&d->in->busy_cycles, app_tsc() - start);
	return true;
}

/* Sends frames of its own: a burst, or what it has left of one. @return true: there is always something to send */
static bool send(struct direction *d)
{
	uint64_t start = app_tsc();
	unsigned want = fwd.packet_limit ? limited(fwd.options.burst) : fwd.options.burst, had = d->unfinished;

	app_polled(d->worker, start);
	if (want > had)
		d->unfinished += pkt_alloc(fwd.app.pools[0], d->pkts + had, want - had);
	for (unsigned i = had; i < d->unfinished; i++) {
		memcpy(d->pkts[i].data, fwd.frames[d->from - fwd.app.ports], FRAME_BYTES);
		d->pkts[i].len = FRAME_BYTES;
	}
	unsigned sent = nic_tx(d->tx, d->pkts, want < d->unfinished ? want : d->unfinished);
	uint64_t cycles = app_tsc() - start;
	d->unfinished -= sent;
	memmove(d->pkts, d->pkts + sent, d->unfinished * sizeof(*d->pkts));
	if (fwd.packet_limit)
		atomic_fetch_sub_explicit(&fwd.packets_left, sent, memory_order_relaxed);
	app_add(&d->out->sent, sent);
	app_add(&d->in->busy_polls, sent > 0);
	app_add(sent ? &d->in->busy_cycles : &d->out->waited_cycles, cycles);
	return true;
}

static void work(unsigned index)
{
	unsigned count = fwd.direction_count;

	while (!app_stopping()) {
		bool found = false;
		app_halt_point();
		for (unsigned i = index; i < count; i += fwd.worker_count)
			found |= fwd.directions[i].move(&fwd.directions[i]);
		app_looked(&app_workers[index], found, APP_NAP_US);
	}
	for (unsigned i = index; i < count; i += fwd.worker_count)
		pkt_free(fwd.directions[i].pkts, fwd.directions[i].unfinished);
}

/* ---- Command line ---- */

enum { KEY_NEXT_HOP = 0x100, KEY_NO_DROP, KEY_OFFLOADS, KEY_MAP, KEY_ADDRESS };

static const struct argp_option options[] = {
	{"mode", 'm', "MODE", 0,
		"io: packets as they are; mac: destination is the next hop, source the sending port; macswap: "
		"destination and source change places; rxonly: packets are counted and thrown away; txonly: each port "
		"sends "
		"as many as it can, of 64 bytes (UDP from 198.18.0.1 to 198.18.0.2, port 9; pollux-gen sends others); "
		"icmpecho: each port answers ARP, neighbour solicitations and pings; default io",
		0},
	{"map", KEY_MAP, "LIST", 0,
		"which port sends what another receives, such as 0:1,2:0, counted from 0 on the command line; what the "
		"ports "
		"receive that are not in front of a colon is thrown away",
		0},
	{"address", KEY_ADDRESS, "LIST", 0,
		"mode icmpecho: the IPv4 and IPv6 addresses that the ports have; default: every one, so that on a "
		"shared wire it "
		"would take those of others",
		0},
	{"next-hop", KEY_NEXT_HOP, "MAC", 0,
		"modes mac and txonly: where packets go; once for all ports, or once per port in the order of the "
		"ports; default of txonly "
		"02:00:00:00:00:00",
		0},
	{"no-drop", KEY_NO_DROP, NULL, 0,
		"when a transmit ring is full, wait for room; default: drop what finds none, and count it", 0},
	{"offloads", KEY_OFFLOADS, "LIST", 0,
		"what the cards do, of rx-checksum (frames whose IPv4, TCP or UDP checksum is wrong are dropped and "
		"counted, UDP not by 10G cards, which cannot be trusted with it), tx-checksum (as rx-checksum, and "
		"these checksums of what is sent are written anew) and "
		"vlan-strip (the card takes the outer VLAN tag out, and puts it in again on its way out); default: "
		"none, frames leave as they came",
		0},
	{"packets", 'n', "N", 0,
		"end after N packets were forwarded (mode rxonly: received), with several CPUs at least N; default: no "
		"limit",
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

static void parse_mode(struct argp_state *state, const char *text)
{
	unsigned mode = 0;

	while (mode < sizeof(mode_names) / sizeof(*mode_names) && strcmp(text, mode_names[mode]) != 0)
		mode++;
	if (mode == sizeof(mode_names) / sizeof(*mode_names))
		argp_error(state, "--mode %s: io, mac, macswap, rxonly, txonly or icmpecho is wanted", text);
	fwd.mode = (enum mode)mode;
}

static void parse_map(struct argp_state *state, const char *text)
{
	const char *at = text;

	fwd.is_mapped = true;
	for (unsigned i = 0; i < APP_PORTS; i++)
		fwd.to[i] = NOWHERE;
	for (;; at++) {
		unsigned from = 0, to = 0;
		int length = 0;
		if (sscanf(at, "%2u:%2u%n", &from, &to, &length) < 2 || from >= APP_PORTS || to >= APP_PORTS ||
			(at[length] && at[length] != ','))
			argp_error(state, "--map %s: a list such as 0:1,2:0 is wanted", text);
		if (fwd.to[from] != NOWHERE)
			argp_error(
				state, "--map %s: port %u is there twice: it can forward to one port only", text, from);
		fwd.to[from] = to;
		at += length;
		if (!*at)
			return;
	}
}

/* Looks whether the ports of a map are there; and whether each transmit queue is one thread's: that of port p and queue
 * q is its thread's that takes (p * queues + q) % CPUs. */
static void check_map(struct argp_state *state)
{
	unsigned count = fwd.options.address_count, cpus = fwd.options.cpu_count;

	for (unsigned i = 0; i < APP_PORTS; i++) {
		if (fwd.to[i] == NOWHERE)
			continue;
		if (i >= count || fwd.to[i] >= count)
			argp_error(state, "--map: port %u of %u is not there: they count from 0",
				i >= count ? i : fwd.to[i], count);
		for (unsigned j = 0; j < i && cpus; j++)
			if (fwd.to[j] == fwd.to[i] && fwd.options.queues % cpus)
				argp_error(state,
					"--map: ports %u and %u both send by port %u, so that they want the same "
					"thread: --cpu takes "
					"%u CPUs then",
					j, i, fwd.to[i], fwd.options.queues);
	}
}

static void check_modes(struct argp_state *state)
{
	bool moves = fwd.mode <= MODE_MACSWAP;

	if (fwd.mode != MODE_TXONLY && (fwd.mode == MODE_MAC) != (fwd.next_hop_count > 0))
		argp_error(state, "--mode mac and --next-hop belong together");
	if (fwd.next_hop_count > 1 && fwd.next_hop_count != fwd.options.address_count)
		argp_error(state, "--next-hop: one for all ports, or one for each");
	if (fwd.is_mapped && !moves)
		argp_error(state, "--map belongs to the modes that forward: io, mac and macswap");
	if (fwd.options.offloads && (fwd.mode == MODE_RXONLY || fwd.mode == MODE_TXONLY))
		argp_error(state, "--offloads belongs to the modes that send what they receive");
	if (fwd.hosts[0].address_count && fwd.mode != MODE_ICMPECHO)
		argp_error(state, "--address belongs to --mode icmpecho");
	if (fwd.is_mapped)
		check_map(state);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &fwd.options;
		return 0;
	case 'm':
		parse_mode(state, text);
		return 0;
	case KEY_MAP:
		parse_map(state, text);
		return 0;
	case KEY_ADDRESS:
		if (!fwd_add_addresses(&fwd.hosts[0], text))
			argp_error(state, "--address %s: at most %u such as 192.0.2.1,2001:db8::1 are wanted", text,
				FWD_ADDRESSES);
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
		check_modes(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_more(FILE *out, bool json, bool total)
{
	uint64_t consumed = 0;

	for (unsigned i = 0; i < fwd.direction_count; i++)
		consumed += app_get(&fwd.directions[i].consumed);
	if (total)
		fwd_print_totals(out, json, &fwd.app, fwd.worker_count, consumed, fwd.mode == MODE_TXONLY);
}

/* Where what a port receives is sent. */
static unsigned way_from(unsigned port)
{
	unsigned count = fwd.app.port_count;

	if (fwd.mode == MODE_RXONLY)
		return NOWHERE;
	if (fwd.mode == MODE_TXONLY || fwd.mode == MODE_ICMPECHO)
		return port;
	if (fwd.is_mapped)
		return fwd.to[port];
	return count % 2 ? (port + 1) % count : port ^ 1;
}

/* The frame of mode txonly: UDP from 198.18.0.1 to 198.18.0.2, which are for tests of networks, port 9, discard. */
static void make_frame(uint8_t *frame, const uint8_t addresses[12])
{
	static const uint8_t headers[] = {0x08, 0, 0x45, 0, 0, FRAME_BYTES - 14, 0, 0, 0, 0, 64, 17, 0, 0, 198, 18, 0,
		1, 198, 18, 0, 2, 0, 9, 0, 9, 0, FRAME_BYTES - 34, 0, 0};

	memcpy(frame, addresses, 12);
	memcpy(frame + 12, headers, sizeof(headers));
	fwd_put_checksum(frame + 24, fwd_sum(frame + 14, 20, 0));
}

static void connect_ports(void)
{
	unsigned count = fwd.app.port_count, queues = app_queues(&fwd.app);

	fwd.direction_count = count * queues;
	for (unsigned i = 0; i < fwd.direction_count; i++) {
		unsigned port = i / queues, queue = i % queues, to = way_from(port);
		bool nowhere = to == NOWHERE;
		struct app_port *out_port = &fwd.app.ports[to = nowhere ? port : to];
		struct app_queue *in = &fwd.app.ports[port].queues[queue], *out = &out_port->queues[queue];
		struct direction *d = &fwd.directions[i];

		*d = (struct direction){.rx = in->rx, .tx = out->tx, .in = &in->counters, .out = &out->counters};
		d->move = nowhere ? receive : fwd.mode == MODE_TXONLY ? send : forward;
		d->worker = &app_workers[i % fwd.worker_count];
		d->from = &fwd.app.ports[port];
		app_watch(d->worker, d->rx);
		if (fwd.next_hop_count || fwd.mode != MODE_TXONLY)
			memcpy(d->addresses, fwd.next_hops[fwd.next_hop_count > 1 ? to : 0], 6);
		else
			d->addresses[0] = 2;
		memcpy(d->addresses + 6, out_port->info.mac, 6);
		make_frame(fwd.frames[port], d->addresses);
		fwd.hosts[port] = fwd.hosts[0];
		memcpy(fwd.hosts[port].mac, d->from->info.mac, 6);
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
	fwd.options.held =
		fwd.mode == MODE_TXONLY ? fwd.options.address_count * fwd.options.queues * fwd.options.burst : 0;
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
