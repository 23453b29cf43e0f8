/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit with AVX-512: eight handles at a time become eight descriptors; what is left, four at a time. */
#include "../../mempool/handles_x4.h"
#include "tx_x4.h"

/* Writes eights only, as ixgbe_tx_put_x4 writes fours. Permutations reach over the whole vector, so nothing gets out of
 * order. */
RING_INLINE unsigned put_eights(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const __m512i pointers = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	/* length and flags of each, into both halves of a quadword */
	const __m512i lengths = _mm512_setr_epi32(2, 2, 6, 6, 10, 10, 14, 14, 18, 18, 22, 22, 26, 26, 30, 30);
	const __m512i interleave_low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
		      interleave_high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
	const __m512i shortest = _mm512_set1_epi32((int)format->frame_min),
		      ordinary_max = _mm512_set1_epi32((int)queue->ordinary_max);
	/* the length in the low half of a quadword stays, that in the high half goes up to PAYLEN; flags go away */
	const __m512i factors = _mm512_set1_epi64(1 | 1ll << IXGBE_TX_PAYLEN_SHIFT);
	const __m512i command = _mm512_set1_epi64((long long)(format->command | RING_TX_EOP)),
		      iova_offset = _mm512_set1_epi64((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 8; remaining -= 8, ring += 8, buffers += 8, pkts += 8) {
		__m512i first = pkt_load_x4(&pkts[0]), second = pkt_load_x4(&pkts[4]);
		__m512i length = _mm512_permutex2var_epi32(first, lengths, second);
		/* word by word: a flag that is no status, or a length out of range */
		if (__builtin_expect(_mm512_cmpgt_epu16_mask(_mm512_sub_epi32(length, shortest), ordinary_max) != 0, 0))
			break;
		__m512i data = _mm512_permutex2var_epi64(first, pointers, second);
		_mm512_storeu_si512(buffers, data);
		__m512i q0 = _mm512_add_epi64(data, iova_offset),
			q1 = _mm512_or_si512(_mm512_madd_epi16(length, factors), command);
		_mm512_storeu_si512(&ring[0], _mm512_permutex2var_epi64(q0, interleave_low, q1));
		_mm512_storeu_si512(&ring[4], _mm512_permutex2var_epi64(q0, interleave_high, q1));
	}
	return n - remaining;
}

/* A ring_tx_put_fn. Less than eight are not worth the constants of put_eights. */
RING_STEP unsigned put_x8(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	unsigned put = n < 8 ? 0 : put_eights(format, queue, slot, pkts, n);

	return put == n ? n : put + ixgbe_tx_put_x4(format, queue, slot + put, &pkts[put], n - put);
}

RING_TX_BURST(ixgbe_tx_burst_avx512, &ixgbe_tx_format, put_x8)
