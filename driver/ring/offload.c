/* SPDX-License-Identifier: BSD-2-Clause
 * Putting frames that have wishes: what the card can do, the card is told; what it cannot, is done here. */
#include "offload.h"

#include "../../mempool/pool.h"
#include "headers.h"
#include "tx.h"

#include <string.h>

/* What was done for a frame, to be counted once all of it is in the ring. */
struct done {
	unsigned checksums, vlans, segmented; /* in software */
	uint32_t segments_more;
};

unsigned ring_tx_find_context(const struct ring_tx_offload *offload, const struct ring_descriptor *context)
{
	unsigned index = 0;

	while (index < offload->card->contexts &&
		(offload->contexts[index].q0 != context->q0 || offload->contexts[index].q1 != context->q1))
		index++;
	return index;
}

unsigned ring_tx_context(struct ring_txq *queue, const struct ring_descriptor *context, bool *known)
{
	struct ring_tx_offload *offload = &queue->offload;
	unsigned contexts = offload->card->contexts, index = ring_tx_find_context(offload, context);

	*known = index < contexts;
	if (!*known && contexts) {
		index = offload->context_oldest;
		offload->context_oldest = (uint8_t)((index + 1) % contexts);
		offload->contexts[index] = *context;
		offload->usual.wishes = 0;
	}
	return index;
}

/* ---- what the card can ---- */

/* Is there nothing but zeros behind the packet? They change no sum, whether the card stops before them or not. */
static bool padding_is_zero(const struct ring_headers *headers, const struct ring_frame *frame)
{
	return headers->l4_end == frame->total ||
	       ring_frame_sum(frame, headers->l4_end, frame->total - headers->l4_end) == 0;
}

/* The shortest frame that segmentation makes of one that wishes it. */
static uint32_t last_segment_bytes(const struct ring_tx_layout *layout)
{
	uint32_t payload = ring_tx_payload(layout);

	return layout->total - payload + (payload - 1) % layout->mss + 1;
}

/* Cards want the headers that they copy in four descriptors at most (X550 DS 7.2.4.1), of which a tag may take one. */
static bool headers_are_together(const struct ring_tx_layout *layout, const struct ring_frame *frame)
{
	uint32_t bytes = layout->total - ring_tx_payload(layout);
	unsigned piece = 0;

	for (; bytes > frame->pieces[piece].len; piece++)
		bytes -= frame->pieces[piece].len;
	return piece < 3;
}

/* The wishes that the card can fulfil, by what its family says. */
static uint16_t possible(const struct ring_tx_format *format, const struct ring_txq *queue,
	const struct ring_headers *headers, const struct ring_frame *frame)
{
	const struct ring_tx_layout *layout = &headers->layout;
	unsigned can = queue->offload.card ? queue->offload.card->can & ~queue->offload.cannot : 0, wishes = 0;

	if (can & RING_TX_CAN_VLAN)
		wishes |= PKT_VLAN;
	if (layout->wishes & PKT_TX_SEGMENT &&
		can & (layout->ipv6 ? RING_TX_CAN_SEGMENT_IPV6 : RING_TX_CAN_SEGMENT_IPV4) &&
		last_segment_bytes(layout) >= format->frame_min && headers_are_together(layout, frame))
		wishes |= PKT_TX_SEGMENT | RING_WISHES_CHECKSUM;
	if (can & RING_TX_CAN_IP_CHECKSUM)
		wishes |= PKT_TX_IP_CHECKSUM;
	if (can & (layout->ipv6 ? RING_TX_CAN_L4_CHECKSUM_IPV6 : RING_TX_CAN_L4_CHECKSUM))
		wishes |= PKT_TX_L4_CHECKSUM;
	wishes &= layout->wishes & ~headers->not_by_card;
	if (wishes & PKT_TX_L4_CHECKSUM && !padding_is_zero(headers, frame))
		wishes &= ~PKT_TX_L4_CHECKSUM;
	return (uint16_t)wishes;
}

