/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the port accepts. */
#ifndef POLLUX_TESTS_MODEL_CARD_FILTER_H
#define POLLUX_TESTS_MODEL_CARD_FILTER_H

#include "state.h"

/** By which rule an address is accepted. */
enum { VERDICT_NO, VERDICT_UNICAST, VERDICT_MULTICAST, VERDICT_BROADCAST, VERDICT_INEXACT = 8 };
/** @return a VERDICT_; the last one is remembered, as consecutive frames tend to go the same way. */
uint8_t model_filter_mac(struct model *m, const uint8_t *mac);
bool model_filter_vlan(const struct model *m, uint16_t tag);

register_write model_write_filter, model_write_rss, model_write_fdirctrl;

#endif
