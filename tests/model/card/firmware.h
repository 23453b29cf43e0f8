/* SPDX-License-Identifier: BSD-2-Clause
 * The mailbox of X550's firmware. */
#ifndef POLLUX_TESTS_MODEL_CARD_FIRMWARE_H
#define POLLUX_TESTS_MODEL_CARD_FIRMWARE_H

#include "state.h"

void model_firmware_step(struct model *m);

register_write model_write_hicr;

#endif
