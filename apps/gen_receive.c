/* SPDX-License-Identifier: BSD-2-Clause
 * What comes back to the generator: recognised, compared with what was sent, and accounted for. */
#include "gen_receive.h"

#include "app_base.h"
#include "app_placement.h"

#include <stdlib.h>
#include <string.h>

bool gen_receiver_init(struct gen_receiver *r, const struct gen_reception *shared)
{
	unsigned streams = shared->makers ? shared->makers->count : 0;

	*r = (struct gen_receiver){.shared = shared};
	if (streams == 0)
		return true;
	r->sequences = gen_sequences_open(streams * shared->makers->senders);
	if (shared->latency_each) {
		r->latencies = malloc(streams * sizeof(*r->latencies));
		r->turns = malloc(sizeof(*r->turns));
	}
	if (r->turns)
		gen_histogram_clear(r->turns);
	gen_receiver_begin(r);
	return r->sequences && (!shared->latency_each || (r->latencies && r->turns));
}

void gen_receiver_begin(struct gen_receiver *r)
{
	const struct gen_makers *makers = r->shared->makers;

	if (r->sequences)
		gen_sequences_clear(r->sequences, makers->count * makers->senders);
	for (unsigned i = 0; r->latencies && i < makers->count; i++)
		gen_latency_clear(&r->latencies[i]);
	app_set(&r->foreign, 0);
}

void gen_receiver_free(struct gen_receiver *r)
{
	if (r->sequences)
		gen_sequences_close(r->sequences, r->shared->makers->count * r->shared->makers->senders);
	free(r->latencies);
	free(r->turns);
	*r = (struct gen_receiver){.shared = NULL};
}

/* How long a packet took. The time stamp counter of another CPU may be a little behind. */
static inline uint64_t ticks_between(uint64_t time, uint64_t now)
{
	uint64_t ticks = (now - time) % GEN_TIME_LIMIT;

	return ticks < GEN_TIME_LIMIT / 2 ? ticks : 0;
}

/* Notes how long a packet took, and by how much that differs from the one before. */
static void measure(
	struct gen_receiver *r, unsigned stream, struct gen_sequence *s, uint64_t count, uint64_t time, uint64_t now)
{
	struct gen_latency *latency = &r->latencies[stream];
	uint64_t took = ticks_between(time, now);

	if (s->to_skip > 0) {
		s->to_skip--;
		return;
	}
	s->to_skip = r->shared->latency_each - 1;
	gen_histogram_add(&latency->histogram, took, 1);
	if (count == s->pair_with)
		gen_latency_add_pairs(latency, took, s->took_before, 1);
	s->pair_with = count + r->shared->latency_each;
	s->took_before = took;
}

/* The same for packets that follow each other, all of which are measured: those that were made at the same time took
 * the same. */
static void measure_run(struct gen_latency *latency, struct gen_sequence *s, uint64_t count, const uint64_t *times,
	unsigned n, uint64_t now)
{
	/* most often they are those of one burst */
	bool all_same = memcmp(times, times + 1, (n - 1) * sizeof(*times)) == 0;

	for (unsigned i = 0, end; i < n; i = end) {
		uint64_t took = ticks_between(times[i], now);
		for (end = all_same ? n : i + 1; end < n && times[end] == times[i]; end++)
			;
		gen_histogram_add(&latency->histogram, took, end - i);
		if (i > 0 || count == s->pair_with)
			gen_latency_add_pairs(latency, took, s->took_before, end - i);
		else
			gen_latency_add_pairs(latency, took, took, end - i - 1);
		s->took_before = took;
	}
	s->pair_with = count + n;
}

/* The sender's own count is looked at when it must have grown. */
static inline bool was_made(struct gen_sequence *s, const struct gen_made *made, uint64_t count)
{
	if (count >= s->made)
		s->made = gen_made_all(made);
	return count < s->made;
}

/* Counts a frame of ours, if it was made. */
static void account(
	struct gen_receiver *r, const struct gen_maker *maker, const struct gen_stamp *stamp, bool intact, uint64_t now)
{
	const struct gen_reception *shared = r->shared;
	const struct gen_sizes *sizes = &shared->sizes[stamp->stream];
	uint64_t sender = 0, count = stamp->number;

	if (maker->senders > 1) {
		sender = stamp->number % maker->senders;
		count = stamp->number / maker->senders;
	}
	count -= shared->made_before; /* that of a late packet of an earlier trial wraps around */
	struct gen_sequence *s = gen_sequence_of(r, stamp->stream, sender);
	/* Somebody else's packet has a number that was not given to any packet yet. */
	if (!was_made(s, &shared->made[sender][stamp->stream], count)) {
		app_add(&r->foreign, 1);
		return;
	}
	unsigned size =
		sizes->count > 1 ? gen_sizes_find(sizes, gen_maker_bytes(maker, stamp->number) + NIC_FCS_BYTES) : 0;
	if (!intact)
		app_add(&s->arrivals[size].corrupted, 1);
	else if (gen_sequence_add(s, count, size) && r->latencies)
		measure(r, stamp->stream, s, count, stamp->time, now);
}

