/* SPDX-License-Identifier: BSD-2-Clause
 * A receive burst for descriptors of any format: takes finished descriptors off the ring, hands their buffers out by value, refills in
 * batches. A family makes its burst function of it by calling ring_rx_burst with its format, a constant that melts into the code. */
#ifndef POLLUX_DRIVER_RING_RX_H
#define POLLUX_DRIVER_RING_RX_H

#include "ring.h"

#include "../mempool/pool.h"

#include <string.h>

/** What a written-back descriptor says in its second quadword. */
struct ring_rx_format {
	uint64_t done, end;    /* DD, EOP */
	uint64_t errors;       /* any of these: the frame is bad; valid with EOP */
	unsigned length_shift; /* of its 16 bits */
	bool hash;             /* the first quadword's upper half is the RSS hash, or 0 */
};

/* A frame of more pieces than the longest frame needs (16 KiB in buffers of 2 KiB) cannot be one. */
#define RING_RX_PIECES_MAX 16u

#define RING_INLINE static inline __attribute__((always_inline))

_Static_assert(sizeof(struct pkt) == 16, "a handle is 16 bytes");
_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "len and flags are written as one word");
_Static_assert(PKT_DATA_BYTES == 2048, "ring_rx_decides and the families' buffer sizes assume buffers of 2 KiB");

/* DD first, then the rest of that descriptor; each quadword is read once. */
RING_INLINE uint64_t ring_rx_status(const struct ring_descriptor *descriptor)
{
	return __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE);
}

RING_INLINE uint32_t ring_rx_length(const struct ring_rx_format f, uint64_t q1)
{
	return (uint32_t)(q1 >> f.length_shift) & 0xFFFF;
}

/* One comparison tells a whole, good frame that lies in one buffer from everything else. A length of 2048 or more counts as odd: a
 * full buffer of exactly 2048 is legitimate, and handled out of line. */
RING_INLINE uint64_t ring_rx_decides(const struct ring_rx_format f)
{
	return f.done | f.end | f.errors | UINT64_C(0xF800) << f.length_shift;
}

RING_INLINE void ring_rx_hand_out(
	const struct ring_rx_format f, struct pkt *pkt, const struct ring_descriptor *descriptor, uint8_t *data, uint32_t length_and_flags)
{
	pkt->data = data;
	memcpy(&pkt->len, &length_and_flags, 4);
	pkt->hash = f.hash ? (uint32_t)(descriptor->q0 >> 32) : 0;
}

/* Takes the unbroken run of whole, good frames at the front, at most n. */
RING_INLINE unsigned ring_rx_take(
	const struct ring_rx_format f, const struct ring_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n)
{
	unsigned i;
#pragma GCC unroll 4
	for (i = 0; i < n; i++) {
		uint64_t q1 = ring_rx_status(&ring[i]);
		if (__builtin_expect((q1 & ring_rx_decides(f)) != (f.done | f.end), 0))
			break;
		ring_rx_hand_out(f, &pkts[i], &ring[i], buffers[i], ring_rx_length(f, q1));
	}
	return i;
}

/* Looks at the frame that starts at `next`: how many descriptors it takes, and whether it's good. 0: not all there yet. Looks
 * at no slot that has no buffer: a device that finishes descriptors it was not given must not have us hand out what others hold. */
RING_INLINE unsigned ring_rx_measure(const struct ring_rx_format f, const struct ring_rxq *queue, uint32_t next, bool *good)
{
	uint32_t owned = queue->fill + queue->mask + 1 - next;
	*good = true;
	for (unsigned i = 0; i < RING_RX_PIECES_MAX; i++) {
		if (i == owned)
			return 0;
		uint64_t q1 = ring_rx_status(&queue->ring[(next + i) & queue->mask]);
		if (!(q1 & f.done))
			return 0;
		if (ring_rx_length(f, q1) > PKT_DATA_BYTES)
			*good = false;
		if (q1 & f.end) {
			if (q1 & f.errors)
				*good = false;
			return i + 1;
		}
	}
	*good = false;
	return RING_RX_PIECES_MAX;
}

