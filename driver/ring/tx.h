/* SPDX-License-Identifier: BSD-2-Clause
 * A transmit burst for descriptors of any format: writes descriptors, asks for a report on every 32nd, takes finished
 * packets back in batches. A family makes its burst functions of it with its format, a constant that melts into the
 * code, and one inner step, writing descriptors. That for any CPU is here; ixgbe has its own with vectors as well. */
#ifndef POLLUX_DRIVER_RING_TX_H
#define POLLUX_DRIVER_RING_TX_H

#include "ring.h"

#include "../../mempool/cache.h"

#include <string.h>

/** What a descriptor's second quadword is made of. EOP, RS and DD are at the same places in all formats, and so is the
 * buffer's length, in the lowest bits. */
struct ring_tx_format {
	uint64_t command;       /* of every descriptor */
	uint64_t length_factor; /* length * this fills DTALEN (bit 0), and PAYLEN (bit 46) where there is one */
	uint32_t frame_min;     /* shortest frame, in bytes, that a descriptor may describe */
};

#define RING_TX_EOP (UINT64_C(1) << 24)
#define RING_TX_RS  (UINT64_C(1) << 27)
#define RING_TX_DD  (UINT64_C(1) << 32)

/** Writes the run of ordinary packets at the front, at most n, to slots that do not wrap: packets of one buffer, with a
 * length that can be sent, and no flags. Slots behind the run may be overwritten, up to n. @return how many */
typedef unsigned ring_tx_put_fn(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n);

/** The out-of-line parts of a burst, instances of ring_tx_any and ring_tx_many with their step. */
typedef unsigned ring_tx_part_fn(struct ring_txq *queue, const struct pkt *pkts, unsigned n);

#define RING_TX_INLINE static inline __attribute__((always_inline))

/** Whether a packet is an ordinary one: in one buffer, no flags, and of a length that can be sent. longest is the
 * queue's max_single. */
RING_TX_INLINE bool ring_tx_ordinary(const struct ring_tx_format *f, const struct pkt *pkt, uint32_t longest)
{
	/* read one by one: an application writes len by itself, and a load that finds its bytes in two stores has to
	 * wait for both */
	return __builtin_expect(pkt->len - f->frame_min <= longest - f->frame_min && !pkt->flags, 1);
}

/** Writes the descriptor of an ordinary packet. offset is the queue's. */
RING_TX_INLINE void ring_tx_write(const struct ring_tx_format *f, struct ring_descriptor *descriptor, uint8_t **buffer,
	const struct pkt *pkt, uint64_t offset)
{
	uint64_t length = pkt->len;
	uint8_t *data = pkt->data;

	*buffer = data;
	descriptor->q0 = (uint64_t)data + offset;
	descriptor->q1 = length * f->length_factor + (f->command | RING_TX_EOP);
}

/** The one if the other. */
RING_TX_INLINE bool ring_tx_put_one(const struct ring_tx_format *f, struct ring_descriptor *descriptor,
	uint8_t **buffer, const struct pkt *pkt, uint32_t longest, uint64_t offset)
{
	if (!ring_tx_ordinary(f, pkt, longest))
		return false;
	ring_tx_write(f, descriptor, buffer, pkt, offset);
	return true;
}

/** A ring_tx_put_fn for the few that are left over when several are written at once. */
RING_TX_INLINE unsigned ring_tx_put_few(
	const struct ring_tx_format *f, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	struct ring_descriptor *descriptor = &queue->ring[slot];
	uint8_t **buffer = &queue->buffers[slot];
	unsigned i = 0;

	while (i < n && ring_tx_put_one(f, descriptor++, buffer++, pkts++, queue->max_single, queue->iova_offset))
		i++;
	return i;
}

/** One for any CPU: four at a time, so that the loop itself costs little. */
RING_TX_INLINE unsigned ring_tx_put(
	const struct ring_tx_format *f, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t offset = queue->iova_offset;
	uint32_t longest = queue->max_single;
	unsigned left = n;

	for (; left >= 4; left -= 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ring_tx_put_one(f, &ring[k], &buffers[k], &pkts[k], longest, offset))
				return n - left + k;
	n -= left;
	return left ? n + ring_tx_put_few(f, queue, slot + n, pkts, left) : n;
}

/**
 * The frame that a put stopped at: in several buffers, shorter than the card takes, or impossible. `n` handles are left
 * in the caller's array, `room` slots in the ring. Returns handles used up (sent or freed); 0: it must wait, or its
 * last handle is not there.
 */
unsigned ring_tx_put_multi_short_or_bad(const struct ring_tx_format *f, struct ring_txq *queue, uint32_t *next,
	const struct pkt *pkts, unsigned n, unsigned room);

