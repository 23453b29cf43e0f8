/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit queues of all families: what a burst touches, and the memory of a started port's rings.
 * Registers are the families' business; here are rings in memory and tails. The bursts themselves are in rx.h and
 * tx.h. */
#ifndef POLLUX_DRIVER_RING_H
#define POLLUX_DRIVER_RING_H

#include "../driver.h"

#define RING_BATCH 32u /* descriptors per refill, per report-status and per reclaim */

/** A descriptor, receive or transmit, in any format. Little-endian, as x86-64 is. */
struct ring_descriptor {
	uint64_t q0, q1;
} __attribute__((aligned(16)));

struct pkt_pool;
struct ixgbe_pipe_output;

/** A receive queue. Single user, but for the counters, which others may read. */
struct ring_rxq {
	struct nic_rxq nic; /* first: nic_rx casts */

	/* touched per burst */
	struct ring_descriptor *ring;
	uint8_t **buffers; /* per slot: its buffer's data, at the default position */
	struct pkt_pool *pool;
	uint64_t offset;         /* I/O address = pointer + offset */
	volatile uint32_t *tail; /* RDT, or `trapped_tail` */
	uint32_t mask;           /* ring size - 1 */
	uint32_t next;           /* the slot to look at next; counts up freely */
	uint32_t fill;           /* the slot to refill next; counts up freely, a multiple of RING_BATCH */
	uint32_t limit;          /* up to here a burst meets nothing out of the ordinary but descriptors */
	uint32_t odd;  /* 0, or: descriptors from `next` on of a frame already checked as a whole; or RING_SKIPPING */
	uint32_t told; /* `fill` as the card knows it */
	uint32_t tell_after; /* so many slots refilled are worth a register write */

	/* touched now and then */
	uint64_t pool_empty,
		bad_descriptors; /* these and bad_packets: written by the queue's thread only, relaxed atomics */
	uint32_t trapped_tail, tail_told; /* where the tail is no memory: written here, then told */
	uint32_t tail_offset;
	uint32_t max_frame; /* longest frame, bytes without FCS: longer ones in several buffers are dropped */
	const struct vfio_window *window;
	unsigned (*burst)(
		struct nic_rxq *queue, struct pkt *pkts, unsigned n); /* what is done before a trapped tail is told */
	struct nic_pipe *pipe;                                        /* that it feeds, or NULL */
	uint64_t bad_packets;
	uint64_t done, end; /* in a finished descriptor's second quadword: DD and EOP */
};

#define RING_SKIPPING UINT32_MAX /* inside a frame that is being dropped: until its last descriptor */

/** A transmit queue. */
struct ring_txq {
	struct nic_txq nic;

	/* touched per burst */
	struct ring_descriptor *ring;
	uint8_t **buffers;     /* per slot: data of the packet in it, wherever in its buffer */
	struct pkt_pool *pool; /* where most packets are expected to come from, and copies of too short frames; others
				  take a slower path */
	uint64_t offset;
	volatile uint32_t *tail; /* TDT, or `trapped_tail` */
	uint32_t mask;
	uint32_t next;       /* the slot to fill next; counts up freely */
	uint32_t limit;      /* a burst that ends before it has nothing to do but write descriptors */
	uint32_t clean;      /* the slot to reclaim next; counts up freely, a multiple of RING_BATCH */
	uint32_t max_single; /* longest frame that fits one descriptor here, bytes without FCS */
	uint16_t report[RING_SIZE_MAX / RING_BATCH]; /* per batch of slots: the slot whose report covers it */

	/* touched now and then */
	uint64_t bad_packets;
	uint32_t max_frame; /* longest frame, bytes without FCS */
	uint32_t trapped_tail, tail_told;
	uint32_t tail_offset;
	const struct vfio_window *window;
	unsigned (*burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
	struct ixgbe_pipe_output *pipes; /* that feed it */
	uint32_t pipe_slots; /* of the receive rings of all that ever did, together; 0: packets come by bursts */
	uint32_t further_descriptors; /* of frames in several: all but the first of each, since start; counts up freely
				       */
};

/** What a family gives its rings: its bursts, and where the tails are. */
struct ring_kind {
	unsigned (*rx_burst)(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
	unsigned (*tx_burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
	uint32_t (*rx_tail)(unsigned queue);
	uint32_t (*tx_tail)(unsigned queue);
	uint64_t rx_done, rx_end; /* DD and EOP in a finished receive descriptor's second quadword */
	unsigned rx_tell_share;   /* the card is told of refilled slots when they are this part of the ring; 0: of each
				     batch */
};

/** Allocates rings and queues for nic->config, and fills receive rings with buffers. The device does not know of them
 * yet. Errors: -ENOMEM, -ENOBUFS (the pool has too few packets), those of DMA memory; nothing is left then. */
int rings_open(struct nic *nic, const struct ring_kind *kind);
/** Counts what is left in the rings (nic_stats.rx_left and tx_unsent), gives all packets back and frees rings and
 * queues. No DMA may happen any more, and the card's counters must be up to date. */
void rings_close(struct nic *nic);

/**
 * Prepares a receive queue: takes a buffer for every slot and writes every descriptor. The queue's other fields (ring,
 * buffers, pool, offset, tail, mask, tell_after, window, tail_offset) are set by the caller. -ENOBUFS: the pool has too
 * few packets; nothing is taken then.
 */
int ring_rxq_prepare(struct ring_rxq *queue, unsigned (*burst)(struct nic_rxq *queue, struct pkt *pkts, unsigned n));
/** Hands all slots but one of a receive ring to the card, which must be ready for it. */
void ring_rxq_go(struct ring_rxq *queue);
/** Gives all buffers of a stopped queue back to the pool. */
void ring_rxq_drain(struct ring_rxq *queue);

/** Prepares a transmit queue: empty, no slot holding a packet. Fields set by the caller as above, and max_frame. */
void ring_txq_prepare(
	struct ring_txq *queue, unsigned (*burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n));
/** Gives all packets of a stopped queue back to their pools. */
void ring_txq_drain(struct ring_txq *queue);

/** Bursts of queues that a pipe has, or whose device is gone; and what a pipe takes then. */
unsigned ring_rx_nothing(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned ring_tx_nothing(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
unsigned ring_take_nothing(struct nic_pipe *pipe, unsigned n);

/** The I/O address of a ring. */
static inline uint64_t ring_address(const struct ring_descriptor *ring, uint64_t offset)
{
	return (uint64_t)(uintptr_t)ring + offset;
}

/** Descriptors that the card has not yet taken, given its head register's value. */
static inline uint32_t ring_txq_pending(const struct ring_txq *queue, uint32_t head)
{
	return (queue->next - head) & queue->mask;
}

/** Waits until the card has taken all packets handed over for transmit, and has counted them as sent. No failure when
 * nothing has moved for the limit, or ten times that has passed: without link nothing ever goes out. head is a queue's
 * head register. */
void rings_drain(struct nic *nic, uint32_t (*head)(unsigned queue), uint32_t limit_us);

/** From now on the port's bursts do nothing, and pipes take nothing from it. Others may be in one meanwhile. */
void rings_silence(struct nic *nic);

/** Adds the queues' own counters, total since start. */
void rings_add_stats(const struct nic *nic, struct nic_stats *stats);

static inline void ring_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* single writer */
}

#endif
