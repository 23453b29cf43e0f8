/* SPDX-License-Identifier: BSD-2-Clause
 * Recognises the frames of streams among those that come back. */
#include "gen_match.h"

#include <endian.h>
#include <immintrin.h>
#include <string.h>

static uint64_t get48(const uint8_t *at)
{
	uint64_t big = 0;
	memcpy(&big, at, 6);
	return be64toh(big) >> 16;
}

static const struct gen_maker *find_at(
	const struct gen_makers *makers, unsigned at, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp)
{
	if (at + GEN_STAMP_BYTES > bytes || memcmp(data + at, makers->signature, sizeof(makers->signature)) != 0)
		return NULL;
	unsigned stream = (unsigned)(data[at + GEN_STAMP_STREAM] << 8 | data[at + GEN_STAMP_STREAM + 1]);
	if (stream >= makers->count || !makers->each[stream].stamp_at)
		return NULL;
	const struct gen_maker *maker = &makers->each[stream];
	int shift = (int)at - (int)maker->stamp_at;
	if (shift % 4 != 0 || shift < -8 || shift > 8)
		return NULL;
	*stamp = (struct gen_stamp){
		.stream = stream,
		.number = get48(data + at + GEN_STAMP_NUMBER),
		.time = get48(data + at + GEN_STAMP_TIME),
		.shift = shift,
	};
	unsigned whole = gen_maker_bytes(maker, stamp->number) + (unsigned)shift;
	stamp->bytes = whole > NIC_FRAME_MIN_BYTES ? whole : NIC_FRAME_MIN_BYTES;
	return maker;
}

const struct gen_maker *gen_makers_find(
	const struct gen_makers *makers, unsigned *hint, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp)
{
	const struct gen_maker *maker = find_at(makers, *hint, data, bytes, stamp);

	for (uint64_t places = makers->stamp_places; places && !maker; places &= places - 1) {
		unsigned at = 2 * (unsigned)__builtin_ctzll(places);
		maker = find_at(makers, at, data, bytes, stamp);
		*hint = maker ? at : *hint;
	}
	return maker;
}

static bool all_zeros(const uint8_t *data, unsigned bytes)
{
	return bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0);
}

bool gen_maker_is_intact(
	const struct gen_maker *maker, const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes)
{
	const struct gen_stream *s = maker->stream;
	const struct gen_headers *h = &s->headers;
	uint8_t head[GEN_HEADERS_BYTES];
	/* Tags in front of what they were put on: what lies behind them is as it was. */
	unsigned from = stamp->shift ? h->l3_at - 2 : 12, end = bytes - (unsigned)stamp->shift;
	unsigned head_end = end < maker->head_bytes ? end : maker->head_bytes;

	gen_maker_write(maker, stamp->number, stamp->time, head);
	return memcmp(data + from + stamp->shift, head + from, head_end - from) == 0 &&
	       all_zeros(data + head_end + stamp->shift, end - head_end);
}

bool gen_maker_is_piece_intact(const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes, unsigned offset)
{
	return bytes <= stamp->bytes && offset <= stamp->bytes - bytes && all_zeros(data, bytes);
}

/* ---- Runs ---- */

/* Vectors in which frames are compared with heads. */
typedef uint64_t words16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t words32 __attribute__((vector_size(32), aligned(1), may_alias));

/* Whether a frame's beginning is another than the head's, where the mask has bits. */
static inline __attribute__((always_inline)) bool differs16(
	const uint8_t *data, const uint8_t *head, const uint8_t *mask, unsigned bytes)
{
	words16 all = {0};

	for (unsigned i = 0; i < bytes; i += 16)
		all |= (*(const words16 *)(data + i) ^ *(const words16 *)(head + i)) & *(const words16 *)(mask + i);
	return all[0] | all[1];
}

__attribute__((target("avx2,bmi,bmi2"))) static inline bool differs32(
	const uint8_t *data, const uint8_t *head, const uint8_t *mask, unsigned bytes)
{
	words32 all = {0};

	for (unsigned i = 0; i < bytes; i += 32)
		all |= (*(const words32 *)(data + i) ^ *(const words32 *)(head + i)) & *(const words32 *)(mask + i);
	return !_mm256_testz_si256((__m256i)all, (__m256i)all);
}

/* Whether a checksum's sum is a multiple of 2^16 - 1: then its product with the inverse is a small number. */
static inline bool is_right_sum(uint64_t sum)
{
	return sum * UINT64_C(0xfffefffefffeffff) <= UINT64_MAX / 0xffff;
}

/* A handle's length and whether its frame has more: one number, which is a head's `bytes` where there is no more. */
static inline uint32_t length_and_more(const struct pkt *pkt)
{
	uint32_t both;

	_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "flags are behind the length");
	memcpy(&both, &pkt->len, sizeof(both));
	return both & (0xffff | (uint32_t)PKT_MORE << 16);
}

/* longer: there are frames longer than their heads, or of different lengths */
static inline __attribute__((always_inline)) unsigned match_run(const struct gen_maker *maker, bool wide, bool longer,
	unsigned head_bytes, const struct pkt *pkts, unsigned n, struct gen_match *matches)
{
	const char *heads = (const char *)maker->heads;
	const unsigned mask_bytes = maker->mask_bytes;
	const unsigned number_at = maker->stamp_at + GEN_STAMP_NUMBER, sum_at = maker->sum_at;
	const uint64_t period = maker->period, of_period = maker->of_period;
	unsigned i = 0;

	for (; i < n; i++) {
		const uint8_t *data = pkts[i].data;
		uint64_t number, time;
		uint16_t sum;
		memcpy(&number, data + number_at, 8);
		memcpy(&time, data + number_at + 4, 8);
		memcpy(&sum, data + sum_at, 2);
		number = be64toh(number) >> 16;
		time = be64toh(time) & (GEN_TIME_LIMIT - 1);
		uint64_t at = (uint64_t)((unsigned __int128)(of_period * number) * period >> 64);
		const struct gen_head *head =
			(const struct gen_head *)(heads + at * (sizeof(struct gen_head) + head_bytes));
		if (length_and_more(&pkts[i]) != head->bytes)
			break;
		if (wide ? differs32(data, head->data, maker->mask, head_bytes)
			 : differs16(data, head->data, maker->mask, head_bytes))
			break;
		if (!is_right_sum(head->sum_less - number - time - be16toh(sum)))
			break;
		if (longer && !all_zeros(data + mask_bytes, head->bytes - mask_bytes))
			break;
		matches[i] = (struct gen_match){number, time};
	}
	return i;
}

__attribute__((target("avx2,bmi,bmi2"))) static unsigned match_run_avx2(
	const struct gen_maker *maker, const struct pkt *pkts, unsigned n, struct gen_match *matches)
{
	if (maker->head_bytes == GEN_HEAD_SHORT && gen_maker_longest(maker) == maker->mask_bytes)
		return match_run(maker, true, false, GEN_HEAD_SHORT, pkts, n, matches);
	if (maker->head_bytes == GEN_HEAD_SHORT)
		return match_run(maker, true, true, GEN_HEAD_SHORT, pkts, n, matches);
	return match_run(maker, true, true, GEN_HEADERS_BYTES, pkts, n, matches);
}

unsigned gen_maker_match_run(
	const struct gen_maker *maker, const struct pkt *pkts, unsigned n, struct gen_match *matches)
{
	if (!maker->heads)
		return 0;
	return maker->has_avx2 ? match_run_avx2(maker, pkts, n, matches)
			       : match_run(maker, false, true, maker->head_bytes, pkts, n, matches);
}
