/* SPDX-License-Identifier: BSD-2-Clause
 * Which slots of a receive ring the outputs are done with; and outputs that hang. */
#pragma once

#include "state.h"

/** What single_output is while there is none: its queue's mask is all ones, -1 as a number, and no burst fits. */
extern struct pipe_output pipe_nowhere;
void pipe_forget_single_output(struct pipe *pipe);

/** The last slot of a batch was sent or dropped, by a burst to these outputs; the rest of the burst may lie in the next
 * batch. Notes who holds the batch, and gives finished batches back to the card. */
void pipe_end_batch(struct pipe *pipe, uint32_t outputs);
/** Notes who holds the batch in progress. */
void pipe_note_holders(struct pipe *pipe, struct pipe_batch *batch);

/** Gives finished batches back to the card, in every case. */
void pipe_reclaim(struct pipe *pipe);
/** For a pipe that receives nothing while its outputs hold much of the ring: blocks those that
 * hold the oldest batch too long. */
void pipe_look_for_stall(struct pipe *pipe);

/** Slots [first, first + n), of one batch, leave the ring with their buffers, which outputs still have. */
void pipe_strand(struct pipe *pipe, uint32_t first, unsigned n);
/** Frees the stranded buffers that are sent by now; outputs that have sent everything get packets again. */
void pipe_free_stranded(struct pipe *pipe);
/** All outputs that have not sent everything they got. Forgets that the others held something. */
uint32_t pipe_unsent(struct pipe *pipe);

/** The batch that a receive slot is in. */
static inline struct pipe_batch *pipe_batch_of(const struct pipe *pipe, uint32_t slot)
{
	return &pipe->batches[(slot & pipe->rxq->mask) / RING_BATCH];
}