#define ADDRESSES 12u /* of Ethernet, in front of the tag */

/* Room for a tag in front of a buffer's data. */
static bool has_headroom(const uint8_t *data)
{
	const struct pkt_pool *pool = pkt_registry_find(data);

	return pool && data - (pkt_default_data_sized(pool, (uint64_t)(data - pool->base)) - PKT_HEADROOM_BYTES) >=
			       (ptrdiff_t)NIC_VLAN_TAG_BYTES;
}

/* Has the family write the orders for as many wishes as the card can fulfil, and leaves in layout what the card is to
 * do: with tags in the frame's data that are not there yet. */
static void plan(const struct ring_tx_format *format, const struct ring_txq *queue, const struct ring_headers *headers,
	const struct ring_frame *frame, struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	uint16_t card = possible(format, queue, headers, frame), tag = card & PKT_VLAN;

	*orders = (struct ring_tx_orders){.last_bytes = 0};
	uint32_t longest = 0;
	for (unsigned i = 0; i < frame->count; i++)
		longest = frame->pieces[i].len > longest ? frame->pieces[i].len : longest;
	for (;; card = card == tag ? 0 : tag) {
		uint32_t inserted = headers->layout.wishes & ~card & PKT_VLAN ? NIC_VLAN_TAG_BYTES : 0;
		*layout = headers->layout;
		layout->wishes = card;
		layout->l2_bytes = (uint16_t)(layout->l2_bytes + inserted);
		layout->total += inserted;
		layout->longest_bytes = longest + inserted;
		layout->first_bytes = inserted && !has_headroom(frame->pieces->data) ? ADDRESSES + inserted
										     : layout->first_bytes + inserted;
		struct ring_tx_layout told = *layout;
		if (card == PKT_VLAN) /* all frames with that tag share a context */
			told.ip_bytes = told.l4_bytes = 0;
		if (!card || queue->offload.card->orders(&told, orders))
			return;
	}
}

/* ---- in software ---- */

/* Inserts a tag behind the addresses. False: the pool is empty. */
static bool insert_tag(struct ring_txq *queue, struct ring_frame *frame, uint16_t vlan)
{
	struct pkt *first = frame->pieces;
	uint8_t front[ADDRESSES + NIC_VLAN_TAG_BYTES];

	ring_frame_read(frame, 0, front, ADDRESSES);
	front[ADDRESSES] = 0x81, front[ADDRESSES + 1] = 0x00;
	front[ADDRESSES + 2] = (uint8_t)(vlan >> 8), front[ADDRESSES + 3] = (uint8_t)vlan;
	if (has_headroom(first->data)) {
		first->data -= NIC_VLAN_TAG_BYTES;
		first->len = (uint16_t)(first->len + NIC_VLAN_TAG_BYTES);
	} else {
		struct pkt added;
		if (!pkt_alloc(queue->pool, &added, 1))
			return false;
		added.len = sizeof(front);
		ring_frame_drop_front(frame, ADDRESSES);
		memmove(&first[1], first, frame->count++ * sizeof(*first));
		*first = added;
		frame->total += ADDRESSES;
	}
	frame->total += NIC_VLAN_TAG_BYTES;
	ring_frame_write(frame, 0, front, sizeof(front));
	return true;
}

