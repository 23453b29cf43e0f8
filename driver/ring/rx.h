/* SPDX-License-Identifier: BSD-2-Clause
 * Receive bursts, for descriptors of any format.
 *
 * The card fills the buffers of a ring's slots in turn, and sets DD in each descriptor that it has finished. A burst
 * takes finished descriptors and hands their buffers out. A refill gives a batch of emptied slots fresh buffers, and
 * writes the tail, up to which the card may go:
 *
 *	refill_next              next                                 refill_next + slots of the ring
 *	    |  without a buffer    |  finished ones, then the card's own  |
 *
 * How bursts are made: the functions here are always inline. What differs between cards and instruction sets are
 * constant parameters: the format of descriptors, whether offloads are on (rx_status.h), and steps, which are `take`
 * and `arm`. RING_RX_BURST makes the four functions of a burst, with names of their own for profiler and debugger:
 *
 *	ixgbe_rx_burst_avx2          an empty ring, or one packet: without a call or a saved register
 *	ixgbe_rx_burst_avx2_many     several packets, and nothing out of the ordinary
 *	ixgbe_rx_burst_avx2_general  every case: the ring's end, frames in several buffers, bad ones
 *	ixgbe_rx_burst_avx2_refill   fresh buffers, once per RING_BATCH packets
 *
 * Where one of them cannot do all, it ends by calling the next. Transmit bursts (tx.h) are made alike. */
#pragma once

#include "rx_status.h"

#include "../../mempool/cache.h"

#include <string.h>

/** What is where in a finished descriptor: in its second quadword, but for the hash. */
struct ring_rx_format {
	uint64_t dd, eop;      /* the bits of these names */
	uint64_t errors;       /* beside EOP: the frame is bad if any of these bits is set */
	unsigned length_shift; /* the length of what is in the buffer is the 16 bits from here on */
	bool hash;             /* the upper half of the first quadword is the RSS hash; false: there is none */
	const struct ring_rx_status *status; /* what else there is (rx_status.h); bursts without offloads ignore it */
};

/** A step: takes descriptors from `slot` on, at most n, as long as they are finished and have whole, good frames. The
 * slots do not go over the ring's end. All n handles may be overwritten. @return how many were taken */
typedef unsigned ring_rx_take_fn(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n);

/** A step: gives RING_BATCH slots their fresh buffers, and writes their descriptors for the card. */
typedef void ring_rx_arm_fn(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh);

/* The functions that RING_RX_BURST makes. `got` handles are in pkts already. */
typedef unsigned ring_rx_many_fn(struct ring_rxq *queue, struct pkt *pkts, unsigned n);
typedef unsigned ring_rx_general_fn(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got);
typedef unsigned ring_rx_refill_fn(struct ring_rxq *queue, unsigned got);

_Static_assert(sizeof(struct pkt) == 16, "a handle is 16 bytes");
_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "len and flags are written as one word");
_Static_assert(PKT_DATA_BYTES == 2048, "ring_rx_deciding_bits and the families' buffer sizes assume 2 KiB");

/* ---- a descriptor ---- */

/* DD is in the second quadword, which is read before the first one. Each is read once: what is checked is what is used,
 * whatever the device writes meanwhile. */
RING_INLINE uint64_t ring_rx_status(const struct ring_descriptor *descriptor)
{
	return __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE);
}

RING_INLINE uint32_t ring_rx_length(const struct ring_rx_format *format, uint64_t q1)
{
	return (uint32_t)(q1 >> format->length_shift) & 0xFFFF;
}

/* A finished descriptor with a whole, good frame has DD and EOP of these bits, and no other. Among them are the bits of
 * lengths of 2048 and more: an exactly full buffer is legitimate, but rare, and goes the general way. */
RING_INLINE uint64_t ring_rx_deciding_bits(const struct ring_rx_format *format)
{
	return format->dd | format->eop | format->errors | UINT64_C(0xF800) << format->length_shift;
}

RING_INLINE bool ring_rx_is_whole_frame(const struct ring_rx_format *format, uint64_t q1)
{
	return __builtin_expect((q1 & ring_rx_deciding_bits(format)) == (format->dd | format->eop), 1);
}

RING_INLINE void ring_rx_hand_out(const struct ring_rx_format *format, struct pkt *pkt,
	const struct ring_descriptor *descriptor, uint8_t *data, uint32_t length_and_flags)
{
	pkt->data = data;
	memcpy(&pkt->len, &length_and_flags, 4);
	if (format->hash)
		memcpy(&pkt->hash, (const char *)&descriptor->q0 + 4, 4);
	else
		pkt->hash = 0;
}

