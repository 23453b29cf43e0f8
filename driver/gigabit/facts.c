/* SPDX-License-Identifier: BSD-2-Clause
 * What is known of a gigabit card, read from it for a diagnosis from afar. */
#include "../access.h"
#include "../report.h"
#include "gigabit.h"

#include <linux/pci_regs.h>
#include <stdio.h>

#define PHY_REGISTERS   32u
#define NVM_VERSION     5u /* the word */
#define FWSM_MODE_SHIFT 1  /* three bits; 0: no firmware */

static void add_register(struct nic *nic, struct fact_list *facts, const char *name, uint32_t offset)
{
	uint32_t value;
	if (reg_read_sure(nic, offset, &value) == 0)
		fact_add(facts, name, "%08x", value);
}

static void add_status(struct nic *nic, struct fact_list *facts)
{
	uint32_t status;
	if (reg_read_sure(nic, GIGABIT_STATUS, &status) != 0)
		return;
	uint32_t mbps = gigabit_mbps(status);
	if (mbps)
		fact_add(facts, "STATUS", "%08x (link up, %u Mbit/s, %s duplex)", status, mbps,
			status & GIGABIT_STATUS_FD ? "full" : "half");
	else
		fact_add(facts, "STATUS", "%08x (no link)", status);
}

static void add_phy_registers(struct nic *nic, struct fact_list *facts, uint16_t values[PHY_REGISTERS])
{
	static const char *const names[] = {"PHY registers 0 to 15", "PHY registers 16 to 31"};
	for (unsigned half = 0; half < 2; half++) {
		char text[16 * 5 + 1];
		for (unsigned i = 0; i < 16; i++) {
			unsigned reg = 16 * half + i;
			bool known = gigabit_phy_try_read(nic, reg, &values[reg]);
			values[reg] = known ? values[reg] : 0;
			snprintf(text + 5 * i, 6, known ? "%04x " : "---- ", values[reg]);
		}
		fact_add(facts, names[half], "%.79s", text);
	}
}

static void add_phy(struct nic *nic, struct fact_list *facts)
{
	uint16_t phy[PHY_REGISTERS];
	char speeds[SPEEDS_TEXT_BYTES];
	add_phy_registers(nic, facts, phy);
	uint32_t id = (uint32_t)phy[GIGABIT_PHY_ID1] << 16 | phy[GIGABIT_PHY_ID2];
	uint16_t control = phy[GIGABIT_PHY_BMCR], status = phy[GIGABIT_PHY_BMSR], gigabit = phy[GIGABIT_PHY_GBSR];
	fact_add(facts, "PHY", "%08x (%s)", id, gigabit_copper_name(id));
	fact_add(facts, "PHY control", "%04x (%s%s)", control,
		control & GIGABIT_BMCR_AUTONEG ? "negotiates" : "speed is forced",
		control & GIGABIT_BMCR_WRONG ? ", switched off, isolated or in loopback" : "");
	fact_add(facts, "PHY status", "%04x (%s, negotiation %s)", status,
		status & GIGABIT_BMSR_LINK ? "link" : "no link, or it was lost once",
		status & GIGABIT_BMSR_AUTONEG_END ? "has ended" : "has not ended");
	speeds_text(speeds, gigabit_copper_speeds(phy[GIGABIT_PHY_ANAR], phy[GIGABIT_PHY_GBCR]));
	fact_add(facts, "PHY offers", "%s", speeds);
	speeds_text(speeds, gigabit_copper_speeds(phy[GIGABIT_PHY_ANLPAR], gigabit >> GIGABIT_GBSR_SHIFT));
	fact_add(facts, "partner offers", "%s%s", speeds[0] ? speeds : "nothing",
		gigabit & GIGABIT_GBSR_FAULT ? "; no master is agreed on" : "");
}

static void add_nvm(struct nic *nic, struct fact_list *facts)
{
	uint16_t words[GIGABIT_NVM_WORDS], sum;
	int ret = gigabit_nvm_read(nic, words, &sum);
	if (ret)
		fact_add(facts, "NVM", "cannot be read: %.120s", nic_error());
	else
		fact_add(facts, "NVM", "version %04x, sum %04x (%s)", words[NVM_VERSION], sum,
			sum == GIGABIT_NVM_CHECKSUM ? "right" : "wrong");
}

static void add_firmware(struct nic *nic, struct fact_list *facts)
{
	uint32_t mode;
	if (reg_read_sure(nic, GIGABIT_FWSM, &mode) == 0)
		fact_add(facts, "FWSM", "%08x (%s%s)", mode,
			mode >> FWSM_MODE_SHIFT & 7 ? "management firmware" : "no management firmware",
			((const struct gigabit *)nic)->owner_stuck ? ", which keeps PHY or NVM" : "");
}

static void add_pcie_link(struct nic *nic, struct fact_list *facts)
{
	static const char *const sleep[] = {"stays awake", "may go to L0s", "may go to L1", "may go to L0s and L1"};
	uint16_t control;
	if (gigabit_pcie_read(nic, PCI_EXP_LNKCTL, &control))
		fact_add(facts, "LNKCTL", "%04x (the PCIe link %s)", control, sleep[control & PCI_EXP_LNKCTL_ASPMC]);
}

void gigabit_facts(struct nic *nic, struct fact_list *facts)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	add_status(nic, facts);
	add_register(nic, facts, "CTRL", GIGABIT_CTRL);
	add_register(nic, facts, "CTRL_EXT", GIGABIT_CTRL_EXT);
	add_register(nic, facts, "EECD", GIGABIT_EECD);
	add_register(nic, facts, "MANC", GIGABIT_MANC);
	add_nvm(nic, facts);
	add_phy(nic, facts);
	if (chip->pcie) {
		add_register(nic, facts, "GCR", GIGABIT_GCR);
		add_firmware(nic, facts);
		add_pcie_link(nic, facts);
	}
	if (chip->facts)
		chip->facts(nic, facts);
}
