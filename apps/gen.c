/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-gen: sends numbered packets, or those of a capture file, at a chosen rate, and accounts for what comes back. */
#include "gen.h"

#include <string.h>
#include <time.h>

#define QUIET_NS UINT64_C(250000000) /* after the last packet went out: so long nothing came back means that nothing will */
#define DRAIN_NS UINT64_C(3000000000)

static struct {
	struct app_options options;
	struct app_rate rate;
	unsigned size;
	uint64_t count, flows; /* count 0: no limit */
	const char *replay;
	bool loop;
	uint8_t to[6];
	bool has_to, shaped; /* shaped: --size, --flows or --to was given */

	struct gen_schedule schedule;

	/* Touched by the sending thread. */
	struct pkt_pool *pool;
	uint64_t start;
	unsigned first_pending, pending;
	bool full;
	struct pkt pkts[APP_BURST];
	_Atomic uint64_t made, ring_full;

	/* Touched by the receiving thread. */
	struct gen_sequence sequence;
	bool inside[APP_PORTS]; /* a frame whose first handle was seen */

	struct gen_udp udp;
	atomic_bool sending, ended;
	struct app app;
} gen = {.size = 64, .flows = 1};

/* ---- Sending ---- */

static void fill(struct pkt *pkt, uint64_t number)
{
	const struct gen_frame *frame = gen_schedule_next(&gen.schedule);

	pkt->len = (uint16_t)frame->bytes;
	if (gen.replay)
		memcpy(pkt->data, frame->data, frame->bytes);
	else
		gen_udp_write(&gen.udp, pkt->data, number);
}

static void transmit(void)
{
	struct app_port *port = &gen.app.ports[0];

	if (!gen.pending) {
		uint64_t made = app_get(&gen.made), left = gen.count ? gen.count - made : UINT64_MAX;
		if (!left) {
			gen.sending = false;
			app_wake();
			return;
		}
		unsigned n = gen_schedule_due(&gen.schedule, (double)(app_tsc() - gen.start), gen.options.burst);
		/* The pool has enough for a full ring and two bursts: it never runs out. */
		n = pkt_alloc(gen.pool, gen.pkts, left < n ? (unsigned)left : n);
		if (n == 0)
			return;
		for (unsigned i = 0; i < n; i++)
			fill(&gen.pkts[i], made + i);
		app_add(&gen.made, n);
		gen.first_pending = 0;
		gen.pending = n;
	}
	unsigned sent = nic_tx(port->tx, gen.pkts + gen.first_pending, gen.pending);
	bool full = sent < gen.pending;
	app_add(&gen.ring_full, full && !gen.full); /* times, not attempts */
	gen.full = full;
	gen.first_pending += sent;
	gen.pending -= sent;
	app_add(&port->counters.sent, sent);
}

/* ---- Receiving ---- */

static void receive(unsigned port)
{
	struct app_counters *counters = &gen.app.ports[port].counters;
	struct pkt pkts[APP_BURST];
	uint64_t number;
	unsigned n = nic_rx(gen.app.ports[port].rx, pkts, gen.options.burst);

	if (n == 0) {
		app_add(&counters->empty_polls, 1);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		bool first = !gen.inside[port];
		gen.inside[port] = pkts[i].flags & PKT_MORE;
		if (!first || gen.replay)
			continue;
		/* A number that was not given out yet is somebody else's idea. */
		if (!gen_udp_read(&gen.udp, pkts[i].data, pkts[i].len, &number) || number >= app_get(&gen.made))
			app_add(&gen.sequence.foreign, 1);
		else if (!gen_udp_intact(&gen.udp, pkts[i].data, pkts[i].len, number))
			app_add(&gen.sequence.corrupted, 1);
		else
			gen_sequence_add(&gen.sequence, number);
	}
	app_add(&counters->received, app_frames(pkts, n));
	app_add(&counters->busy_polls, 1);
	pkt_free(pkts, n);
}

static unsigned threads(void)
{
	return gen.options.cpu_count == 2 ? 2 : 1;
}

