/* SPDX-License-Identifier: BSD-2-Clause
 * Reading headers: Ethernet with up to two VLAN tags (IEEE 802.1Q), IPv4 with options (RFC 791), IPv6 with extension
 * headers (RFC 8200), TCP (RFC 9293), UDP (RFC 768). */
#include "headers.h"

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u
#define TYPE_QINQ 0x88a8u
#define TAGS_MAX  2u

#define PROTOCOL_HOP_BY_HOP  0u
#define PROTOCOL_TCP         6u
#define PROTOCOL_UDP         17u
#define PROTOCOL_ROUTING     43u
#define PROTOCOL_FRAGMENT    44u
#define PROTOCOL_DESTINATION 60u

#define EXTENSIONS_MAX 8u

/* A packet that gives its length in a 16-bit field. */
#define IP_BYTES_MAX 65535u

/* n bytes, or NULL: the frame ends before. */
static const uint8_t *get(const struct ring_frame *frame, uint32_t offset, uint8_t *copy, uint32_t n)
{
	return offset + n <= frame->total ? ring_frame_view(frame, offset, copy, n) : NULL;
}

/* @return the EtherType behind the tags; 0: there is none */
static uint16_t read_ethernet(struct ring_tx_layout *layout, const struct ring_frame *frame)
{
	uint8_t copy[2];
	const uint8_t *type;

	for (unsigned tags = 0; tags <= TAGS_MAX; tags++) {
		layout->l2_bytes = (uint16_t)(NIC_HEADER_BYTES + tags * NIC_VLAN_TAG_BYTES);
		if (!(type = get(frame, layout->l2_bytes - 2u, copy, 2)))
			return 0;
		if (ring_get_16(type) != TYPE_VLAN && ring_get_16(type) != TYPE_QINQ)
			return ring_get_16(type);
	}
	return 0;
}

/* What read_ipv4 and read_ipv6 find, besides the layout. */
struct packet {
	unsigned protocol; /* behind the IP headers */
	bool fragment;
	uint32_t end; /* of the packet, by its own length; of a frame to be segmented, its end */
};

static bool read_ipv4(struct ring_headers *headers, const struct ring_frame *frame, struct packet *packet)
{
	struct ring_tx_layout *layout = &headers->layout;
	uint8_t copy[IPV4_BYTES];
	const uint8_t *ip = get(frame, layout->l2_bytes, copy, IPV4_BYTES);

	if (!ip)
		return false;
	layout->ip_bytes = (uint16_t)((ip[0] & 0xf) * 4);
	packet->protocol = ip[9];
	packet->fragment = ring_get_16(&ip[6]) & 0x3fff; /* more of them, or not the first */
	if (!(layout->wishes & PKT_TX_SEGMENT))
		packet->end = layout->l2_bytes + ring_get_16(&ip[IPV4_LENGTH]);
	headers->pseudo_sum = ring_frame_sum(frame, layout->l2_bytes + 12u, 8);
	return ip[0] >> 4 == 4 && layout->ip_bytes >= IPV4_BYTES && ring_l4_offset(layout) <= packet->end;
}

static bool read_ipv6(struct ring_headers *headers, const struct ring_frame *frame, struct packet *packet)
{
	struct ring_tx_layout *layout = &headers->layout;
	uint8_t copy[IPV6_BYTES];
	const uint8_t *ip = get(frame, layout->l2_bytes, copy, IPV6_BYTES), *extension;
	uint32_t offset = layout->l2_bytes + IPV6_BYTES;

	if (!ip || ip[0] >> 4 != 6)
		return false;
	layout->ipv6 = true;
	packet->protocol = ip[6];
	if (!(layout->wishes & PKT_TX_SEGMENT))
		packet->end = offset + ring_get_16(&ip[IPV6_LENGTH]);
	if (packet->end > frame->total)
		return false;
	headers->pseudo_sum = ring_frame_sum(frame, layout->l2_bytes + 8u, 32);
	for (unsigned i = 0; packet->protocol == PROTOCOL_HOP_BY_HOP || packet->protocol == PROTOCOL_ROUTING ||
			     packet->protocol == PROTOCOL_FRAGMENT || packet->protocol == PROTOCOL_DESTINATION;
		i++) {
		uint32_t bytes = 8;
		if (i == EXTENSIONS_MAX || offset + bytes > packet->end)
			return false;
		extension = ring_frame_view(frame, offset, copy, bytes);
		if (packet->protocol == PROTOCOL_FRAGMENT) {
			/* A whole packet may have such a header, too (RFC 6946); its segments would be one packet */
			packet->fragment |= (ring_get_16(&extension[2]) & 0xfff9) || layout->wishes & PKT_TX_SEGMENT;
			headers->not_by_card |= PKT_TX_L4_CHECKSUM;
		} else {
			bytes += extension[1] * 8u;
		}
		/* The pseudo-header has the final destination: where segments are left, it is another (RFC 8200, 8.1)
		 */
		if (offset + bytes > packet->end || (packet->protocol == PROTOCOL_ROUTING && extension[3]))
			return false;
		packet->protocol = extension[0];
		offset += bytes;
	}
	layout->ip_bytes = (uint16_t)(offset - layout->l2_bytes);
	return true;
}

