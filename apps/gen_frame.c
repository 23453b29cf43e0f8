/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of streams, and recognises them. */
#include "gen_frame.h"

#include "app_base.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { STAMP_STREAM = 4, STAMP_NUMBER = 6, STAMP_TIME = 12 };
enum { IP4_CHECKSUM = 10, IP4_SRC = 12, IP4_PROTOCOL = 9, IP6_NEXT = 6, IP6_SRC = 8, IP6_BYTES = 40 };
#define SIGNATURE_FIELD 255u /* of gen_hash: no field's */
#define HEAD_SHORT      64u  /* what is copied of a head whose headers and stamp are no longer */

static void put16(uint8_t *at, uint64_t value)
{
	uint16_t big = htobe16((uint16_t)value);
	memcpy(at, &big, 2);
}

static void put48(uint8_t *at, uint64_t value)
{
	uint64_t big = htobe64(value << 16);
	memcpy(at, &big, 6);
}

static uint64_t get48(const uint8_t *at)
{
	uint64_t big = 0;
	memcpy(&big, at, 6);
	return be64toh(big) >> 16;
}

/* Sum of the 16-bit words of an even number of bytes. */
static uint64_t sum16(const uint8_t *data, unsigned bytes)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < bytes; i += 2)
		sum += (unsigned)(data[i] << 8 | data[i + 1]);
	return sum;
}

/* As 2^16 is 1 modulo 2^16 - 1, a number of more bits adds as much to a checksum as all of its 16-bit words. */
static uint64_t fold32(uint64_t sum)
{
	return (sum & 0xffffffff) + (sum >> 32);
}

