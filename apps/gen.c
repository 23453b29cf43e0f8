/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-gen: sends numbered packets, or those of a capture file, at a chosen rate, and accounts for what comes back.
 */
#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_run.h"
#include "gen_args.h"
#include "gen_capture.h"
#include "gen_progress.h"
#include "gen_receive.h"
#include "gen_schedule.h"
#include "gen_send.h"

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
	bool stalled;             /* ended because the card sent nothing */
	bool waited;              /* all was in the ring, and the link was down */
	atomic_bool threads_end;

	struct gen_sending sending;
	struct gen_sender senders[APP_QUEUES];
	struct gen_receiver receivers[APP_QUEUES];
	struct gen_stream stream;
	struct gen_makers makers;
	struct app app;
} gen;

static unsigned queues(void)
{
	return gen.args.app.queues;
}

/* ---- Threads ---- */

/* Whether receiving has threads of its own. */
static bool is_split(void)
{
	return gen.args.app.cpu_count == 2 * queues();
}

static unsigned threads(void)
{
	return is_split() ? 2 * queues() : queues();
}

static void work(unsigned index)
{
	unsigned queue = index % queues();
	bool sends = index < gen.sending.senders, receives = !is_split() || index >= queues();

	if (sends)
		gen_begin(&gen.sending, app_tsc());
	while (!gen.threads_end) {
		bool found = false;
		/* the time until the port is reset counts as that of a card that takes no more */
		if (app_halt_point() && sends)
			gen.senders[queue].ring_was_full = true;
		if (!sends)
			app_polled(&app_workers[index], app_tsc());
		if (sends && gen.sending.on)
			gen_send(&gen.senders[queue]);
		for (unsigned i = 0; receives && i < gen.app.port_count; i++)
			found |= gen_receive(&gen.receivers[queue], &gen.app, i, queue);
		if (receives && !(sends && gen.sending.on))
			app_looked(&app_workers[index], found, APP_NAP_US);
	}
}

/* ---- Statistics ---- */

/* Adds up one counter of all senders. offset: its place in struct gen_sender */
static uint64_t sum(size_t offset)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < gen.sending.senders; i++)
		all += app_get((const _Atomic uint64_t *)((const char *)&gen.senders[i] + offset));
	return all;
}
#define SUM(member) sum(offsetof(struct gen_sender, member))

/* How far sending is. end: the sending threads have ended. Senders share the rate: where they lost time, the mean of
 * all counts. */
static struct gen_progress progress(bool end)
{
	/* At the last call: by our clock, by the schedule's, and how much of it the link was down. */
	static double seconds, clock_s, down_s;
	const unsigned senders = gen.sending.senders;
	double hz = app_tsc_hz(),
	       now = (double)(gen.sending.on ? gen_elapsed(&gen.sending) : app_get(&gen.sending.ended_at)) / hz;

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
		.pause_frames =
			gen.app.ports[0].link.pause & NIC_PAUSE_RX ? gen.app.latest.ports[0].card.rx_pause_frames : 0,
		.given_up_cycles = SUM(schedule.given_up_cycles),
		.held_up_cycles = SUM(schedule.held_up_cycles) / senders,
		.ring_full_cycles = SUM(ring_full_cycles) / senders,
		.cpu_lost_cycles = SUM(cpu_lost_cycles) / senders,
	};
	uint64_t last_sent_at = 0;
	for (unsigned i = 0; i < senders; i++) {
		uint64_t sent_at = app_get(&gen.senders[i].last_sent_at);
		last_sent_at = sent_at > last_sent_at ? sent_at : last_sent_at;
		end = end && gen_schedule_wait(&gen.senders[i].schedule, now * hz) > 0;
	}
	/* Where all were on time, the gap behind the last frame is counted too, as n frames take n gaps. */
	if (end) {
		double gap = app_ratio(gen.schedule.round_cycles, gen.schedule.count * gen.target.clock_speed * hz);
		p.seconds = (double)last_sent_at / hz + gap;
		p.clock_s += (p.seconds - now) * gen.target.clock_speed;
	}
	return p;
}

