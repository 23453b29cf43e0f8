/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's numbered UDP packets: made from a template with incremental checksums, and recognised. */
#include "gen_udp.h"

#include "app_base.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Offsets in the frame. */
enum { ETH = 0, IP = NIC_HEADER_BYTES, UDP = IP + 20, PAYLOAD = UDP + 8, RUN = PAYLOAD + 4, NUMBER = PAYLOAD + 8 };
_Static_assert(NUMBER + 8 <= GEN_UDP_MIN, "the smallest frame holds the number");

static const uint8_t magic[4] = {'P', 'l', 'x', '1'};

static void put16(uint8_t *at, uint64_t value)
{
	uint16_t big = htobe16((uint16_t)value);
	memcpy(at, &big, 2);
}

static void put32(uint8_t *at, uint32_t value)
{
	uint32_t big = htobe32(value);
	memcpy(at, &big, 4);
}

/* Sum of 16-bit words, not folded: the bytes of a frame cannot overflow it. */
static uint32_t sum16(const uint8_t *data, unsigned bytes)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	return sum + (bytes & 1 ? (uint32_t)data[bytes - 1] << 8 : 0);
}

static uint16_t finish(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

uint32_t gen_run_number(void)
{
	uint32_t run;

	return getrandom(&run, sizeof(run), 0) == sizeof(run) ? run : (uint32_t)app_now_ns();
}

void gen_udp_init(struct gen_udp *udp, unsigned bytes, const uint8_t to[6], const uint8_t from[6], uint64_t flows,
	unsigned senders, uint32_t run)
{
	uint8_t *f = udp->frame;

	memset(udp, 0, sizeof(*udp));
	udp->bytes = bytes;
	udp->flows = flows;
	udp->senders = senders;
	memcpy(f + ETH, to, 6);
	memcpy(f + ETH + 6, from, 6);
	put16(f + ETH + 12, 0x0800);
	f[IP] = 0x45; /* version 4, 5 words */
	put16(f + IP + 2, bytes - IP);
	put16(f + IP + 6, 0x4000); /* don't fragment */
	f[IP + 8] = 64;            /* time to live */
	f[IP + 9] = 17;            /* UDP */
	put32(f + IP + 12, 198u << 24 | 18u << 16);
	put32(f + IP + 16, 198u << 24 | 19u << 16 | 1);
	put16(f + UDP + 2, 9); /* discard */
	put16(f + UDP + 4, bytes - UDP);
	memcpy(f + PAYLOAD, magic, sizeof(magic));
	put32(f + RUN, run);
	udp->ip_sum = sum16(f + IP, UDP - IP);
	/* The pseudo header: addresses, protocol, length. */
	udp->udp_sum = sum16(f + IP + 12, 8) + 17 + (bytes - UDP) + sum16(f + UDP, bytes - UDP);
}

/* Flows are dealt out among the senders, as numbers are: so the packets of a flow leave by one queue, in order. Where
 * there are fewer flows than senders, several have the same one. */
static uint64_t flow_of(const struct gen_udp *udp, uint64_t number)
{
	if (udp->senders == 1)
		return number % udp->flows;
	uint64_t sender = number % udp->senders, count = number / udp->senders;
	if (sender >= udp->flows)
		return sender % udp->flows;
	uint64_t own = (udp->flows - sender + udp->senders - 1) / udp->senders;
	return sender + udp->senders * (count % own);
}

void gen_udp_write(const struct gen_udp *udp, uint8_t *data, uint64_t number)
{
	uint64_t flow = udp->flows > 1 ? flow_of(udp, number) : 0;
	/* Source address and port: no two flows below 2^30 have both in common. A product, because where both had the
	 * same lower bits, a symmetric RSS key would make all hashes the same. */
	uint32_t host = flow & 0xffff, port = 49152 + (uint32_t)((host * 0x9e37 + (flow >> 16)) & 0x3fff);
	uint32_t words = (uint32_t)(number >> 48) + (uint32_t)(number >> 32 & 0xffff) +
			 (uint32_t)(number >> 16 & 0xffff) + (uint32_t)(number & 0xffff);
	uint16_t check = finish(udp->udp_sum + host + port + words);
	uint64_t big = htobe64(number);

	memcpy(data, udp->frame, GEN_UDP_HEAD);
	put16(data + IP + 14, host);
	put16(data + IP + 10, finish(udp->ip_sum + host));
	put16(data + UDP, port);
	put16(data + UDP + 6, check ? check : 0xffff); /* 0 would mean: no checksum */
	memcpy(data + NUMBER, &big, 8);
}

bool gen_udp_fill(const struct gen_udp *udp, struct pkt_pool *pool, unsigned count)
{
	struct pkt *all = calloc(count, sizeof(*all));
	unsigned n = all ? pkt_alloc(pool, all, count) : 0;

	for (unsigned i = 0; i < n; i++)
		memcpy(all[i].data, udp->frame, PKT_DATA_BYTES);
	pkt_free(all, n);
	free(all);
	return n > 0;
}

bool gen_udp_read(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t *number)
{
	if (bytes < GEN_UDP_MIN || memcmp(data + PAYLOAD, udp->frame + PAYLOAD, NUMBER - PAYLOAD) != 0)
		return false;
	uint64_t big;
	memcpy(&big, data + NUMBER, 8);
	*number = be64toh(big);
	return true;
}

bool gen_udp_piece_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, unsigned offset)
{
	return bytes <= udp->bytes && offset <= udp->bytes - bytes && memcmp(data, udp->frame + offset, bytes) == 0;
}

bool gen_udp_head_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t number)
{
	uint8_t head[GEN_UDP_HEAD];

	gen_udp_write(udp, head, number);
	return memcmp(data + IP - 2, head + IP - 2, GEN_UDP_MIN - (IP - 2)) == 0 &&
	       gen_udp_piece_intact(udp, data + GEN_UDP_MIN, bytes - GEN_UDP_MIN, GEN_UDP_MIN);
}
