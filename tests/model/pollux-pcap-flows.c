/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-pcap-flows: writes a capture of TCP streams and UDP packets below all kinds of headers, with checksums that
 * are right, zero or wrong. For tests of checksums, segmentation and VLAN tags. */
#include "../../apps/app_output.h"
#include "wire/text.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LEAST   6u /* bytes of payload: no TCP frame is padded, which segmentation would take for payload */
#define LARGEST 9000u

enum { TCP = 6, UDP = 17 };

/** What comes in turn. */
static const struct kind {
	const char *name;
	unsigned tags;
	bool v4;
	uint8_t protocol;
	uint8_t option_bytes; /* IPv4 options, or one IPv6 extension header */
	uint8_t extension;    /* which */
} kinds[] = {
	{"IPv4 TCP", 0, true, TCP, 0, 0},
	{"IPv4 UDP", 0, true, UDP, 0, 0},
	{"IPv6 TCP", 0, false, TCP, 0, 0},
	{"IPv6 UDP", 0, false, UDP, 0, 0},
	{"IPv4 with options, TCP", 0, true, TCP, 12, 0},
	{"IPv4 with options, UDP", 0, true, UDP, 40, 0},
	{"VLAN, IPv4 TCP", 1, true, TCP, 0, 0},
	{"VLAN, IPv6 UDP", 1, false, UDP, 0, 0},
	{"IPv6 with destination options, TCP", 0, false, TCP, 16, 60},
	{"IPv6 with hop-by-hop options, UDP", 0, false, UDP, 8, 0},
	{"two VLANs, IPv4 UDP", 2, true, UDP, 0, 0},
	{"two VLANs, IPv6 TCP", 2, false, TCP, 0, 0},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum sums { RIGHT, ZERO, WRONG, VECTORS };

/* Flows whose RSS hash is published (X550 DS 7.1.3.7.5). */
static const struct vector {
	bool v4;
	uint8_t addresses[32];
	uint16_t source, destination;
} vectors[] = {
	{true, {66, 9, 149, 187, 161, 142, 100, 80}, 2794, 1766},
	{true, {199, 92, 111, 2, 65, 69, 140, 83}, 14230, 4739},
	{true, {24, 19, 198, 95, 12, 22, 207, 184}, 12898, 38024},
	{true, {38, 27, 205, 30, 209, 142, 163, 6}, 48228, 2217},
	{true, {153, 39, 163, 191, 202, 188, 127, 2}, 44251, 1303},
	{false, "\x3f\xfe\x25\x01\x02\x00\x1f\xff\0\0\0\0\0\0\0\x07\x3f\xfe\x25\x01\x02\x00\x00\x03\0\0\0\0\0\0\0\x01",
		2794, 1766},
	{false, "\x3f\xfe\x05\x01\x00\x08\0\0\x02\x60\x97\xff\xfe\x40\xef\xab\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
		14230, 4739},
	{false,
		"\x3f\xfe\x19\x00\x45\x45\x00\x03\x02\x00\xf8\xff\xfe\x21\x67\xcf\xfe\x80\0\0\0\0\0\0\x02\x00\xf8\xff"
		"\xfe\x21\x67\xcf",
		44251, 38024},
};
#define VECTORS_N (sizeof(vectors) / sizeof(vectors[0]))

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t add(uint32_t sum, const uint8_t *at, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

/** Writes a sum that was taken with zeros in its place. */
static void put_sum(uint8_t *at, uint32_t sum, enum sums how)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	sum = ~sum & 0xFFFF;
	sum = sum ? sum : 0xFFFF;
	put16(at, how == ZERO ? 0 : how == WRONG ? (sum ^ 0x5A5A) | 1 : sum);
}

/** @return bytes of the IP header with options and extensions, which is written. */
static unsigned put_ip(uint8_t *ip, const struct kind *k, unsigned number, unsigned l4_bytes, enum sums how)
{
	if (k->v4) {
		unsigned bytes = 20u + k->option_bytes;

		memset(ip, 1, bytes); /* options: no operation */
		memset(ip, 0, 20);
		ip[0] = (uint8_t)(0x40 | bytes / 4);
		put16(ip + 2, bytes + l4_bytes);
		put16(ip + 4, number);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = k->protocol;
		memcpy(ip + 12, (uint8_t[]){198, 18, 0, (uint8_t)(k - kinds), 198, 19, 0, 1}, 8);
		put_sum(ip + 10, add(0, ip, bytes), how);
		return bytes;
	}
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, k->option_bytes + l4_bytes);
	ip[6] = k->option_bytes ? k->extension : k->protocol;
	ip[7] = 64;
	ip[8] = ip[24] = 0xFD;
	ip[23] = (uint8_t)(k - kinds);
	ip[39] = 99;
	if (k->option_bytes) {
		memset(ip + 40, 0, k->option_bytes);
		ip[40] = k->protocol;
		ip[41] = (uint8_t)(k->option_bytes / 8 - 1);
		/* padding, of which Linux takes 7 bytes at most; or an option to be skipped by who does not know it */
		ip[42] = k->option_bytes > 8 ? 0x1E : 1;
		ip[43] = (uint8_t)(k->option_bytes - 4);
	}
	return 40u + k->option_bytes;
}

/** Bytes that tell where in which flow they are. */
static void put_payload(uint8_t *at, unsigned bytes, uint32_t offset, unsigned flow)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)((offset + i) * 2654435761u >> 23) ^ (uint8_t)(flow * 37);
}

