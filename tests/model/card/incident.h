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
void model_incidents_step(struct model *m);
/** Whether the interrupt that is due gets lost. */
bool model_interrupt_lost(struct model *m);
/** Whether arriving frames have to wait, as the first one's interrupt comes before it, or receive hangs. */
bool model_rx_waits(struct model *m, const struct model_frame *first);
/** A transmit queue hangs, or the DMA as a whole. */
bool model_tx_stalled(const struct model *m, unsigned queue);
/** A receive queue hangs, or the DMA as a whole. */
bool model_rx_stalled(const struct model *m, unsigned queue);

/** The queue is stopped until its bit in WQBR is cleared. */
bool model_malicious(const struct model *m, unsigned queue, bool tx);

register_write model_write_wqbr;

#endif
