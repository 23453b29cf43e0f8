/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which drivers and the 82576's firmware share the NVM and the ports' PHYs: SW_FW_SYNC has a bit for
 * each of them and each side, and SWSM guards SW_FW_SYNC. */
#include "82576_semaphore.h"
#include "../../access.h"
#include "../../clock.h"
#include "82576_registers.h"

#include <errno.h>

static bool sync_take(struct nic *nic)
{
	/* SMBI is the lock between drivers: it reads 0 once, to whoever gets it (doubt 7). An owner that does not clear
	 * it within the limit is taken for dead */
	int ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, gigabit_owner_patience(nic, gigabit_times.smbi));
	if (ret == -ETIMEDOUT) {
		reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI, 0);
		ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, gigabit_times.smbi);
	}
	if (ret == -ETIMEDOUT)
		gigabit_owner_seen(nic, true, "SWSM.SMBI");
	if (ret)
		return false;
	/* SWESMBI is the lock between drivers and firmware */
	if (gigabit_claim(nic, IGB_SWSM, IGB_SWSM_SWESMBI, gigabit_owner_patience(nic, gigabit_times.swesmbi)))
		return true;
	gigabit_owner_seen(nic, true, "SWSM.SWESMBI");
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

/* Takes a resource by its bit. */
static bool take(struct nic *nic, uint32_t ours, const char *what)
{
	uint32_t firmwares = ours << IGB_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = clock_now_us() + gigabit_owner_patience(nic, gigabit_times.sync_owner);
	for (;;) {
		bool late = clock_now_us() >= deadline;
		if (!ours || !sync_take(nic))
			return false;
		uint32_t owners;
		bool known = reg_read_sure(nic, IGB_SW_FW_SYNC, &owners) == 0;
		/* An owner that does not let go within the limit is taken for dead */
		bool is_free = known && !(owners & (ours | firmwares)), mine = is_free || (known && late);
		if (mine)
			reg_write(nic, IGB_SW_FW_SYNC, (owners & ~firmwares) | ours);
		sync_give(nic);
		if (mine)
			gigabit_owner_seen(nic, !is_free, what);
		if (mine || !known)
			return mine && !port_gone(nic);
		clock_sleep_us(5000);
	}
}

static void give(struct nic *nic, uint32_t ours)
{
	if (!sync_take(nic))
		return;
	reg_change(nic, IGB_SW_FW_SYNC, ours, 0);
	sync_give(nic);
}

bool gigabit_82576_phy_take(struct nic *nic)
{
	return take(nic, phy_bit(nic), "the PHY's bits in SW_FW_SYNC");
}

void gigabit_82576_phy_give(struct nic *nic)
{
	give(nic, phy_bit(nic));
}

bool gigabit_82576_nvm_take(struct nic *nic)
{
	return take(nic, IGB_SW_FW_SYNC_EEP, "the NVM's bits in SW_FW_SYNC");
}

void gigabit_82576_nvm_give(struct nic *nic)
{
	give(nic, IGB_SW_FW_SYNC_EEP);
}