/*
 * What ring_rx_take stopped at: nothing (DD is not set), or a descriptor that is not a whole, good frame. Hands out pieces of a
 * frame once it is there as a whole, drops what is bad. Returns handles written; *next moves on; *stop when there is no more to do.
 */
RING_INLINE unsigned ring_rx_take_odd(
	const struct ring_rx_format f, struct ring_rxq *queue, uint32_t *next, struct pkt *pkts, unsigned n, bool *stop)
{
	bool good;
	unsigned pieces, got = 0;
	if (!queue->odd || queue->odd == RING_SKIPPING) {
		pieces = ring_rx_measure(f, queue, *next, &good);
		if (!pieces) {
			*stop = true;
			return 0;
		}
		if (!good || queue->odd) {
			for (unsigned i = 0; i < pieces; i++)
				pkt_free_data(&queue->buffers[(*next + i) & queue->mask], 1);
			queue->odd = !(ring_rx_status(&queue->ring[(*next + pieces - 1) & queue->mask]) & f.end) ? RING_SKIPPING : 0;
			*next += pieces;
			ring_count(&queue->bad_descriptors, pieces);
			return 0;
		}
		queue->odd = pieces;
	}
	while (queue->odd && got < n) {
		const struct ring_descriptor *descriptor = &queue->ring[*next & queue->mask];
		uint32_t length = ring_rx_length(f, ring_rx_status(descriptor));
		if (length > PKT_DATA_BYTES) /* it has changed since it was measured: no hardware does that, a hostile one may */
			length = PKT_DATA_BYTES;
		queue->odd--;
		ring_rx_hand_out(f, &pkts[got++], descriptor, queue->buffers[*next & queue->mask],
			length | (queue->odd ? (uint32_t)PKT_MORE << 16 : 0));
		++*next;
	}
	return got;
}

/** Gives fresh buffers to the slots that were emptied, whole batches only, and tells the card once. Returns got. In ring.c: no format
 *  needs more than an address and a cleared second quadword. */
unsigned ring_rx_refill(struct ring_rxq *queue, unsigned got);

RING_INLINE unsigned ring_rx_finish(struct ring_rxq *queue, uint32_t next, unsigned got)
{
	queue->next = next;
	return __builtin_expect(next - queue->fill >= RING_BATCH, 0) ? ring_rx_refill(queue, got) : got;
}

/** Every case: the ring's end inside the burst, frames in pieces, bad ones. `got` handles are in pkts already. To be called out of line,
 *  by a function of the family's. */
RING_INLINE unsigned ring_rx_any(const struct ring_rx_format f, struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
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
			taken = ring_rx_take(f, &queue->ring[slot], &queue->buffers[slot], &pkts[got], run);
		got += taken;
		next += taken;
		if (taken < run)
			got += ring_rx_take_odd(f, queue, &next, &pkts[got], n - got, &stop);
	}
	return ring_rx_finish(queue, next, got);
}

/** A burst. The usual case needs no call and no saved register: whole frames, and the ring's end not in sight. */
RING_INLINE unsigned ring_rx_burst(const struct ring_rx_format f, struct ring_rxq *queue, struct pkt *pkts, unsigned n,
	unsigned (*any)(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got))
{
	uint32_t next = queue->next, slot = next & queue->mask;
	/* up to the ring's end, and no slot without a buffer */
	if (__builtin_expect(n > queue->mask + 1 - slot || n > queue->fill + queue->mask + 1 - next || queue->odd, 0))
		return any(queue, pkts, n, 0);
	unsigned got = ring_rx_take(f, &queue->ring[slot], &queue->buffers[slot], pkts, n);
	if (got < n && __builtin_expect((ring_rx_status(&queue->ring[(next + got) & queue->mask]) & f.done) != 0, 0))
		return any(queue, pkts, n, got);
	return ring_rx_finish(queue, next + got, got);
}

#endif
