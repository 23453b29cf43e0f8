/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions with AVX-512: eight descriptors at a time; what is left, four at a time. How is told in
 * x4.h. */
#include "../../mempool/handles_x4.h"
#include "x4.h"

static inline __m512i four_times(__m128i piece)
{
	return _mm512_broadcast_i32x4(piece);
}

/* What four whole, good frames have; and the sign of each last dword, where the VLAN tag is, which decides nothing.
 * Loaded each time: what judges overwrites it, and a copy costs as much. */
#define WHOLE (long long)(IXGBE_RX_WHOLE_FRAME | UINT64_C(1) << 63)
static const volatile __m512i four_whole = {0, WHOLE, 0, WHOLE, 0, WHOLE, 0, WHOLE};

/* Four descriptors that were judged become handles, and are rewritten for the card. */
static inline void hand_out_four(__m512i judged, __mmask16 lasts, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, __m512i rearm)
{
	__m512i slots = _mm512_loadu_si512(home);
	__m512i handle = _mm512_or_si512(_mm512_shuffle_epi8(judged, four_times(pipe_length())), slots);

	pkt_store_x4(pkts, _mm512_mask_shuffle_epi32(handle, lasts, _mm512_loadu_si512(ring), 0x7f));
	_mm512_storeu_si512(ring, _mm512_add_epi64(slots, rearm));
}

/* No loop has as few instructions as four of these in a row: no index, and no end to be worked out. */
static inline unsigned take_eights(const struct ixgbe_pipe *pipe, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, unsigned n)
{
	const __m512i decides =
		_mm512_set_epi64(IXGBE_RX_DECIDES, 0, IXGBE_RX_DECIDES, 0, IXGBE_RX_DECIDES, 0, IXGBE_RX_DECIDES, 0);
	const __m512i rearm = four_times(_mm_load_si128((const __m128i *)&pipe->rearm));
	__mmask16 lasts = 0;

#pragma GCC unroll 4
	for (unsigned i = 0; i < NIC_PIPE_BURST; i += 8) {
		__m512i whole = four_whole, low = _mm512_loadu_si512(&ring[i]), high = _mm512_loadu_si512(&ring[i + 4]);

		if (i == 0)
			lasts = _mm512_movepi32_mask(whole); /* one instruction; a constant is two */

		/* a bit that one of two descriptors does not have as a whole, good frame has it */
		if (__builtin_expect(
			    _mm512_test_epi64_mask(_mm512_ternarylogic_epi64(whole, low, high, 0x7e), decides), 0))
			return i;
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		hand_out_four(low, lasts, &ring[i], &home[i], &pkts[i], rearm);
		hand_out_four(high, lasts, &ring[i + 4], &home[i + 4], &pkts[i + 4], rearm);
		if (__builtin_expect(n == i + 8, 1))
			return n;
	}
	return NIC_PIPE_BURST;
}

/* What describes packets: see x4.h. */
struct describing {
	__m512i least, range, lengths, shift;
};

struct eight {
	__m512i lower, upper;
};

/* The next eight packets' addresses and lengths where descriptors have them, if all are ordinary. */
static inline __attribute__((always_inline)) bool place_eight(
	const struct describing *with, const struct pkt *pkts, struct eight *eight)
{
	__m512i lower = pkt_load_x4(pkts), upper = pkt_load_x4(pkts + 4);
	__m512i most = _mm512_max_epu32(_mm512_sub_epi32(lower, with->least), _mm512_sub_epi32(upper, with->least));

	eight->lower = _mm512_sllv_epi32(_mm512_shuffle_epi8(lower, with->lengths), with->shift);
	eight->upper = _mm512_sllv_epi32(_mm512_shuffle_epi8(upper, with->lengths), with->shift);
	return __builtin_expect(_mm512_cmpgt_epu32_mask(most, with->range) == 0, 1);
}

/* No loop here either: there the last eight of any length would be one piece of code, that has to work out where they
 * are. */
