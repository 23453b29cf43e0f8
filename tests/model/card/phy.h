/* SPDX-License-Identifier: BSD-2-Clause
 * The 10GBASE-T PHY of X540 and X550. */
#ifndef POLLUX_TESTS_MODEL_CARD_PHY_H
#define POLLUX_TESTS_MODEL_CARD_PHY_H

#include "state.h"

void model_phy_open(struct model *m);
/** LNK_RST, D3, or its own reset bit: it comes up as the NVM says, and negotiates. */
void model_phy_reset(struct model *m);
/** The partner came, went or can do something else. */
void model_phy_partner(struct model *m);
void model_phy_step(struct model *m);

register_write model_write_msca;

#endif
