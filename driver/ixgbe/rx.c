/* SPDX-License-Identifier: BSD-2-Clause
 * Receive: takes finished descriptors off the ring, hands their buffers out by value, refills in batches. 82599 DS 7.1.6 (advanced
 * descriptors), 7.1.9 (ring). */
#include "queue.h"

#include "../../mempool/pool.h"
#include "../../vfio/error.h"

#include <errno.h>
#include <string.h>

/* A frame of more pieces than the longest frame needs (15.5 KiB in buffers of 2 KiB) cannot be one. */
#define RX_PIECES_MAX 16u

_Static_assert(sizeof(struct pkt) == 16, "a handle is 16 bytes");
_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "len and flags are written as one word");
_Static_assert(PKT_DATA_BYTES == 2048, "IXGBE_RX_LENGTH_HIGH and SRRCTL assume buffers of 2 KiB");

static inline void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* single writer */
}

/* DD first, then the rest of that descriptor; each quadword is read once. */
static inline uint64_t read_status(const struct ixgbe_descriptor *descriptor)
{
	return __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE);
}

static inline void hand_out(struct pkt *pkt, const struct ixgbe_descriptor *descriptor, uint8_t *data, uint32_t length_and_flags)
{
	pkt->data = data;
	memcpy(&pkt->len, &length_and_flags, 4);
	memcpy(&pkt->hash, (const char *)&descriptor->q0 + 4, 4);
}

/* Takes the unbroken run of whole, good frames at the front, at most n. */
static inline unsigned take_frames(const struct ixgbe_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n)
{
	unsigned i;

#pragma GCC unroll 4
	for (i = 0; i < n; i++) {
		uint64_t q1 = read_status(&ring[i]);
		if (__builtin_expect((q1 & IXGBE_RX_DECIDES) != IXGBE_RX_WHOLE_FRAME, 0))
			break;
		hand_out(&pkts[i], &ring[i], buffers[i], IXGBE_RX_LENGTH(q1));
	}
	return i;
}

/* Looks at the frame that starts at `next`: how many descriptors it takes, and whether it's good. 0: not all there yet. Looks
 * at no slot that has no buffer: a device that finishes descriptors it was not given must not have us hand out what others hold. */
static unsigned measure_frame(const struct ixgbe_rxq *queue, uint32_t next, bool *good)
{
	uint32_t owned = queue->fill + queue->mask + 1 - next;

	*good = true;
	for (unsigned i = 0; i < RX_PIECES_MAX; i++) {
		if (i == owned)
			return 0;
		uint64_t q1 = read_status(&queue->ring[(next + i) & queue->mask]);
		if (!(q1 & IXGBE_RX_DD))
			return 0;
		if (IXGBE_RX_LENGTH(q1) > PKT_DATA_BYTES)
			*good = false;
		if (q1 & IXGBE_RX_EOP) {
			if (q1 & IXGBE_RX_RXE)
				*good = false;
			return i + 1;
		}
	}
	*good = false;
	return RX_PIECES_MAX;
}

/*
 * What take_frames stopped at: nothing (DD is not set), or a descriptor that is not a whole, good frame. Hands out pieces of a
 * frame once it is there as a whole, drops what is bad. Returns handles written; *next moves on; *stop when there is no more to do.
 */
static __attribute__((noinline)) unsigned take_odd(struct ixgbe_rxq *queue, uint32_t *next, struct pkt *pkts, unsigned n, bool *stop)
{
	bool good;
	unsigned pieces, got = 0;

	if (!queue->odd || queue->odd == IXGBE_SKIPPING) {
		pieces = measure_frame(queue, *next, &good);
		if (!pieces) {
			*stop = true;
			return 0;
		}
		if (!good || queue->odd) {
			for (unsigned i = 0; i < pieces; i++)
				pkt_free_data(&queue->buffers[(*next + i) & queue->mask], 1);
			queue->odd = !(read_status(&queue->ring[(*next + pieces - 1) & queue->mask]) & IXGBE_RX_EOP) ? IXGBE_SKIPPING : 0;
			*next += pieces;
			count(&queue->bad_descriptors, pieces);
			return 0;
		}
		queue->odd = pieces;
	}
	while (queue->odd && got < n) {
		const struct ixgbe_descriptor *descriptor = &queue->ring[*next & queue->mask];
		uint32_t length = IXGBE_RX_LENGTH(read_status(descriptor));

		if (length > PKT_DATA_BYTES) /* it has changed since it was measured: no hardware does that, a hostile one may */
			length = PKT_DATA_BYTES;
		queue->odd--;
		hand_out(&pkts[got++], descriptor, queue->buffers[*next & queue->mask],
			length | (queue->odd ? (uint32_t)PKT_MORE << 16 : 0));
		++*next;
	}
	return got;
}

