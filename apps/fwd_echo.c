/* SPDX-License-Identifier: BSD-2-Clause
 * Answers to those who look whether somebody is there. An answer is made of the request, in its buffer. */
#include "fwd_echo.h"

#include <arpa/inet.h>
#include <string.h>

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, TYPE_IPV6 = 0x86dd, TYPE_OUTER_VLAN = 0x88a8 };
enum { ARP_BYTES = 28, IPV4_BYTES = 20, IPV6_BYTES = 40, ECHO_BYTES = 8, SOLICITATION_BYTES = 24, ADVERT_BYTES = 32 };
enum { HOPS = 64, NEIGHBOUR_HOPS = 255 }; /* more than that a neighbour's frame cannot have: it was not routed */

static unsigned word(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

uint32_t fwd_sum(const uint8_t *data, unsigned bytes, uint32_t sum)
{
	for (unsigned i = 0; i < bytes; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static unsigned fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void put_word(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void fwd_put_checksum(uint8_t *at, uint32_t sum)
{
	put_word(at, ~fold(sum));
}

static void swap(uint8_t *a, uint8_t *b, unsigned bytes)
{
	uint8_t before[16];

	memcpy(before, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, before, bytes);
}

bool fwd_add_addresses(struct fwd_host *host, const char *text)
{
	char one[INET6_ADDRSTRLEN];

	for (;; text++) {
		struct fwd_address *address = &host->addresses[host->address_count];
		size_t length = strcspn(text, ",");
		if (host->address_count == FWD_ADDRESSES || length >= sizeof(one))
			return false;
		memcpy(one, text, length);
		one[length] = '\0';
		address->length = strchr(one, ':') ? 16 : 4;
		if (inet_pton(address->length == 4 ? AF_INET : AF_INET6, one, address->bytes) != 1)
			return false;
		host->address_count++;
		text += length;
		if (!*text)
			return true;
	}
}

/* Whether the host has this address, which no group has. */
static bool has(const struct fwd_host *host, const uint8_t *address, unsigned length)
{
	for (unsigned i = 0; i < host->address_count; i++)
		if (host->addresses[i].length == length && memcmp(host->addresses[i].bytes, address, length) == 0)
			return true;
	return host->address_count == 0 && address[0] < (length == 4 ? 224 : 255);
}

/* Whether an address is the one of who has none yet. Who answers for all addresses would take him every one. */
static bool is_none(const uint8_t *address, unsigned length)
{
	static const uint8_t none[16];

	return memcmp(address, none, length) == 0;
}

static bool answer_arp(const struct fwd_host *host, uint8_t *arp, unsigned bytes)
{
	static const uint8_t request[8] = {0, 1, TYPE_IPV4 >> 8, 0, 6, 4, 0, 1};
	uint8_t *sender = arp + 8, *target = arp + 18;

	if (bytes < ARP_BYTES || memcmp(arp, request, sizeof(request)) != 0 || !has(host, target + 6, 4))
		return false;
	/* who tells all that an address is his asks nobody */
	if (memcmp(sender + 6, target + 6, 4) == 0 || (is_none(sender + 6, 4) && host->address_count == 0))
		return false;
	arp[7] = 2;
	swap(sender, target, 10);
	memcpy(sender, host->mac, 6);
	return true;
}

/* bytes are those of the first piece; all, of the frame. */
static bool answer_ipv4(const struct fwd_host *host, uint8_t *ip, unsigned bytes, unsigned all)
{
	uint8_t *echo = ip + IPV4_BYTES;

	/* no options, no fragments */
	if (bytes < IPV4_BYTES + ECHO_BYTES || ip[0] != 0x45 || ip[9] != IPPROTO_ICMP || (word(ip + 6) & 0x3fff))
		return false;
	if (word(ip + 2) < IPV4_BYTES + ECHO_BYTES || word(ip + 2) > all || fold(fwd_sum(ip, IPV4_BYTES, 0)) != 0xffff)
		return false;
	if (echo[0] != 8 || echo[1] != 0 || !has(host, ip + 16, 4))
		return false;
	swap(ip + 12, ip + 16, 4);
	ip[8] = HOPS;
	put_word(ip + 10, 0);
	fwd_put_checksum(ip + 10, fwd_sum(ip, IPV4_BYTES, 0));
	/* the type is less by 8, so its word's sum by 0x800: what was damaged stays so */
	echo[0] = 0;
	put_word(echo + 2, fold(word(echo + 2) + 0x800));
	return true;
}

/* The sum over an ICMPv6 message and what stands for the header in front of it. */
static uint32_t icmpv6_sum(const uint8_t *ip, unsigned bytes)
{
	return fwd_sum(ip + IPV6_BYTES, bytes, fwd_sum(ip + 8, 32, bytes + IPPROTO_ICMPV6));
}

/* @return whether ip is the answer: bytes of ADVERT_BYTES behind its header */
static bool answer_solicitation(const struct fwd_host *host, uint8_t *ip, unsigned bytes)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	uint8_t *message = ip + IPV6_BYTES, *target = message + 8;
	bool has_address = !is_none(ip + 8, 16);

	if (bytes < SOLICITATION_BYTES || ip[7] != NEIGHBOUR_HOPS || !has(host, target, 16))
		return false;
	if (fold(icmpv6_sum(ip, bytes)) != 0xffff || (!has_address && host->address_count == 0))
		return false;
	memcpy(ip + 24, has_address ? ip + 8 : all_nodes, 16);
	memcpy(ip + 8, target, 16);
	put_word(ip + 4, ADVERT_BYTES);
	put_word(message, 136 << 8);
	put_word(message + 2, 0);
	put_word(message + 4, has_address ? 0x6000 : 0x2000); /* solicited; override */
	put_word(message + 6, 0);
	put_word(message + 24, 0x0201); /* an option of one times 8 bytes: the target's Ethernet address */
	memcpy(message + 26, host->mac, 6);
	fwd_put_checksum(message + 2, icmpv6_sum(ip, ADVERT_BYTES));
	return true;
}

static bool answer_echo6(const struct fwd_host *host, uint8_t *ip, unsigned bytes)
{
	uint8_t *message = ip + IPV6_BYTES;

	if (bytes < ECHO_BYTES || !has(host, ip + 24, 16) || ip[8] == 0xff)
		return false;
	swap(ip + 8, ip + 24, 16);
	ip[7] = HOPS;
	/* the type is more by 1: less the sum of its word, 0x100 */
	message[0]++;
	put_word(message + 2, fold(word(message + 2) + 0xfeff));
	return true;
}

bool fwd_answer(const struct fwd_host *host, struct pkt *pkt, unsigned bytes)
{
	uint8_t *d = pkt->data;
	unsigned at = 12, type = 0;
	bool is_to_group, answered = false;

	if (pkt->len < 14 || (d[6] & 1) || (!(d[0] & 1) && memcmp(d, host->mac, 6) != 0))
		return false;
	is_to_group = d[0] & 1;
	for (unsigned tags = 0; at + 2u <= pkt->len; at += 4, tags++) {
		type = word(d + at);
		if ((type != TYPE_VLAN && type != TYPE_OUTER_VLAN) || tags == 2)
			break;
	}
	at += 2;
	if (at > pkt->len)
		return false;
	uint8_t *ip = d + at;
	unsigned here = pkt->len - at;

	if (type == TYPE_ARP) {
		answered = answer_arp(host, ip, here);
	} else if (type == TYPE_IPV4) {
		answered = !is_to_group && answer_ipv4(host, ip, here, bytes - at);
	} else if (type == TYPE_IPV6 && here >= IPV6_BYTES + ECHO_BYTES && ip[0] >> 4 == 6 && ip[6] == IPPROTO_ICMPV6) {
		unsigned payload = word(ip + 4), message = word(ip + IPV6_BYTES);
		if (payload > bytes - at - IPV6_BYTES)
			return false;
		if (message == 128 << 8)
			answered = !is_to_group && answer_echo6(host, ip, payload);
		else if (message == 135 << 8 && pkt->len == bytes && ip[8] != 0xff)
			answered = answer_solicitation(host, ip, payload);
		if (answered && message == 135 << 8)
			pkt->len = (uint16_t)(at + IPV6_BYTES + ADVERT_BYTES);
	}
	if (!answered)
		return false;
	memcpy(d, d + 6, 6);
	memcpy(d + 6, host->mac, 6);
	if (type == TYPE_IPV6 && ip[24] == 0xff) /* to all nodes */
		memcpy(d, (const uint8_t[6]){0x33, 0x33, 0, 0, 0, 1}, 6);
	return true;
}
