/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit: writes descriptors, asks for a report on every 32nd, takes finished packets back in batches. 82599 DS 7.2.3.2.4 (advanced
 * data descriptor), 7.2.3.3 (ring), 7.2.3.5 (write-back). */
#include "queue.h"

#include "../../mempool/pool.h"

#include <string.h>

/* The card holds 40 descriptors of a queue on chip; a frame must not need them all. */
#define TX_PIECES_MAX 32u

static inline void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* single writer */
}

/* Gives a batch of finished packets back: straight into the thread's cache when all are the pool's own. */
static inline void free_batch(struct pkt_pool *pool, struct pkt_cache *cache, uint8_t *const *buffers)
{
	uint8_t **room = pkt_cache_room(pool, cache, IXGBE_BATCH);
	uint64_t base = (uint64_t)pool->base, seen = 0;

#pragma GCC unroll 4
	for (unsigned i = 0; i < IXGBE_BATCH; i++) {
		uint64_t offset = (uint64_t)buffers[i] - base;
		seen |= offset;
		room[i] = pkt_default_data(pool, offset);
	}
	if (__builtin_expect(!(seen & pool->outside), 1))
		pkt_cache_put(pool, cache, IXGBE_BATCH);
	else
		pkt_free_data(buffers, IXGBE_BATCH);
}

/* Has the card reported the oldest batch done? */
static inline bool reported(const struct ixgbe_txq *queue, uint32_t clean)
{
	uint32_t report = queue->report[(clean & queue->mask) / IXGBE_BATCH];

	return __atomic_load_n(&queue->ring[report].q1, __ATOMIC_ACQUIRE) & IXGBE_TX_DD;
}

/* One look at a report frees a whole batch; at once, while its buffers are still in the first-level cache. */
static inline void reclaim(struct ixgbe_txq *queue)
{
	uint32_t clean = queue->clean;
	struct pkt_cache *cache;

	if (queue->next - clean < IXGBE_BATCH || !reported(queue, clean))
		return;
	cache = pkt_cache_get(queue->pool);
	do {
		uint8_t **buffers = &queue->buffers[clean & queue->mask];

		if (__builtin_expect(cache != NULL, 1))
			free_batch(queue->pool, cache, buffers);
		else
			pkt_free_data(buffers, IXGBE_BATCH);
		clean += IXGBE_BATCH;
	} while (queue->next - clean >= IXGBE_BATCH && reported(queue, clean));
	queue->clean = clean;
}

static inline void write_descriptor(struct ixgbe_descriptor *descriptor, uint64_t address, uint64_t q1)
{
	descriptor->q0 = address;
	descriptor->q1 = q1;
}

/* Writes the run of ordinary packets at the front: one buffer, a length that can be sent, no flags. */
static inline unsigned put_frames(struct ixgbe_descriptor *ring, uint8_t **buffers, const struct pkt *pkts, unsigned n, uint64_t offset,
	uint32_t longest)
{
	unsigned i;

#pragma GCC unroll 4
	for (i = 0; i < n; i++) {
		uint32_t length_and_flags;
		uint8_t *data = pkts[i].data;

		memcpy(&length_and_flags, &pkts[i].len, 4); /* any flag makes it too large for the comparison */
		if (__builtin_expect(length_and_flags - IXGBE_TX_FRAME_MIN > longest - IXGBE_TX_FRAME_MIN, 0))
			break;
		buffers[i] = data;
		write_descriptor(&ring[i], (uint64_t)data + offset, length_and_flags * IXGBE_TX_BOTH_LENGTHS + (IXGBE_TX_COMMAND | IXGBE_TX_EOP));
	}
	return i;
}

/* The report for a batch of slots is asked for on the descriptor that ends the frame which crosses the batch's end. */
static inline void ask_report(struct ixgbe_txq *queue, uint32_t batch_slot, uint32_t slot)
{
	queue->ring[slot].q1 |= IXGBE_TX_RS;
	queue->report[batch_slot / IXGBE_BATCH] = (uint16_t)slot;
}

static void free_bad(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	pkt_free(pkts, n);
	count(&queue->bad_packets, 1);
}

/* A frame too short for a descriptor, copied into a packet of our own and padded there: its own buffer may end behind it. */
static bool pad_short(struct ixgbe_txq *queue, const struct pkt *pkt, struct pkt *padded)
{
	if (!pkt_alloc(queue->pool, padded, 1))
		return false;
	memset(padded->data, 0, IXGBE_TX_FRAME_MIN);
	memcpy(padded->data, pkt->data, pkt->len);
	padded->len = IXGBE_TX_FRAME_MIN;
	pkt_free(pkt, 1);
	return true;
}

