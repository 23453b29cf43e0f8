/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit bursts, for descriptors of any format.
 *
 * A burst writes a descriptor for each packet, and then the tail, up to which the card may go. Of each batch of slots
 * one descriptor asks for a report: the card sets DD in it when the packet is sent, and so are all before. Then a
 * reclaim gives the batch's buffers back to their pool:
 *
 *	reclaim_next             next                         reclaim_next + slots of the ring
 *	     |  sent ones, then    |  free: for the next        |
 *	     |  the card's own     |  packets                   |
 *
 * Bursts are made as in rx.h, with one step, `put`. RING_TX_BURST makes three functions; the fourth serves all bursts:
 *
 *	ixgbe_tx_burst_avx2          one packet: without a call or a saved register
 *	ixgbe_tx_burst_avx2_many     several packets, and nothing out of the ordinary
 *	ixgbe_tx_burst_avx2_general  every case: a batch's end inside the burst, a full ring, unusual frames
 *	ring_tx_end_batch            the report and reclaim, once per RING_BATCH packets */
#pragma once

#include "ring.h"

struct ring_tx_orders; /* offload.h */

/** What the second quadword of a packet's descriptor is made of; the first one is the I/O address. */
struct ring_tx_format {
	uint64_t command;       /* what all have in common */
	uint64_t length_factor; /* length * this fills DTALEN (bit 0), and PAYLEN (bit 46) where there is one */
	uint32_t frame_min;     /* shortest frame, in bytes, that a descriptor may describe */
};

/* In all formats at the same place. */
#define RING_TX_EOP (UINT64_C(1) << 24) /* the frame ends here */
#define RING_TX_RS  (UINT64_C(1) << 27) /* report status: the card is to set DD ... */
#define RING_TX_DD  (UINT64_C(1) << 32) /* ... which says that the packet is sent */

/** A step: writes descriptors from `slot` on, at most n, as long as the packets are ordinary ones. The slots do not go
 * over the ring's end. All n slots may be overwritten. @return how many were written */
typedef unsigned ring_tx_put_fn(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n);

/* The functions that RING_TX_BURST makes. */
typedef unsigned ring_tx_part_fn(struct ring_txq *queue, const struct pkt *pkts, unsigned n);

/* ---- a descriptor ---- */

/** Writes the descriptor of a packet if that is an ordinary one: without flags but a received one's status, so in one
 * buffer and without wishes, and of a length that one descriptor can send as it is. excess_max is the queue's. */
RING_INLINE bool ring_tx_put_one(const struct ring_tx_format *format, struct ring_descriptor *descriptor,
	uint8_t **buffer, const struct pkt *pkt, uint32_t excess_max, uint64_t iova_offset)
{
	/* Two loads: an application writes len alone, and one load of what two stores have written must wait until both
	 * are in the cache. */
	if (__builtin_expect(pkt->len - format->frame_min > excess_max || pkt->flags > PKT_STATUS, 0))
		return false;
	uint64_t length = pkt->len;
	uint8_t *data = pkt->data;

	*buffer = data;
	descriptor->q0 = (uint64_t)data + iova_offset;
	descriptor->q1 = length * format->length_factor + (format->command | RING_TX_EOP);
	return true;
}

/* ---- the step, for any CPU ---- */

/** A ring_tx_put_fn, one by one: for those that are left over where several are written at a time. */
RING_INLINE unsigned ring_tx_put_x1(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	unsigned i = 0;

	while (i < n && ring_tx_put_one(format, &queue->ring[slot + i], &queue->buffers[slot + i], &pkts[i],
				queue->excess_max, queue->iova_offset))
		i++;
	return i;
}

/** A ring_tx_put_fn for any CPU. Four at a time, so that the loop itself costs little. */
RING_STEP unsigned ring_tx_put_scalar(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t iova_offset = queue->iova_offset;
	uint32_t excess_max = queue->excess_max;
	unsigned remaining = n;

	for (; remaining >= 4; remaining -= 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ring_tx_put_one(format, &ring[k], &buffers[k], &pkts[k], excess_max, iova_offset))
				return n - remaining + k;
	n -= remaining;
	return remaining ? n + ring_tx_put_x1(format, queue, slot + n, pkts, remaining) : n;
}

/* ---- the burst ---- */

/** Free slots, but for one that stays empty: a tail equal to the head would mean an empty ring. */
RING_INLINE uint32_t ring_tx_room(const struct ring_txq *queue)
{
	return queue->mask - (queue->next - queue->reclaim_next);
}

/* A burst that ends before its batch does, and finds room in the ring, has nothing to do but write descriptors. */
RING_INLINE void ring_tx_set_fast_until(struct ring_txq *queue)
{
	uint32_t room = ring_tx_room(queue), to_batch_end = RING_BATCH - queue->next % RING_BATCH;

	queue->fast_until = queue->next + (room < to_batch_end ? room : to_batch_end);
}

/** Asks for the report of the batch that ends with this slot. The descriptor before next brings it: it ends a frame,
 * as a report must (doubt 13), and may be beyond the batch when the frame is. */
RING_INLINE void ring_tx_ask_report(struct ring_txq *queue, uint32_t batch_end)
{
	uint32_t last = (queue->next - 1) & queue->mask;

	queue->ring[last].q1 |= RING_TX_RS;
	queue->report_slot[(batch_end & queue->mask) / RING_BATCH] = (uint16_t)last;
}

/** Writes the tail: the packets before next are the card's from here on. */
RING_INLINE void ring_tx_hand_over(struct ring_txq *queue)
{
	__atomic_store_n(queue->tail, queue->next & queue->mask, __ATOMIC_RELEASE);
}

