/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-pipe: a learning Ethernet bridge between ports, on in-place pipes: each packet is sent from where it was
 * received. */
#include "../driver/pipe.h"

#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_parse.h"
#include "app_placement.h"
#include "app_ports.h"
#include "app_run.h"

#include <string.h>

/* Behind which port an address is. One entry per hash value: the later of two addresses with the same value takes the
 * entry, and packets for the other are flooded until that one sends again. All threads share the table: an entry is
 * written when something has changed, and at most once a second besides. */
#define ADDRESSES  65536u
#define PORT_SHIFT 48
struct address {
	_Atomic uint64_t mac_port; /* the address, byte 0 lowest; its port + 1 in the upper 16 bits; 0: no address */
	_Atomic uint32_t seen_s;   /* when it sent last, in seconds */
};

/* What one queue of a port receives, on its way to the queues with its number of all others. Its thread's. */
struct side {
	_Alignas(64) struct nic_pipe *pipe;
	struct app_counters *counters;
	uint64_t port; /* as in mac_port */
	uint32_t now_s;
	uint32_t output_of[1 + APP_PORTS]; /* by port + 1: its bit in the pipe's mask; 0 for this one */
	uint32_t all_outputs;
	unsigned burst_flooded, burst_learned; /* in this burst */
	_Atomic uint64_t flooded, learned;
	struct nic_pipe_stats ended; /* of the pipes that a reset has ended; of these, only its counters */
};

static struct {
	struct app_options options;
	double age_s; /* an address not seen for so long is forgotten */
	struct address addresses[ADDRESSES];
	struct side sides[APP_PORTS][APP_QUEUES];
	struct app app;
} bridge = {.age_s = 300};

/* ---- Bridging ---- */

static inline uint64_t read_mac(const uint8_t *at)
{
	uint64_t mac = 0;

	memcpy(&mac, at, 6);
	return mac;
}

static inline struct address *address_of(uint64_t mac)
{
	return &bridge.addresses[mac * UINT64_C(0x9e3779b97f4a7c15) >> 48];
}
_Static_assert(ADDRESSES == 1u << 16, "address_of takes the 16 upper bits");

static inline void learn(struct side *side, uint64_t mac)
{
	struct address *address = address_of(mac);
	uint64_t before = app_get(&address->mac_port), now = mac | side->port;

	if (__builtin_expect(before != now, 0)) {
		if (mac & 1) /* a group's address is no sender's */
			return;
		side->burst_learned += (before ^ mac) << (64 - PORT_SHIFT) != 0 || !before;
		app_set(&address->mac_port, now);
	}
	if (__builtin_expect(atomic_load_explicit(&address->seen_s, memory_order_relaxed) != side->now_s, 0))
		atomic_store_explicit(&address->seen_s, side->now_s, memory_order_relaxed);
}

/* Where a packet goes: called for every one, and inlined into the pipe. */
static inline uint32_t forward(void *context, struct pkt *pkt)
{
	struct side *side = context;

	if (pkt->len < NIC_HEADER_BYTES)
		return 0;
	uint64_t to = read_mac(pkt->data);
	learn(side, read_mac(pkt->data + 6));
	/* What is for 01:80:c2:00:00:00 to :0f stays on its link (IEEE 802.1D 7.12.6). */
	if ((to & UINT64_C(0xf0ffffffffff)) == UINT64_C(0xc28001))
		return 0;
	const struct address *address = address_of(to);
	uint64_t known = app_get(&address->mac_port);
	/* another thread may have seen it a second later than this one's clock says */
	int32_t age_s = (int32_t)(side->now_s - atomic_load_explicit(&address->seen_s, memory_order_relaxed));
	if (known && (known ^ to) << (64 - PORT_SHIFT) == 0 && age_s <= (int32_t)bridge.age_s)
		return side->output_of[known >> PORT_SHIFT];
	side->burst_flooded++;
	return side->all_outputs;
}

/* @return whether packets have come */
static bool run(struct side *side, struct app_worker *worker)
{
	uint64_t start = app_tsc();
	app_polled(worker, start);
	unsigned n = nic_pipe_run(side->pipe, bridge.options.burst, forward, side);

	if (n == 0) {
		app_add(&side->counters->empty_polls, 1);
		app_idle();
		return false;
	}
	app_add(&side->flooded, side->burst_flooded);
	app_add(&side->learned, side->burst_learned);
	side->burst_flooded = side->burst_learned = 0;
	app_add(&side->counters->received, n);
	app_add(&side->counters->busy_polls, 1);
	app_add(&side->counters->busy_cycles, app_tsc() - start);
	return true;
}