static void print_wait(FILE *out, bool json)
{
	uint64_t now = gen_elapsed(&gen.sending), until = UINT64_MAX;

	for (unsigned i = 0; i < gen.sending.senders; i++) {
		uint64_t due_at = gen.senders[i].done ? UINT64_MAX : app_get(&gen.senders[i].next_due_at);
		until = due_at < until ? due_at : until;
	}
	double wait_s = gen.sending.on && until > now ? (double)(until - now) / app_tsc_hz() : 0;

	if (json)
		fprintf(out, ",\"next_frame_s\":%.6f", wait_s);
	else if (wait_s > WAIT_S)
		fprintf(out, "generator: nothing to send for %.0f s: until then no frame is due\n", wait_s);
}

struct totals {
	uint64_t sent, unsent, received, ring_full_times, count;
	const char *as_known;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"sent", "generator: %llu packets sent", AT(sent)},
	{"not_sent", ", %llu not sent by the card", AT(unsent), APP_ZERO_IS_NOTHING},
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
		.unsent = app_unsent(&gen.app),
		.received = app_received(&gen.app),
		.ring_full_times = SUM(ring_full_times),
		.count = gen.args.count,
		.as_known = app_gone(&gen.app) ? APP_AS_KNOWN : "",
	};

	struct gen_received received = gen_received(gen.receivers, queues());

	if (json || total)
		app_figures_print(out, json, packets, &t);
	if (!json && total && t.count > t.sent)
		fprintf(out, "generator: %llu were asked for%s\n", (unsigned long long)t.count,
			gen.to_send < t.count ? ": the capture has no more, and --loop starts it again" : "");
	if (!gen.capture.file && (json || total))
		gen_received_print(&received, out, json, !gen.sending.on, t.sent);
	gen_progress_print(&gen.target, total ? &first : &last, &now, out, json);
	if (!total)
		print_wait(out, json);
	else if (gen.capture.file)
		gen_capture_print(&gen.capture, out, json);
	if (total)
		app_cpu_print(out, json);
	last = now;
}

static void more_metrics(struct app_metrics *m)
{
	struct gen_progress now = progress(!gen.sending.on);
	struct gen_received r = gen_received(gen.receivers, queues());
	const struct app_metric all[] = {
		{"gen_own", "packets", "Different frames of its own that came back as they were.", .count = r.unique},
		{"gen_reordered", "packets", "Of these, those that came after one that was sent later.",
			.count = r.reordered},
		{"gen_duplicate", "packets", "Frames of its own that came again.", .count = r.duplicates},
		{"gen_stale", "packets", "Frames too late to tell whether they came before.", .count = r.stale},
		{"gen_corrupted", "packets", "Frames of its own that came back changed.", .count = r.corrupted},
		{"gen_foreign", "packets", "Frames of others.", .count = r.foreign},
		{"gen_held_up", "seconds", "Time that could not be made up for: the rate was not kept.",
			.real = (double)now.held_up_cycles / app_tsc_hz()},
		{"gen_tx_ring_full", "events", "Times that the transmit ring was full.", .count = SUM(ring_full_times)},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		app_metrics_add_port(m, &all[i], 0);
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
	uint64_t now = app_now_ns(), sent_now = app_sent(&gen.app.ports[0], queues()), full_now = SUM(ring_full_cycles);

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
	uint64_t taken = app_sent(port, queues());
	struct nic_stats card;

	if (nic_get_stats(port->nic, &card) < 0)
		return 0;
	uint64_t out = card.tx_packets + card.tx_bad_packets + card.tx_unsent; /* the last: lost by a reset */
	return taken > out ? taken - out : 0;
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
		app_set(&gen.sending.ended_at, gen_elapsed(&gen.sending));
		app_set(&gen.senders[0].last_sent_at, gen_elapsed(&gen.sending));
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
		atomic_store_explicit(&gen.sending.speed, gen.target.clock_speed, memory_order_relaxed);
		tell_above_line();
	}
	gen.stalled = gen.sending.on && stalled(link->up);
	if (gen.sending.on)
		return gen.stalled;
	return !gen.to_send || !wait_for_link(link->up);
}

/* Waits for packets that are still under way: until all came back, or nothing has come for a while. A capture's frames
 * cannot be told from those of others, who may never end: therefore it does not wait for long. */
static void drain(void)
{
	uint64_t start = app_now_ns(), since = start, before = 0;

	while (app_now_ns() - since < QUIET_NS && app_now_ns() - start < DRAIN_NS &&
		gen_received(gen.receivers, queues()).unique < SUM(made)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		uint64_t received =
			gen.capture.file ? app_received(&gen.app) : gen_received(gen.receivers, queues()).unique;
		since = received != before ? app_now_ns() : since;
		before = received;
	}
}

