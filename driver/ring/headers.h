/* SPDX-License-Identifier: BSD-2-Clause
 * The headers of a frame whose first handle has wishes: where they are, and whether the wishes make sense. The frame
 * comes from a stranger: any byte may be anything. */
#pragma once

#include "frame.h"
#include "offload.h"

#define RING_WISHES_CHECKSUM (PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM)

/* Fields that are written, from the beginning of their headers. */
#define IPV4_LENGTH   2u
#define IPV4_ID       4u
#define IPV4_CHECKSUM 10u
#define IPV6_LENGTH   4u
#define IPV6_BYTES    40u
#define TCP_SEQUENCE  4u
#define TCP_FLAGS     13u
#define TCP_CWR       0x80u
#define TCP_CHECKSUM  16u
#define UDP_CHECKSUM  6u

struct ring_headers {
	/* With all wishes, as they are to be understood: a frame to be segmented has its checksums among them, and is
	 * not to be segmented if it is one segment; IPv6 has no header checksum. */
	struct ring_tx_layout layout;
	uint32_t l4_end;     /* where the datagram or segment ends: behind it there may be padding */
	uint16_t pseudo_sum; /* of the pseudo-header, without the length */
	/* Wishes that no card is asked for: to segment a frame with CWR, which only the first segment may have (RFC
	 * 3168), since cards whose masks are known leave it in the middle ones; and sums behind an IPv6 fragment
	 * header, where a card may see a fragment. */
	uint16_t not_by_card;
	bool set_length; /* the IP header's length is to be set: the frame would have been segmented */
};

/** Reads the headers that the wishes of the frame's first handle are about. @return false: a wish makes no sense */
bool ring_headers_read(struct ring_headers *headers, const struct ring_frame *frame);

/** Where the fields are. */
static inline uint32_t ring_l4_offset(const struct ring_tx_layout *layout)
{
	return layout->l2_bytes + layout->ip_bytes;
}

static inline uint32_t ring_l4_checksum_offset(const struct ring_tx_layout *layout)
{
	return ring_l4_offset(layout) + (layout->tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
}

/** Whether there is an IPv4 header, all of it in a frame's first handle, whose checksum is right. */
bool ring_headers_ip_sum_is_right(const struct pkt *first);

/** Sets the IP header's length, for a packet of so many bytes with that header. */
void ring_headers_set_length(const struct ring_tx_layout *layout, const struct ring_frame *frame, uint32_t ip_bytes);