/* Looks at a piece of a frame that takes several buffers. */
static void receive_piece(struct gen_receiver *r, struct gen_arrival *a, const struct pkt *pkt, uint64_t now)
{
	if (!a->in_frame) {
		a->maker = gen_makers_find(r->shared->makers, &r->stamp_hint, pkt->data, pkt->len, &a->stamp);
		a->intact = a->maker && gen_maker_is_intact(a->maker, &a->stamp, pkt->data, pkt->len);
		a->bytes = 0;
	} else {
		a->intact = a->intact && gen_maker_is_piece_intact(&a->stamp, pkt->data, pkt->len, a->bytes);
	}
	a->bytes += pkt->len;
	a->in_frame = pkt->flags & PKT_MORE;
	if (a->in_frame)
		return;
	if (a->maker)
		account(r, a->maker, &a->stamp, a->intact && a->bytes == a->stamp.bytes, now);
	else
		app_add(&r->foreign, 1);
}

/* Whose a frame is likely to be, if its stamp is where the last one was. NULL: it takes more than a glance. */
static const struct gen_maker *glance(const struct gen_receiver *r, const struct pkt *pkt)
{
	const struct gen_makers *makers = r->shared->makers;
	const unsigned at = r->stamp_hint;

	if (!at || at + GEN_STAMP_BYTES > pkt->len)
		return NULL;
	unsigned stream = (unsigned)(pkt->data[at + GEN_STAMP_STREAM] << 8 | pkt->data[at + GEN_STAMP_STREAM + 1]);
	const struct gen_maker *maker = stream < makers->count ? &makers->each[stream] : NULL;
	return maker && maker->stamp_at == at ? maker : NULL;
}

/* Accounts for frames that are as they were sent, as far as that is told in a loop. @return how many */
static unsigned receive_run(struct gen_receiver *r, const struct pkt *pkts, unsigned n, uint64_t now)
{
	const struct gen_reception *shared = r->shared;
	const struct gen_maker *maker = glance(r, pkts);
	uint64_t times[APP_BURST_MAX], number, sender = 0, count;
	unsigned found = maker ? gen_maker_match_run(maker, pkts, n, &number, times) : 0;

	if (!found)
		return 0;
	count = number;
	if (maker->senders > 1) {
		sender = number % maker->senders;
		count = number / maker->senders;
	}
	count -= shared->made_before;
	struct gen_sequence *s = gen_sequence_of(r, maker->index, sender);
	bool in_order = count == app_get(&s->next) && shared->sizes[maker->index].count <= 1 &&
			was_made(s, &shared->made[sender][maker->index], count + found - 1);
	if (in_order)
		gen_sequence_add_run(s, count, found, 0);
	if (in_order && r->latencies && shared->latency_each == 1)
		measure_run(&r->latencies[maker->index], s, count, times, found, now);
	else if (in_order)
		for (unsigned i = 0; i < found && r->latencies; i++)
			measure(r, maker->index, s, count + i, times[i], now);
	for (unsigned i = 0; i < found && !in_order; i++) {
		const struct gen_stamp stamp = {
			.stream = maker->index, .number = number + i * (uint64_t)maker->senders, .time = times[i]};
		account(r, maker, &stamp, true, now);
	}
	return found;
}

void gen_receive_burst(
	struct gen_receiver *r, struct gen_arrival *arrival, const struct pkt *pkts, unsigned n, uint64_t now)
{
	const struct gen_makers *makers = r->shared->makers;
	struct gen_stamp stamp;

	for (unsigned i = 0; i < n; i++) {
		if (!arrival->in_frame)
			i += receive_run(r, pkts + i, n - i, now);
		if (i == n)
			break;
		const uint8_t *data = pkts[i].data;
		unsigned bytes = pkts[i].len;
		if (arrival->in_frame || pkts[i].flags & PKT_MORE) {
			receive_piece(r, arrival, &pkts[i], now);
			continue;
		}
		const struct gen_maker *maker = gen_makers_find(makers, &r->stamp_hint, data, bytes, &stamp);
		if (maker)
			account(r, maker, &stamp,
				bytes == stamp.bytes && gen_maker_is_intact(maker, &stamp, data, bytes), now);
		else
			app_add(&r->foreign, 1);
	}
}

bool gen_receive(struct gen_receiver *r, struct app *app, unsigned port, unsigned index, uint64_t now)
{
	struct app_queue *queue = &app->ports[port].queues[index];
	struct app_counters *counters = &queue->counters;
	struct gen_arrival *arrival = &r->arrivals[port];
	struct pkt pkts[APP_BURST_MAX];

	if (app_was_reset(&app->ports[port], &arrival->known_resets)) {
		app_add(&counters->rx_broken, arrival->in_frame);
		arrival->in_frame = false;
	}
	unsigned n = nic_rx(queue->rx, pkts, app->options->burst);

	if (n == 0) {
		app_add(&counters->empty_polls, 1);
		app_idle();
		return false;
	}
	if (r->sequences)
		gen_receive_burst(r, arrival, pkts, n, r->latencies && !now ? app_tsc() : now);
	app_add(&counters->received, app_frames(pkts, n));
	app_add(&counters->busy_polls, 1);
	pkt_free(pkts, n);
	return true;
}
