/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the gigabit chips, all copper: lets the PHY negotiate, and reads the result. Nothing waits for
 * the link here, only for the PHY's registers. */
#include "../access.h"
#include "../fail.h"
#include "gigabit.h"

int gigabit_link_start(struct nic *nic)
{
	/* The MAC follows the PHY. No pause frames in either direction: a full ring shows as loss, and does not stop
	 * the other end of the link. Clearing a bit that a chip does not have is harmless, but only the 82540EM allows
	 * ASDE to be set */
	reg_change(nic, GIGABIT_CTRL,
		GIGABIT_CTRL_GIO_MASTER_DISABLE | GIGABIT_CTRL_LRST | GIGABIT_CTRL_FRCSPD | GIGABIT_CTRL_FRCDPX |
			GIGABIT_CTRL_RFCE | GIGABIT_CTRL_TFCE | GIGABIT_CTRL_VME,
		GIGABIT_CTRL_SLU | (gigabit_chip(nic)->pcie ? 0 : GIGABIT_CTRL_ASDE));
	reg_write(nic, GIGABIT_FCRTL, 0);
	reg_write(nic, GIGABIT_FCRTH, 0);

	/* A PHY that has a link is left alone: to negotiate anew takes seconds. After a loss of link its status reads
	 * down once more, so the second reading counts. QEMU's 82576 has no link after a reset until it negotiates */
	uint16_t control, status = 0;
	int ret = gigabit_phy_read(nic, GIGABIT_PHY_BMCR, &control);
	for (unsigned i = 0; !ret && i < 2; i++)
		ret = gigabit_phy_read(nic, GIGABIT_PHY_BMSR, &status);
	const uint16_t wrong = GIGABIT_BMCR_POWERDOWN | GIGABIT_BMCR_ISOLATE | GIGABIT_BMCR_LOOPBACK;
	bool follows = (status & GIGABIT_BMSR_LINK) && (reg_read(nic, GIGABIT_STATUS) & GIGABIT_STATUS_LU);
	if (ret || (!(control & wrong) && (control & GIGABIT_BMCR_AUTONEG) && follows))
		return ret;
	control &= (uint16_t)~wrong;
	return gigabit_phy_write(nic, GIGABIT_PHY_BMCR, control | GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_RESTART);
}

int gigabit_get_link(struct nic *nic, struct nic_link *link)
{
	static const uint16_t mbps[] = {10, 100, 1000, 1000};
	uint32_t status = reg_read(nic, GIGABIT_STATUS);
	*link = (struct nic_link){.up = false};
	if (port_gone(nic))
		return fail_gone(nic);
	if (status & GIGABIT_STATUS_LU)
		*link = (struct nic_link){.up = true, .mbps = mbps[status >> GIGABIT_STATUS_SPEED_SHIFT & 3]};
	return 0;
}