/* Writes the checksum fields: what software is to compute; or what the card wants to find where it does. */
static void write_checksums(const struct ring_headers *headers, const struct ring_tx_layout *card,
	const struct ring_frame *frame, struct done *done)
{
	uint16_t wishes = headers->layout.wishes, software = wishes & ~card->wishes & RING_WISHES_CHECKSUM;
	uint32_t l4 = ring_l4_offset(card), l4_field = ring_l4_checksum_offset(card);
	uint32_t l4_bytes = headers->l4_end - ring_l4_offset(&headers->layout);

	done->checksums += software != 0;
	if (wishes & PKT_TX_IP_CHECKSUM) {
		uint32_t field = card->l2_bytes + IPV4_CHECKSUM;
		ring_frame_put_16(frame, field, 0);
		if (software & PKT_TX_IP_CHECKSUM)
			ring_frame_put_16(
				frame, field, (uint16_t)~ring_frame_sum(frame, card->l2_bytes, card->ip_bytes));
	}
	if (!(wishes & PKT_TX_L4_CHECKSUM))
		return;
	uint16_t sum = headers->pseudo_sum;
	if (!(card->wishes & PKT_TX_SEGMENT))
		sum = ring_sum_add(sum, ring_sum_add(l4_bytes, 0));
	if (software & PKT_TX_L4_CHECKSUM) {
		ring_frame_put_16(frame, l4_field, 0);
		sum = (uint16_t)~ring_sum_add(sum, ring_frame_sum(frame, l4, l4_bytes));
		if (!card->tcp && !sum)
			sum = 0xffff; /* 0 would say that there is none (RFC 768) */
	}
	ring_frame_put_16(frame, l4_field, sum);
}

/* ---- segments ---- */

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

/* Makes segment `index` of a frame, in packets of the pool: a copy of the frame's headers, in which its own numbers are
 * written, and of its part of the payload. It wishes for its checksums, and for the frame's VLAN tag. False: the pool
 * is empty. */
