/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's engine: its threads, and the trials that the main thread has them do. */
#include "gen_traffic.h"

#include "app_base.h"
#include "app_figures.h"
#include "app_halt.h"
#include "app_nap.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_sample.h"

#include <errno.h>

#define QUIET_NS UINT64_C(250000000) /* when nothing came back for so long after the last packet, nothing will */
#define DRAIN_NS UINT64_C(3000000000)
#define TURNS_S  0.02  /* for so long turns without traffic are measured */
#define AWAY_S   0.001 /* between two looks at the schedule: a thread that takes longer has lost its CPU */

static unsigned queues(const struct gen_traffic *t)
{
	return t->app->options->queues;
}

/* Whether receiving has threads of its own. */
static bool is_split(const struct app_options *options)
{
	return options->cpu_count == 2 * options->queues;
}

unsigned gen_traffic_threads(const struct app_options *options)
{
	return is_split(options) ? 2 * options->queues : options->queues;
}

/* ---- Threads ---- */

/* Takes what has come by the queues of this index. False: there was nothing. */
static bool receive(struct gen_traffic *t, unsigned queue, uint64_t taken_tsc)
{
	bool found = false;

	for (unsigned i = 0; i < t->app->port_count; i++)
		found |= gen_receive(&t->receivers[queue], t->app, i, queue, taken_tsc);
	return found;
}

static bool receives(const struct gen_traffic *t, unsigned thread)
{
	return !is_split(t->app->options) || thread >= queues(t);
}

void gen_traffic_turn(struct gen_traffic *t, unsigned thread, uint64_t now_tsc, uint64_t taken_tsc)
{
	struct app_worker *worker = &app_workers[thread];
	unsigned queue = thread % queues(t);
	bool sends = thread < t->sending.senders;

	/* the time until the port is reset counts as that of a card that takes no more */
	if (app_halt_point() && sends)
		t->senders[queue].ring_was_full = true;
	if (!sends)
		app_polled(worker, now_tsc);
	bool sending = sends && t->sending.on;
	if (sending)
		gen_send(&t->senders[queue], now_tsc);
	else if (sends && t->senders[queue].pending)
		gen_sender_take_back(&t->senders[queue]);
	if (!receives(t, thread))
		return;
	bool found = receive(t, queue, taken_tsc);
	if (!sending)
		app_looked(worker, found, APP_NAP_US);
}

/* Measures turns of a thread until the trial begins: those that find nothing. */
static void measure_turns(struct gen_traffic *t, unsigned thread)
{
	struct gen_receiver *receiver = &t->receivers[thread % queues(t)];

	for (uint64_t now = app_tsc(), begun = t->sending.begun_tsc; now < begun && !t->threads_end;) {
		uint64_t before = now;
		app_halt_point();
		app_polled(&app_workers[thread], now);
		bool found = receives(t, thread) && receive(t, thread % queues(t), 0);
		now = app_tsc();
		if (receiver->turns && !found && receives(t, thread))
			gen_histogram_add(receiver->turns, now - before, 1);
	}
}

void gen_traffic_work(struct gen_traffic *t, unsigned thread)
{
	measure_turns(t, thread);
	while (!t->threads_end)
		gen_traffic_turn(t, thread, app_tsc(), 0);
	if (thread < t->sending.senders)
		gen_sender_take_back(&t->senders[thread]);
}

void gen_traffic_stop(struct gen_traffic *t)
{
	t->threads_end = true;
}

/* ---- What was done ---- */

uint64_t gen_traffic_sum(const struct gen_traffic *t, size_t offset)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < t->sending.senders; i++)
		all += app_get((const _Atomic uint64_t *)((const char *)&t->senders[i] + offset));
	return all;
}

void gen_traffic_result(const struct gen_traffic *t, struct gen_result *result, uint64_t sent)
{
	gen_result_take(result, t->receivers, queues(t), !t->sending.on, sent);
}

