/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's numbered UDP packets: made from a template with incremental checksums, recognised, and accounted for.
 */
#include "gen_udp.h"

#include "app_base.h"
#include "app_counter.h"
#include "app_figures.h"

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

void gen_udp_init(
	struct gen_udp *udp, unsigned bytes, const uint8_t to[6], const uint8_t from[6], uint64_t flows, uint32_t run)
{
	uint8_t *f = udp->frame;

	memset(udp, 0, sizeof(*udp));
	udp->bytes = bytes;
	udp->flows = flows;
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

void gen_udp_write(const struct gen_udp *udp, uint8_t *data, uint64_t number)
{
	uint64_t flow = udp->flows > 1 ? number % udp->flows : 0;
	/* Source address and port: no two flows below 2^30 have both in common. */
	uint32_t host = flow & 0xffff, port = 49152 + (uint32_t)((flow + (flow >> 16)) & 0x3fff);
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

void gen_sequence_add(struct gen_sequence *s, uint64_t number)
{
	uint64_t *word = &s->seen[number % GEN_SEQUENCE_WINDOW / 64], bit = UINT64_C(1) << number % 64;

	if (number >= s->next) {
		/* The numbers that slide into the window have not been seen yet. */
		uint64_t skipped = number - s->next;
		if (skipped >= GEN_SEQUENCE_WINDOW) {
			memset(s->seen, 0, sizeof(s->seen));
		} else {
			for (uint64_t i = s->next; i <= number; i++)
				s->seen[i % GEN_SEQUENCE_WINDOW / 64] &= ~(UINT64_C(1) << i % 64);
		}
		s->next = number + 1;
		app_add(&s->missed, skipped);
	} else if (s->next - number > GEN_SEQUENCE_WINDOW) {
		app_add(&s->stale, 1);
		return;
	} else if (*word & bit) {
		app_add(&s->duplicates, 1);
		return;
	} else {
		app_add(&s->reordered, 1);
		app_add(&s->missed, UINT64_MAX); /* one less */
	}
	*word |= bit;
	app_add(&s->unique, 1);
}

struct arrivals {
	uint64_t own, in_flight, lost, reordered, duplicates, stale, corrupted, foreign;
	bool echo;
};

#define AT(member) APP_FIGURE(struct arrivals, member)
static const struct app_figure arrival_figures[] = {
	{"own", "generator: of its own %llu came back: ", AT(own)},
	{"in_flight", NULL, AT(in_flight)},
	{"echo", NULL, AT(echo)},
	{"lost", "%llu lost", AT(lost)},
	{"reordered", ", %llu reordered", AT(reordered)},
	{"duplicates", ", %llu duplicates", AT(duplicates)},
	{"stale", ", %llu too late to tell", AT(stale)},
	{"corrupted", "; %llu corrupted", AT(corrupted)},
	{"foreign", "; %llu of others\n", AT(foreign)},
	{0},
};
#undef AT

void gen_sequence_print(const struct gen_sequence *s, FILE *out, bool json, bool end, uint64_t sent)
{
	uint64_t unique = app_get(&s->unique), missed = app_get(&s->missed);
	/* While packets come and go, the count of those sent is a little older than that of those that came back. */
	uint64_t own = unique < sent ? unique : sent, away = sent - own, lost = end || missed > away ? away : missed;
	struct arrivals a = {
		.own = own,
		.in_flight = away - lost,
		.lost = lost,
		.reordered = app_get(&s->reordered),
		.duplicates = app_get(&s->duplicates),
		.stale = app_get(&s->stale),
		.corrupted = app_get(&s->corrupted),
		.foreign = app_get(&s->foreign),
	};

	a.echo = own || a.corrupted;
	if (!json && sent && !a.echo)
		fputs("generator: nothing came back of its own: is there an echo, or a way to the second port?\n", out);
	else
		app_figures_print(out, json, arrival_figures, &a);
}
