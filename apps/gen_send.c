/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's senders: packets are made in bursts when the schedules say so, and wait for room in the ring. */
#include "gen_send.h"

#include "app_base.h"

#include <stdlib.h>
#include <string.h>

/* For what is rare, or takes long anyway: inlined, it would take registers from what every burst does. */
#define RARE __attribute__((noinline))

bool gen_sender_open(struct gen_sender *s, struct gen_sending *shared, unsigned index, struct app_queue *queue)
{
	const unsigned lanes = shared->lanes;

	*s = (struct gen_sender){.shared = shared, .queue = queue, .worker = &app_workers[index]};
	s->lanes = aligned_alloc(_Alignof(struct gen_lane), lanes * sizeof(*s->lanes));
	s->made = aligned_alloc(_Alignof(struct gen_made), lanes * sizeof(*s->made));
	if (!s->lanes || !s->made)
		return false;
	memset(s->lanes, 0, lanes * sizeof(*s->lanes));
	memset(s->made, 0, lanes * sizeof(*s->made));
	return true;
}

void gen_sender_close(struct gen_sender *s)
{
	gen_sender_take_back(s);
	free(s->lanes);
	free(s->made);
	s->lanes = NULL;
	s->made = NULL;
}

void gen_sender_begin(struct gen_sender *s)
{
	gen_sender_take_back(s);
	memset(s->lanes, 0, s->shared->lanes * sizeof(*s->lanes));
	memset(s->made, 0, s->shared->lanes * sizeof(*s->made));
	s->speed = 1;
	s->last_look = s->look_at = 0;
	s->ring_was_full = false;
	s->done = true;
	app_set(&s->ring_full_times, 0);
	app_set(&s->ring_full_cycles, 0);
	app_set(&s->cpu_lost_cycles, 0);
	app_set(&s->last_sent_at, 0);
	app_set(&s->next_due_at, 0);
}

void gen_sender_begin_lane(
	struct gen_sender *s, unsigned index, unsigned number, const struct gen_schedule *all, uint64_t count)
{
	const unsigned senders = s->shared->senders;
	struct gen_lane *lane = &s->lanes[number];

	gen_schedule_share(&lane->schedule, all, index, s->shared->made_before * senders);
	lane->left = count ? count / senders + (index < count % senders) : UINT64_MAX;
	s->done = s->done && !lane->left;
}

void gen_sender_take_back(struct gen_sender *s)
{
	unsigned bytes = NIC_FCS_BYTES;

	for (unsigned i = s->first_pending; i < s->first_pending + s->pending; i++) {
		bytes += s->pkts[i].len;
		if (s->pkts[i].flags & PKT_MORE)
			continue;
		unsigned lane = s->lane_of[i];
		app_add(&s->made[lane].frames[gen_sizes_find(&s->shared->sizes[lane], bytes)], UINT64_MAX);
		bytes = NIC_FCS_BYTES;
	}
	pkt_free(s->pkts + s->first_pending, s->pending);
	s->pending = 0;
}

uint64_t gen_elapsed(const struct gen_sending *shared)
{
	uint64_t start = app_get(&shared->start_tsc);

	return start ? app_tsc() - start : 0;
}

/* To start a thread takes some time; a thread that starts later than that had no CPU, and the time without counts. */
static RARE uint64_t start(struct gen_sending *shared, uint64_t now_tsc)
{
	uint64_t none = 0, begun = shared->begun_tsc;

	atomic_compare_exchange_strong(
		&shared->start_tsc, &none, now_tsc - begun > shared->away_limit ? begun : now_tsc);
	return app_get(&shared->start_tsc);
}

/* ---- Frames ---- */

/* Writes a frame of a stream or, if there is one, a captured frame into `pieces` buffers. */
static void write_pieces(const struct gen_maker *maker, const struct gen_replay_frame *frame, uint64_t number,
	uint64_t tsc, struct pkt *pkts, unsigned pieces, unsigned left)
{
	for (unsigned i = 0; i < pieces; i++) {
		unsigned bytes = left < PKT_DATA_BYTES ? left : PKT_DATA_BYTES;
		if (frame)
			memcpy(pkts[i].data, frame->data + i * PKT_DATA_BYTES, bytes);
		else if (i == 0)
			gen_maker_write(maker, number, tsc, pkts[i].data);
		else
			gen_maker_write_piece(maker, pkts[i].data);
		left -= bytes;
		pkts[i].len = (uint16_t)bytes;
		pkts[i].flags = left ? PKT_MORE : 0;
	}
}