void gen_traffic_latency(const struct gen_traffic *t, unsigned stream, struct gen_latency *sum)
{
	gen_result_latency(sum, t->receivers, queues(t), stream);
}

void gen_traffic_turns(const struct gen_traffic *t, struct gen_histogram *sum)
{
	gen_histogram_clear(sum);
	for (unsigned i = 0; i < queues(t); i++)
		if (t->receivers[i].turns)
			gen_histogram_merge(sum, t->receivers[i].turns);
}

uint64_t gen_traffic_made(const struct gen_traffic *t)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < t->sending.senders * t->streams; i++)
		all += gen_made_all(&t->senders[i / t->streams].made[i % t->streams]);
	return all;
}

/* How far one stream is. Where senders lost time, the mean of all counts. */
static struct gen_progress progress_of(const struct gen_traffic *t, unsigned stream, bool end)
{
	const struct app_port *port = &t->app->ports[0];
	const unsigned senders = t->sending.senders;
	const double hz = app_tsc_hz();
	/* Where sending ends, what is due later is not late. */
	uint64_t now = (uint64_t)(t->seconds * hz), ended = now < t->sending.end_at ? now : t->sending.end_at;
	double wait = GEN_WAIT_MAX; /* from then until the first frame is due that was not sent */
	struct gen_progress p = {
		.seconds = t->seconds,
		.clock_s = t->schedules[stream].in_percent ? t->clock_s : t->seconds,
		.link_down_s = t->down_s,
		.waited = t->stall.waited,
		.pause_frames = port->link.pause & NIC_PAUSE_RX ? t->app->latest.ports[0].card.rx_pause_frames : 0,
		.ring_full_cycles = GEN_TRAFFIC_SUM(t, ring_full_cycles) / senders,
		.cpu_lost_cycles = GEN_TRAFFIC_SUM(t, cpu_lost_cycles) / senders,
	};

	for (unsigned i = 0; i < senders; i++) {
		const struct gen_schedule *s = &t->senders[i].lanes[stream].schedule;
		p.frames += gen_made_all(&t->senders[i].made[stream]);
		p.given_up_cycles += app_get(&s->given_up_cycles) / senders;
		p.held_up_cycles += app_get(&s->held_up_cycles) / senders;
		p.unread_cycles += app_get(&s->unread_cycles) / senders;
		double w = end ? gen_schedule_wait(s, ended) : 0;
		wait = w < wait ? w : wait;
	}
	/* Where all were on time, the gap behind the last frame is counted too, as n frames take n gaps. */
	if (end && wait > 0 && !p.waited) {
		double more = ((double)ended + wait) / hz - p.seconds;
		p.seconds += more;
		p.clock_s += more * (t->schedules[stream].in_percent ? t->speed : 1);
	}
	return p;
}

void gen_traffic_look_at(struct gen_traffic *t, struct gen_moment *moment, bool end)
{
	double hz = app_tsc_hz(),
	       now = (double)(t->sending.on ? gen_elapsed(&t->sending) : app_get(&t->sending.ended_at)) / hz, bits = 0;

	t->clock_s += (now - t->seconds) * t->speed;
	t->down_s += t->link_was_down ? now - t->seconds : 0;
	t->link_was_down = !t->app->ports[0].link.up;
	t->seconds = now;
	moment->sent = t->app->latest.ports[0].card.tx_packets - t->frames_before;
	for (unsigned i = 0; i < t->streams; i++) {
		struct gen_progress *p = &moment->streams[i];
		*p = progress_of(t, i, end);
		p->frames = t->streams == 1 ? moment->sent : p->frames;
		bits += (double)p->frames * gen_schedule_mean(&t->schedules[i]).bits;
	}
	for (unsigned i = 0; i < t->streams; i++)
		moment->streams[i].line_bits = bits;
}

