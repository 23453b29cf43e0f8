/* SPDX-License-Identifier: BSD-2-Clause
 * What became of the numbered packets of one sender that came by one receive queue. */
#ifndef POLLUX_APPS_GEN_SEQUENCE_H
#define POLLUX_APPS_GEN_SEQUENCE_H

#include "gen_sizes.h"

#include <stdbool.h>

/** Packets whose number is that much lower than the highest one seen cannot be told any more. */
#define GEN_SEQUENCE_WINDOW 65536u

/** Each arrival is new, a duplicate, or stale (too old to say). Reordered ones are new, too: they came after a packet
 * with a higher number. Corrupted ones are none of these. */
struct gen_arrivals {
	_Atomic uint64_t unique, reordered, duplicates, stale, corrupted;
};

#define GEN_NO_PAIR UINT64_MAX

/** Packets count from 0 on here. The thread that receives writes, others read what is atomic.
 */
struct gen_sequence {
	_Alignas(64) _Atomic uint64_t next; /* one more than the highest number seen */
	/* For the receiver: */
	uint64_t made;        /* packets that the sender has made, as far as the receiver knows */
	uint64_t to_skip;     /* of those that arrive, before the next one whose latency is measured */
	uint64_t pair_with;   /* the number that follows that of the last measured one; GEN_NO_PAIR: there was none */
	uint64_t took_before; /* its latency */

	struct gen_arrivals arrivals[GEN_SIZES]; /* by the size's index */
	/* How far packets were reordered, as RFC 4737 (4.2) says: from the arrival of the first packet with a higher
	 * number to their own, counted in packets that arrived, duplicates aside. */
	_Atomic uint64_t extent_sum, extent_max;
	uint64_t seen[GEN_SEQUENCE_WINDOW / 64]; /* a bit for each number of the window */
	/* Of each number of the window that was jumped over: how many had arrived when that happened. */
	uint32_t overtaken_at[GEN_SEQUENCE_WINDOW];
};

/** So many sequences in which nothing came. Most of one is memory that is only used where packets were lost or
 * reordered. NULL: no memory. */
struct gen_sequence *gen_sequences_open(unsigned count);
void gen_sequences_clear(struct gen_sequence *sequences, unsigned count);
void gen_sequences_close(struct gen_sequence *sequences, unsigned count);

/** Counts a packet that is not the next one. */
bool gen_sequence_add_other(struct gen_sequence *sequence, uint64_t number, unsigned size);

/** Counts a packet that has arrived. False: it is no new one. */
static inline bool gen_sequence_add(struct gen_sequence *sequence, uint64_t number, unsigned size)
{
	if (number != app_get(&sequence->next))
		return gen_sequence_add_other(sequence, number, size);
	sequence->seen[number % GEN_SEQUENCE_WINDOW / 64] |= UINT64_C(1) << number % 64;
	app_set(&sequence->next, number + 1);
	app_add(&sequence->arrivals[size].unique, 1);
	return true;
}

/** Counts a run of packets that have arrived, of which the first is the next one. */
static inline void gen_sequence_add_run(struct gen_sequence *sequence, uint64_t number, unsigned count, unsigned size)
{
	for (uint64_t at = number, end = number + count; at < end; at = (at | 63) + 1) {
		uint64_t bits = UINT64_MAX << at % 64;
		if ((at | 63) >= end)
			bits &= (UINT64_C(1) << end % 64) - 1;
		sequence->seen[at % GEN_SEQUENCE_WINDOW / 64] |= bits;
	}
	app_set(&sequence->next, number + count);
	app_add(&sequence->arrivals[size].unique, count);
}

#endif
