/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX2: four descriptors at a time become four handles. */
#include "rx_x4.h"

/* As ring_rx_arm_scalar. Unpacking works within lanes of 128 bits, so the four addresses are put into the order 0 2 1 3
 * before. */
RING_STEP void arm_x4(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	const __m256i zero = _mm256_setzero_si256(), iova_offset = _mm256_set1_epi64x((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];

#pragma GCC unroll 8
	for (unsigned i = 0; i < RING_BATCH; i += 4) {
		__m256i data = _mm256_loadu_si256((const __m256i *)&fresh[i]);
		__m256i q0 = _mm256_permute4x64_epi64(_mm256_add_epi64(data, iova_offset), 0xd8);

		_mm256_storeu_si256((__m256i *)&buffers[i], data);
		_mm256_storeu_si256((__m256i *)&ring[i], _mm256_unpacklo_epi64(q0, zero));
		_mm256_storeu_si256((__m256i *)&ring[i + 2], _mm256_unpackhi_epi64(q0, zero));
	}
}

RING_RX_BURST(ixgbe_rx_burst_avx2, &ixgbe_rx_format, ixgbe_rx_take_x4, arm_x4)
