/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which software and the card's firmware share the PHY (82599 DS 10.5.4). Only X540 and X550 need
 * one, around their reset: on the 82599 this driver leaves PHY, NVM and AUTOC's settings alone. On X540 and X550 a bit
 * in SW_FW_SYNC itself guards that register, and not SWSM.SWESMBI (doubt 25). */
#include "../access.h"
#include "../clock.h"
#include "ixgbe.h"

#include <errno.h>

/* A lock: it reads 0 once, to whoever gets it, and 1 from then on until it is cleared (doubt 7). An owner that does not
 * clear it within the limit is taken for dead. */
static bool take_by_reading(struct nic *nic, uint32_t offset, uint32_t bit, uint32_t limit_us)
{
	int ret = reg_poll(nic, offset, bit, 0, limit_us);
	if (ret == -ETIMEDOUT) {
		reg_change(nic, offset, bit, 0);
		ret = reg_poll(nic, offset, bit, 0, limit_us);
	}
	return ret == 0;
}

/* SMBI is the lock between drivers, REGSMP the one between drivers and firmware. */
static bool registers_take(struct nic *nic)
{
	if (!take_by_reading(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI, ixgbe_times.smbi))
		return false;
	if (take_by_reading(nic, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, ixgbe_times.regsmp))
		return true;
	reg_change(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0);
	return false;
}

static void registers_give(struct nic *nic)
{
	reg_change(nic, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, 0);
	reg_change(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0);
}

bool ixgbe_semaphore_take(struct nic *nic, uint32_t resource)
{
	uint32_t firmware = resource << IXGBE_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = clock_now_us() + ixgbe_times.resource;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		if (!registers_take(nic))
			return false;
		uint32_t owners;
		bool known = reg_read_sure(nic, IXGBE_SW_FW_SYNC, &owners) == 0;
		/* An owner that does not let go within the limit, be it software or firmware, is taken for dead */
		bool mine = known && (!(owners & (resource | firmware)) || late);
		if (mine)
			reg_write(nic, IXGBE_SW_FW_SYNC, (owners & ~firmware) | resource);
		registers_give(nic);
		if (mine || !known)
			return mine && !port_gone(nic);
		clock_sleep_us(5000);
	}
}

void ixgbe_semaphore_give(struct nic *nic, uint32_t resource)
{
	if (!registers_take(nic))
		return;
	reg_change(nic, IXGBE_SW_FW_SYNC, resource, 0);
	registers_give(nic);
}
