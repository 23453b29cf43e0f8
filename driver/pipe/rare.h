/* SPDX-License-Identifier: BSD-2-Clause
 * What the bursts of a pipe seldom do, and leave to others. */
#pragma once

#include "state.h"

#include <limits.h>

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
