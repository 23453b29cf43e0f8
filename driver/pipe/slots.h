/* SPDX-License-Identifier: BSD-2-Clause
 * What the bursts of a pipe leave to others: slots that the outputs are done with, and what is rare. */
#pragma once

#include "state.h"

#include <limits.h>

/** What single_output is while there is none: its queue's mask is all ones, -1 as a number, and no burst fits. */
extern struct pipe_output pipe_nowhere;
void pipe_forget_single_output(struct pipe *pipe);

/** The last slot of a batch was sent or dropped, by a burst to these outputs; the rest of the burst may lie in the next
 * batch. Notes who holds the batch, and gives finished batches back to the card. */
void pipe_end_batch(struct pipe *pipe, uint32_t outputs);
/** Notes who holds the batch in progress. */
void pipe_note_holders(struct pipe *pipe, struct pipe_batch *batch);

/** Slots [first, first + n), of one batch, leave the ring with their buffers, which outputs still have. */
void pipe_strand(struct pipe *pipe, uint32_t first, unsigned n);
/** Frees the stranded buffers that are sent by now; outputs that have sent everything get packets again. */
void pipe_free_stranded(struct pipe *pipe);
/** All outputs that have not sent everything they got. Forgets that the others held something. */
uint32_t pipe_unsent(struct pipe *pipe);

/** Sets fast_until anew: the ring's end, or the first slot that the card does not have; or, while a frame is skipped,
 * the next slot. */
void pipe_set_fast_until(struct pipe *pipe);

/**
 * Looks at what ended a run of whole, good frames, at its very front: nothing more came, which is the time to look
 * after finished slots and outputs that hang; or a bad descriptor, which is dropped.
 * @return packets received: 1 for a frame that fills its buffer exactly, else 0; or PIPE_LOOK_AGAIN: there may be more
 * to receive at once
 */
unsigned pipe_receive_rare(struct pipe *pipe);
#define PIPE_LOOK_AGAIN UINT_MAX

/**
 * Looks at a packet, or a copy of one, that no descriptor describes as it is: pads it, in the burst as well; or counts
 * it as bad.
 * @return true: it is to be sent
 */
bool pipe_pad(struct pipe *pipe, const struct pipe_output *output, struct pkt *pkt);

/** All of a burst went to these outputs: if that is one which can take the fast way, the next burst is expected there.
 */
void pipe_set_single_output(struct pipe *pipe, uint32_t mask);

/** Counts n packets that were to go to these outputs, if they went nowhere, or some of the outputs take none now. */
void pipe_count_lost(struct pipe *pipe, uint32_t outputs, unsigned n);

/** The batch that a receive slot is in. */
static inline struct pipe_batch *pipe_batch_of(const struct pipe *pipe, uint32_t slot)
{
	return &pipe->batches[(slot & pipe->rxq->mask) / RING_BATCH];
}

/* ---- For the port ---- */

/** The port's receive queues are about to stop: ends the pipes that they feed, whose packets are sent, or set aside. */
void pipe_inputs_end(struct nic *nic);

/** The port's transmit queues do no DMA any more: pipes get back what these had of theirs, and forget them. */
void pipe_outputs_ended(struct nic *nic);
