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

typedef uint64_t words16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t words32 __attribute__((vector_size(32), aligned(1), may_alias));

/* Each of these: whether a frame's beginning is another than its head's, where the maker's mask has bits. */
static inline __attribute__((always_inline)) bool differs_sse2(
	const struct gen_maker *maker, const uint8_t *data, const uint8_t *head, unsigned bytes)
{
	words16 all = {0};

	for (unsigned i = 0; i < bytes; i += 16)
		all |= (*(const words16 *)(data + i) ^ *(const words16 *)(head + i)) &
		       *(const words16 *)(maker->mask + i);
	return all[0] | all[1];
}

#define AVX2   "avx2,bmi,bmi2"
#define AVX512 AVX2 ",avx512f,avx512bw,avx512dq,avx512vl"

__attribute__((target(AVX2))) static inline bool differs_avx2(
	const struct gen_maker *maker, const uint8_t *data, const uint8_t *head, unsigned bytes)
{
	words32 all = {0};

	for (unsigned i = 0; i < bytes; i += 32)
		all |= (*(const words32 *)(data + i) ^ *(const words32 *)(head + i)) &
		       *(const words32 *)(maker->mask + i);
	return !_mm256_testz_si256((__m256i)all, (__m256i)all);
}

__attribute__((target(AVX512))) static inline bool differs_avx512(
	const uint64_t *mask_bits, const uint8_t *data, const uint8_t *head, unsigned bytes)
{
	__mmask64 all = 0;

	for (unsigned i = 0; i < bytes; i += 64)
		all |= _mm512_mask_cmpneq_epi8_mask(
			mask_bits[i / 64], _mm512_loadu_si512(data + i), _mm512_loadu_si512(head + i));
	return all;
}

/* A handle's length and whether its frame has more: one number, which is a head's `bytes` where there is no more. */
static inline uint32_t length_and_more(const struct pkt *pkt)
{
	uint32_t both;

	_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "flags are behind the length");
	memcpy(&both, &pkt->len, sizeof(both));
	return both & (0xffff | (uint32_t)PKT_MORE << 16);
}

static uint64_t number_of(const struct gen_maker *maker, const uint8_t *data)
{
	return get48(data + maker->stamp_at + GEN_STAMP_NUMBER);
}

#define RUN_MAX 64u /* frames */

/* Whether a checksum's sum is a multiple of 2^16 - 1: then its product with the inverse is a small number. */
static inline bool is_right_sum(uint64_t sum)
{
	return sum * UINT64_C(0xfffefffefffeffff) <= UINT64_MAX / 0xffff;
}

/* Checks sums over numbers and times: apart from all else, as compilers make vectors of such a loop.
 * @param sum_less  of each frame a multiple of 2^16 - 1, but for the number and the time
 * @param times     in: big-endian, with two bytes in front of them; out: as numbers
 * @return how many are right, from the first one on */
static inline __attribute__((always_inline)) unsigned check_sums(
	const uint64_t *restrict sum_less, uint64_t *restrict times, uint64_t number, uint64_t number_step, unsigned n)
{
	uint64_t wrong = 0, next = number;
	unsigned right = 0;

	for (unsigned i = 0; i < n; i++, next += number_step) {
		times[i] = be64toh(times[i]) << 16 >> 16;
		wrong |= (uint64_t)!is_right_sum(sum_less[i] - next - times[i]);
	}
	if (!wrong)
		return n;
	while (is_right_sum(sum_less[right] - number - right * number_step - times[right]))
		right++;
	return right;
}

