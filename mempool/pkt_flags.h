/* SPDX-License-Identifier: BSD-2-Clause
 * Flags of packet handles (pkt.h). Part of the public API. */
#ifndef POLLUX_MEMPOOL_PKT_FLAGS_H
#define POLLUX_MEMPOOL_PKT_FLAGS_H

/**
 * Flags of a packet handle. The lowest five are what the card found on receive, if the port was started with
 * NIC_RX_CHECKSUM; transmit ignores them. Of a frame in several buffers the first handle has them, and the wishes.
 * Of a UDP checksum that the 82599, X540 or X550 finds wrong nothing is said: they may say so where it is 0.
 */
enum {
	PKT_L4_BAD = 1u << 0,     /* the TCP or UDP checksum was checked, and is wrong */
	PKT_IP_BAD = 1u << 1,     /* the IPv4 header's checksum was checked, and is wrong */
	PKT_L4_CHECKED = 1u << 2, /* the TCP or UDP checksum was checked; it is right unless PKT_L4_BAD is set */
	PKT_IP_CHECKED = 1u << 3, /* the IPv4 header's checksum was checked; it is right unless PKT_IP_BAD is set */
	PKT_STATUS = 0x1f,        /* these, and one that is kept for later */
	PKT_VLAN = 1u << 5, /* the frame's outer VLAN tag stands in `vlan`, and not in its data: receive has taken it
			       out (NIC_RX_VLAN_STRIP), transmit is to put it in */
	PKT_MORE = 1u << 6, /* the frame goes on in the next handle */

	/* Wishes for transmit */
	PKT_TX_IP_CHECKSUM = 1u << 8, /* write the IPv4 header's checksum */
	PKT_TX_L4_CHECKSUM = 1u << 9, /* write the TCP or UDP checksum, over IPv4 or IPv6 */
	PKT_TX_SEGMENT = 1u << 10, /* send the TCP payload in segments of `mss` bytes each, with all their checksums */
};

/*
 * Wishes are obeyed for Ethernet with up to two VLAN tags in the data, IPv4 with options, IPv6 with up to 8 extension
 * headers (hop-by-hop, routing, destination, fragment), TCP, and UDP; headers may lie across buffers. PKT_VLAN inserts
 * a tag of type 0x8100. A wish that makes no sense makes its frame an impossible one, which nic_tx frees and counts:
 *
 * - any wish, when headers, or the packet by its own length, go beyond the frame;
 * - PKT_TX_IP_CHECKSUM, where there is neither IPv4 nor IPv6. IPv6 has no such checksum: nothing is done, and IPv4
 *   fragments have one as any packet has;
 * - PKT_TX_L4_CHECKSUM, where there is neither TCP nor UDP behind those headers, in fragments, and behind an IPv6
 *   routing header that has segments left. What follows the packet, as padding, is not summed. IPv4 source routes and
 *   IPv6 home addresses are not looked for;
 * - PKT_TX_SEGMENT, where there is no TCP; in fragments; with an `mss` of 0; for more than 65,535 bytes from the IP
 *   header on; or when a segment would be longer than the port's longest frame. The IP header's length is ignored: all
 *   that follows the TCP header is payload. A payload of `mss` bytes or fewer is one segment.
 *
 * Segments made in software are copies, in packets of the port's pool: an empty pool is as a full ring. A frame that
 * needs more slots than a ring has, less 32, is an impossible one; such a segment takes one, or two.
 */

#endif
