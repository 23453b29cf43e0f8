/* SPDX-License-Identifier: BSD-2-Clause
 * A segment has a copy of the frame's headers, in which its own numbers are written, and of its part of the payload. */
#include "segment.h"

#define TCP_FIN 0x01u
#define TCP_PSH 0x08u

static void copy(const struct ring_frame *to, uint32_t to_offset, const struct ring_frame *from, uint32_t from_offset,
	uint32_t n)
{
	for (uint32_t done = 0, run; done < n; done += run) {
		const uint8_t *at = ring_frame_at(from, from_offset + done, &run);
		if (run > n - done)
			run = n - done;
		ring_frame_write(to, to_offset + done, at, run);
	}
}

/* Packets for so many bytes, as one frame. */
static bool allocate(struct pkt_pool *pool, struct ring_frame *segment, uint32_t bytes)
{
	segment->total = bytes;
	segment->count = (bytes + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;
	unsigned got = pkt_alloc(pool, segment->pieces, segment->count);
	if (got < segment->count) {
		pkt_free(segment->pieces, got);
		return false;
	}
	for (unsigned i = 0; i < got; i++, bytes -= PKT_DATA_BYTES) {
		segment->pieces[i].len = (uint16_t)(bytes < PKT_DATA_BYTES ? bytes : PKT_DATA_BYTES);
		segment->pieces[i].flags = i + 1 < got ? PKT_MORE : 0;
	}
	return true;
}

bool ring_segment_make(struct pkt_pool *pool, const struct ring_frame *frame, const struct ring_headers *headers,
	uint32_t index, struct ring_frame *segment)
{
	const struct ring_tx_layout *layout = &headers->layout;
	uint32_t l4 = ring_l4_offset(layout), header_bytes = l4 + layout->l4_bytes, begin = index * layout->mss;
	uint32_t bytes = ring_tx_payload(layout) - begin;
	bool last = bytes <= layout->mss;
	uint8_t number[4], flags;

	if (!last)
		bytes = layout->mss;
	if (!allocate(pool, segment, header_bytes + bytes))
		return false;
	copy(segment, 0, frame, 0, header_bytes);
	copy(segment, header_bytes, frame, header_bytes + begin, bytes);
	ring_headers_set_length(layout, segment, segment->total - layout->l2_bytes);
	if (!layout->ipv6) {
		ring_frame_read(frame, layout->l2_bytes + IPV4_ID, number, 2);
		ring_frame_put_16(segment, layout->l2_bytes + IPV4_ID, (uint16_t)(ring_get_16(number) + index));
	}
	ring_frame_read(frame, l4 + TCP_SEQUENCE, number, 4);
	uint32_t sequence = ring_get_32(number) + begin;
	ring_frame_put_16(segment, l4 + TCP_SEQUENCE, (uint16_t)(sequence >> 16));
	ring_frame_put_16(segment, l4 + TCP_SEQUENCE + 2, (uint16_t)sequence);
	/* The end of the stream, or of what was pushed, is the last one's; that a window was reduced is said once */
	ring_frame_read(frame, l4 + TCP_FLAGS, &flags, 1);
	flags = (uint8_t)(flags & ~((last ? 0 : TCP_FIN | TCP_PSH) | (index ? TCP_CWR : 0)));
	ring_frame_write(segment, l4 + TCP_FLAGS, &flags, 1);
	segment->pieces->flags |= layout->wishes & (PKT_VLAN | RING_WISHES_CHECKSUM);
	segment->pieces->vlan = layout->vlan;
	return true;
}
