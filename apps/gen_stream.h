/* SPDX-License-Identifier: BSD-2-Clause
 * A stream of packets, as its text says it: headers, what varies in them, sizes, rate, pace and count. */
#ifndef POLLUX_APPS_GEN_STREAM_H
#define POLLUX_APPS_GEN_STREAM_H

#include "gen_headers.h"
#include "gen_rate.h"

#define GEN_STREAMS     64u /* at once */
#define GEN_NAME_BYTES  32u
#define GEN_STAMP_BYTES 18u /* gen_frame.h */

enum gen_pace { GEN_PACE_CONSTANT, GEN_PACE_POISSON, GEN_PACE_BURST };

struct gen_stream {
	char name[GEN_NAME_BYTES]; /* "": none was given */
	struct gen_rate rate;      /* GEN_RATE_UNLIMITED: none was given */
	enum gen_pace pace;
	unsigned burst;         /* packets, of GEN_PACE_BURST */
	uint64_t count;         /* packets; 0: no limit */
	struct gen_values size; /* of frames in bytes, with FCS */
	bool no_stamp, wrong_sum;
	struct gen_headers headers;
};

/** Makes a stream of a text, as --help describes it. False: it is no stream's, and error says why. */
bool gen_stream_parse(struct gen_stream *stream, const char *text, struct gen_stream_error *error);

/** The longest and the shortest frame of a stream, with FCS. */
unsigned gen_stream_longest(const struct gen_stream *stream);
unsigned gen_stream_shortest(const struct gen_stream *stream);

void gen_stream_free(struct gen_stream *stream);

#endif
