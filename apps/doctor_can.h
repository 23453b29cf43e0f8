/* SPDX-License-Identifier: BSD-2-Clause
 * What a card can do beyond plain frames, in words: queues, RSS, offloads, flow control. */
#ifndef POLLUX_APPS_DOCTOR_CAN_H
#define POLLUX_APPS_DOCTOR_CAN_H

#include "../driver/nic.h"

#define DOCTOR_ABILITIES 6u

/** Writes what a port can do, by name and value. @return how many there are */
unsigned doctor_abilities(const struct nic_info *info, struct nic_fact abilities[DOCTOR_ABILITIES]);

#endif
