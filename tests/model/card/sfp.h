/* SPDX-License-Identifier: BSD-2-Clause
 * The SFP+ module. */
#ifndef POLLUX_TESTS_MODEL_CARD_SFP_H
#define POLLUX_TESTS_MODEL_CARD_SFP_H

#include "state.h"

register_read model_read_i2c, model_read_esdp;
register_write model_write_i2c, model_write_esdp;

#endif
