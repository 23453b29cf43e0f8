/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's senders: packets are made in bursts when the schedule says so, and wait for room in the ring. */
#include "gen_send.h"

#include "app_base.h"

#include <string.h>

void gen_sender_init(struct gen_sender *sender, struct gen_sending *shared, unsigned index,
	const struct gen_schedule *whole, uint64_t to_send)
{
	unsigned senders = shared->senders;

	*sender = (struct gen_sender){
		.shared = shared,
		.worker = &app_workers[index],
		.first_number = index + shared->made_before * senders,
		/* none at all is no share, and no packet: it would be without limit */
		.to_send = to_send / senders + (index < to_send % senders),
		.done = to_send && to_send <= index,
	};
	gen_schedule_share(&sender->schedule, whole, index, senders);
}

void gen_sender_free(struct gen_sender *sender)
{
	pkt_free(sender->pkts + sender->first_pending, sender->pending);
	sender->pending = 0;
}

uint64_t gen_elapsed(const struct gen_sending *shared)
{
	uint64_t start = app_get(&shared->start_tsc);

	return start ? app_tsc() - start : 0;
}

/* To start a thread takes some time; a thread that starts later than that had no CPU, and the time without counts. */
static uint64_t start(struct gen_sending *shared, uint64_t now_tsc)
{
	uint64_t none = 0, begun = shared->begun_tsc;

	atomic_compare_exchange_strong(
		&shared->start_tsc, &none, now_tsc - begun > shared->away_limit ? begun : now_tsc);
	return app_get(&shared->start_tsc);
}

/* Writes a frame, or one piece of it, into a buffer: a captured one, or the maker's. */
static void make_piece(const struct gen_sender *s, struct pkt *pkt, const struct gen_replay_frame *frame,
	unsigned frame_bytes, unsigned offset, uint64_t number)
{
	const struct gen_maker *maker = &s->shared->makers->each[0];
	unsigned left = frame_bytes - offset, bytes = left < PKT_DATA_BYTES ? left : PKT_DATA_BYTES;

	if (frame)
		memcpy(pkt->data, frame->data + offset, bytes);
	else if (offset == 0)
		gen_maker_write(maker, number, s->shared->start_tsc + s->last_look, pkt->data);
	else
		gen_maker_write_piece(maker, pkt->data);
	pkt->len = (uint16_t)bytes;
	pkt->flags = left > bytes ? PKT_MORE : 0;
}

/* The next frame of a capture, if one is sent, and how long the next frame is. */
static const struct gen_replay_frame *next_frame(const struct gen_sender *s, unsigned *bytes)
{
	const struct gen_replay_frame *frame = s->schedule.replay ? gen_replay_next(s->schedule.replay) : NULL;

	*bytes = frame ? frame->bytes : s->schedule.bytes;
	return frame;
}

/* Makes frames of one buffer each. @return handles */
static unsigned make_frames(struct gen_sender *s, uint64_t number, unsigned frames)
{
	/* The pool has enough for a full ring and two bursts of each sender: it never runs out. */
	const struct gen_sending *shared = s->shared;
	unsigned made = pkt_alloc(shared->pool, s->pkts, frames), bytes;

	for (unsigned i = 0; i < made; i++, number += shared->senders) {
		const struct gen_replay_frame *frame = next_frame(s, &bytes);
		make_piece(s, &s->pkts[i], frame, bytes, 0, number);
	}
	return made;
}

/* Makes frames that may take several buffers each. @return handles */
static unsigned make_long_frames(struct gen_sender *s, uint64_t number, unsigned frames)
{
	const struct gen_sending *shared = s->shared;
	unsigned made = 0, bytes;

	for (unsigned i = 0; i < frames; i++, number += shared->senders) {
		const struct gen_replay_frame *frame = next_frame(s, &bytes);
		unsigned pieces = gen_buffers_of(bytes), got = pkt_alloc(shared->pool, s->pkts + made, pieces);
		if (got < pieces) {
			pkt_free(s->pkts + made, got);
			break;
		}
		for (unsigned piece = 0; piece < pieces; piece++)
			make_piece(s, &s->pkts[made + piece], frame, bytes, piece * PKT_DATA_BYTES, number);
		made += pieces;
	}
	return made;
}

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

/* Makes the packets that are due. False: none is. */
static bool prepare_burst(struct gen_sender *s, uint64_t now)
{
	const struct gen_sending *shared = s->shared;
	uint64_t made = app_get(&s->made), left = s->to_send ? s->to_send - made : UINT64_MAX;
	double speed = atomic_load_explicit(&shared->speed, memory_order_relaxed) / shared->senders;

	if (!left || now >= shared->end_at || gen_schedule_ended(&s->schedule)) {
		end(s, now);
		return false;
	}
	if (speed != s->schedule.speed)
		gen_schedule_set_speed(&s->schedule, (double)now, speed);
	unsigned most = shared->frames_per_burst;
	unsigned n = gen_schedule_due(&s->schedule, (double)now, left < most ? (unsigned)left : most);
	if (n == 0) {
		double wait = gen_schedule_wait(&s->schedule, (double)now);
		app_set(&s->next_due_at, now + (wait > 0 ? (uint64_t)wait : 0));
		return false;
	}
	uint64_t number = s->first_number + made * shared->senders;
	s->pending = shared->many_buffers ? make_long_frames(s, number, n) : make_frames(s, number, n);
	s->first_pending = 0;
	app_add(&s->made, shared->many_buffers ? app_frames(s->pkts, s->pending) : s->pending);
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
		gen_schedule_due(&s->schedule, (double)now, 0);
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
