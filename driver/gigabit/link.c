/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the e1000 lineage's copper cards: let the PHY negotiate, and look. Nobody waits here. */
#include "../fail.h"
#include "e1000.h"

int e1000_link_start(struct e1000 *e)
{
	/* The MAC follows the PHY; no pause frames in either direction: a full ring is to be seen as loss, not to stop
	 * a link's other end. Bits that only some of the chips have are reserved, and 0, on the others; but ASDE may be
	 * set on the 82540EM only. */
	e1000_change(e, E1000_CTRL,
		E1000_CTRL_GIO_MASTER_DISABLE | E1000_CTRL_LRST | E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX |
			E1000_CTRL_RFCE | E1000_CTRL_TFCE | E1000_CTRL_VME,
		E1000_CTRL_SLU | (e->chip->pcie ? 0 : E1000_CTRL_ASDE));
	e1000_write(e, E1000_FCRTL, 0);
	e1000_write(e, E1000_FCRTH, 0);

	/* A PHY that has a link is let alone: starting anew would cost seconds of it. Its status tells of a loss once,
	 * so the second reading counts. QEMU's 82576 has no link after a reset, and gets one by negotiating only. */
	uint16_t control, status = 0;
	int ret = e1000_phy_read(e, E1000_PHY_BMCR, &control);
	for (unsigned i = 0; !ret && i < 2; i++)
		ret = e1000_phy_read(e, E1000_PHY_BMSR, &status);
	const uint16_t wrong = E1000_BMCR_POWERDOWN | E1000_BMCR_ISOLATE | E1000_BMCR_LOOPBACK;
	bool follows = (status & E1000_BMSR_LINK) && (e1000_read(e, E1000_STATUS) & E1000_STATUS_LU);
	if (ret || (!(control & wrong) && (control & E1000_BMCR_AUTONEG) && follows))
		return ret;
	control &= (uint16_t)~wrong;
	return e1000_phy_write(e, E1000_PHY_BMCR, control | E1000_BMCR_AUTONEG | E1000_BMCR_RESTART);
}

int e1000_get_link(struct nic *nic, struct nic_link *link)
{
	static const uint16_t mbps[] = {10, 100, 1000, 1000};
	uint32_t status = e1000_read(e1000_of(nic), E1000_STATUS);
	*link = (struct nic_link){.up = false};
	if (port_gone(nic))
		return fail_gone(nic);
	if (status & E1000_STATUS_LU)
		*link = (struct nic_link){.up = true, .mbps = mbps[status >> E1000_STATUS_SPEED_SHIFT & 3]};
	return 0;
}
