/* SPDX-License-Identifier: BSD-2-Clause
 * The receive parser: packet type, checksums and RSS of one frame (DS 7.1.2.8, 7.1.6.2, 7.1.11). */
#include "parse.h"

#include "checksum.h"

#include <string.h>

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86DD };
enum { HOP_BY_HOP = 0, TCP = 6, UDP = 17, ROUTING = 43, FRAGMENT = 44, NO_NEXT = 59, DESTINATION = 60, SCTP = 132 };
enum { OPTION_PAD1 = 0, OPTION_HOME_ADDRESS = 0xC9 };

/** Pseudo-header: addresses, protocol, length. */
static uint32_t pseudo_sum(const uint8_t *addresses, uint32_t bytes, uint8_t protocol, uint32_t length)
{
	uint8_t tail[4] = {0, protocol, (uint8_t)(length >> 8), (uint8_t)length};
	uint32_t sum = bytes == 8 ? model_checksum_add(0, addresses, 8) : model_checksum_add(0, addresses, bytes);

	return model_checksum_add(sum, tail, 4);
}

/** One table per byte of input: what that byte's value contributes to the hash. */
static void prepare_toeplitz(struct model *m)
{
	uint8_t key[40 + 8] = {0};

	memcpy(key, &m->reg[IXGBE_RSSRK / 4], 40);
	for (unsigned i = 0; i < 36; i++) {
		uint64_t window = 0;

		for (unsigned b = 0; b < 5; b++)
			window = window << 8 | key[i + b];
		for (unsigned value = 0; value < 256; value++) {
			uint32_t hash = 0;

			for (unsigned bit = 0; bit < 8; bit++)
				if (value & (0x80u >> bit))
					hash ^= (uint32_t)(window >> (8 - bit));
			m->toeplitz[i][value] = hash;
		}
	}
	m->toeplitz_stale = false;
}

static uint32_t toeplitz(const struct model *m, uint32_t hash, unsigned at, const uint8_t *data, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		hash ^= m->toeplitz[at + i][data[i]];
	return hash;
}

/** Where the layers lie. */
struct layers {
	const uint8_t *addresses, *l4;
	uint32_t address_bytes, l4_bytes; /* l4_bytes by the IP header */
	uint32_t l4_present;              /* in the frame */
	uint8_t protocol;
	bool fragment;
};

/** The queue that RETA names for a hash: 128 entries of 4 bits; X550 has 512 of 6, the later ones in ERETA
 * (DS 8.2.3.7.15). */
static uint8_t redirect(const struct model *m, uint32_t hash)
{
	bool wide = m->config.card == MODEL_X550;
	uint32_t entry = hash & (wide ? 511 : 127);
	uint32_t word = reg_get(m, entry < 128 ? IXGBE_AT(RETA, entry / 4) : IXGBE_ERETA + ((entry - 128) & ~3u));

	return (uint8_t)(word >> (8 * (entry & 3))) & (wide ? 0x3F : 0xF);
}

static void hash_flow(struct model *m, const struct layers *l, struct parsed *p)
{
	uint32_t mrqc = reg_get(m, IXGBE_MRQC);
	bool v4 = l->address_bytes == 8, ports = false;

	if (!l->fragment && l->l4_present >= 4) {
		if (l->protocol == TCP)
			ports = mrqc & (v4 ? MRQC_IPV4_TCP : MRQC_IPV6_TCP);
		else if (l->protocol == UDP)
			ports = mrqc & (v4 ? MRQC_IPV4_UDP : MRQC_IPV6_UDP);
	}
	/* A frame without a hash stays on queue 0, whatever RETA says (doubt M2). */
	if (!ports && !(mrqc & (v4 ? MRQC_IPV4 : MRQC_IPV6)))
		return;
	if (m->toeplitz_stale)
		prepare_toeplitz(m);
	p->hash = toeplitz(m, 0, 0, l->addresses, l->address_bytes);
	if (ports) {
		p->hash = toeplitz(m, p->hash, l->address_bytes, l->l4, 4);
		p->rss_type = l->protocol == TCP ? (v4 ? 1 : 3) : (v4 ? 7 : 8);
	} else {
		p->rss_type = v4 ? 2 : 5;
	}
	p->queue = redirect(m, p->hash);
}

static bool sum_is_good(const struct layers *l)
{
	return model_checksum_fold(model_checksum_add(
		       pseudo_sum(l->addresses, l->address_bytes, l->protocol, l->l4_bytes), l->l4, l->l4_bytes)) == 0;
}

