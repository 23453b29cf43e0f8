/* SPDX-License-Identifier: BSD-2-Clause
 * A receive burst, but for its two inner steps, which rx.c, rx_avx2.c and rx_avx512.c bring: taking finished descriptors and arming
 * slots with fresh buffers. 82599 DS 7.1.6 (advanced descriptors), 7.1.9 (ring). */
#ifndef POLLUX_DRIVER_IXGBE_RX_BURST_H
#define POLLUX_DRIVER_IXGBE_RX_BURST_H

#include "queue.h"

#include "../../mempool/pool.h"

#include <string.h>

/** Takes the unbroken run of whole, good frames at the front of n slots that do not wrap. Handles behind the run may be overwritten,
 *  up to n. @return how many */
typedef unsigned ixgbe_rx_take(const struct ixgbe_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n);

/** Gives IXGBE_BATCH fresh buffers to as many slots. */
typedef void ixgbe_rx_arm(struct ixgbe_rxq *queue, uint32_t slot, uint8_t *const *fresh);

/** The out-of-line parts of a burst, one instance per instruction set: ixgbe_rx_any and ixgbe_rx_refill with their steps. */
typedef unsigned ixgbe_rx_any_fn(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n, unsigned got);
typedef unsigned ixgbe_rx_refill_fn(struct ixgbe_rxq *queue, unsigned got);

/**
 * What a take stopped at: nothing (DD is not set), or a descriptor that is not a whole, good frame. Hands out pieces of a frame once
 * it is there as a whole, drops what is bad. Returns handles written; *next moves on; *stop when there is no more to do.
 */
unsigned ixgbe_rx_take_odd(struct ixgbe_rxq *queue, uint32_t *next, struct pkt *pkts, unsigned n, bool *stop);

/* DD first, then the rest of that descriptor; each quadword is read once. */
static inline uint64_t ixgbe_rx_status(const struct ixgbe_descriptor *descriptor)
{
	return __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE);
}

static inline void ixgbe_rx_hand_out(struct pkt *pkt, const struct ixgbe_descriptor *descriptor, uint8_t *data, uint32_t length_and_flags)
{
	pkt->data = data;
	memcpy(&pkt->len, &length_and_flags, 4);
	memcpy(&pkt->hash, (const char *)&descriptor->q0 + 4, 4);
}

/** Takes a descriptor if it is finished and a whole, good frame. */
static inline bool ixgbe_rx_take_one(const struct ixgbe_descriptor *descriptor, uint8_t *data, struct pkt *pkt)
{
	uint64_t q1 = ixgbe_rx_status(descriptor);

	if (__builtin_expect((q1 & IXGBE_RX_DECIDES) != IXGBE_RX_WHOLE_FRAME, 0))
		return false;
	ixgbe_rx_hand_out(pkt, descriptor, data, IXGBE_RX_LENGTH(q1));
	return true;
}

/** An ixgbe_rx_take for the few that are left over when several are taken at once. */
static inline unsigned ixgbe_rx_take_few(const struct ixgbe_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	unsigned i = 0;

	while (i < n && ixgbe_rx_take_one(&queue->ring[slot + i], queue->buffers[slot + i], &pkts[i]))
		i++;
	return i;
}

/* Up to `limit` a burst meets nothing but descriptors with a buffer each: it is the ring's end. Slots without a buffer are never before
 * that, since at most a batch lacks them, and no batch goes over the end. Where more lack them, for want of buffers, and inside a frame in
 * pieces, every burst goes the long way. */
static inline void ixgbe_rx_set_limit(struct ixgbe_rxq *queue)
{
	uint32_t next = queue->next;

	if (queue->odd || next - queue->fill >= IXGBE_BATCH)
		queue->limit = next;
	else
		queue->limit = (next | queue->mask) + 1;
}

