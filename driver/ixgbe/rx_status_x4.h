/* SPDX-License-Identifier: BSD-2-Clause
 * Taking four descriptors at a time with AVX2, with what the card says of the frames. The flags are looked up: bytes of
 * a table that four bits of each byte select (`pshufb`). */
#pragma once

#include "bursts.h"
#include "rx_status.h"

#include <immintrin.h>

#define L4 (PKT_L4_CHECKED | PKT_L4_BAD)
#define IP (PKT_IP_CHECKED | PKT_IP_BAD)

/* By what a queue reports: the flags that a frame may have, by VP (1), L4I (4) and IPCS (8). */
static const uint8_t ixgbe_rx_allowed[4][16] = {
	[RING_RX_TAGS] = {0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0, PKT_VLAN},
	[RING_RX_CHECKSUMS] = {0, 0, 0, 0, L4, L4, 0, 0, IP, IP, 0, 0, L4 | IP, L4 | IP},
	[RING_RX_TAGS | RING_RX_CHECKSUMS] = {0, PKT_VLAN, 0, 0, L4, L4 | PKT_VLAN, 0, 0, IP, IP | PKT_VLAN, 0, 0,
		L4 | IP, L4 | IP | PKT_VLAN},
};

/* The flags that it has of these, by L4E (1), IPE (2) and the packet type UDP (4), where L4E is not believed. */
static const uint8_t ixgbe_rx_found[16] = {
	PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED,
	PKT_VLAN | L4 | PKT_IP_CHECKED,
	PKT_VLAN | PKT_L4_CHECKED | IP,
	PKT_VLAN | L4 | IP,
	PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED,
	PKT_VLAN | PKT_IP_CHECKED,
	PKT_VLAN | PKT_L4_CHECKED | IP,
	PKT_VLAN | IP,
};

#undef L4
#undef IP

/* What is left of a run, one by one, out of line for the reason that ixgbe_rx_take_rest has. */
static RING_OUT_OF_LINE unsigned ixgbe_rx_take_status_rest(
	const struct ring_rx_format *format, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take_status(format, queue, slot, pkts, n);
}

RING_INLINE __m256i ixgbe_rx_table_x2(const uint8_t *table)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

/* As ixgbe_rx_take_x4; the flags come into the lower half of each second quadword, in place of the status, before
 * length, flags and tag are put beside each other. */
RING_STEP unsigned ixgbe_rx_take_status_x4(
	const struct ring_rx_format *format, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const unsigned on = ring_rx_reports(queue);
	const __m256i deciding = _mm256_set1_epi64x((long long)(ring_rx_deciding_bits(format) | ring_rx_unsure(queue))),
		      whole_frame = _mm256_set1_epi64x((long long)(format->dd | format->eop));
	const __m256i allowed = ixgbe_rx_table_x2(ixgbe_rx_allowed[on]), found = ixgbe_rx_table_x2(ixgbe_rx_found);
	const __m256i allowed_bits = _mm256_set1_epi32(0xd), udp_bit = _mm256_set1_epi32(4);
	/* of each quadword: bytes 4 and 5, which are the length; the flags; twice the tag */
	const __m256i order =
		_mm256_set_epi64x(0x0f0e0f0e80080d0c, 0x0706070680000504, 0x0f0e0f0e80080d0c, 0x0706070680000504);
	/* the hash, or its lower half, is the first quadword's */
	const __m256i hash = _mm256_set1_epi64x(on & RING_RX_TAGS ? 0xffff00000000 : -0x100000000);
	const __m256i *ring = (const __m256i *)&queue->ring[slot], *buffers = (const __m256i *)&queue->buffers[slot];
	unsigned remaining = n;

	for (; remaining >= 4; remaining -= 4, ring += 2, pkts += 4) {
		__m256i q1 = _mm256_unpackhi_epi64(_mm256_loadu_si256(ring), _mm256_loadu_si256(ring + 1));
		if (!_mm256_testz_si256(_mm256_xor_si256(q1, whole_frame), deciding))
			break;
		/* DD first, then the rest: the CPU does not reorder loads, and this keeps the compiler from it */
		__atomic_signal_fence(__ATOMIC_ACQ_REL);
		__m256i q0 = _mm256_unpacklo_epi64(_mm256_loadu_si256(ring), _mm256_loadu_si256(ring + 1));
		__m256i may = _mm256_and_si256(_mm256_srli_epi32(q1, 3), allowed_bits),
			udp = _mm256_and_si256(_mm256_srli_epi32(q0, 7), udp_bit),
			has = _mm256_or_si256(_mm256_srli_epi32(q1, 30), udp);
		__m256i flags = _mm256_and_si256(_mm256_shuffle_epi8(allowed, may), _mm256_shuffle_epi8(found, has));
		q1 = _mm256_shuffle_epi8(_mm256_blend_epi32(flags, q1, 0xaa), order);
		__m256i length_and_hash = _mm256_blendv_epi8(q1, q0, hash);
		__m256i data = _mm256_permute4x64_epi64(_mm256_loadu_si256(buffers++), 0xd8);
		_mm256_storeu_si256((__m256i *)&pkts[0], _mm256_unpacklo_epi64(data, length_and_hash));
		_mm256_storeu_si256((__m256i *)&pkts[2], _mm256_unpackhi_epi64(data, length_and_hash));
	}
	n -= remaining;
	return __builtin_expect(remaining, 0) ? n + ixgbe_rx_take_status_rest(format, queue, slot + n, pkts, remaining)
					      : n;
}
