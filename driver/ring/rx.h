/* SPDX-License-Identifier: BSD-2-Clause
 * A receive burst for descriptors of any format: takes finished descriptors off the ring, hands their buffers out by
 * value, refills in batches. A family makes its burst functions of it with its format, a constant that melts into the
 * code, and two inner steps: taking finished descriptors, and arming slots with fresh buffers. Those for any CPU are
 * here; ixgbe has its own with vectors as well. */
#ifndef POLLUX_DRIVER_RING_RX_H
#define POLLUX_DRIVER_RING_RX_H

#include "ring.h"

#include "../../mempool/cache.h"

#include <string.h>

/** What a written-back descriptor says in its second quadword. */
struct ring_rx_format {
	uint64_t dd, eop;      /* these two bits */
	uint64_t errors;       /* any of these: the frame is bad; valid with EOP */
	unsigned length_shift; /* of its 16 bits */
	bool hash;             /* the first quadword's upper half is the RSS hash, or 0 */
};

/** Takes the unbroken run of whole, good frames at the front of n slots that do not wrap. Handles behind the run may be
 * overwritten, up to n. @return how many */
typedef unsigned ring_rx_take_fn(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n);

/** Gives RING_BATCH fresh buffers to as many slots. */
typedef void ring_rx_arm_fn(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh);

/** The out-of-line parts of a burst, instances of ring_rx_any and ring_rx_refill with their steps. */
typedef unsigned ring_rx_any_fn(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got);
typedef unsigned ring_rx_refill_fn(struct ring_rxq *queue, unsigned got);

#define RING_INLINE static inline __attribute__((always_inline))

_Static_assert(sizeof(struct pkt) == 16, "a handle is 16 bytes");
_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "len and flags are written as one word");
_Static_assert(PKT_DATA_BYTES == 2048, "ring_rx_decides and the families' buffer sizes assume buffers of 2 KiB");

/* DD first, then the rest of that descriptor; each quadword is read once. */
RING_INLINE uint64_t ring_rx_status(const struct ring_descriptor *descriptor)
{
	return __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE);
}

RING_INLINE uint32_t ring_rx_length(const struct ring_rx_format *f, uint64_t q1)
{
	return (uint32_t)(q1 >> f->length_shift) & 0xFFFF;
}

/* One comparison tells a whole, good frame that lies in one buffer from everything else. A length of 2048 or more
 * counts as odd: a full buffer of exactly 2048 is legitimate, and handled out of line. */
RING_INLINE bool ring_rx_is_whole(const struct ring_rx_format *f, uint64_t q1)
{
	uint64_t decides = f->dd | f->eop | f->errors | UINT64_C(0xF800) << f->length_shift;

	return __builtin_expect((q1 & decides) == (f->dd | f->eop), 1);
}

RING_INLINE void ring_rx_hand_out(const struct ring_rx_format *f, struct pkt *pkt,
	const struct ring_descriptor *descriptor, uint8_t *data, uint32_t length_and_flags)
{
	pkt->data = data;
	memcpy(&pkt->len, &length_and_flags, 4);
	if (f->hash)
		memcpy(&pkt->hash, (const char *)&descriptor->q0 + 4, 4);
	else
		pkt->hash = 0;
}

/** Takes a descriptor if it is finished and a whole, good frame. */
RING_INLINE bool ring_rx_take_one(
	const struct ring_rx_format *f, const struct ring_descriptor *descriptor, uint8_t *data, struct pkt *pkt)
{
	uint64_t q1 = ring_rx_status(descriptor);

	if (!ring_rx_is_whole(f, q1))
		return false;
	ring_rx_hand_out(f, pkt, descriptor, data, ring_rx_length(f, q1));
	return true;
}

/** A ring_rx_take_fn for the few that are left over when several are taken at once. */
RING_INLINE unsigned ring_rx_take_few(
	const struct ring_rx_format *f, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	unsigned i = 0;

	while (i < n && ring_rx_take_one(f, &queue->ring[slot + i], queue->buffers[slot + i], &pkts[i]))
		i++;
	return i;
}

/** One for any CPU: four at a time, so that the loop itself costs little. */
RING_INLINE unsigned ring_rx_take(
	const struct ring_rx_format *f, const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t *const *buffers = &queue->buffers[slot];
	unsigned i = 0;

	for (; i + 4 <= n; i += 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ring_rx_take_one(f, &ring[k], buffers[k], &pkts[k]))
				return i + k;
	return i + ring_rx_take_few(f, queue, slot + i, pkts, n - i);
}

/** A ring_rx_arm_fn for any CPU. No format needs more than an address and a cleared second quadword. */
RING_INLINE void ring_rx_arm(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t offset = queue->iova_offset;

#pragma GCC unroll 8
	for (unsigned i = 0; i < RING_BATCH; i++) {
		uint8_t *data = fresh[i];
		buffers[i] = data;
		ring[i].q0 = (uint64_t)data + offset;
		ring[i].q1 = 0; /* DD is cleared; and no header buffer */
	}
}

/* Up to `limit` a burst meets nothing but descriptors with a buffer each: it is the ring's end. Slots without a buffer
 * are never before that, since at most a batch lacks them, and no batch goes over the end. Where more lack them, for
 * want of buffers, and inside a frame in pieces, every burst goes the long way. */
