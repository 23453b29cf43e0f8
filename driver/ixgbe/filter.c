/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the 82599, X540 and X550 receive: exact MAC filters, the multicast hash table, promiscuous modes (82599
 * DS 4.6.7 and 7.1.1). */
#include "../access.h"
#include "../fail.h"
#include "../mac.h"
#include "ixgbe.h"

static uint32_t receive_mode(const struct nic *nic)
{
	uint32_t mode = IXGBE_FCTRL_BAM;
	if (nic->promiscuous)
		mode |= IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE;
	if (nic->all_multicast)
		mode |= IXGBE_FCTRL_MPE;
	return mode;
}

static void change_mode(struct nic *nic)
{
	reg_change(nic, IXGBE_FCTRL, IXGBE_FCTRL_SBP | IXGBE_FCTRL_UPE | IXGBE_FCTRL_MPE, receive_mode(nic));
}

int ixgbe_filter_start(struct nic *nic)
{
	ixgbe_clear_receive_tables(nic);
	ixgbe_set_unicast(nic, 0, nic->info.mac);
	ixgbe_vlan_start(nic);
	/* The multicast table is always on: while it is empty it lets nothing through */
	reg_change(nic, IXGBE_MCSTCTRL, IXGBE_MCSTCTRL_MO, IXGBE_MCSTCTRL_MFE);
	change_mode(nic);
	return mac_program_all(nic);
}

int ixgbe_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac)
{
	/* Off before the address changes: a half-written filter must not match */
	reg_write(nic, IXGBE_AT(RAH, index), 0);
	if (mac) {
		/* Frames of this address are pool 0's, the only one without virtualisation (DS 8.2.3.7.10) */
		reg_write(nic, IXGBE_AT(MPSAR, 2 * index), 1);
		reg_write(nic, IXGBE_AT(MPSAR, 2 * index + 1), 0);
		reg_write(nic, IXGBE_AT(RAL, index), mac_low(mac));
		reg_write(nic, IXGBE_AT(RAH, index), IXGBE_RAH_AV | mac_high(mac));
	} else {
		reg_write(nic, IXGBE_AT(RAL, index), 0);
		reg_write(nic, IXGBE_AT(MPSAR, 2 * index), 0);
	}
	return fail_if_gone(nic);
}

int ixgbe_set_multicast(struct nic *nic, unsigned word, uint32_t value)
{
	reg_write(nic, IXGBE_AT(MTA, word), value);
	return fail_if_gone(nic);
}

int ixgbe_set_receive_mode(struct nic *nic)
{
	/* RXEN stays as it is, and no frame is lost (doubt 21) */
	change_mode(nic);
	return fail_if_gone(nic);
}
