/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX2: four descriptors at a time become four handles. */
#include "rx_x4.h"

static inline void arm(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	const __m256i zero = _mm256_setzero_si256(), offsets = _mm256_set1_epi64x((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];

#pragma GCC unroll 8
	for (unsigned i = 0; i < RING_BATCH; i += 4) {
		__m256i data = _mm256_loadu_si256((const __m256i *)&fresh[i]);
		_mm256_storeu_si256((__m256i *)&buffers[i], data);
		__m256i q0 = _mm256_permute4x64_epi64(_mm256_add_epi64(data, offsets), 0xd8);
		/* q1 0: no header buffer; and DD is cleared */
		_mm256_storeu_si256((__m256i *)&ring[i], _mm256_unpacklo_epi64(q0, zero));
		_mm256_storeu_si256((__m256i *)&ring[i + 2], _mm256_unpackhi_epi64(q0, zero));
	}
}

static __attribute__((noinline)) unsigned refill(struct ring_rxq *queue, unsigned got)
{
	return ring_rx_refill(queue, got, arm);
}

static __attribute__((noinline)) unsigned any(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&ixgbe_rx_format, queue, pkts, n, got, ixgbe_rx_take_x4, refill);
}

static __attribute__((noinline)) unsigned many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&ixgbe_rx_format, queue, pkts, n, ixgbe_rx_take_x4, any, refill);
}

unsigned ixgbe_rx_burst_avx2(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&ixgbe_rx_format, nic, pkts, n, many, any, refill);
}