/* Takes frames whose heads follow each other. longer: frames are longer than their heads, or not all as long. */
static inline __attribute__((always_inline)) unsigned match_run(const struct gen_maker *maker, enum pkt_simd simd,
	bool longer, unsigned head_bytes, uint64_t number, const struct pkt *pkts, unsigned n, uint64_t *times)
{
	const size_t step = maker->step * (sizeof(struct gen_head) + head_bytes);
	const size_t number_at = maker->stamp_at + GEN_STAMP_NUMBER, sum_at = maker->sum_at;
	const uint64_t first = number, number_step = maker->senders;
	const char *at = (const char *)gen_maker_head(maker, number);
	const uint64_t mask_bits[] = {
		maker->mask_bits[0], maker->mask_bits[1]}; /* a store to times might change the maker's */
	uint64_t sum_less[RUN_MAX];
	size_t i = 0;

	for (; i < n; i++, at += step, number += number_step) {
		const struct gen_head *head = (const struct gen_head *)at;
		const uint8_t *data = pkts[i].data;
		uint64_t found;
		uint16_t sum;
		memcpy(&found, data + number_at, 8);
		if (be64toh(found) >> 16 != number || length_and_more(&pkts[i]) != head->bytes)
			break;
		if (simd == PKT_SIMD_AVX512     ? differs_avx512(mask_bits, data, head->data, head_bytes)
			: simd == PKT_SIMD_AVX2 ? differs_avx2(maker, data, head->data, head_bytes)
						: differs_sse2(maker, data, head->data, head_bytes))
			break;
		memcpy(&times[i], data + number_at + 4, 8);
		memcpy(&sum, data + sum_at, 2);
		/* modulo 2^16 - 1, 2^8 times a word has its bytes the other way around */
		sum_less[i] = head->sum_less - ((uint64_t)sum << 8);
	}
	const unsigned right = check_sums(sum_less, times, first, number_step, (unsigned)i);
	/* Where the tails are is another loop: its calls would cost the first one's registers. */
	for (unsigned k = 0; longer && k < right; k++)
		if (!all_zeros(pkts[k].data + maker->mask_bytes, pkts[k].len - maker->mask_bytes))
			return k;
	return right;
}

static inline __attribute__((always_inline)) unsigned match_run_of(const struct gen_maker *maker, enum pkt_simd simd,
	uint64_t number, const struct pkt *pkts, unsigned n, uint64_t *times)
{
	if (maker->head_bytes == GEN_HEAD_SHORT && gen_maker_longest(maker) == maker->mask_bytes)
		return match_run(maker, simd, false, GEN_HEAD_SHORT, number, pkts, n, times);
	if (maker->head_bytes == GEN_HEAD_SHORT)
		return match_run(maker, simd, true, GEN_HEAD_SHORT, number, pkts, n, times);
	return match_run(maker, simd, true, GEN_HEADERS_BYTES, number, pkts, n, times);
}

static __attribute__((noinline)) unsigned match_run_sse2(
	const struct gen_maker *maker, uint64_t number, const struct pkt *pkts, unsigned n, uint64_t *times)
{
	return match_run_of(maker, PKT_SIMD_SCALAR, number, pkts, n, times);
}

__attribute__((target(AVX2))) static unsigned match_run_avx2(
	const struct gen_maker *maker, uint64_t number, const struct pkt *pkts, unsigned n, uint64_t *times)
{
	return match_run_of(maker, PKT_SIMD_AVX2, number, pkts, n, times);
}

__attribute__((target(AVX512))) static unsigned match_run_avx512(
	const struct gen_maker *maker, uint64_t number, const struct pkt *pkts, unsigned n, uint64_t *times)
{
	return match_run_of(maker, PKT_SIMD_AVX512, number, pkts, n, times);
}

unsigned gen_maker_match_run(
	const struct gen_maker *maker, const struct pkt *pkts, unsigned n, uint64_t *number, uint64_t *times)
{
	unsigned matched = 0, run = 1, got = 1;

	if (!maker->heads || maker->is_partial || n == 0)
		return 0;
	*number = number_of(maker, pkts[0].data);
	/* in runs, at whose ends the heads start again */
	for (uint64_t next = *number; matched < n && got == run; next += (uint64_t)run * maker->senders) {
		run = gen_maker_run(maker, next, n - matched < RUN_MAX ? n - matched : RUN_MAX);
		got = maker->simd == PKT_SIMD_AVX512
			      ? match_run_avx512(maker, next, pkts + matched, run, times + matched)
		      : maker->simd == PKT_SIMD_AVX2
			      ? match_run_avx2(maker, next, pkts + matched, run, times + matched)
			      : match_run_sse2(maker, next, pkts + matched, run, times + matched);
		matched += got;
	}
	return matched;
}
