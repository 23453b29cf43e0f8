/* SPDX-License-Identifier: BSD-2-Clause
 * One transmit burst on its way from the descriptors to the sink. */
#ifndef POLLUX_TESTS_MODEL_CARD_TX_H
#define POLLUX_TESTS_MODEL_CARD_TX_H

#include "state.h"

#define TX_REPORTS 192u
#define TX_LEAST   17u /* bytes of an advanced descriptor's frame (DS 7.2.3.2.4) */

/** A descriptor that asked for its status (RS), and what is written back to it besides DD. */
struct tx_report {
	uint32_t slot, frame;
	uint64_t q0, q1;
};

struct tx_burst {
	struct model_frame frame[MODEL_BURST];
	uint32_t end[MODEL_BURST]; /* the head once frame i is gone */
	struct tx_report report[TX_REPORTS];
	unsigned frames, reports, max;
	uint32_t cursor, left; /* the next descriptor; how many the driver has handed over from there */
	bool pad;
	unsigned segments;      /* the frames are segments of the one descriptor chain at the head */
	unsigned segments_left; /* more of it follows in later bursts */
};

/** tx_complete.c: writes DD to the descriptors that asked for it, or the head to where the driver reads it
 * (DS 7.2.3.5). */
void model_tx_complete(struct model *m, struct queue *q, const struct tx_report *reports, unsigned n);
/** Completes descriptors that carry no frame, or none that may be sent. Only at the start of a burst. */
void model_tx_consume(struct model *m, struct queue *q, struct tx_burst *b);

/** tx.c: gives the queues their turns, whether or not the link is up. @return how many frames the sink took. */
unsigned model_tx_turns(struct model *m, const struct model_sink *sink, unsigned max);
/** tx.c: counts frames that leave the MAC. Who only wants lengths has multicast frames uncounted: their addresses stay
 * unread. @return their bytes, without FCS. */
uint64_t model_tx_count(struct model *m, const struct model_frame *frames, unsigned n, bool lengths_only);
/** tx_hindered.c: model_transmit where something may be in the way. */
unsigned model_tx_hindered(struct model *m, const struct model_sink *sink, unsigned max);

/** tx_frame.c: the next frame, whatever it is made of. @return false: nothing more in this burst. */
bool model_tx_gather(struct model *m, struct queue *q, struct tx_burst *b, bool lengths_only);

#endif