/** Gives fresh buffers to the slots that were emptied, whole batches only, and tells the card once. Returns got. */
static inline __attribute__((always_inline)) unsigned ixgbe_rx_refill(struct ixgbe_rxq *queue, unsigned got, ixgbe_rx_arm *arm)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint32_t fill = queue->fill;

	do {
		uint8_t **fresh = cache ? pkt_cache_take(pool, cache, IXGBE_BATCH) : NULL;

		if (__builtin_expect(!fresh, 0)) {
			ixgbe_count(&queue->pool_empty, 1);
			break;
		}
		arm(queue, fill & queue->mask, fresh);
		fill += IXGBE_BATCH;
	} while (queue->next - fill >= IXGBE_BATCH);
	if (fill != queue->fill) {
		queue->fill = fill;
		/* one slot stays back: a tail equal to the head would mean an empty ring */
		__atomic_store_n(queue->tail, (fill - 1) & queue->mask, __ATOMIC_RELEASE);
	}
	ixgbe_rx_set_limit(queue);
	return got;
}

/** Every case: the ring's end inside the burst, frames in pieces, bad ones. `got` handles are in pkts already. */
static inline __attribute__((always_inline)) unsigned ixgbe_rx_any(
	struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n, unsigned got, ixgbe_rx_take *take, ixgbe_rx_refill_fn *refill)
{
	uint32_t next = queue->next + got;
	bool stop = false;

	while (got < n && !stop) {
		uint32_t slot = next & queue->mask;
		uint32_t owned = queue->fill + queue->mask + 1 - next; /* slots that have a buffer; what is dropped leaves them, too */
		unsigned run = n - got, to_end = queue->mask + 1 - slot;
		unsigned taken = 0;

		if (run > owned)
			run = owned;
		if (run > to_end)
			run = to_end;
		if (!run)
			break;
		if (!queue->odd)
			taken = take(queue, slot, &pkts[got], run);
		got += taken;
		next += taken;
		if (taken < run)
			got += ixgbe_rx_take_odd(queue, &next, &pkts[got], n - got, &stop);
	}
	queue->next = next;
	if (next - queue->fill >= IXGBE_BATCH)
		return refill(queue, got);
	ixgbe_rx_set_limit(queue);
	return got;
}

/** The usual case for many: whole frames, and the ring's end not in sight. n is at most what is left up to the limit. */
static inline __attribute__((always_inline)) unsigned ixgbe_rx_many(
	struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n, ixgbe_rx_take *take, ixgbe_rx_any_fn *any, ixgbe_rx_refill_fn *refill)
{
	uint32_t slot = queue->next & queue->mask;
	unsigned got = take(queue, slot, pkts, n);

	if (got < n && __builtin_expect(ixgbe_rx_status(&queue->ring[slot + got]) & IXGBE_RX_DD, 0))
		return any(queue, pkts, n, got);
	queue->next += got;
	if (queue->next - queue->fill >= IXGBE_BATCH)
		return refill(queue, got);
	return got;
}

/**
 * A burst. That a ring is empty is found out, and a single packet is taken, with no call and no saved register: who asks for one at a time
 * does not pay for what is prepared for many.
 */
static inline __attribute__((always_inline)) unsigned ixgbe_rx_burst(struct nic_rxq *nic, struct pkt *pkts, unsigned n,
	unsigned (*many)(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n), ixgbe_rx_any_fn *any, ixgbe_rx_refill_fn *refill)
{
	struct ixgbe_rxq *queue = (struct ixgbe_rxq *)nic;
	uint32_t next = queue->next, slot = next & queue->mask;
	const struct ixgbe_descriptor *descriptor = &queue->ring[slot];
	uint64_t q1 = ixgbe_rx_status(descriptor);

	/* n - 1: a burst of none goes the long way, too */
	if (__builtin_expect(n - 1 >= queue->limit - next, 0))
		return any(queue, pkts, n, 0);
	if (!(q1 & IXGBE_RX_DD))
		return 0;
	if (n > 1)
		return many(queue, pkts, n);
	if (__builtin_expect((q1 & IXGBE_RX_DECIDES) != IXGBE_RX_WHOLE_FRAME, 0))
		return any(queue, pkts, 1, 0);
	ixgbe_rx_hand_out(pkts, descriptor, queue->buffers[slot], IXGBE_RX_LENGTH(q1));
	queue->next = ++next;
	if (__builtin_expect(next - queue->fill >= IXGBE_BATCH, 0))
		return refill(queue, 1);
	return 1;
}

/* Functions to choose from. Those for a few packets at a time are one, whatever the instruction set. */
unsigned ixgbe_rx_burst_avx2(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_rx_burst_avx512(struct nic_rxq *nic, struct pkt *pkts, unsigned n);

#endif
