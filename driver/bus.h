/* SPDX-License-Identifier: BSD-2-Clause
 * A port and its bus: requests under way, and the end of all DMA. */
#pragma once

#include "driver.h"

/** Waits until no PCIe request of the device is pending, at most so long. */
void bus_wait_transactions(struct nic *nic, uint32_t limit_us);

/** Turns memory space on and bus mastering off. Where that fails, the function is reset, and the failure returned all
 * the same. */
int bus_master_off(struct nic *nic);

/** Resets the device and turns bus mastering off: no DMA from then on. Does all of it whatever fails; @return the first
 * failure. */
int bus_halt(struct nic *nic);