void gen_traffic_outcome(const struct gen_traffic *t, const struct gen_moment *from, const struct gen_moment *to,
	struct gen_outcome streams[GEN_STREAMS], struct gen_outcome *all)
{
	const struct gen_progress start = {.seconds = 0};
	bool first = true;

	*all = (struct gen_outcome){.asked_pps = 0};
	for (unsigned i = 0; i < t->streams; i++) {
		streams[i] = gen_outcome_of(&t->targets[i], from ? &from->streams[i] : &start, &to->streams[i]);
		if (t->sends[i])
			gen_outcome_add(all, &streams[i], first);
		first = first && !t->sends[i];
	}
}

double gen_traffic_wait_s(const struct gen_traffic *t)
{
	uint64_t now = gen_elapsed(&t->sending), until = UINT64_MAX;

	for (unsigned i = 0; i < t->sending.senders; i++) {
		uint64_t due_at = t->senders[i].done ? UINT64_MAX : app_get(&t->senders[i].next_due_at);
		until = due_at < until ? due_at : until;
	}
	return t->sending.on && until > now ? (double)(until - now) / app_tsc_hz() : 0;
}

/* ---- Trials ---- */

/* Makes targets of the schedules, and tells when they are more than the link carries. */
static void set_targets(struct gen_traffic *t)
{
	double bits = 0;
	bool rates = true;

	for (unsigned i = 0; i < t->streams; i++) {
		const struct gen_schedule *s = &t->schedules[i];
		struct gen_target *target = &t->targets[i];
		*target = (struct gen_target){
			.schedule = s,
			.has_rate = s->limited && s->per_ns <= 0,
			.speed = s->in_percent ? t->speed : 1,
			.link_mbps = t->link_mbps,
		};
		bits += t->sends[i] ? gen_target_bits(target) : 0;
		rates = rates && target->has_rate;
	}
	/* a millionth more is rounding */
	bool above = bits > 1.000001e6 * t->link_mbps;
	for (unsigned i = 0; i < t->streams; i++)
		t->targets[i].above_line = above;
	if (above && !t->app->options->quiet)
		app_error("%s: more than a link of %u Mbit/s carries, with framing: %s",
			!rates           ? "the capture"
			: t->streams > 1 ? "the streams' rates"
					 : "--rate",
			t->link_mbps, rates ? "the rest is given up" : "it takes longer");
}

/* Packets that the ring has taken, and the card has not sent. Of a device that does not tell, there are none. */
static uint64_t in_card(const struct gen_traffic *t)
{
	const struct app_port *port = &t->app->ports[0];
	uint64_t taken = app_sent(port, queues(t));
	struct nic_stats card;

	if (nic_get_stats(port->nic, &card) < 0)
		return 0;
	uint64_t out = card.tx_packets + card.tx_bad_packets + card.tx_unsent; /* the last: lost by a reset */
	return taken > out ? taken - out : 0;
}

/* Whether sending ends by itself, rather than when somebody ends it. */
static bool has_end(const struct gen_traffic *t)
{
	return t->asked || t->trial.duration_s > 0 || (t->options.replay && t->options.replay->loops);
}

bool gen_traffic_look(struct gen_traffic *t)
{
	const struct nic_link *link = &t->app->ports[0].link;
	static struct gen_moment now; /* which nobody needs: the time until now passed at the old speed */

	gen_traffic_look_at(t, &now, false);
	if (link->up && link->mbps && link->mbps != t->link_mbps) {
		t->speed *= (double)link->mbps / t->link_mbps;
		t->link_mbps = link->mbps;
		atomic_store_explicit(&t->sending.speed, t->speed, memory_order_relaxed);
		set_targets(t);
	}
	if (t->sending.on)
		return gen_stall_sending(&t->stall, link->up, has_end(t), app_sent(&t->app->ports[0], queues(t)),
			GEN_TRAFFIC_SUM(t, ring_full_cycles), app_now_ns());
	/* All that was asked for is in the ring. While the link is down it waits there, and then until the card has
	 * sent it. That a card with a link sends it, the stop of the port sees to. */
	if (!has_end(t))
		return true;
	bool waits =
		gen_stall_waiting(&t->stall, link->up, link->up && !t->stall.waited ? 0 : in_card(t), app_now_ns());
	if (t->stall.waited) /* the time counts: what the card has not sent is not sent */
		app_set(&t->sending.ended_at, gen_elapsed(&t->sending));
	return !waits;
}

