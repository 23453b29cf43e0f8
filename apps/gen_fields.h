/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of a stream, each from the stream, its number and a seed alone: so whoever receives a frame can make
 * it again, and compare. */
#ifndef POLLUX_APPS_GEN_FIELDS_H
#define POLLUX_APPS_GEN_FIELDS_H

#include "app_frame.h"
#include "gen_stream.h"

#include <endian.h>
#include <string.h>

/** Behind the headers each frame has a stamp, big-endian: the run's signature (4 bytes), the stream (2), the frame's
 * number (6), and the time when it was made (6): the time stamp counter's lower 48 bits. Streams have none that say so,
 * or whose shortest frame has no room for it. */
#define GEN_NUMBER_LIMIT (UINT64_C(1) << 48)
#define GEN_TIME_LIMIT   (UINT64_C(1) << 48)
#define GEN_IP4_SUM_AT   10u /* offset of the sum in an IPv4 header */
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
	bool is_partial;            /* in heads there are zeros for the fields that vary: they do not repeat */
	unsigned sum_at;            /* of a maker with heads: of the sum behind IP */
	enum pkt_simd simd;         /* what the CPU has */
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
	uint64_t mask_bits[GEN_HEADERS_BYTES / 64]; /* the same: a bit for each byte */
};

static inline size_t gen_head_stride(const struct gen_maker *maker)
{
	return sizeof(struct gen_head) + maker->head_bytes;
}

/** Which head is a frame's: the remainder of a division by the period, exact for numbers below GEN_NUMBER_LIMIT, as the
 * period is at most 2^16 (Lemire, Kaser, Kurz: Faster Remainder by Direct Computation). */
static inline uint64_t gen_maker_place(const struct gen_maker *maker, uint64_t number)
{
	return (uint64_t)((unsigned __int128)(maker->of_period * number) * maker->period >> 64);
}

/** The head of a frame of a maker that has heads. */
static inline const struct gen_head *gen_maker_head(const struct gen_maker *maker, uint64_t number)
{
	return (const struct gen_head *)((const char *)maker->heads +
					 gen_maker_place(maker, number) * gen_head_stride(maker));
}

/** For how many of n frames, number, number + senders, ..., heads follow each other, before they start again. */
static inline unsigned gen_maker_run(const struct gen_maker *maker, uint64_t number, unsigned n)
{
	uint64_t left = maker->period - gen_maker_place(maker, number);

	return maker->step && left < (uint64_t)n * maker->step ? ((unsigned)left + maker->step - 1) / maker->step : n;
}

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

/** Prepares a maker whose stream, index, senders and seed are set: its head_bytes are then those of headers and stamp.
 */
void gen_fields_init(struct gen_maker *maker, const uint8_t signature[4], const uint8_t to[6], const uint8_t from[6]);

/** Writes the values of the fields that vary into a frame that has zeros there, and adds them to two sums. */
void gen_fields_put(const struct gen_maker *maker, uint64_t number, uint8_t *data, uint64_t *ip_sum, uint64_t *l4_sum);

/** Writes the first head_bytes of a frame, field by field. */
void gen_fields_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data);

uint64_t gen_greatest_divisor(uint64_t a, uint64_t b);

static inline void gen_put16(uint8_t *at, uint64_t value)
{
	uint16_t big = htobe16((uint16_t)value);
	memcpy(at, &big, 2);
}

static inline void gen_put48(uint8_t *at, uint64_t value)
{
	uint64_t big = htobe64(value << 16);
	memcpy(at, &big, 6);
}

#endif
