/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the 82599, X540 and X550: begin to negotiate, and look (82599 DS 4.6.4). Nobody waits here. */
#include "../access.h"
#include "../fail.h"
#include "ixgbe.h"

void ixgbe_link_start(struct nic *nic)
{
	/* X540 and X550 negotiate by themselves, as their NVM says; the 82599's sequence is not for them */
	if (nic->id->kind == IXGBE_X540 || nic->id->kind == IXGBE_X550)
		return;
	/* SDP3 high is laser off, on boards with cages (doubt 18) */
	if (nic->id->kind == IXGBE_82599_SFP)
		reg_change(nic, IXGBE_ESDP, IXGBE_ESDP_SDP3, 0);
	/* After a reset AUTOC and AUTOC2 hold what the NVM knows of the board's medium: restart, and change nothing
	 * else (doubt 6) */
	reg_change(nic, IXGBE_AUTOC, 0, IXGBE_AUTOC_AN_RESTART);
}

int ixgbe_get_link(struct nic *nic, struct nic_link *link)
{
	*link = (struct nic_link){.up = false};
	reg_read(nic, IXGBE_LINKS); /* the first read tells of a link that was down meanwhile, the second what is now */
	uint32_t links = reg_read(nic, IXGBE_LINKS);
	if (port_gone(nic))
		return fail_gone(nic);
	if (!(links & IXGBE_LINKS_UP))
		return 0;
	link->up = true;
	/* The X550 has two speeds more, which this bit tells beside the speed bits (doubt 24) */
	bool odd = nic->id->kind == IXGBE_X550 && (links & IXGBE_LINKS_NON_STD);
	switch (links >> IXGBE_LINKS_SPEED_SHIFT & 3) {
	case 3:
		link->mbps = odd ? 2500 : 10000;
		break;
	case 2:
		link->mbps = 1000;
		break;
	case 1:
		link->mbps = odd ? 5000 : 100;
		break;
	default:
		break; /* no meaning that the datasheet gives */
	}
	return 0;
}
