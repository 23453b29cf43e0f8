/* SPDX-License-Identifier: BSD-2-Clause
 * The PHY of the gigabit chips, by MDIC. On the PCIe chips firmware uses it as well: so the chips take
 * ownership first, with gigabit_claim. */
#include "../../vfio/error.h"
#include "../access.h"
#include "../clock.h"
#include "../fail.h"
#include "gigabit.h"

#include <errno.h>

static int phy_access(struct nic *nic, unsigned reg, uint32_t command, uint16_t *value)
{
	/* An owner that does not let go of the PHY is taken for dead */
	bool taken = gigabit_chip(nic)->phy_take && gigabit_chip(nic)->phy_take(nic);
	reg_write(nic, GIGABIT_MDIC, command | GIGABIT_MDIC_PHY_1 | reg << GIGABIT_MDIC_REG_SHIFT);
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, reg_wait_set(nic, GIGABIT_MDIC, GIGABIT_MDIC_READY, gigabit_times.mdic, "READY",
					      "the card's PHY does not answer; power the machine off and on"));
	uint32_t answer = failure.error ? 0 : reg_read(nic, GIGABIT_MDIC);
	if (taken)
		gigabit_chip(nic)->phy_give(nic);
	*value = (uint16_t)answer;
	if (failure.error)
		return pollux_failure_restore(&failure);
	if (answer & GIGABIT_MDIC_ERROR && !port_gone(nic))
		return pollux_fail(EIO,
			"%s: MDIC.ERROR is set for register %u: the card has no PHY at address 1, so it is no copper "
			"card",
			nic->device->address, reg);
	return fail_if_gone(nic);
}

int gigabit_phy_read(struct nic *nic, unsigned reg, uint16_t *value)
{
	return phy_access(nic, reg, GIGABIT_MDIC_READ, value);
}

int gigabit_phy_write(struct nic *nic, unsigned reg, uint16_t value)
{
	uint16_t unused;
	return phy_access(nic, reg, GIGABIT_MDIC_WRITE | value, &unused);
}
