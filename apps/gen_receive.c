/* SPDX-License-Identifier: BSD-2-Clause
 * What comes back to the generator: recognised, compared with what was sent, and accounted for. */
#include "gen_receive.h"

#include "app_figures.h"
#include "app_placement.h"

#include <string.h>

bool gen_receiver_init(struct gen_receiver *r, const struct gen_sender *senders, const struct gen_sending *sending)
{
	*r = (struct gen_receiver){.senders = senders, .sending = sending};
	r->sequences = senders ? gen_sequences_open(sending->senders) : NULL;
	return r->sequences || !senders;
}

void gen_receiver_begin(struct gen_receiver *r)
{
	if (r->sequences)
		memset(r->sequences, 0, r->sending->senders * sizeof(*r->sequences));
	app_set(&r->foreign, 0);
	app_set(&r->corrupted, 0);
}

void gen_receiver_free(struct gen_receiver *r)
{
	if (r->sequences)
		gen_sequences_close(r->sequences, r->sending->senders);
	r->sequences = NULL;
}

/* Counts a frame that has come back. own: it has a number of this run. */
static void account(struct gen_receiver *r, bool own, bool intact, uint64_t number)
{
	/* That of a late packet of an earlier trial wraps around. */
	uint64_t sender = number % r->sending->senders, count = number / r->sending->senders - r->sending->made_before;

	/* A number that was not given to any packet yet is of somebody else's packet. */
	if (!own || count >= gen_made_all(&r->senders[sender].made[0]))
		app_add(&r->foreign, 1);
	else if (!intact)
		app_add(&r->corrupted, 1);
	else
		gen_sequence_add(&r->sequences[sender], count, 0);
}

/* Looks at a frame, or a piece of one. */
static void receive_piece(struct gen_receiver *r, struct gen_arrival *a, const struct pkt *pkt)
{
	if (!a->in_frame) {
		const struct gen_maker *maker =
			gen_makers_find(r->sending->makers, &r->stamp_hint, pkt->data, pkt->len, &a->stamp);
		a->own = maker != NULL;
		a->intact = a->own && gen_maker_is_intact(maker, &a->stamp, pkt->data, pkt->len);
		a->bytes = 0;
	} else {
		a->intact = a->intact && gen_maker_is_piece_intact(&a->stamp, pkt->data, pkt->len, a->bytes);
	}
	a->bytes += pkt->len;
	a->in_frame = pkt->flags & PKT_MORE;
	if (!a->in_frame)
		account(r, a->own, a->intact && a->bytes == a->stamp.bytes, a->stamp.number);
}

bool gen_receive(struct gen_receiver *r, struct app *app, unsigned port, unsigned index)
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
	for (unsigned i = 0; i < n && r->senders; i++)
		receive_piece(r, arrival, &pkts[i]);
	app_add(&counters->received, app_frames(pkts, n));
	app_add(&counters->busy_polls, 1);
	pkt_free(pkts, n);
	return true;
}

/* ---- Reports ---- */

struct gen_received gen_received(const struct gen_receiver *receivers, unsigned count)
{
	unsigned senders = receivers[0].senders ? receivers[0].sending->senders : 0;
	struct gen_received sum = {.unique = 0};

	for (unsigned i = 0; i < count; i++) {
		sum.foreign += app_get(&receivers[i].foreign);
		sum.corrupted += app_get(&receivers[i].corrupted);
	}
	for (unsigned sender = 0; sender < senders; sender++) {
		uint64_t unique = 0, highest = 0;
		for (unsigned i = 0; i < count; i++) {
			const struct gen_sequence *s = &receivers[i].sequences[sender];
			unique += app_get(&s->arrivals[0].unique);
			sum.reordered += app_get(&s->arrivals[0].reordered);
			sum.duplicates += app_get(&s->arrivals[0].duplicates);
			sum.stale += app_get(&s->arrivals[0].stale);
			sum.extent_sum += app_get(&s->extent_sum);
			uint64_t extent = app_get(&s->extent_max);
			sum.extent_max = extent > sum.extent_max ? extent : sum.extent_max;
		}
		for (unsigned i = 0; i < count; i++) {
			uint64_t next = app_get(&receivers[i].sequences[sender].next);
			highest = next > highest ? next : highest;
		}
		sum.unique += unique;
		sum.missed += highest > unique ? highest - unique : 0;
	}
	return sum;
}

struct arrivals {
	uint64_t own, in_flight, lost, reordered, extent_max, duplicates, stale, corrupted, foreign;
	double extent_mean;
	bool echo;
};

#define AT(member) APP_FIGURE(struct arrivals, member)
static const struct app_figure arrival_figures[] = {
	{"own", "generator: of its own %llu came back: ", AT(own)},
	{"in_flight", NULL, AT(in_flight)},
	{"echo", NULL, AT(echo)},
	{"lost", "%llu lost", AT(lost)},
	{"reordered", ", %llu reordered", AT(reordered)},
	{"reorder_extent_max", " (by up to %llu)", AT(extent_max), APP_ZERO_IS_NOTHING},
	{"reorder_extent_mean", NULL, AT(extent_mean), .decimals = 3},
	{"duplicates", ", %llu duplicates", AT(duplicates)},
	{"stale", ", %llu too late to tell", AT(stale)},
	{"corrupted", "; %llu corrupted", AT(corrupted)},
	{"foreign", "; %llu of others\n", AT(foreign)},
	{0},
};
#undef AT

void gen_received_print(const struct gen_received *r, FILE *out, bool json, bool end, uint64_t sent)
{
	/* While packets come and go, the count of those sent is a little older than that of those that came back. */
	uint64_t own = r->unique < sent ? r->unique : sent, away = sent - own,
		 lost = end || r->missed > away ? away : r->missed;
	struct arrivals a = {
		.own = own,
		.in_flight = away - lost,
		.lost = lost,
		.reordered = r->reordered,
		.extent_max = r->extent_max,
		.extent_mean = app_ratio((double)r->extent_sum, (double)r->reordered),
		.duplicates = r->duplicates,
		.stale = r->stale,
		.corrupted = r->corrupted,
		.foreign = r->foreign,
	};

	a.echo = own || a.corrupted;
	if (!json && sent && !a.echo)
		fputs("generator: nothing came back of its own: is there an echo, or a way to the second port?\n", out);
	else
		app_figures_print(out, json, arrival_figures, &a);
}
