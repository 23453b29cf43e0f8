/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's loops over descriptors with AVX-512: eight at a time, and what is left over under masks. */
#include "pipe_few.h"

#include <immintrin.h>

/* Descriptors, handles: two quadwords each, four in a vector; pointers: eight. Spread to the lower quadwords of four: */
#define SPREAD_LOW  _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3)
#define SPREAD_HIGH _mm512_setr_epi64(4, 4, 5, 5, 6, 6, 7, 7)
#define LOWER 0x55

/* Both quadwords of the first `n` of four. */
static inline __mmask8 pairs(unsigned n)
{
	return (__mmask8)_bzhi_u32(0xff, 2 * n);
}

/* Bits that a whole, good frame does not have so, of four descriptors. Each was read in one 16-byte piece of a vector. */
static inline __m512i wrong(__m512i descriptors)
{
	const __m512i whole = _mm512_set_epi64(IXGBE_RX_WHOLE_FRAME, 0, IXGBE_RX_WHOLE_FRAME, 0, IXGBE_RX_WHOLE_FRAME, 0,
		IXGBE_RX_WHOLE_FRAME, 0);
	return _mm512_xor_si512(descriptors, whole);
}

static inline __mmask8 odd_ones(__m512i wrong_bits)
{
	return _mm512_mask_test_epi64_mask(0xaa, wrong_bits, _mm512_set1_epi64((long long)IXGBE_RX_DECIDES));
}

/* Four descriptors become handles, and are rewritten for the card. */
static inline void hand_out(struct ixgbe_descriptor *ring, struct pkt *pkts, __m512i descriptors, __m512i data, __m512i address,
	__m512i spread, __mmask8 valid)
{
	/* per lane: the length from bytes 12 and 13, two of 0, the hash from bytes 4 to 7; below them the pointer */
	const __m512i meta = _mm512_set4_epi32(0x07060504, -0x10000 | 0x0d0c, 0, 0);
	__m512i handles = _mm512_mask_permutexvar_epi64(_mm512_shuffle_epi8(descriptors, meta), LOWER, spread, data);

	_mm512_mask_storeu_epi64(pkts, valid, handles);
	/* {address, 0}: no header buffer, and DD is cleared */
	_mm512_mask_storeu_epi64(ring, valid, _mm512_maskz_permutexvar_epi64(LOWER, spread, address));
}

/* What is left over: up to eight, or eight that are not all whole, good frames. */
static inline unsigned take_rest(struct ixgbe_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n, __m512i offset)
{
	unsigned low_n = n < 4 ? n : 4, high_n = n - low_n;
	__m512i low = _mm512_maskz_loadu_epi64(pairs(low_n), ring);
	__m512i high = _mm512_maskz_loadu_epi64(pairs(high_n), high_n ? ring + 4 : ring);
	unsigned odd = odd_ones(wrong(low)) | (unsigned)odd_ones(wrong(high)) << 8, run = (unsigned)__builtin_ctz(odd | 1u << 16) / 2;
	unsigned first = run < 4 ? run : 4;
	__m512i data = _mm512_maskz_loadu_epi64((__mmask8)_bzhi_u32(0xff, run), buffers), address = _mm512_add_epi64(data, offset);

	hand_out(ring, pkts, low, data, address, SPREAD_LOW, pairs(first));
	hand_out(ring + 4, pkts + 4, high, data, address, SPREAD_HIGH, pairs(run - first));
	return run;
}

static inline unsigned take_frames(struct ixgbe_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n, uint64_t offset)
{
	const __m512i offsets = _mm512_set1_epi64((long long)offset);
	unsigned long i = 0;

#pragma GCC unroll 1
	for (; i + 8 <= n; i += 8) {
		__m512i low = _mm512_loadu_si512(&ring[i]), high = _mm512_loadu_si512(&ring[i + 4]);
		if (__builtin_expect(odd_ones(_mm512_or_si512(wrong(low), wrong(high))), 0))
			break;
		__m512i data = _mm512_loadu_si512(&buffers[i]), address = _mm512_add_epi64(data, offsets);
		hand_out(&ring[i], &pkts[i], low, data, address, SPREAD_LOW, 0xff);
		hand_out(&ring[i + 4], &pkts[i + 4], high, data, address, SPREAD_HIGH, 0xff);
	}
	if (i < n)
		i += take_rest(&ring[i], &buffers[i], &pkts[i], n - i < 8 ? n - (unsigned)i : 8, offsets);
	return (unsigned)i;
}

/* Four handles become descriptors. */
static inline __m512i describe(__m512i handles, __m512i length, __m512i offset)
{
	const __m512i command = _mm512_set1_epi64((long long)(IXGBE_TX_COMMAND | IXGBE_TX_EOP));
	const __m512i shifts = _mm512_set1_epi64((long long)(IXGBE_TX_PAYLEN_SHIFT - 32) << 32); /* low half 0, high half to PAYLEN */

	return _mm512_mask_add_epi64(_mm512_or_si512(_mm512_sllv_epi32(length, shifts), command), LOWER, handles, offset);
}

/* What is left over, or has a packet that no descriptor describes as it is. */
static inline unsigned put_rest(struct ixgbe_descriptor *ring, const struct pkt *pkts, unsigned n, __m512i offset,
	__m512i least, __m512i range)
{
	unsigned done = 0, few, good;

	do {
		few = n - done < 4 ? n - done : 4;
		__m512i handles = _mm512_maskz_loadu_epi64(pairs(few), pkts + done), length = _mm512_shuffle_epi32(handles, 0xaa);
		__mmask16 odd = _mm512_cmpgt_epu32_mask(_mm512_sub_epi32(length, least), range);

		good = (unsigned)__builtin_ctz(odd | 1u << 16) / 4; /* what is no handle has no good length either */
		_mm512_mask_storeu_epi64(ring + done, pairs(good), describe(handles, length, offset));
		done += good;
	} while (good == 4 && done < n);
	return done;
}

static inline unsigned put_frames(struct ixgbe_descriptor *ring, const struct pkt *pkts, unsigned n, uint64_t offset, uint32_t longest)
{
	const __m512i least = _mm512_set1_epi32(IXGBE_TX_FRAME_MIN), range = _mm512_set1_epi32((int)(longest - IXGBE_TX_FRAME_MIN));
	const __m512i offsets = _mm512_set1_epi64((long long)offset);
	unsigned long i = 0;

#pragma GCC unroll 1
	for (; i + 8 <= n; i += 8) {
		__m512i first = _mm512_loadu_si512(&pkts[i]), second = _mm512_loadu_si512(&pkts[i + 4]);
		/* length and flags of each, in all of its lanes; any flag makes it too large for the comparison */
		__m512i length1 = _mm512_shuffle_epi32(first, 0xaa), length2 = _mm512_shuffle_epi32(second, 0xaa);
		__m512i most = _mm512_max_epu32(_mm512_sub_epi32(length1, least), _mm512_sub_epi32(length2, least));
		if (__builtin_expect(_mm512_cmpgt_epu32_mask(most, range) != 0, 0))
			break;
		_mm512_storeu_si512(&ring[i], describe(first, length1, offsets));
		_mm512_storeu_si512(&ring[i + 4], describe(second, length2, offsets));
	}
	return i < n ? (unsigned)i + put_rest(&ring[i], &pkts[i], n - (unsigned)i, offsets, least, range) : n;
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

#include "pipe_burst.h"

void ixgbe_pipe_avx512(struct nic_pipe *pipe)
{
	pipe->take = pipe_take;
	pipe->send = pipe_send;
}
