/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of streams, and recognises them. */
#include "gen_frame.h"

#include "app_base.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { IP4_CHECKSUM = 10, IP4_SRC = 12, IP4_PROTOCOL = 9, IP6_NEXT = 6, IP6_SRC = 8, IP6_BYTES = 40 };
#define SIGNATURE_FIELD 255u /* of gen_hash: no field's */

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

/* ---- Frames ---- */

static void add_to_word(uint8_t *at, unsigned bytes, uint64_t value)
{
	for (unsigned i = bytes; i > 0; i--, value >>= 8)
		at[i - 1] |= (uint8_t)value;
}

/* Writes a frame as its stream says it, field by field. */
static void write_fields(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data)
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
		put48(data + maker->stamp_at + GEN_STAMP_NUMBER, number);
		put48(data + maker->stamp_at + GEN_STAMP_TIME, tsc);
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
		put16(m->head + bytes + GEN_STAMP_STREAM, m->index);
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

/* After how many frames of a stream all comes again; 0: never, or late. */
static uint64_t find_period(const struct gen_maker *m)
{
	const struct gen_headers *h = &m->stream->headers;
	const struct gen_values *size = &m->stream->size;
	/* several senders deal out flows: by the number alone, if they can do so evenly */
	bool even = m->flows && (m->flows % m->senders == 0 || m->senders % m->flows == 0);
	uint64_t period = size->order == GEN_RANDOM || !even ? GEN_HEADS_MAX + 1 : size->count;

	for (unsigned i = 0; i < h->field_count && period <= GEN_HEADS_MAX; i++) {
		const struct gen_values *v = &h->fields[i].values;
		period = v->order == GEN_RANDOM ? GEN_HEADS_MAX + 1
						: v->count / greatest_divisor(period, v->count) * period;
	}
	return period <= GEN_HEADS_MAX ? period : 0;
}

/* Makes the heads of a stream all of whose frames come again, and have a stamp and a sum. Without memory for them there
 * are none, and each frame is made as a whole. */
static void make_heads(struct gen_maker *m)
{
	const struct gen_stream *s = m->stream;
	uint64_t period = m->stamp_at && s->headers.l4_sum_at && !s->wrong_sum ? find_period(m) : 0;
	struct gen_head *heads = period ? aligned_alloc(64, (period * gen_head_stride(m) + 63) / 64 * 64) : NULL;

	if (!heads)
		return;
	m->period = period;
	m->of_period = UINT64_MAX / period + 1;
	m->step = m->senders % (unsigned)period;
	m->sum_at = s->headers.l4_sum_at;
	for (uint64_t i = 0; i < period; i++) {
		struct gen_head *head = (struct gen_head *)((char *)heads + i * gen_head_stride(m));
		head->bytes = gen_maker_bytes(m, i);
		write_fields(m, i, 0, head->data);
		memset(head->data + m->stamp_at + GEN_STAMP_NUMBER, 0, GEN_STAMP_BYTES - GEN_STAMP_NUMBER);
		/* what is in the place of the sum is the complement of all other words and of the number's */
		uint16_t sum;
		memcpy(&sum, head->data + m->sum_at, sizeof(sum));
		head->sum_less = (UINT64_C(0xffff) << 40) + be16toh(sum) + i;
	}
	/* what the shortest frame has: all but Ethernet addresses, the sum, number and time */
	unsigned shortest = gen_stream_shortest(s) - NIC_FCS_BYTES;
	m->mask_bytes = shortest < m->head_bytes ? shortest : m->head_bytes;
	memset(m->mask + 12, 0xff, m->mask_bytes - 12);
	memset(m->mask + m->sum_at, 0, 2);
	memset(m->mask + m->stamp_at + GEN_STAMP_NUMBER, 0, GEN_STAMP_BYTES - GEN_STAMP_NUMBER);
	m->has_avx2 = pkt_simd_choose(PKT_SIMD_AUTO) >= PKT_SIMD_AVX2;
	m->heads = heads;
}

void gen_makers_init(struct gen_makers *makers, const struct gen_stream *streams, unsigned count, uint64_t seed,
	unsigned senders, const uint8_t to[6], const uint8_t from[6])
{
	unsigned head_bytes = GEN_HEAD_SHORT;

	*makers = (struct gen_makers){.count = count, .senders = senders, .seed = seed};
	uint32_t signature = htobe32((uint32_t)gen_hash(seed, 0, SIGNATURE_FIELD, 0));
	memcpy(makers->signature, &signature, sizeof(signature));
	for (unsigned i = 0; i < count; i++) {
		struct gen_maker *m = &makers->each[i];
		*m = (struct gen_maker){.stream = &streams[i], .index = i, .senders = senders, .seed = seed};
		init(m, makers->signature, to, from);
		for (unsigned at = m->stamp_at - 8; m->stamp_at && at <= m->stamp_at + 8; at += 4)
			makers->stamp_places |= UINT64_C(1) << at / 2;
		if (m->head_bytes > GEN_HEAD_SHORT)
			head_bytes = GEN_HEADERS_BYTES;
	}
	/* One width for all: what one stream writes into a buffer, the next one writes over. */
	for (unsigned i = 0; i < count; i++) {
		makers->each[i].head_bytes = head_bytes;
		make_heads(&makers->each[i]);
	}
}

