/* SPDX-License-Identifier: BSD-2-Clause
 * Receive: a queue's preparation and end, frames that are out of the ordinary, and the burst for any x86-64. */
#include "rx_burst.h"

#include "../../vfio/error.h"

#include <errno.h>

/* A frame of more pieces than the longest frame needs (15.5 KiB in buffers of 2 KiB) cannot be one. */
#define RX_PIECES_MAX 16u

_Static_assert(sizeof(struct pkt) == 16, "a handle is 16 bytes");
_Static_assert(offsetof(struct pkt, flags) == offsetof(struct pkt, len) + 2, "len and flags are written as one word");
_Static_assert(PKT_DATA_BYTES == 2048, "IXGBE_RX_LENGTH_HIGH and SRRCTL assume buffers of 2 KiB");

/* Looks at the frame that starts at `next`: how many descriptors it takes, and whether it's good. 0: not all there yet. Looks
 * at no slot that has no buffer: a device that finishes descriptors it was not given must not have us hand out what others hold. */
static unsigned measure_frame(const struct ixgbe_rxq *queue, uint32_t next, bool *good)
{
	uint32_t owned = queue->fill + queue->mask + 1 - next;

	*good = true;
	for (unsigned i = 0; i < RX_PIECES_MAX; i++) {
		if (i == owned)
			return 0;
		uint64_t q1 = ixgbe_rx_status(&queue->ring[(next + i) & queue->mask]);
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

unsigned ixgbe_rx_take_odd(struct ixgbe_rxq *queue, uint32_t *next, struct pkt *pkts, unsigned n, bool *stop)
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
			queue->odd =
				!(ixgbe_rx_status(&queue->ring[(*next + pieces - 1) & queue->mask]) & IXGBE_RX_EOP) ? IXGBE_SKIPPING : 0;
			*next += pieces;
			ixgbe_count(&queue->bad_descriptors, pieces);
			return 0;
		}
		queue->odd = pieces;
	}
	while (queue->odd && got < n) {
		const struct ixgbe_descriptor *descriptor = &queue->ring[*next & queue->mask];
		uint32_t length = IXGBE_RX_LENGTH(ixgbe_rx_status(descriptor));

		if (length > PKT_DATA_BYTES) /* it has changed since it was measured: no hardware does that, a hostile one may */
			length = PKT_DATA_BYTES;
		queue->odd--;
		ixgbe_rx_hand_out(&pkts[got++], descriptor, queue->buffers[*next & queue->mask],
			length | (queue->odd ? (uint32_t)PKT_MORE << 16 : 0));
		++*next;
	}
	return got;
}

/* Four at a time, so that the loop itself costs little. */
static inline unsigned take(const struct ixgbe_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	const struct ixgbe_descriptor *ring = &queue->ring[slot];
	uint8_t *const *buffers = &queue->buffers[slot];
	unsigned i = 0;

	for (; i + 4 <= n; i += 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ixgbe_rx_take_one(&ring[k], buffers[k], &pkts[k]))
				return i + k;
	return i + ixgbe_rx_take_few(queue, slot + i, pkts, n - i);
}

static inline void arm(struct ixgbe_rxq *queue, uint32_t slot, uint8_t *const *fresh)
{
	struct ixgbe_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t offset = queue->offset;

#pragma GCC unroll 8
	for (unsigned i = 0; i < IXGBE_BATCH; i++) {
		uint8_t *data = fresh[i];
		buffers[i] = data;
		ring[i].q0 = (uint64_t)data + offset;
		ring[i].q1 = 0; /* no header buffer; and DD is cleared */
	}
}

static __attribute__((noinline)) unsigned refill(struct ixgbe_rxq *queue, unsigned got)
{
	return ixgbe_rx_refill(queue, got, arm);
}

static __attribute__((noinline)) unsigned any(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ixgbe_rx_any(queue, pkts, n, got, take, refill);
}

static __attribute__((noinline)) unsigned many(struct ixgbe_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ixgbe_rx_many(queue, pkts, n, take, any, refill);
}

static unsigned burst(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ixgbe_rx_burst(nic, pkts, n, many, any, refill);
}

/* Where the tail register is no memory, it's told by a call, once per burst at most. */
static unsigned burst_trapped(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	struct ixgbe_rxq *queue = (struct ixgbe_rxq *)nic;
	unsigned got = queue->burst(nic, pkts, n);

	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return got;
}

int ixgbe_rxq_prepare(struct ixgbe_rxq *queue, enum pkt_simd simd)
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
				"a receive ring of %u needs as many packets, and the pool has only %u left; open the pool with more", size,
				have);
		}
	}
	queue->next = queue->fill = 0;
	queue->odd = 0;
	queue->pool_empty = queue->bad_descriptors = 0;
	queue->trapped_tail = queue->tail_told = 0;
	ixgbe_rx_set_limit(queue);
	queue->burst = simd == PKT_SIMD_AVX512 ? ixgbe_rx_burst_avx512 : simd == PKT_SIMD_AVX2 ? ixgbe_rx_burst_avx2 : burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? burst_trapped : queue->burst;
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
