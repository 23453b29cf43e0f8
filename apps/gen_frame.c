/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the frames of streams: from heads that are made once, where few come again and again. */
#include "gen_frame.h"

#include "app_base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SIGNATURE_FIELD 255u /* of gen_hash: no field's */

uint64_t gen_random_seed(void)
{
	uint32_t seed;

	return getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : (uint32_t)app_now_ns();
}

/* ---- Makers ---- */

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
						: v->count / gen_greatest_divisor(period, v->count) * period;
	}
	return period <= GEN_HEADS_MAX ? period : 0;
}

/* Makes the heads of a stream all of whose frames come again, and have a stamp and a sum. Without memory for them there
 * are none, and each frame is made as a whole. */
static void make_heads(struct gen_maker *m)
{
	const struct gen_stream *s = m->stream;
	uint64_t period = find_period(m);
	struct gen_stream plain = *s;

	m->is_partial = period == 0;
	if (m->is_partial) {
		plain.headers.field_count = 0;
		m->stream = &plain;
		period = s->size.order != GEN_RANDOM && s->size.count <= GEN_HEADS_MAX ? s->size.count : 0;
	}
	if (!m->stamp_at || !s->headers.l4_sum_at || s->wrong_sum)
		period = 0;
	struct gen_head *heads = period ? aligned_alloc(64, (period * gen_head_stride(m) + 63) / 64 * 64) : NULL;

	if (!heads) {
		m->stream = s;
		return;
	}
	m->period = period;
	m->of_period = UINT64_MAX / period + 1;
	m->step = m->senders % (unsigned)period;
	m->sum_at = s->headers.l4_sum_at;
	for (uint64_t i = 0; i < period; i++) {
		struct gen_head *head = (struct gen_head *)((char *)heads + i * gen_head_stride(m));
		head->bytes = gen_maker_bytes(m, i);
		gen_fields_write(m, i, 0, head->data);
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
	for (unsigned i = 0; i < m->head_bytes; i++)
		m->mask_bits[i / 64] |= (uint64_t)(m->mask[i] != 0) << i % 64;
	m->simd = pkt_simd_choose(PKT_SIMD_AUTO);
	m->stream = s;
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
		gen_fields_init(m, makers->signature, to, from);
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
	gen_put48(data + maker->stamp_at + GEN_STAMP_NUMBER, number);
	gen_put48(data + maker->stamp_at + GEN_STAMP_TIME, time);
	gen_put16(data + maker->sum_at, sum == 0xffff && !maker->stream->headers.is_udp ? 0 : sum);
}

/* Pieces in which a head is copied. Not memcpy, for which compilers take smaller ones than the CPU has. */
typedef uint64_t copy16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t copy32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t copy64 __attribute__((vector_size(64), aligned(1), may_alias));
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/* Writes the number and the time of a stamp, and 4 of the zeros behind it. */
static inline __attribute__((always_inline)) void put_stamp(uint8_t *at, bool wide, copy16 stamp)
{
	if (wide) {
		*(copy16 *)at = (copy16)__builtin_shufflevector(
			(bytes16)stamp, (bytes16)stamp, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
		return;
	}
	uint64_t first = htobe64(stamp[0]), last = htobe64(stamp[1]);
	memcpy(at, &first, 8);
	memcpy(at + 8, &last, 8);
}

/* The same of a head that lacks the fields that vary. */
static void write_from_partial(const struct gen_maker *maker, uint64_t number, uint64_t time, uint8_t *data)
{
	const struct gen_headers *h = &maker->stream->headers;
	const struct gen_head *head = gen_maker_head(maker, number);
	uint64_t ip_sum = 0, l4_sum = number + time;

	if (maker->head_bytes == GEN_HEAD_SHORT)
		memcpy(data, head->data, GEN_HEAD_SHORT);
	else
		memcpy(data, head->data, GEN_HEADERS_BYTES);
	gen_fields_put(maker, number, data, &ip_sum, &l4_sum);
	gen_put48(data + maker->stamp_at + GEN_STAMP_NUMBER, number);
	gen_put48(data + maker->stamp_at + GEN_STAMP_TIME, time);
	uint16_t sum = sum_of_rest(head->sum_less - l4_sum);
	gen_put16(data + maker->sum_at, sum == 0xffff && !h->is_udp ? 0 : sum);
	if (h->ip_version == 4 && ip_sum) {
		uint8_t *at = data + h->l3_at + GEN_IP4_SUM_AT;
		sum = sum_of_rest((UINT64_C(0xffff) << 40) + (unsigned)(at[0] << 8 | at[1]) - ip_sum);
		gen_put16(at, sum == 0xffff ? 0 : sum);
	}
}

_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "a length and no flags are 4 bytes");

/* Writes the frames number, number + senders, ..., whose heads are `step` apart: as many as there are handles. All that
 * a loop would load again for each frame, as the bytes of frames might be anybody's, is in locals; what grows from
 * frame to frame is added to. */
static inline __attribute__((always_inline)) void write_run(const struct gen_maker *maker, unsigned piece, bool is_udp,
	unsigned head_bytes, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	const size_t step = maker->step * (sizeof(struct gen_head) + head_bytes);
	const size_t stamp_at = maker->stamp_at + GEN_STAMP_NUMBER, sum_at = maker->sum_at;
	const uint64_t numbers_step = maker->senders;
	const copy16 stamp_step = {numbers_step << 16, 0};
	const char *at = (const char *)gen_maker_head(maker, number);
	uint64_t numbers = number + time;
	copy16 stamp = {number << 16 | time >> 32, time << 32};

	for (struct pkt *pkt = pkts, *end = pkts + n; pkt < end; pkt++) {
		const struct gen_head *head = (const struct gen_head *)at;
		uint8_t *data = pkt->data;
		uint16_t sum = sum_of_rest(head->sum_less - numbers);

		sum = htobe16(sum == 0xffff && !is_udp ? 0 : sum);
		for (unsigned i = 0; i < head_bytes; i += piece)
			if (piece == 64)
				*(copy64 *)(data + i) = *(const copy64 *)(head->data + i);
			else if (piece == 32)
				*(copy32 *)(data + i) = *(const copy32 *)(head->data + i);
			else
				*(copy16 *)(data + i) = *(const copy16 *)(head->data + i);
		put_stamp(data + stamp_at, piece > 16, stamp);
		memcpy(data + sum_at, &sum, 2);
		memcpy(&pkt->len, &head->bytes, 4);
		at += step;
		stamp += stamp_step;
		numbers += numbers_step;
	}
}

static inline __attribute__((always_inline)) void write_run_of(
	const struct gen_maker *maker, unsigned piece, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	const bool is_udp = maker->stream->headers.is_udp;

	if (is_udp && maker->head_bytes == GEN_HEAD_SHORT)
		write_run(maker, piece, true, GEN_HEAD_SHORT, number, time, pkts, n);
	else if (maker->head_bytes == GEN_HEAD_SHORT)
		write_run(maker, piece, false, GEN_HEAD_SHORT, number, time, pkts, n);
	else
		write_run(maker, piece, is_udp, GEN_HEADERS_BYTES, number, time, pkts, n);
}

/* For any CPU. */
static __attribute__((noinline)) void write_run_sse2(
	const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	write_run_of(maker, 16, number, time, pkts, n);
}

/* For CPUs that PKT_SIMD_AVX2 is for, and PKT_SIMD_AVX512. */
__attribute__((target("avx2,bmi,bmi2"))) static void write_run_avx2(
	const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	write_run_of(maker, 32, number, time, pkts, n);
}

__attribute__((target("avx2,bmi,bmi2,avx512f,avx512vl"))) static void write_run_avx512(
	const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	write_run_of(maker, 64, number, time, pkts, n);
}

/* Writes frames in runs, at whose ends the heads start again. */
static void write_runs(const struct gen_maker *maker, uint64_t number, uint64_t time, struct pkt *pkts, unsigned n)
{
	while (n) {
		unsigned run = gen_maker_run(maker, number, n);
		if (maker->simd == PKT_SIMD_AVX512)
			write_run_avx512(maker, number, time, pkts, run);
		else if (maker->simd == PKT_SIMD_AVX2)
			write_run_avx2(maker, number, time, pkts, run);
		else
			write_run_sse2(maker, number, time, pkts, run);
		number += (uint64_t)run * maker->senders;
		pkts += run;
		n -= run;
	}
}

/* ---- Frames ---- */

void gen_maker_write(const struct gen_maker *maker, uint64_t number, uint64_t tsc, uint8_t *data)
{
	if (maker->heads && maker->is_partial)
		write_from_partial(maker, number, tsc % GEN_TIME_LIMIT, data);
	else if (maker->heads)
		write_from_head(maker, number, tsc % GEN_TIME_LIMIT, data);
	else
		gen_fields_write(maker, number, tsc, data);
}

void gen_maker_write_piece(const struct gen_maker *maker, uint8_t *data)
{
	memset(data, 0, maker->head_bytes);
}

/* Of a stream whose frames are not all made from heads, or not alone. */
static __attribute__((noinline)) void write_each(
	const struct gen_maker *maker, uint64_t number, uint64_t tsc, struct pkt *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++, number += maker->senders) {
		gen_maker_write(maker, number, tsc, pkts[i].data);
		pkts[i].len = (uint16_t)(maker->heads ? gen_maker_head(maker, number)->bytes
						      : gen_maker_bytes(maker, number));
		pkts[i].flags = 0;
	}
}

void gen_maker_write_burst(const struct gen_maker *maker, uint64_t number, uint64_t tsc, struct pkt *pkts, unsigned n)
{
	if (maker->heads && !maker->is_partial)
		write_runs(maker, number, tsc % GEN_TIME_LIMIT, pkts, n);
	else
		write_each(maker, number, tsc, pkts, n);
}
