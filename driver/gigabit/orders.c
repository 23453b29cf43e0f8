/* SPDX-License-Identifier: BSD-2-Clause
 * How a frame's wishes are told to the gigabit chips: by TCP/IP contexts and extended data descriptors to the 82540EM
 * and the 82574L, by advanced ones, as the 82599 has them, to the 82576. */
#include "../ring/headers.h"
#include "descriptor.h"
#include "gigabit.h"

/* Headers of all segments are made from the first one's, which a chip keeps, and reads with one descriptor. */
static bool segments(const struct ring_tx_layout *layout)
{
	return ring_tx_headers(layout) <= RING_TX_SEGMENT_HEADERS_MAX && ring_tx_headers(layout) <= layout->first_bytes;
}

/* ---- the 82540EM and the 82574L ---- */

#define CONTEXT_DEXT (UINT64_C(1) << 29) /* of data descriptors too */

#define EXTENDED_DATA (CONTEXT_DEXT | UINT64_C(1) << 20)
#define EXTENDED_TCP  (UINT64_C(1) << 24)
#define EXTENDED_IPV4 (UINT64_C(1) << 25)
#define EXTENDED_TSE  (UINT64_C(1) << 26)

/* Drivers keep each data descriptor of a segmented frame within four segments, since the chip reserves no more room in
 * its packet buffer for it (doubt 46). */
#define DESCRIPTOR_SEGMENTS 4u

static bool extended(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	uint64_t ip = layout->l2_bytes, l4 = ring_l4_offset(layout), l4_checksum = ring_l4_checksum_offset(layout);
	bool segment = layout->wishes & PKT_TX_SEGMENT;

	orders->data = GIGABIT_TX_IFCS | ring_tx_data_wishes(layout->wishes);
	if (layout->wishes & PKT_VLAN)
		orders->data |= (uint64_t)layout->vlan << 48;
	if (!layout->ip_bytes) /* a legacy descriptor has room for a tag */
		return true;
	if (l4_checksum > UINT8_MAX ||
		(segment && (!segments(layout) || layout->longest_bytes > DESCRIPTOR_SEGMENTS * layout->mss)))
		return false;
	orders->data |= EXTENDED_DATA | (segment ? EXTENDED_TSE : 0);
	/* Offsets of headers, of their checksums, and of the last byte that IPv4's is made of; those of TCP and UDP are
	 * made of all to the frame's end */
	orders->context.q0 =
		ip | (ip + IPV4_CHECKSUM) << 8 | (layout->ipv6 ? 0 : l4 - 1) << 16 | l4 << 32 | l4_checksum << 40;
	/* UDP is told from TCP so that a sum of 0 becomes 0xFFFF (doubt 47) */
	orders->context.q1 = CONTEXT_DEXT | (layout->tcp ? EXTENDED_TCP : 0) | (layout->ipv6 ? 0 : EXTENDED_IPV4);
	if (segment)
		orders->context.q1 |= EXTENDED_TSE | ring_tx_payload(layout) | (uint64_t)ring_tx_headers(layout) << 40 |
				      (uint64_t)layout->mss << 48;
	return true;
}

/* A segmented frame's descriptor may be written back before its data is read (erratum): its last bytes get one of their
 * own, which is the one that is looked at. */
static bool extended_pci(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	orders->last_bytes = layout->wishes & PKT_TX_SEGMENT ? 4 : 0;
	return extended(layout, orders);
}

#define CAN_ALL                                                                                                        \
	(RING_TX_CAN_VLAN | RING_TX_CAN_IP_CHECKSUM | RING_TX_CAN_L4_CHECKSUM | RING_TX_CAN_L4_CHECKSUM_IPV6 |         \
		RING_TX_CAN_SEGMENT_IPV4 | RING_TX_CAN_SEGMENT_IPV6)

/* IPv6 is segmented in software: these chips put a payload length into each segment that counts the IPv6 header as
 * well (SDM 3.5.9.1). */
const struct ring_tx_card gigabit_orders_pci = {
	.can = CAN_ALL & ~RING_TX_CAN_SEGMENT_IPV6, .contexts = 1, .orders = extended_pci};

const struct ring_tx_card gigabit_orders_82574l = {.can = CAN_ALL, .contexts = 1, .orders = extended};

/* The chip has one context for both queues (82574 datasheet, 7.2.6), so none can be relied on. */
const struct ring_tx_card gigabit_orders_82574l_two = {.can = CAN_ALL, .contexts = 0, .orders = extended};

/* ---- the 82576 ---- */

static bool advanced(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	return (!(layout->wishes & PKT_TX_SEGMENT) || segments(layout)) && ring_tx_advanced(layout, orders);
}

const struct ring_tx_card gigabit_orders_82576 = {.can = CAN_ALL, .contexts = 2, .orders = advanced};