static bool sctp_is_good(const struct layers *l)
{
	uint32_t crc;

	memcpy(&crc, l->l4 + 8, 4);
	return crc == model_crc32c_sctp(l->l4, l->l4_bytes);
}

/** UDP over IPv4 may have no checksum, which a zero says: it is neither checked nor in error (X550 DS 7.1.5.1). The
 * 82599 may find it wrong (an erratum; doubt M4). Over IPv6 a zero is wrong. */
static void check_udp_without_sum(const struct model *m, const struct layers *l, struct parsed *p)
{
	if (l->address_bytes != 8 || (has_quirk(m, MODEL_QUIRK_CHECKSUM) && m->config.card == MODEL_82599))
		p->q1 |= RXD_UDPCS | RXD_L4CS | RXD_L4E;
}

/** TCP, UDP and SCTP as a whole, where all of it is in the frame. */
static void check_l4(const struct model *m, const struct layers *l, struct parsed *p)
{
	static const struct {
		uint8_t protocol, header_bytes;
		uint64_t type;
	} known[] = {{TCP, 20, RXD_TYPE_TCP}, {UDP, 8, RXD_TYPE_UDP}, {SCTP, 12, RXD_TYPE_SCTP}};
	unsigned i = 0;
	bool good;

	while (i < 3 && known[i].protocol != l->protocol)
		i++;
	if (i == 3)
		return;
	p->q0 |= known[i].type;
	if (l->l4_bytes < known[i].header_bytes || l->l4_present < l->l4_bytes)
		return;
	if (l->protocol == UDP && be16(l->l4 + 6) == 0) {
		check_udp_without_sum(m, l, p);
		return;
	}
	good = l->protocol == SCTP ? sctp_is_good(l) : sum_is_good(l);
	p->q1 |= RXD_L4CS | (l->protocol == UDP ? RXD_UDPCS : 0) | (good ? 0 : RXD_L4E);
}

/** Instead of a hash a fragment of an IPv4 packet with UDP has the sum of its bytes behind the IP header, so that
 * software needs to add up no more than these (X550 DS 7.1.6.5; doubt M23). */
static void sum_fragment(const struct model *m, const uint8_t *ip, const struct layers *l, struct parsed *p)
{
	uint32_t rxcsum = reg_get(m, IXGBE_RXCSUM), bytes = l->l4_bytes < l->l4_present ? l->l4_bytes : l->l4_present;
	bool first = !(be16(ip + 6) & 0x1FFF);
	uint16_t sum;

	if (!l->fragment || l->address_bytes != 8 || l->protocol != UDP ||
		(rxcsum & (RXCSUM_PCSD | RXCSUM_IPPCSE)) != RXCSUM_IPPCSE)
		return;
	p->q0 |= (uint64_t)be16(ip + 4) << 32;
	if (first && (bytes < 8 || be16(l->l4 + 6) == 0))
		return;
	sum = (uint16_t)~model_checksum_fold(model_checksum_add(0, l->l4, bytes));
	p->q0 |= (uint64_t)be16((const uint8_t *)&sum) << 48;
	p->q1 |= RXD_UDPV;
}

static bool parse_ipv4(const struct model *m, const uint8_t *at, uint32_t bytes, struct layers *l, struct parsed *p)
{
	uint32_t header = (at[0] & 0xFu) * 4, total;

	if (bytes < 20 || at[0] >> 4 != 4 || header < 20 || bytes < header)
		return false;
	total = be16(at + 2);
	/* An IPv4 header with options has both bits (doubt M3). */
	p->q0 |= header > 20 ? RXD_TYPE_IPV4 | RXD_TYPE_IPV4_EXT : RXD_TYPE_IPV4;
	p->q1 |= RXD_IPCS;
	if (model_checksum_fold(header == 20 ? model_checksum_add(0, at, 20) : model_checksum_add(0, at, header)) != 0)
		p->q1 |= RXD_IPE;
	if (total < header)
		return false;
	*l = (struct layers){
		at + 12, at + header, 8, total - header, bytes - header, at[9], (be16(at + 6) & 0x3FFF) != 0};
	/* The 82599 may find the sum of a fragment's header wrong (an erratum). */
	if (l->fragment && has_quirk(m, MODEL_QUIRK_CHECKSUM) && m->config.card == MODEL_82599)
		p->q1 |= RXD_IPE;
	sum_fragment(m, at, l, p);
	return true;
}

/** Whether destination options tell of a mobile node's home address. `bytes`: all that is there. */
static bool has_home_address(const uint8_t *options, uint32_t bytes)
{
	uint32_t end = 8 + options[1] * 8u;

	end = end < bytes ? end : bytes;
	for (uint32_t at = 2; at < end; at += options[at] == OPTION_PAD1 || at + 1 == end ? 1 : 2 + options[at + 1])
		if (options[at] == OPTION_HOME_ADDRESS)
			return true;
	return false;
}

