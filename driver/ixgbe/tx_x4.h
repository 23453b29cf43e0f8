/* SPDX-License-Identifier: BSD-2-Clause
 * Writing four descriptors at a time with AVX2: for tx_avx2.c, and for what eight at a time leave over in tx_avx512.c.
 */
#ifndef POLLUX_DRIVER_IXGBE_TX_X4_H
#define POLLUX_DRIVER_IXGBE_TX_X4_H

#include "bursts.h"

#include <immintrin.h>

/* The pointers of four handles are gathered, and their lengths; both are in the order 0 2 1 3 then, since unpacking and
 * shuffling work within 128-bit lanes, and unpacking once more puts the descriptors right. */
static inline unsigned ixgbe_tx_put_x4(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const __m256i command = _mm256_set1_epi64x((long long)(IXGBE_TX_COMMAND | IXGBE_TX_EOP)),
		      offset = _mm256_set1_epi64x((long long)queue->iova_offset);
	const __m256i least = _mm256_set1_epi32(IXGBE_TX_FRAME_MIN),
		      range = _mm256_set1_epi32((int)(queue->max_single - IXGBE_TX_FRAME_MIN));
	const __m256i twice = _mm256_set1_epi64x(
		(long long)(IXGBE_TX_PAYLEN_SHIFT - 32) << 32); /* shifts: low half 0, high half to PAYLEN */
	__m256i *ring = (__m256i *)&queue->ring[slot], *buffers = (__m256i *)&queue->buffers[slot];
	unsigned left = n;

	for (; left >= 4; left -= 4, ring += 2, pkts += 4) {
		__m256i first = _mm256_loadu_si256((const __m256i *)&pkts[0]),
			second = _mm256_loadu_si256((const __m256i *)&pkts[2]);
		/* length and flags, in both halves of a quadword */
		__m256i length = _mm256_castps_si256(
			_mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0xaa));
		/* a word that is not 0 after saturation: a flag, or a length out of range */
		__m256i odd = _mm256_subs_epu16(_mm256_sub_epi32(length, least), range);
		if (__builtin_expect(!_mm256_testz_si256(odd, odd), 0))
			break;
		__m256i data = _mm256_unpacklo_epi64(first, second);
		_mm256_storeu_si256(buffers++, _mm256_permute4x64_epi64(data, 0xd8));
		__m256i q0 = _mm256_add_epi64(data, offset),
			q1 = _mm256_or_si256(_mm256_sllv_epi32(length, twice), command);
		_mm256_storeu_si256(ring, _mm256_unpacklo_epi64(q0, q1));
		_mm256_storeu_si256(ring + 1, _mm256_unpackhi_epi64(q0, q1));
	}
	n -= left;
	return left ? n + ring_tx_put_few(&ixgbe_tx_format, queue, slot + n, pkts, left) : n;
}

#endif