/* Pipes that share an output want one thread: each has the queues of one index. */
static void work(unsigned queue)
{
	bool found = false;

	for (unsigned i = 0; !app_stopping(); i++) {
		app_halt_point();
		/* once in a while, and after a look that found nothing, behind which there may have been a sleep */
		for (unsigned port = 0; (i % 1024 == 0 || (app_nap_after && !found)) && port < bridge.app.port_count;
			port++)
			bridge.sides[port][queue].now_s = (uint32_t)(app_now_ns() / 1000000000);
		found = false;
		for (unsigned port = 0; port < bridge.app.port_count; port++)
			found |= run(&bridge.sides[port][queue], &app_workers[queue]);
		app_looked(&app_workers[queue], found, APP_NAP_US);
	}
}

/* ---- Statistics ---- */

/* What a side's pipe has counted, and those that it had before. */
static struct nic_pipe_stats pipe_stats(const struct side *side)
{
	struct nic_pipe_stats all = side->ended, now = {.packets = 0};

	if (side->pipe)
		nic_pipe_get_stats(side->pipe, &now);
	all.packets += now.packets;
	all.dropped += now.dropped;
	all.blocked += now.blocked;
	all.bad += now.bad;
	all.blocked_outputs = now.blocked_outputs;
	return all;
}

struct totals {
	uint64_t bridged, flooded, learned, kept_local, blocked, bad, unsent;
	double cycles_per_packet;
	const char *as_known;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"bridged", "bridge: %llu packets", AT(bridged)},
	{"flooded", ", %llu flooded", AT(flooded)},
	{"learned", "; %llu addresses learned", AT(learned)},
	{"kept_local", "; %llu kept local", AT(kept_local)},
	{"dropped_blocked", "; dropped by the bridge: %llu copies to blocked ports", AT(blocked)},
	{"dropped_bad", ", %llu bad\n", AT(bad)},
	{0},
};
static const struct app_figure cycles[] = {
	{"cycles_per_packet", "bridge: %.1f cycles per packet\n", AT(cycles_per_packet), .decimals = 2},
	{0},
};
static const struct app_figure not_sent[] = {
	{"not_sent", "bridge: %llu copies not sent by the card", AT(unsent), APP_ZERO_IS_NOTHING},
	{NULL, "%s\n", AT(as_known), APP_ZERO_IS_NOTHING},
	{0},
};
#undef AT

static void print_more(FILE *out, bool json, bool total)
{
	struct totals t = {
		.unsent = app_unsent(&bridge.app),
	};
	uint64_t busy_cycles = 0;
	bool blocked = false;

	for (unsigned i = 0; i < bridge.app.port_count * bridge.options.queues; i++) {
		const struct side *side = &bridge.sides[i / bridge.options.queues][i % bridge.options.queues];
		struct nic_pipe_stats one = pipe_stats(side);

		t.flooded += app_get(&side->flooded);
		t.learned += app_get(&side->learned);
		t.bridged += one.packets;
		t.kept_local += one.dropped;
		t.blocked += one.blocked;
		t.bad += one.bad;
		blocked |= one.blocked_outputs != 0;
		busy_cycles += app_get(&side->counters->busy_cycles);
	}
	t.cycles_per_packet = app_ratio((double)busy_cycles, (double)t.bridged);
	t.as_known = t.unsent == 0 ? NULL : app_gone(&bridge.app) ? APP_AS_KNOWN : "";
	if (blocked && !json)
		fprintf(out, "bridge: a port does not get rid of its packets; those for it are dropped\n");
	if (!total && !json)
		return;
	app_figures_print(out, json, packets, &t);
	if (total && app_cpu()->tsc_steady)
		app_figures_print(out, json, cycles, &t);
	app_figures_print(out, json, not_sent, &t);
	if (total)
		app_cpu_print(out, json);
}

static void more_metrics(struct app_metrics *m)
{
	for (unsigned i = 0; i < bridge.app.port_count * bridge.options.queues; i++) {
		unsigned port = i / bridge.options.queues, queue = i % bridge.options.queues;
		const struct side *side = &bridge.sides[port][queue];
		struct nic_pipe_stats pipe = pipe_stats(side);
		const struct app_metric all[] = {
			{"pipe_flooded", "packets",
				"Frames sent to all other ports, as their receiver's was not known.",
				.count = app_get(&side->flooded)},
			{"pipe_learned", "addresses", "Addresses learned.", .count = app_get(&side->learned)},
			{"pipe_kept_local", "packets",
				"Frames that went nowhere: for their own side, or not to be forwarded.",
				.count = pipe.dropped},
			{"pipe_blocked", "packets", "Copies dropped as their output did not get rid of its frames.",
				.count = pipe.blocked},
			{"pipe_bad", "packets", "Copies that were impossible to send.", .count = pipe.bad},
		};
		for (unsigned j = 0; j < sizeof(all) / sizeof(*all); j++)
			app_metrics_add_queue(m, &all[j], port, queue);
	}
}

