/* SPDX-License-Identifier: BSD-2-Clause
 * Receive descriptors that the card has fetched before it needs them. */
#ifndef POLLUX_TESTS_MODEL_CARD_PREFETCH_H
#define POLLUX_TESTS_MODEL_CARD_PREFETCH_H

#include "state.h"

/** @return false: no memory. */
bool model_prefetch_open(struct model *m);
void model_prefetch_close(struct model *m);
/** Where a queue keeps what it has fetched; NULL: it fetches nothing ahead. */
struct prefetch *model_prefetch_of(struct model *m, unsigned queue);
/** Fetches what has been handed over, as far as there is room for it. */
void model_prefetch_step(struct model *m);
/** A queue forgets what it has fetched. */
void model_prefetch_forget(struct queue *q);
/** Reads the descriptor that is number `ahead` from the head: where the queue has fetched it before, as it was then.
 * @return false: it cannot be read, which is counted */
bool model_prefetch_read(struct model *m, struct queue *q, uint32_t ahead, struct descriptor *d);
/** The descriptor at the head is used up. */
void model_prefetch_use(struct queue *q);

#endif
