/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-gen: sends numbered packets, or those of a capture file, at a chosen rate, and accounts for what comes back.
 */
#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_output.h"
#include "app_run.h"
#include "gen_args.h"
#include "gen_capture.h"
#include "gen_progress.h"
#include "gen_schedule.h"
#include "gen_udp.h"

#include <string.h>

#define QUIET_NS UINT64_C(250000000) /* when nothing came back for so long after the last packet, nothing will */
#define DRAIN_NS UINT64_C(3000000000)
#define AWAY_S   0.001 /* between two looks at the schedule: a thread that takes longer has lost its CPU */
#define WAIT_S   1.0   /* until the next frame: a longer wait is told */
/* With a full transmit ring of which the card sends nothing: after so long it is told again; and not waited for any
 * longer. */
#define STALL_TOLD_NS UINT64_C(2000000000)
#define STALL_END_NS  UINT64_C(5000000000)

static struct {
	struct gen_args args;
	uint64_t to_send; /* packets; 0: no limit */
	struct gen_capture capture;
	struct gen_schedule schedule;
	struct gen_target target; /* what reports compare with; the main thread's */
	bool link_was_down;       /* at the main thread's last look */
	uint64_t begun_tsc;       /* the time stamp counter when the threads were to start */
	bool stalled;             /* ended because the card sent nothing */
	bool waited;              /* all was in the ring, and the link was down */
	atomic_bool sending, threads_end;

	/* The sending thread's. All times but start_tsc are in cycles since then. */
	struct pkt_pool *pool;
	_Atomic uint64_t start_tsc;      /* the time stamp counter at its start; 0: not yet */
	uint64_t last_look;              /* when it last looked whether something is to be sent */
	uint64_t away_limit;             /* a thread that has not looked for so long had lost its CPU */
	unsigned frames_per_burst;       /* at most */
	bool many_buffers;               /* frames may take several */
	unsigned first_pending, pending; /* handles in pkts that wait for room in the ring */
	bool ring_was_full;              /* it took less than it was given the last time */
	struct pkt pkts[APP_BURST_MAX];
	_Atomic uint64_t made;                              /* packets, counted when they are prepared */
	_Atomic uint64_t ring_full_times;                   /* how often the ring filled up */
	_Atomic uint64_t ring_full_cycles, cpu_lost_cycles; /* time with a full ring; without the CPU */
	_Atomic uint64_t last_sent_at, ended_at;            /* when the ring took the last frame; when sending ended */
	_Atomic uint64_t next_due_at;                       /* of the next frame, if none was due at the last look */
	_Atomic double speed; /* of the schedule's clock: the main thread writes it, the sending one takes it over */

	/* The receiving thread's. */
	struct gen_sequence sequence;
	struct arrival {
		bool in_frame; /* a frame of several pieces has begun, and not ended */
		bool own;      /* its head has a number of ours */
		bool intact;   /* its pieces so far are as they were sent */
		unsigned bytes;
		uint64_t number;
	} arrivals[APP_PORTS];

	struct gen_udp udp;
	struct app app;
} gen;

