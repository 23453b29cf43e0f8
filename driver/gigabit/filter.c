/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the gigabit chips receive: exact MAC filters, the multicast hash table, promiscuous modes. */
#include "../access.h"
#include "../mac.h"
#include "gigabit.h"

static uint32_t ral(const struct nic *nic, unsigned index)
{
	return index < GIGABIT_RAL_COUNT ? GIGABIT_AT(RAL, index)
					 : gigabit_chip(nic)->ral_16 + GIGABIT_RAL_STRIDE * (index - GIGABIT_RAL_COUNT);
}

/* A bridge may merge writes to a conventional PCI card, and the card take one of them for two. A read in between keeps
 * them apart. */
static void write_apart(struct nic *nic, uint32_t offset, uint32_t value)
{
	reg_write(nic, offset, value);
	if (!gigabit_chip(nic)->pcie)
		reg_read(nic, GIGABIT_STATUS);
}

static uint32_t receive_mode(const struct nic *nic)
{
	uint32_t mode = GIGABIT_RCTL_BAM;
	if (nic->promiscuous)
		mode |= GIGABIT_RCTL_UPE | GIGABIT_RCTL_MPE;
	if (nic->all_multicast)
		mode |= GIGABIT_RCTL_MPE;
	if (nic->queues.vlan_count)
		mode |= GIGABIT_RCTL_VFE;
	return mode;
}

uint32_t gigabit_rctl(const struct nic *nic)
{
	/* The FCS stripped, hash of bits 47:36 (MO 0); bad frames and pause frames are
	 * dropped. LPE always: without it a frame has at most 1522 bytes, which is one VLAN tag and not two. */
	return receive_mode(nic) | GIGABIT_RCTL_SECRC | GIGABIT_RCTL_LPE;
}

/* Writes a word of MTA or VFTA, at its offset. */
static void write_table(struct nic *nic, uint32_t offset, uint32_t value)
{
	bool spoils = gigabit_chip(nic)->tables_in_pairs && offset & 4;
	uint32_t before = 0;
	if (spoils && reg_read_sure(nic, offset - 4, &before) != 0)
		return;
	write_apart(nic, offset, value);
	if (spoils)
		write_apart(nic, offset - 4, before);
}

int gigabit_filter_start(struct nic *nic)
{
	/* With another value than the type of a VLAN tag, which a reset or a former owner may leave there, the card
	 * takes a full-size frame with a tag for one that is too long, and drops it */
	reg_write(nic, GIGABIT_VET, GIGABIT_VET_VLAN);
	/* A reset does not clear these memories (doubt 9) */
	for (unsigned i = 0; i < GIGABIT_MTA_COUNT; i++)
		write_table(nic, GIGABIT_AT(MTA, i), 0);
	for (unsigned i = 0; i < GIGABIT_VFTA_COUNT; i++)
		write_table(nic, GIGABIT_AT(VFTA, i), nic->queues.vlans[i]);
	/* Tags are taken out of all frames, or of none; and put in by the card only if they are taken out */
	reg_change(
		nic, GIGABIT_CTRL, GIGABIT_CTRL_VME, nic->config.offloads & NIC_RX_VLAN_STRIP ? GIGABIT_CTRL_VME : 0);
	gigabit_set_unicast(nic, 0, nic->info.mac);
	for (unsigned i = 1; i <= nic->driver->unicast_filters; i++)
		gigabit_set_unicast(nic, i, NULL);
	return mac_program_all(nic);
}

int gigabit_set_unicast(struct nic *nic, unsigned index, const uint8_t *mac)
{
	uint32_t low = ral(nic, index), high = low + (GIGABIT_RAH - GIGABIT_RAL);
	/* Off before the address changes: a half-written filter must not match */
	write_apart(nic, high, 0);
	write_apart(nic, low, mac ? mac_low(mac) : 0);
	if (mac)
		write_apart(nic, high, GIGABIT_RAH_AV | mac_high(mac));
	return fail_if_gone(nic);
}

int gigabit_set_multicast(struct nic *nic, unsigned word, uint32_t value)
{
	write_table(nic, GIGABIT_AT(MTA, word), value);
	return fail_if_gone(nic);
}

int gigabit_set_receive_mode(struct nic *nic)
{
	reg_change(nic, GIGABIT_RCTL, GIGABIT_RCTL_UPE | GIGABIT_RCTL_MPE | GIGABIT_RCTL_VFE, receive_mode(nic));
	return fail_if_gone(nic);
}

int gigabit_set_vlans(struct nic *nic, unsigned word)
{
	write_table(nic, GIGABIT_AT(VFTA, word), nic->queues.vlans[word]);
	/* On with the first one, off with the last one */
	return nic->queues.vlan_count <= 1 ? gigabit_set_receive_mode(nic) : fail_if_gone(nic);
}
