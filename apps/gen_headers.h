/* SPDX-License-Identifier: BSD-2-Clause
 * The headers of a stream's packets: their layers, what their fields are, and which of these vary. */
#ifndef POLLUX_APPS_GEN_HEADERS_H
#define POLLUX_APPS_GEN_HEADERS_H

#include "gen_layers.h"

#include <stdio.h>

#define GEN_HEADERS_BYTES 128u /* room for the longest headers, and the stamp behind them */
#define GEN_FIELDS        32u  /* of a stream that vary */
#define GEN_FLOWS_MAX     (UINT64_C(1) << 30)

#define GEN_LAYERS_MAX 5u /* of a packet */

/** A field whose value varies: `value << shift` is added to a big-endian word of the headers, which has zeros there. */
struct gen_field {
	struct gen_values values;
	uint8_t at, bytes, shift; /* where in the frame the word is; of how many bytes: 2, 4 or 8 */
	uint8_t id;               /* so that random fields of a stream differ: from 1 on */
	bool in_ip_sum, in_l4_sum;
	bool of_flow; /* packets whose fields of flows are equal are one flow's */
};

/** Headers as they are where nothing varies, with zeros for what does, for lengths and for sums. */
struct gen_headers {
	uint8_t data[GEN_HEADERS_BYTES];
	uint8_t usual[GEN_HEADERS_BYTES]; /* as they would be if the text had layers alone */
	unsigned bytes;
	uint8_t layers[GEN_LAYERS_MAX], layer_at[GEN_LAYERS_MAX]; /* enum gen_layer, and where each begins */
	unsigned layer_count;
	unsigned l3_at,
		ip_version; /* offset of what is behind Ethernet and tags; it is IP of version 4 or 6, or not: 0 */
	unsigned l4_at, l4_sum_at; /* offsets of the header behind IP, and of the checksum in it; 0: there is none */
	bool is_udp, has_pseudo_sum;
	bool has_to, has_from;   /* the text says the Ethernet addresses */
	unsigned repeat_from_at; /* offset where the Ethernet source is to be repeated (ARP); 0: nowhere */
	struct gen_field fields[GEN_FIELDS];
	unsigned field_count;
};

/** Headers that are being read from a text. */
struct gen_builder {
	struct gen_headers *headers;
	struct gen_text text;
	enum gen_layer layer;             /* the last one so far */
	unsigned layer_at, tags;          /* where it begins; VLAN tags so far */
	uint64_t given;                   /* which of its fields were given */
	bool ends;                        /* type= or proto= said what follows: no layer does */
	bool tpid_given;                  /* of any tag */
	bool from_varies;                 /* the Ethernet source */
	bool ip_source_varies, l4_source; /* the source address varies; the source port was given */
};

void gen_headers_begin(struct gen_builder *builder, struct gen_headers *headers, const struct gen_text *text);

/** Takes a word if it is a layer's, or a field of the last layer: `key` of `length` bytes, and what is behind its `=`
 * (NULL: there is none). False: the text is wrong. */
bool gen_headers_take(struct gen_builder *builder, const char *key, unsigned length, const char *value);

/** Adds the layers that the text leaves out, and flows where there are more than 1 (flows_at: what the text says of
 * them). */
bool gen_headers_end(struct gen_builder *builder, uint64_t flows, const char *flows_at);

/** Prints the headers of a frame as a text that would make them: addresses and ports, and what is not as always. */
void gen_headers_print(const struct gen_headers *headers, const uint8_t *frame, FILE *out);

void gen_headers_free(struct gen_headers *headers);

#endif