/* Makes frames that are captured ones, or may take several buffers each. @return handles */
static RARE unsigned make_long(
	struct gen_sender *s, const struct gen_lane *lane, uint64_t number, uint64_t tsc, unsigned frames)
{
	struct pkt *pkts = s->pkts + s->pending;
	const struct gen_maker *maker = lane->schedule.maker;
	unsigned made = 0;

	for (unsigned i = 0; i < frames; i++, number += s->shared->senders) {
		const struct gen_replay_frame *frame = maker ? NULL : gen_replay_next(lane->schedule.replay);
		unsigned bytes = frame ? frame->bytes : gen_maker_bytes(maker, number), pieces = gen_buffers_of(bytes),
			 got = pkt_alloc(s->shared->pool, pkts + made, pieces);
		if (got < pieces) {
			pkt_free(pkts + made, got);
			break;
		}
		write_pieces(maker, frame, number, tsc, pkts + made, pieces, bytes);
		made += pieces;
	}
	return made;
}

/* Counts frames, from this number on, by their sizes. */
static RARE void count_sizes(struct gen_sender *s, unsigned index, uint64_t number, unsigned frames)
{
	const struct gen_maker *maker = s->lanes[index].schedule.maker;
	const struct gen_sizes *sizes = &s->shared->sizes[index];

	for (unsigned i = 0; i < frames; i++, number += s->shared->senders)
		app_add(&s->made[index].frames[gen_sizes_find(sizes, gen_maker_bytes(maker, number) + NIC_FCS_BYTES)],
			1);
}

/* Makes frames of a lane that are due by then, behind those that are pending. Inline, as it has a tenth of the
 * instructions of a burst. @return how many */
static inline __attribute__((always_inline)) unsigned make(
	struct gen_sender *s, unsigned index, uint64_t until, unsigned most)
{
	/* The pool has enough for a full ring and two bursts of each sender: it never runs out. */
	const struct gen_sending *shared = s->shared;
	struct gen_lane *lane = &s->lanes[index];
	const struct gen_maker *maker = lane->schedule.maker;
	uint64_t number = lane->schedule.number, tsc = shared->start_tsc + s->last_look;
	unsigned frames = gen_schedule_due(&lane->schedule, until, lane->left < most ? (unsigned)lane->left : most),
		 handles;

	if (!frames)
		return 0;
	if (maker && !shared->many_buffers) {
		handles = frames = pkt_alloc(shared->pool, s->pkts + s->pending, frames);
		gen_maker_write_burst(maker, number, tsc, s->pkts + s->pending, frames);
	} else {
		handles = make_long(s, lane, number, tsc, frames);
		frames = app_frames(s->pkts + s->pending, handles);
	}
	if (shared->lanes > 1)
		memset(s->lane_of + s->pending, (int)index, handles);
	s->pending += handles;
	lane->left -= lane->left == UINT64_MAX ? 0 : frames;
	if (shared->sizes[index].count > 1)
		count_sizes(s, index, number, frames);
	else
		app_add(&s->made[index].frames[0], frames);
	return frames;
}

/* Makes what is due by then of several lanes, in that order; those without a rate have the rest of bursts in turn. */
static RARE void make_several(struct gen_sender *s, uint64_t now, uint64_t until)
{
	const unsigned lanes = s->shared->lanes;
	unsigned room = s->shared->frames_per_burst;

	while (room) {
		unsigned first = lanes;
		double wait = 0, next_wait = 0; /* of the first one that is due, and of the one behind it */
		for (unsigned i = 0; i < lanes; i++) {
			const struct gen_lane *lane = &s->lanes[i];
			if (!lane->left || !lane->schedule.limited)
				continue;
			double w = gen_schedule_wait(&lane->schedule, until);
			if (w < wait || (w <= wait && first == lanes)) {
				next_wait = wait;
				wait = w;
				first = i;
			} else if (w < next_wait) {
				next_wait = w;
			}
		}
		unsigned made = first < lanes ? make(s, first, until + (uint64_t)(int64_t)next_wait, room) : 0;
		if (!made)
			break;
		room -= made;
	}
	for (unsigned i = 0; i < lanes && room && now < s->shared->end_at; i++) {
		s->turn = s->turn + 1 < lanes ? s->turn + 1 : 0;
		if (s->lanes[s->turn].left && !s->lanes[s->turn].schedule.limited)
			room -= make(s, s->turn, until, room);
	}
}