static uint16_t checksum(uint64_t sum)
{
	sum = fold32(fold32(sum));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A sum that no receiver takes for right, nor for none at all. */
static uint16_t wrong(uint16_t sum)
{
	return sum == 0xffff ? 1 : sum + 1;
}

uint64_t gen_random_seed(void)
{
	uint32_t seed;

	return getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : (uint32_t)app_now_ns();
}

/* ---- What varies ---- */

/* Flows are dealt out among the senders, as numbers are: so the packets of a flow leave by one queue, in order. Where
 * there are fewer flows than senders, several have the same one. */
static uint64_t flow_of(const struct gen_maker *maker, uint64_t number)
{
	uint64_t flows = maker->flows, sender = number % maker->senders, count = number / maker->senders;

	if (flows == 0)
		return number;
	if (sender >= flows)
		return sender % flows;
	uint64_t own = (flows - sender + maker->senders - 1) / maker->senders;
	return sender + maker->senders * (count % own);
}

/* Source address and port of a flow: no two below GEN_FLOWS_MAX have both in common. A product, because where both had
 * the same lower bits, a symmetric RSS key would make all hashes the same. */
static uint64_t flow_port(uint64_t flow)
{
	return 49152 + (((flow & 0xffff) * 0x9e37 + (flow >> 16)) & 0x3fff);
}

static uint64_t value_of(
	const struct gen_maker *maker, const struct gen_values *values, unsigned id, uint64_t number, uint64_t flow)
{
	uint64_t hash;

	switch (values->order) {
	case GEN_LIST:
		return values->list[flow % values->count];
	case GEN_RANDOM:
		hash = gen_hash(maker->seed, maker->index, id, number);
		return values->count ? values->first + (uint64_t)((unsigned __int128)hash * values->count >> 64) : hash;
	case GEN_FLOW_HOST:
		return flow % values->count & 0xffff;
	case GEN_FLOW_PORT:
		return flow_port(flow % values->count);
	default:
		return values->first + flow % values->count * values->step;
	}
}

unsigned gen_maker_bytes(const struct gen_maker *maker, uint64_t number)
{
	return (unsigned)value_of(maker, &maker->stream->size, 0, number, number) - NIC_FCS_BYTES;
}

unsigned gen_maker_longest(const struct gen_maker *maker)
{
	return gen_stream_longest(maker->stream) - NIC_FCS_BYTES;
}

double gen_maker_mean_bits(const struct gen_maker *maker)
{
	const struct gen_values *size = &maker->stream->size;
	double bits = 0;

	for (uint64_t i = 0; i < size->count; i++)
		bits += gen_wire_bits(
			(unsigned)(size->order == GEN_LIST ? size->list[i] : size->first + i * size->step) -
			NIC_FCS_BYTES);
	return bits / (double)size->count;
}

/* ---- Makers ---- */

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* After how many packets the fields of flows have all had the same values before; 0: after too many to count. */
static uint64_t count_flows(const struct gen_headers *headers)
{
	uint64_t flows = 1;

	for (unsigned i = 0; i < headers->field_count; i++) {
		const struct gen_field *f = &headers->fields[i];
		if (!f->of_flow || f->values.order == GEN_RANDOM)
			continue;
		uint64_t factor = f->values.count / greatest_divisor(flows, f->values.count);
		if (factor > GEN_NUMBER_LIMIT / flows)
			return 0;
		flows *= factor;
	}
	return flows;
}

static void init(struct gen_maker *m, const uint8_t signature[4], const uint8_t to[6], const uint8_t from[6])
{
	const struct gen_stream *s = m->stream;
	const struct gen_headers *h = &s->headers;
	unsigned bytes = h->bytes;

	memcpy(m->head, h->data, sizeof(m->head));
	if (!h->has_to)
		memcpy(m->head, to, 6);
	if (!h->has_from)
		memcpy(m->head + 6, from, 6);
	if (h->repeat_from_at)
		memcpy(m->head + h->repeat_from_at, m->head + 6, 6);
	if (!s->no_stamp && gen_stream_shortest(s) - NIC_FCS_BYTES >= bytes + GEN_STAMP_BYTES) {
		m->stamp_at = bytes;
		memcpy(m->head + bytes, signature, 4);
		put16(m->head + bytes + STAMP_STREAM, m->index);
		bytes += GEN_STAMP_BYTES;
	}
	m->head_bytes = bytes;
	m->flows = count_flows(h);
	m->ip_sum = h->ip_version == 4 ? sum16(m->head + h->l3_at, IP4_SRC + 8) : 0;
	m->l4_sum = h->l4_at ? sum16(m->head + h->l4_at, bytes - h->l4_at) : 0;
	if (h->has_pseudo_sum) {
		const uint8_t *ip = m->head + h->l3_at;
		m->l4_sum += h->ip_version == 4 ? sum16(ip + IP4_SRC, 8) + ip[IP4_PROTOCOL]
						: sum16(ip + IP6_SRC, 32) + ip[IP6_NEXT];
	}
}

void gen_makers_init(struct gen_makers *makers, const struct gen_stream *streams, unsigned count, uint64_t seed,
	unsigned senders, const uint8_t to[6], const uint8_t from[6])
{
	unsigned head_bytes = HEAD_SHORT;

	*makers = (struct gen_makers){.count = count, .senders = senders, .seed = seed};
	uint32_t signature = htobe32((uint32_t)gen_hash(seed, 0, SIGNATURE_FIELD, 0));
	memcpy(makers->signature, &signature, sizeof(signature));
	for (unsigned i = 0; i < count; i++) {
		struct gen_maker *m = &makers->each[i];
		*m = (struct gen_maker){.stream = &streams[i], .index = i, .senders = senders, .seed = seed};
		init(m, makers->signature, to, from);
		if (m->head_bytes > HEAD_SHORT)
			head_bytes = GEN_HEADERS_BYTES;
	}
	/* One width for all: what one stream writes into a buffer, the next one writes over. */
	for (unsigned i = 0; i < count; i++)
		makers->each[i].head_bytes = head_bytes;
}

void gen_makers_free(struct gen_makers *makers)
{
	makers->count = 0;
}

bool gen_makers_fill(struct pkt_pool *pool, unsigned count)
{
	struct pkt *all = calloc(count, sizeof(*all));
	unsigned n = all ? pkt_alloc(pool, all, count) : 0;

	for (unsigned i = 0; i < n; i++)
		memset(all[i].data, 0, PKT_DATA_BYTES);
	pkt_free(all, n);
	free(all);
	return n > 0;
}

/* ---- Frames ---- */

static void add_to_word(uint8_t *at, unsigned bytes, uint64_t value)
{
	for (unsigned i = bytes; i > 0; i--, value >>= 8)
		at[i - 1] |= (uint8_t)value;
}

void gen_maker_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data)
{
	const struct gen_stream *s = maker->stream;
	const struct gen_headers *h = &s->headers;
	uint64_t flow = flow_of(maker, number), ip_sum = maker->ip_sum, l4_sum = maker->l4_sum;
	unsigned bytes = gen_maker_bytes(maker, number), l4_bytes = bytes - h->l4_at;

	memcpy(data, maker->head, maker->head_bytes);
	for (unsigned i = 0; i < h->field_count; i++) {
		const struct gen_field *f = &h->fields[i];
		uint64_t value = value_of(maker, &f->values, f->id, number, f->of_flow ? flow : number) << f->shift;
		add_to_word(data + f->at, f->bytes, value);
		ip_sum += f->in_ip_sum ? fold32(value) : 0;
		l4_sum += f->in_l4_sum ? fold32(value) : 0;
	}
	if (maker->stamp_at) {
		put48(data + maker->stamp_at + STAMP_NUMBER, number);
		put48(data + maker->stamp_at + STAMP_TIME, tsc);
		l4_sum += (number % GEN_NUMBER_LIMIT) + (tsc % GEN_TIME_LIMIT);
	}
	if (h->ip_version == 4) {
		put16(data + h->l3_at + 2, bytes - h->l3_at);
		uint16_t sum = checksum(ip_sum + bytes - h->l3_at);
		put16(data + h->l3_at + IP4_CHECKSUM, s->wrong_sum ? wrong(sum) : sum);
	} else if (h->ip_version == 6) {
		put16(data + h->l3_at + 4, bytes - h->l3_at - IP6_BYTES);
	}
	if (h->is_udp)
		put16(data + h->l4_at + 4, l4_bytes);
	if (h->l4_sum_at) {
		uint16_t sum = checksum(l4_sum + l4_bytes * (h->is_udp + h->has_pseudo_sum));
		sum = h->is_udp && sum == 0 ? 0xffff : sum; /* 0 would mean: no checksum */
		put16(data + h->l4_sum_at, s->wrong_sum ? wrong(sum) : sum);
	}
}

