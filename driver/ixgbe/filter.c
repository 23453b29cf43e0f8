/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the 82599, X540 and X550 receive: exact MAC filters, the multicast hash table, promiscuous modes (82599
 * DS 4.6.7 and 7.1.1), VLANs (7.4); and whose tag is taken out. */
#include "../access.h"
#include "../mac.h"
#include "../ring/rx_status.h"
#include "ixgbe.h"

int ixgbe_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac)
{
	/* Off before the address changes: a half-written filter must not match */
	reg_write(nic, IXGBE_AT(RAH, index), 0);
	/* Frames of an address are pool 0's, the only one without virtualisation (DS 8.2.3.7.10) */
	reg_write(nic, IXGBE_AT(MPSAR, 2 * index), mac ? 1 : 0);
	reg_write(nic, IXGBE_AT(MPSAR, 2 * index + 1), 0);
	reg_write(nic, IXGBE_AT(RAL, index), mac ? mac_low(mac) : 0);
	if (mac)
		reg_write(nic, IXGBE_AT(RAH, index), IXGBE_RAH_AV | mac_high(mac));
	return fail_if_gone(nic);
}

int ixgbe_set_multicast(struct nic *nic, unsigned word, uint32_t value)
{
	reg_write(nic, IXGBE_AT(MTA, word), value);
	return fail_if_gone(nic);
}

int ixgbe_set_receive_mode(struct nic *nic)
{
	uint32_t mode = IXGBE_FCTRL_BAM;
	if (nic->promiscuous)
		mode |= IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE;
	if (nic->all_multicast)
		mode |= IXGBE_FCTRL_MPE;
	/* RXEN stays as it is, and no frame is lost (doubt 21) */
	reg_change(nic, IXGBE_FCTRL, IXGBE_FCTRL_SBP | IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE, mode);
	return fail_if_gone(nic);
}

static void set_vlan_filter(struct nic *nic)
{
	reg_change(nic, IXGBE_VLNCTRL, IXGBE_VLNCTRL_VFE | IXGBE_VLNCTRL_CFIEN,
		nic->queues.vlan_count ? IXGBE_VLNCTRL_VFE : 0);
}

int ixgbe_set_vlans(struct nic *nic, unsigned word)
{
	/* While the filter is on, its table has a VLAN that passes. RXEN stays as it is (doubt 21) */
	if (!nic->queues.vlan_count)
		set_vlan_filter(nic);
	reg_write(nic, IXGBE_AT(VFTA, word), nic->queues.vlans[word]);
	if (nic->queues.vlan_count)
		set_vlan_filter(nic);
	return fail_if_gone(nic);
}

int ixgbe_set_vlan_strip(struct nic *nic, unsigned queue, bool on)
{
	reg_change(nic, IXGBE_RX_AT(RXDCTL, queue), IXGBE_RXDCTL_VME, on ? IXGBE_RXDCTL_VME : 0);
	return fail_if_gone(nic);
}

static void vlan_start(struct nic *nic)
{
	/* With these the card skips the first tag, and filters by the second one, and takes that out */
	reg_change(nic, IXGBE_CTRL_EXT, IXGBE_CTRL_EXT_EXTENDED_VLAN, 0);
	reg_change(nic, IXGBE_DMATXCTL, IXGBE_DMATXCTL_GDV, 0);
	for (unsigned word = 0; word < IXGBE_VFTA_COUNT; word++)
		reg_write(nic, IXGBE_AT(VFTA, word), nic->queues.vlans[word]);
	set_vlan_filter(nic);
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		ixgbe_set_vlan_strip(nic, i, nic->rings.rxqs[i]->report.on & RING_RX_TAGS);
}

static void zero(struct nic *nic, uint32_t first, uint32_t stride, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		reg_write(nic, first + stride * i, 0);
}
#define ZERO_ALL(nic, name) zero(nic, IXGBE_##name, IXGBE_##name##_STRIDE, IXGBE_##name##_COUNT)

/* What a former owner may have left where no reset clears it: filters and limits that this driver does not use, and
 * that would act on its packets all the same. X550 DS 4.2.3 lists what survives on that chip; the others are taken to
 * keep whatever other drivers clear (doubt 9). RXEN is off. */
static void clear_tables(struct nic *nic)
{
	/* GCR_EXT outlives all resets but that of power (X550 DS table 4-5, PCIe local registers), and must agree with
	 * GPIE, where the reset has put an end to virtual functions (X550 DS 8.2.2.4.4) */
	reg_change(nic, IXGBE_GCR_EXT, IXGBE_GCR_EXT_VT_MODE, 0);
	for (unsigned i = 1; i < IXGBE_RAH_COUNT; i++)
		ixgbe_set_unicast(nic, i, NULL);
	ZERO_ALL(nic, MTA);
	ZERO_ALL(nic, PFUTA);
	ZERO_ALL(nic, PFVLVF);
	ZERO_ALL(nic, PFVLVFB);
	/* What sends frames to other queues: 5-tuples, EtherTypes, and the flow director, whose filters would also take
	 * a part of the packet buffer */
	ZERO_ALL(nic, FTQF);
	ZERO_ALL(nic, ETQF);
	ZERO_ALL(nic, FDIRCTRL);
	/* Queues that the card has stopped for a former owner's descriptors. A 1 clears its bit; whether a reset does
	 * is not said (doubt 57) */
	for (unsigned i = 0; nic->id->kind == IXGBE_X550 && i < IXGBE_WQBR_RX_COUNT; i++) {
		reg_write(nic, IXGBE_AT(WQBR_RX, i), UINT32_MAX);
		reg_write(nic, IXGBE_AT(WQBR_TX, i), UINT32_MAX);
	}
	/* The MAC is not reset while a management controller uses it (X550 DS 4.2.3). No pause frames in either
	 * direction until pause.c sets what is wanted: a full ring shows as loss, and does not stop the other end */
	reg_change(nic, IXGBE_MFLCN, IXGBE_MFLCN_RFCE | IXGBE_MFLCN_RPFC, 0);
	reg_change(nic, IXGBE_FCCFG, IXGBE_FCCFG_TFCE, 0);
	/* X550 DS 4.6.3.2: these are 0 where no pause frames are sent */
	ZERO_ALL(nic, FCTTV);
	ZERO_ALL(nic, FCRTL);
	ZERO_ALL(nic, FCRTV);
}

int ixgbe_filter_start(struct nic *nic)
{
	clear_tables(nic);
	ixgbe_set_unicast(nic, 0, nic->info.mac);
	vlan_start(nic);
	/* The multicast table is always on: while it is empty it lets nothing through */
	reg_change(nic, IXGBE_MCSTCTRL, IXGBE_MCSTCTRL_MO, IXGBE_MCSTCTRL_MFE);
	ixgbe_set_receive_mode(nic);
	return mac_program_all(nic);
}