/* How many buffers a frame takes. */
static unsigned buffers_of(unsigned frame_bytes)
{
	return (frame_bytes + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;
}

/* ---- Sending ---- */

static uint64_t elapsed(void)
{
	uint64_t start = app_get(&gen.start_tsc);

	return start ? app_tsc() - start : 0;
}

/* Notes when sending starts. To start a thread takes some time; a thread that starts later than that had no CPU, and
 * the time without counts. */
static void begin(uint64_t now)
{
	app_set(&gen.start_tsc, now - gen.begun_tsc > gen.away_limit ? gen.begun_tsc : now);
}

/* Writes a frame, or one piece of it, into a buffer. Every buffer of the pool holds the template, and behind its head
 * that is zeros: a further piece is written by clearing the head. */
static void make_piece(struct pkt *pkt, const struct gen_frame *frame, unsigned offset, uint64_t number)
{
	unsigned left = frame->bytes - offset, bytes = left < PKT_DATA_BYTES ? left : PKT_DATA_BYTES;

	if (frame->data)
		memcpy(pkt->data, frame->data + offset, bytes);
	else if (offset == 0)
		gen_udp_write(&gen.udp, pkt->data, number);
	else
		memset(pkt->data, 0, GEN_UDP_HEAD);
	pkt->len = (uint16_t)bytes;
	pkt->flags = left > bytes ? PKT_MORE : 0;
}

/* Makes frames of one buffer each. @return handles */
static unsigned make_frames(uint64_t number, unsigned frames)
{
	/* The pool has enough for a full ring and two bursts: it never runs out. */
	unsigned made = pkt_alloc(gen.pool, gen.pkts, frames);

	for (unsigned i = 0; i < made; i++)
		make_piece(&gen.pkts[i], gen_schedule_next(&gen.schedule), 0, number + i);
	return made;
}

/* Makes frames that may take several buffers each. @return handles */
static unsigned make_long_frames(uint64_t number, unsigned frames)
{
	unsigned made = 0;

	for (unsigned i = 0; i < frames; i++) {
		const struct gen_frame *frame = gen_schedule_next(&gen.schedule);
		unsigned pieces = buffers_of(frame->bytes), got = pkt_alloc(gen.pool, gen.pkts + made, pieces);
		if (got < pieces) {
			pkt_free(gen.pkts + made, got);
			break;
		}
		for (unsigned piece = 0; piece < pieces; piece++)
			make_piece(&gen.pkts[made + piece], frame, piece * PKT_DATA_BYTES, number + i);
		made += pieces;
	}
	return made;
}

/* Makes the packets that are due. False: none is. */
static bool prepare_burst(uint64_t now)
{
	uint64_t made = app_get(&gen.made), left = gen.to_send ? gen.to_send - made : UINT64_MAX;
	double speed = atomic_load_explicit(&gen.speed, memory_order_relaxed);

	if (!left) {
		app_set(&gen.ended_at, now);
		gen.sending = false;
		app_wake();
		return false;
	}
	if (speed != gen.schedule.speed)
		gen_schedule_set_speed(&gen.schedule, (double)now, speed);
	unsigned n = gen_schedule_due(
		&gen.schedule, (double)now, left < gen.frames_per_burst ? (unsigned)left : gen.frames_per_burst);
	if (n == 0) {
		app_set(&gen.next_due_at, now + (uint64_t)gen_schedule_wait(&gen.schedule, (double)now));
		return false;
	}
	gen.pending = gen.many_buffers ? make_long_frames(made, n) : make_frames(made, n);
	gen.first_pending = 0;
	app_add(&gen.made, gen.many_buffers ? app_frames(gen.pkts, gen.pending) : gen.pending);
	return gen.pending > 0;
}

static void transmit(void)
{
	struct app_port *port = &gen.app.ports[0];
	uint64_t now = elapsed(), since = now - gen.last_look;

	gen.last_look = now;
	app_polled(&app_workers[0], gen.start_tsc + now);
	if (gen.ring_was_full)
		app_add(&gen.ring_full_cycles, since);
	else if (since > gen.away_limit)
		app_add(&gen.cpu_lost_cycles, since);
	/* While the ring is full, too, the schedule counts what cannot be made up for. */
	if (gen.pending)
		gen_schedule_due(&gen.schedule, (double)now, 0);
	else if (!prepare_burst(now))
		return;
	unsigned sent = nic_tx(port->tx, gen.pkts + gen.first_pending, gen.pending);
	bool full = sent < gen.pending;
	app_add(&gen.ring_full_times, full && !gen.ring_was_full); /* times, not attempts */
	gen.ring_was_full = full;
	if (sent)
		app_set(&gen.last_sent_at, now);
	app_add(&port->counters.sent, gen.many_buffers ? app_frames(gen.pkts + gen.first_pending, sent) : sent);
	gen.first_pending += sent;
	gen.pending -= sent;
}

/* ---- Receiving ---- */

/* Counts a frame that has come back. own: it has a number of this run. */
static void account(bool own, bool intact, uint64_t number)
{
	/* A number that was not given to any packet yet is of somebody else's packet. */
	if (!own || number >= app_get(&gen.made))
		app_add(&gen.sequence.foreign, 1);
	else if (!intact)
		app_add(&gen.sequence.corrupted, 1);
	else
		gen_sequence_add(&gen.sequence, number);
}

/* Looks at a frame, or a piece of one. */
static void receive_piece(struct arrival *a, const struct pkt *pkt)
{
	if (!a->in_frame) {
		a->own = gen_udp_read(&gen.udp, pkt->data, pkt->len, &a->number);
		a->intact = a->own && gen_udp_head_intact(&gen.udp, pkt->data, pkt->len, a->number);
		a->bytes = 0;
	} else {
		a->intact = a->intact && gen_udp_piece_intact(&gen.udp, pkt->data, pkt->len, a->bytes);
	}
	a->bytes += pkt->len;
	a->in_frame = pkt->flags & PKT_MORE;
	if (!a->in_frame)
		account(a->own, a->intact && a->bytes == gen.udp.bytes, a->number);
}

static void receive(unsigned port)
{
	struct app_counters *counters = &gen.app.ports[port].counters;
	struct pkt pkts[APP_BURST_MAX];
	unsigned n = nic_rx(gen.app.ports[port].rx, pkts, gen.args.app.burst);

	if (n == 0) {
		app_add(&counters->empty_polls, 1);
		return;
	}
	for (unsigned i = 0; i < n && !gen.capture.file; i++)
		receive_piece(&gen.arrivals[port], &pkts[i]);
	app_add(&counters->received, app_frames(pkts, n));
	app_add(&counters->busy_polls, 1);
	pkt_free(pkts, n);
}

static unsigned threads(void)
{
	return gen.args.app.cpu_count == 2 ? 2 : 1;
}

static void work(unsigned index)
{
	bool sends = index == 0, receives = index == threads() - 1;

	if (sends)
		begin(app_tsc());
	while (!gen.threads_end) {
		if (!sends)
			app_polled(&app_workers[index], app_tsc());
		if (sends && gen.sending)
			transmit();
		for (unsigned i = 0; receives && i < gen.app.port_count; i++)
			receive(i);
	}
}

/* ---- Statistics ---- */

/* How far sending is. end: the sending thread has ended. */
static struct gen_progress progress(bool end)
{
	/* At the last call: by our clock, by the schedule's, and how much of it the link was down. */
	static double seconds, clock_s, down_s;
	double hz = app_tsc_hz(), now = (double)(gen.sending ? elapsed() : app_get(&gen.ended_at)) / hz;

	clock_s += (now - seconds) * gen.target.clock_speed;
	down_s += gen.link_was_down ? now - seconds : 0;
	gen.link_was_down = !gen.app.ports[0].link.up;
	seconds = now;
	struct gen_progress p = {
		.seconds = now,
		.clock_s = clock_s,
		.link_down_s = down_s,
		.waited = gen.waited,
		.frames = gen.app.latest.ports[0].card.tx_packets,
		.given_up_cycles = app_get(&gen.schedule.given_up_cycles),
		.held_up_cycles = app_get(&gen.schedule.held_up_cycles),
		.ring_full_cycles = app_get(&gen.ring_full_cycles),
		.cpu_lost_cycles = app_get(&gen.cpu_lost_cycles),
	};
	/* A sender that was on time has the gap behind its last frame counted too, as n frames take n gaps. */
	if (end && gen_schedule_wait(&gen.schedule, now * hz) > 0) {
		double gap = app_ratio(gen.schedule.round_cycles, gen.schedule.count * gen.target.clock_speed * hz);
		p.seconds = (double)app_get(&gen.last_sent_at) / hz + gap;
		p.clock_s += (p.seconds - now) * gen.target.clock_speed;
	}
	return p;
}

static void print_wait(FILE *out, bool json)
{
	uint64_t now = elapsed(), until = app_get(&gen.next_due_at);
	double wait_s = gen.sending && until > now ? (double)(until - now) / app_tsc_hz() : 0;

	if (json)
		fprintf(out, ",\"next_frame_s\":%.6f", wait_s);
	else if (wait_s > WAIT_S)
		fprintf(out, "generator: nothing to send for %.0f s: until then no frame is due\n", wait_s);
}

struct totals {
	uint64_t sent, received, ring_full_times, count;
	const char *as_known;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"sent", "generator: %llu packets sent", AT(sent)},
	{"received", ", %llu received", AT(received)},
	{"tx_ring_full", "; the transmit ring was full %llu times", AT(ring_full_times)},
	{"count", NULL, AT(count)},
	{NULL, "%s\n", AT(as_known)},
	{0},
};
#undef AT