/* Makes the schedules as fast as the rates and the link say, and gives each sender its share. */
static void begin_streams(struct gen_traffic *t)
{
	const struct app_port *port = &t->app->ports[0];
	bool all_end = true;

	t->link_mbps = port->link.up && port->link.mbps ? port->link.mbps : port->info.max_link_mbps;
	t->speed = 1;
	t->sending.speed = 1;
	t->link_was_down = !port->link.up;
	t->asked = 0;
	for (unsigned i = 0; i < t->streams; i++) {
		const struct gen_stream *stream = t->options.replay ? NULL : &t->options.streams[i];
		const struct gen_rate *rate =
			stream && t->trial.rate.unit == GEN_RATE_UNLIMITED ? &stream->rate : &t->trial.rate;
		uint64_t count = stream && stream->count ? stream->count : t->trial.count;
		t->sends[i] = t->trial.stream == GEN_ALL_STREAMS || t->trial.stream == i;
		gen_schedule_init(
			&t->schedules[i], stream ? &t->makers.each[i] : NULL, t->options.replay, rate, t->link_mbps);
		t->asked += t->sends[i] ? count : 0;
		all_end = all_end && (count || !t->sends[i]);
		for (unsigned j = 0; j < t->sending.senders && t->sends[i]; j++)
			gen_sender_begin_lane(&t->senders[j], j, i, &t->schedules[i], count);
	}
	t->asked = all_end ? t->asked : 0;
	set_targets(t);
}

/* Halts the threads, so that what they count can be set to zero. */
static void halt(const struct gen_traffic *t)
{
	struct pollfd fd;

	app_halt_threads();
	while (!app_all_halted(gen_traffic_threads(t->app->options)))
		app_sleep(&fd, 1, app_now_ns() + 1000000);
}

void gen_traffic_begin(struct gen_traffic *t, const struct gen_trial *trial)
{
	if (t->trials++)
		halt(t);
	t->trial = *trial;
	t->stall = (struct gen_stall){.quiet = t->app->options->quiet};
	t->seconds = t->clock_s = t->down_s = 0;
	t->sending.start_tsc = t->sending.ended_at = 0;
	t->sending.begun_tsc = app_tsc();
	if (t->trials == 1 && t->options.latency_each)
		t->sending.begun_tsc += (uint64_t)(TURNS_S * app_tsc_hz());
	t->sending.end_at = trial->duration_s > 0 ? (uint64_t)(trial->duration_s * app_tsc_hz()) : UINT64_MAX;
	uint64_t most = 0;
	for (unsigned i = 0; i < t->sending.senders * t->streams; i++) {
		uint64_t made = gen_made_all(&t->senders[i / t->streams].made[i % t->streams]);
		most = made > most ? made : most;
	}
	t->reception.made_before = t->sending.made_before += most;
	for (unsigned i = 0; i < t->sending.senders; i++)
		gen_sender_begin(&t->senders[i]);
	begin_streams(t);
	t->sending.left = 0;
	for (unsigned i = 0; i < t->sending.senders; i++)
		t->sending.left += !t->senders[i].done;
	for (unsigned i = 0; t->trials > 1 && i < queues(t); i++)
		gen_receiver_begin(&t->receivers[i]);
	if (t->trials > 1)
		app_take_sample(t->app, &t->app->latest);
	t->frames_before = t->app->latest.ports[0].card.tx_packets;
	t->sending.on = t->sending.left && !app_stopping();
	if (t->trials > 1)
		app_release_threads();
}

