/* SPDX-License-Identifier: BSD-2-Clause
 * Raising interrupts, which are held back, masked and mapped to vectors as the registers say. */
#ifndef POLLUX_TESTS_MODEL_CARD_INTERRUPT_H
#define POLLUX_TESTS_MODEL_CARD_INTERRUPT_H

#include "state.h"

void model_interrupts_reset(struct model *m);
/** Fires what was held back, where its interval is over. */
void model_interrupts_step(struct model *m);
/** When the next interval is over. */
uint64_t model_interrupts_next(const struct model *m);
/** A queue has written back: its IVAR entry says which cause that is. */
void model_raise_queue(struct model *m, unsigned queue, bool transmit);
/** Causes in bits 31:16 of EICR. */
void model_raise_other(struct model *m, uint32_t causes);

/** Vectors that are unmasked fire, and nothing is behind it. */
void model_interrupts_spurious(struct model *m);

register_read model_read_eitr;
register_write model_write_eitr;
register_read model_read_eicr, model_read_eics, model_read_eims, model_read_eiam, model_read_ex;
register_write model_write_eicr, model_write_eics, model_write_eims, model_write_eimc, model_write_eiam, model_write_ex;

#endif
