/* SPDX-License-Identifier: BSD-2-Clause
 * The EEPROM, or the flash that stands for it. */
#ifndef POLLUX_TESTS_MODEL_CARD_EEPROM_H
#define POLLUX_TESTS_MODEL_CARD_EEPROM_H

#include "state.h"

/** Fills in its contents. */
void model_eeprom_open(struct model *m);
/** What the device takes from it by itself: AUTOC, the MAC address, and the presence bits. */
void model_eeprom_load(struct model *m);
void model_eeprom_step(struct model *m);

register_write model_write_eec, model_write_eerd;

#endif
