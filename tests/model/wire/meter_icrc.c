/* SPDX-License-Identifier: BSD-2-Clause
 * The CRC of Ethernet's FCS, eight bytes at a time, over a packet whose changeable fields count as ones (InfiniBand
 * Architecture Specification, annex A17 on RoCEv2). */
#include "meter_icrc.h"

#include <string.h>

#define POLYNOMIAL 0xEDB88320u
#define HEADERS    40u /* IPv4, UDP and the base transport header: what has changeable fields */
#define MASKED     8u  /* in front of it, in place of InfiniBand's local route header */

/* tables[n][b]: what a byte b does to the CRC when n more bytes follow */
static uint32_t tables[8][256];

static void make_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (unsigned n = 1; n < 8; n++)
		for (unsigned byte = 0; byte < 256; byte++)
			tables[n][byte] = tables[n - 1][byte] >> 8 ^ tables[0][tables[n - 1][byte] & 0xFF];
}

static uint32_t crc_more(uint32_t crc, const uint8_t *at, uint32_t bytes)
{
	for (; bytes >= 8; at += 8, bytes -= 8) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		word ^= crc;
		crc = 0;
		for (unsigned n = 0; n < 8; n++)
			crc ^= tables[7 - n][word >> 8 * n & 0xFF];
	}
	for (; bytes; at++, bytes--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xFF];
	return crc;
}

uint32_t meter_icrc(const uint8_t *ip, uint32_t bytes)
{
	uint8_t headers[MASKED + HEADERS], *packet = headers + MASKED;
	if (!tables[0][1])
		make_tables();
	memset(headers, 0xFF, MASKED);
	memcpy(packet, ip, HEADERS);
	packet[1] = 0xFF;               /* type of service */
	packet[8] = 0xFF;               /* time to live */
	packet[10] = packet[11] = 0xFF; /* header checksum */
	packet[26] = packet[27] = 0xFF; /* UDP checksum */
	packet[32] = 0xFF;              /* base transport header: congestion bits, and reserved ones */
	uint32_t crc = crc_more(UINT32_MAX, headers, sizeof(headers));
	return ~crc_more(crc, ip + HEADERS, bytes - HEADERS);
}