/** Takes a descriptor if it is finished and has a whole, good frame, of which is known what the card has done. */
RING_INLINE bool ring_rx_take_one(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, const struct ring_descriptor *descriptor, uint8_t *data, struct pkt *pkt)
{
	uint64_t q1 = ring_rx_status(descriptor);

	if (!ring_rx_is_whole_frame(format, q1) || (offloads && q1 & queue->report.second_look))
		return false;
	ring_rx_hand_out(format, pkt, descriptor, data, ring_rx_length(format, q1));
	if (offloads)
		ring_rx_add_status(format->status, queue->report.on, descriptor->q0, q1, pkt);
	return true;
}

/* ---- the steps, for any CPU ---- */

/** A ring_rx_take_fn, one by one: for those that are left over where several are taken at a time. */
RING_INLINE unsigned ring_rx_take_x1(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	unsigned i = 0;

	while (i < n &&
		ring_rx_take_one(format, offloads, queue, &queue->ring[slot + i], queue->buffers[slot + i], &pkts[i]))
		i++;
	return i;
}

/** A ring_rx_take_fn for any CPU. Four at a time, so that the loop itself costs little. */
RING_STEP unsigned ring_rx_take_scalar(const struct ring_rx_format *format, enum ring_offloads offloads,
	const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t *const *buffers = &queue->buffers[slot];
	unsigned i = 0;

	for (; i + 4 <= n; i += 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ring_rx_take_one(format, offloads, queue, &ring[k], buffers[k], &pkts[k]))
				return i + k;
	return i + ring_rx_take_x1(format, offloads, queue, slot + i, pkts, n - i);
}

/** A ring_rx_arm_fn for any CPU. In every format the first quadword is the buffer's address; zeros in the second one
 * clear DD, and say that there is no buffer for headers. */
RING_STEP void ring_rx_arm_scalar(struct ring_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	struct ring_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t iova_offset = queue->iova_offset;

#pragma GCC unroll 8
	for (unsigned i = 0; i < RING_BATCH; i++) {
		uint8_t *data = fresh[i];

		buffers[i] = data;
		ring[i].q0 = (uint64_t)data + iova_offset;
		ring[i].q1 = 0;
	}
}

/* ---- the burst ---- */

/* A burst is fast up to the ring's end. Fewer slots than a batch are without a buffer, and these are behind next, in
 * its own batch: the slots after next have theirs. It is not fast while more are without, because the pool had no
 * packets, nor inside a frame in several buffers. */
RING_INLINE void ring_rx_set_fast_until(struct ring_rxq *queue)
{
	uint32_t next = queue->next;

	if (queue->frame_left || queue->skipping || next - queue->refill_next >= RING_BATCH)
		queue->fast_until = next;
	else
		queue->fast_until = (next | queue->mask) + 1;
}

/** Gives emptied slots fresh buffers, in whole batches, and writes the tail at most once. @return got */
RING_INLINE unsigned ring_rx_refill(struct ring_rxq *queue, unsigned got, ring_rx_arm_fn *arm)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint32_t refill_next = queue->refill_next, tail_batch = queue->tail_batch;

	do {
		uint8_t **fresh = cache ? pkt_cache_take(pool, cache, RING_BATCH) : NULL;

		if (__builtin_expect(!fresh, 0)) {
			ring_count(&queue->pool_empty, 1);
			tail_batch = 1; /* the card runs short of slots: it gets those that there are, however few */
			break;
		}
		arm(queue, refill_next & queue->mask, fresh);
		refill_next += RING_BATCH;
	} while (queue->next - refill_next >= RING_BATCH);
	queue->refill_next = refill_next;
	if (refill_next - queue->tail_written >= tail_batch) {
		queue->tail_written = refill_next;
		/* one slot stays back: a tail equal to the head would mean an empty ring */
		__atomic_store_n(queue->tail, (refill_next - 1) & queue->mask, __ATOMIC_RELEASE);
	}
	ring_rx_set_fast_until(queue);
	return got;
}

/**
 * Takes the frame at next, which the step `take` has left: it is in several buffers, and is handed out once all of it
 * is there; or it is bad, and is dropped. pkts has room for n handles, of which *got are there; pieces of the frame
 * that find no room are left for the next burst.
 * @return false: the frame is not all there yet
 */
