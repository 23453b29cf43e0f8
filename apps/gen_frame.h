/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of streams, each from its stream, its number and a seed alone: so whoever receives a frame can make
 * it again, and compare. */
#ifndef POLLUX_APPS_GEN_FRAME_H
#define POLLUX_APPS_GEN_FRAME_H

#include "app_frame.h"
#include "gen_stream.h"

/** Behind the headers each frame has a stamp, big-endian: the run's signature (4 bytes), the stream (2), the frame's
 * number (6), and the time when it was made (6): the time stamp counter's lower 48 bits. Streams have none that say so,
 * or whose shortest frame has no room for it. */
#define GEN_NUMBER_LIMIT (UINT64_C(1) << 48)
#define GEN_TIME_LIMIT   (UINT64_C(1) << 48)
enum { GEN_STAMP_STREAM = 4, GEN_STAMP_NUMBER = 6, GEN_STAMP_TIME = 12 };

/** A frame's beginning, made once where few of them come again and again: but for the number, the time, and the sum
 * behind IP it is as it is sent. */
struct gen_head {
	uint64_t sum_less; /* a multiple of 2^16 - 1, less the sum of all but number and time */
	uint32_t bytes;    /* of the frame */
	uint32_t unused;
	uint8_t data[]; /* the maker's head_bytes */
};
#define GEN_HEADS_MAX  4096u
#define GEN_HEAD_SHORT 64u /* head_bytes, where headers and stamps of all streams have room in so many */

/** Makes the frames of one stream. All threads may use it. */
struct gen_maker {
	struct gen_head *heads;     /* of the frames 0 ... period - 1, which come again; NULL: of no frames */
	uint64_t period, of_period; /* of_period: 2^64 / period, rounded up */
	unsigned head_bytes;        /* what gen_maker_write writes: all in which frames differ, and some zeros */
	unsigned stamp_at;          /* 0: there is none */
	unsigned sum_at;            /* of a maker with heads: of the sum behind IP */
	bool has_avx2;              /* the CPU has, and what comes with it */
	unsigned senders, step;     /* step: senders, modulo the period */
	unsigned index;             /* of the stream */
	const struct gen_stream *stream;
	uint64_t seed;
	uint64_t flows;          /* sets of values of the fields of flows; 0: too many to come again */
	uint64_t ip_sum, l4_sum; /* checksums, not folded, of all that does not vary */
	uint8_t head[GEN_HEADERS_BYTES];
	/* Of a maker with heads: bits that are the same in a frame and its head, up to mask_bytes. */
	uint8_t mask[GEN_HEADERS_BYTES];
	unsigned mask_bytes;
};

static inline size_t gen_head_stride(const struct gen_maker *maker)
{
	return sizeof(struct gen_head) + maker->head_bytes;
}

/** The head of a frame of a maker that has heads. The remainder of a division by the period: exact for numbers below
 * GEN_NUMBER_LIMIT, as the period is at most 2^16 (Lemire, Kaser, Kurz: Faster Remainder by Direct Computation). */
static inline const struct gen_head *gen_maker_head(const struct gen_maker *maker, uint64_t number)
{
	uint64_t at = (uint64_t)((unsigned __int128)(maker->of_period * number) * maker->period >> 64);

	return (const struct gen_head *)((const char *)maker->heads + at * gen_head_stride(maker));
}

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

/** A number that depends on these four, and on nothing else, and looks random. */
static inline uint64_t gen_hash(uint64_t seed, unsigned stream, unsigned field, uint64_t number)
{
	uint64_t h = seed + ((uint64_t)stream << 32 | field);

	for (unsigned i = 0; i < 2; i++) { /* the finaliser of splitmix64 */
		h += UINT64_C(0x9e3779b97f4a7c15);
		h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
		h ^= h >> 31;
		h += i == 0 ? number : 0;
	}
	return h;
}

/** Makes makers; the streams, of which there are at most GEN_STREAMS, are used as long as they are.
 * @param senders   sender i has the numbers i, i + senders, ... of each stream
 * @param to, from  the Ethernet addresses of streams that do not say them */
void gen_makers_init(struct gen_makers *makers, const struct gen_stream *streams, unsigned count, uint64_t seed,
	unsigned senders, const uint8_t to[6], const uint8_t from[6]);
void gen_makers_free(struct gen_makers *makers);

/** Bytes of a frame, and of the stream's longest, without FCS. */
unsigned gen_maker_bytes(const struct gen_maker *maker, uint64_t number);
unsigned gen_maker_longest(const struct gen_maker *maker);
/** Bits that a frame takes on the wire in the mean, with framing. */
double gen_maker_mean_bits(const struct gen_maker *maker);
/** Whether frames that come back can be told from those of others. */
static inline bool gen_maker_is_stamped(const struct gen_maker *maker)
{
	return maker->stamp_at != 0;
}

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