/** Gives the packets of reported batches back to their pools. */
void ring_tx_reclaim(struct ring_txq *queue);

/** Ends a burst of n that has reached fast_until: asks for the batch's report, hands over, reclaims. @return n */
unsigned ring_tx_end_batch(struct ring_txq *queue, unsigned n);

/**
 * Puts the frame at the front of pkts, which has n handles. It may have wishes (offload.h); be in several buffers;
 * shorter than the card takes: it is copied and padded; or impossible: it is freed and counted.
 * @return how many handles are used up; 0: the ring has no room, the pool is empty, or the frame's last handle is not
 * there
 */
unsigned ring_tx_put_frame(
	const struct ring_tx_format *format, struct ring_txq *queue, const struct pkt *pkts, unsigned n);

/** The second quadword of the descriptors of a frame without wishes, but for its buffers' lengths and its end. */
static inline uint64_t ring_tx_plain(const struct ring_tx_format *format, uint32_t total)
{
	return format->command | total * (format->length_factor - 1);
}

/** Writes the descriptors of a frame, for which there is room: its context, if it has one, and one per buffer.
 * @param frames  that it becomes on the wire */
void ring_tx_append_frame(struct ring_txq *queue, const struct ring_tx_orders *orders, const struct pkt *pkts,
	unsigned pieces, uint32_t frames);

/** Frees what was put from slot `first` on, which the card has not been told of. */
void ring_tx_take_back(struct ring_txq *queue, uint32_t first);

/** Copies a frame too short for a descriptor into a packet of the queue's pool, of so many bytes, and frees it.
 * `padded` may be its first handle. False: the pool is empty. */
bool ring_tx_pad(struct ring_txq *queue, const struct pkt *pkts, unsigned pieces, struct pkt *padded, uint32_t bytes);

/** A burst in every case. */
RING_INLINE unsigned ring_tx_general(const struct ring_tx_format *format, struct ring_txq *queue,
	const struct pkt *pkts, unsigned n, ring_tx_put_fn *put)
{
	uint32_t first = queue->next;
	unsigned sent = 0, room;

	ring_tx_reclaim(queue);
	while (sent < n && (room = ring_tx_room(queue)) > 0) {
		uint32_t slot = queue->next & queue->mask;
		unsigned run = n - sent, to_end = queue->mask + 1 - slot, written;

		if (run > room)
			run = room;
		if (run > RING_BATCH) /* over the end of one batch at most */
			run = RING_BATCH;
		if (run > to_end)
			run = to_end;
		written = put(format, queue, slot, &pkts[sent], run);
		queue->next += written;
		if (slot % RING_BATCH + written >= RING_BATCH)
			ring_tx_ask_report(queue, slot | (RING_BATCH - 1));
		sent += written;
		if (__builtin_expect(written < run, 0)) {
			unsigned used = ring_tx_put_frame(format, queue, &pkts[sent], n - sent);

			if (!used)
				break;
			sent += used;
		}
	}
	if (queue->next != first)
		ring_tx_hand_over(queue);
	ring_tx_set_fast_until(queue);
	return sent;
}

/** A burst of several packets, if it is fast and all are ordinary; else it goes the general way. */
RING_INLINE unsigned ring_tx_many(const struct ring_tx_format *format, struct ring_txq *queue, const struct pkt *pkts,
	unsigned n, ring_tx_put_fn *put, ring_tx_part_fn *general)
{
	uint32_t next = queue->next;

	/* n - 1: a burst of none goes the general way, too */
	if (__builtin_expect(n - 1 >= queue->fast_until - next, 0))
		return general(queue, pkts, n);
	if (__builtin_expect(put(format, queue, next & queue->mask, pkts, n) < n, 0))
		return general(queue, pkts, n); /* it writes the same descriptors again: the tail has not moved */
	next += n;
	queue->next = next;
	if (next == queue->fast_until)
		return ring_tx_end_batch(queue, n);
	ring_tx_hand_over(queue);
	return n;
}

/** A burst. One packet is looked for first, so that it does not pay for what is prepared for many. */
RING_INLINE unsigned ring_tx_burst(const struct ring_tx_format *format, struct nic_txq *nic, const struct pkt *pkts,
	unsigned n, ring_tx_part_fn *many)
{
	struct ring_txq *queue = (struct ring_txq *)nic;
	uint32_t next = queue->next, slot = next & queue->mask;

	if (n != 1 || __builtin_expect(next == queue->fast_until, 0) ||
		!ring_tx_put_one(
			format, &queue->ring[slot], &queue->buffers[slot], pkts, queue->excess_max, queue->iova_offset))
		return many(queue, pkts, n);
	next++;
	queue->next = next;
	if (next == queue->fast_until)
		return ring_tx_end_batch(queue, 1);
	ring_tx_hand_over(queue);
	return 1;
}

/** Defines the burst function `name`, and those that it calls, of a pointer to a constant format and a step. */
#define RING_TX_BURST(name, format, put)                                                                               \
	static RING_OUT_OF_LINE unsigned name##_general(struct ring_txq *queue, const struct pkt *pkts, unsigned n)    \
	{                                                                                                              \
		return ring_tx_general(format, queue, pkts, n, put);                                                   \
	}                                                                                                              \
	static RING_OUT_OF_LINE unsigned name##_many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)       \
	{                                                                                                              \
		return ring_tx_many(format, queue, pkts, n, put, name##_general);                                      \
	}                                                                                                              \
	unsigned name(struct nic_txq *queue, const struct pkt *pkts, unsigned n)                                       \
	{                                                                                                              \
		return ring_tx_burst(format, queue, pkts, n, name##_many);                                             \
	}