/** Takes the packets of reported batches back. Called where a batch ends, and where there is no room. */
void ring_tx_reclaim(struct ring_txq *queue);

/** The last step of a burst that has reached the limit: asks for the batch's report, hands over, reclaims. Returns n.
 */
unsigned ring_tx_end_batch(struct ring_txq *queue, uint32_t next, unsigned n);

/* Up to `limit` a burst has nothing to do but write descriptors: no batch that ends before, and room in the ring. */
RING_TX_INLINE void ring_tx_set_limit(struct ring_txq *queue)
{
	/* one slot stays empty: a tail equal to the head would mean an empty ring */
	uint32_t next = queue->next, room = queue->mask - (next - queue->reclaim_next),
		 to_end = RING_BATCH - next % RING_BATCH;

	queue->fast_until = next + (room < to_end ? room : to_end);
}

/* The report for a batch of slots is asked for on the descriptor that ends the frame which crosses the batch's end. */
RING_TX_INLINE void ring_tx_ask_report(struct ring_txq *queue, uint32_t batch_slot, uint32_t slot)
{
	queue->ring[slot].q1 |= RING_TX_RS;
	queue->report_slot[batch_slot / RING_BATCH] = (uint16_t)slot;
}

/* The packets up to next are the card's from here on. */
RING_TX_INLINE void ring_tx_hand_over(struct ring_txq *queue, uint32_t next)
{
	queue->next = next;
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
}

/** Every case: batches that end inside the burst, a full ring, frames in pieces. */
RING_TX_INLINE unsigned ring_tx_any(
	const struct ring_tx_format *f, struct ring_txq *queue, const struct pkt *pkts, unsigned n, ring_tx_put_fn *put)
{
	uint32_t next = queue->next, room;
	unsigned sent = 0;

	ring_tx_reclaim(queue);
	room = queue->mask - (next - queue->reclaim_next);
	while (sent < n && room) {
		uint32_t slot = next & queue->mask;
		unsigned run = n - sent, written;

		if (run > room)
			run = room;
		if (run > RING_BATCH - slot % RING_BATCH)
			run = RING_BATCH - slot % RING_BATCH;
		written = put(queue, slot, &pkts[sent], run);
		next += written;
		if (written && next % RING_BATCH == 0)
			ring_tx_ask_report(queue, slot, (next - 1) & queue->mask);
		sent += written;
		room -= written;
		if (__builtin_expect(written < run, 0)) {
			uint32_t before = next;
			unsigned used = ring_tx_put_multi_short_or_bad(f, queue, &next, &pkts[sent], n - sent, room);

			if (!used)
				break;
			sent += used;
			room -= next - before;
		}
	}
	if (next != queue->next)
		ring_tx_hand_over(queue, next);
	ring_tx_set_limit(queue);
	return sent;
}

/** The usual case for many: up to the limit. */
RING_TX_INLINE unsigned ring_tx_many(
	struct ring_txq *queue, const struct pkt *pkts, unsigned n, ring_tx_put_fn *put, ring_tx_part_fn *any)
{
	uint32_t next = queue->next + n;

	if (__builtin_expect(put(queue, queue->next & queue->mask, pkts, n) < n, 0))
		return any(queue, pkts, n); /* which writes the same descriptors again: the tail has not moved */
	if (next == queue->fast_until)
		return ring_tx_end_batch(queue, next, n);
	ring_tx_hand_over(queue, next);
	return n;
}

/** A burst. A single packet is sent with no call and no saved register: who sends one at a time does not pay for what
 * is prepared for many. */
RING_TX_INLINE unsigned ring_tx_burst(const struct ring_tx_format *f, struct nic_txq *nic, const struct pkt *pkts,
	unsigned n, ring_tx_part_fn *many, ring_tx_part_fn *any)
{
	struct ring_txq *queue = (struct ring_txq *)nic;
	uint32_t next = queue->next, slot;

	/* n - 1: a burst of none goes the long way, too */
	if (__builtin_expect(n - 1 >= queue->fast_until - next, 0))
		return any(queue, pkts, n);
	if (n > 1)
		return many(queue, pkts, n);
	if (!ring_tx_ordinary(f, pkts, queue->max_single))
		return any(queue, pkts, n);
	slot = next & queue->mask;
	ring_tx_write(f, &queue->ring[slot], &queue->buffers[slot], pkts, queue->iova_offset);
	if (__builtin_expect(++next == queue->fast_until, 0))
		return ring_tx_end_batch(queue, next, n);
	ring_tx_hand_over(queue, next);
	return 1;
}

#endif
