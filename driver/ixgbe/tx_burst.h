/* SPDX-License-Identifier: BSD-2-Clause
 * A transmit burst, but for its inner step, writing descriptors, which tx.c, tx_avx2.c and tx_avx512.c bring. 82599 DS 7.2.3.2.4
 * (advanced data descriptor), 7.2.3.3 (ring), 7.2.3.5 (write-back). */
#ifndef POLLUX_DRIVER_IXGBE_TX_BURST_H
#define POLLUX_DRIVER_IXGBE_TX_BURST_H

#include "queue.h"

#include "../../mempool/pool.h"

#include <string.h>

/** Writes the run of ordinary packets at the front, at most n, to slots that do not wrap: packets of one buffer, with a length that can
 *  be sent, and no flags. Slots behind the run may be overwritten, up to n. @return how many */
typedef unsigned ixgbe_tx_put(struct ixgbe_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n);

/** The out-of-line parts of a burst, one instance per instruction set: ixgbe_tx_any and ixgbe_tx_many with their step. */
typedef unsigned ixgbe_tx_part(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n);

/**
 * The frame that a put stopped at: in several buffers, shorter than the card takes, or impossible. `n` handles are left in the
 * caller's array, `room` slots in the ring. Returns handles used up (sent or freed); 0: it must wait, or is not all there.
 */
unsigned ixgbe_tx_put_odd(struct ixgbe_txq *queue, uint32_t *next, const struct pkt *pkts, unsigned n, unsigned room);

/** Whether a packet is an ordinary one: in one buffer, no flags, and of a length that can be sent. longest is the queue's max_single. */
static inline bool ixgbe_tx_ordinary(const struct pkt *pkt, uint32_t longest)
{
	/* read one by one: an application writes len by itself, and a load that finds its bytes in two stores has to wait for both */
	return __builtin_expect(pkt->len - IXGBE_TX_FRAME_MIN <= longest - IXGBE_TX_FRAME_MIN && !pkt->flags, 1);
}

/** Writes the descriptor of an ordinary packet. offset is the queue's. */
static inline void ixgbe_tx_write(struct ixgbe_descriptor *descriptor, uint8_t **buffer, const struct pkt *pkt, uint64_t offset)
{
	uint64_t length = pkt->len;
	uint8_t *data = pkt->data;

	*buffer = data;
	descriptor->q0 = (uint64_t)data + offset;
	descriptor->q1 = length * IXGBE_TX_BOTH_LENGTHS + (IXGBE_TX_COMMAND | IXGBE_TX_EOP);
}

/** The one if the other. */
static inline bool ixgbe_tx_put_one(
	struct ixgbe_descriptor *descriptor, uint8_t **buffer, const struct pkt *pkt, uint32_t longest, uint64_t offset)
{
	if (!ixgbe_tx_ordinary(pkt, longest))
		return false;
	ixgbe_tx_write(descriptor, buffer, pkt, offset);
	return true;
}

/** An ixgbe_tx_put for the few that are left over when several are written at once. */
static inline unsigned ixgbe_tx_put_few(struct ixgbe_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	struct ixgbe_descriptor *descriptor = &queue->ring[slot];
	uint8_t **buffer = &queue->buffers[slot];
	unsigned i = 0;

	while (i < n && ixgbe_tx_put_one(descriptor++, buffer++, pkts++, queue->max_single, queue->offset))
		i++;
	return i;
}

/** Takes the packets of reported batches back. Called where a batch ends, and where there is no room. */
void ixgbe_tx_reclaim(struct ixgbe_txq *queue);

/** The last step of a burst that has reached the limit: asks for the batch's report, hands over, reclaims. Returns n. */
unsigned ixgbe_tx_end_batch(struct ixgbe_txq *queue, uint32_t next, unsigned n);

/* Up to `limit` a burst has nothing to do but write descriptors: no batch that ends before, and room in the ring. */
static inline void ixgbe_tx_set_limit(struct ixgbe_txq *queue)
{
	/* one slot stays empty: a tail equal to the head would mean an empty ring */
	uint32_t next = queue->next, room = queue->mask - (next - queue->clean), to_end = IXGBE_BATCH - next % IXGBE_BATCH;

	queue->limit = next + (room < to_end ? room : to_end);
}

