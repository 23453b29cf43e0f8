/* SPDX-License-Identifier: BSD-2-Clause
 * The igb family: what the e1000 lineage calls of it. */
#ifndef POLLUX_DRIVER_IGB_IGB_H
#define POLLUX_DRIVER_IGB_IGB_H

#include "e1000.h"
#include "igb_registers.h"

extern const struct e1000_chip igb_82576;

/* ---- semaphore.c ---- */

bool igb_phy_take(struct e1000 *e);
void igb_phy_give(struct e1000 *e);

#endif