static bool parse_ipv6(const uint8_t *at, uint32_t bytes, struct layers *l, struct parsed *p)
{
	uint32_t header = 40, total;
	uint8_t next;
	bool extended = false, final = true; /* the addresses of the header are those of the checksum */

	if (bytes < 40 || at[0] >> 4 != 6)
		return false;
	total = 40u + be16(at + 4);
	next = at[6];
	/* Hop-by-hop, routing and destination options are walked over (X550 DS 7.1.6.3). What stands behind a route
	 * that is not at its end, or a home address, is not looked at (doubt M22). */
	while ((next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) && header + 8 <= bytes) {
		const uint8_t *extension = at + header;

		if (next == ROUTING)
			final &= extension[3] == 0;
		if (next == DESTINATION)
			final &= !has_home_address(extension, bytes - header);
		next = extension[0];
		header += 8 + extension[1] * 8u;
		extended = true;
	}
	p->q0 |= extended || next == FRAGMENT ? RXD_TYPE_IPV6 | RXD_TYPE_IPV6_EXT : RXD_TYPE_IPV6;
	if (header > bytes || total < header)
		return false;
	*l = (struct layers){
		at + 8, at + header, 32, total - header, bytes - header, final ? next : NO_NEXT, next == FRAGMENT};
	return true;
}

/** EtherType filters go before all else: the descriptor has type and index, ETQS may name a queue (DS 7.1.2.3). */
static bool match_ethertype(const struct model *m, uint16_t type, struct parsed *p)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t filter = reg_get(m, IXGBE_AT(ETQF, i)), select = reg_get(m, MODEL_ETQS + 4 * i);

		if (!(filter >> 31) || (filter & 0xFFFF) != type)
			continue;
		p->q0 = RXD_TYPE_ETQF | (uint64_t)i << 4;
		if (select >> 31)
			p->queue = (select >> 16) & 0x7F;
		return true;
	}
	return false;
}

/**
 * Steps over VLAN tags. Where two are expected (CTRL_EXT.EXTENDED_VLAN), the first is EXVET's and stays in the frame,
 * and the second is the one that is filtered and stripped; a frame with that one alone is none that the card knows
 * (X550 DS 7.4.5.3). Without, a second tag is like any unknown EtherType.
 * @return where the EtherType behind the tags stands.
 */
static uint32_t parse_tags(const struct model *m, const uint8_t *data, struct parsed *p)
{
	uint16_t inner = reg_get(m, IXGBE_VLNCTRL) & 0xFFFF;
	uint32_t at = 12;

	if (unlikely(reg_get(m, IXGBE_CTRL_EXT) & CTRL_EXT_EXTENDED_VLAN)) {
		if (be16(data + at) != reg_get(m, MODEL_EXVET) >> 16)
			return at;
		p->q1 |= RXD_VEXT;
		at += 4;
	}
	if (be16(data + at) != inner)
		return at;
	p->tagged = true;
	p->tag_at = (uint8_t)at;
	p->vlan = be16(data + at + 2);
	/* VP tells of a stripped tag; by another sentence of the datasheet, of any (X550 DS 7.4.3.2, 7.1.5.1). */
	p->q1 |= has_quirk(m, MODEL_QUIRK_VP) ? RXD_VP : 0;
	return at + 4;
}

void model_parse(struct model *m, const uint8_t *data, uint32_t len, struct parsed *p)
{
	uint32_t at;
	uint16_t type;
	struct layers l;
	bool layered = false;

	*p = (struct parsed){0};
	at = parse_tags(m, data, p);
	type = be16(data + at);
	at += 2;
	if (unlikely(m->rx_ethertypes) && match_ethertype(m, type, p))
		return;
	if (type == ETHERTYPE_IPV4)
		layered = parse_ipv4(m, data + at, len - at, &l, p);
	else if (type == ETHERTYPE_IPV6)
		layered = parse_ipv6(data + at, len - at, &l, p);
	if (!layered)
		return;
	if (!l.fragment)
		check_l4(m, &l, p);
	if (!m->rx_rss)
		return;
	hash_flow(m, &l, p);
	/* The hash shows in the descriptor only with PCSD (DS 8.2.3.7.5). */
	if (reg_get(m, IXGBE_RXCSUM) & RXCSUM_PCSD)
		p->q0 |= (uint64_t)p->hash << 32 | p->rss_type;
}
