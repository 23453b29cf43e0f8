/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores that drivers and firmware share. */
#ifndef POLLUX_TESTS_MODEL_CARD_SEMAPHORE_H
#define POLLUX_TESTS_MODEL_CARD_SEMAPHORE_H

#include "state.h"

/** Whether software has said that it uses a resource. The 82599 is not held to it: drivers read its EEPROM without. */
bool model_semaphore_held(const struct model *m, uint32_t resource);

/** 82599: whether software holds AUTOC and CORECTL. */
bool model_mac_csr_held(const struct model *m);

void model_semaphore_open(struct model *m);
void model_semaphore_step(struct model *m);

register_read model_read_swsm, model_read_sw_fw_sync, model_read_sync_82599;
register_write model_write_sw_fw_sync;

#endif
