/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which software and the card's firmware share the PHY (82599 DS 10.5.4). Only X540 and X550 need one, around
 * their reset: on the 82599 this driver leaves PHY, NVM and AUTOC's settings alone. */
#include "ixgbe.h"

static bool registers_take(struct ixgbe *ix)
{
	/* SMBI reads 0 once, to whom gets it, and 1 from then on. A dead owner is overruled. */
	if (ixgbe_wait(ix, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0, ixgbe_times.smbi) != 0) {
		ixgbe_change(ix, IXGBE_SWSM, IXGBE_SWSM_SMBI | IXGBE_SWSM_SWESMBI, 0);
		if (ixgbe_wait(ix, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0, ixgbe_times.smbi) != 0)
			return false;
	}
	/* SWESMBI keeps what is written only while firmware does not have it */
	uint64_t deadline = nic_now_us() + ixgbe_times.swesmbi;
	for (;;) {
		ixgbe_change(ix, IXGBE_SWSM, 0, IXGBE_SWSM_SWESMBI);
		if (nic_gone(&ix->nic))
			return false;
		if (ixgbe_read(ix, IXGBE_SWSM) & IXGBE_SWSM_SWESMBI)
			return true;
		if (nic_now_us() >= deadline)
			break;
		nic_sleep_us(50);
	}
	ixgbe_change(ix, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0);
	return false;
}

static void registers_give(struct ixgbe *ix)
{
	ixgbe_change(ix, IXGBE_SWSM, IXGBE_SWSM_SWESMBI, 0);
	ixgbe_change(ix, IXGBE_SWSM, IXGBE_SWSM_SMBI, 0);
}

bool ixgbe_semaphore_take(struct ixgbe *ix, uint32_t resource)
{
	uint32_t firmware = resource << IXGBE_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = nic_now_us() + ixgbe_times.resource;
	for (;;) {
		bool late = nic_now_us() >= deadline;
		if (!registers_take(ix))
			return false;
		uint32_t owners = ixgbe_read(ix, IXGBE_SW_FW_SYNC);
		/* a dead owner, be it software or firmware, is overruled when its time is over */
		if (!(owners & (resource | firmware)) || late) {
			ixgbe_write(ix, IXGBE_SW_FW_SYNC, (owners & ~firmware) | resource);
			registers_give(ix);
			return !nic_gone(&ix->nic);
		}
		registers_give(ix);
		nic_sleep_us(5000);
	}
}

void ixgbe_semaphore_give(struct ixgbe *ix, uint32_t resource)
{
	if (!registers_take(ix))
		return;
	ixgbe_change(ix, IXGBE_SW_FW_SYNC, resource, 0);
	registers_give(ix);
}
