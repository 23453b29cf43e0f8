/* SPDX-License-Identifier: BSD-2-Clause
 * Taking four descriptors at a time with AVX2: for rx_avx2.c, and for what eight at a time leave over in rx_avx512.c.
 * And giving slots fresh buffers with AVX2. */
#pragma once

#include "rx_status_x4.h"

/* What is left of a run, one by one. Out of line, because with it the compiler has too few registers: it kept `pkts` on
 * the stack, and a burst that reads the handles soon after waited for it (forwarding 8 packets took 79 cycles, not 57).
 */
static RING_OUT_OF_LINE unsigned ixgbe_rx_take_rest(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take_x1(format, offloads, queue, slot, pkts, n);
}

/*
 * A ring_rx_take_fn. A descriptor is {packet type, hash} {status, length, VLAN tag}, a handle {data} {length, flags,
 * hash}, each in two quadwords. For four at a time: the second quadwords are gathered and checked; the hashes out of
 * the first quadwords are put beside the lengths, and with offloads flags and tags; and these halves of the handles are
 * interleaved with the pointers.
 *
 * Unpacking works within lanes of 128 bits, so what is gathered is in the order 0 2 1 3, and unpacking again, to
 * interleave, restores the order.
 */
RING_STEP unsigned ixgbe_rx_take_x4(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const uint64_t second_look = offloads ? queue->report.second_look : 0;
	const __m256i deciding = _mm256_set1_epi64x((long long)(ring_rx_deciding_bits(format) | second_look)),
		      whole_frame = _mm256_set1_epi64x((long long)(format->dd | format->eop));
	/* of each quadword: bytes 4 and 5, which are the length, then zeros */
	const __m256i length =
		_mm256_set_epi64x(-0x10000 | 0x0d0c, -0x10000 | 0x0504, -0x10000 | 0x0d0c, -0x10000 | 0x0504);
	const unsigned on = offloads ? queue->report.on : 0;
	const struct ixgbe_rx_tables *tables = ixgbe_rx_get_tables();
	const __m256i allowed = ixgbe_rx_table_x2(tables->allowed[on]), found = ixgbe_rx_table_x2(tables->found),
		      allowed_bits = ixgbe_rx_table_x2(tables->allowed_bits),
		      udp_bit = ixgbe_rx_table_x2(tables->udp_bit), order = ixgbe_rx_table_x2(tables->order),
		      hash = ixgbe_rx_table_x2(tables->hash[on & RING_RX_TAGS]);
	const __m256i *ring = (const __m256i *)&queue->ring[slot], *buffers = (const __m256i *)&queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 4; remaining -= 4, ring += 2, pkts += 4) {
		__m256i q1 = _mm256_unpackhi_epi64(_mm256_loadu_si256(ring), _mm256_loadu_si256(ring + 1));
		if (!_mm256_testz_si256(_mm256_xor_si256(q1, whole_frame), deciding))
			break;
		/* DD first, then the rest: the CPU does not reorder loads, and this keeps the compiler from it */
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		__m256i q0 = _mm256_unpacklo_epi64(_mm256_loadu_si256(ring), _mm256_loadu_si256(ring + 1));
		__m256i length_and_hash;
		if (offloads) {
			/* flags come into the lower half of the second quadword, in place of the status, before length,
			 * flags and tag are put beside each other */
			__m256i may = _mm256_and_si256(_mm256_srli_epi32(q1, 3), allowed_bits),
				udp = _mm256_and_si256(_mm256_srli_epi32(q0, 7), udp_bit),
				has = _mm256_or_si256(_mm256_srli_epi32(q1, 30), udp);
			__m256i flags =
				_mm256_and_si256(_mm256_shuffle_epi8(allowed, may), _mm256_shuffle_epi8(found, has));
			q1 = _mm256_shuffle_epi8(_mm256_blend_epi32(flags, q1, 0xaa), order);
			length_and_hash = _mm256_blendv_epi8(q1, q0, hash);
		} else {
			length_and_hash = _mm256_blend_epi32(_mm256_shuffle_epi8(q1, length), q0, 0xaa);
		}
		__m256i data = _mm256_permute4x64_epi64(_mm256_loadu_si256(buffers++), 0xd8);
		_mm256_storeu_si256((__m256i *)&pkts[0], _mm256_unpacklo_epi64(data, length_and_hash));
		_mm256_storeu_si256((__m256i *)&pkts[2], _mm256_unpackhi_epi64(data, length_and_hash));
	}
	n -= remaining;
	return __builtin_expect(remaining, 0)
		       ? n + ixgbe_rx_take_rest(format, offloads, queue, slot + n, pkts, remaining)
		       : n;
}

/* As ring_rx_arm_scalar. Unpacking works within lanes of 128 bits, so the four addresses are put into the order 0 2 1 3
 * before. */
RING_STEP void ixgbe_rx_arm_x4(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
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
