/* SPDX-License-Identifier: BSD-2-Clause
 * The receive and transmit queues of all families, and the life of a started port's rings: memory, opening, draining,
 * closing, counters. The bursts are in rx.h and tx.h. Registers are the families' business, but for the tails. */
#pragma once

#include "../driver.h"

#define RING_INLINE      static inline __attribute__((always_inline))
#define RING_STEP        static inline /* bursts get it as a constant: gcc 14 fails to inline that always, at -Og */
#define RING_OUT_OF_LINE __attribute__((noinline))

#define RING_BATCH 32u /* slots per refill, per report of the card, and per reclaim */
/** Tail writes while a receive ring is refilled once around. Each is a trap where the card is emulated, and the card
 * does well with most of the ring. */
#define RING_RX_TAIL_WRITES_PER_LAP 4u

/** A descriptor, receive or transmit, in any format: two quadwords, little-endian as x86-64 is. */
struct ring_descriptor {
	uint64_t q0, q1;
} __attribute__((aligned(16)));

typedef unsigned ring_rx_burst_fn(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
typedef unsigned ring_tx_burst_fn(struct nic_txq *queue, const struct pkt *pkts, unsigned n);

struct pkt_pool;
struct ring_rx_format; /* rx.h */
struct ring_tx_format; /* tx.h */
struct ring_tx_card;   /* offload.h */
struct pipe;           /* ../pipe/ */
struct rx_interrupt;   /* ../interrupt.c */
struct pipe_output;

/** A tail register, as calls reach it. Bursts store to the register itself where that is memory. */
struct ring_tail_register {
	const struct vfio_window *window;
	uint32_t offset;  /* in the window, in bytes */
	uint32_t trapped; /* where VFIO cannot map the register (an emulated card traps it), bursts store here ... */
	uint32_t written; /* ... and a call passes it on, if it is not this value, which it passed on last */
};

/*
 * Slots are counted on and on, not from 0 in each lap: next, refill_next and reclaim_next only grow, and
 * wrap at 2^32. `& mask` makes an index into the ring of them. The thread that bursts writes a queue's fields, and no
 * other while the port runs; anybody may read the counters (relaxed atomics).
 */

/** What a receive queue tells of frames beyond their bytes (rx_status.h). */
struct ring_rx_report {
	unsigned on;          /* RING_RX_TAGS, RING_RX_CHECKSUMS: changed only while the queue is stopped */
	uint64_t second_look; /* bits of format->status whose frames ring_rx_take_frame looks at: ip_bad, or none */
};

/** A receive queue. */
struct ring_rxq {
	struct nic_rxq nic; /* first: nic_rx knows no more */

	/* touched per burst: within one cache line */
	struct ring_descriptor *ring;
	uint8_t **buffers;    /* per slot: its buffer's data, at the default position */
	uint32_t mask;        /* slots in the ring, less one */
	uint32_t next;        /* slot that the next burst looks at first */
	uint32_t refill_next; /* slot that gets a fresh buffer next; a multiple of RING_BATCH */
	uint32_t fast_until;  /* before this slot a burst meets neither the ring's end nor a slot without a buffer */

	/* touched per batch */
	struct pkt_pool *pool;   /* gives the fresh buffers */
	uint64_t iova_offset;    /* I/O address less pointer, in bytes */
	volatile uint32_t *tail; /* RDT, or tail_register.trapped */
	uint32_t tail_written;   /* refill_next when the tail was last written */
	uint32_t tail_batch;     /* slots to refill before the tail is written again */
	uint32_t frame_left;     /* descriptors, from next on, of a frame that is being handed out in pieces */
	bool skipping;           /* next is inside a frame that is being dropped, up to its last descriptor */

	/* touched now and then */
	uint64_t pool_empty;      /* refills that found the pool without packets */
	uint64_t bad_packets;     /* frames dropped: with an error, or too long */
	uint64_t bad_descriptors; /* the descriptors that these frames had */
	uint32_t max_frame;       /* longest frame in several buffers, bytes without FCS; longer ones are dropped */
	struct ring_tail_register tail_register;
	ring_rx_burst_fn *burst; /* the burst itself: nic.burst calls it, and passes a trapped tail on */
	/* has whoever takes packets from the queue, in whatever thread, get none from now on */
	void (*silence)(struct ring_rxq *queue);
	struct pipe *pipe;    /* the pipe that this queue feeds, or NULL */
	uint32_t extra_slots; /* slots emptied since start beyond one per frame */
	const struct ring_rx_format *format;
	struct ring_rx_report report;
	struct rx_interrupt *interrupt; /* NULL: the queue has none */
};

/** Wishes of which the card has the contexts, for most frames (tx_wishes.h). */
struct ring_tx_usual {
	uint16_t wishes; /* 0: there are none */
	uint16_t vlan;
	uint16_t len_max;  /* longest frame of one descriptor, without the tag, in bytes */
	uint64_t tcp, udp; /* second quadword of the descriptor of such a frame, without its length. 0: no context. Both
			      are alike where the protocol is of no concern */
};

/** How a transmit queue fulfils wishes (offload.h). */
struct ring_tx_offload {
	const struct ring_tx_card *card;    /* NULL: the card can nothing, and software does all */
	uint16_t cannot;                    /* of card->can: what the port's configuration keeps it from */
	uint8_t context_oldest;             /* index of the context to be replaced next */
	struct ring_descriptor contexts[2]; /* what the card remembers, without IDX; zeros: nothing */
	struct ring_tx_usual usual;         /* forgotten when a context is replaced */
	uint64_t software_checksums, software_vlans, software_segmented, segments_more; /* as in nic_stats */
};

/** A transmit queue. */
struct ring_txq {
	struct nic_txq nic; /* first: nic_tx knows no more */

	/* touched per burst: within one cache line */
	struct ring_descriptor *ring;
	uint8_t **buffers;       /* per slot: its packet's data, anywhere in a buffer; NULL: it has none */
	uint64_t iova_offset;    /* I/O address less pointer, in bytes */
	volatile uint32_t *tail; /* TDT, or tail_register.trapped */
	uint32_t mask;           /* slots in the ring, less one */
	uint32_t next;           /* slot that the next packet is written to */
	uint32_t fast_until;     /* a burst that ends before this slot only writes descriptors */
	uint32_t excess_max;     /* longest frame of one descriptor less format->frame_min, in bytes */
	uint32_t ordinary_max;   /* excess_max, and PKT_STATUS in the upper half: as length and flags are in a handle */

	/* touched per batch */
	struct pkt_pool *pool; /* most packets come from this pool; short frames are copied into packets of it */
	uint32_t reclaim_next; /* slot whose packet is freed next; a multiple of RING_BATCH */
	uint16_t report_slot[RING_SIZE_MAX / RING_BATCH]; /* per batch: the slot whose DD says that the batch is sent */

	/* touched now and then */
	uint64_t bad_packets; /* frames freed unsent */
	uint32_t max_frame;   /* longest frame, bytes without FCS */
	struct ring_tail_register tail_register;
	ring_tx_burst_fn *burst; /* the burst itself: nic.burst calls it, and passes a trapped tail on */
	const struct ring_tx_format *format;
	struct pipe_output *pipe_outputs; /* the outputs of pipes that feed this queue, a list */
	uint32_t pipe_slots;              /* of the receive rings of all pipes ever opened on it; 0: bursts feed it */
	uint32_t extra_slots;             /* slots written since start beyond one per frame */
	struct ring_tx_offload offload;
};

_Static_assert(offsetof(struct ring_rxq, pool) <= 64 && offsetof(struct ring_txq, pool) <= 64, "one cache line");

/** What is on in the bursts of a port. Each row has bursts of its own, so that what is off costs nothing. */
enum ring_offloads {
	RING_PLAIN,    /* no offload */
	RING_OFFLOADS, /* receive reports status (rx_status.h), transmit is fast with wishes (tx_wishes.h) */
	RING_OFFLOADS_COUNT
};

/** What a family gives its rings. */
struct ring_ops {
	/** Its bursts, by what is on and by instruction set. A set that it has none for does with a simpler one's. */
	struct ring_bursts {
		ring_rx_burst_fn *rx;
		ring_tx_burst_fn *tx;
	} bursts[RING_OFFLOADS_COUNT][PKT_SIMD_AVX512 + 1];
	uint32_t rdt, tdt;    /* offsets of queue 0's tail registers; those of queue n are n strides further on ... */
	uint32_t stride, gap; /* ... and of receive queues from 64 on, so many bytes more */
	const struct ring_rx_format *rx_format;
	const struct ring_tx_format *tx_format;
	const struct ring_tx_card *tx_card; /* NULL: its cards fulfil no wishes */
	bool aligned;                       /* a ring begins at a multiple of its size: it lies across 64 KiB nowhere */
};

/** Allocates rings and queues for nic->config, chooses bursts, and fills receive rings with buffers; where that was
 * done already, which a reset finds, rings_renew. The device does not know of the rings yet. Errors: -ENOMEM, -ENOBUFS
 * (the pool has too few packets), those of DMA memory; nothing is left then. */
int rings_open(struct nic *nic, const struct ring_ops *ops);

/** Empties the rings, and counts what is left in them (nic_stats.rx_left and tx_unsent). The device leaves them alone,
 * and the card's counters are up to date. */
void rings_empty(struct nic *nic);
/** Prepares empty rings as for start, and their bursts, also of queues that are stopped. -ENOBUFS. */
int rings_renew(struct nic *nic);

/** Frames that the transmit rings got and the card has not counted as sent. */
uint32_t rings_unsent(const struct nic *nic);
/** Whether a transmit queue has descriptors that the card has not taken, or not reported; while that is so, *progress
 * stays the same only where the card does nothing. */
bool rings_tx_waits(struct nic *nic, unsigned index, uint64_t *progress);
/** The same of a receive queue that has room for frames. */
bool rings_rx_waits(struct nic *nic, unsigned index, uint64_t *progress);

/** rings_empty, then frees rings and queues. The device must not access the rings any more, and the card's counters
 * must be up to date. */
void rings_close(struct nic *nic);

/** Descriptors of all transmit queues that are not stopped, which the card has not taken yet. */
uint32_t rings_pending(struct nic *nic);

/** Waits until the card has taken all packets handed over for transmit, and has counted them as sent. Gives up, with a
 * note, when nothing has moved for limit_us; at once where there is no link; and after ten times limit_us and
 * rings_carry_us at the latest, as a partner may slow the card down by pause frames. */
void rings_drain(struct nic *nic, uint32_t limit_us);

/** The time in microseconds that a link of this speed takes for all that full transmit rings and a card's packet buffer
 * hold. 0 Mbit/s: the speed is not known, and the slowest counts. */
uint64_t rings_carry_us(const struct nic *nic, uint32_t mbps);

/** From now on the port's bursts do nothing, and pipes take nothing from it. Other threads may be in a burst
 * meanwhile. */
void rings_silence(struct nic *nic);

/** Adds what the queues have counted since start. */
void rings_add_stats(const struct nic *nic, struct nic_stats *stats);

/** The beginning of a control call, which may need a started port. -EINVAL: it is not; -ENODEV. */
int rings_begin_call(struct nic *nic, bool started);
/** The end of each that began: once the application is told that the device is gone, bursts leave it alone.
 * @return ret, which a device that is gone or has refused an access since the beginning may turn into -ENODEV or -EIO
 */
int rings_end_call(struct nic *nic, int ret);

/** Brings nic->queues' frames up to date, every few minutes at least: the rings count up to 2^32. */
void rings_count_frames(struct nic *nic);

/** What one queue has counted. */
void rings_queue_stats(struct nic *nic, bool tx, unsigned index, struct nic_queue_stats *stats);

/** From now on the bursts of one queue do nothing, and a pipe takes nothing from it. */
void rings_silence_queue(struct nic *nic, bool tx, unsigned index);
/** Empties the ring of such a queue, which the card leaves alone now, and counts what was in it. */
void rings_empty_queue(struct nic *nic, bool tx, unsigned index);
/** Prepares that ring as for start, and its bursts. -ENOBUFS: the pool has too few packets. */
int rings_renew_queue(struct nic *nic, bool tx, unsigned index);

/**
 * Prepares a receive queue: takes a buffer for every slot and writes every descriptor. The caller has set ring,
 * buffers, pool, iova_offset, tail, tail_register, mask, tail_batch, max_frame and format. -ENOBUFS: the pool has too
 * few packets; nothing is taken then.
 */
int ring_rxq_prepare(struct ring_rxq *queue, ring_rx_burst_fn *burst);
/** Hands all slots but one of a receive ring to the card, which must be ready for it. */
void ring_rxq_go(struct ring_rxq *queue);
/** Gives all buffers of a stopped queue back to the pool. */
void ring_rxq_drain(struct ring_rxq *queue);

/** Prepares a transmit queue: it is empty. The caller has set ring, buffers, pool, iova_offset, tail, tail_register,
 * mask, max_frame and format. */
void ring_txq_prepare(struct ring_txq *queue, ring_tx_burst_fn *burst);
/** Gives all packets of a stopped queue back to their pools. */
void ring_txq_drain(struct ring_txq *queue);

/** Bursts of queues that a pipe has, or whose device is gone. */
unsigned ring_rx_nothing(struct nic_rxq *queue, struct pkt *pkts, unsigned n);
unsigned ring_tx_nothing(struct nic_txq *queue, const struct pkt *pkts, unsigned n);
/** What `silence` of a receive queue is unless the queue feeds a pipe: its bursts do nothing from now on. */
void ring_rxq_silence(struct ring_rxq *queue);

/** Tells the card where a ring is, by three registers in a row, as all cards have them: address, low and high, and
 * bytes. `first` is RDBAL or TDBAL of the queue. */
void ring_locate(
	struct nic *nic, uint32_t first, const struct ring_descriptor *ring, uint64_t iova_offset, uint32_t mask);

/** Adds to a counter that one thread writes and others read. */
static inline void ring_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/** Counts slots that are no frame of their own, and have been counted by `next`. */
static inline void ring_rx_count_extra(struct ring_rxq *queue, unsigned slots)
{
	__atomic_store_n(&queue->extra_slots, queue->extra_slots + slots, __ATOMIC_RELAXED);
}
