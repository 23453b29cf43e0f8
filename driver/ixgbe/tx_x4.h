/* SPDX-License-Identifier: BSD-2-Clause
 * Writing four descriptors at a time with AVX2: for tx_avx2.c, and for what eight at a time leave over in tx_avx512.c.
 */
#pragma once

#include "bursts.h"

#include <immintrin.h>

/* What is left of a burst, one by one. Out of line for the reason that ixgbe_rx_take_rest has. */
static RING_OUT_OF_LINE unsigned ixgbe_tx_put_rest(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put_x1(format, queue, slot, pkts, n);
}

/*
 * A ring_tx_put_fn. Of four handles the pointers are gathered, and the lengths, each twice: for DTALEN and, shifted,
 * for PAYLEN. Interleaved they are four descriptors.
 *
 * Unpacking and shuffling work within lanes of 128 bits, so what is gathered is in the order 0 2 1 3, and unpacking
 * again, to interleave, restores the order.
 */
RING_STEP unsigned ixgbe_tx_put_x4(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const __m256i command = _mm256_set1_epi64x((long long)(format->command | RING_TX_EOP)),
		      iova_offset = _mm256_set1_epi64x((long long)queue->iova_offset);
	const __m256i shortest = _mm256_set1_epi32((int)format->frame_min),
		      ordinary_max = _mm256_set1_epi32((int)queue->ordinary_max);
	/* the length in the low half of a quadword stays, that in the high half goes up to PAYLEN; flags go away */
	const __m256i factors = _mm256_set1_epi64x(1 | 1ll << IXGBE_TX_PAYLEN_SHIFT);
	__m256i *ring = (__m256i *)&queue->ring[slot], *buffers = (__m256i *)&queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 4; remaining -= 4, ring += 2, pkts += 4) {
		__m256i first = _mm256_loadu_si256((const __m256i *)&pkts[0]),
			second = _mm256_loadu_si256((const __m256i *)&pkts[2]);
		/* length and flags of each packet, in both halves of a quadword */
		__m256i length = _mm256_castps_si256(
			_mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0xaa));
		/* saturates to 0 word by word, unless a flag is no status, or the length is out of range */
		__m256i unusual = _mm256_subs_epu16(_mm256_sub_epi32(length, shortest), ordinary_max);
		if (__builtin_expect(!_mm256_testz_si256(unusual, unusual), 0))
			break;
		__m256i data = _mm256_unpacklo_epi64(first, second);
		_mm256_storeu_si256(buffers++, _mm256_permute4x64_epi64(data, 0xd8));
		__m256i q0 = _mm256_add_epi64(data, iova_offset),
			q1 = _mm256_or_si256(_mm256_madd_epi16(length, factors), command);
		_mm256_storeu_si256(ring, _mm256_unpacklo_epi64(q0, q1));
		_mm256_storeu_si256(ring + 1, _mm256_unpackhi_epi64(q0, q1));
	}
	n -= remaining;
	return __builtin_expect(remaining, 0) ? n + ixgbe_tx_put_rest(format, queue, slot + n, pkts, remaining) : n;
}
