/* SPDX-License-Identifier: BSD-2-Clause
 * Taking four descriptors at a time with AVX2, with what the card says of the frames. The flags are looked up: bytes of
 * a table that four bits of each byte select (`pshufb`). */
#pragma once

#include "bursts.h"
#include "rx_status.h"

#include <immintrin.h>

#define L4 (PKT_L4_CHECKED | PKT_L4_BAD)
#define IP (PKT_IP_CHECKED | PKT_IP_BAD)

/* As a vector has them in its halves, or quarters. */
static const struct ixgbe_rx_tables {
	/* By what a queue reports: the flags that a frame may have, by VP (1), L4I (4) and IPCS (8); and which bytes of
	 * two handles' second quadwords are the hash, or its lower half. */
	uint8_t allowed[4][16], hash[2][16];
	/* The flags that a frame has of these, by L4E (1), IPE (2) and the packet type UDP (4), where L4E is not
	 * believed. */
	uint8_t found[16];
	uint8_t allowed_bits[16], udp_bit[16]; /* of each dword, where these are what selects */
	uint8_t order[16]; /* of two quadwords: the length, in bytes 4 and 5; the flags; twice the tag */
} ixgbe_rx_tables
	__attribute__((aligned(16))) =
		{
			.allowed =
				{
					[RING_RX_TAGS] = {0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0,
						PKT_VLAN},
					[RING_RX_CHECKSUMS] =
						{0, 0, 0, 0, L4, L4, 0, 0, IP, IP, 0, 0, L4 | IP, L4 | IP},
					[RING_RX_TAGS | RING_RX_CHECKSUMS] =
						{0, PKT_VLAN, 0, 0, L4, L4 | PKT_VLAN, 0, 0, IP, IP | PKT_VLAN, 0, 0,
							L4 | IP, L4 | IP | PKT_VLAN},
				},
			.hash = {{0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255},
				{0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0}},
			.found =
				{
					PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED,
					PKT_VLAN | L4 | PKT_IP_CHECKED,
					PKT_VLAN | PKT_L4_CHECKED | IP,
					PKT_VLAN | L4 | IP,
					PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED,
					PKT_VLAN | PKT_IP_CHECKED,
					PKT_VLAN | PKT_L4_CHECKED | IP,
					PKT_VLAN | IP,
				},
			.allowed_bits = {0xd, 0, 0, 0, 0xd, 0, 0, 0, 0xd, 0, 0, 0, 0xd, 0, 0, 0},
			.udp_bit = {4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0},
			.order = {4, 5, 0, 128, 6, 7, 6, 7, 12, 13, 8, 128, 14, 15, 14, 15},
};

#undef L4
#undef IP

/* gcc would make each vector anew of what it knows of the tables. */
RING_INLINE const struct ixgbe_rx_tables *ixgbe_rx_get_tables(void)
{
	const struct ixgbe_rx_tables *tables = &ixgbe_rx_tables;

	__asm__("" : "+r"(tables));
	return tables;
}

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
