/* SPDX-License-Identifier: BSD-2-Clause
 * Taking eight descriptors at a time with AVX-512, with what the card says of the frames: as rx_status_x4.h. */
#pragma once

#include "../../mempool/handles_x4.h"
#include "rx_status_x4.h"

RING_INLINE __m512i ixgbe_rx_table_x4(const uint8_t *table)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
}

/* Takes eights only. */
RING_INLINE unsigned ixgbe_rx_take_status_eights(
	const struct ring_rx_format *format, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const unsigned on = ring_rx_reports(queue);
	const __m512i first_quadwords = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14),
		      second_quadwords = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	const __m512i interleave_low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
		      interleave_high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
	const __m512i deciding = _mm512_set1_epi64((long long)(ring_rx_deciding_bits(format) | ring_rx_unsure(queue))),
		      whole_frame = _mm512_set1_epi64((long long)(format->dd | format->eop));
	const struct ixgbe_rx_tables *tables = ixgbe_rx_get_tables();
	const __m512i allowed = ixgbe_rx_table_x4(tables->allowed[on]), found = ixgbe_rx_table_x4(tables->found),
		      allowed_bits = ixgbe_rx_table_x4(tables->allowed_bits),
		      udp_bit = ixgbe_rx_table_x4(tables->udp_bit), order = ixgbe_rx_table_x4(tables->order);
	/* all but the hash, or its lower half */
	const __mmask64 not_hash = on & RING_RX_TAGS ? 0xcfcfcfcfcfcfcfcf : 0x0f0f0f0f0f0f0f0f;
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
		__m512i may = _mm512_and_si512(_mm512_srli_epi32(q1, 3), allowed_bits),
			udp = _mm512_and_si512(_mm512_srli_epi32(q0, 7), udp_bit),
			has = _mm512_or_si512(_mm512_srli_epi32(q1, 30), udp);
		__m512i flags = _mm512_and_si512(_mm512_shuffle_epi8(allowed, may), _mm512_shuffle_epi8(found, has));
		q1 = _mm512_mask_blend_epi32(0xaaaa, flags, q1);
		__m512i length_and_hash = _mm512_mask_shuffle_epi8(q0, not_hash, q1, order);
		__m512i data = _mm512_loadu_si512(buffers);
		pkt_store_x4(&pkts[0], _mm512_permutex2var_epi64(data, interleave_low, length_and_hash));
		pkt_store_x4(&pkts[4], _mm512_permutex2var_epi64(data, interleave_high, length_and_hash));
	}
	return n - remaining;
}

/* A ring_rx_take_fn. */
RING_STEP unsigned ixgbe_rx_take_status_x8(
	const struct ring_rx_format *format, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	unsigned taken = n < 8 ? 0 : ixgbe_rx_take_status_eights(format, queue, slot, pkts, n);

	return taken == n ? n : taken + ixgbe_rx_take_status_x4(format, queue, slot + taken, &pkts[taken], n - taken);
}
