/* SPDX-License-Identifier: BSD-2-Clause
 * Frames arriving, from whatever the receive side listens to: the wire or, in loopback, our own transmit side. */
#ifndef POLLUX_TESTS_MODEL_CARD_RX_H
#define POLLUX_TESTS_MODEL_CARD_RX_H

#include "filter.h"
#include "parse.h"
#include "pause.h"
#include "stats.h"

/**
 * Deals with frames as model_deliver does: in bursts of ordinary ones, and the rest one by one.
 * @return how many met their fate; the next one waits for a descriptor.
 */
unsigned model_take_frames(struct model *m, const struct model_frame *frames, unsigned n);
/** Frames find no descriptor and no room in the packet buffer. */
void model_lose_frames(struct model *m, const struct model_frame *frames, unsigned n);

/* What bursts (rx_burst.c) and single frames (rx.c) share is in rx_judge.c. */

/** What a frame is judged to be. */
struct judgement {
	struct parsed parsed;
	uint32_t len;
	bool good;            /* whole, and of legal length */
	bool accepted, erred; /* and passed the filters; with FCTRL.SBP frames that are not good do so, too */
	bool length_erred;    /* its length field is wrong */
	uint8_t verdict;
	enum control_verdict control;
	enum model_fate rejected; /* why it was not accepted */
	uint32_t counted_by;      /* the register that counts that; 0: none */
};

/** Judges a frame before any queue is looked at (DS 7.1.1). */
void model_rx_judge(struct model *m, const struct model_frame *f, struct judgement *judged);
/** Adds n frames that were judged alike. */
static inline void model_rx_tally(struct tally *t, const struct judgement *judged, uint32_t n)
{
	unsigned kind = judged->verdict & 7;

	t->frames += n;
	t->bytes += (uint64_t)n * (judged->len + 4);
	t->size[model_size_class(judged->len + 4)] += n;
	t->multicast += kind == VERDICT_MULTICAST ? n : 0;
	t->broadcast += kind == VERDICT_BROADCAST ? n : 0;
	t->bad_sums += judged->parsed.q1 & (RXD_L4E | RXD_IPE) ? n : 0;
}

/** Counts a judged frame that is dealt with. Erred frames are not good ones. */
void model_rx_count(struct model *m, const struct judgement *judged);
/** The frame is none that the port takes. */
void model_rx_reject(struct model *m, const struct judgement *judged);
/** The queue has no descriptor and its DROP_EN is set: the frame is judged good, and lost. */
void model_rx_drop(struct model *m, const struct queue *q, const struct judgement *judged);
/** The queue is not enabled: the frame is judged good, and lost. */
void model_rx_queue_off(struct model *m, const struct queue *q, const struct judgement *judged);

/** Before write-backs: how many descriptors the queue has. */
void model_rx_open_queue(struct model *m, struct queue *q);
/** After write-backs: the queue's counters, its head, its interrupt. erred: what it received were bad frames. */
void model_rx_close_queue(struct model *m, struct queue *q, bool erred);
/** Changes what is written back, where a test wants that. */
void model_rx_tamper(struct model *m, struct descriptor *d);

/**
 * Deals with the leading frames that are ordinary: filtered out, dropped, or without error and going to one buffer as
 * they are, of a queue whose ring lies in one piece. Stops at the first that is not, or that finds no descriptor; all
 * is done up to there.
 * @param starved  set where the next frame is ordinary, and waits for a descriptor
 * @return how many met their fate
 */
unsigned model_rx_burst(struct model *m, const struct model_frame *frames, unsigned n, bool *starved);

#endif