void gen_maker_write_piece(const struct gen_maker *maker, uint8_t *data)
{
	memset(data, 0, maker->head_bytes);
}

void gen_maker_write_burst(const struct gen_maker *maker, uint64_t number, uint64_t tsc, struct pkt *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++, number += maker->senders) {
		gen_maker_write(maker, number, tsc, pkts[i].data);
		pkts[i].len = (uint16_t)gen_maker_bytes(maker, number);
		pkts[i].flags = 0;
	}
}

/* ---- What comes back ---- */

static const struct gen_maker *find_at(
	const struct gen_makers *makers, unsigned at, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp)
{
	if (at + GEN_STAMP_BYTES > bytes || memcmp(data + at, makers->signature, sizeof(makers->signature)) != 0)
		return NULL;
	unsigned stream = (unsigned)(data[at + STAMP_STREAM] << 8 | data[at + STAMP_STREAM + 1]);
	if (stream >= makers->count || !makers->each[stream].stamp_at)
		return NULL;
	const struct gen_maker *maker = &makers->each[stream];
	int shift = (int)at - (int)maker->stamp_at;
	if (shift % 4 != 0 || shift < -8 || shift > 8)
		return NULL;
	*stamp = (struct gen_stamp){
		.stream = stream,
		.number = get48(data + at + STAMP_NUMBER),
		.time = get48(data + at + STAMP_TIME),
		.shift = shift,
	};
	unsigned whole = gen_maker_bytes(maker, stamp->number) + (unsigned)shift;
	stamp->bytes = whole > NIC_FRAME_MIN_BYTES ? whole : NIC_FRAME_MIN_BYTES;
	return maker;
}

const struct gen_maker *gen_makers_find(
	const struct gen_makers *makers, unsigned *hint, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp)
{
	const struct gen_maker *maker = find_at(makers, *hint, data, bytes, stamp);

	for (unsigned i = 0; i < makers->count && !maker; i++) {
		for (unsigned tags = 0; tags <= 4 && !maker; tags++) {
			unsigned at = makers->each[i].stamp_at + 4 * tags - 8;
			maker = makers->each[i].stamp_at ? find_at(makers, at, data, bytes, stamp) : NULL;
			*hint = maker ? at : *hint;
		}
	}
	return maker;
}

static bool all_zeros(const uint8_t *data, unsigned bytes)
{
	return bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0);
}

bool gen_maker_is_intact(
	const struct gen_maker *maker, const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes)
{
	const struct gen_stream *s = maker->stream;
	const struct gen_headers *h = &s->headers;
	uint8_t head[GEN_HEADERS_BYTES];
	/* Tags in front of what they were put on: what lies behind them is as it was. */
	unsigned from = stamp->shift ? h->l3_at - 2 : 12, end = bytes - (unsigned)stamp->shift;
	unsigned head_end = end < maker->head_bytes ? end : maker->head_bytes;

	gen_maker_write(maker, stamp->number, stamp->time, head);
	return memcmp(data + from + stamp->shift, head + from, head_end - from) == 0 &&
	       all_zeros(data + head_end + stamp->shift, end - head_end);
}

bool gen_maker_is_piece_intact(const struct gen_stamp *stamp, const uint8_t *data, unsigned bytes, unsigned offset)
{
	return bytes <= stamp->bytes && offset <= stamp->bytes - bytes && all_zeros(data, bytes);
}
