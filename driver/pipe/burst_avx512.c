/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions with AVX-512: eight descriptors at a time; what is left, four at a time. How a descriptor
 * becomes a handle, and a handle a descriptor, is told in x4.h. */
#include "../../mempool/handles_x4.h"
#include "x4.h"

#define PIPE_WIDTH        8
#define PIPE_VECTOR_BYTES 64

static inline __m512i four_times(__m128i piece)
{
	return _mm512_broadcast_i32x4(piece);
}

/* Four whole, good frames become handles. The length is of the load that was checked; the hash, in the last dwords, is
 * of a later one: nobody promises that 64 bytes are loaded at once. */
static inline void hand_out_four(__m512i checked, __mmask16 not_hash, __m512i shuffle,
	const struct ring_descriptor *ring, const struct ring_descriptor *slot_init, struct pkt *pkts)
{
	__m512i init = _mm512_loadu_si512(slot_init), hash = _mm512_shuffle_epi32(_mm512_loadu_si512(ring), 0x7f);

	pkt_store_x4(pkts, _mm512_mask_or_epi32(hash, not_hash, _mm512_shuffle_epi8(checked, shuffle), init));
}

/* For 8, 16, 24 or 32 packets. No loop has as few instructions as four of these in a row: no index, and no end to be
 * worked out. */
static inline unsigned receive_wide(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	const __m512i whole = _mm512_set1_epi64((long long)pipe->rx.whole),
		      bits = _mm512_set1_epi64((long long)pipe->rx.checked);
	const __m512i shuffle = four_times(_mm_setr_epi8(PIPE_LENGTH_AND_HASH));
	const __mmask16 not_hash = _mm512_movepi32_mask(shuffle); /* its signs: one instruction; a constant is two */

#pragma GCC unroll 4
	for (unsigned i = 0; i < NIC_PIPE_BURST; i += 8) {
		__m512i low = _mm512_loadu_si512(&ring[i]), high = _mm512_loadu_si512(&ring[i + 4]);
		__m512i q1 = _mm512_unpackhi_epi64(low, high);

		if (__builtin_expect(_mm512_test_epi64_mask(_mm512_xor_si512(q1, whole), bits), 0))
			return i;
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		hand_out_four(low, not_hash, shuffle, &ring[i], &slot_init[i], &pkts[i]);
		hand_out_four(high, not_hash, shuffle, &ring[i + 4], &slot_init[i + 4], &pkts[i + 4]);
		if (__builtin_expect(n == i + 8, 1))
			return n;
	}
	return NIC_PIPE_BURST;
}

static inline unsigned receive(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	unsigned eights = n & ~7u, got = eights ? receive_wide(pipe, ring, slot_init, pkts, eights) : 0;

	return got + pipe_receive_x4_x1(pipe, ring + got, slot_init + got, pkts + got, n - got);
}

/* For 8, 16, 24 or 32 packets, of which the last one asks for a report if they are all; x4.h tells what makes
 * descriptors of handles. No loop here either: there the last eight of any length would be one piece of code, that has
 * to work out where they are. */
static inline __attribute__((always_inline)) unsigned describe_x8(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n, bool all)
{
	const __m512i min = _mm512_set1_epi32((int)output->frame_min),
		      excess_max = four_times(_mm_load_si128((const __m128i *)output->excess_max)),
		      places = four_times(_mm_load_si128((const __m128i *)output->length_places)),
		      shift = four_times(_mm_setr_epi32(PIPE_PAYLEN_SHIFT)),
		      command = four_times(_mm_load_si128((const __m128i *)&output->command));
	const __m512i *last = all ? (const __m512i *)output->last_commands : &command;

#pragma GCC unroll 4
	for (unsigned i = 0; i < NIC_PIPE_BURST; i += 8) {
		__m512i lower = pkt_load_x4(pkts + i), upper = pkt_load_x4(pkts + i + 4);
		__m512i excess = _mm512_max_epu32(_mm512_sub_epi32(lower, min), _mm512_sub_epi32(upper, min));

		if (__builtin_expect(_mm512_cmpgt_epu32_mask(excess, excess_max) != 0, 0))
			return i;
		lower = _mm512_sllv_epi32(_mm512_shuffle_epi8(lower, places), shift);
		upper = _mm512_sllv_epi32(_mm512_shuffle_epi8(upper, places), shift);
		_mm512_storeu_si512(ring + i, _mm512_add_epi64(lower, command));
		if (i == NIC_PIPE_BURST - 8 || __builtin_expect(n == i + 8, 1)) {
			_mm512_storeu_si512(ring + i + 4, _mm512_add_epi64(upper, *last));
			return n;
		}
		_mm512_storeu_si512(ring + i + 4, _mm512_add_epi64(upper, command));
	}
	return n;
}

static inline unsigned describe_wide(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	return describe_x8(output, ring, pkts, n, true);
}

static inline unsigned describe(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	unsigned eights = n & ~7u, described = eights ? describe_x8(output, ring, pkts, eights, eights == n) : 0;

	if (described == n)
		return n;
	return described + pipe_describe_x4_x1(output, ring + described, pkts + described, n - described);
}

static inline bool all_same(const uint32_t *targets, unsigned n)
{
	const __m512i first = _mm512_set1_epi32((int)targets[0]);
	uint32_t differ = _mm512_cmpneq_epi32_mask(first, _mm512_load_si512(targets));

	if (n > 16)
		differ |= (uint32_t)_mm512_cmpneq_epi32_mask(first, _mm512_load_si512(targets + 16)) << 16;
	return _bzhi_u32(differ, n) == 0;
}

#include "burst.h"

const struct pipe_simd pipe_avx512 = PIPE_SIMD;