static void work(unsigned index)
{
	bool sends = index == 0, receives = index == threads() - 1;

	while (!gen.ended) {
		if (sends && gen.sending)
			transmit();
		for (unsigned i = 0; receives && i < gen.app.port_count; i++)
			receive(i);
	}
}

/* ---- Statistics ---- */

static void more(FILE *out, bool json, bool total)
{
	uint64_t sent = app_get(&gen.app.ports[0].counters.sent);

	if (!json && !total)
		return;
	fprintf(out,
		json ? ",\"sent\":%llu,\"received\":%llu,\"tx_ring_full\":%llu"
		     : "generator: %llu packets sent, %llu received; the transmit ring was full %llu times\n",
		(unsigned long long)sent, (unsigned long long)app_received(&gen.app), (unsigned long long)app_get(&gen.ring_full));
	if (!gen.replay)
		gen_sequence_print(&gen.sequence, out, json, sent);
}

static bool all_sent(void)
{
	return !gen.sending;
}

/* Waits for what is still under way: until all came back, or nothing has come for a while; not for long, as a capture's frames that
 * come back cannot be told from those of others, who may never end. */
static void drain(void)
{
	uint64_t start = app_now_ns(), since = start, before = 0;

	while (app_now_ns() - since < QUIET_NS && app_now_ns() - start < DRAIN_NS && app_get(&gen.sequence.unique) < app_get(&gen.made)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		uint64_t received = gen.replay ? app_received(&gen.app) : app_get(&gen.sequence.unique);
		since = received != before ? app_now_ns() : since;
		before = received;
	}
}

static void stop(bool good)
{
	gen.sending = false;
	if (good)
		drain();
	gen.ended = true;
}

/* ---- Command line ---- */

enum { KEY_REPLAY = 0x100, KEY_LOOP, KEY_TO };

static const struct argp_option options[] = {
	{"size", 's', "BYTES", 0, "frame size with the FCS of 4 bytes, as it is on the wire: 64 to the MTU + 18, at most 2052; default 64",
		0},
	{"rate", 'R', "RATE", 0,
		"packets per second (14.88M, 1Mpps, 500kpps), bits per second with framing, that is with FCS, preamble and gap "
		"(10Gbit, 2.5Gbit), or percent of the line rate (50%); default: as fast as it can, for captures their own timing",
		0},
	{"count", 'n', "N", 0, "end after N packets; default: no limit, for captures once through", 0},
	{"flows", 'f', "N", 0, "number of flows, each with a source address and port of its own; default 1", 0},
	{"to", KEY_TO, "MAC", 0, "destination address; default: the second port's, or 02:00:00:00:00:01", 0},
	{"replay", KEY_REPLAY, "FILE", 0, "send the frames of a capture file (pcap or pcapng) instead", 0},
	{"loop", KEY_LOOP, NULL, 0, "start the capture again at its end, until --count or --duration", 0},
	{0},
};

static const char doc[] =
	"Sends packets on the first port, and counts what comes back on that or on the second one.\n" APP_HELP_PORT "\v"
	"Packets are IPv4 and UDP, from 198.18.x.x to 198.19.0.1 port 9, and numbered: those that are lost, reordered or duplicated on "
	"their way back are counted, and those that come back changed, which count as lost, too; Ethernet addresses may change. Once all "
	"are sent, it waits until nothing has come back for 0.25 s.\n"
	"With two CPUs (--cpu 2,3), the first sends and the second receives; else one thread does both.\n"
	"\n"
	"Examples:\n"
	"  pollux-gen --rate 1Mpps --duration 10 0000:03:00.0 0000:03:00.1\n"
	"  pollux-gen -s 1518 -R 50% -f 1000 -d 5 --json vfio-user:/tmp/a\n"
	"  pollux-gen --replay web.pcap --rate 10Gbit --loop -n 1M 0000:03:00.0\n"
	"\n" APP_HELP_STATUS;

