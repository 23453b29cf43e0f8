/* SPDX-License-Identifier: BSD-2-Clause
 * A transmit burst for descriptors of any format: writes descriptors, asks for a report on every 32nd, takes finished packets back in
 * batches. A family makes its burst function of it by calling ring_tx_burst with its format, a constant that melts into the code. */
#ifndef POLLUX_DRIVER_RING_TX_H
#define POLLUX_DRIVER_RING_TX_H

#include "ring.h"

#include "../mempool/pool.h"

#include <string.h>

/** What a descriptor's second quadword is made of, besides the buffer's length in its lowest bits. EOP, RS and DD are at the same
 *  places in all formats. */
struct ring_tx_format {
	uint64_t command;       /* of every descriptor */
	unsigned payload_shift; /* where the frame's length goes as well; 0: nowhere */
	uint32_t frame_min;     /* the shortest frame that a descriptor may describe, in bytes; shorter ones are padded by copying */
};

#define RING_TX_EOP (UINT64_C(1) << 24)
#define RING_TX_RS  (UINT64_C(1) << 27)
#define RING_TX_DD  (UINT64_C(1) << 32)

/* The cards hold some tens of descriptors on chip; a frame must not need them all. */
#define RING_TX_PIECES_MAX 32u

#define RING_TX_INLINE static inline __attribute__((always_inline))

/* Has the card reported the oldest batch done? */
RING_TX_INLINE bool ring_tx_reported(const struct ring_txq *queue, uint32_t clean)
{
	uint32_t report = queue->report[(clean & queue->mask) / RING_BATCH];
	return __atomic_load_n(&queue->ring[report].q1, __ATOMIC_ACQUIRE) & RING_TX_DD;
}

/* One look at a report frees a whole batch; at once, while its buffers are still in the first-level cache. */
RING_TX_INLINE void ring_tx_reclaim(struct ring_txq *queue)
{
	uint32_t clean = queue->clean;
	while (queue->next - clean >= RING_BATCH && ring_tx_reported(queue, clean)) {
		pkt_free_data(&queue->buffers[clean & queue->mask], RING_BATCH);
		clean += RING_BATCH;
	}
	queue->clean = clean;
}

RING_TX_INLINE uint64_t ring_tx_describe(const struct ring_tx_format f, uint32_t length, uint32_t total)
{
	return length | f.command | (f.payload_shift ? (uint64_t)total << f.payload_shift : 0);
}

/* Writes the run of ordinary packets at the front: one buffer, a length that can be sent, no flags. */
RING_TX_INLINE unsigned ring_tx_put(const struct ring_tx_format f, struct ring_descriptor *ring, uint8_t **buffers, const struct pkt *pkts,
	unsigned n, uint64_t offset, uint32_t longest)
{
	unsigned i;
#pragma GCC unroll 4
	for (i = 0; i < n; i++) {
		uint32_t length_and_flags;
		uint8_t *data = pkts[i].data;
		memcpy(&length_and_flags, &pkts[i].len, 4); /* any flag makes it too large for the comparison */
		if (__builtin_expect(length_and_flags - f.frame_min > longest - f.frame_min, 0))
			break;
		buffers[i] = data;
		ring[i].q0 = (uint64_t)data + offset;
		ring[i].q1 = ring_tx_describe(f, length_and_flags, length_and_flags) | RING_TX_EOP;
	}
	return i;
}

/* The report for a batch of slots is asked for on the descriptor that ends the frame which crosses the batch's end. */
RING_TX_INLINE void ring_tx_ask_report(struct ring_txq *queue, uint32_t batch_slot, uint32_t slot)
{
	queue->ring[slot].q1 |= RING_TX_RS;
	queue->report[batch_slot / RING_BATCH] = (uint16_t)slot;
}

/** A frame too short for a descriptor, copied into a packet of our own and padded there: its own buffer may end behind it. */
bool ring_tx_pad(struct ring_txq *queue, const struct pkt *pkt, struct pkt *padded, uint32_t frame_min);

/*
 * The frame that ring_tx_put stopped at: in several buffers, shorter than the card takes, or impossible. `n` handles are left
 * in the caller's array, `room` slots in the ring. Returns handles used up (sent or freed); 0: it must wait, or is not all there.
 */
