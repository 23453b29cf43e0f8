/* SPDX-License-Identifier: BSD-2-Clause
 * What a maintainer asks about a card that misbehaves far away: registers of link and pins by name, the module, the
 * PHY, the NVM and the firmware. Read from the card when it is asked for; nothing is changed. */
#include "../access.h"
#include "../report.h"
#include "port.h"

#define FIRMWARE_PASS_THROUGH 2u /* FWSM mode: management frames pass through the port */

/* A register, or a mark that it was refused. */
static uint32_t fact_register(struct nic *nic, struct fact_list *facts, const char *name, uint32_t offset)
{
	uint32_t value;
	if (reg_read_sure(nic, offset, &value) == 0)
		return value;
	fact_add(facts, name, "cannot be read");
	return 0;
}

static void add_link(struct nic *nic, struct fact_list *facts)
{
	struct nic_link link;
	uint32_t links = fact_register(nic, facts, "LINKS", IXGBE_LINKS);
	if (ixgbe_get_link(nic, &link) != 0)
		return;
	fact_add(facts, "LINKS", "%08x (%s%s, speed bits %u)", links, links & IXGBE_LINKS_UP ? "up" : "down",
		links & IXGBE_LINKS_UP && !link.up ? " over an empty cage, so not at all" : "",
		links >> IXGBE_LINKS_SPEED_SHIFT & 3);
}

static void add_serial(struct nic *nic, struct fact_list *facts)
{
	static const char *const modes[] = {"1G", "10G parallel", "1G, negotiated", "10G serial", "backplane", "SGMII",
		"backplane and 1G", "backplane and SGMII"};
	static const char *const serial[] = {"KR", "XFI", "SFI", "reserved"};
	uint32_t autoc = fact_register(nic, facts, "AUTOC", IXGBE_AUTOC);
	uint32_t autoc2 = fact_register(nic, facts, "AUTOC2", IXGBE_AUTOC2);
	uint32_t anlp1 = fact_register(nic, facts, "ANLP1", IXGBE_ANLP1);
	uint32_t esdp = fact_register(nic, facts, "ESDP", IXGBE_ESDP);
	fact_add(facts, "AUTOC", "%08x (%s, 1G PMA %u, 10G PMA %u%s)", autoc,
		modes[(autoc & IXGBE_AUTOC_LMS) >> IXGBE_AUTOC_LMS_SHIFT], autoc >> 9 & 1, autoc >> 7 & 3,
		autoc & IXGBE_AUTOC_FLU ? ", forced up" : "");
	fact_add(facts, "AUTOC2", "%08x (10G serial is %s%s)", autoc2, serial[autoc2 >> 16 & 3],
		autoc2 & IXGBE_AUTOC2_LINK_DISABLE ? ", link disabled" : "");
	fact_add(facts, "ANLP1", "%08x (negotiation in state %u)", anlp1, (anlp1 & IXGBE_ANLP1_AN_STATE) >> 16);
	fact_add(facts, "ESDP", "%08x (cage %s, laser %s, rate pin %s)", esdp,
		esdp & IXGBE_ESDP_SDP2 ? "full" : "empty", esdp & IXGBE_ESDP_SDP3 ? "off" : "on",
		esdp & IXGBE_ESDP_SDP5 ? "10G" : "1G");
}

/* Read anew: the last reading may be of another module, or have failed. */
static void add_module(struct ixgbe_port *port, struct fact_list *facts)
{
	struct nic *nic = &port->nic;
	struct ixgbe_module module;
	uint8_t page[IXGBE_MODULE_BYTES] = {0};
	if (!ixgbe_cage_full(nic)) {
		fact_add(facts, "module", "none");
		return;
	}
	uint32_t taken = ixgbe_semaphore_take(nic, ixgbe_phy_resource(nic));
	unsigned read = ixgbe_module_read_page(nic, page, sizeof(page));
	ixgbe_semaphore_give(nic, taken);
	if (read < sizeof(page)) {
		fact_add(facts, "module", "does not answer beyond byte %u", read);
		return;
	}
	ixgbe_module_understand(&module, page);
	fact_add(facts, "module", "%s%s, bytes 3 %02x, 6 %02x, 8 %02x, 12 %02x, 60 %02x", module.name,
		page[0] == 3 ? "" : ", which is no SFP", page[3], page[6], page[8], page[12], page[60]);
	fact_add(facts, "module vendor", "%s (%02x:%02x:%02x%s)", module.vendor, page[37], page[38], page[39],
		module.intel ? ", Intel" : "");
	char number[17];
	ixgbe_module_text(number, page + 68);
	fact_add(facts, "module part", "%s, number %s", module.part, number);
	fact_add(facts, "module checksums", "%s, %s", ixgbe_module_sum_is_right(page, 0, 63) ? "right" : "WRONG",
		ixgbe_module_sum_is_right(page, 64, 95) ? "right" : "WRONG");
}

