/* SPDX-License-Identifier: BSD-2-Clause
 * Modules and speeds as the command line and the control FIFO name them. */
#ifndef POLLUX_TESTS_MODEL_LINK_TEXT_H
#define POLLUX_TESTS_MODEL_LINK_TEXT_H

#include "card/model.h"

/** @return false: there is no module of that name. */
bool link_text_module(const char *name, enum model_module *module);

/** Understands speeds in Mbit/s with commas between, like "100,1000". @return false: it is something else. */
bool link_text_speeds(const char *text, uint32_t *speeds);

#endif
