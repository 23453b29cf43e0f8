/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's descriptors four at a time with AVX2, and the rest singly: for burst_avx2.c, and for what eight at a time
 * leave over in burst_avx512.c. Received descriptors have the advanced format. */
#pragma once

#include "x1.h"

#include <immintrin.h>

/*
 * A received descriptor is {q0: packet type, hash} {q1: status, length, VLAN}, a handle {data} {length, flags, hash},
 * and a slot_init {data} {0}: all have 16 bytes, so that nothing has to cross them. A shuffle makes {0} {length, 0,
 * hash} of a descriptor, and slot_init is put into it.
 */
#define PIPE_LENGTH_AND_HASH -1, -1, -1, -1, -1, -1, -1, -1, 12, 13, -1, -1, 4, 5, 6, 7

/* Two descriptors, each by one aligned load of 16 bytes: DD and the rest come from one moment. Nobody promises that of
 * larger loads. */
static inline __m256i pipe_load_two(const struct ring_descriptor *ring)
{
	__m128i first;

	__asm__("vmovdqa %1, %0" : "=x"(first) : "m"(ring[0]));
	return _mm256_inserti128_si256(_mm256_castsi128_si256(first), _mm_load_si128((const __m128i *)(ring + 1)), 1);
}

/* Two whole, good frames become handles. */
static inline void pipe_hand_out_two(__m256i received, const struct ring_descriptor *slot_init, struct pkt *pkts)
{
	const __m256i shuffle = _mm256_setr_epi8(PIPE_LENGTH_AND_HASH, PIPE_LENGTH_AND_HASH);
	const __m256i init = _mm256_loadu_si256((const __m256i *)slot_init);

	_mm256_storeu_si256((__m256i *)pkts, _mm256_or_si256(_mm256_shuffle_epi8(received, shuffle), init));
}

/* n is a multiple of 4, and not 0. */
static inline unsigned pipe_receive_x4(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	const __m256i whole = _mm256_set1_epi64x((long long)pipe->rx.whole),
		      checked = _mm256_set1_epi64x((long long)pipe->rx.checked);

#pragma GCC unroll 8
	for (unsigned i = 0; i < NIC_PIPE_BURST; i += 4) {
		__m256i low = pipe_load_two(&ring[i]), high = pipe_load_two(&ring[i + 2]);
		__m256i q1 = _mm256_unpackhi_epi64(low, high);

		if (!_mm256_testz_si256(_mm256_xor_si256(q1, whole), checked))
			return i;
		pipe_hand_out_two(low, &slot_init[i], &pkts[i]);
		pipe_hand_out_two(high, &slot_init[i + 2], &pkts[i + 2]);
		if (__builtin_expect(n == i + 4, 1))
			return n;
	}
	return NIC_PIPE_BURST;
}

/* For any number. */
static inline unsigned pipe_receive_x4_x1(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	unsigned got = n < 4 ? 0 : pipe_receive_x4(pipe, ring, slot_init, pkts, n & ~3u);

	return got + pipe_receive_x1(pipe, ring + got, slot_init + got, pkts + got, n - got);
}

/*
 * Handles become descriptors: {data} {length, flags, hash} is shuffled to {data} {length, length or 0}, the upper one
 * shifted to where PAYLEN is, and I/O offset and command are added. An ordinary packet's length, less the shortest that
 * can be sent, is in range, and its flags are 0: then both words are 0 after a subtraction that stops at 0.
 */
#define PIPE_PAYLEN_SHIFT 0, 0, 0, 46 - 32

/* n is a multiple of 4, and not 0. `report` is RING_TX_RS if the last one is to ask for a report, else 0. */
static inline unsigned pipe_describe_x4(const struct pipe_output *output, struct ring_descriptor *ring,
	const struct pkt *pkts, unsigned n, uint64_t report)
{
	const __m256i min = _mm256_set1_epi32((int)output->frame_min);
	const __m256i excess_max = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)output->excess_max));
	const __m256i command = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)&output->command));
	const __m256i places = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)output->length_places));
	const __m256i shift = _mm256_setr_epi32(PIPE_PAYLEN_SHIFT, PIPE_PAYLEN_SHIFT);
	unsigned left = n;

#pragma GCC unroll 1
	do {
		__m256i low = _mm256_loadu_si256((const __m256i *)pkts),
			high = _mm256_loadu_si256((const __m256i *)(pkts + 2));
		__m256i excess = _mm256_max_epu16(_mm256_sub_epi32(low, min), _mm256_sub_epi32(high, min));

		excess = _mm256_subs_epu16(excess, excess_max);
		if (__builtin_expect(!_mm256_testz_si256(excess, excess), 0))
			break;
		low = _mm256_sllv_epi32(_mm256_shuffle_epi8(low, places), shift);
		high = _mm256_sllv_epi32(_mm256_shuffle_epi8(high, places), shift);
		_mm256_storeu_si256((__m256i *)ring, _mm256_add_epi64(low, command));
		_mm256_storeu_si256((__m256i *)(ring + 2), _mm256_add_epi64(high, command));
		ring += 4, pkts += 4;
	} while (left -= 4);
	if (!left)
		ring[-1].q1 |= report;
	return n - left;
}

/* For any number. */
static inline unsigned pipe_describe_x4_x1(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	unsigned fours = n & ~3u, described = 0;

	if (fours)
		described = pipe_describe_x4(output, ring, pkts, fours, fours == n ? RING_TX_RS : 0);
	if (described == n)
		return n;
	return described + pipe_describe_x1(output, ring + described, pkts + described, n - described);
}

/* Eight masks at a time. */
static inline bool pipe_same_x8(const uint32_t *targets, unsigned n)
{
	const __m256i first = _mm256_set1_epi32((int)targets[0]);
	unsigned eights = n & ~7u;

	for (unsigned i = 0; i < eights; i += 8) {
		__m256i differ = _mm256_xor_si256(first, _mm256_load_si256((const __m256i *)&targets[i]));

		if (!_mm256_testz_si256(differ, differ))
			return false;
	}
	for (; eights < n; eights++)
		if (targets[eights] != targets[0])
			return false;
	return true;
}
