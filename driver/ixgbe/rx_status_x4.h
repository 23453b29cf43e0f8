/* SPDX-License-Identifier: BSD-2-Clause
 * What the card says of four frames, with AVX2. The flags are looked up: bytes of
 * a table that four bits of each byte select (`pshufb`). */
#pragma once

#include "bursts.h"

#include <immintrin.h>

#define L4 (PKT_L4_CHECKED | PKT_L4_BAD)
#define IP PKT_IP_CHECKED

/* As a vector has them in its halves, or quarters. */
static const struct ixgbe_rx_tables {
	/* By what a queue reports: the flags that a frame may have, by VP (1), L4I (4) and IPCS (8); and which bytes of
	 * two handles' second quadwords are the hash, or its lower half. */
	uint8_t allowed[4][16], hash[2][16];
	/* The flags that a frame has of these, by L4E (1), IPE (2) and the packet type UDP (4), where L4E is not
	 * believed. Frames with IPE are not taken here, where checksums are told. */
	uint8_t found[16];
	uint8_t allowed_bits[16], udp_bit[16]; /* of each dword, where these are what selects */
	uint8_t order[16]; /* of two quadwords: the length, in bytes 4 and 5; the flags; twice the tag */
} __attribute__((aligned(16))) ixgbe_rx_tables =
	{
		.allowed =
			{
				[RING_RX_TAGS] = {0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0, PKT_VLAN, 0, 0, 0, PKT_VLAN},
				[RING_RX_CHECKSUMS] = {0, 0, 0, 0, L4, L4, 0, 0, IP, IP, 0, 0, L4 | IP, L4 | IP},
				[RING_RX_TAGS | RING_RX_CHECKSUMS] = {0, PKT_VLAN, 0, 0, L4, L4 | PKT_VLAN, 0, 0, IP,
					IP | PKT_VLAN, 0, 0, L4 | IP, L4 | IP | PKT_VLAN},
			},
		.hash = {{0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255},
			{0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0}},
		.found = {PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED, PKT_VLAN | L4 | PKT_IP_CHECKED, PKT_VLAN,
			PKT_VLAN, PKT_VLAN | PKT_L4_CHECKED | PKT_IP_CHECKED, PKT_VLAN | PKT_IP_CHECKED, PKT_VLAN,
			PKT_VLAN},
		.allowed_bits = {0xd, 0, 0, 0, 0xd, 0, 0, 0, 0xd, 0, 0, 0, 0xd, 0, 0, 0},
		.udp_bit = {4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0},
		.order = {4, 5, 0, 128, 6, 7, 6, 7, 12, 13, 8, 128, 14, 15, 14, 15},
};

#undef L4
#undef IP

RING_INLINE const struct ixgbe_rx_tables *ixgbe_rx_get_tables(void)
{
	const struct ixgbe_rx_tables *tables = &ixgbe_rx_tables;

	__asm__("" : "+r"(tables)); /* else gcc makes each vector anew of what it knows of the tables */
	return tables;
}

RING_INLINE __m256i ixgbe_rx_table_x2(const uint8_t *table)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}