/* ---- Bursts ---- */

/* All that was to be sent is in the ring. */
static void end(struct gen_sender *s, uint64_t now)
{
	s->done = true;
	if (atomic_fetch_sub(&s->shared->left, 1) > 1)
		return;
	app_set(&s->shared->ended_at, now);
	s->shared->on = false;
	app_wake();
}

static RARE void follow_link(struct gen_sender *s, uint64_t now, double speed)
{
	for (unsigned i = 0; i < s->shared->lanes; i++)
		if (s->lanes[i].schedule.in_percent)
			gen_schedule_set_speed(&s->lanes[i].schedule, now, speed);
	s->speed = speed;
	s->look_at = now;
}

static void give_up(struct gen_sender *s, uint64_t now)
{
	for (unsigned i = 0; i < s->shared->lanes; i++)
		if (s->lanes[i].left)
			gen_schedule_give_up(&s->lanes[i].schedule, now);
}

/* Nothing is due: finds out when something is, or whether all was sent. */
static RARE void look_ahead(struct gen_sender *s, uint64_t now)
{
	double wait = GEN_WAIT_MAX;
	bool left = false, captured = false;

	for (unsigned i = 0; i < s->shared->lanes; i++) {
		const struct gen_lane *lane = &s->lanes[i];
		if (!lane->left || gen_schedule_ended(&lane->schedule))
			continue;
		double w = gen_schedule_wait(&lane->schedule, now);
		left = true;
		captured = captured || lane->schedule.replay;
		wait = w < wait ? w : wait;
	}
	if (!left || now >= s->shared->end_at) {
		end(s, now);
		return;
	}
	uint64_t due_at = now + (wait > 0 ? (uint64_t)wait : 0);
	app_set(&s->next_due_at, due_at);
	/* whether the next frame of a capture has been read is looked at all the time */
	s->look_at = captured ? now : due_at < s->shared->end_at ? due_at : s->shared->end_at;
}

/* Makes the packets that are due. False: none is. */
static bool prepare_burst(struct gen_sender *s, uint64_t now)
{
	const struct gen_sending *shared = s->shared;
	uint64_t until = now < shared->end_at ? now : shared->end_at - 1;
	double speed = atomic_load_explicit(&shared->speed, memory_order_relaxed);

	if (speed != s->speed)
		follow_link(s, now, speed);
	if (now < s->look_at)
		return false;
	give_up(s, now);
	s->first_pending = 0;
	if (shared->lanes > 1)
		make_several(s, now, until);
	else if (now < shared->end_at || s->lanes[0].schedule.limited)
		make(s, 0, until, shared->frames_per_burst);
	if (!s->pending)
		look_ahead(s, now);
	return s->pending > 0;
}

void gen_send(struct gen_sender *s, uint64_t now_tsc)
{
	struct gen_sending *shared = s->shared;
	uint64_t begun = app_get(&shared->start_tsc);

	if (!begun)
		begun = start(shared, now_tsc);
	/* Of several senders, one that looked at the clock a little earlier than the first starts with it. */
	uint64_t now = now_tsc > begun ? now_tsc - begun : 0, since = now - s->last_look;

	s->last_look = now;
	app_polled(s->worker, now_tsc);
	if (s->done)
		return;
	if (s->ring_was_full)
		app_add(&s->ring_full_cycles, since);
	else if (since > shared->away_limit)
		app_add(&s->cpu_lost_cycles, since);
	/* While the ring is full, too, the schedule counts what cannot be made up for. */
	if (s->pending)
		give_up(s, now);
	else if (!prepare_burst(s, now))
		return;
	unsigned sent = nic_tx(s->queue->tx, s->pkts + s->first_pending, s->pending);
	bool full = sent < s->pending;
	app_add(&s->ring_full_times, full && !s->ring_was_full); /* times, not attempts */
	s->ring_was_full = full;
	if (sent)
		app_set(&s->last_sent_at, now);
	app_add(&s->queue->counters.sent, shared->many_buffers ? app_frames(s->pkts + s->first_pending, sent) : sent);
	s->first_pending += sent;
	s->pending -= sent;
}
