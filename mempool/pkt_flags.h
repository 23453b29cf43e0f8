/* SPDX-License-Identifier: BSD-2-Clause
 * Flags of packet handles (pkt.h). Part of the public API. */
#ifndef POLLUX_MEMPOOL_PKT_FLAGS_H
#define POLLUX_MEMPOOL_PKT_FLAGS_H

/**
 * Flags of a packet handle. The lowest five are what the card found on receive, if the port was started with
 * NIC_RX_CHECKSUM; transmit ignores them. Of a frame in several buffers the first handle has them, and the wishes.
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

	/* Wishes for transmit. See nic_tx for what becomes of those that a card, or a frame, cannot fulfil. */
	PKT_TX_IP_CHECKSUM = 1u << 8, /* write the IPv4 header's checksum */
	PKT_TX_L4_CHECKSUM = 1u << 9, /* write the TCP or UDP checksum, over IPv4 or IPv6 */
	PKT_TX_SEGMENT = 1u << 10, /* send the TCP payload in segments of `mss` bytes each, with all their checksums */
};

#endif
