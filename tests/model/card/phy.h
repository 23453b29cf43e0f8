/* SPDX-License-Identifier: BSD-2-Clause
 * The 10GBASE-T PHY of X540 and X550. */
#ifndef POLLUX_TESTS_MODEL_CARD_PHY_H
#define POLLUX_TESTS_MODEL_CARD_PHY_H

#include "resets.h"
#include "state.h"

void model_phy_open(struct model *m);
/** A reset of the device, which reaches it or not. */
void model_phy_device_reset(struct model *m, enum reset_kind kind);
/** The partner came, went or can do something else. */
void model_phy_partner(struct model *m);
void model_phy_step(struct model *m);
/** Whether the partner obeys pause frames, as both ends have negotiated. */
bool model_phy_partner_obeys(const struct model *m);

register_write model_write_msca;

#endif
