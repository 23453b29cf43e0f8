/* SPDX-License-Identifier: BSD-2-Clause
 * VLANs of the 82599, X540 and X550 on receive: which frames pass (82599 DS 7.4), and whose tag is taken out. */
#include "../access.h"
#include "../fail.h"
#include "ixgbe.h"

static void set_filter(struct nic *nic)
{
	reg_change(nic, IXGBE_VLNCTRL, IXGBE_VLNCTRL_VFE | IXGBE_VLNCTRL_CFIEN,
		nic->queues.vlan_count ? IXGBE_VLNCTRL_VFE : 0);
}

int ixgbe_set_vlans(struct nic *nic, unsigned word)
{
	/* While the filter is on, its table has a VLAN that passes. RXEN stays as it is (doubt 21) */
	if (!nic->queues.vlan_count)
		set_filter(nic);
	reg_write(nic, IXGBE_AT(VFTA, word), nic->queues.vlans[word]);
	if (nic->queues.vlan_count)
		set_filter(nic);
	return fail_if_gone(nic);
}

int ixgbe_set_vlan_strip(struct nic *nic, unsigned queue, bool on)
{
	reg_change(nic, IXGBE_RX_AT(RXDCTL, queue), IXGBE_RXDCTL_VME, on ? IXGBE_RXDCTL_VME : 0);
	return fail_if_gone(nic);
}

void ixgbe_vlan_start(struct nic *nic)
{
	/* With these the card skips the first tag, and filters by the second one, and takes that out */
	reg_change(nic, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_EXTENDED_VLAN, 0);
	reg_change(nic, IXGBE_DMATXCTL, IXGBE_DMATXCTL_GDV, 0);
	for (unsigned word = 0; word < IXGBE_VFTA_COUNT; word++)
		reg_write(nic, IXGBE_AT(VFTA, word), nic->queues.vlans[word]);
	set_filter(nic);
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		ixgbe_set_vlan_strip(nic, i, nic->config.offloads & NIC_RX_VLAN_STRIP);
}