/* The report for a batch of slots is asked for on the descriptor that ends the frame which crosses the batch's end. */
static inline void ixgbe_tx_ask_report(struct ixgbe_txq *queue, uint32_t batch_slot, uint32_t slot)
{
	queue->ring[slot].q1 |= IXGBE_TX_RS;
	queue->report[batch_slot / IXGBE_BATCH] = (uint16_t)slot;
}

/* The packets up to next are the card's from here on. */
static inline void ixgbe_tx_hand_over(struct ixgbe_txq *queue, uint32_t next)
{
	queue->next = next;
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
}

/** Every case: batches that end inside the burst, a full ring, frames in pieces. */
static inline __attribute__((always_inline)) unsigned ixgbe_tx_any(
	struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n, ixgbe_tx_put *put)
{
	uint32_t next = queue->next, room;
	unsigned sent = 0;

	ixgbe_tx_reclaim(queue);
	room = queue->mask - (next - queue->clean);
	while (sent < n && room) {
		uint32_t slot = next & queue->mask;
		unsigned run = n - sent, written;

		if (run > room)
			run = room;
		if (run > IXGBE_BATCH - slot % IXGBE_BATCH)
			run = IXGBE_BATCH - slot % IXGBE_BATCH;
		written = put(queue, slot, &pkts[sent], run);
		next += written;
		if (written && next % IXGBE_BATCH == 0)
			ixgbe_tx_ask_report(queue, slot, (next - 1) & queue->mask);
		sent += written;
		room -= written;
		if (__builtin_expect(written < run, 0)) {
			uint32_t before = next;
			unsigned used = ixgbe_tx_put_odd(queue, &next, &pkts[sent], n - sent, room);
			if (!used)
				break;
			sent += used;
			room -= next - before;
		}
	}
	if (next != queue->next)
		ixgbe_tx_hand_over(queue, next);
	ixgbe_tx_set_limit(queue);
	return sent;
}

/** The usual case for many: up to the limit. */
static inline __attribute__((always_inline)) unsigned ixgbe_tx_many(
	struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n, ixgbe_tx_put *put, ixgbe_tx_part *any)
{
	uint32_t next = queue->next + n;

	if (__builtin_expect(put(queue, queue->next & queue->mask, pkts, n) < n, 0))
		return any(queue, pkts, n); /* which writes the same descriptors again: the tail has not moved */
	if (next == queue->limit)
		return ixgbe_tx_end_batch(queue, next, n);
	ixgbe_tx_hand_over(queue, next);
	return n;
}

/** A burst. A single packet is sent with no call and no saved register: who sends one at a time does not pay for what is prepared for
 *  many. */
static inline __attribute__((always_inline)) unsigned ixgbe_tx_burst(
	struct nic_txq *nic, const struct pkt *pkts, unsigned n, ixgbe_tx_part *many, ixgbe_tx_part *any)
{
	struct ixgbe_txq *queue = (struct ixgbe_txq *)nic;
	uint32_t next = queue->next, slot;

	/* n - 1: a burst of none goes the long way, too */
	if (__builtin_expect(n - 1 >= queue->limit - next, 0))
		return any(queue, pkts, n);
	if (n > 1)
		return many(queue, pkts, n);
	if (!ixgbe_tx_ordinary(pkts, queue->max_single))
		return any(queue, pkts, n);
	slot = next & queue->mask;
	ixgbe_tx_write(&queue->ring[slot], &queue->buffers[slot], pkts, queue->offset);
	if (__builtin_expect(++next == queue->limit, 0))
		return ixgbe_tx_end_batch(queue, next, n);
	ixgbe_tx_hand_over(queue, next);
	return 1;
}

unsigned ixgbe_tx_burst_avx2(struct nic_txq *nic, const struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_burst_avx512(struct nic_txq *nic, const struct pkt *pkts, unsigned n);

#endif
