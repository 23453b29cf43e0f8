/* SPDX-License-Identifier: BSD-2-Clause
 * What comes back to the generator: recognised, compared with what was sent, and accounted for. */
#ifndef POLLUX_APPS_GEN_RECEIVE_H
#define POLLUX_APPS_GEN_RECEIVE_H

#include "app.h"
#include "gen_latency.h"
#include "gen_match.h"
#include "gen_sequence.h"
#include "gen_sizes.h"

/** What all receivers share, and none of them writes. */
struct gen_reception {
	const struct gen_makers *makers;         /* NULL: nothing is compared */
	const struct gen_made *made[APP_QUEUES]; /* by each sender, of each stream */
	uint64_t made_before;  /* frames of each sender and stream in earlier trials: they had lower numbers */
	unsigned latency_each; /* the latency is measured of each Nth packet of a sender that arrives; 0: of none */
	struct gen_sizes sizes[GEN_STREAMS];
};

/** What came by the queues of one index of all ports: one thread's. */
struct gen_receiver {
	_Alignas(64) const struct gen_reception *shared;
	struct gen_sequence *sequences; /* of each sender, of each stream: see gen_sequence_of */
	struct gen_latency *latencies;  /* of each stream; NULL: none is measured */
	struct gen_histogram *turns;    /* how long turns of the loop take without traffic; NULL: the same */
	_Atomic uint64_t foreign;       /* packets of others */
	unsigned stamp_hint;            /* of gen_makers_find */
	struct gen_arrival {
		bool in_frame;                 /* a frame of several pieces has begun, and not ended */
		const struct gen_maker *maker; /* its stream's; NULL: it is somebody else's */
		struct gen_stamp stamp;
		bool intact; /* its pieces so far are as they were sent */
		unsigned bytes;
		unsigned known_resets; /* of the port */
	} arrivals[APP_PORTS];
};

/** Prepares a receiver. False: no memory; gen_receiver_free is due all the same. */
bool gen_receiver_init(struct gen_receiver *receiver, const struct gen_reception *shared);
/** Begins to count from zero. */
void gen_receiver_begin(struct gen_receiver *receiver);
void gen_receiver_free(struct gen_receiver *receiver);

static inline struct gen_sequence *gen_sequence_of(
	const struct gen_receiver *receiver, unsigned stream, uint64_t sender)
{
	return &receiver->sequences[stream * receiver->shared->makers->senders + sender];
}

/** Accounts for what was received, in order, from one queue of a port.
 * @param now  the time stamp counter when it was taken */
void gen_receive_burst(
	struct gen_receiver *receiver, struct gen_arrival *arrival, const struct pkt *pkts, unsigned n, uint64_t now);

/** Takes a burst from the queue of this index of a port. False: there was nothing.
 * @param now  the time stamp counter; 0: it is read when packets were taken */
bool gen_receive(struct gen_receiver *receiver, struct app *app, unsigned port, unsigned index, uint64_t now);

#endif
