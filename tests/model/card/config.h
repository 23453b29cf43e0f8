/* SPDX-License-Identifier: BSD-2-Clause
 * PCI configuration space. */
#ifndef POLLUX_TESTS_MODEL_CARD_CONFIG_H
#define POLLUX_TESTS_MODEL_CARD_CONFIG_H

#include "resets.h"

/** Identity, BARs and all that comes up the same after every reset. A function-level reset leaves what belongs to the
 * PCIe link as it is. */
void model_config_reset(struct model *m, enum reset_kind kind);
void model_config_read(struct model *m, uint64_t offset, void *data, size_t bytes);
/** @return the reset that it asks for: RESET_FUNCTION, RESET_D3, or 0. */
unsigned model_config_write(struct model *m, uint64_t offset, const void *data, size_t bytes);

#endif
