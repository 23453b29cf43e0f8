/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the texts of streams: the input is one. A wrong one is told with a place in it, and what was expected there;
 * of a right one frames have lengths and offsets that are possible, are the same by all ways, come back as they were
 * sent, and have a text of their own that makes the same headers. */
#include "../../apps/app_parse.c"
#include "../../apps/gen_fields.c"
#include "../../apps/gen_frame.c"
#include "../../apps/gen_headers.c"
#include "../../apps/gen_layers.c"
#include "../../apps/gen_match.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_stream.c"
#include "../../apps/gen_values.c"

#include "input.h"

uint64_t app_now_ns(void)
{
	return 0;
}

static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};

/* What a frame is printed as is the text of a stream with the same headers. */
static void try_own_text(const struct gen_stream *stream, const uint8_t *frame, unsigned bytes)
{
	struct gen_stream_error error;
	struct gen_stream own;
	struct gen_makers makers;
	uint8_t again[APP_FRAME_MAX] = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	gen_headers_print(&stream->headers, frame, out);
	fprintf(out, " size=%u", bytes + NIC_FCS_BYTES);
	HOLDS(fclose(out) == 0);
	HOLDS(gen_stream_parse(&own, text, &error));
	own.no_stamp = true;
	gen_makers_init(&makers, &own, 1, 0, 1, to, from);
	gen_maker_write(&makers.each[0], 0, 0, again);
	HOLDS(own.headers.bytes == stream->headers.bytes);
	HOLDS(memcmp(frame, again, own.headers.bytes) == 0);
	gen_makers_free(&makers);
	gen_stream_free(&own);
	free(text);
}

static void try_frames(struct gen_stream *stream, unsigned senders)
{
	static uint8_t frame[APP_FRAME_MAX], other[APP_FRAME_MAX];
	static struct gen_makers makers;
	const struct gen_maker *maker = &makers.each[0];

	gen_makers_init(&makers, stream, 1, 7, senders, to, from);
	HOLDS(gen_maker_longest(maker) <= APP_FRAME_MAX && gen_maker_mean_bits(maker) > 0);
	for (uint64_t number = 0; number < 50; number++) {
		struct pkt pkt = {.data = other};
		struct gen_stamp stamp;
		unsigned hint = 0, bytes = gen_maker_bytes(maker, number);
		HOLDS(bytes >= NIC_FRAME_MIN_BYTES && bytes <= gen_maker_longest(maker));
		HOLDS(bytes >= stream->headers.bytes);
		memset(frame, 0, sizeof(frame));
		memset(other, 0, sizeof(other));
		gen_fields_write(maker, number, 99, frame);
		gen_maker_write_burst(maker, number, 99, &pkt, 1);
		HOLDS(memcmp(frame, other, sizeof(frame)) == 0 && pkt.len == bytes);
		const struct gen_maker *found = gen_makers_find(&makers, &hint, frame, bytes, &stamp);
		HOLDS(found == (maker->stamp_at ? maker : NULL));
		HOLDS(!found || (stamp.number == number && stamp.time == 99 && stamp.bytes == bytes &&
					gen_maker_is_intact(maker, &stamp, frame, bytes)));
	}
	gen_makers_free(&makers);

	stream->no_stamp = true;
	stream->wrong_sum = false;
	gen_makers_init(&makers, stream, 1, 7, senders, to, from);
	memset(frame, 0, sizeof(frame));
	gen_maker_write(maker, 3, 0, frame);
	try_own_text(stream, frame, gen_maker_bytes(maker, 3));
	gen_makers_free(&makers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct gen_stream stream;
	struct gen_stream_error error = {.offset = UINT32_MAX};
	char *text = malloc(bytes + 1);

	HOLDS(text);
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (gen_stream_parse(&stream, text, &error)) {
		try_frames(&stream, 1 + (unsigned)(bytes % 3));
		gen_stream_free(&stream);
	} else {
		HOLDS(error.offset <= strlen(text) && *error.expected);
	}
	free(text);
	return 0;
}