/** @return the frame's bytes. */
static unsigned make(
	uint8_t *frame, unsigned number, const struct kind *k, unsigned payload, uint32_t offset, enum sums how)
{
	unsigned l4_header = k->protocol == TCP ? 20 : 8, l4_bytes = l4_header + payload, at = 12, ip_bytes;
	uint8_t *ip, *l4;
	uint32_t sum;

	memcpy(frame, "\x02\x01\x02\x03\x04\x05\x02\x0a\x0b\x0c\x0d\x0e", 12);
	for (unsigned tag = 0; tag < k->tags; tag++, at += 4) {
		put16(frame + at, k->tags == 2 && tag == 0 ? 0x88A8 : 0x8100);
		put16(frame + at + 2, 0x6000 + 100 * tag + 5);
	}
	put16(frame + at, k->v4 ? 0x0800 : 0x86DD);
	ip = frame + at + 2;
	ip_bytes = put_ip(ip, k, number, l4_bytes, how);
	l4 = ip + ip_bytes;
	memset(l4, 0, l4_header);
	put16(l4, 1024 + (unsigned)(k - kinds));
	put16(l4 + 2, 9);
	if (k->protocol == TCP) {
		put16(l4 + 4, offset >> 16);
		put16(l4 + 6, offset & 0xFFFF);
		l4[12] = 0x50;
		l4[13] = 0x18; /* PSH, ACK */
		put16(l4 + 14, 65535);
	} else {
		put16(l4 + 4, l4_bytes);
	}
	put_payload(l4 + l4_header, payload, offset, (unsigned)(k - kinds));
	sum = add(k->protocol + l4_bytes, k->v4 ? ip + 12 : ip + 8, k->v4 ? 8 : 32);
	put_sum(l4 + (k->protocol == TCP ? 16 : 6), add(sum, l4, l4_bytes), how);
	return (unsigned)(l4 - frame) + l4_bytes;
}

/** A TCP frame of a published flow, number / VECTORS_N bytes of payload long. */
static unsigned make_vector(uint8_t *frame, unsigned number)
{
	const struct vector *v = &vectors[number % VECTORS_N];
	const struct kind *k = &kinds[v->v4 ? 0 : 2];
	unsigned payload = LEAST + number / VECTORS_N % 1000, bytes = make(frame, number, k, payload, 0, ZERO);
	uint8_t *ip = frame + 14, *l4 = ip + (v->v4 ? 20 : 40), *addresses = v->v4 ? ip + 12 : ip + 8;

	memcpy(addresses, v->addresses, v->v4 ? 8 : 32);
	put16(l4, v->source);
	put16(l4 + 2, v->destination);
	if (v->v4)
		put_sum(ip + 10, add(0, ip, 20), RIGHT);
	put_sum(l4 + 16, add(add(TCP + 20 + payload, addresses, v->v4 ? 8 : 32), l4, 20 + payload), RIGHT);
	return bytes;
}

static int write_all(const char *path, uint64_t count, unsigned most, unsigned first_kinds, enum sums how)
{
	static uint8_t frame[LARGEST + 256];
	uint32_t offsets[KINDS] = {0};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap ? pcap_dump_open(pcap, path) : NULL;
	int failed;

	if (!dumper) {
		fprintf(stderr, "pollux-pcap-flows: %s\n", pcap ? pcap_geterr(pcap) : "no memory");
		return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned kind = i % first_kinds, payload = LEAST + i * 977 % (most - LEAST + 1);
		unsigned bytes = how == VECTORS ? make_vector(frame, i)
						: make(frame, i, &kinds[kind], payload, offsets[kind], how);
		struct pcap_pkthdr header = {.caplen = bytes, .len = bytes, .ts.tv_sec = 1700000000};

		header.ts.tv_usec = i % 1000000;
		pcap_dump((uint8_t *)dumper, &header, frame);
		offsets[kind] += payload;
	}
	failed = pcap_dump_flush(dumper) || ferror(pcap_dump_file(dumper));
	pcap_dump_close(dumper);
	pcap_close(pcap);
	if (failed)
		fprintf(stderr, "pollux-pcap-flows: %s could not be written whole\n", path);
	return failed;
}

static bool sums_by_name(const char *name, enum sums *how)
{
	static const char *const names[] = {
		[RIGHT] = "right", [ZERO] = "zero", [WRONG] = "wrong", [VECTORS] = "vectors"};

	for (unsigned i = 0; i < 4; i++)
		if (strcmp(name, names[i]) == 0) {
			*how = (enum sums)i;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	uint64_t count = 0, most = 1400, first_kinds = KINDS;
	enum sums how = RIGHT;
	bool good, help = argc == 2 && strcmp(argv[1], "--help") == 0;

	app_output_descriptors();
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("pollux-pcap-flows (Pollux) " POLLUX_VERSION);
		return 0;
	}
	good = argc >= 3 && argc <= 6 && text_number(argv[2], 1, 10000000, &count) &&
	       (argc < 4 || sums_by_name(argv[3], &how)) && (argc < 5 || text_number(argv[4], LEAST, LARGEST, &most)) &&
	       (argc < 6 || text_number(argv[5], 1, KINDS, &first_kinds));
	if (good)
		return write_all(argv[1], count, (unsigned)most, (unsigned)first_kinds, how);
	fprintf(help ? stdout : stderr,
		"Usage: pollux-pcap-flows FILE COUNT [right|zero|wrong|vectors [LARGEST [KINDS]]]\n"
		"Writes COUNT frames with %u to LARGEST bytes of TCP or UDP (1400; at most %u), their checksums as "
		"said. "
		"KINDS\nof headers come in turn, the first ones of these; or with 'vectors' the flows whose RSS hash "
		"is "
		"published:\n",
		LEAST, LARGEST);
	for (unsigned i = 0; i < KINDS; i++)
		fprintf(help ? stdout : stderr, "  %2u %s\n", i + 1, kinds[i].name);
	return help ? 0 : 2;
}
