/* SPDX-License-Identifier: BSD-2-Clause
 * The PHY of the e1000 lineage, by MDIC, which on the PCIe chips firmware uses as well. */
#include "../../vfio/error.h"
#include "../clock.h"
#include "../fail.h"
#include "e1000.h"

#include <errno.h>

bool e1000_claim(struct e1000 *e, uint32_t offset, uint32_t bit, uint32_t limit_us)
{
	uint64_t deadline = clock_now_us() + limit_us;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		e1000_change(e, offset, 0, bit);
		uint32_t value;
		if (reg_read_sure(&e->nic, offset, &value) != 0)
			return false;
		if (value & bit)
			return true;
		if (late)
			return false;
		clock_sleep_us(2000);
	}
}

static int phy_access(struct e1000 *e, unsigned reg, uint32_t command, uint16_t *value)
{
	/* what is not to be had is used all the same: its owner is dead */
	bool taken = e->chip->phy_take && e->chip->phy_take(e);
	e1000_write(e, E1000_MDIC, command | E1000_MDIC_PHY_1 | reg << E1000_MDIC_REG_SHIFT);
	int ret = e1000_wait(e, E1000_MDIC, E1000_MDIC_READY, E1000_MDIC_READY, e1000_times.mdic);
	uint32_t answer = ret ? 0 : e1000_read(e, E1000_MDIC);
	if (taken)
		e->chip->phy_give(e);
	if (ret == -ETIMEDOUT)
		return pollux_fail(ETIMEDOUT,
			"%s: MDIC.READY was not set within %u ms: the card's PHY does not answer; power the machine "
			"off and on",
			e->nic.device->address, e1000_times.mdic / 1000);
	if (!ret && port_gone(&e->nic))
		ret = fail_gone(&e->nic);
	if (!ret && (answer & E1000_MDIC_ERROR))
		return pollux_fail(EIO,
			"%s: MDIC.ERROR is set for register %u: the card has no PHY at address 1, so it is no copper "
			"card",
			e->nic.device->address, reg);
	*value = (uint16_t)answer;
	return ret;
}

int e1000_phy_read(struct e1000 *e, unsigned reg, uint16_t *value)
{
	return phy_access(e, reg, E1000_MDIC_READ, value);
}

int e1000_phy_write(struct e1000 *e, unsigned reg, uint16_t value)
{
	uint16_t unused;
	return phy_access(e, reg, E1000_MDIC_WRITE | value, &unused);
}
