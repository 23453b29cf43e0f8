/* SPDX-License-Identifier: BSD-2-Clause
 * Counters, and the fates of frames. */
#ifndef POLLUX_TESTS_MODEL_CARD_STATS_H
#define POLLUX_TESTS_MODEL_CARD_STATS_H

#include "state.h"

#define WIDE_MAX 0xFFFFFFFFFull

/** What one burst adds to the counters. */
struct tally {
	uint32_t frames, multicast, broadcast, bad_sums, size[6];
	uint64_t bytes; /* with FCS */
};

/** Index of PRC64 .. PRC1522 and PTC64 .. PTC1522 that counts frames of this size, FCS included. */
static inline unsigned model_size_class(uint32_t bytes)
{
	if (bytes <= 64)
		return 0;
	return bytes < 128 ? 1 : bytes < 256 ? 2 : bytes < 512 ? 3 : bytes < 1024 ? 4 : 5;
}

/** Good frames of legal length, whether or not the filters let them pass. */
void model_count_good(struct model *m, uint32_t frames, uint64_t bytes);
/** Those that do; nobody calls model_count_good for them as well. */
void model_count_received(struct model *m, const struct tally *t);
void model_count_sent(struct model *m, const struct tally *t);

register_read model_read_wide;

/** Frames have met their fate. Those in loopback did not come over the wire. */
static inline void fate_met(struct model *m, enum model_fate fate, uint64_t n, uint64_t received_bytes)
{
	if (unlikely(m->loopback))
		return;
	m->fates[fate] += n;
	m->received_bytes += received_bytes;
}

/** Adds to a counter of 36 bits, which sticks at its end as well. */
static inline void wide_add(struct model *m, unsigned counter, uint64_t n)
{
	uint64_t *value = &m->wide[counter].value;

	*value = n < WIDE_MAX - *value ? *value + n : WIDE_MAX;
}

#endif
