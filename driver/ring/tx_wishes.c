/* SPDX-License-Identifier: BSD-2-Clause
 * Usual frames with wishes, one by one, and what is to be known of a queue's contexts for them. */
#include "tx_wishes.h"

#include "frame.h"

#include <string.h>

#define TCP 6u
#define UDP 17u

/* Where what is, from the frame's first byte. */
enum {
	TYPE = 12,
	IP = 14,
	IP_LENGTH = 16,
	IP_FRAGMENT = 20,
	IP_PROTOCOL = 23,
	IP_CHECKSUM = 24,
	IP_ADDRESSES = 26,
	L4 = 34,
	UDP_LENGTH = 38,
	UDP_CHECKSUM = 40,
	TCP_OFFSET = 46,
	TCP_CHECKSUM = 50,
};

/* The second quadword, without its length, of a descriptor whose frame has these wishes. 0: the card cannot, or does
 * not have the context. */
static uint64_t find_order(
	const struct ring_tx_format *format, const struct ring_txq *queue, unsigned wishes, uint16_t vlan, bool tcp)
{
	const struct ring_tx_offload *offload = &queue->offload;
	struct ring_tx_layout layout = {.wishes = (uint16_t)wishes,
		.l2_bytes = NIC_HEADER_BYTES,
		.tcp = tcp,
		.vlan = vlan,
		.total = RING_TX_USUAL_MIN};
	struct ring_tx_orders orders = {.last_bytes = 0};
	unsigned index = 0;

	if (wishes != PKT_VLAN)
		layout.ip_bytes = IPV4_BYTES;
	if (wishes & PKT_TX_L4_CHECKSUM)
		layout.l4_bytes = tcp ? TCP_BYTES : UDP_BYTES;
	if (!offload->card->orders(&layout, &orders) || orders.last_bytes)
		return 0;
	if (orders.context.q1 && (index = ring_tx_find_context(offload, &orders.context)) == offload->card->contexts)
		return 0;
	return (orders.data | RING_TX_EOP | (uint64_t)index << RING_TX_IDX_SHIFT) -
	       layout.total * (format->length_factor - 1);
}

/* Makes these wishes the usual ones, if the card has what they need. */
static bool learn(const struct ring_tx_format *format, struct ring_txq *queue, unsigned wishes, uint16_t vlan)
{
	struct ring_tx_usual *usual = &queue->offload.usual;
	unsigned can = queue->offload.card ? queue->offload.card->can & ~queue->offload.cannot : 0;
	uint32_t max = queue->max_frame - (wishes & PKT_VLAN ? NIC_VLAN_TAG_BYTES : 0);
	uint32_t room = queue->excess_max + format->frame_min;

	if (wishes & ~(PKT_VLAN | PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM) ||
		(wishes & PKT_VLAN && !(can & RING_TX_CAN_VLAN)) ||
		(wishes & PKT_TX_IP_CHECKSUM && !(can & RING_TX_CAN_IP_CHECKSUM)) ||
		(wishes & PKT_TX_L4_CHECKSUM && !(can & RING_TX_CAN_L4_CHECKSUM)))
		return false;
	usual->wishes = 0;
	usual->udp = find_order(format, queue, wishes, vlan, false);
	usual->tcp = wishes & PKT_TX_L4_CHECKSUM ? find_order(format, queue, wishes, vlan, true) : usual->udp;
	if (!usual->udp && !usual->tcp)
		return false;
	usual->wishes = (uint16_t)wishes;
	usual->vlan = vlan;
	usual->len_max = (uint16_t)(max < room ? max : room);
	return true;
}

/* Cards may sum up to the frame's end. */
static bool is_zero(const uint8_t *from, const uint8_t *to)
{
	while (from < to && !*from)
		from++;
	return from == to;
}

/* Checks a TCP or UDP header with so many bytes from its beginning to the datagram's end, and writes the sum of the
 * pseudo-header. */
static bool prepare_l4(uint8_t *frame, uint32_t bytes)
{
	bool tcp = frame[IP_PROTOCOL] == TCP;
	uint32_t sum = bytes + frame[IP_PROTOCOL], header = tcp ? (frame[TCP_OFFSET] >> 4) * 4u : UDP_BYTES;

	if (ring_get_16(&frame[IP_FRAGMENT]) & 0x3fff)
		return false;
	if (tcp ? header < TCP_BYTES || header > bytes : ring_get_16(&frame[UDP_LENGTH]) != bytes)
		return false;
	for (unsigned i = 0; i < 8; i += 2)
		sum += ring_get_16(&frame[IP_ADDRESSES + i]);
	uint16_t folded = __builtin_bswap16(ring_sum_add(sum & 0xffff, sum >> 16));
	memcpy(&frame[tcp ? TCP_CHECKSUM : UDP_CHECKSUM], &folded, 2);
	return true;
}

/* Checks the headers of a frame of so many bytes, and writes what the card wants to find. */
static bool prepare(uint8_t *frame, uint32_t len, unsigned wishes)
{
	if (len < L4 || ring_get_16(&frame[TYPE]) != 0x0800 || frame[IP] != 0x45)
		return false;
	uint32_t end = IP + ring_get_16(&frame[IP_LENGTH]), protocol = frame[IP_PROTOCOL];
	if (end > len || end < L4)
		return false;
	if (wishes & PKT_TX_L4_CHECKSUM) {
		uint32_t least = protocol == TCP ? L4 + TCP_BYTES : protocol == UDP ? L4 + UDP_BYTES : UINT32_MAX;
		if (end < least || !is_zero(&frame[end], &frame[len]) || !prepare_l4(frame, end - L4))
			return false;
	}
	if (wishes & PKT_TX_IP_CHECKSUM)
		memset(&frame[IP_CHECKSUM], 0, 2);
	return true;
}

bool ring_tx_put_usual(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkt)
{
	struct ring_tx_usual *usual = &queue->offload.usual;
	unsigned wishes = pkt->flags & ~PKT_STATUS;

	if (!wishes || ((wishes != usual->wishes || (wishes & PKT_VLAN && pkt->vlan != usual->vlan)) &&
			       !learn(format, queue, wishes, pkt->vlan)))
		return false;
	if (pkt->len < format->frame_min || pkt->len > usual->len_max)
		return false;
	bool tcp = wishes & PKT_TX_L4_CHECKSUM && pkt->len > IP_PROTOCOL && pkt->data[IP_PROTOCOL] == TCP;
	uint64_t order = tcp ? usual->tcp : usual->udp;
	if (!order || (wishes != PKT_VLAN && !prepare(pkt->data, pkt->len, wishes)))
		return false;
	queue->buffers[slot] = pkt->data;
	queue->ring[slot].q0 = (uint64_t)pkt->data + queue->iova_offset;
	queue->ring[slot].q1 = order + pkt->len * format->length_factor;
	return true;
}