static void print_more(FILE *out, bool json, bool total)
{
	static struct gen_progress last;
	struct gen_progress now = progress(total), first = {.seconds = 0};
	struct totals t = {
		.sent = now.frames,
		.received = app_received(&gen.app),
		.ring_full_times = app_get(&gen.ring_full_times),
		.count = gen.args.count,
		.as_known = app_gone(&gen.app) ? APP_AS_KNOWN : "",
	};

	if (json || total)
		app_figures_print(out, json, packets, &t);
	if (!json && total && t.count > t.sent)
		fprintf(out, "generator: %llu were asked for%s\n", (unsigned long long)t.count,
			gen.to_send < t.count ? ": the capture has no more, and --loop starts it again" : "");
	if (!gen.capture.file && (json || total))
		gen_sequence_print(&gen.sequence, out, json, !gen.sending, t.sent);
	gen_progress_print(&gen.target, total ? &first : &last, &now, out, json);
	if (!total)
		print_wait(out, json);
	else if (gen.capture.file)
		gen_capture_print(&gen.capture, out, json);
	if (total)
		app_cpu_print(out, json);
	last = now;
}

static void tell_above_line(void)
{
	if (gen_target_above_line(&gen.target) && !gen.args.app.quiet)
		app_error("%s: more than a link of %u Mbit/s carries, with framing: %s",
			gen.target.has_rate ? "--rate" : gen.capture.name, gen.target.link_mbps,
			gen.target.has_rate ? "the rest is given up" : "it takes longer");
}

