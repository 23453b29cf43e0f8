/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit queues of the 82599, X540 and X550: what a burst touches. Registers are start.c's business; here are
 * rings in memory and tails. */
#ifndef POLLUX_DRIVER_IXGBE_QUEUE_H
#define POLLUX_DRIVER_IXGBE_QUEUE_H

#include "../../vfio/device.h"
#include "../nic.h"
#include "descriptor.h"

#include <stdbool.h>
#include <stdint.h>

#define IXGBE_RING_MIN 64u
#define IXGBE_RING_MAX 4096u
#define IXGBE_BATCH    32u /* descriptors per refill, per report-status and per reclaim */

#define IXGBE_SKIPPING UINT32_MAX /* inside a frame that is being dropped: until its last descriptor */

struct pkt_pool;
struct ixgbe_pipe;
struct ixgbe_pipe_output;

/** A receive queue. Single user, but for the counters, which others may read. */
struct ixgbe_rxq {
	struct nic_rxq nic; /* first: nic_rx casts */

	/* touched per burst */
	struct ixgbe_descriptor *ring;
	uint8_t **buffers; /* per slot: its buffer's data, at the default position */
	struct pkt_pool *pool;
	uint64_t offset;         /* I/O address = pointer + offset */
	volatile uint32_t *tail; /* RDT, or `trapped_tail` */
	uint32_t mask;           /* ring size - 1 */
	uint32_t next;           /* the slot to look at next; counts up freely */
	uint32_t fill;           /* the slot to refill next; counts up freely, a multiple of IXGBE_BATCH */
	uint32_t limit;          /* up to here a burst meets nothing out of the ordinary but descriptors */
	uint32_t odd;            /* 0, or: descriptors from `next` on of a frame already checked as a whole; or IXGBE_SKIPPING */

	/* touched now and then */
	uint64_t pool_empty, bad_descriptors;                                   /* written by the queue's thread only, relaxed atomics */
	uint32_t trapped_tail, tail_told;                                       /* where the tail is no memory: written here, then told */
	unsigned (*burst)(struct nic_rxq *queue, struct pkt *pkts, unsigned n); /* without the telling */
	const struct vfio_window *window;
	const struct vfio_device *device;
	uint32_t tail_offset;
	struct ixgbe_pipe *pipe; /* that it belongs to, or NULL */
};

/** A transmit queue. */
struct ixgbe_txq {
	struct nic_txq nic;

	/* touched per burst */
	struct ixgbe_descriptor *ring;
	uint8_t **buffers;     /* per slot: data of the packet in it, wherever in its buffer; NULL: nothing to free */
	struct pkt_pool *pool; /* where most packets are expected to come from; others take a slower path */
	uint64_t offset;
	volatile uint32_t *tail; /* TDT, or `trapped_tail` */
	uint32_t mask;
	uint32_t next;                                 /* the slot to fill next; counts up freely */
	uint32_t limit;                                /* a burst that ends before it has nothing to do but write descriptors */
	uint32_t clean;                                /* the slot to reclaim next; counts up freely, a multiple of IXGBE_BATCH */
	uint32_t max_single;                           /* longest frame that fits one descriptor here, bytes without FCS */
	uint16_t report[IXGBE_RING_MAX / IXGBE_BATCH]; /* per batch of slots: the slot whose report covers it */

	/* touched now and then */
	uint64_t bad_packets;
	uint32_t max_frame; /* longest frame, bytes without FCS */
	uint32_t trapped_tail, tail_told;
	unsigned (*burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
	const struct vfio_window *window;
	const struct vfio_device *device;
	uint32_t tail_offset;
	struct ixgbe_pipe_output *pipes; /* that feed it */
	uint32_t pipe_slots;             /* of their receive rings, together; 0: packets come by bursts */
};

static inline void ixgbe_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* single writer */
}

/**
 * Prepares a receive queue: takes a buffer for every slot and writes every descriptor. The queue's other fields (ring, buffers, pool,
 * offset, mask, window, device, tail_offset) are set by the caller. Chooses the burst function; simd is not AUTO.
 * The first tail, size - 1, is written by ixgbe_rxq_go once the card has enabled the queue.
 * -ENOBUFS: the pool has too few packets; nothing is taken then.
 */
int ixgbe_rxq_prepare(struct ixgbe_rxq *queue, enum pkt_simd simd);
void ixgbe_rxq_go(struct ixgbe_rxq *queue);

/** Gives all buffers of a stopped queue back to the pool. */
void ixgbe_rxq_drain(struct ixgbe_rxq *queue);

/** Prepares a transmit queue: empty, no slot holding a packet. Fields set by the caller as above, and max_frame. */
void ixgbe_txq_prepare(struct ixgbe_txq *queue, enum pkt_simd simd);

/** Descriptors that the card has not yet reported done, given its head register's value. */
static inline uint32_t ixgbe_txq_pending(const struct ixgbe_txq *queue, uint32_t head)
{
	return (queue->next - head) & queue->mask;
}

/** Gives all packets of a stopped queue back to their pools. */
void ixgbe_txq_drain(struct ixgbe_txq *queue);

#endif
