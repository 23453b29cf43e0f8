/* SPDX-License-Identifier: BSD-2-Clause
 * What is rare in receiving with status: frames in several buffers, and queues that begin or end to take VLAN tags out
 * while frames come. */
#include "rx.h"

#include "../clock.h"

/* A burst that has begun under the old setting ends in this time. */
#define BURST_US 1000u

/* When the card's setting has changed, so many frames may be in its packet buffer and in the ring, as it was before. */
#define FRAMES_BEFORE (512u * 1024 / 64 + RING_SIZE_MAX)

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

void ring_rx_find_status(struct ring_rxq *queue, const struct ring_descriptor *last, struct pkt *pkt)
{
	uint64_t q1 = ring_rx_status(last), unsure = ring_rx_unsure(queue);
	uint32_t until = __atomic_load_n(&queue->report.unsure_until, __ATOMIC_RELAXED);
	unsigned on = ring_rx_reports(queue);

	if (unsure)
		on = (on & ~RING_RX_TAGS) | (tag_was_taken_out(pkt, q1) ? RING_RX_TAGS : 0);
	ring_rx_add_status(queue->format->status, on, last->q0, q1, pkt);
	if (!unsure || (int32_t)(queue->next - until) < 0)
		return;
	/* Another change may begin just now: then its time is seen here, or its `unsure` is written later */
	__atomic_store_n(&queue->report.unsure, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&queue->report.unsure_until, __ATOMIC_SEQ_CST) != until)
		__atomic_store_n(&queue->report.unsure, unsure, __ATOMIC_SEQ_CST);
}

static void unsure_for(struct ring_rxq *queue, uint32_t slots)
{
	uint32_t next = __atomic_load_n(&queue->next, __ATOMIC_RELAXED);

	__atomic_store_n(&queue->report.unsure_until, next + slots, __ATOMIC_SEQ_CST);
	__atomic_store_n(&queue->report.unsure, queue->format->status->vlan, __ATOMIC_SEQ_CST);
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
