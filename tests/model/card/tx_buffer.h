/* SPDX-License-Identifier: BSD-2-Clause
 * The transmit packet buffer, which only fills while the link is down. */
#ifndef POLLUX_TESTS_MODEL_CARD_TX_BUFFER_H
#define POLLUX_TESTS_MODEL_CARD_TX_BUFFER_H

#include "state.h"

/** @return false: no memory. */
bool model_tx_buffer_open(struct model *m);
void model_tx_buffer_close(struct model *m);
/** Keeps frames of a queue. @return how many it had room for. */
unsigned model_tx_buffer_keep(struct model *m, const struct queue *q, const struct model_frame *frames, unsigned n);
/** The first frames that wait, up to n of them. @return how many. */
unsigned model_tx_buffer_peek(struct model *m, struct model_frame *frames, unsigned n);
/** The first n of them have gone. */
void model_tx_buffer_pop(struct model *m, unsigned n);
/** A queue's frames are lost: it was flushed. */
void model_tx_buffer_flush(struct model *m, const struct queue *q);
/** All of them are. */
void model_tx_buffer_clear(struct model *m);

#endif
