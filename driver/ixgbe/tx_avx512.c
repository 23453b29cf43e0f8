/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit with AVX-512: eight handles at a time become eight descriptors; what is left, four at a time. */
#include "../../mempool/handles_x4.h"
#include "tx_x4.h"

/* As ixgbe_tx_put_x4, but that permutations reach over the whole vector: no order has to be put right. */
static inline unsigned put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	/* length and flags of each, into both halves of a quadword */
	const __m512i lengths = _mm512_setr_epi32(2, 2, 6, 6, 10, 10, 14, 14, 18, 18, 22, 22, 26, 26, 30, 30);
	const __m512i weave_low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
		      weave_high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
	const __m512i least = _mm512_set1_epi32(IXGBE_TX_FRAME_MIN),
		      range = _mm512_set1_epi32((int)(queue->max_single - IXGBE_TX_FRAME_MIN));
	const __m512i twice = _mm512_set1_epi64(
		(long long)(IXGBE_TX_PAYLEN_SHIFT - 32) << 32); /* shifts: low half 0, high half to PAYLEN */
	const __m512i command = _mm512_set1_epi64((long long)(IXGBE_TX_COMMAND | IXGBE_TX_EOP)),
		      offset = _mm512_set1_epi64((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	unsigned left = n;

	for (; left >= 8; left -= 8, ring += 8, buffers += 8, pkts += 8) {
		__m512i first = pkt_load_x4(&pkts[0]), second = pkt_load_x4(&pkts[4]);
		__m512i length = _mm512_permutex2var_epi32(first, lengths, second);
		/* any flag makes it too large for the comparison */
		if (__builtin_expect(_mm512_cmpgt_epu32_mask(_mm512_sub_epi32(length, least), range) != 0, 0))
			break;
		__m512i data = _mm512_permutex2var_epi64(first, firsts, second);
		_mm512_storeu_si512(buffers, data);
		__m512i q0 = _mm512_add_epi64(data, offset),
			q1 = _mm512_or_si512(_mm512_sllv_epi32(length, twice), command);
		_mm512_storeu_si512(&ring[0], _mm512_permutex2var_epi64(q0, weave_low, q1));
		_mm512_storeu_si512(&ring[4], _mm512_permutex2var_epi64(q0, weave_high, q1));
	}
	n -= left;
	return left ? n + ixgbe_tx_put_x4(queue, slot + n, pkts, left) : n;
}

static __attribute__((noinline)) unsigned any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&ixgbe_tx_format, queue, pkts, n, put);
}

static __attribute__((noinline)) unsigned eight_or_more(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, put, any);
}

static __attribute__((noinline)) unsigned below_eight(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, ixgbe_tx_put_x4, any);
}

static inline unsigned many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return n < 8 ? below_eight(queue, pkts, n) : eight_or_more(queue, pkts, n);
}

unsigned ixgbe_tx_burst_avx512(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&ixgbe_tx_format, nic, pkts, n, many, any);
}
