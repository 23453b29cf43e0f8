/* SPDX-License-Identifier: BSD-2-Clause
 * How the 82576's drivers and firmware share its PHYs and its NVM. */
#pragma once

#include "../gigabit.h"

/** Takes the port's PHY from the firmware, and gives it back. False: the firmware does not let go of it. */
bool gigabit_82576_phy_take(struct nic *nic);
void gigabit_82576_phy_give(struct nic *nic);

/** The same for the NVM, which all ports share. */
bool gigabit_82576_nvm_take(struct nic *nic);
void gigabit_82576_nvm_give(struct nic *nic);
