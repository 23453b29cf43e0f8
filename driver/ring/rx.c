/* SPDX-License-Identifier: BSD-2-Clause
 * Receiving the frames that no step of a burst takes: in several buffers, exactly one buffer long, or bad. And, with
 * offloads, those whose IPv4 header the card finds wrong, and those with a tag while a queue begins or ends to take
 * VLAN tags out. */
#include "rx.h"

#include "../clock.h"
#include "headers.h"

/* The longest frame of these cards, of 16 KiB, needs 8 buffers of 2 KiB: one in more than twice as many is none. */
#define PIECES_MAX 16u

/* Slots that are no frame of their own, and have been counted by next. */
static void count_extra(struct ring_rxq *queue, unsigned slots)
{
	__atomic_store_n(&queue->extra_slots, queue->extra_slots + slots, __ATOMIC_RELAXED);
}

/* Looks at the frame that starts at next: how many descriptors has it, and is it good? 0: it is not all there yet.
 * Looks at no slot without a buffer: a device that finishes descriptors it was not given must not make us hand out what
 * the application holds. */
static unsigned measure_frame(const struct ring_rx_format *format, const struct ring_rxq *queue, bool *good)
{
	uint32_t with_buffer = queue->refill_next + queue->mask + 1 - queue->next, total = 0;
	uint32_t room = pkt_pool_data_bytes(queue->pool);

	*good = true;
	for (unsigned i = 0; i < PIECES_MAX; i++) {
		if (i == with_buffer)
			return 0;
		uint64_t q1 = ring_rx_status(&queue->ring[(queue->next + i) & queue->mask]);
		uint32_t length = ring_rx_length(format, q1);
		if (!(q1 & format->dd))
			return 0;
		total += length;
		/* not every card can be told a limit, and an application with a small MTU may know nothing of frames in
		 * several buffers, or of longer ones */
		if (length > room || ((i || length > PKT_DATA_BYTES) && total > queue->max_frame))
			*good = false;
		if (q1 & format->eop) {
			if (q1 & format->errors)
				*good = false;
			return i + 1;
		}
	}
	*good = false;
	return PIECES_MAX;
}

/* Frees the buffers of these descriptors. Where the frame does not end with them, what follows is dropped as well. */
static void drop_frame(const struct ring_rx_format *format, struct ring_rxq *queue, unsigned pieces)
{
	uint64_t last = ring_rx_status(&queue->ring[(queue->next + pieces - 1) & queue->mask]);

	for (unsigned i = 0; i < pieces; i++)
		pkt_free_data(&queue->buffers[(queue->next + i) & queue->mask], 1);
	queue->next += pieces;
	queue->skipping = !(last & format->eop);
	count_extra(queue, pieces - !queue->skipping);
	ring_count(&queue->bad_descriptors, pieces);
	ring_count(&queue->bad_packets, !queue->skipping);
}

static bool is_tag(const uint8_t *at, uint64_t tag)
{
	return at[0] == 0x81 && at[1] == 0 && (!tag || (at[2] == tag >> 8 && at[3] == (tag & 0xff)));
}

/* The card's bit says that there is a tag, and it does not say where. It is in the data if one is there, which is the
 * descriptor's, or the descriptor has none. */
static bool tag_was_taken_out(const struct pkt *pkt, uint64_t q1)
{
	return pkt->len < NIC_HEADER_BYTES + NIC_VLAN_TAG_BYTES || !is_tag(pkt->data + 12, q1 >> 48);
}

/* Adds what the last descriptor says to the first handle of a frame; where tags are not sure, by a look at the frame.
 */