RING_INLINE void ring_rx_set_limit(struct ring_rxq *queue)
{
	uint32_t next = queue->next;

	if (queue->frame_left || queue->skipping || next - queue->refill_next >= RING_BATCH)
		queue->fast_until = next;
	else
		queue->fast_until = (next | queue->mask) + 1;
}

/** Gives fresh buffers to the slots that were emptied, whole batches only, and tells the card, once at most. Returns
 * got. */
RING_INLINE unsigned ring_rx_refill(struct ring_rxq *queue, unsigned got, ring_rx_arm_fn *arm)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint32_t refilled = queue->refill_next, tail_batch = queue->tail_batch;

	do {
		uint8_t **fresh = cache ? pkt_cache_take(pool, cache, RING_BATCH) : NULL;

		if (__builtin_expect(!fresh, 0)) {
			ring_count(&queue->pool_empty, 1);
			tail_batch =
				1; /* the card does well with most of the ring; but now it needs all that there are */
			break;
		}
		arm(queue, refilled & queue->mask, fresh);
		refilled += RING_BATCH;
	} while (queue->next - refilled >= RING_BATCH);
	queue->refill_next = refilled;
	if (refilled - queue->tail_written >= tail_batch) {
		queue->tail_written = refilled;
		/* one slot stays back: a tail equal to the head would mean an empty ring */
		__atomic_store_n(queue->tail, (refilled - 1) & queue->mask, __ATOMIC_RELEASE);
	}
	ring_rx_set_limit(queue);
	return got;
}

/**
 * What a take stopped at: nothing (DD is not set), or a descriptor that is not a whole, good frame. Hands out pieces of
 * a frame once it is there as a whole, drops what is bad. Returns handles written; *next moves on; *stop when there is
 * no more to do.
 */
unsigned ring_rx_take_multi_or_bad(const struct ring_rx_format *f, struct ring_rxq *queue, uint32_t *next,
	struct pkt *pkts, unsigned n, bool *stop);

/** Every case: the ring's end inside the burst, frames in pieces, bad ones. `got` handles are in pkts already. */
RING_INLINE unsigned ring_rx_any(const struct ring_rx_format *f, struct ring_rxq *queue, struct pkt *pkts, unsigned n,
	unsigned got, ring_rx_take_fn *take, ring_rx_refill_fn *refill)
{
	uint32_t next = queue->next + got;
	bool stop = false;

	while (got < n && !stop) {
		uint32_t slot = next & queue->mask;
		uint32_t owned = queue->refill_next + queue->mask + 1 -
				 next; /* slots that have a buffer; what is dropped leaves them, too */
		unsigned run = n - got, to_end = queue->mask + 1 - slot;
		unsigned taken = 0;

		if (run > owned)
			run = owned;
		if (run > to_end)
			run = to_end;
		if (!run)
			break;
		if (!queue->frame_left && !queue->skipping)
			taken = take(queue, slot, &pkts[got], run);
		got += taken;
		next += taken;
		if (taken < run)
			got += ring_rx_take_multi_or_bad(f, queue, &next, &pkts[got], n - got, &stop);
	}
	queue->next = next;
	if (next - queue->refill_next >= RING_BATCH)
		return refill(queue, got);
	ring_rx_set_limit(queue);
	return got;
}

/** The usual case for many: whole frames, and the ring's end not in sight. n is at most what is left up to the limit.
 */
RING_INLINE unsigned ring_rx_many(const struct ring_rx_format *f, struct ring_rxq *queue, struct pkt *pkts, unsigned n,
	ring_rx_take_fn *take, ring_rx_any_fn *any, ring_rx_refill_fn *refill)
{
	uint32_t slot = queue->next & queue->mask;
	unsigned got = take(queue, slot, pkts, n);

	if (got < n && __builtin_expect((ring_rx_status(&queue->ring[slot + got]) & f->dd) != 0, 0))
		return any(queue, pkts, n, got);
	queue->next += got;
	if (queue->next - queue->refill_next >= RING_BATCH)
		return refill(queue, got);
	return got;
}

/**
 * A burst. That a ring is empty is found out, and a single packet is taken, with no call and no saved register: who
 * asks for one at a time does not pay for what is prepared for many.
 */
RING_INLINE unsigned ring_rx_burst(const struct ring_rx_format *f, struct nic_rxq *nic, struct pkt *pkts, unsigned n,
	unsigned (*many)(struct ring_rxq *queue, struct pkt *pkts, unsigned n), ring_rx_any_fn *any,
	ring_rx_refill_fn *refill)
{
	struct ring_rxq *queue = (struct ring_rxq *)nic;
	uint32_t next = queue->next, slot = next & queue->mask;
	const struct ring_descriptor *descriptor = &queue->ring[slot];
	uint64_t q1 = ring_rx_status(descriptor);

	/* n - 1: a burst of none goes the long way, too */
	if (__builtin_expect(n - 1 >= queue->fast_until - next, 0))
		return any(queue, pkts, n, 0);
	if (!(q1 & f->dd))
		return 0;
	if (n > 1)
		return many(queue, pkts, n);
	if (!ring_rx_is_whole(f, q1))
		return any(queue, pkts, 1, 0);
	ring_rx_hand_out(f, pkts, descriptor, queue->buffers[slot], ring_rx_length(f, q1));
	queue->next = ++next;
	if (__builtin_expect(next - queue->refill_next >= RING_BATCH, 0))
		return refill(queue, 1);
	return 1;
}

#endif
