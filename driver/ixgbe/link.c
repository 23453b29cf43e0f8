/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the 82599, X540 and X550: begins to negotiate, and reads the result (82599 DS 4.6.4). Nothing waits here. */
#include "../access.h"
#include "../fail.h"
#include "ixgbe.h"

void ixgbe_link_start(struct nic *nic)
{
	/* X540 and X550 negotiate by themselves, as their NVM says */
	if (nic->id->kind == IXGBE_X540 || nic->id->kind == IXGBE_X550)
		return;
	/* On boards with cages the laser is off while SDP3 is high (doubt 18) */
	if (nic->id->kind == IXGBE_82599_SFP)
		reg_change(nic, IXGBE_ESDP, IXGBE_ESDP_SDP3, 0);
	/* After a reset AUTOC and AUTOC2 hold what the NVM knows of the board's medium: only the restart bit is changed
	 * (doubt 6) */
	reg_change(nic, IXGBE_AUTOC, 0, IXGBE_AUTOC_AN_RESTART);
}

int ixgbe_get_link(struct nic *nic, struct nic_link *link)
{
	*link = (struct nic_link){.up = false};
	/* The first read says whether the link was down since the last one, the second whether it is down now */
	reg_read(nic, IXGBE_LINKS);
	uint32_t links = reg_read(nic, IXGBE_LINKS);
	if (port_gone(nic))
		return fail_gone(nic);
	if (!(links & IXGBE_LINKS_UP))
		return 0;
	link->up = true;
	/* The X550 has two more speeds: this bit, together with the speed bits (doubt 24) */
	bool non_standard = nic->id->kind == IXGBE_X550 && (links & IXGBE_LINKS_NON_STD);
	switch (links >> IXGBE_LINKS_SPEED_SHIFT & 3) {
	case 3:
		link->mbps = non_standard ? 2500 : 10000;
		break;
	case 2:
		link->mbps = 1000;
		break;
	case 1:
		link->mbps = non_standard ? 5000 : 100;
		break;
	default:
		break; /* the datasheet gives no meaning */
	}
	return 0;
}
