/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX-512: eight descriptors at a time become eight handles; what is left, four at a time. */
#include "../../mempool/handles_x4.h"
#include "rx_x4.h"

/* Takes eights only, as ixgbe_rx_take_x4 takes fours. Permutations reach over the whole vector, so nothing gets out of
 * order. */
RING_INLINE unsigned take_eights(
	const struct ring_rx_format *format, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const __m512i first_quadwords = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14),
		      second_quadwords = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	const __m512i interleave_low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
		      interleave_high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
	const __m512i deciding = _mm512_set1_epi64((long long)ring_rx_deciding_bits(format)),
		      whole_frame = _mm512_set1_epi64((long long)(format->dd | format->eop));
	/* of each quadword: bytes 4 and 5, which are the length, and two zeros; the hash has the rest */
	const __m512i length = _mm512_set4_epi32(0, -0x10000 | 0x0d0c, 0, -0x10000 | 0x0504);
	const struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t *const *buffers = &queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 8; remaining -= 8, ring += 8, buffers += 8, pkts += 8) {
		__m512i q1 = _mm512_permutex2var_epi64(
			_mm512_loadu_si512(ring), second_quadwords, _mm512_loadu_si512(ring + 4));
		if (_mm512_test_epi64_mask(_mm512_xor_si512(q1, whole_frame), deciding))
			break;
		/* DD first, then the rest: the CPU does not reorder loads, and this keeps the compiler from it */
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		__m512i q0 = _mm512_permutex2var_epi64(
			_mm512_loadu_si512(ring), first_quadwords, _mm512_loadu_si512(ring + 4));
		__m512i length_and_hash = _mm512_mask_shuffle_epi8(q0, 0x0f0f0f0f0f0f0f0f, q1, length);
		__m512i data = _mm512_loadu_si512(buffers);
		pkt_store_x4(&pkts[0], _mm512_permutex2var_epi64(data, interleave_low, length_and_hash));
		pkt_store_x4(&pkts[4], _mm512_permutex2var_epi64(data, interleave_high, length_and_hash));
	}
	return n - remaining;
}

/* A ring_rx_take_fn. Less than eight are not worth the constants of take_eights. */
RING_STEP unsigned take_x8(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	unsigned taken = n < 8 ? 0 : take_eights(format, queue, slot, pkts, n);

	return taken == n ? n
			  : taken + ixgbe_rx_take_x4(format, offloads, queue, slot + taken, &pkts[taken], n - taken);
}

/* As ring_rx_arm_scalar. */
RING_STEP void arm_x8(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	/* addresses to the first quadwords, and zeros to the second ones */
	const __m512i low = _mm512_setr_epi64(0, 0, 1, 0, 2, 0, 3, 0), high = _mm512_setr_epi64(4, 0, 5, 0, 6, 0, 7, 0);
	const __mmask8 first_quadwords = 0x55;
	const __m512i iova_offset = _mm512_set1_epi64((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];

#pragma GCC unroll 4
	for (unsigned i = 0; i < RING_BATCH; i += 8) {
		__m512i data = _mm512_loadu_si512(&fresh[i]), q0 = _mm512_add_epi64(data, iova_offset);

		_mm512_storeu_si512(&buffers[i], data);
		_mm512_storeu_si512(&ring[i], _mm512_maskz_permutexvar_epi64(first_quadwords, low, q0));
		_mm512_storeu_si512(&ring[i + 4], _mm512_maskz_permutexvar_epi64(first_quadwords, high, q0));
	}
}

RING_RX_BURST(ixgbe_rx_burst_avx512, &ixgbe_rx_format, RING_PLAIN, take_x8, arm_x8)
