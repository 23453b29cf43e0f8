/* SPDX-License-Identifier: BSD-2-Clause
 * Whether a context tells of the headers that the frame has, and the frame's checksum fields hold what the card
 * expects. A card does not look: it sends garbage. */
#include "checksum.h"
#include "offload.h"

enum { ETHERTYPE_VLAN = 0x8100, ETHERTYPE_QINQ = 0x88A8, ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86DD };
enum { HOP_BY_HOP = 0, TCP = 6, UDP = 17, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

/** The headers that a frame has. */
struct headers {
	uint32_t l2_bytes, ip_bytes, l4_bytes;
	uint32_t l4_length; /* by the IP header: with what it carries */
	const uint8_t *addresses;
	bool ipv4, fragment, detour; /* detour: the last address stands in a routing header */
	uint8_t protocol;
};

static bool find_ipv4(const uint8_t *ip, uint32_t bytes, struct headers *h)
{
	if (bytes < 20 || ip[0] >> 4 != 4)
		return false;
	h->ipv4 = true;
	h->ip_bytes = (ip[0] & 0xFu) * 4;
	h->addresses = ip + 12;
	h->protocol = ip[9];
	h->fragment = be16(ip + 6) & 0x3FFF;
	h->l4_length = be16(ip + 2) - h->ip_bytes;
	return h->ip_bytes >= 20 && h->ip_bytes <= bytes;
}

static bool find_ipv6(const uint8_t *ip, uint32_t bytes, struct headers *h)
{
	if (bytes < 40 || ip[0] >> 4 != 6)
		return false;
	h->ip_bytes = 40;
	h->addresses = ip + 8;
	h->protocol = ip[6];
	while ((h->protocol == HOP_BY_HOP || h->protocol == ROUTING || h->protocol == DESTINATION) &&
		h->ip_bytes + 8 <= bytes) {
		const uint8_t *extension = ip + h->ip_bytes;

		h->detour |= h->protocol == ROUTING && extension[3] != 0;
		h->protocol = extension[0];
		h->ip_bytes += 8 + extension[1] * 8u;
	}
	h->fragment = h->protocol == FRAGMENT;
	h->l4_length = 40u + be16(ip + 4) - h->ip_bytes;
	return h->ip_bytes <= bytes;
}

static bool find_headers(const uint8_t *frame, uint32_t len, struct headers *h)
{
	uint32_t at = 12;
	uint16_t type;

	*h = (struct headers){0};
	while (at + 4 <= len && (be16(frame + at) == ETHERTYPE_VLAN || be16(frame + at) == ETHERTYPE_QINQ))
		at += 4;
	if (at + 2 > len)
		return false;
	type = be16(frame + at);
	h->l2_bytes = at + 2;
	if (type == ETHERTYPE_IPV4 ? !find_ipv4(frame + at + 2, len - at - 2, h)
				   : type != ETHERTYPE_IPV6 || !find_ipv6(frame + at + 2, len - at - 2, h))
		return false;
	at = h->l2_bytes + h->ip_bytes;
	if (h->protocol == UDP && at + 8 <= len)
		h->l4_bytes = 8;
	else if (h->protocol == TCP && at + 20 <= len)
		h->l4_bytes = (frame[at + 12] >> 4) * 4u;
	return true;
}

/** Both ways to write zero are the same sum. */
static bool same_sum(uint16_t a, uint16_t b)
{
	return (a == 0xFFFF ? 0 : a) == (b == 0xFFFF ? 0 : b);
}

static bool is_prepared(const uint8_t *l4, const struct headers *h, bool segment)
{
	uint32_t length = segment ? 0 : h->l4_length;
	uint8_t tail[4] = {0, h->protocol, (uint8_t)(length >> 8), (uint8_t)length};
	uint32_t sum = model_checksum_add(0, h->addresses, h->ipv4 ? 8 : 32);
	uint16_t wanted = (uint16_t)~model_checksum_fold(model_checksum_add(sum, tail, 4)), field;

	memcpy(&field, l4 + (h->protocol == TCP ? 16 : 6), 2);
	return h->detour || same_sum(field, wanted);
}

enum model_misuse model_offload_judge(
	const uint8_t *frame, uint32_t len, const struct tx_layout *layout, bool ip, bool l4, bool segment)
{
	struct headers h;
	const uint8_t *at = frame + layout->l2_bytes;

	if (!find_headers(frame, len, &h) || h.l2_bytes != layout->l2_bytes || h.ip_bytes != layout->ip_bytes ||
		((ip || segment) && h.ipv4 != layout->ipv4))
		return MODEL_TX_LAYOUT;
	if (l4 && (h.fragment || h.protocol != layout->protocol || !h.l4_bytes))
		return MODEL_TX_LAYOUT;
	if (segment && h.l4_bytes != layout->l4_bytes)
		return MODEL_TX_LAYOUT;
	if (ip && (at[10] || at[11]))
		return MODEL_TX_PREPARED;
	return l4 && !is_prepared(at + h.ip_bytes, &h, segment) ? MODEL_TX_PREPARED : MODEL_MISUSES;
}
