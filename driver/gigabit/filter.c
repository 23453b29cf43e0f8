/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the e1000 lineage receives: exact MAC filters, the multicast hash table, promiscuous modes. */
#include "../fail.h"
#include "../mac.h"
#include "e1000.h"

/* The 82576's filters from 16 on lie elsewhere. */
static uint32_t ral(unsigned index)
{
	return index < 16 ? E1000_RAL + 8 * index : 0x054E0 + 8 * (index - 16);
}

static uint32_t receive_mode(const struct nic *nic)
{
	uint32_t mode = E1000_RCTL_BAM;
	if (nic->promiscuous)
		mode |= E1000_RCTL_UPE | E1000_RCTL_MPE;
	if (nic->all_multicast)
		mode |= E1000_RCTL_MPE;
	return mode;
}

uint32_t e1000_rctl(const struct e1000 *e)
{
	/* Buffers of 2048 bytes (BSIZE 0), the FCS stripped, hash of bits 47:36 (MO 0); bad frames and pause frames are
	 * dropped. LPE always: without it a frame has at most 1522 bytes, which is one VLAN tag and not two. */
	return receive_mode(&e->nic) | E1000_RCTL_SECRC | E1000_RCTL_LPE;
}

int e1000_filter_start(struct e1000 *e)
{
	/* these are memories, which a reset leaves with whatever they held */
	for (unsigned i = 0; i < MAC_MULTICAST_WORDS; i++)
		e1000_write(e, E1000_MTA + 4 * i, 0);
	for (unsigned i = 0; i < 128; i++)
		e1000_write(e, E1000_VFTA + 4 * i, 0);
	e1000_set_unicast(&e->nic, 0, e->nic.info.mac);
	for (unsigned i = 1; i < e->chip->rars; i++)
		e1000_set_unicast(&e->nic, i, NULL);
	return mac_program_all(&e->nic);
}

int e1000_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac)
{
	struct e1000 *e = e1000_of(nic);
	/* Off before the address changes: a half-written filter must not match */
	e1000_write(e, ral(index) + 4, 0);
	if (mac) {
		e1000_write(e, ral(index), mac_low(mac));
		e1000_write(e, ral(index) + 4, E1000_RAH_AV | mac_high(mac));
	} else {
		e1000_write(e, ral(index), 0);
	}
	return fail_if_gone(nic);
}

int e1000_set_multicast(struct nic *nic, unsigned word, uint32_t value)
{
	e1000_write(e1000_of(nic), E1000_MTA + 4 * word, value);
	return fail_if_gone(nic);
}

int e1000_set_receive_mode(struct nic *nic)
{
	e1000_change(e1000_of(nic), E1000_RCTL, E1000_RCTL_UPE | E1000_RCTL_MPE, receive_mode(nic));
	return fail_if_gone(nic);
}