/*
 * The frame that put_frames stopped at: in several buffers, shorter than the card takes, or impossible. `n` handles are left
 * in the caller's array, `room` slots in the ring. Returns handles used up (sent or freed); 0: it must wait, or is not all there.
 */
static __attribute__((noinline)) unsigned put_odd(struct ixgbe_txq *queue, uint32_t *next, const struct pkt *pkts, unsigned n, unsigned room)
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

	if (!good || total > queue->max_frame || pieces > TX_PIECES_MAX || (pieces > 1 && total < IXGBE_TX_FRAME_MIN)) {
		free_bad(queue, pkts, pieces);
		return pieces;
	}
	if (pieces > room)
		return 0;
	if (total < IXGBE_TX_FRAME_MIN) {
		if (!pad_short(queue, pkts, &padded))
			return 0;
		pkts = &padded;
		total = IXGBE_TX_FRAME_MIN;
	}
	for (unsigned i = 0; i < pieces; i++, ++*next) {
		uint32_t slot = *next & queue->mask;

		queue->buffers[slot] = pkts[i].data;
		write_descriptor(&queue->ring[slot], (uint64_t)pkts[i].data + queue->offset,
			pkts[i].len | IXGBE_TX_COMMAND | (i + 1 == pieces ? IXGBE_TX_EOP : 0) | (uint64_t)total << IXGBE_TX_PAYLEN_SHIFT);
	}
	/* every batch boundary that this frame crosses is reported by its last descriptor */
	for (uint32_t i = first; i != *next; i++)
		if (i % IXGBE_BATCH == IXGBE_BATCH - 1)
			ask_report(queue, i & queue->mask, (*next - 1) & queue->mask);
	return pieces;
}

/* Every case: batches to reclaim, a full ring, frames in pieces. */
static __attribute__((noinline)) unsigned burst_any(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	uint32_t next = queue->next;
	unsigned room, sent = 0;

	reclaim(queue);
	/* one slot stays empty: a tail equal to the head would mean an empty ring */
	room = queue->mask - (next - queue->clean);
	while (sent < n && room) {
		uint32_t slot = next & queue->mask;
		unsigned run = n - sent, put;

		if (run > room)
			run = room;
		if (run > IXGBE_BATCH - slot % IXGBE_BATCH)
			run = IXGBE_BATCH - slot % IXGBE_BATCH;
		put = put_frames(&queue->ring[slot], &queue->buffers[slot], &pkts[sent], run, queue->offset, queue->max_single);
		next += put;
		if (put && next % IXGBE_BATCH == 0)
			ask_report(queue, slot, (next - 1) & queue->mask);
		sent += put;
		room -= put;
		if (__builtin_expect(put < run, 0)) {
			uint32_t before = next;
			unsigned used = put_odd(queue, &next, &pkts[sent], n - sent, room);
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

/* Small bursts mostly end inside a batch and find nothing to reclaim: no call, and no saved register. */
static inline unsigned burst(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	uint32_t next = queue->next, slot = next & queue->mask, waiting = next - queue->clean;

	if (n >= IXGBE_BATCH - slot % IXGBE_BATCH || n > queue->mask - waiting || n == 0)
		return burst_any(queue, pkts, n);
	if (waiting >= IXGBE_BATCH && reported(queue, queue->clean))
		return burst_any(queue, pkts, n);
	if (__builtin_expect(put_frames(&queue->ring[slot], &queue->buffers[slot], pkts, n, queue->offset, queue->max_single) < n, 0))
		return burst_any(queue, pkts, n); /* which writes the same descriptors again: the tail has not moved */
	queue->next = next + n;
	__atomic_store_n(queue->tail, slot + n, __ATOMIC_RELEASE);
	return n;
}

static unsigned tx_burst(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return burst((struct ixgbe_txq *)nic, pkts, n);
}

static unsigned tx_burst_trapped(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	struct ixgbe_txq *queue = (struct ixgbe_txq *)nic;
	unsigned sent = burst(queue, pkts, n);

	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return sent;
}

void ixgbe_txq_prepare(struct ixgbe_txq *queue)
{
	unsigned size = queue->mask + 1;

	memset(queue->ring, 0, size * sizeof(*queue->ring));
	memset(queue->buffers, 0, size * sizeof(*queue->buffers));
	memset(queue->report, 0, sizeof(queue->report));
	queue->next = queue->clean = 0;
	queue->bad_packets = 0;
	queue->trapped_tail = queue->tail_told = 0;
	queue->max_single = queue->max_frame < PKT_DATA_BYTES ? queue->max_frame : PKT_DATA_BYTES;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? tx_burst_trapped : tx_burst;
}

void ixgbe_txq_drain(struct ixgbe_txq *queue)
{
	for (; queue->clean != queue->next; queue->clean++)
		pkt_free_data(&queue->buffers[queue->clean & queue->mask], 1);
}
