/* SPDX-License-Identifier: BSD-2-Clause
 * Receiving the frames that no step of a burst takes: in several buffers, exactly one buffer long, or bad. And, with
 * offloads, those whose IPv4 header the card finds wrong. */
#include "rx.h"

#include "headers.h"

/* The longest frame of these cards, of 16 KiB, needs 8 buffers of 2 KiB: one in more than twice as many is none. */
#define PIECES_MAX 16u

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
	ring_rx_count_extra(queue, pieces - !queue->skipping);
	ring_count(&queue->bad_descriptors, pieces);
	ring_count(&queue->bad_packets, !queue->skipping);
}

/* Adds what the last descriptor says to the first handle of a frame. */
static void add_status(const struct ring_rxq *queue, const struct ring_descriptor *last, struct pkt *pkt)
{
	ring_rx_add_status(queue->format->status, queue->report.on, last->q0, ring_rx_status(last), pkt);
	/* The 82599 may find that of a fragment wrong (specification update, item 66) */
	if (pkt->flags & PKT_IP_BAD && ring_headers_ip_sum_is_right(pkt))
		pkt->flags &= (uint16_t)~PKT_IP_BAD;
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
		ring_rx_count_extra(queue, queue->frame_left != 0);
		ring_rx_hand_out(format, &pkts[*got], descriptor, queue->buffers[slot],
			length | (queue->frame_left ? (uint32_t)PKT_MORE << 16 : 0));
	}
	if (first && queue->report.on)
		add_status(queue, last, first);
	return true;
}

void ring_rx_report_init(struct ring_rxq *queue, uint32_t offloads)
{
	bool checksums = offloads & NIC_RX_CHECKSUM;
	queue->report.on = (offloads & NIC_RX_VLAN_STRIP ? RING_RX_TAGS : 0) | (checksums ? RING_RX_CHECKSUMS : 0);
	queue->report.second_look = checksums ? queue->format->status->ip_bad : 0;
}
