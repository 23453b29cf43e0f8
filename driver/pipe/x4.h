/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's loops over descriptors with AVX2, four at a time and then singly: for burst_avx2.c, and for what eight at a
 * time leave over in burst_avx512.c. */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_FOURS_H
#define POLLUX_DRIVER_IXGBE_PIPE_FOURS_H

#include "state.h"

#include <immintrin.h>

/*
 * A received descriptor is {q0: packet type, hash} {q1: status, length, VLAN}, a handle {data} {length, flags, hash},
 * and a slot's home {data} {0}: all have 16 bytes, so that nothing has to cross them. A shuffle makes {0} {length, 0,
 * 0} of a descriptor; home and the hash are put into it. What is judged is one load, of which the length is used; the
 * hash comes from a later one: that loads of more than 16 bytes happen at once, nobody promises.
 */
static inline __m128i pipe_length(void)
{
	return _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 12, 13, -1, -1, -1, -1, -1, -1);
}

/* Two descriptors that were judged become handles, and are rewritten for the card. */
static inline void pipe_hand_out_two(__m256i judged, __m256i *ring, const __m256i *home, __m256i *pkts, __m256i rearm)
{
	__m256i slots = _mm256_loadu_si256(home), hash = _mm256_shuffle_epi32(_mm256_loadu_si256(ring), 0x7f);
	__m256i handle =
		_mm256_or_si256(_mm256_shuffle_epi8(judged, _mm256_broadcastsi128_si256(pipe_length())), slots);

	_mm256_storeu_si256(pkts, _mm256_blend_epi32(handle, hash, 0x88));
	_mm256_storeu_si256(ring, _mm256_add_epi64(slots, rearm));
}

static inline unsigned pipe_take_fours(const struct ixgbe_pipe *pipe, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, unsigned n)
{
	const __m256i whole = _mm256_setr_epi64x(0, IXGBE_RX_WHOLE_FRAME, 0, IXGBE_RX_WHOLE_FRAME);
	const __m256i decides = _mm256_setr_epi64x(0, (long long)IXGBE_RX_DECIDES, 0, (long long)IXGBE_RX_DECIDES);
	const __m256i rearm = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)&pipe->rearm));
	unsigned long i;

#pragma GCC unroll 1
	for (i = 0; i + 4 <= n; i += 4) {
		__m256i *at = (__m256i *)&ring[i], *to = (__m256i *)&pkts[i];
		const __m256i *from = (const __m256i *)&home[i];
		__m256i first = _mm256_loadu_si256(at), second = _mm256_loadu_si256(at + 1);

		if (!_mm256_testz_si256(
			    _mm256_or_si256(_mm256_xor_si256(first, whole), _mm256_xor_si256(second, whole)), decides))
			break;
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		pipe_hand_out_two(first, at, from, to, rearm);
		pipe_hand_out_two(second, at + 1, from + 1, to + 1, rearm);
	}
	return (unsigned)i;
}

static inline unsigned pipe_take_rest(const struct ixgbe_pipe *pipe, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, unsigned n)
{
	const __m128i whole = _mm_set_epi64x(IXGBE_RX_WHOLE_FRAME, 0),
		      decides = _mm_set_epi64x((long long)IXGBE_RX_DECIDES, 0);
	const __m128i rearm = _mm_load_si128((const __m128i *)&pipe->rearm);
	unsigned i = pipe_take_fours(pipe, ring, home, pkts, n);

#pragma GCC unroll 1
	for (; i < n; i++) {
		/* one aligned load of 16 bytes */
		__m128i descriptor = _mm_load_si128((const __m128i *)&ring[i]),
			slot = _mm_load_si128((const __m128i *)&home[i]);

		if (!_mm_testz_si128(_mm_xor_si128(descriptor, whole), decides))
			break;
		__m128i handle = _mm_or_si128(_mm_shuffle_epi8(descriptor, pipe_length()), slot);
		_mm_store_si128((__m128i *)&pkts[i], _mm_blend_epi32(handle, _mm_shuffle_epi32(descriptor, 0x7f), 8));
		_mm_store_si128((__m128i *)&ring[i], _mm_add_epi64(slot, rearm));
	}
	return i;
}

/*
 * Handles become descriptors: {data} {length, flags, hash} is shuffled to {data} {length, length}, the upper one
 * shifted to where PAYLEN is; and I/O offset and command are added. A word that is not 0 after saturation tells of a
 * flag, or a length out of range.
 */
static inline __m128i pipe_lengths(void)
{
	return _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, 8, 9, -1, -1);
}

static inline unsigned pipe_describe_fours(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	const __m256i least = _mm256_set1_epi32((int)output->least),
		      shift = _mm256_setr_epi32(0, 0, 0, 14, 0, 0, 0, 14);
	const __m256i range = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)output->range));
	const __m256i describe = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)&output->describe));
	const __m256i lengths = _mm256_broadcastsi128_si256(pipe_lengths());
	unsigned long i;

#pragma GCC unroll 1
	for (i = 0; i + 4 <= n; i += 4) {
		__m256i first = _mm256_loadu_si256((const __m256i *)&pkts[i]),
			second = _mm256_loadu_si256((const __m256i *)&pkts[i + 2]);
		__m256i most = _mm256_max_epu16(_mm256_sub_epi32(first, least), _mm256_sub_epi32(second, least));
		__m256i odd = _mm256_subs_epu16(most, range);

		if (__builtin_expect(!_mm256_testz_si256(odd, odd), 0))
			break;
		first = _mm256_sllv_epi32(_mm256_shuffle_epi8(first, lengths), shift);
		second = _mm256_sllv_epi32(_mm256_shuffle_epi8(second, lengths), shift);
		_mm256_storeu_si256((__m256i *)&ring[i], _mm256_add_epi64(first, describe));
		_mm256_storeu_si256((__m256i *)&ring[i + 2], _mm256_add_epi64(second, describe));
	}
	return (unsigned)i;
}

static inline unsigned pipe_put_fours(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	unsigned put = pipe_describe_fours(output, ring, pkts, n);

	if (put == n)
		ring[n - 1].q1 |= IXGBE_TX_RS;
	return put;
}

static inline unsigned pipe_put_rest(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	const __m128i least = _mm_set1_epi32((int)output->least), shift = _mm_setr_epi32(0, 0, 0, 14);
	const __m128i range = _mm_load_si128((const __m128i *)output->range),
		      describe = _mm_load_si128((const __m128i *)&output->describe);
	unsigned i = pipe_describe_fours(output, ring, pkts, n);

#pragma GCC unroll 1
	for (; i < n; i++) {
		__m128i handle = _mm_load_si128((const __m128i *)&pkts[i]),
			odd = _mm_subs_epu16(_mm_sub_epi32(handle, least), range);

		if (__builtin_expect(!_mm_testz_si128(odd, odd), 0))
			break;
		handle = _mm_sllv_epi32(_mm_shuffle_epi8(handle, pipe_lengths()), shift);
		_mm_store_si128((__m128i *)&ring[i], _mm_add_epi64(handle, describe));
	}
	if (i == n)
		ring[n - 1].q1 |= IXGBE_TX_RS;
	return i;
}

static inline unsigned pipe_pick(
	struct pkt *some, const struct pkt *pkts, const uint32_t *to, unsigned n, unsigned index)
{
	unsigned picked = 0;

	for (unsigned i = 0; i < n; i++) {
		_mm_storeu_si128((__m128i *)&some[picked], _mm_load_si128((const __m128i *)&pkts[i]));
		picked += to[i] >> index & 1;
	}
	return picked;
}

#endif