static bool make_segment(struct pkt_pool *pool, const struct ring_frame *frame, const struct ring_headers *headers,
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

/* ---- putting ---- */

enum put { PUT_NOT_NOW, PUT_IMPOSSIBLE, PUT_DONE };

/* Slots that are free for sure once the card has sent all that it has: those of a batch are freed together. */
static uint32_t sure_room(const struct ring_txq *queue)
{
	return queue->mask + 1 - RING_BATCH;
}

static enum put put_frame(
	const struct ring_tx_format *format, struct ring_txq *queue, struct ring_frame *frame, struct done *done);

/* Has the frame's descriptors name their context, and leaves out one that the card remembers. */
static void use_context(struct ring_txq *queue, struct ring_tx_orders *orders)
{
	bool known;
	uint64_t index = (uint64_t)ring_tx_context(queue, &orders->context, &known) << RING_TX_IDX_SHIFT;

	orders->data |= index;
	orders->context.q1 = known && !orders->last_bytes ? 0 : orders->context.q1 | index;
}

/* Puts a frame that is one frame for the software. */
static enum put put_whole(const struct ring_tx_format *format, struct ring_txq *queue, struct ring_frame *frame,
	const struct ring_headers *headers, const struct ring_tx_layout *card, struct ring_tx_orders *orders,
	struct done *done)
{
	unsigned tag = headers->layout.wishes & ~card->wishes & PKT_VLAN ? 1 : 0;
	uint32_t slots = frame->count + tag + (orders->context.q1 != 0) + 2 * (orders->last_bytes != 0), segments = 1;

	if (slots > sure_room(queue))
		return PUT_IMPOSSIBLE;
	if (slots > ring_tx_room(queue))
		return PUT_NOT_NOW;
	if (frame->total < headers->layout.total) {
		if (!ring_tx_pad(queue, frame->pieces, frame->count, frame->pieces, headers->layout.total))
			return PUT_NOT_NOW;
		frame->total = headers->layout.total;
		frame->count = 1; /* with headroom for a tag, so that nothing below fails */
	}
	if (tag && !insert_tag(queue, frame, card->vlan))
		return PUT_NOT_NOW;
	if (headers->set_length)
		ring_headers_set_length(card, frame, headers->l4_end - headers->layout.l2_bytes);
	if (card->wishes & PKT_TX_SEGMENT) {
		ring_headers_set_length(card, frame, card->ipv6 ? IPV6_BYTES : 0); /* the field becomes 0 */
		segments = (ring_tx_payload(card) + card->mss - 1) / card->mss;
	}
	write_checksums(headers, card, frame, done);
	done->vlans += tag;
	done->segments_more += segments - 1;
	if (orders->context.q1)
		use_context(queue, orders);
	if (!card->wishes)
		orders->data = ring_tx_plain(format, frame->total);
	ring_tx_append_frame(queue, orders, frame->pieces, frame->count, segments);
	return PUT_DONE;
}

/* @return the longest frame that it becomes on the wire, without FCS */
static uint32_t longest_frame(const struct ring_tx_layout *layout)
{
	uint32_t tag = layout->wishes & PKT_VLAN ? NIC_VLAN_TAG_BYTES : 0;

	return tag + layout->total - (layout->wishes & PKT_TX_SEGMENT ? ring_tx_payload(layout) - layout->mss : 0);
}

/* Puts the segments of a frame: all of them, or none. The tail has not moved, so the card has not seen any. */
static enum put put_segments(const struct ring_tx_format *format, struct ring_txq *queue,
	const struct ring_frame *frame, const struct ring_headers *headers, struct done *done)
{
	const struct ring_tx_layout *layout = &headers->layout;
	uint32_t payload = ring_tx_payload(layout), segments = (payload + layout->mss - 1) / layout->mss;
	uint32_t buffers = (layout->total - payload + layout->mss + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;
	uint32_t first = queue->next, extra_slots = queue->extra_slots;
	struct ring_tx_offload offload = queue->offload;
	enum put result = PUT_DONE;

	if (segments * (buffers + 1) + 1 > sure_room(queue)) /* each may need a slot more, and there is one context */
		return PUT_IMPOSSIBLE;
	for (uint32_t i = 0; i < segments && result == PUT_DONE; i++) {
		struct ring_frame segment;
		if (!make_segment(queue->pool, frame, headers, i, &segment))
			result = PUT_NOT_NOW;
		else if ((result = put_frame(format, queue, &segment, done)) != PUT_DONE)
			pkt_free(segment.pieces, segment.count);
	}
	if (result != PUT_DONE) {
		ring_tx_take_back(queue, first);
		queue->extra_slots = extra_slots;
		queue->offload = offload;
		return result;
	}
	pkt_free(frame->pieces, frame->count);
	done->segmented = 1;
	done->segments_more = segments - 1;
	return PUT_DONE;
}

static enum put put_frame(
	const struct ring_tx_format *format, struct ring_txq *queue, struct ring_frame *frame, struct done *done)
{
	struct ring_headers headers;
	struct ring_tx_layout card;
	struct ring_tx_orders orders;

	if (!ring_headers_read(&headers, frame) || longest_frame(&headers.layout) > queue->max_frame)
		return PUT_IMPOSSIBLE;
	if (!(headers.layout.wishes & PKT_TX_SEGMENT) && frame->total < format->frame_min)
		headers.layout.total = format->frame_min; /* it will be padded */
	plan(format, queue, &headers, frame, &card, &orders);
	if (headers.layout.wishes & ~card.wishes & PKT_TX_SEGMENT)
		return put_segments(format, queue, frame, &headers, done);
	return put_whole(format, queue, frame, &headers, &card, &orders, done);
}

unsigned ring_tx_put_wishes(const struct ring_tx_format *format, struct ring_txq *queue, const struct pkt *pkts,
	unsigned pieces, uint32_t total)
{
	struct ring_tx_offload *offload = &queue->offload;
	struct ring_frame frame; /* not all of it is set */
	struct done done = {.vlans = 0};

	frame.total = total;
	frame.count = pieces;
	memcpy(frame.pieces, pkts, pieces * sizeof(*pkts));
	switch (put_frame(format, queue, &frame, &done)) {
	case PUT_NOT_NOW:
		return 0;
	case PUT_IMPOSSIBLE:
		pkt_free(pkts, pieces);
		ring_count(&queue->bad_packets, 1);
		break;
	case PUT_DONE:
		ring_count(&offload->software_checksums, done.checksums);
		ring_count(&offload->software_vlans, done.vlans);
		ring_count(&offload->software_segmented, done.segmented);
		ring_count(&offload->segments_more, done.segments_more);
	}
	return pieces;
}