static bool read_l4(struct ring_headers *headers, const struct ring_frame *frame, const struct packet *packet)
{
	struct ring_tx_layout *layout = &headers->layout;
	uint32_t offset = ring_l4_offset(layout), bytes = packet->end - offset;
	uint8_t copy[TCP_BYTES];
	const uint8_t *header;

	if (packet->fragment)
		return false;
	layout->tcp = packet->protocol == PROTOCOL_TCP;
	headers->l4_end = packet->end;
	headers->pseudo_sum = ring_sum_add(headers->pseudo_sum, packet->protocol);
	if (layout->tcp) {
		if (bytes < TCP_BYTES)
			return false;
		header = ring_frame_view(frame, offset, copy, TCP_BYTES);
		layout->l4_bytes = (uint16_t)((header[12] >> 4) * 4);
		if (header[TCP_FLAGS] & TCP_CWR)
			headers->not_by_card |= PKT_TX_SEGMENT;
		return layout->l4_bytes >= TCP_BYTES && layout->l4_bytes <= bytes;
	}
	if (packet->protocol != PROTOCOL_UDP || layout->wishes & PKT_TX_SEGMENT || bytes < UDP_BYTES)
		return false;
	header = ring_frame_view(frame, offset, copy, UDP_BYTES);
	layout->l4_bytes = UDP_BYTES;
	headers->l4_end = offset + ring_get_16(&header[4]);
	if (headers->l4_end != packet->end) /* it leaves out some of the packet, of which a card knows nothing */
		headers->not_by_card |= PKT_TX_L4_CHECKSUM;
	return ring_get_16(&header[4]) >= UDP_BYTES && headers->l4_end <= packet->end;
}

bool ring_headers_read(struct ring_headers *headers, const struct ring_frame *frame)
{
	const struct pkt *first = frame->pieces;
	struct packet packet = {.end = frame->total};

	*headers = (struct ring_headers){.layout = {.wishes = first->flags & RING_TX_WISHES,
						 .mss = first->mss,
						 .vlan = first->vlan,
						 .first_bytes = first->len,
						 .total = frame->total},
		.l4_end = frame->total};
	struct ring_tx_layout *layout = &headers->layout;
	uint16_t type = read_ethernet(layout, frame);
	if (layout->wishes == PKT_VLAN) {
		layout->l2_bytes = NIC_HEADER_BYTES;
		return frame->total >= NIC_HEADER_BYTES;
	}
	if (type == TYPE_IPV6)
		layout->wishes &= (uint16_t)~PKT_TX_IP_CHECKSUM;
	bool good = type == TYPE_IPV4 ? read_ipv4(headers, frame, &packet)
				      : type == TYPE_IPV6 && read_ipv6(headers, frame, &packet);
	if (!good || packet.end > frame->total)
		return false;
	if (!(layout->wishes & (PKT_TX_L4_CHECKSUM | PKT_TX_SEGMENT)))
		return true;
	if (!read_l4(headers, frame, &packet))
		return false;
	if (!(layout->wishes & PKT_TX_SEGMENT))
		return true;
	layout->wishes |= layout->ipv6 ? PKT_TX_L4_CHECKSUM : RING_WISHES_CHECKSUM;
	headers->set_length = ring_tx_payload(layout) <= layout->mss;
	if (headers->set_length)
		layout->wishes &= (uint16_t)~PKT_TX_SEGMENT;
	return layout->mss && frame->total - layout->l2_bytes <= IP_BYTES_MAX;
}

bool ring_headers_ip_sum_is_right(const struct pkt *first)
{
	const struct ring_frame frame = {.total = first->len, .count = 1, .pieces = {*first}};
	struct ring_tx_layout layout;
	uint8_t copy[1];

	if (read_ethernet(&layout, &frame) != TYPE_IPV4)
		return false;
	const uint8_t *ip = get(&frame, layout.l2_bytes, copy, 1);
	uint32_t bytes = ip ? (*ip & 0xfu) * 4 : 0;
	return bytes >= IPV4_BYTES && layout.l2_bytes + bytes <= frame.total && *ip >> 4 == 4 &&
	       ring_frame_sum(&frame, layout.l2_bytes, bytes) == 0xffff;
}

void ring_headers_set_length(const struct ring_tx_layout *layout, const struct ring_frame *frame, uint32_t ip_bytes)
{
	if (layout->ipv6)
		ring_frame_put_16(frame, layout->l2_bytes + IPV6_LENGTH, (uint16_t)(ip_bytes - IPV6_BYTES));
	else
		ring_frame_put_16(frame, layout->l2_bytes + IPV4_LENGTH, (uint16_t)ip_bytes);
}
