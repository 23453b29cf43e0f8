/* SPDX-License-Identifier: BSD-2-Clause
 * The in-place pipe of the 82599, X540 and X550: a receive ring whose slots' buffers are sent by other rings from where
 * they are.
 *
 * Each slot of the receive ring keeps its buffer. A packet that goes to an output gets a descriptor at that transmit
 * ring's own tail, so a ring carries only what it sends, and a dropped packet costs nothing there. Receive slots are
 * counted in batches of RING_BATCH: `used` says which outputs have packets of a batch, and an output's `report` which
 * of its descriptors, the last of a burst and one with report-status, ends them. Both are written when the batch ends;
 * `touched` is what the one in progress has used. Once all of these are done, the batch goes back to the card. Where
 * all batches went to one output, one of them tells for all before it. What is not done holds a receive slot, so a
 * transmit ring as large as the receive rings that feed it cannot overflow, and need not be asked for room. */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_H
#define POLLUX_DRIVER_IXGBE_PIPE_H

#include "../ixgbe/descriptor.h"
#include "../pipe.h"

#define IXGBE_PIPE_BATCHES (RING_SIZE_MAX / RING_BATCH)

struct ixgbe_pipe;

struct ixgbe_pipe_output {
	struct ring_txq *txq;            /* NULL: the port was stopped, or has nothing to do with the pipe any more */
	uint32_t least;                  /* IXGBE_TX_FRAME_MIN: a load costs less than a constant */
	struct ring_descriptor describe; /* to be added to a packet's {data, lengths}: I/O offset and command */
	uint32_t range[4] __attribute__((
		aligned(16))); /* by dword of a handle: longest frame - IXGBE_TX_FRAME_MIN in the third */
	struct ring_descriptor end[4]
		__attribute__((aligned(64))); /* `describe` of a burst's last four: the last one asks for a report */

	uint32_t report[IXGBE_PIPE_BATCHES]; /* per receive batch: up to where the queue must have sent for it, counted
						as txq->next is */
	struct nic *port;
	struct ixgbe_pipe *pipe;
	struct ixgbe_pipe_output *next; /* of those that share the transmit queue */
} __attribute__((aligned(64)));

/** What is usual when no output is: its queue has no room. */
extern struct ixgbe_pipe_output ixgbe_pipe_nowhere;

/** Buffers that left the receive ring, because outputs that are blocked have them still. */
struct ixgbe_stranded {
	uint32_t waiting; /* mask of these outputs */
	unsigned count;
	uint32_t report[NIC_PIPE_OUTPUTS];
	uint8_t *buffers[RING_BATCH];
};

struct ixgbe_pipe {
	struct nic_pipe nic; /* first */

	/* touched per burst; a cache line */
	struct ring_rxq *rxq __attribute__((aligned(64)));
	struct ring_descriptor *home; /* per receive slot: {its buffer's data, 0} */
	struct ixgbe_pipe_output
		*output;  /* the usual one, where all of a burst went lately, and nothing is out of the ordinary ... */
	uint32_t usual;   /* ... and its bit; none: 0, and ixgbe_pipe_nowhere */
	uint32_t touched; /* mask of outputs that may have packets of the batch in progress; `usual` always in it */
	uint32_t limit;   /* up to here there is neither the ring's end nor a slot that the card was not given */
	int32_t left;     /* slots of the batch in progress that are not sent yet, less one */
	struct ring_descriptor rearm; /* to be added to a home: I/O offset */
	uint64_t packets;             /* this and all counters: written by the pipe's thread only, relaxed atomics */

	/* touched now and then */
	uint32_t used[IXGBE_PIPE_BATCHES]; /* masks of outputs that have packets of a batch */
	uint64_t dropped, blocked_copies, bad;
	struct ixgbe_pipe_output *outputs;
	unsigned count;       /* of them */
	uint32_t live;        /* mask of outputs that take packets */
	bool skipping;        /* inside a frame of several descriptors, which is dropped: until its last */
	uint32_t blocked;     /* mask: what they have is stranded, and they get nothing new */
	uint32_t most, least; /* when so many slots are held, it's asked whether all but so few are sent, and can be
				 given back */
	uint32_t even; /* the batches from here on are `usual`'s alone, counted as rxq->next is; where it changes, one
			  parts */
	uint32_t stall_fill;     /* the receive ring stands still at this batch ... */
	uint64_t stall_since_us; /* ... since then; 0: it does not */
	struct ixgbe_stranded *stranded;
	unsigned stranded_count;
	bool ended, closed;
};

int ixgbe_pipe_open(
	struct nic_pipe **pipe, const struct nic_queue *input, const struct nic_queue *outputs, unsigned count);

/** The receive queue's port is about to stop: what a pipe has of its packets is sent, or set aside. */
void ixgbe_pipe_input_ends(struct ring_rxq *rxq);

/** The transmit queue's port has stopped DMA: pipes get back what the queue had of theirs, and forget it. */
void ixgbe_pipe_output_ended(struct ring_txq *txq);

/* ---- Between the burst functions and pipe.c ---- */

/** The last of a batch's slots was sent, by a burst to these outputs, which may go on in the next: notes what ends the
 * batch, and gives finished ones back. */
void ixgbe_pipe_end_batch(struct ixgbe_pipe *pipe, uint32_t outputs);

/** All of a burst went to this output: the next one is likely to. */
void ixgbe_pipe_set_usual(struct ixgbe_pipe *pipe, uint32_t to);

/** Sets `limit` anew: the ring's end, or the first slot that the card was not given; none while a frame is being
 * skipped. */
uint32_t ixgbe_pipe_limit(struct ixgbe_pipe *pipe);

/**
 * What the run of whole, good frames stopped at, at its very front: nothing, which is the time to look after what
 * hangs; or a bad descriptor, which is dropped.
 * @return packets taken: 1 for the whole frame that exactly fills its buffer, else 0
 */
unsigned ixgbe_pipe_take_odd(struct ixgbe_pipe *pipe, bool *again);

/** A packet of the burst, or a copy, that no transmit descriptor can describe as it is: pads it, in the burst too, or
 * counts it as bad.
 *  @return true: it is to be sent */
bool ixgbe_pipe_mend(struct ixgbe_pipe *pipe, const struct ixgbe_pipe_output *output, struct pkt *pkt);

/** Counts n packets that are to go to these outputs, if some do not: there are fewer such, or they take none now. */
void ixgbe_pipe_count_lost(struct ixgbe_pipe *pipe, uint32_t to, unsigned n);

/** The burst functions as struct nic_pipe has them, by instruction set. */
extern const struct ixgbe_pipe_bursts {
	unsigned (*take)(struct nic_pipe *pipe, unsigned n);
	void (*send)(struct nic_pipe *pipe, size_t n, uint32_t to);
	void (*part)(struct nic_pipe *pipe, size_t n, uint32_t any);
} ixgbe_pipe_scalar, ixgbe_pipe_avx2, ixgbe_pipe_avx512;

#endif
