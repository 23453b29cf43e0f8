/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which drivers and the 82576's firmware share the ports' PHYs: SW_FW_SYNC has a bit for each PHY and
 * each side, and SWSM guards SW_FW_SYNC. */
#include "82576_semaphore.h"
#include "../../access.h"
#include "../../clock.h"
#include "82576_registers.h"

#include <errno.h>

static bool sync_take(struct nic *nic)
{
	/* SMBI is the lock between drivers: it reads 0 once, to whoever gets it (doubt 7). An owner that does not clear
	 * it within the limit is taken for dead */
	int ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, gigabit_times.smbi);
	if (ret == -ETIMEDOUT) {
		reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI, 0);
		ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, gigabit_times.smbi);
	}
	if (ret)
		return false;
	/* SWESMBI is the lock between drivers and firmware */
	if (gigabit_claim(nic, IGB_SWSM, IGB_SWSM_SWESMBI, gigabit_times.swesmbi))
		return true;
	reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI, 0);
	return false;
}

static void sync_give(struct nic *nic)
{
	reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI | IGB_SWSM_SWESMBI, 0);
}

/* The PHY's bit, by the function's number; 0: the number cannot be read. */
static uint32_t phy_bit(struct nic *nic)
{
	uint32_t status;
	static const uint32_t bits[] = {
		IGB_SW_FW_SYNC_PHY0, IGB_SW_FW_SYNC_PHY1, IGB_SW_FW_SYNC_PHY2, IGB_SW_FW_SYNC_PHY3};
	return reg_read_sure(nic, GIGABIT_STATUS, &status) == 0 ? bits[status >> GIGABIT_STATUS_FUNC_SHIFT & 3] : 0;
}

bool gigabit_82576_phy_take(struct nic *nic)
{
	uint32_t ours = phy_bit(nic), firmwares = ours << IGB_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = clock_now_us() + gigabit_times.phy_owner;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		if (!ours || !sync_take(nic))
			return false;
		uint32_t owners;
		bool known = reg_read_sure(nic, IGB_SW_FW_SYNC, &owners) == 0;
		/* An owner that does not let go within the limit is taken for dead */
		bool mine = known && (!(owners & (ours | firmwares)) || late);
		if (mine)
			reg_write(nic, IGB_SW_FW_SYNC, (owners & ~firmwares) | ours);
		sync_give(nic);
		if (mine || !known)
			return mine && !port_gone(nic);
		clock_sleep_us(5000);
	}
}

void gigabit_82576_phy_give(struct nic *nic)
{
	if (!sync_take(nic))
		return;
	reg_change(nic, IGB_SW_FW_SYNC, phy_bit(nic), 0);
	sync_give(nic);
}