void gen_makers_free(struct gen_makers *makers)
{
	for (unsigned i = 0; i < makers->count; i++)
		free(makers->each[i].heads);
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

/* ---- Frames from heads ---- */

/* The sum of all that it is not less of: never 0, which UDP takes for no sum. */
static uint16_t sum_of_rest(uint64_t rest)
{
	/* each half added to the other one, with the carry; the result is above */
	uint32_t half = (uint32_t)((rest + (rest >> 32 | rest << 32)) >> 32);

	return (uint16_t)((half + (half >> 16 | half << 16)) >> 16);
}

static void write_from_head(const struct gen_maker *maker, uint64_t number, uint64_t time, uint8_t *data)
{
	const struct gen_head *head = gen_maker_head(maker, number);
	uint16_t sum = sum_of_rest(head->sum_less - number - time);

	memcpy(data, head->data, maker->head_bytes);
	put48(data + maker->stamp_at + GEN_STAMP_NUMBER, number);
	put48(data + maker->stamp_at + GEN_STAMP_TIME, time);
	put16(data + maker->sum_at, sum == 0xffff && !maker->stream->headers.is_udp ? 0 : sum);
}

/* Pieces in which a head is copied. Not memcpy, for which compilers take smaller ones than the CPU has. */
typedef uint64_t copy16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t copy32 __attribute__((vector_size(32), aligned(1), may_alias));

_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "a length and no flags are 4 bytes");

/* Writes the frames number, number + senders, ..., whose heads are `step` apart: as many as there are handles. All that
 * a loop would load again for each frame, as the bytes of frames might be anybody's, is in locals; what grows from
 * frame to frame is added to. */
static inline __attribute__((always_inline)) void write_run(const struct gen_maker *maker, bool wide, bool is_udp,
	unsigned head_bytes, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	const size_t step = maker->step * (sizeof(struct gen_head) + head_bytes);
	const unsigned stamp_at = maker->stamp_at + GEN_STAMP_NUMBER, sum_at = maker->sum_at;
	const uint64_t numbers_step = maker->senders, stamp_step = numbers_step << 16;
	const uint32_t stamp_end = htobe32((uint32_t)time);
	const char *at = (const char *)gen_maker_head(maker, number);
	uint64_t stamp = number << 16 | time >> 32, numbers = number + time;

	for (struct pkt *pkt = pkts, *end = pkts + n; pkt < end; pkt++) {
		const struct gen_head *head = (const struct gen_head *)at;
		uint8_t *data = pkt->data;
		uint64_t stamp_begin = htobe64(stamp);
		uint16_t sum = sum_of_rest(head->sum_less - numbers);

		sum = htobe16(sum == 0xffff && !is_udp ? 0 : sum);
		for (unsigned i = 0; i < head_bytes; i += wide ? 32 : 16)
			if (wide)
				*(copy32 *)(data + i) = *(const copy32 *)(head->data + i);
			else
				*(copy16 *)(data + i) = *(const copy16 *)(head->data + i);
		memcpy(data + stamp_at, &stamp_begin, 8);
		memcpy(data + stamp_at + 8, &stamp_end, 4);
		memcpy(data + sum_at, &sum, 2);
		memcpy(&pkt->len, &head->bytes, 4);
		at += step;
		stamp += stamp_step;
		numbers += numbers_step;
	}
}

static inline __attribute__((always_inline)) void write_run_of(
	const struct gen_maker *maker, bool wide, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	const bool is_udp = maker->stream->headers.is_udp;

	if (is_udp && maker->head_bytes == GEN_HEAD_SHORT)
		write_run(maker, wide, true, GEN_HEAD_SHORT, number, time, pkts, n);
	else if (is_udp)
		write_run(maker, wide, true, GEN_HEADERS_BYTES, number, time, pkts, n);
	else
		write_run(maker, wide, false, maker->head_bytes, number, time, pkts, n);
}

/* For CPUs that PKT_SIMD_AVX2 is for. */
__attribute__((target("avx2,bmi,bmi2"))) static void write_run_avx2(
	const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	write_run_of(maker, true, number, time, pkts, n);
}

/* Writes frames in runs, at whose ends the heads start again. */
static void write_runs(const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	while (n) {
		uint64_t left = maker->period - number % maker->period;
		unsigned run = maker->step && left < (uint64_t)n * maker->step
				       ? ((unsigned)left + maker->step - 1) / maker->step
				       : n;
		if (maker->has_avx2)
			write_run_avx2(maker, number, time, pkts, run);
		else
			write_run_of(maker, false, number, time, pkts, run);
		number += (uint64_t)run * maker->senders;
		pkts += run;
		n -= run;
	}
}

/* ---- Frames ---- */

void gen_maker_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data)
{
	if (maker->heads)
		write_from_head(maker, number, tsc % GEN_TIME_LIMIT, data);
	else
		write_fields(maker, number, tsc, data);
}

void gen_maker_write_piece(const struct gen_maker *maker, uint8_t *data)
{
	memset(data, 0, maker->head_bytes);
}

void gen_maker_write_burst(const struct gen_maker *maker, uint64_t number, uint64_t tsc, struct pkt *pkts, unsigned n)
{
	if (maker->heads)
		write_runs(maker, number, tsc % GEN_TIME_LIMIT, pkts, n);
	for (unsigned i = 0; i < n && !maker->heads; i++, number += maker->senders) {
		write_fields(maker, number, tsc, pkts[i].data);
		pkts[i].len = (uint16_t)gen_maker_bytes(maker, number);
		pkts[i].flags = 0;
	}
}
