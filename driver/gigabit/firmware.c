/* SPDX-License-Identifier: BSD-2-Clause
 * PHY and NVM of the gigabit chips' PCIe cards, which firmware uses as well: who has them, and firmware that does not
 * give them back. The 82574L has one bit for both. On the 82576 SW_FW_SYNC has a bit for the NVM, which its ports
 * share, and for each port's PHY, of each side; and SWSM guards SW_FW_SYNC. */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "chips/82576_registers.h"
#include "gigabit.h"

#include <errno.h>

/* How long to wait for an owner: the limit, but not again for one that has let it pass. */
static uint32_t patience(const struct nic *nic, uint32_t limit_us)
{
	return ((const struct gigabit *)nic)->owner_stuck ? 0 : limit_us;
}

/* Remembers whether the owner of what was asked for has let go of it, and notes it when it has not for the first time.
 */
static void owner_seen(struct nic *nic, bool stuck, const char *what)
{
	bool *known = &((struct gigabit *)nic)->owner_stuck;
	if (stuck && !*known && !port_gone(nic))
		port_note(nic, "%s: the firmware does not give it back: taken for dead", what);
	*known = stuck;
}

/* ---- the 82574L: the bit is for MDIO, by its name, and for the NVM, by how Intel's own drivers use it ---- */

static bool take_mdio_sw(struct nic *nic)
{
	bool taken = reg_claim(
		nic, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, patience(nic, gigabit_times.mdio_owner));
	owner_seen(nic, !taken, "EXTCNF_CTRL.MDIO_SW");
	return taken;
}

/* ---- the 82576 ---- */

/* SMBI is the lock between drivers: it reads 0 once, to whoever gets it (doubt 7). An owner that does not clear it
 * within the limit is taken for dead. SWESMBI is the lock between drivers and firmware. */
static bool take_swsm(struct nic *nic)
{
	int ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, patience(nic, gigabit_times.smbi));
	if (ret == -ETIMEDOUT) {
		reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI, 0);
		ret = reg_poll(nic, IGB_SWSM, IGB_SWSM_SMBI, 0, gigabit_times.smbi);
	}
	if (ret == -ETIMEDOUT)
		owner_seen(nic, true, "SWSM.SMBI");
	if (ret)
		return false;
	if (reg_claim(nic, IGB_SWSM, IGB_SWSM_SWESMBI, patience(nic, gigabit_times.swesmbi)))
		return true;
	owner_seen(nic, true, "SWSM.SWESMBI");
	reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI, 0);
	return false;
}

static void give_swsm(struct nic *nic)
{
	reg_change(nic, IGB_SWSM, IGB_SWSM_SMBI | IGB_SWSM_SWESMBI, 0);
}

/* The drivers' bit in SW_FW_SYNC: the PHY's is by the function's number. 0: that cannot be read. */
static uint32_t sync_bit(struct nic *nic, enum gigabit_resource resource)
{
	uint32_t status;
	static const uint32_t phys[] = {
		IGB_SW_FW_SYNC_PHY0, IGB_SW_FW_SYNC_PHY1, IGB_SW_FW_SYNC_PHY2, IGB_SW_FW_SYNC_PHY3};
	if (resource == GIGABIT_NVM)
		return IGB_SW_FW_SYNC_EEP;
	return reg_read_sure(nic, GIGABIT_STATUS, &status) == 0 ? phys[status >> GIGABIT_STATUS_FUNC_SHIFT & 3] : 0;
}

static bool take_sync(struct nic *nic, uint32_t ours, const char *what)
{
	uint32_t firmwares = ours << IGB_SW_FW_SYNC_FW_SHIFT;
	uint64_t deadline = clock_now_us() + patience(nic, gigabit_times.sync_owner);
	for (;;) {
		bool late = clock_now_us() >= deadline;
		if (!ours || !take_swsm(nic))
			return false;
		uint32_t owners;
		bool known = reg_read_sure(nic, IGB_SW_FW_SYNC, &owners) == 0;
		/* An owner that does not let go within the limit is taken for dead */
		bool is_free = known && !(owners & (ours | firmwares)), mine = is_free || (known && late);
		if (mine)
			reg_write(nic, IGB_SW_FW_SYNC, (owners & ~firmwares) | ours);
		give_swsm(nic);
		if (mine)
			owner_seen(nic, !is_free, what);
		if (mine || !known)
			return mine && !port_gone(nic);
		clock_sleep_us(5000);
	}
}

/* ---- of any ---- */

bool gigabit_take(struct nic *nic, enum gigabit_resource resource)
{
	switch (gigabit_chip(nic)->shares) {
	case GIGABIT_SHARES_BY_MDIO_SW:
		return take_mdio_sw(nic);
	case GIGABIT_SHARES_BY_SW_FW_SYNC:
		return take_sync(nic, sync_bit(nic, resource),
			resource == GIGABIT_NVM ? "the NVM's bits in SW_FW_SYNC" : "the PHY's bits in SW_FW_SYNC");
	default:
		return false;
	}
}

void gigabit_give(struct nic *nic, enum gigabit_resource resource)
{
	if (gigabit_chip(nic)->shares == GIGABIT_SHARES_BY_MDIO_SW) {
		reg_change(nic, GIGABIT_EXTCNF_CTRL, GIGABIT_EXTCNF_CTRL_MDIO_SW, 0);
	} else if (take_swsm(nic)) {
		reg_change(nic, IGB_SW_FW_SYNC, sync_bit(nic, resource), 0);
		give_swsm(nic);
	}
}