static error_t parse(int key, char *text, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &gen.options;
		return 0;
	case 's':
		gen.shaped = true;
		gen.size = (unsigned)app_count_option(state, "size", text, GEN_UDP_MIN + APP_FCS_BYTES, PKT_DATA_BYTES + APP_FCS_BYTES);
		return 0;
	case 'R':
		if (!app_parse_rate(text, &gen.rate))
			argp_error(state, "--rate %s: packets per second (1Mpps), bits per second (10Gbit) or percent (50%%) are wanted",
				text);
		return 0;
	case 'n':
		gen.count = app_count_option(state, "count", text, 1, UINT64_C(1) << 53);
		return 0;
	case 'f':
		gen.shaped = true;
		gen.flows = app_count_option(state, "flows", text, 1, GEN_FLOWS_MAX);
		return 0;
	case KEY_TO:
		gen.shaped = true;
		gen.has_to = app_parse_mac(text, gen.to);
		if (!gen.has_to)
			argp_error(state, "--to %s: an address such as 02:00:00:00:00:01 is wanted", text);
		return 0;
	case KEY_REPLAY:
		gen.replay = text;
		return 0;
	case KEY_LOOP:
		gen.loop = true;
		return 0;
	case ARGP_KEY_ARG:
		app_add_port(&gen.options, state, text);
		return 0;
	case ARGP_KEY_END:
		if (gen.options.address_count < 1 || gen.options.address_count > 2)
			argp_error(state, "one or two ports are wanted");
		if (gen.size > app_largest_frame(&gen.options) + APP_FCS_BYTES)
			argp_error(state, "--size %u: at most %u with this MTU", gen.size, app_largest_frame(&gen.options) + APP_FCS_BYTES);
		if (gen.loop && !gen.replay)
			argp_error(state, "--loop needs --replay");
		if (gen.shaped && gen.replay)
			argp_error(state, "--replay sends frames as they are: without --size, --flows and --to");
		if (gen.options.cpu_count > 2)
			argp_error(state, "--cpu: one or two CPUs are wanted");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool prepare(void)
{
	const struct app_port *ports = gen.app.ports;
	static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 1};
	/* A pool for sending alone: its buffers keep the template, and only the head of each packet is written. */
	unsigned count = gen.options.ring + 2 * APP_BURST + pkt_pool_slack(3);

	if (!gen.has_to)
		memcpy(gen.to, gen.app.port_count > 1 ? ports[1].info.mac : nobody, 6);
	gen_udp_init(&gen.udp, gen.size - APP_FCS_BYTES, gen.to, ports[0].info.mac, gen.flows, gen_run_number());
	if (!gen.replay && !gen_schedule_add(&gen.schedule, NULL, gen.udp.bytes, 0))
		return false;
	gen_schedule_pace(
		&gen.schedule, &gen.rate, gen.replay != NULL, ports[0].link.up ? ports[0].link.mbps : ports[0].info.max_link_mbps);
	if (gen.replay && !gen.loop && (!gen.count || gen.count > gen.schedule.count))
		gen.count = gen.schedule.count;
	gen.pool = app_open_pool(&gen.app, count);
	return gen.pool && (gen.replay || gen_udp_fill(&gen.udp, gen.pool, count));
}

static bool run(void)
{
	gen.sending = true;
	gen.start = app_tsc();
	bool good = app_run(&gen.app, &(struct app_work){.threads = threads(), .work = work, .more = more, .done = all_sent, .stop = stop});
	pkt_free(gen.pkts + gen.first_pending, gen.pending);
	return good;
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&app_common_argp, 0, "What all Pollux programs understand:", 1}, {0}};
	static const struct argp argp = {options, parse, "PORT [PORT]", doc, children, NULL, NULL};

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	bool good = !gen.replay || gen_schedule_load(&gen.schedule, gen.replay, app_largest_frame(&gen.options), gen.options.quiet);
	good = good && app_open(&gen.app, &gen.options, 2) && prepare() && run();

	good = app_close(&gen.app) && good;
	gen_schedule_free(&gen.schedule);
	return good ? APP_OK : APP_FAILED;
}
