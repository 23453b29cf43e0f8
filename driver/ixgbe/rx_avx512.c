/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX-512: eight descriptors at a time become eight handles; what is left, four at a time. */
#include "../../mempool/handles_x4.h"
#include "rx_x4.h"

/* As ixgbe_rx_take_x4, but that permutations reach over the whole vector: no order has to be put right. */
static inline unsigned take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14),
		      seconds = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	const __m512i weave_low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
		      weave_high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
	const __m512i decides = _mm512_set1_epi64((long long)IXGBE_RX_DECIDES),
		      whole = _mm512_set1_epi64((long long)IXGBE_RX_WHOLE_FRAME);
	/* per quadword: bytes 4 and 5, the length, and two of 0; the upper four are the hash's */
	const __m512i length = _mm512_set4_epi32(0, -0x10000 | 0x0d0c, 0, -0x10000 | 0x0504);
	const struct ring_descriptor *at = &queue->ring[slot];
	uint8_t *const *buffers = &queue->buffers[slot];
	unsigned left = n;

	for (; left >= 8; left -= 8, at += 8, buffers += 8, pkts += 8) {
		__m512i q1 = _mm512_permutex2var_epi64(_mm512_loadu_si512(at), seconds, _mm512_loadu_si512(at + 4));
		if (_mm512_test_epi64_mask(_mm512_xor_si512(q1, whole), decides))
			break;
		/* DD first, then the rest: loads are not reordered with loads, if the compiler doesn't */
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		__m512i q0 = _mm512_permutex2var_epi64(_mm512_loadu_si512(at), firsts, _mm512_loadu_si512(at + 4));
		__m512i meta = _mm512_mask_shuffle_epi8(q0, 0x0f0f0f0f0f0f0f0f, q1, length);
		__m512i data = _mm512_loadu_si512(buffers);
		pkt_store_x4(&pkts[0], _mm512_permutex2var_epi64(data, weave_low, meta));
		pkt_store_x4(&pkts[4], _mm512_permutex2var_epi64(data, weave_high, meta));
	}
	n -= left;
	return left ? n + ixgbe_rx_take_x4(queue, slot + n, pkts, left) : n;
}

static inline void arm(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	/* {q0, 0}: no header buffer; and DD is cleared */
	const __m512i low = _mm512_setr_epi64(0, 0, 1, 0, 2, 0, 3, 0), high = _mm512_setr_epi64(4, 0, 5, 0, 6, 0, 7, 0);
	const __m512i offset = _mm512_set1_epi64((long long)queue->iova_offset);
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];

#pragma GCC unroll 4
	for (unsigned i = 0; i < RING_BATCH; i += 8) {
		__m512i data = _mm512_loadu_si512(&fresh[i]), q0 = _mm512_add_epi64(data, offset);
		_mm512_storeu_si512(&buffers[i], data);
		_mm512_storeu_si512(&ring[i], _mm512_maskz_permutexvar_epi64(0x55, low, q0));
		_mm512_storeu_si512(&ring[i + 4], _mm512_maskz_permutexvar_epi64(0x55, high, q0));
	}
}

static __attribute__((noinline)) unsigned refill(struct ring_rxq *queue, unsigned got)
{
	return ring_rx_refill(queue, got, arm);
}

static __attribute__((noinline)) unsigned any(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&ixgbe_rx_format, queue, pkts, n, got, take, refill);
}

static __attribute__((noinline)) unsigned eight_or_more(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&ixgbe_rx_format, queue, pkts, n, take, any, refill);
}

static __attribute__((noinline)) unsigned below_eight(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&ixgbe_rx_format, queue, pkts, n, ixgbe_rx_take_x4, any, refill);
}

static inline unsigned many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return n < 8 ? below_eight(queue, pkts, n) : eight_or_more(queue, pkts, n);
}

unsigned ixgbe_rx_burst_avx512(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&ixgbe_rx_format, nic, pkts, n, many, any, refill);
}