/* Tells of a transmit ring that stays full. @return whether to give up: not while the link is down, as it may come up
 */
static bool stalled(bool up)
{
	static uint64_t sent, full_cycles, since_ns, told_ns;
	static bool was_up;
	uint64_t now = app_now_ns(), sent_now = app_get(&gen.app.ports[0].counters.sent),
		 full_now = app_get(&gen.ring_full_cycles);

	if (sent != sent_now || full_cycles == full_now || up != was_up)
		since_ns = told_ns = now;
	sent = sent_now;
	full_cycles = full_now;
	was_up = up;
	bool end = up && gen.to_send && now - since_ns >= STALL_END_NS;
	if ((end || now - told_ns >= STALL_TOLD_NS) && (end || !gen.args.app.quiet)) {
		app_error("the transmit ring is full, and nothing was sent for %.0f s: %s%s",
			(double)(now - since_ns) / 1e9,
			up ? "does the other end hold the card up?" : "the link is down",
			end ? "; not all of --count is sent" : "");
		told_ns = now;
	}
	return end;
}

/* Packets that the ring has taken, and the card has not sent. Of a device that does not tell, there are none. */
static uint64_t in_card(void)
{
	const struct app_port *port = &gen.app.ports[0];
	uint64_t taken = app_get(&port->counters.sent);
	struct nic_stats card;

	if (nic_get_stats(port->nic, &card) < 0 || taken < card.tx_packets + card.tx_bad_packets)
		return 0;
	return taken - card.tx_packets - card.tx_bad_packets;
}

/* Whether to wait when all that was asked for is in the ring: while the link is down, and then until the card has sent
 * it. That a card with a link sends it, the stop of the port sees to. */
static bool wait_for_link(bool up)
{
	static uint64_t left, since_ns, told_ns;
	static bool was_up;
	uint64_t now = app_now_ns(), left_now = up && !gen.waited ? 0 : in_card();

	if (left != left_now || up != was_up)
		since_ns = told_ns = now;
	left = left_now;
	was_up = up;
	gen.waited = gen.waited || left;
	if (gen.waited) { /* the time counts: what the card has not sent is not sent */
		app_set(&gen.ended_at, elapsed());
		app_set(&gen.last_sent_at, elapsed());
	}
	if (!left || (up && now - since_ns >= STALL_END_NS))
		return false;
	if (now - told_ns >= STALL_TOLD_NS && !gen.args.app.quiet) {
		app_error("%llu packets wait in the transmit ring, and nothing was sent for %.0f s: %s",
			(unsigned long long)left, (double)(now - since_ns) / 1e9,
			up ? "does the other end hold the card up?" : "the link is down");
		told_ns = now;
	}
	return true;
}

/* The main thread's look at the run: has a rate in percent follow the link. @return whether it is time to end */
static bool look(void)
{
	const struct nic_link *link = &gen.app.ports[0].link;

	progress(false); /* the time until now passed at the old speed */
	if (link->up && link->mbps && link->mbps != gen.target.link_mbps) {
		if (gen.args.rate.unit == GEN_RATE_PERCENT)
			gen.target.clock_speed *= (double)link->mbps / gen.target.link_mbps;
		gen.target.link_mbps = link->mbps;
		atomic_store_explicit(&gen.speed, gen.target.clock_speed, memory_order_relaxed);
		tell_above_line();
	}
	gen.stalled = gen.sending && stalled(link->up);
	if (gen.sending)
		return gen.stalled;
	return !gen.to_send || !wait_for_link(link->up);
}

/* Waits for packets that are still under way: until all came back, or nothing has come for a while. A capture's frames
 * cannot be told from those of others, who may never end: therefore it does not wait for long. */
static void drain(void)
{
	uint64_t start = app_now_ns(), since = start, before = 0;

	while (app_now_ns() - since < QUIET_NS && app_now_ns() - start < DRAIN_NS &&
		app_get(&gen.sequence.unique) < app_get(&gen.made)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		uint64_t received = gen.capture.file ? app_received(&gen.app) : app_get(&gen.sequence.unique);
		since = received != before ? app_now_ns() : since;
		before = received;
	}
}