static inline __attribute__((always_inline)) unsigned describe_eights(const struct ixgbe_pipe_output *output,
	struct ring_descriptor *ring, const struct pkt *pkts, unsigned n, bool ends)
{
	const struct describing with = {.least = _mm512_set1_epi32((int)output->least),
		.range = four_times(_mm_load_si128((const __m128i *)output->range)),
		.lengths = four_times(pipe_lengths()),
		.shift = four_times(_mm_setr_epi32(0, 0, 0, 14))};
	const __m512i describe = four_times(_mm_load_si128((const __m128i *)&output->describe));
	const __m512i *end = ends ? (const __m512i *)output->end : &describe;
	struct eight eight;

	if (!place_eight(&with, pkts, &eight))
		return 0;
	_mm512_storeu_si512(ring, _mm512_add_epi64(eight.lower, describe));
	if (__builtin_expect(n == 8, 1)) {
		_mm512_storeu_si512(ring + 4, _mm512_add_epi64(eight.upper, *end));
		return 8;
	}
	_mm512_storeu_si512(ring + 4, _mm512_add_epi64(eight.upper, describe));
	if (!place_eight(&with, pkts + 8, &eight))
		return 8;
	_mm512_storeu_si512(ring + 8, _mm512_add_epi64(eight.lower, describe));
	if (n == 16) {
		_mm512_storeu_si512(ring + 12, _mm512_add_epi64(eight.upper, *end));
		return 16;
	}
	_mm512_storeu_si512(ring + 12, _mm512_add_epi64(eight.upper, describe));
	if (!place_eight(&with, pkts + 16, &eight))
		return 16;
	_mm512_storeu_si512(ring + 16, _mm512_add_epi64(eight.lower, describe));
	if (n == 24) {
		_mm512_storeu_si512(ring + 20, _mm512_add_epi64(eight.upper, *end));
		return 24;
	}
	_mm512_storeu_si512(ring + 20, _mm512_add_epi64(eight.upper, describe));
	if (!place_eight(&with, pkts + 24, &eight))
		return 24;
	_mm512_storeu_si512(ring + 24, _mm512_add_epi64(eight.lower, describe));
	_mm512_storeu_si512(ring + 28, _mm512_add_epi64(eight.upper, *end));
	return 32;
}

static inline unsigned put_eights(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	return describe_eights(output, ring, pkts, n, true);
}

static inline unsigned pick(struct pkt *some, const struct pkt *pkts, const uint32_t *to, unsigned n, unsigned index)
{
	const __m512i bit = _mm512_set1_epi32((int)(UINT32_C(1) << index));
	uint32_t chosen = _mm512_test_epi32_mask(_mm512_loadu_si512(to), bit);
	unsigned picked = 0;

	chosen |= (uint32_t)_mm512_test_epi32_mask(_mm512_loadu_si512(to + 16), bit) << 16;
	chosen = _bzhi_u32(chosen, n);
	for (unsigned i = 0; i < n; i += 4, chosen >>= 4) {
		__mmask8 both = (__mmask8)(_pdep_u32(chosen, 0x55) * 3);
		_mm512_storeu_si512(&some[picked], _mm512_maskz_compress_epi64(both, _mm512_loadu_si512(&pkts[i])));
		picked += (unsigned)__builtin_popcount(chosen & 15);
	}
	return picked;
}

#define PIPE_WIDTH 8
#define take_wide  take_eights
#define put_wide   put_eights
#define take_rest  take_any_number
#define put_rest   put_any_number

static inline unsigned take_any_number(const struct ixgbe_pipe *pipe, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, unsigned n)
{
	unsigned whole = n & ~7u, got = whole ? take_eights(pipe, ring, home, pkts, whole) : 0;

	return got < n ? got + pipe_take_rest(pipe, ring + got, home + got, pkts + got, n - got) : got;
}

static inline unsigned put_any_number(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	unsigned whole = n & ~7u, put = whole ? describe_eights(output, ring, pkts, whole, whole == n) : 0;

	return put < n ? put + pipe_put_rest(output, ring + put, pkts + put, n - put) : put;
}

#include "burst.h"

const struct ixgbe_pipe_bursts ixgbe_pipe_avx512 = {pipe_take, pipe_send, pipe_send_parting};