bool ring_rx_take_frame(
	const struct ring_rx_format *format, struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned *got);

/** A burst in every case. */
RING_INLINE unsigned ring_rx_general(const struct ring_rx_format *format, enum ring_offloads offloads,
	struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got, ring_rx_take_fn *take,
	ring_rx_refill_fn *refill)
{
	queue->next += got;
	while (got < n) {
		uint32_t slot = queue->next & queue->mask, to_end = queue->mask + 1 - slot;
		uint32_t with_buffer = queue->refill_next + queue->mask + 1 - queue->next;
		unsigned run = n - got, taken = 0;

		if (run > with_buffer)
			run = with_buffer;
		if (run > to_end)
			run = to_end;
		if (!run)
			break;
		if (!queue->frame_left && !queue->skipping)
			taken = take(format, offloads, queue, slot, &pkts[got], run);
		got += taken;
		queue->next += taken;
		if (taken < run && !ring_rx_take_frame(format, queue, pkts, n, &got))
			break;
	}
	if (queue->next - queue->refill_next >= RING_BATCH)
		return refill(queue, got);
	ring_rx_set_fast_until(queue);
	return got;
}

/** A burst of several packets, if it is fast; else it goes the general way. */
RING_INLINE unsigned ring_rx_many(const struct ring_rx_format *format, enum ring_offloads offloads,
	struct ring_rxq *queue, struct pkt *pkts, unsigned n, ring_rx_take_fn *take, ring_rx_general_fn *general,
	ring_rx_refill_fn *refill)
{
	uint32_t next = queue->next, slot = next & queue->mask;

	/* n - 1: a burst of none goes the general way, too */
	if (__builtin_expect(n - 1 >= queue->fast_until - next, 0))
		return general(queue, pkts, n, 0);
	unsigned got = take(format, offloads, queue, slot, pkts, n);
	if (got < n && __builtin_expect((ring_rx_status(&queue->ring[slot + got]) & format->dd) != 0, 0))
		return general(queue, pkts, n, got);
	next += got;
	queue->next = next;
	if (next - queue->refill_next >= RING_BATCH)
		return refill(queue, got);
	return got;
}

/** A burst. One packet, or none, is looked for first, so that it does not pay for what is prepared for many. */
RING_INLINE unsigned ring_rx_burst(const struct ring_rx_format *format, enum ring_offloads offloads,
	struct nic_rxq *nic, struct pkt *pkts, unsigned n, ring_rx_many_fn *many, ring_rx_refill_fn *refill)
{
	struct ring_rxq *queue = (struct ring_rxq *)nic;
	uint32_t next = queue->next, slot = next & queue->mask;
	const struct ring_descriptor *descriptor = &queue->ring[slot];

	if (__builtin_expect(next == queue->fast_until, 0))
		return many(queue, pkts, n);
	if (n == 1 && ring_rx_take_one(format, offloads, queue, descriptor, queue->buffers[slot], pkts)) {
		next++;
		queue->next = next;
		return next % RING_BATCH ? 1 : refill(queue, 1);
	}
	if (!(ring_rx_status(descriptor) & format->dd))
		return 0;
	return many(queue, pkts, n);
}

/** Defines the burst function `name`, and those that it calls, of a pointer to a constant format, a row of
 * enum ring_offloads, and steps. */
#define RING_RX_BURST(name, format, offloads, take, arm)                                                               \
	static RING_OUT_OF_LINE unsigned name##_refill(struct ring_rxq *queue, unsigned got)                           \
	{                                                                                                              \
		return ring_rx_refill(queue, got, arm);                                                                \
	}                                                                                                              \
	static RING_OUT_OF_LINE unsigned name##_general(                                                               \
		struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)                                    \
	{                                                                                                              \
		return ring_rx_general(format, offloads, queue, pkts, n, got, take, name##_refill);                    \
	}                                                                                                              \
	static RING_OUT_OF_LINE unsigned name##_many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)             \
	{                                                                                                              \
		return ring_rx_many(format, offloads, queue, pkts, n, take, name##_general, name##_refill);            \
	}                                                                                                              \
	unsigned name(struct nic_rxq *queue, struct pkt *pkts, unsigned n)                                             \
	{                                                                                                              \
		return ring_rx_burst(format, offloads, queue, pkts, n, name##_many, name##_refill);                    \
	}
