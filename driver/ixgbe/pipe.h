/* SPDX-License-Identifier: BSD-2-Clause
 * The in-place pipe of the 82599, X540 and X550: a receive ring whose slots' buffers are sent by other rings from where they are.
 *
 * Each slot of the receive ring keeps its buffer. A packet that goes to an output gets a descriptor at that transmit ring's own tail, so
 * a ring carries only what it sends, and a dropped packet costs nothing there. Receive slots are counted in batches of IXGBE_BATCH:
 * `used` says which outputs have packets of a batch, and an output's `report` which of its descriptors, the last of a burst and one
 * with report-status, ends them. Once all of these are done, the batch goes back to the card. What is not done holds a receive slot,
 * so a transmit ring as large as the receive rings that feed it cannot overflow, and need not be asked for room. */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_H
#define POLLUX_DRIVER_IXGBE_PIPE_H

#include "../pipe.h"
#include "descriptor.h"
#include "queue.h"

#define IXGBE_PIPE_BATCHES (IXGBE_RING_MAX / IXGBE_BATCH)

struct ixgbe_pipe;

struct ixgbe_pipe_output {
	struct ixgbe_txq *txq;          /* NULL: the port was stopped, or has nothing to do with the pipe any more */
	struct nic *port;
	struct ixgbe_pipe *pipe;
	struct ixgbe_pipe_output *next; /* of those that share the transmit queue */
	uint32_t longest;               /* frame that fits one descriptor there, bytes without FCS */
	uint16_t report[IXGBE_PIPE_BATCHES]; /* per receive batch: the transmit slot whose completion ends it */
} __attribute__((aligned(512))); /* an index is a shift */

/** Buffers that left the receive ring, because outputs that are blocked have them still. */
struct ixgbe_stranded {
	uint32_t waiting; /* mask of these outputs */
	unsigned count;
	uint16_t report[NIC_PIPE_OUTPUTS];
	uint8_t *buffers[IXGBE_BATCH];
};

struct ixgbe_pipe {
	struct nic_pipe nic; /* first */

	/* touched per burst */
	struct ixgbe_rxq *rxq;
	struct ixgbe_pipe_output *outputs;
	uint32_t limit;    /* up to here a burst meets nothing out of the ordinary but descriptors */
	uint32_t got;      /* packets taken and not yet sent, from rxq->next on */
	uint32_t live;     /* mask of outputs that take packets */
	bool skipping;     /* inside a frame of several descriptors, which is dropped: until its last */
	uint64_t packets, dropped, blocked_copies, bad; /* written by the pipe's thread only, relaxed atomics */
	uint32_t used[IXGBE_PIPE_BATCHES];

	/* touched now and then */
	unsigned count;    /* outputs */
	uint32_t blocked;  /* mask: what they have is stranded, and they get nothing new */
	uint32_t stall_fill;     /* the receive ring stands still at this batch ... */
	uint64_t stall_since_us; /* ... since then; 0: it does not */
	struct ixgbe_stranded *stranded;
	unsigned stranded_count;
	bool ended, closed;
};

int ixgbe_pipe_open(struct nic_pipe **pipe, const struct nic_queue *input, const struct nic_queue *outputs, unsigned count);

/** The receive queue's port is about to stop: what a pipe has of its packets is sent, or set aside. */
void ixgbe_pipe_input_ends(struct ixgbe_rxq *rxq);

/** The transmit queue's port has stopped DMA: pipes get back what the queue had of theirs, and forget it. */
void ixgbe_pipe_output_ended(struct ixgbe_txq *txq);

/* ---- Between the burst functions and pipe.c ---- */

/** Gives finished batches back to the card, in every case. */
void ixgbe_pipe_reclaim(struct ixgbe_pipe *pipe);

/** Slots up to `fill` are the card's again. */
static inline void ixgbe_pipe_give_back(struct ixgbe_pipe *pipe, uint32_t fill)
{
	struct ixgbe_rxq *queue = pipe->rxq;

	queue->fill = fill;
	pipe->stall_since_us = 0;
	/* one slot stays back: a tail equal to the head would mean an empty ring */
	__atomic_store_n(queue->tail, (fill - 1) & queue->mask, __ATOMIC_RELEASE);
	if (__builtin_expect(queue->tail == &queue->trapped_tail, 0))
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail);
}

/** Sets `limit` anew: the ring's end, or the first slot that the card was not given; none while a frame is being skipped. */
uint32_t ixgbe_pipe_limit(struct ixgbe_pipe *pipe);

/**
 * What the run of whole, good frames stopped at, at its very front: nothing, which is the time to look after what hangs; or a
 * bad descriptor, which is dropped.
 * @return packets taken: 1 for the whole frame that exactly fills its buffer, else 0
 */
unsigned ixgbe_pipe_take_odd(struct ixgbe_pipe *pipe, bool *again);

/** A packet that no transmit descriptor can describe as it is: pads it, or counts it as bad. @return true: it is to be sent */
bool ixgbe_pipe_mend(struct ixgbe_pipe *pipe, const struct ixgbe_pipe_output *output, struct pkt *pkt);

/** Counts those of a burst that go to fewer outputs than asked for, or to none. */
void ixgbe_pipe_count_lost(struct ixgbe_pipe *pipe);

/** The burst functions, by instruction set. */
void ixgbe_pipe_scalar(struct nic_pipe *pipe);
void ixgbe_pipe_avx512(struct nic_pipe *pipe);

#endif
