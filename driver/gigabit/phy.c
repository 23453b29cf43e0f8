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
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, reg_wait_set(&e->nic, E1000_MDIC, E1000_MDIC_READY, e1000_times.mdic, "READY",
					      "the card's PHY does not answer; power the machine off and on"));
	uint32_t answer = failure.error ? 0 : e1000_read(e, E1000_MDIC);
	if (taken)
		e->chip->phy_give(e);
	*value = (uint16_t)answer;
	if (failure.error)
		return pollux_failure_restore(&failure);
	if (answer & E1000_MDIC_ERROR && !port_gone(&e->nic))
		return pollux_fail(EIO,
			"%s: MDIC.ERROR is set for register %u: the card has no PHY at address 1, so it is no copper "
			"card",
			e->nic.device->address, reg);
	return fail_if_gone(&e->nic);
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
