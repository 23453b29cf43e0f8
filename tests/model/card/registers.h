/* SPDX-License-Identifier: BSD-2-Clause
 * The register file: all that a register does by itself. */
#ifndef POLLUX_TESTS_MODEL_CARD_REGISTERS_H
#define POLLUX_TESTS_MODEL_CARD_REGISTERS_H

#include "resets.h"

/** Finds out which registers this card has. */
void model_registers_open(struct model *m);
void model_registers_reset(struct model *m, enum reset_kind kind);
/* One register, at any offset. A write of CTRL may leave reset_asked for the caller. */
uint32_t model_register_read(struct model *m, uint32_t offset);
void model_register_write(struct model *m, uint32_t offset, uint32_t value);

#endif
