/* SPDX-License-Identifier: BSD-2-Clause
 * A stream of packets, as its text says it: headers, what varies in them, sizes, rate, pace and count. */
#ifndef POLLUX_APPS_GEN_STREAM_H
#define POLLUX_APPS_GEN_STREAM_H

#include "gen_rate.h"

#include <stdbool.h>
#include <stdint.h>

#define GEN_STREAMS       64u   /* at once */
#define GEN_STREAM_FIELDS 32u   /* of a stream that vary */
#define GEN_LIST_MAX      4096u /* values of a list */
#define GEN_NAME_BYTES    32u
#define GEN_HEADERS_BYTES 128u /* room for the longest headers, and the stamp behind them */
#define GEN_FLOWS_MAX     (UINT64_C(1) << 30)

/** How the values of one field follow each other from packet to packet. */
enum gen_order {
	GEN_COUNTING,  /* first, first + step, ..., and after `count` values from the first again */
	GEN_LIST,      /* the `count` values of the list, and again */
	GEN_RANDOM,    /* each of first ... first + count - 1 as likely as the others; count 0: of all 64-bit numbers */
	GEN_FLOW_HOST, /* the source address' lower bits and the source port, which together are a flow's own */
	GEN_FLOW_PORT,
};
struct gen_values {
	enum gen_order order;
	uint64_t first, step, count;
	uint64_t *list; /* the stream's; NULL but for GEN_LIST */
};

/** A field whose value varies: `value << shift` is added to a big-endian word of the headers, which has zeros there. */
struct gen_field {
	struct gen_values values;
	uint8_t at, bytes, shift; /* where in the frame the word is; of how many bytes: 2, 4 or 8 */
	uint8_t id;               /* so that random fields of a stream differ */
	bool in_ip_sum, in_l4_sum;
	bool of_flow; /* packets whose fields of flows are equal are one flow's */
};

enum gen_pace { GEN_PACE_CONSTANT, GEN_PACE_POISSON, GEN_PACE_BURST };

struct gen_stream {
	char name[GEN_NAME_BYTES]; /* "": none was given */
	struct gen_rate rate;      /* GEN_RATE_UNLIMITED: none was given */
	enum gen_pace pace;
	unsigned burst;         /* packets, of GEN_PACE_BURST */
	uint64_t count;         /* packets; 0: no limit */
	struct gen_values size; /* of frames in bytes, with FCS */
	bool no_stamp, wrong_sum;

	/* Headers as they are where nothing varies, with zeros for what does, for lengths and for sums. */
	uint8_t headers[GEN_HEADERS_BYTES];
	unsigned headers_bytes;
	unsigned l3_at,
		ip_version; /* offset of what is behind Ethernet and tags; it is IP of version 4 or 6; 0: it is not */
	unsigned l4_at, l4_sum_at; /* offsets of the header behind IP, and of the checksum in it; 0: there is none */
	bool is_udp, has_pseudo_sum;
	bool has_to, has_from; /* the text says the Ethernet addresses */
	struct gen_field fields[GEN_STREAM_FIELDS];
	unsigned field_count;
};

/** What is wrong with a text: what was expected, and at which byte. */
struct gen_stream_error {
	unsigned offset;
	char expected[160];
};

/** Makes a stream of a text. False: it is no stream's, and error says why. */
bool gen_stream_parse(struct gen_stream *stream, const char *text, struct gen_stream_error *error);

/** Makes the stream that is sent where none is asked for: IPv4 and UDP in RFC 2544's addresses.
 * @param size  of a frame, with FCS */
void gen_stream_default(struct gen_stream *stream, unsigned size, uint64_t flows);

/** The longest and the shortest frame of a stream, with FCS. */
unsigned gen_stream_longest(const struct gen_stream *stream);
unsigned gen_stream_shortest(const struct gen_stream *stream);

void gen_stream_free(struct gen_stream *stream);

#endif