/* ---- Command line ---- */

static const struct argp_option options[] = {
	{"age", 'a', "SECONDS", 0, "forget an address that has not been seen for so long; default 300", 0},
	{0},
};

static const char doc[] =
	"Bridges between ports: learns who is where from the senders of packets, and sends each packet to its "
	"receiver's port, or to all others while that is not known. Packets are sent from the buffers they were "
	"received in (driver/pipe.h).\n" APP_HELP_PORT "\v"
	"One thread serves all ports; with several queues, each has one for all ports, and what comes in by one leaves "
	"by the one with its number. There is no spanning tree: two ways between two networks make packets circle. A "
	"port without link, or too slow, loses its own packets only.\n"
	"\n"
	"Examples:\n"
	"  pollux-pipe 0000:03:00.0 0000:03:00.1\n"
	"  pollux-pipe -c 2 -d 10 --json vfio-user:/tmp/a vfio-user:/tmp/b\n"
	"\n" APP_HELP_STATUS;

/* The size of transmit rings: one must hold what all other ports have received for it. */
static unsigned transmit_ring(unsigned ring, unsigned ports)
{
	unsigned size = ring;

	while (size < (ports - 1) * ring)
		size *= 2;
	return size;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct app_options *o = &bridge.options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = o;
		return 0;
	case 'a':
		if (!app_parse_seconds(text, 1, 1e9, &bridge.age_s))
			argp_error(state, "--age %s: a number of seconds from 1 on is wanted", text);
		return 0;
	case ARGP_KEY_ARG:
		app_add_port(o, state, text);
		return 0;
	case ARGP_KEY_END:
		o->pipes = true;
		if (o->address_count < 2)
			argp_error(state, "two ports at least are wanted");
		app_check_cpus(o, state, o->queues);
		o->tx_ring = transmit_ring(o->ring, o->address_count);
		if (o->tx_ring > 4096)
			argp_error(state, "--ring %u: with %u ports, at most %u", o->ring, o->address_count,
				4096 / (o->tx_ring / o->ring));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool open_pipe(unsigned port, unsigned queue)
{
	struct nic_queue input = {bridge.app.ports[port].nic, queue}, outputs[APP_PORTS];
	struct side *side = &bridge.sides[port][queue];
	unsigned count = 0;

	side->counters = &bridge.app.ports[port].queues[queue].counters;
	side->port = (uint64_t)(port + 1) << PORT_SHIFT;
	for (unsigned other = 0; other < bridge.app.port_count; other++) {
		if (other == port)
			continue;
		side->output_of[1 + other] = UINT32_C(1) << count;
		outputs[count++] = (struct nic_queue){bridge.app.ports[other].nic, queue};
	}
	side->all_outputs = (UINT32_C(1) << count) - 1;
	if (nic_pipe_open(&side->pipe, &input, outputs, count) == 0)
		return true;
	app_error("%s", nic_error());
	return false;
}

/* After all ports were reset, which ends the pipes. */
static bool open_again(void)
{
	const unsigned queues = bridge.options.queues, pipes = bridge.app.port_count * queues;
	bool good = true;

	for (unsigned i = 0; i < pipes; i++) {
		struct side *side = &bridge.sides[i / queues][i % queues];
		side->ended = pipe_stats(side);
		nic_pipe_close(side->pipe);
		side->pipe = NULL;
	}
	for (unsigned i = 0; good && i < pipes; i++)
		good = open_pipe(i / queues, i % queues);
	return good;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT PORT [PORT...]", doc, app_common_options, NULL, NULL};
	bool good;

	app_parse(&argp, argc, argv, NULL);
	app_catch_signals();
	unsigned queues = bridge.options.queues, pipes = bridge.options.address_count * queues;
	good = app_open(&bridge.app, &bridge.options, queues);
	for (unsigned i = 0; good && i < pipes; i++)
		good = open_pipe(i / queues, i % queues);
	for (unsigned i = 0; good && i < pipes; i++)
		app_watch(&app_workers[i % queues], bridge.app.ports[i / queues].queues[i % queues].rx);
	good = good && app_run(&bridge.app, &(struct app_work){.thread_count = queues,
						    .thread_work = work,
						    .print_more = print_more,
						    .reopen = open_again,
						    .more_metrics = more_metrics,
						    .may_leave_unsent = true});
	for (unsigned i = 0; i < pipes; i++)
		nic_pipe_close(bridge.sides[i / queues][i % queues].pipe);
	return app_close(&bridge.app) && good ? APP_OK : APP_FAILED;
}