/* Waits for packets that are still under way. A capture's frames cannot be told from those of others, who may never
 * end: therefore it does not wait for long. */
static void drain(const struct gen_traffic *t)
{
	uint64_t start = app_now_ns(), since = start, before = 0;

	while (app_now_ns() - since < QUIET_NS && app_now_ns() - start < DRAIN_NS &&
		gen_result_own(t->receivers, queues(t)) < gen_traffic_made(t)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		uint64_t received = t->options.replay ? app_received(t->app) : gen_result_own(t->receivers, queues(t));
		since = received != before ? app_now_ns() : since;
		before = received;
	}
}

void gen_traffic_end(struct gen_traffic *t, bool good)
{
	if (t->sending.on)
		app_set(&t->sending.ended_at, gen_elapsed(&t->sending));
	t->sending.on = false;
	if (good)
		drain(t);
}

bool gen_traffic_open(struct gen_traffic *t, struct app *app, const struct gen_traffic_options *options)
{
	static const uint8_t nobody[6] = {2, 0, 0, 0, 0, 1};
	const struct app_port *ports = app->ports;
	const unsigned n = app->options->queues, threads = gen_traffic_threads(app->options);
	/* A pool for sending alone: its buffers keep the template, and only the head of each packet is written. */
	unsigned senders = options->replay ? 1 : n;
	unsigned count = senders * (app->options->ring + 2 * APP_BURST_MAX) + pkt_pool_slack(threads + 2);

	t->app = app;
	t->options = *options;
	const uint8_t *to = options->to ? options->to : app->port_count > 1 ? ports[1].info.mac : nobody;
	gen_makers_init(
		&t->makers, options->streams, options->stream_count, options->seed, senders, to, ports[0].info.mac);
	t->streams = options->replay ? 1 : options->stream_count;
	unsigned longest = options->replay ? options->replay->longest_bytes : 0;
	for (unsigned i = 0; !options->replay && i < t->streams; i++) {
		unsigned bytes = gen_maker_longest(&t->makers.each[i]);
		longest = bytes > longest ? bytes : longest;
		gen_sizes_init(&t->reception.sizes[i], &options->streams[i]);
	}
	unsigned room = APP_BURST_MAX / gen_buffers_of(longest);
	t->sending = (struct gen_sending){
		.makers = &t->makers,
		.sizes = t->reception.sizes,
		.pool = app_open_pool(app, count),
		.senders = senders,
		.lanes = t->streams,
		.frames_per_burst = app->options->burst < room ? app->options->burst : room,
		.many_buffers = longest > PKT_DATA_BYTES,
		.away_limit = (uint64_t)(AWAY_S * app_tsc_hz()),
	};
	for (unsigned i = 0; i < senders; i++)
		if (!gen_sender_open(&t->senders[i], &t->sending, i, &app->ports[0].queues[i]))
			return app_error("no memory for a sender");
	t->reception.makers = options->replay ? NULL : &t->makers;
	t->reception.latency_each = options->latency_each;
	for (unsigned i = 0; i < senders; i++)
		t->reception.made[i] = t->senders[i].made;
	for (unsigned i = 0; i < n * app->port_count; i++)
		app_watch(&app_workers[threads - n + i % n], ports[i / n].queues[i % n].rx);
	for (unsigned i = 0; i < n; i++)
		if (!gen_receiver_init(&t->receivers[i], &t->reception))
			return app_error("no memory to account for packets");
	return t->sending.pool && (options->replay || gen_makers_fill(t->sending.pool, count));
}

void gen_traffic_close(struct gen_traffic *t)
{
	for (unsigned i = 0; i < t->sending.senders; i++)
		gen_sender_close(&t->senders[i]);
	for (unsigned i = 0; i < APP_QUEUES; i++)
		gen_receiver_free(&t->receivers[i]);
	gen_makers_free(&t->makers);
}