RING_TX_INLINE unsigned ring_tx_put_odd(
	const struct ring_tx_format f, struct ring_txq *queue, uint32_t *next, const struct pkt *pkts, unsigned n, unsigned room)
{
	uint32_t first = *next, total = 0;
	unsigned pieces = 0;
	struct pkt padded;
	bool good = true;
	do {
		if (pieces == n)
			return 0;
		total += pkts[pieces].len;
		good = good && pkts[pieces].len > 0 && pkts[pieces].len <= PKT_HEADROOM_BYTES + PKT_DATA_BYTES;
	} while (pkts[pieces++].flags & PKT_MORE);

	if (!good || total > queue->max_frame || pieces > RING_TX_PIECES_MAX || (pieces > 1 && total < f.frame_min)) {
		pkt_free(pkts, pieces);
		ring_count(&queue->bad_packets, 1);
		return pieces;
	}
	if (pieces > room)
		return 0;
	if (total < f.frame_min) {
		if (!ring_tx_pad(queue, pkts, &padded, f.frame_min))
			return 0;
		pkts = &padded;
		total = f.frame_min;
	}
	for (unsigned i = 0; i < pieces; i++, ++*next) {
		uint32_t slot = *next & queue->mask;
		queue->buffers[slot] = pkts[i].data;
		queue->ring[slot].q0 = (uint64_t)pkts[i].data + queue->offset;
		queue->ring[slot].q1 = ring_tx_describe(f, pkts[i].len, total) | (i + 1 == pieces ? RING_TX_EOP : 0);
	}
	/* every batch boundary that this frame crosses is reported by its last descriptor */
	for (uint32_t i = first; i != *next; i++)
		if (i % RING_BATCH == RING_BATCH - 1)
			ring_tx_ask_report(queue, i & queue->mask, (*next - 1) & queue->mask);
	return pieces;
}

/** Every case: batches to reclaim, a full ring, frames in pieces. To be called out of line, by a function of the family's. */
RING_TX_INLINE unsigned ring_tx_any(const struct ring_tx_format f, struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	uint32_t next = queue->next;
	unsigned room, sent = 0;
	ring_tx_reclaim(queue);
	/* one slot stays empty: a tail equal to the head would mean an empty ring */
	room = queue->mask - (next - queue->clean);
	while (sent < n && room) {
		uint32_t slot = next & queue->mask;
		unsigned run = n - sent, put;
		if (run > room)
			run = room;
		if (run > RING_BATCH - slot % RING_BATCH)
			run = RING_BATCH - slot % RING_BATCH;
		put = ring_tx_put(f, &queue->ring[slot], &queue->buffers[slot], &pkts[sent], run, queue->offset, queue->max_single);
		next += put;
		if (put && next % RING_BATCH == 0)
			ring_tx_ask_report(queue, slot, (next - 1) & queue->mask);
		sent += put;
		room -= put;
		if (__builtin_expect(put < run, 0)) {
			uint32_t before = next;
			unsigned used = ring_tx_put_odd(f, queue, &next, &pkts[sent], n - sent, room);
			if (!used)
				break;
			sent += used;
			room -= next - before;
		}
	}
	if (next != queue->next) {
		queue->next = next;
		__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
	}
	return sent;
}

/** A burst. Small ones mostly end inside a batch and find nothing to reclaim: no call, and no saved register. */
RING_TX_INLINE unsigned ring_tx_burst(const struct ring_tx_format f, struct ring_txq *queue, const struct pkt *pkts, unsigned n,
	unsigned (*any)(struct ring_txq *queue, const struct pkt *pkts, unsigned n))
{
	uint32_t next = queue->next, slot = next & queue->mask, waiting = next - queue->clean;
	if (n >= RING_BATCH - slot % RING_BATCH || n > queue->mask - waiting || n == 0)
		return any(queue, pkts, n);
	if (waiting >= RING_BATCH && ring_tx_reported(queue, queue->clean))
		return any(queue, pkts, n);
	if (__builtin_expect(ring_tx_put(f, &queue->ring[slot], &queue->buffers[slot], pkts, n, queue->offset, queue->max_single) < n, 0))
		return any(queue, pkts, n); /* which writes the same descriptors again: the tail has not moved */
	queue->next = next + n;
	__atomic_store_n(queue->tail, slot + n, __ATOMIC_RELEASE);
	return n;
}

#endif
