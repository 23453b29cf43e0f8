/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit queues of all families: what a burst touches, and the memory of a started port's rings.
 * Registers are the families' business; here are rings in memory and tails. The bursts themselves are in rx.h and
 * tx.h. */
#ifndef POLLUX_DRIVER_RING_H
#define POLLUX_DRIVER_RING_H

#include "../driver.h"

#define RING_INLINE      static inline __attribute__((always_inline))
#define RING_OUT_OF_LINE __attribute__((noinline))

#define RING_BATCH 32u /* descriptors per refill, per report-status and per reclaim */

/** A descriptor, receive or transmit, in any format. Little-endian, as x86-64 is. */
struct ring_descriptor {
	uint64_t q0, q1;
} __attribute__((aligned(16)));

typedef unsigned ring_rx_burst_fn(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
typedef unsigned ring_tx_burst_fn(struct nic_txq *queue, const struct pkt *pkts, unsigned n);

struct pkt_pool;
struct ring_rx_format; /* rx.h */
struct ring_tx_format; /* tx.h */
struct pipe;           /* ../pipe/ */
struct pipe_output;

/*
 * Slots are counted freely: next, refill_next and reclaim_next only ever grow, and wrap at 2^32; `& mask` makes a slot
 * of the ring of them. A queue's fields are written by the queue's one thread, while the port runs; the counters
 * (relaxed atomics) may be read by others.
 */

/** A receive queue. */
struct ring_rxq {
	struct nic_rxq nic; /* first: nic_rx casts */

	/* touched per burst */
	struct ring_descriptor *ring;
	uint8_t **buffers;       /* per slot: its buffer's data, at the default position */
	struct pkt_pool *pool;   /* where fresh buffers come from */
	uint64_t iova_offset;    /* I/O address = pointer + iova_offset, in bytes */
	volatile uint32_t *tail; /* the tail register RDT, or trapped_tail */
	uint32_t mask;           /* slots in the ring, less one */
	uint32_t next;           /* slot that the next burst looks at first */
	uint32_t refill_next;    /* slot that gets a fresh buffer next; a multiple of RING_BATCH */
	uint32_t fast_until;   /* up to this slot a burst meets whole frames and no end of the ring; next: it may not */
	uint32_t frame_left;   /* descriptors from next on of a frame in several buffers that is being handed out */
	bool skipping;         /* inside a frame that is being dropped, until its last descriptor */
	uint32_t tail_written; /* refill_next when the tail was last written */
	uint32_t tail_batch;   /* slots to refill before the tail is written again */

	/* touched now and then */
	uint64_t pool_empty;           /* refills that found the pool without packets */
	uint64_t bad_packets;          /* frames dropped: with an error, or too long */
	uint64_t bad_descriptors;      /* the descriptors that these had */
	uint32_t trapped_tail;         /* the tail's value where RDT is no memory, and a call writes it */
	uint32_t trapped_tail_written; /* trapped_tail when that call was last made */
	uint32_t tail_offset;          /* of RDT in the register window, in bytes */
	uint32_t max_frame;            /* bytes without FCS: longer frames in several buffers are dropped */
	const struct vfio_window *window;
	/* the burst itself, which nic.burst calls before it writes a trapped tail */
	ring_rx_burst_fn *burst;
	/* has whoever takes packets from the queue, in whatever thread, get none from now on */
	void (*silence)(struct ring_rxq *queue);
	struct pipe *pipe; /* the pipe that this queue feeds, or NULL */
	const struct ring_rx_format *format;
};

/** A transmit queue. */
struct ring_txq {
	struct nic_txq nic;

	/* touched per burst */
	struct ring_descriptor *ring;
	uint8_t **buffers;       /* per slot: data of the packet in it, wherever in its buffer that begins */
	struct pkt_pool *pool;   /* most packets come from this pool, and so do copies of too short frames */
	uint64_t iova_offset;    /* I/O address = pointer + iova_offset, in bytes */
	volatile uint32_t *tail; /* the tail register TDT, or trapped_tail */
	uint32_t mask;           /* slots in the ring, less one */
	uint32_t next;           /* slot that the next packet is written to */
	uint32_t fast_until;     /* a burst that ends before this slot only writes descriptors */
	uint32_t reclaim_next;   /* slot whose packet is freed next; a multiple of RING_BATCH */
	uint32_t excess_max;     /* longest frame of a single descriptor, in bytes beyond format->frame_min */
	uint16_t report_slot[RING_SIZE_MAX / RING_BATCH]; /* per batch: the slot whose DD says that the batch is sent */

	/* touched now and then */
	uint64_t bad_packets;          /* frames freed unsent */
	uint32_t max_frame;            /* longest frame, bytes without FCS */
	uint32_t trapped_tail;         /* the tail's value where TDT is no memory, and a call writes it */
	uint32_t trapped_tail_written; /* trapped_tail when that call was last made */
	uint32_t tail_offset;          /* of TDT in the register window, in bytes */
	const struct vfio_window *window;
	/* the burst itself, which nic.burst calls before it writes a trapped tail */
	ring_tx_burst_fn *burst;
	const struct ring_tx_format *format;
	struct pipe_output *pipe_outputs; /* the pipes' outputs that feed this queue, a list */
	uint32_t pipe_slots;              /* of the receive rings of all pipes ever opened on it; 0: bursts feed it */
	uint32_t extra_slots;             /* slots used since start beyond one per frame */
};

/** What is on in the bursts of a port. Each has bursts of its own, so that what is off costs nothing. */
enum ring_offloads {
	RING_PLAIN, /* none */
	RING_OFFLOADS_COUNT
};

/** What a family gives its rings. */
struct ring_ops {
	/** Its bursts, by what is on and by instruction set; where it has none for a set, those of a simpler one serve.
	 */
	struct ring_bursts {
		ring_rx_burst_fn *rx;
		ring_tx_burst_fn *tx;
	} bursts[RING_OFFLOADS_COUNT][PKT_SIMD_AVX512 + 1];
	uint32_t (*rx_tail)(unsigned queue); /* offset of a queue's tail register */
	uint32_t (*tx_tail)(unsigned queue);
	const struct ring_rx_format *rx_format;
	const struct ring_tx_format *tx_format;
	unsigned rx_tail_writes_per_lap; /* tail writes while a ring is refilled once around; 0: one per batch */
};

/** Allocates rings and queues for nic->config, and fills receive rings with buffers. The device does not know of them
 * yet. Errors: -ENOMEM, -ENOBUFS (the pool has too few packets), those of DMA memory; nothing is left then. */
int rings_open(struct nic *nic, const struct ring_ops *ops);
/** Counts what is left in the rings (nic_stats.rx_left and tx_unsent), gives all packets back and frees rings and
 * queues. No DMA may happen any more, and the card's counters must be up to date. */
void rings_close(struct nic *nic);

/**
 * Prepares a receive queue: takes a buffer for every slot and writes every descriptor. The queue's other fields (ring,
 * buffers, pool, iova_offset, tail, mask, tail_batch, window, tail_offset) are set by the caller. -ENOBUFS: the pool
 * has too few packets; nothing is taken then.
 */
int ring_rxq_prepare(struct ring_rxq *queue, ring_rx_burst_fn *burst);
/** Hands all slots but one of a receive ring to the card, which must be ready for it. */
void ring_rxq_go(struct ring_rxq *queue);
/** Gives all buffers of a stopped queue back to the pool. */
void ring_rxq_drain(struct ring_rxq *queue);

/** Prepares a transmit queue: empty, no slot holding a packet. Fields set by the caller as above, and max_frame. */
void ring_txq_prepare(struct ring_txq *queue, ring_tx_burst_fn *burst);
/** Gives all packets of a stopped queue back to their pools. */
void ring_txq_drain(struct ring_txq *queue);

/** Bursts of queues that a pipe has, or whose device is gone. */
unsigned ring_rx_nothing(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned ring_tx_nothing(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
/** What `silence` of a receive queue is unless the queue feeds a pipe: its bursts do nothing from now on. */
void ring_rxq_silence(struct ring_rxq *queue);

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
