/* SPDX-License-Identifier: BSD-2-Clause
 * What comes back to the generator: recognised, compared with what was sent, and accounted for. */
#ifndef POLLUX_APPS_GEN_RECEIVE_H
#define POLLUX_APPS_GEN_RECEIVE_H

#include "app.h"
#include "gen_match.h"
#include "gen_send.h"
#include "gen_sequence.h"

/** What came by the queues of one index of all ports: one thread's. */
struct gen_receiver {
	_Alignas(64) const struct gen_sender *senders; /* all of them; NULL: nothing is compared */
	const struct gen_sending *sending;
	struct gen_sequence *sequences; /* one per sender */
	_Atomic uint64_t foreign;       /* packets of others */
	_Atomic uint64_t corrupted;     /* packets that came back changed */
	unsigned stamp_hint;            /* gen_makers_find's */
	struct gen_arrival {
		bool in_frame; /* a frame of several pieces has begun, and not ended */
		bool own;      /* its head has a number of ours */
		bool intact;   /* its pieces so far are as they were sent */
		unsigned bytes;
		struct gen_stamp stamp;
		unsigned known_resets; /* of the port */
	} arrivals[APP_PORTS];
};

/** Prepares a receiver, which compares with what these senders have sent. False: no memory. */
bool gen_receiver_init(
	struct gen_receiver *receiver, const struct gen_sender *senders, const struct gen_sending *sending);
/** Begins to count from zero. */
void gen_receiver_begin(struct gen_receiver *receiver);
void gen_receiver_free(struct gen_receiver *receiver);

/** Takes a burst from the queue of this index of a port. False: there was nothing. */
bool gen_receive(struct gen_receiver *receiver, struct app *app, unsigned port, unsigned index);

/** What all receivers have seen. */
struct gen_received {
	uint64_t unique, missed, reordered, duplicates, stale, foreign,
		corrupted;               /* missed: was overtaken by another */
	uint64_t extent_sum, extent_max; /* as in struct gen_sequence */
};
struct gen_received gen_received(const struct gen_receiver *receivers, unsigned count);

/** Prints what became of `sent` packets: a line for people, or JSON members, each with a comma in front. Those that
 * have not come are lost where a later one came or, at the end, all; else they are in flight. */
void gen_received_print(const struct gen_received *received, FILE *out, bool json, bool end, uint64_t sent);

#endif