static void stop(bool good)
{
	if (gen.sending.on)
		app_set(&gen.sending.ended_at, gen_elapsed(&gen.sending));
	gen.sending.on = false;
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
	gen.sending.speed = 1;
	gen.link_was_down = !port->link.up;
	gen_schedule_pace(&gen.schedule, &gen.args.rate, gen.capture.max_gap_ns, gen.target.link_mbps);
	tell_above_line();
}

static bool prepare(void)
{
	const struct app_port *ports = gen.app.ports;
	static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 1};
	/* A pool for sending alone: its buffers keep the template, and only the head of each packet is written. */
	unsigned senders = gen.capture.file ? 1 : queues();
	unsigned count = senders * (gen.args.app.ring + 2 * APP_BURST_MAX) + pkt_pool_slack(threads() + 2);

	const uint8_t *to = gen.args.has_to ? gen.args.to : gen.app.port_count > 1 ? ports[1].info.mac : nobody;
	gen_stream_default(&gen.stream, gen.args.size, gen.args.flows);
	gen_makers_init(&gen.makers, &gen.stream, 1, gen_random_seed(), senders, to, ports[0].info.mac);
	if (!gen.capture.file && !gen_schedule_add(&gen.schedule, NULL, gen.args.size - NIC_FCS_BYTES, 0))
		return app_error("no memory for a schedule");
	pace();
	if (gen.capture.file && !gen.args.loop && (!gen.to_send || gen.to_send > gen.schedule.count)) {
		if (gen.to_send && !gen.args.app.quiet)
			app_error("--count %llu: %s has %u frames to send, which are sent once; --loop starts again at "
				  "its end",
				(unsigned long long)gen.to_send, gen.capture.name, gen.schedule.count);
		gen.to_send = gen.schedule.count;
	}
	unsigned longest = gen.schedule.longest_bytes, room = APP_BURST_MAX / gen_buffers_of(longest);
	gen.sending = (struct gen_sending){
		.makers = &gen.makers,
		.pool = app_open_pool(&gen.app, count),
		.senders = senders,
		.frames_per_burst = gen.args.app.burst < room ? gen.args.app.burst : room,
		.many_buffers = longest > PKT_DATA_BYTES,
		.away_limit = (uint64_t)(AWAY_S * app_tsc_hz()),
		.speed = 1,
	};
	for (unsigned i = 0; i < senders; i++) {
		gen_sender_init(&gen.senders[i], &gen.sending, i, &gen.schedule, gen.to_send);
		gen.senders[i].queue = &gen.app.ports[0].queues[i];
		gen.sending.left += !gen.senders[i].done;
	}
	for (unsigned i = 0; i < queues() * gen.app.port_count; i++) {
		unsigned queue = i % queues();
		app_watch(&app_workers[is_split() ? queues() + queue : queue], ports[i / queues()].queues[queue].rx);
	}
	for (unsigned i = 0; i < queues(); i++)
		if (!gen_receiver_init(&gen.receivers[i], gen.capture.file ? NULL : gen.senders, &gen.sending))
			return app_error("no memory to account for packets");
	return gen.sending.pool && (gen.capture.file || gen_makers_fill(gen.sending.pool, count));
}

static bool run(void)
{
	gen.sending.on = !app_stopping();
	gen.sending.begun_tsc = app_tsc();
	bool good = app_run(&gen.app, &(struct app_work){.thread_count = threads(),
					      .thread_work = work,
					      .stop_threads = stop,
					      .print_more = print_more,
					      .more_metrics = more_metrics,
					      .is_done = look});
	for (unsigned i = 0; i < gen.sending.senders; i++)
		pkt_free(gen.senders[i].pkts + gen.senders[i].first_pending, gen.senders[i].pending);
	/* Packets that stay in the card for want of a link are a failure where so many were asked for. What a reset
	 * has lost is told as by all programs, and is none: packets get lost. */
	const struct nic_stats *card = &gen.app.latest.ports[0].card;
	unsigned long long unsent = gen.to_send && !card->resets ? card->tx_unsent : 0;
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
	good = early || (good && app_open(&gen.app, &gen.args.app, threads()) && prepare() && run());

	good = app_close(&gen.app) && good;
	gen_schedule_free(&gen.schedule);
	for (unsigned i = 0; i < queues(); i++)
		gen_receiver_free(&gen.receivers[i]);
	return good ? APP_OK : APP_FAILED;
}
