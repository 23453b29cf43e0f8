/* SPDX-License-Identifier: BSD-2-Clause
 * Streams of packets: from their texts to headers and to what varies in them. */
#include "gen_stream.h"

#include "app_frame.h"

#include <stdlib.h>
#include <string.h>

enum { L3 = NIC_HEADER_BYTES, L4 = L3 + 20, UDP_BYTES = 8 };

void gen_stream_default(struct gen_stream *stream, unsigned size, uint64_t flows)
{
	static const uint8_t headers[] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0,                                 /* Ethernet: IPv4 */
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 0, 198, 19, 0, 1, /* don't fragment; UDP */
		0xc0, 0, 0, 9, 0, 0, 0, 0,                                                /* discard */
	};

	*stream = (struct gen_stream){
		.size = {.first = size, .step = 1, .count = 1},
		.headers_bytes = sizeof(headers),
		.l3_at = L3,
		.ip_version = 4,
		.l4_at = L4,
		.l4_sum_at = L4 + 6,
		.is_udp = true,
		.has_pseudo_sum = true,
	};
	memcpy(stream->headers, headers, sizeof(headers));
	if (flows < 2)
		return;
	memset(stream->headers + L4, 0, 2);
	stream->fields[0] = (struct gen_field){.values = {.order = GEN_FLOW_HOST, .count = flows},
		.at = L3 + 14,
		.bytes = 2,
		.in_ip_sum = true,
		.in_l4_sum = true,
		.of_flow = true};
	stream->fields[1] = (struct gen_field){.values = {.order = GEN_FLOW_PORT, .count = flows},
		.at = L4,
		.bytes = 2,
		.in_l4_sum = true,
		.of_flow = true};
	stream->field_count = 2;
}

/* The longest and the shortest frame. */
static void find_sizes(const struct gen_values *size, uint64_t *shortest, uint64_t *longest)
{
	*shortest = *longest = size->order == GEN_LIST ? size->list[0] : size->first;
	if (size->order != GEN_LIST)
		*longest = size->first + (size->count - 1) * size->step;
	for (uint64_t i = 0; i < size->count && size->order == GEN_LIST; i++) {
		*shortest = size->list[i] < *shortest ? size->list[i] : *shortest;
		*longest = size->list[i] > *longest ? size->list[i] : *longest;
	}
}

unsigned gen_stream_longest(const struct gen_stream *stream)
{
	uint64_t shortest, longest;

	find_sizes(&stream->size, &shortest, &longest);
	return (unsigned)longest;
}

unsigned gen_stream_shortest(const struct gen_stream *stream)
{
	uint64_t shortest, longest;

	find_sizes(&stream->size, &shortest, &longest);
	return (unsigned)shortest;
}

void gen_stream_free(struct gen_stream *stream)
{
	free(stream->size.list);
	for (unsigned i = 0; i < stream->field_count; i++)
		free(stream->fields[i].values.list);
	*stream = (struct gen_stream){.field_count = 0};
}
