/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which drivers and the 82576's firmware share the ports' PHYs: SW_FW_SYNC has a bit for each PHY and
 * each side, and SWSM guards SW_FW_SYNC. */
#include "../clock.h"
#include "igb.h"

#include <errno.h>

static bool sync_take(struct e1000 *e)
{
	/* SMBI is between drivers, and reads 0 once, to whom gets it. A dead owner is overruled */
	int ret = e1000_poll(e, IGB_SWSM, IGB_SWSM_SMBI, 0, e1000_times.smbi);
	if (ret == -ETIMEDOUT) {
		e1000_change(e, IGB_SWSM, IGB_SWSM_SMBI, 0);
		ret = e1000_poll(e, IGB_SWSM, IGB_SWSM_SMBI, 0, e1000_times.smbi);
	}
	if (ret)
		return false;
	/* between drivers and firmware */
	if (e1000_claim(e, IGB_SWSM, IGB_SWSM_SWESMBI, e1000_times.swesmbi))
		return true;
	e1000_change(e, IGB_SWSM, IGB_SWSM_SMBI, 0);
	return false;
}

static void sync_give(struct e1000 *e)
{
	e1000_change(e, IGB_SWSM, IGB_SWSM_SMBI | IGB_SWSM_SWESMBI, 0);
}

/* The PHY's bit, by the function's number; 0: that cannot be read. */
static uint32_t phy_bit(struct e1000 *e)
{
	uint32_t status;
	static const uint32_t bits[] = {
		IGB_SW_FW_SYNC_PHY0, IGB_SW_FW_SYNC_PHY1, IGB_SW_FW_SYNC_PHY2, IGB_SW_FW_SYNC_PHY3};
	return reg_read_sure(&e->nic, E1000_STATUS, &status) == 0 ? bits[status >> E1000_STATUS_FUNC_SHIFT & 3] : 0;
}

bool igb_phy_take(struct e1000 *e)
{
	uint32_t ours = phy_bit(e), firmwares = ours << IGB_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = clock_now_us() + e1000_times.phy_owner;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		if (!ours || !sync_take(e))
			return false;
		uint32_t owners;
		bool known = reg_read_sure(&e->nic, IGB_SW_FW_SYNC, &owners) == 0;
		/* an owner that does not let go is dead, and overruled */
		bool mine = known && (!(owners & (ours | firmwares)) || late);
		if (mine)
			e1000_write(e, IGB_SW_FW_SYNC, (owners & ~firmwares) | ours);
		sync_give(e);
		if (mine || !known)
			return mine && !port_gone(&e->nic);
		clock_sleep_us(5000);
	}
}

void igb_phy_give(struct e1000 *e)
{
	if (!sync_take(e))
		return;
	e1000_change(e, IGB_SW_FW_SYNC, phy_bit(e), 0);
	sync_give(e);
}
