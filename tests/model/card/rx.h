/* SPDX-License-Identifier: BSD-2-Clause
 * What the two ways of a received frame share: what it is judged to be, and the counting. For rx*.c only. */
#ifndef POLLUX_TESTS_MODEL_CARD_RX_H
#define POLLUX_TESTS_MODEL_CARD_RX_H

#include "internal.h"

/** What a frame is judged to be. */
struct fate {
	struct parsed parsed;
	uint32_t len;
	bool accepted, erred;
	uint8_t verdict;
	enum model_fate rejected; /* why it was not accepted */
	uint32_t gone_to;         /* offset of the register that counts that; 0: none */
};

/** Judges a frame before any queue is looked at (DS 7.1.1). */
void model_rx_judge(struct model *m, const struct model_frame *f, struct fate *fate);
/** Adds n frames that were judged alike. */
static inline void model_rx_tally(struct tally *t, const struct fate *fate, uint32_t n)
{
	unsigned kind = fate->verdict & 7;

	t->frames += n;
	t->bytes += (uint64_t)n * (fate->len + 4);
	t->size[model_size_class(fate->len + 4)] += n;
	t->multicast += kind == VERDICT_MULTICAST ? n : 0;
	t->broadcast += kind == VERDICT_BROADCAST ? n : 0;
}

/** Counts a judged frame that is dealt with. Erred frames are not good ones. */
void model_rx_count(struct model *m, const struct fate *fate);
/** The frame is none that the port takes. */
void model_rx_reject(struct model *m, const struct fate *fate);
/** The queue has no descriptor and its DROP_EN is set: the frame is judged good, and lost. */
void model_rx_drop(struct model *m, const struct queue *q, const struct fate *fate);

/** Before write-backs: how many descriptors the queue has. */
void model_rx_open_queue(struct model *m, struct queue *q);
/** After write-backs: the queue's counters, its head, its interrupt. */
void model_rx_close_queue(struct model *m, struct queue *q);
/** Changes what is written back, where a test wants that. */
void model_rx_tamper(struct model *m, struct descriptor *d);

/* rx_burst.c */

/**
 * Deals with the leading frames that are ordinary: filtered out, dropped, or without error and going to one buffer as
 * they are, of a queue whose ring lies in one piece. Stops at the first that is not, or that finds no descriptor; all
 * is done up to there.
 * @param starved  set where the next frame is ordinary, and waits for a descriptor
 * @return how many met their fate
 */
unsigned model_rx_burst(struct model *m, const struct model_frame *frames, unsigned n, bool *starved);

#endif
