/* SPDX-License-Identifier: BSD-2-Clause
 * What happens to a card while it runs: hangs, errors of its memories, resets by itself, interrupts that are lost or
 * come too often. */
#ifndef POLLUX_TESTS_MODEL_CARD_INCIDENT_H
#define POLLUX_TESTS_MODEL_CARD_INCIDENT_H

#include "resets.h"
#include "state.h"

/** Lets an incident happen. @return true: it is a reset, which is the caller's to do. */
bool model_incident_begin(struct model *m, enum model_incident what, unsigned argument);
/** Ends what a reset of this kind ends. */
void model_incidents_reset(struct model *m, enum reset_kind kind);
/** A transmit queue hangs, or the DMA as a whole. */
bool model_tx_stalled(const struct model *m, unsigned queue);
/** A receive queue hangs, or the DMA as a whole. */
bool model_rx_stalled(const struct model *m, unsigned queue);

#endif
