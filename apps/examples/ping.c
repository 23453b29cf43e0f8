/* SPDX-License-Identifier: BSD-2-Clause
 * An application on the public API: a host of one IPv4 and one IPv6 address that answers who looks for it (ARP,
 * neighbour solicitations) and pings. An answer is made of the request, in its buffer, and sent from there. It sleeps
 * while nothing comes. apps/README.md has it pinged. */
#include <arpa/inet.h>
#include <pollux/driver/nic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint8_t own_mac[6], own_ipv4[4], own_ipv6[16];

static unsigned word(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The Internet checksum of so many bytes (RFC 1071); sum is of what counts besides. 0 where they hold a right one. */
static uint16_t checksum(const uint8_t *data, unsigned bytes, uint32_t sum)
{
	for (unsigned i = 0; i < bytes; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void put_checksum(uint8_t *at, const uint8_t *data, unsigned bytes, uint32_t sum)
{
	at[0] = at[1] = 0;
	uint16_t value = checksum(data, bytes, sum);
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* What counts in ICMPv6's checksum besides the message: addresses, length and protocol. */
static uint32_t pseudo_header(const uint8_t *ip, unsigned bytes)
{
	uint32_t sum = IPPROTO_ICMPV6 + bytes;

	for (unsigned i = 8; i < 40; i += 2)
		sum += word(ip + i);
	return sum;
}

/* These get what follows the Ethernet header, of which there are len bytes, and make it an answer.
 * @return its length; 0: there is none to give */
static unsigned answer_arp(uint8_t *arp, unsigned len)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1}; /* of Ethernet, for IPv4 */

	if (len < 28 || memcmp(arp, request, 8) != 0 || memcmp(arp + 24, own_ipv4, 4) != 0)
		return 0;
	arp[7] = 2;                    /* a reply, ... */
	memcpy(arp + 18, arp + 8, 10); /* ... to the sender's addresses, ... */
	memcpy(arp + 8, own_mac, 6);   /* ... from ours */
	memcpy(arp + 14, own_ipv4, 4);
	return 28;
}

static unsigned answer_ipv4(uint8_t *ip, unsigned len)
{
	unsigned header = len < 20 ? 0 : (ip[0] & 15) * 4u, total = len < 20 ? 0 : word(ip + 2);
	uint8_t *icmp = ip + header;

	if (header < 20 || ip[0] >> 4 != 4 || total > len || total < header + 8 || ip[9] != IPPROTO_ICMP ||
		word(ip + 6) & 0x3fff || /* a fragment */
		memcmp(ip + 16, own_ipv4, 4) != 0 || icmp[0] != 8 /* echo */ || ip[12] >= 224 /* from no host */ ||
		checksum(ip, header, 0) || checksum(icmp, total - header, 0))
		return 0;
	memcpy(ip + 16, ip + 12, 4); /* addresses that change places leave the header's checksum as it is */
	memcpy(ip + 12, own_ipv4, 4);
	icmp[0] = 0; /* echo reply */
	put_checksum(icmp + 2, icmp, total - header, 0);
	return total;
}

static unsigned answer_ipv6(uint8_t *ip, unsigned len)
{
	static const uint8_t nobody[16] = {0};
	unsigned bytes = len < 40 ? 0 : word(ip + 4);
	uint8_t *icmp = ip + 40;

	if (bytes < 8 || 40 + bytes > len || ip[0] >> 4 != 6 || ip[6] != IPPROTO_ICMPV6 || ip[8] == 255 ||
		memcmp(ip + 8, nobody, 16) == 0 || checksum(icmp, bytes, pseudo_header(ip, bytes)))
		return 0;
	if (icmp[0] == 128 && memcmp(ip + 24, own_ipv6, 16) == 0) { /* echo request */
		icmp[0] = 129;
	} else if (icmp[0] == 135 && bytes >= 24 && ip[7] == 255 && /* a neighbour's solicitation (RFC 4861) */
		   icmp[1] == 0 && memcmp(icmp + 8, own_ipv6, 16) == 0) {
		memcpy(icmp, (const uint8_t[8]){136, 0, 0, 0, 0x60}, 8); /* an advertisement, solicited, overrides */
		memcpy(icmp + 24, (const uint8_t[2]){2, 1}, 2);          /* with our Ethernet address */
		memcpy(icmp + 26, own_mac, 6);
		bytes = ip[5] = 32;
		ip[4] = 0;
	} else {
		return 0;
	}
	memcpy(ip + 24, ip + 8, 16);
	memcpy(ip + 8, own_ipv6, 16);
	put_checksum(icmp + 2, icmp, bytes, pseudo_header(ip, bytes));
	return 40 + bytes;
}

static bool answer(struct pkt *pkt)
{
	uint8_t *frame = pkt->data, *rest = frame + NIC_HEADER_BYTES;
	unsigned len = pkt->len - NIC_HEADER_BYTES, type = pkt->len < NIC_HEADER_BYTES ? 0 : word(frame + 12);
	bool ours = pkt->len >= NIC_HEADER_BYTES && memcmp(frame, own_mac, 6) == 0, group = frame[0] & 1;
	unsigned bytes = !ours && !group          ? 0 /* the port receives all frames, whoever they are for */
			 : type == 0x0806         ? answer_arp(rest, len)
			 : type == 0x0800 && ours ? answer_ipv4(rest, len)
			 : type == 0x86dd         ? answer_ipv6(rest, len)
						  : 0;

	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, own_mac, 6);
	pkt->len = (uint16_t)(NIC_HEADER_BYTES + bytes);
	return bytes;
}

static int fail(void)
{
	fprintf(stderr, "%s\n", nic_error());
	return 1;
}

int main(int argc, char **argv) /* e.g. ./ping vfio-user:/tmp/port0 192.0.2.2 2001:db8::2 */
{
	/* IPv6 looks for us at a multicast address: all frames are received; and with interrupts, to sleep */
	struct nic_config config = {.promiscuous = true, .rx_interrupt_us = 10};
	struct dma_space *space;
	struct nic_info info;
	struct nic *nic;
	struct pkt pkts[32];

	if (argc != 4 || inet_pton(AF_INET, argv[2], own_ipv4) != 1 || inet_pton(AF_INET6, argv[3], own_ipv6) != 1) {
		fprintf(stderr, "usage: %s PORT IPV4-ADDRESS IPV6-ADDRESS\n", argv[0]);
		return 2;
	}
	if (dma_space_open(&space) || nic_open(&nic, argv[1], space) || nic_start(nic, &config))
		return fail();
	nic_get_info(nic, &info);
	memcpy(own_mac, info.mac, 6);
	struct nic_rxq *rx = nic_rxq(nic, 0);
	for (time_t serviced = 0;;) {
		uint32_t events = 0;
		if (time(NULL) != serviced && nic_service(nic, &events))
			return fail();
		serviced = time(NULL);
		if (events & NIC_NEEDS_RESET && nic_reset(nic)) /* the card hangs */
			return fail();
		unsigned n = nic_rx(rx, pkts, 32), answers = 0;
		for (unsigned i = 0; i < n; i++) {
			if (answer(&pkts[i])) /* with this MTU each frame is one packet */
				pkts[answers++] = pkts[i];
			else
				pkt_free(&pkts[i], 1);
		}
		unsigned sent = nic_tx(nic_txq(nic, 0), pkts, answers);
		pkt_free(pkts + sent, answers - sent); /* the ring was full */
		if (n == 0)
			nic_wait(&rx, 1, 500000);
	}
}
