/* SPDX-License-Identifier: BSD-2-Clause
 * A stream's frames, made field by field. */
#include "gen_fields.h"

#include <string.h>

enum { IP4_SRC = 12, IP4_PROTOCOL = 9, IP6_NEXT = 6, IP6_SRC = 8, IP6_BYTES = 40 };

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

/* ---- What varies ---- */

/* Flows are dealt out among the senders, as numbers are: so the packets of a flow leave by one queue, in order. Where
 * there are fewer flows than senders, several have the same one. */
static uint64_t flow_of(const struct gen_maker *maker, uint64_t number)
{
	uint64_t flows = maker->flows;

	if (flows == 0)
		return number;
	if (maker->senders == 1)
		return number % flows;
	uint64_t sender = number % maker->senders, count = number / maker->senders;
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

uint64_t gen_greatest_divisor(uint64_t a, uint64_t b)
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
		uint64_t factor = f->values.count / gen_greatest_divisor(flows, f->values.count);
		if (factor > GEN_NUMBER_LIMIT / flows)
			return 0;
		flows *= factor;
	}
	return flows;
}

void gen_fields_init(struct gen_maker *m, const uint8_t signature[4], const uint8_t to[6], const uint8_t from[6])
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
		gen_put16(m->head + bytes + GEN_STAMP_STREAM, m->index);
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

/* ---- Frames ---- */

/* Puts a value into a big-endian word that has zeros in its place. */
static void add_to_word(uint8_t *at, unsigned bytes, uint64_t value)
{
	uint64_t word = htobe64(value << (64 - 8 * bytes)), old = 0;

	if (bytes == 2) {
		memcpy(&old, at, 2);
		old |= word;
		memcpy(at, &old, 2);
	} else if (bytes == 4) {
		memcpy(&old, at, 4);
		old |= word;
		memcpy(at, &old, 4);
	} else {
		memcpy(&old, at, 8);
		old |= word;
		memcpy(at, &old, 8);
	}
}

void gen_fields_put(const struct gen_maker *maker, uint64_t number, uint8_t *data, uint64_t *ip_sum, uint64_t *l4_sum)
{
	const struct gen_headers *h = &maker->stream->headers;
	uint64_t flow = flow_of(maker, number);

	for (unsigned i = 0; i < h->field_count; i++) {
		const struct gen_field *f = &h->fields[i];
		uint64_t value = value_of(maker, &f->values, f->id, number, f->of_flow ? flow : number) << f->shift;
		add_to_word(data + f->at, f->bytes, value);
		*ip_sum += f->in_ip_sum ? fold32(value) : 0;
		*l4_sum += f->in_l4_sum ? fold32(value) : 0;
	}
}

void gen_fields_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data)
{
	const struct gen_stream *s = maker->stream;
	const struct gen_headers *h = &s->headers;
	uint64_t ip_sum = maker->ip_sum, l4_sum = maker->l4_sum;
	unsigned bytes = gen_maker_bytes(maker, number), l4_bytes = bytes - h->l4_at;

	if (maker->head_bytes == GEN_HEAD_SHORT)
		memcpy(data, maker->head, GEN_HEAD_SHORT);
	else
		memcpy(data, maker->head, maker->head_bytes);
	gen_fields_put(maker, number, data, &ip_sum, &l4_sum);
	if (maker->stamp_at) {
		gen_put48(data + maker->stamp_at + GEN_STAMP_NUMBER, number);
		gen_put48(data + maker->stamp_at + GEN_STAMP_TIME, tsc);
		l4_sum += (number % GEN_NUMBER_LIMIT) + (tsc % GEN_TIME_LIMIT);
	}
	if (h->ip_version == 4) {
		gen_put16(data + h->l3_at + 2, bytes - h->l3_at);
		uint16_t sum = checksum(ip_sum + bytes - h->l3_at);
		gen_put16(data + h->l3_at + GEN_IP4_SUM_AT, s->wrong_sum ? wrong(sum) : sum);
	} else if (h->ip_version == 6) {
		gen_put16(data + h->l3_at + 4, bytes - h->l3_at - IP6_BYTES);
	}
	if (h->is_udp)
		gen_put16(data + h->l4_at + 4, l4_bytes);
	if (h->l4_sum_at) {
		uint16_t sum = checksum(l4_sum + l4_bytes * (h->is_udp + h->has_pseudo_sum));
		sum = h->is_udp && sum == 0 ? 0xffff : sum; /* 0 would mean: no checksum */
		gen_put16(data + h->l4_sum_at, s->wrong_sum ? wrong(sum) : sum);
	}
}
