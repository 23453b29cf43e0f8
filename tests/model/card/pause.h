/* SPDX-License-Identifier: BSD-2-Clause
 * Pause frames (IEEE 802.3x), received and sent. */
#ifndef POLLUX_TESTS_MODEL_CARD_PAUSE_H
#define POLLUX_TESTS_MODEL_CARD_PAUSE_H

#include "state.h"

void model_pause_open(struct model *m);
/** After a device's reset: nothing is paused, on either side. */
void model_pause_reset(struct model *m);
void model_pause_step(struct model *m);
/** Whether pause frames keep master requests from ending. */
bool model_pauses(const struct model *m);

/** What becomes of a MAC control frame (EtherType 0x8808). */
enum control_verdict {
	CONTROL_NONE,         /* it is none, or MFLCN passes it: judged like any other */
	CONTROL_DROPPED,      /* the MAC drops it */
	CONTROL_PAUSE_KEPT,   /* a pause frame, obeyed, that the MAC keeps to itself */
	CONTROL_PAUSE_PASSED, /* one that goes to the driver as well */
};
enum control_verdict model_control_judge(const struct model *m, const struct model_frame *f);

/** Whether a frame is one: of that EtherType, and whole. */
static inline bool control_frame(const struct model_frame *f)
{
	return f->len >= 60 && unlikely(f->data[12] == 0x88 && f->data[13] == 0x08) && !f->bad_crc;
}

register_read model_read_tfcs;

#endif
