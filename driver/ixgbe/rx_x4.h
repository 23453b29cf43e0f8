/* SPDX-License-Identifier: BSD-2-Clause
 * Taking four descriptors at a time with AVX2: for rx_avx2.c, and for what eight at a time leave over in rx_avx512.c.
 */
#ifndef POLLUX_DRIVER_IXGBE_RX_X4_H
#define POLLUX_DRIVER_IXGBE_RX_X4_H

#include "bursts.h"

#include <immintrin.h>

/*
 * A descriptor is {q0: packet type, hash} {q1: status, length, VLAN}, a handle {data} {length, flags, hash}. For four
 * of them: gather the q1s, decide, gather the q0s, and put lengths and hashes together; then weave the pointers in.
 * Unpacking works within 128-bit lanes, so the four are in the order 0 2 1 3 in between, and unpacking once more puts
 * them right.
 */
static inline unsigned ixgbe_rx_take_x4(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const __m256i decides = _mm256_set1_epi64x((long long)IXGBE_RX_DECIDES),
		      whole = _mm256_set1_epi64x((long long)IXGBE_RX_WHOLE_FRAME);
	/* per quadword: bytes 4 and 5, the length, and six of 0 */
	const __m256i length =
		_mm256_set_epi64x(-0x10000 | 0x0d0c, -0x10000 | 0x0504, -0x10000 | 0x0d0c, -0x10000 | 0x0504);
	const __m256i *at = (const __m256i *)&queue->ring[slot], *buffers = (const __m256i *)&queue->buffers[slot];
	unsigned left = n;

	for (; left >= 4; left -= 4, at += 2, pkts += 4) {
		__m256i q1 = _mm256_unpackhi_epi64(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1));
		if (!_mm256_testz_si256(_mm256_xor_si256(q1, whole), decides))
			break;
		/* DD first, then the rest: loads are not reordered with loads, if the compiler doesn't */
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		__m256i q0 = _mm256_unpacklo_epi64(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1));
		__m256i meta = _mm256_blend_epi32(_mm256_shuffle_epi8(q1, length), q0, 0xaa);
		__m256i data = _mm256_permute4x64_epi64(_mm256_loadu_si256(buffers++), 0xd8);
		_mm256_storeu_si256((__m256i *)&pkts[0], _mm256_unpacklo_epi64(data, meta));
		_mm256_storeu_si256((__m256i *)&pkts[2], _mm256_unpackhi_epi64(data, meta));
	}
	n -= left;
	return left ? n + ring_rx_take_few(&ixgbe_rx_format, queue, slot + n, pkts, left) : n;
}

#endif
