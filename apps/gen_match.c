/* SPDX-License-Identifier: BSD-2-Clause
 * Recognises the frames of streams among those that come back. */
#include "gen_match.h"

#include <endian.h>
#include <string.h>

static uint64_t get48(const uint8_t *at)
{
	uint64_t big = 0;
	memcpy(&big, at, 6);
	return be64toh(big) >> 16;
}

static const struct gen_maker *find_at(
	const struct gen_makers *makers, unsigned at, const uint8_t *data, unsigned bytes, struct gen_stamp *stamp)
{
	if (at + GEN_STAMP_BYTES > bytes || memcmp(data + at, makers->signature, sizeof(makers->signature)) != 0)
		return NULL;
	unsigned stream = (unsigned)(data[at + GEN_STAMP_STREAM] << 8 | data[at + GEN_STAMP_STREAM + 1]);
	if (stream >= makers->count || !makers->each[stream].stamp_at)
		return NULL;
	const struct gen_maker *maker = &makers->each[stream];
	int shift = (int)at - (int)maker->stamp_at;
	if (shift % 4 != 0 || shift < -8 || shift > 8)
		return NULL;
	*stamp = (struct gen_stamp){
		.stream = stream,
		.number = get48(data + at + GEN_STAMP_NUMBER),
		.time = get48(data + at + GEN_STAMP_TIME),
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
