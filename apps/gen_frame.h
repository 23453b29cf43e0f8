/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of all streams of a run, in bursts. */
#ifndef POLLUX_APPS_GEN_FRAME_H
#define POLLUX_APPS_GEN_FRAME_H

#include "gen_fields.h"

/** Makers of all streams of a run. */
struct gen_makers {
	unsigned count, senders;
	uint64_t seed;
	uint8_t signature[4];  /* of the run */
	uint64_t stamp_places; /* where stamps may be, tags put on or taken off: bit i for offset 2 * i */
	struct gen_maker each[GEN_STREAMS];
};

/** A random number, for a run without --seed. */
uint64_t gen_random_seed(void);

/** Makes makers; the streams, of which there are at most GEN_STREAMS, are used as long as they are.
 * @param senders   sender i has the numbers i, i + senders, ... of each stream
 * @param to, from  the Ethernet addresses of streams that do not say them */
void gen_makers_init(struct gen_makers *makers, const struct gen_stream *streams, unsigned count, uint64_t seed,
	unsigned senders, const uint8_t to[6], const uint8_t from[6]);
void gen_makers_free(struct gen_makers *makers);

/** Puts zeros into all `count` buffers of a new pool, as the functions below want them. False: no memory. */
bool gen_makers_fill(struct pkt_pool *pool, unsigned count);

/** Writes the frame with this number (or, if it takes several buffers, the first piece of it) into a buffer that holds
 * zeros behind the makers' heads: as gen_makers_fill leaves it, and all frames that these makers wrote into it. */
void gen_maker_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data);
/** Writes a further piece into such a buffer: it is zeros. */
void gen_maker_write_piece(const struct gen_maker *maker, uint8_t *data);
/** Writes the frames number, number + senders, ... into n handles, with their lengths: each fits into one buffer. */
void gen_maker_write_burst(const struct gen_maker *maker, uint64_t number, uint64_t tsc, struct pkt *pkts, unsigned n);

#endif
