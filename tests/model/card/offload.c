/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit offloads: checksums inserted and frames cut into segments, as a context descriptor describes them
 * (DS 7.2.4, 7.2.5). */
#include "offload.h"

#include "checksum.h"

#include <string.h>

enum { TCP = 6, UDP = 17, TCP_CHECKSUM_AT = 16, UDP_CHECKSUM_AT = 6, TCP_FLAGS = 0xFFF };

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

struct tx_layout model_offload_layout(const struct descriptor *c)
{
	static const uint8_t protocols[4] = {UDP, TCP, 132, 0};

	return (struct tx_layout){
		.ip_bytes = c->q0 & 0x1FF,
		.l2_bytes = (c->q0 >> 9) & 0x7F,
		.vlan = (uint16_t)(c->q0 >> 16),
		.ipv4 = (c->q1 >> 10) & 1,
		.protocol = protocols[(c->q1 >> 11) & 3],
		.l4_bytes = (c->q1 >> 40) & 0xFF,
		.mss = (uint32_t)(c->q1 >> 48),
	};
}

/** What software has left in the field is part of the sum: a header that "needs an adjustment" has one there (X550 DS
 * 7.2.4.5). */
static void ipv4_checksum(uint8_t *ip, uint32_t bytes)
{
	uint16_t sum;

	sum = model_checksum_fold(model_checksum_add(0, ip, bytes));
	memcpy(ip + 10, &sum, 2);
}

/** The checksum field holds the pseudo-header's sum, which software put there. */
static void l4_checksum(uint8_t *l4, uint32_t bytes, uint8_t protocol)
{
	uint16_t sum = model_checksum_fold(model_checksum_add(0, l4, bytes));

	if (protocol == UDP && sum == 0)
		sum = 0xFFFF;
	memcpy(l4 + (protocol == TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT), &sum, 2);
}

/** Inserts what is asked for. @return false: the context does not fit the frame. */
bool model_offload_checksums(uint8_t *frame, uint32_t len, const struct tx_layout *layout, bool ip, bool l4)
{
	uint32_t header = layout->l2_bytes + layout->ip_bytes;
	uint32_t least = layout->protocol == TCP ? 20 : 8;

	/* TCP and UDP alone may come without TUCMD.IPV4, as Linux has it: 20 bytes do (X550 DS 7.2.3.2.3). */
	if ((ip || l4) && (layout->l2_bytes < 14 || layout->ip_bytes < 20))
		return false;
	if (ip && header > len)
		return false;
	if (l4 && (header + least > len || (layout->protocol != TCP && layout->protocol != UDP)))
		return false;
	if (ip)
		ipv4_checksum(frame + layout->l2_bytes, layout->ip_bytes);
	if (l4)
		l4_checksum(frame + header, len - header, layout->protocol);
	return true;
}

/** The TCP flags that may be set in the first, a later and the last segment; a single one keeps all (X550 DS 7.2.4.7).
 */
static uint32_t flags_kept(const struct model *m, bool first, bool last)
{
	if (first && last)
		return TCP_FLAGS;
	if (last)
		return reg_get(m, MODEL_DTXTCPFLGH) & TCP_FLAGS;
	return (reg_get(m, MODEL_DTXTCPFLGL) >> (first ? 0 : 16)) & TCP_FLAGS;
}

/**
 * Writes one segment: the headers, adjusted, and `bytes` of payload from offset `at` of `payload` in all. The frame's
 * checksum field holds the pseudo-header's sum without the length (DS 7.2.4).
 */
void model_offload_segment(const struct model *m, uint8_t *to, const uint8_t *frame, uint32_t payload, uint32_t at,
	uint32_t bytes, const struct tx_layout *layout)
{
	uint32_t header = layout->l2_bytes + layout->ip_bytes + layout->l4_bytes;
	uint8_t *ip = to + layout->l2_bytes, *l4 = ip + layout->ip_bytes;
	uint32_t l4_length = layout->l4_bytes + bytes, sequence;
	uint8_t length[2];
	uint16_t sum;

	memcpy(to, frame, header);
	memcpy(to + header, frame + header + at, bytes);
	if (layout->ipv4) {
		put_be16(ip + 2, layout->ip_bytes + l4_length);
		put_be16(ip + 4, be16(ip + 4) + at / layout->mss);
		ipv4_checksum(ip, layout->ip_bytes);
	} else {
		put_be16(ip + 4, layout->ip_bytes - 40 + l4_length);
	}
	sequence = be32(l4 + 4) + at;
	put_be16(l4 + 4, sequence >> 16);
	put_be16(l4 + 6, sequence);
	put_be16(l4 + 12, be16(l4 + 12) & (~TCP_FLAGS | flags_kept(m, at == 0, at + bytes == payload)));
	put_be16(length, l4_length);
	sum = model_checksum_fold(model_checksum_add(model_checksum_add(0, length, 2), l4, l4_length));
	memcpy(l4 + TCP_CHECKSUM_AT, &sum, 2);
}
