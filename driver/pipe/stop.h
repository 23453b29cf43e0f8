/* SPDX-License-Identifier: BSD-2-Clause
 * The end of a pipe: when it is closed, when a port of it stops or its device is gone, and when opening fails. */
#pragma once

#include "state.h"

/** The port's receive queues are about to stop: ends the pipes that they feed, whose packets are sent, or set aside. */
void pipe_inputs_end(struct nic *nic);

/** The port's transmit queues do no DMA any more: pipes get back what these had of theirs, and forget them. */
void pipe_outputs_ended(struct nic *nic);

/** Frees a pipe with its memory, none of which is in use. NULL is ignored. */
void pipe_free(struct pipe *pipe);

/** What a receive queue's `silence` is while it feeds a pipe: the pipe receives nothing from now on. */
void pipe_silence(struct ring_rxq *rxq);