/* Gives fresh buffers to the slots that were emptied, whole batches only, and tells the card once. Returns got. */
static __attribute__((noinline)) unsigned refill(struct ixgbe_rxq *queue, unsigned got)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint64_t offset = queue->offset;
	uint32_t fill = queue->fill;

	do {
		struct ixgbe_descriptor *ring = &queue->ring[fill & queue->mask];
		uint8_t **buffers = &queue->buffers[fill & queue->mask];
		uint8_t **fresh = cache ? pkt_cache_take(pool, cache, IXGBE_BATCH) : NULL;

		if (__builtin_expect(!fresh, 0)) {
			count(&queue->pool_empty, 1);
			break;
		}
#pragma GCC unroll 8
		for (unsigned i = 0; i < IXGBE_BATCH; i++) {
			uint8_t *data = fresh[i];
			buffers[i] = data;
			ring[i].q0 = (uint64_t)data + offset;
			ring[i].q1 = 0; /* no header buffer; and DD is cleared */
		}
		fill += IXGBE_BATCH;
	} while (queue->next - fill >= IXGBE_BATCH);
	if (fill != queue->fill) {
		queue->fill = fill;
		/* one slot stays back: a tail equal to the head would mean an empty ring */
		__atomic_store_n(queue->tail, (fill - 1) & queue->mask, __ATOMIC_RELEASE);
	}
	return got;
}

static inline unsigned finish(struct ixgbe_rxq *queue, uint32_t next, unsigned got)
{
	queue->next = next;
	return __builtin_expect(next - queue->fill >= IXGBE_BATCH, 0) ? refill(queue, got) : got;
}

/* Every case: the ring's end inside the burst, frames in pieces, bad ones. `got` handles are in pkts already. */
static __attribute__((noinline)) unsigned burst_any(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
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
			taken = take_frames(&queue->ring[slot], &queue->buffers[slot], &pkts[got], run);
		got += taken;
		next += taken;
		if (taken < run)
			got += take_odd(queue, &next, &pkts[got], n - got, &stop);
	}
	return finish(queue, next, got);
}

/* The usual case needs no call and no saved register: whole frames, and the ring's end not in sight. */
static inline unsigned burst(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n)
{
	uint32_t next = queue->next, slot = next & queue->mask;
	unsigned got;

	/* up to the ring's end, and no slot without a buffer */
	if (__builtin_expect(n > queue->mask + 1 - slot || n > queue->fill + queue->mask + 1 - next || queue->odd, 0))
		return burst_any(queue, pkts, n, 0);
	got = take_frames(&queue->ring[slot], &queue->buffers[slot], pkts, n);
	if (got < n && __builtin_expect(read_status(&queue->ring[(next + got) & queue->mask]) & IXGBE_RX_DD, 0))
		return burst_any(queue, pkts, n, got);
	return finish(queue, next + got, got);
}

static unsigned rx_burst(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return burst((struct ixgbe_rxq *)nic, pkts, n);
}

/* Where the tail register is no memory, it's told by a call, once per burst at most. */
static unsigned rx_burst_trapped(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	struct ixgbe_rxq *queue = (struct ixgbe_rxq *)nic;
	unsigned got = burst(queue, pkts, n);

	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return got;
}

int ixgbe_rxq_prepare(struct ixgbe_rxq *queue)
{
	unsigned size = queue->mask + 1, have = 0;
	struct pkt pkts[IXGBE_BATCH];

	while (have < size) {
		unsigned got = pkt_alloc(queue->pool, pkts, IXGBE_BATCH);
		for (unsigned i = 0; i < got; i++) {
			queue->buffers[have + i] = pkts[i].data;
			queue->ring[have + i].q0 = (uint64_t)pkts[i].data + queue->offset;
			queue->ring[have + i].q1 = 0;
		}
		have += got;
		if (got < IXGBE_BATCH) {
			pkt_free_data(queue->buffers, have);
			return pollux_fail(ENOBUFS,
				"a receive ring of %u needs as many packets, and the pool has only %u left; open the pool with more", size, have);
		}
	}
	queue->next = queue->fill = 0;
	queue->odd = 0;
	queue->pool_empty = queue->bad_descriptors = 0;
	queue->trapped_tail = queue->tail_told = 0;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? rx_burst_trapped : rx_burst;
	return 0;
}

void ixgbe_rxq_go(struct ixgbe_rxq *queue)
{
	queue->trapped_tail = queue->tail_told = queue->mask;
	vfio_write32(queue->window, queue->tail_offset, queue->mask);
}

void ixgbe_rxq_drain(struct ixgbe_rxq *queue)
{
	/* the slots from fill to next are empty: the application has their buffers */
	for (uint32_t i = queue->next; i != queue->fill + queue->mask + 1; i++)
		pkt_free_data(&queue->buffers[i & queue->mask], 1);
	queue->next = queue->fill + queue->mask + 1;
}