static void stop(bool good)
{
	if (gen.sending)
		app_set(&gen.ended_at, elapsed());
	gen.sending = false;
	if (good)
		drain();
	gen.threads_end = true;
}

/* ---- The run ---- */

/* Makes the schedule as fast as the rate and the link say. */
static void pace(void)
{
	const struct app_port *port = &gen.app.ports[0];

	gen.target = (struct gen_target){
		.schedule = &gen.schedule,
		.has_rate = gen.args.rate.unit != GEN_RATE_UNLIMITED,
		.clock_speed = 1,
		.link_mbps = port->link.up && port->link.mbps ? port->link.mbps : port->info.max_link_mbps,
	};
	gen.speed = 1;
	gen.link_was_down = !port->link.up;
	gen_schedule_pace(&gen.schedule, &gen.args.rate, gen.capture.max_gap_ns, gen.target.link_mbps);
	tell_above_line();
}

static bool prepare(void)
{
	const struct app_port *ports = gen.app.ports;
	static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 1};
	/* A pool for sending alone: its buffers keep the template, and only the head of each packet is written. */
	unsigned count = gen.args.app.ring + 2 * APP_BURST_MAX + pkt_pool_slack(3);

	const uint8_t *to = gen.args.has_to ? gen.args.to : gen.app.port_count > 1 ? ports[1].info.mac : nobody;
	gen_udp_init(&gen.udp, gen.args.size - NIC_FCS_BYTES, to, ports[0].info.mac, gen.args.flows, gen_run_number());
	if (!gen.capture.file && !gen_schedule_add(&gen.schedule, NULL, gen.udp.bytes, 0))
		return app_error("no memory for a schedule");
	pace();
	if (gen.capture.file && !gen.args.loop && (!gen.to_send || gen.to_send > gen.schedule.count)) {
		if (gen.to_send && !gen.args.app.quiet)
			app_error("--count %llu: %s has %u frames to send, which are sent once; --loop starts again at "
				  "its end",
				(unsigned long long)gen.to_send, gen.capture.name, gen.schedule.count);
		gen.to_send = gen.schedule.count;
	}
	gen.many_buffers = gen.schedule.longest_bytes > PKT_DATA_BYTES;
	unsigned room = APP_BURST_MAX / buffers_of(gen.schedule.longest_bytes);
	gen.frames_per_burst = gen.args.app.burst < room ? gen.args.app.burst : room;
	gen.away_limit = (uint64_t)(AWAY_S * app_tsc_hz());
	gen.pool = app_open_pool(&gen.app, count);
	return gen.pool && (gen.capture.file || gen_udp_fill(&gen.udp, gen.pool, count));
}

static bool run(void)
{
	gen.sending = !app_stopping();
	gen.begun_tsc = app_tsc();
	bool good = app_run(&gen.app, &(struct app_work){threads(), work, stop, print_more, look, false});
	pkt_free(gen.pkts + gen.first_pending, gen.pending);
	/* Packets that stay in the card for want of a link are a failure where so many were asked for */
	unsigned long long unsent = gen.to_send ? app_unsent(&gen.app) : 0;
	if (unsent && good && !gen.stalled)
		app_error("%s: not all of the %llu packets asked for were sent: %llu stayed in the card",
			gen.args.app.addresses[0], (unsigned long long)gen.to_send, unsent);
	return good && !gen.stalled && !unsent;
}

/* Reads the capture, if one is to be replayed. */
static bool load(void)
{
	const struct gen_args *args = &gen.args;

	gen.to_send = args->count;
	gen.capture = (struct gen_capture){
		.file = args->replay,
		.mtu = gen_mtu(args),
		.own_timing = args->rate.unit == GEN_RATE_UNLIMITED,
		.max_gap_ns = args->max_gap_ns,
	};
	return !args->replay || gen_capture_load(&gen.capture, &gen.schedule, args->strict, args->app.quiet);
}

int main(int argc, char **argv)
{
	gen_parse(&gen.args, argc, argv);
	app_catch_signals();
	bool good = load(), early = app_stopping();
	if (early && !gen.args.app.quiet)
		app_error("ended before any port was opened: nothing was sent");
	good = early || (good && app_open(&gen.app, &gen.args.app, 2) && prepare() && run());

	good = app_close(&gen.app) && good;
	gen_schedule_free(&gen.schedule);
	return good ? APP_OK : APP_FAILED;
}