static void add_phy(struct ixgbe_port *port, struct fact_list *facts)
{
	static const struct {
		const char *name;
		unsigned device, address;
	} shown[] = {{"PHY 1.2 (id)", 1, 2}, {"PHY 1.3 (id)", 1, 3}, {"PHY 7.0 (negotiation)", 7, 0},
		{"PHY 7.1 (its status)", 7, 1}, {"PHY 30.0 (bit 11: low power)", 30, 0},
		{"PHY 30.20 (firmware)", 30, 0x20}};
	struct nic *nic = &port->nic;
	uint16_t value;
	uint32_t taken = ixgbe_semaphore_take(nic, ixgbe_phy_resource(nic));
	if (!ixgbe_phy_find(port)) {
		fact_add(facts, "PHY", "does not answer");
	} else {
		fact_add(facts, "PHY", "at address %u", port->link.phy_address);
		for (unsigned i = 0; i < sizeof(shown) / sizeof(*shown); i++)
			if (ixgbe_phy_read(port, shown[i].device, shown[i].address, &value))
				fact_add(facts, shown[i].name, "%04x", value);
		char offered[SPEEDS_TEXT_BYTES];
		speeds_text(offered, ixgbe_phy_offers(port, false));
		fact_add(facts, "PHY offers", "%s", offered);
		speeds_text(offered, ixgbe_phy_offers(port, true));
		fact_add(facts, "PHY's partner offers", "%s", offered);
		if (ixgbe_phy_read(port, 7, 0xC810, &value))
			fact_add(facts, "PHY 7.C810 (state)", "%04x (%s)", value,
				ixgbe_phy_state_name(IXGBE_PHY_STATE(value)));
	}
	ixgbe_semaphore_give(nic, taken);
}

/* The X550 reads its NVM through its firmware, which is not done here. */
static void add_nvm(struct ixgbe_port *port, struct fact_list *facts)
{
	struct nic *nic = &port->nic;
	uint16_t low, high, capabilities, sum, wanted;
	if (nic->id->kind == IXGBE_X550) {
		fact_add(facts, "NVM", "behind the firmware: not read");
		return;
	}
	bool shared = nic->id->kind == IXGBE_X540;
	uint32_t taken = shared ? ixgbe_semaphore_take(nic, IXGBE_SW_FW_SYNC_EEP) : 0;
	port->link.nvm_failed = false;
	if (ixgbe_nvm_read(port, 0x2D, &low) && ixgbe_nvm_read(port, 0x2E, &high))
		fact_add(facts, "NVM version", "%04x%04x (the track id)", high, low);
	if (ixgbe_nvm_read(port, 0x2C, &capabilities))
		fact_add(facts, "NVM capabilities", "%04x", capabilities);
	if (ixgbe_nvm_read(port, 0x3F, &sum) && ixgbe_nvm_sum(port, &wanted))
		fact_add(facts, "NVM checksum", "%04x (%s)", sum, sum == wanted ? "right" : "WRONG");
	if (!shared)
		fact_add(facts, "LESM", "%s",
			ixgbe_nvm_has_lesm(port) ? "firmware brings links up and writes AUTOC" : "off");
	if (port->link.nvm_failed)
		fact_add(facts, "NVM", "cannot be read");
	ixgbe_semaphore_give(nic, taken);
}

static void add_firmware(struct nic *nic, struct fact_list *facts)
{
	uint32_t fwsm = fact_register(nic, facts, "FWSM", IXGBE_FWSM);
	uint32_t mode = fwsm >> IXGBE_FWSM_MODE_SHIFT & 7;
	uint32_t owners = fact_register(nic, facts, "SW_FW_SYNC", IXGBE_SW_FW_SYNC);
	if (ixgbe_has_copper_phy(nic)) /* the read took its lock */
		reg_change(nic, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, 0);
	fact_add(facts, "FWSM", "%08x (firmware mode %u%s, error %u)", fwsm, mode,
		mode == FIRMWARE_PASS_THROUGH ? ": management passes through" : "", fwsm >> 19 & 63);
	fact_add(facts, "SW_FW_SYNC", "%08x (software has %x, firmware %x)", owners, owners & 31, owners >> 5 & 31);
	uint32_t mmngc = fact_register(nic, facts, "MMNGC", IXGBE_MMNGC);
	fact_add(facts, "MMNGC", "%08x%s", mmngc, mmngc & IXGBE_MMNGC_MNG_VETO ? " (management keeps the link)" : "");
}

void ixgbe_facts(struct nic *nic, struct fact_list *facts)
{
	struct ixgbe_port *port = ixgbe_port_of(nic);
	fact_add(facts, "port", "%u of the card", (fact_register(nic, facts, "STATUS", IXGBE_STATUS) >> 2) & 3);
	add_link(nic, facts);
	if (ixgbe_has_copper_phy(nic))
		add_phy(port, facts);
	else
		add_serial(nic, facts);
	if (nic->id->kind == IXGBE_82599_SFP)
		add_module(port, facts);
	add_nvm(port, facts);
	add_firmware(nic, facts);
}
