/* SPDX-License-Identifier: BSD-2-Clause
 * Building template frames. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define ETHERNET_BYTES 14u
#define IPV4_BYTES     20u
#define UDP_BYTES      8u
#define PAYLOAD_AT     (ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES)

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum16(uint32_t sum, const uint8_t *at, uint32_t bytes)
{
	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	if (bytes % 2)
		sum += (uint32_t)at[bytes - 1] << 8;
	return sum;
}

static uint32_t folded(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void build(uint8_t *frame, uint32_t len, uint32_t flow, bool numbered)
{
	static const uint8_t ethernet[ETHERNET_BYTES] = {0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00};
	/* 10.1.x.y to 10.2.0.1: version and header length, TOS, length, id, flags, TTL, protocol, checksum, addresses
	 */
	static const uint8_t ipv4[IPV4_BYTES] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 0, 10, 2, 0, 1};
	uint8_t *ip = frame + ETHERNET_BYTES, *udp = ip + IPV4_BYTES, *payload = udp + UDP_BYTES;
	uint32_t udp_bytes = len - ETHERNET_BYTES - IPV4_BYTES;

	memcpy(frame, ethernet, sizeof(ethernet));
	memcpy(ip, ipv4, sizeof(ipv4));
	put16(ip + 2, len - ETHERNET_BYTES);
	put16(ip + 14, flow);
	put16(ip + 10, folded(sum16(0, ip, IPV4_BYTES)));
	put16(udp, 1024 + flow % 64000);
	put16(udp + 2, 9); /* discard */
	put16(udp + 4, udp_bytes);
	put16(udp + 6, 0);
	for (uint32_t i = 0; i < udp_bytes - UDP_BYTES; i++)
		payload[i] = (uint8_t)i;
	if (numbered)
		return;
	uint32_t checksum = folded(sum16(sum16(17 + udp_bytes, ip + 12, 8), udp, udp_bytes));
	put16(udp + 6, checksum ? checksum : 0xffff);
}

bool source_open(struct source *source, uint32_t len, uint32_t flows, bool numbered)
{
	/* Numbered frames in one batch must not share their bytes. */
	uint32_t period = flows;
	while (numbered && period < SOURCE_BATCH)
		period += flows;
	size_t stride = (len + 63u) / 64 * 64;
	*source = (struct source){
		.frames = calloc(period + SOURCE_BATCH, sizeof(*source->frames)),
		.period = period,
		.len = len,
		.data = aligned_alloc(64, stride * period),
	};
	if (!source->frames || !source->data) {
		source_close(source);
		return false;
	}
	for (uint32_t i = 0; i < period; i++)
		build(source->data + stride * i, len, i % flows, numbered);
	for (uint32_t i = 0; i < period + SOURCE_BATCH; i++)
		source->frames[i] = (struct model_frame){.data = source->data + stride * (i % period), .len = len};
	return true;
}

void source_close(struct source *source)
{
	free(source->frames);
	free(source->data);
	*source = (struct source){0};
}

static uint8_t *bytes_of(struct source *source, uint32_t place)
{
	return source->data + (source->frames[place].data - source->data);
}

void source_address(struct source *source, const uint8_t mac[6])
{
	for (uint32_t i = 0; i < source->period; i++)
		memcpy(bytes_of(source, i), mac, 6);
}

void source_number(struct source *source, uint32_t place, unsigned n, uint64_t number)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t big = __builtin_bswap64(number + i);
		memcpy(bytes_of(source, place + i) + PAYLOAD_AT, &big, sizeof(big));
	}
}
