/* SPDX-License-Identifier: BSD-2-Clause
 * The partner's pause frames. */
#ifndef POLLUX_TESTS_MODEL_CARD_PAUSE_H
#define POLLUX_TESTS_MODEL_CARD_PAUSE_H

#include "state.h"

void model_pause_open(struct model *m);
void model_pause_step(struct model *m);
/** Whether the port obeys them (MFLCN.RFCE). */
bool model_pauses(const struct model *m);
/** Whether the port has to be silent now. */
bool model_paused(const struct model *m);

#endif
