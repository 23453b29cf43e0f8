/* SPDX-License-Identifier: BSD-2-Clause
 * The PHY of the gigabit chips, by MDIC. On the PCIe chips firmware uses it as well: so the chips take
 * ownership first. */
#include "../../vfio/error.h"
#include "../access.h"
#include "gigabit.h"

#include <errno.h>

/* What MDIC holds afterwards. -ETIMEDOUT without a sentence; -ENODEV, -EIO (refused) with one. */
static int phy_access(struct nic *nic, unsigned reg, uint32_t command, uint32_t *answer)
{
	/* An owner that does not let go of the PHY is taken for dead */
	bool taken = gigabit_take(nic, GIGABIT_PHY);
	reg_write(nic, GIGABIT_MDIC, command | GIGABIT_MDIC_PHY_1 | reg << GIGABIT_MDIC_REG_SHIFT);
	int ret = reg_poll(nic, GIGABIT_MDIC, GIGABIT_MDIC_READY, GIGABIT_MDIC_READY, gigabit_times.mdic);
	if (!ret)
		ret = reg_read_sure(nic, GIGABIT_MDIC, answer);
	if (ret)
		*answer = 0;
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, ret == -ETIMEDOUT ? 0 : ret);
	if (taken)
		gigabit_give(nic, GIGABIT_PHY);
	return failure.error ? pollux_failure_restore(&failure) : ret;
}

/* The same with sentences for what can go wrong. */
static int phy_access_sure(struct nic *nic, unsigned reg, uint32_t command, uint32_t *answer)
{
	int ret = phy_access(nic, reg, command, answer);
	if (ret == -ETIMEDOUT)
		return fail_wait(nic, GIGABIT_MDIC, "READY", true, gigabit_times.mdic,
			"the card's PHY does not answer; power the machine off and on");
	if (ret)
		return ret;
	if (*answer & GIGABIT_MDIC_ERROR && !port_gone(nic))
		return fail_port(nic, EIO,
			"MDIC.ERROR is set for register %u: the card has no PHY at address 1, so it is no copper card",
			reg);
	return fail_if_gone(nic);
}

int gigabit_phy_read(struct nic *nic, unsigned reg, uint16_t *value)
{
	uint32_t answer;
	int ret = phy_access_sure(nic, reg, GIGABIT_MDIC_READ, &answer);
	*value = (uint16_t)answer;
	return ret;
}

int gigabit_phy_write(struct nic *nic, unsigned reg, uint16_t value)
{
	uint32_t answer;
	return phy_access_sure(nic, reg, GIGABIT_MDIC_WRITE | value, &answer);
}

bool gigabit_phy_try_read(struct nic *nic, unsigned reg, uint16_t *value)
{
	uint32_t answer;
	int ret = phy_access(nic, reg, GIGABIT_MDIC_READ, &answer);
	*value = (uint16_t)answer;
	return ret == 0 && !(answer & GIGABIT_MDIC_ERROR) && !port_gone(nic);
}
