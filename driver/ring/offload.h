/* SPDX-License-Identifier: BSD-2-Clause
 * The wishes of a packet to be sent (PKT_VLAN and PKT_TX_ of pkt.h), for cards of any family.
 *
 * A frame's headers are read (layout.h). What its card can do is told to the card, by a context descriptor in front of
 * the frame and by bits of the frame's own descriptors, both of which the family writes (`orders`). What the card
 * cannot do is done in software. Fast bursts do the same for the most usual frames, and leave all others to
 * ring_tx_put_wishes. */
#pragma once

#include "ring.h"

/** Flags that are wishes: of a frame's first handle. */
#define RING_TX_WISHES (PKT_VLAN | PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM | PKT_TX_SEGMENT)

/** What cards do by descriptors, a mask. */
enum {
	RING_TX_CAN_VLAN = 1u << 0,             /* insert the tag */
	RING_TX_CAN_IP_CHECKSUM = 1u << 1,      /* of the IPv4 header */
	RING_TX_CAN_L4_CHECKSUM = 1u << 2,      /* of TCP and UDP over IPv4 */
	RING_TX_CAN_L4_CHECKSUM_IPV6 = 1u << 3, /* and over IPv6, with extension headers or without */
	RING_TX_CAN_SEGMENT_IPV4 = 1u << 4,     /* with both checksums */
	RING_TX_CAN_SEGMENT_IPV6 = 1u << 5,
};

/** What the card is to do with a frame, and where the frame's headers are. */
struct ring_tx_layout {
	uint16_t wishes;   /* that the card is to fulfil: PKT_VLAN, PKT_TX_IP_CHECKSUM, PKT_TX_L4_CHECKSUM,
			      PKT_TX_SEGMENT. A segmented frame has its checksums among them, an IPv6 one no
			      PKT_TX_IP_CHECKSUM */
	uint16_t l2_bytes; /* Ethernet header, with the VLAN tags that are in the frame's data: 14, 18, 22, or 26 */
	uint16_t ip_bytes; /* IPv4 header with options, IPv6 header with extension headers; 0: only the tag is wished */
	uint16_t l4_bytes; /* TCP header with options, UDP header; 0: neither PKT_TX_L4_CHECKSUM nor PKT_TX_SEGMENT */
	bool ipv6;
	bool tcp;               /* TCP; else UDP, where l4_bytes is not 0 */
	uint16_t mss;           /* payload bytes of a segment, not 0, with PKT_TX_SEGMENT */
	uint16_t vlan;          /* the tag to insert, with PKT_VLAN */
	uint32_t first_bytes;   /* of the frame in its first buffer */
	uint32_t longest_bytes; /* in one of its buffers, which one descriptor sends */
	uint32_t total; /* the frame's bytes in its buffers: without that tag, without FCS; at least what the format's
			   frame_min says */
};

/** A frame's headers, in bytes. */
static inline uint32_t ring_tx_headers(const struct ring_tx_layout *layout)
{
	return (uint32_t)layout->l2_bytes + layout->ip_bytes + layout->l4_bytes;
}

/** The TCP payload of a frame that is segmented. */
static inline uint32_t ring_tx_payload(const struct ring_tx_layout *layout)
{
	return layout->total - ring_tx_headers(layout);
}

#define RING_TX_SEGMENT_HEADERS_MAX 240u /* of those that segments have copies of, in all cards; X550 DS 7.2.4 */

/** A frame's orders to the card: what its descriptors are made of, as the family writes them. */
struct ring_tx_orders {
	/* A context descriptor to be remembered by the card, all of it but the index of its place; q1 0: none is
	 * needed. */
	struct ring_descriptor context;
	/* The second quadword of each of the frame's data descriptors (PAYLEN included, where there is one), but for
	 * the length of its piece, RING_TX_EOP, RING_TX_RS, and the index of its context. */
	uint64_t data;
	/* An erratum of conventional PCI chips: the frame's last bytes, as many as this, get a descriptor of their own,
	 * and no frame of one descriptor behind it brings a batch's report. 0: no such thing. */
	unsigned last_bytes;
};

/**
 * Writes what fulfils layout->wishes. The checksum fields of the frame have what all cards want to find: 0 in IPv4's;
 * in TCP's and UDP's the sum of the pseudo-header, without a length if the frame is segmented; and then IPv4's total
 * length or IPv6's payload length is 0.
 * @return false: the card cannot, as some length does not fit its descriptors. It is done in software
 */
typedef bool ring_tx_orders_fn(const struct ring_tx_layout *layout, struct ring_tx_orders *orders);

/** By advanced descriptors, which the 82576 has and its successors. */
ring_tx_orders_fn ring_tx_advanced;

/** What the cards of a family, or one chip, can. */
struct ring_tx_card {
	uint16_t can;     /* RING_TX_CAN_ */
	uint8_t contexts; /* that a queue's card remembers: 1; or 2, which context and data descriptors name by IDX */
	ring_tx_orders_fn *orders;
};

/** Bits of a data descriptor's second quadword, in all formats: what its frame wishes. Segmentation is told apart. */
static inline uint64_t ring_tx_data_wishes(unsigned wishes)
{
	return (wishes & PKT_VLAN ? UINT64_C(1) << 30 : 0) |           /* VLE */
	       (wishes & PKT_TX_IP_CHECKSUM ? UINT64_C(1) << 40 : 0) | /* IXSM */
	       (wishes & PKT_TX_L4_CHECKSUM ? UINT64_C(1) << 41 : 0);  /* TXSM */
}

#define RING_TX_IDX_SHIFT 36 /* of a second quadword, in all formats that have it */

/** The place of a context among those that the queue's card remembers; or card->contexts: it does not. */
unsigned ring_tx_find_context(const struct ring_tx_offload *offload, const struct ring_descriptor *context);

/** The place of a context among those that the queue's card remembers, and whether it is there already: if not, it
 * takes the place of the one written longer ago, and the caller writes it into the ring, with the index in IDX. */
unsigned ring_tx_context(struct ring_txq *queue, const struct ring_descriptor *context, bool *known);

/**
 * Puts a frame whose first handle has wishes; ring_tx_put_frame calls it, which has checked the buffers.
 * @param pieces  handles of the frame
 * @param total   their bytes
 * @return pieces, or 0: not now, as the ring has no room, or the pool is empty. The frame is untouched then
 */
unsigned ring_tx_put_wishes(const struct ring_tx_format *format, struct ring_txq *queue, const struct pkt *pkts,
	unsigned pieces, uint32_t total);
