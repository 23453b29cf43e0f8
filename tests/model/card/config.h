/* SPDX-License-Identifier: BSD-2-Clause
 * PCI configuration space. */
#ifndef POLLUX_TESTS_MODEL_CARD_CONFIG_H
#define POLLUX_TESTS_MODEL_CARD_CONFIG_H

#include "state.h"

/** Identity, BARs and all that comes up the same after every reset. */
void model_config_reset(struct model *m);
void model_config_read(struct model *m, uint64_t offset, void *data, size_t bytes);
/** @return true: it asks for a function level reset. */
bool model_config_write(struct model *m, uint64_t offset, const void *data, size_t bytes);

#endif