static void find_status(struct ring_rxq *queue, const struct ring_descriptor *last, struct pkt *pkt)
{
	uint64_t q1 = ring_rx_status(last), unsure = ring_rx_unsure(queue), vlan = queue->format->status->vlan;
	uint32_t until = __atomic_load_n(&queue->report.unsure_until, __ATOMIC_RELAXED);
	unsigned on = ring_rx_reports(queue);

	if (unsure & vlan)
		on = (on & ~RING_RX_TAGS) | (tag_was_taken_out(pkt, q1) ? RING_RX_TAGS : 0);
	ring_rx_add_status(queue->format->status, on, last->q0, q1, pkt);
	/* The 82599 may find that of a fragment wrong (specification update, item 66) */
	if (pkt->flags & PKT_IP_BAD && ring_headers_ip_sum_is_right(pkt))
		pkt->flags &= (uint16_t)~PKT_IP_BAD;
	if (!(unsure & vlan) || (int32_t)(queue->next - until) < 0)
		return;
	/* Another change may begin just now: then its time is seen here, or its `unsure` is written later */
	__atomic_store_n(&queue->report.unsure, unsure & ~vlan, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&queue->report.unsure_until, __ATOMIC_SEQ_CST) != until)
		__atomic_store_n(&queue->report.unsure, unsure, __ATOMIC_SEQ_CST);
}

bool ring_rx_take_frame(
	const struct ring_rx_format *format, struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned *got)
{
	struct pkt *first = NULL;
	const struct ring_descriptor *last = NULL;

	if (!queue->frame_left) {
		bool good;
		unsigned pieces = measure_frame(format, queue, &good);

		if (!pieces)
			return false;
		if (!good || queue->skipping) {
			drop_frame(format, queue, pieces);
			return true;
		}
		queue->frame_left = pieces;
		first = &pkts[*got];
		last = &queue->ring[(queue->next + pieces - 1) & queue->mask];
	}
	for (; queue->frame_left && *got < n; ++*got) {
		uint32_t slot = queue->next++ & queue->mask;
		const struct ring_descriptor *descriptor = &queue->ring[slot];
		uint32_t length = ring_rx_length(format, ring_rx_status(descriptor));

		/* no card changes a descriptor that it has finished, but a hostile one may have done so since */
		if (length > pkt_pool_data_bytes(queue->pool))
			length = pkt_pool_data_bytes(queue->pool);
		queue->frame_left--;
		count_extra(queue, queue->frame_left != 0);
		ring_rx_hand_out(format, &pkts[*got], descriptor, queue->buffers[slot],
			length | (queue->frame_left ? (uint32_t)PKT_MORE << 16 : 0));
	}
	if (first && (ring_rx_reports(queue) || ring_rx_unsure(queue)))
		find_status(queue, last, first);
	return true;
}

/* A burst that has begun under the old setting ends in this time. */
#define BURST_US 1000u

/* When the card's setting has changed, so many frames may be in its packet buffer and in the ring, as it was before. */
#define FRAMES_BEFORE (512u * 1024 / 64 + RING_SIZE_MAX)

static void unsure_for(struct ring_rxq *queue, uint32_t slots)
{
	uint32_t next = __atomic_load_n(&queue->next, __ATOMIC_RELAXED);

	__atomic_store_n(&queue->report.unsure_until, next + slots, __ATOMIC_SEQ_CST);
	__atomic_store_n(&queue->report.unsure, ring_rx_unsure(queue) | queue->format->status->vlan, __ATOMIC_SEQ_CST);
}

void ring_rx_report_init(struct ring_rxq *queue, uint32_t offloads)
{
	queue->report.on = offloads & NIC_RX_VLAN_STRIP ? RING_RX_TAGS : 0;
	queue->report.unsure = 0;
	if (offloads & NIC_RX_CHECKSUM) {
		queue->report.on |= RING_RX_CHECKSUMS;
		queue->report.unsure = queue->format->status->ip_bad;
	}
}

void ring_rx_tags_change(struct ring_rxq *queue)
{
	unsure_for(queue, INT32_MAX);
	clock_sleep_us(BURST_US);
}

void ring_rx_tags_changed(struct ring_rxq *queue, bool on)
{
	unsigned others = ring_rx_reports(queue) & ~RING_RX_TAGS;

	__atomic_store_n(&queue->report.on, others | (on ? RING_RX_TAGS : 0), __ATOMIC_RELAXED);
	unsure_for(queue, FRAMES_BEFORE);
}
