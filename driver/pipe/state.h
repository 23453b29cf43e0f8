/* SPDX-License-Identifier: BSD-2-Clause
 * What a pipe is made of: a receive ring whose slots keep their buffers, and the transmit rings, of whatever cards,
 * that send from these buffers.
 *
 * A packet that goes to an output gets a descriptor at that transmit ring's own tail, so a ring carries only what it
 * sends, and a dropped packet costs nothing there. Receive slots are counted in batches of RING_BATCH. What a batch has
 * to know of its packets is written when it ends; `batch_outputs` is what the batch in progress has so far. Once every
 * holder of a batch has reported its packets sent, the batch's slots go back to the card. Where all batches went to
 * one output, one report is enough for all batches before it. A packet that is not reported holds a receive slot, so a
 * transmit ring as large as the receive rings that feed it never overflows, and nobody asks it for room. */
#pragma once

#include "../pipe.h"
#include "../ring/ring.h"

#define PIPE_BIT(index)   (UINT32_C(1) << (index))
#define PIPE_LENGTH_DWORD 2 /* the dword of a handle that has length and flags */

struct pipe;
struct pipe_simd;

/** A transmit queue as an output of one pipe. */
struct pipe_output {
	/* touched per burst: the first cache line with vectors, the second by single packets, the third with AVX-512 */
	struct ring_txq *txq;           /* NULL: its port was stopped, or it has nothing of an ended pipe any more */
	uint32_t frame_min;             /* shortest frame that is sent as it is, in bytes; the same for all of a pipe */
	struct ring_descriptor command; /* {I/O offset, command}: added to {data, lengths} it makes a descriptor */
	uint8_t length_places[16]; /* a shuffle that makes {data, lengths} of a handle; PAYLEN is still to be shifted */
	/* per dword of a handle: how much it may be above frame_min. The dword of length and flags has a limit; the
	 * others may be anything, UINT32_MAX */
	uint32_t excess_max[4] __attribute__((aligned(16)));
	uint64_t length_factor; /* a length times this fills all length fields of a descriptor */
	struct ring_descriptor last_commands[4] __attribute__((aligned(64))); /* of four: the last asks for a report */

	/* touched now and then */
	struct nic *port;
	struct pipe *pipe;
	struct pipe_output *next; /* of those that share the transmit queue */
} __attribute__((aligned(64)));

/** What the bursts compare and read in a received descriptor, of whatever format. */
struct pipe_rx_format {
	uint64_t checked;      /* bits of the second quadword that tell a whole, good frame ... */
	uint64_t whole;        /* ... and their values then */
	uint32_t length_shift; /* of the length in the second quadword */
	uint32_t hash_mask;    /* of the hash in the first quadword's upper half; 0: there is none */
	const struct ring_rx_format *ring;
};

/** RING_BATCH slots of the receive ring whose packets are with the outputs. */
struct pipe_batch {
	uint32_t holders; /* mask of the outputs that have packets of it */
	/* per holder: the slot, as its transmit queue counts them, up to which it has sent when it is done with these
	 * packets; the descriptor before that slot asked for a report */
	uint32_t report_at[NIC_PIPE_OUTPUTS];
};

/** Buffers that left the receive ring while outputs still have them: blocked ones, or at the pipe's end any. */
struct pipe_stranded {
	struct pipe_batch batch;
	unsigned count;
	uint8_t *buffers[RING_BATCH];
};

struct pipe {
	struct nic_pipe nic; /* first */

	/* touched per burst: two cache lines */
	struct ring_rxq *rxq __attribute__((aligned(64)));
	struct ring_descriptor *slot_init; /* per receive slot: {its buffer's data, 0}, to which the I/O offset comes */
	struct pipe_output *single_output; /* where all packets of the last bursts went, or pipe_nowhere */
	uint32_t single_mask;              /* its bit, or 0 */
	uint32_t batch_outputs; /* outputs that may have packets of the batch in progress; single_mask is in it */
	uint32_t batch_end;     /* receive slot where the batch in progress ends, counted as rxq->next is */
	uint32_t fast_until;    /* up to here are neither the ring's end nor slots that the card does not have */
	uint64_t packets;       /* this and all counters: written by the pipe's thread only, relaxed atomics */
	struct pipe_rx_format rx;

	/* touched per batch */
	uint32_t reclaim_at;         /* with so many slots held, it is asked whether the outputs are done */
	uint32_t reclaim_keep;       /* with all but so many: those go back to the card if they are */
	uint32_t single_output_from; /* all batches from this slot on went to single_output only */
	struct pipe_batch *batches;  /* of the receive ring */
	const struct pipe_simd *simd;

	/* touched now and then */
	uint64_t dropped, blocked_copies, bad;
	struct pipe_output *outputs;
	unsigned output_count, batch_count;
	uint32_t accepting;  /* mask of outputs that take packets */
	uint32_t blocked;    /* mask of outputs whose packets are stranded, and that get none until these are sent */
	bool skipping;       /* inside a frame of several descriptors, which is dropped up to its last */
	uint32_t stalled_at; /* the receive ring does not move on from this slot ... */
	uint64_t stalled_since_us; /* ... since then; 0: it moves */
	struct pipe_stranded *stranded;
	unsigned stranded_count;
	bool ended;  /* nothing is received any more, but outputs may still have packets */
	bool closed; /* by the application: freed when no output has packets any more */
};

/** Limits of waits in microseconds. A variable so that tests of outputs that hang need not wait. */
struct pipe_times {
	uint32_t sent;    /* a pipe that ends waits so long for packets that its outputs have not sent */
	uint32_t blocked; /* a pipe whose receive ring is used up waits so long for an output that sends nothing */
};
extern struct pipe_times pipe_times;

/** Writes the descriptors of n receive slots for the card: the I/O addresses of their buffers. n is a multiple of
 * RING_BATCH, and the slots do not wrap. */
typedef void pipe_rearm_fn(
	struct ring_descriptor *ring, const struct ring_descriptor *slot_init, unsigned n, uint64_t iova_offset);

/** The functions of an instruction set. */
extern const struct pipe_simd {
	struct nic_pipe_bursts bursts;
	pipe_rearm_fn *rearm;
} pipe_scalar, pipe_avx2, pipe_avx512;
