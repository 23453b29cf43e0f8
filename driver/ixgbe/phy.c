/* SPDX-License-Identifier: BSD-2-Clause
 * The 10GBASE-T PHY inside X540 and X550, by clause-45 MDIO (X550 DS 10.4, 10.6): it negotiates by itself, unless
 * another driver has powered it down, or cut what it offers; resets of the card do not undo that (X550 DS table 4-6).
 */
#include "../access.h"
#include "../clock.h"
#include "../pause.h"
#include "../report.h"
#include "port.h"

#define ADDRESSES 32u

/* Devices of the PHY, and their registers (doubt 38). */
enum { PMA = 1, AN = 7, GLOBAL = 30 };
#define PMA_STATUS_2       0x0008u
#define AN_CONTROL         0x0000u
#define BASE_OFFER         0x0010u
#define PARTNER_OFFER      0x0013u
#define PAUSE_OFFERS       (3u << PAUSE_SHIFT)
#define AN_STATUS          0xC810u
#define GLOBAL_CONTROL     0x0000u
#define PRESENT(status_2)  ((status_2) >> 14 == 2)
#define AN_CONTROL_ENABLE  0x1000u
#define AN_CONTROL_RESTART 0x0200u
#define GLOBAL_LOW_POWER   0x0800u
#define INACTIVE           0u
#define NEGOTIATES         2u

/* Which bit of which register offers a speed, and where the partner's offer is. */
static const struct offer {
	uint32_t speed;
	uint16_t address, bit, partner, partner_bit;
} offers[] = {
	{NIC_SPEED_100M, BASE_OFFER, 0x0100, PARTNER_OFFER, 0x0100},
	{NIC_SPEED_1G, 0xC400, 0x8000, 0xE820, 0x8000},
	{NIC_SPEED_2_5G, 0xC400, 0x0400, 0xE820, 0x0400},
	{NIC_SPEED_5G, 0xC400, 0x0800, 0xE820, 0x0800},
	{NIC_SPEED_10G, 0x20, 0x1000, 0x21, 0x0800},
};
#define OFFERS (sizeof(offers) / sizeof(offers[0]))

static bool mdio(struct ixgbe_port *port, unsigned device, unsigned address, uint32_t operation)
{
	uint32_t before;
	/* One that hangs may be the firmware's: nothing is written over it */
	if (reg_read_sure(&port->nic, IXGBE_MSCA, &before) != 0 || before & IXGBE_MSCA_BUSY)
		return false;
	reg_write(&port->nic, IXGBE_MSCA,
		address | device << IXGBE_MSCA_DEVICE_SHIFT | port->link.phy_address << IXGBE_MSCA_PHY_SHIFT |
			operation | IXGBE_MSCA_BUSY);
	return reg_poll(&port->nic, IXGBE_MSCA, IXGBE_MSCA_BUSY, 0, ixgbe_link_times.mdio) == 0;
}

bool ixgbe_phy_read(struct ixgbe_port *port, unsigned device, unsigned address, uint16_t *value)
{
	uint32_t data;
	*value = 0;
	if (!mdio(port, device, address, IXGBE_MSCA_ADDRESS) || !mdio(port, device, address, IXGBE_MSCA_READ) ||
		reg_read_sure(&port->nic, IXGBE_MSRWD, &data) != 0)
		return false;
	*value = (uint16_t)(data >> IXGBE_MSRWD_READ_SHIFT);
	return true;
}

static bool phy_write(struct ixgbe_port *port, unsigned device, unsigned address, uint16_t value)
{
	reg_write(&port->nic, IXGBE_MSRWD, value);
	return mdio(port, device, address, IXGBE_MSCA_ADDRESS) && mdio(port, device, address, IXGBE_MSCA_WRITE);
}

bool ixgbe_phy_find(struct ixgbe_port *port)
{
	struct ixgbe_link *link = &port->link;
	uint16_t status;
	for (unsigned address = 0; address < ADDRESSES && !link->phy_found; address++) {
		link->phy_address = address;
		if (!ixgbe_phy_read(port, PMA, PMA_STATUS_2, &status))
			break;
		link->phy_found = PRESENT(status);
	}
	return link->phy_found;
}

/* @return whether it had to be woken */
static bool wake(struct ixgbe_port *port)
{
	uint16_t control;
	if (!ixgbe_phy_read(port, GLOBAL, GLOBAL_CONTROL, &control) || control == UINT16_MAX ||
		!(control & GLOBAL_LOW_POWER))
		return false;
	phy_write(port, GLOBAL, GLOBAL_CONTROL, control & (uint16_t)~GLOBAL_LOW_POWER);
	port_note(&port->nic, "the PHY was powered down, as other drivers leave it: woken, it negotiates");
	return true;
}

/* @return whether the PHY offers something else than before */
static bool offer(struct ixgbe_port *port)
{
	/* 2.5 and 5 Gbit/s stay as the NVM has them unless the configuration chooses: some switches do not cope with
	 * the offer, and Linux makes it only when told to */
	uint32_t all = port->nic.info.speeds, speeds = port->nic.config.speeds;
	uint32_t chosen = speeds == all ? all & ~(NIC_SPEED_2_5G | NIC_SPEED_5G) : all;
	bool changed = false;
	for (unsigned i = 0; i < OFFERS; i++) {
		uint16_t before, bit = offers[i].bit;
		if (!(chosen & offers[i].speed) || !ixgbe_phy_read(port, AN, offers[i].address, &before))
			continue;
		uint16_t wanted = speeds & offers[i].speed ? before | bit : before & (uint16_t)~bit;
		if (wanted == before)
			continue;
		phy_write(port, AN, offers[i].address, wanted);
		changed = true;
	}
	const uint16_t pause = (uint16_t)(pause_offer(port->nic.config.pause) << PAUSE_SHIFT);
	uint16_t before;
	/* Without flow control the offer stays as the NVM has it, for its change would cost a negotiation */
	if (pause && ixgbe_phy_read(port, AN, BASE_OFFER, &before) && (before & PAUSE_OFFERS) != pause) {
		phy_write(port, AN, BASE_OFFER, (uint16_t)((before & ~PAUSE_OFFERS) | pause));
		changed = true;
	}
	return changed;
}

static void negotiate(struct ixgbe_port *port, bool anew)
{
	uint16_t control;
	if (!ixgbe_phy_read(port, AN, AN_CONTROL, &control))
		return;
	if (!(control & AN_CONTROL_ENABLE))
		port_note(&port->nic, "the PHY's negotiation was off: on");
	if ((anew || !(control & AN_CONTROL_ENABLE)) && !ixgbe_link_vetoed(port))
		phy_write(port, AN, AN_CONTROL, control | AN_CONTROL_ENABLE | AN_CONTROL_RESTART);
}

static bool is_down_for(const struct ixgbe_port *port, uint32_t us)
{
	return clock_now_us() - port->link.down_since_us >= us;
}

/* Holds the semaphore, until ixgbe_link_release, with the PHY found. *answers: it was. */
static bool begin(struct ixgbe_port *port, bool *answers)
{
	if (!ixgbe_link_hold(port, ixgbe_phy_resource(&port->nic)))
		return false;
	*answers = ixgbe_phy_find(port);
	if (!*answers)
		ixgbe_link_say(port, IXGBE_TEXT_DOWN, "the PHY %s",
			is_down_for(port, ixgbe_link_times.phy_start) ? "does not answer" : "starts");
	return true;
}

const char *ixgbe_phy_state_name(unsigned state)
{
	static const char *const names[32] = {
		[INACTIVE] = "the PHY is inactive",
		[1] = "the PHY examines the cable",
		[NEGOTIATES] = "the PHY negotiates, which takes 2 to 5 seconds",
		[3] = "the PHY trains for the speed that was negotiated",
		[4] = "the PHY is connected",
		[5] = "the negotiation failed, and begins anew",
		[8] = "the PHY is powered down",
		[10] = "the PHY calibrates itself",
		[11] = "no cable, or nobody at its other end",
	};
	const char *name = names[state & 31];
	return name ? name : "the PHY does not say why";
}

static void tell_state(struct ixgbe_port *port, unsigned state)
{
	bool late = (state == INACTIVE || state == NEGOTIATES) && is_down_for(port, ixgbe_link_times.negotiate);
	ixgbe_link_say(port, IXGBE_TEXT_DOWN, "%s", late ? "the PHY finds no partner" : ixgbe_phy_state_name(state));
}

bool ixgbe_phy_set_up(struct ixgbe_port *port, bool anew)
{
	bool answers;
	if (!begin(port, &answers))
		return false;
	if (answers) {
		bool woken = wake(port), changed = offer(port);
		negotiate(port, woken || changed || anew);
		tell_state(port, NEGOTIATES);
	}
	ixgbe_link_release(port);
	port->link.looked_us = clock_now_us();
	/* One that was reset with the card, or has just got power, answers after some seconds */
	bool late = is_down_for(port, ixgbe_link_times.phy_start);
	if (!answers && late && !port->link.tries)
		port_note(&port->nic, "the PHY does not answer: no link can come; power the machine off and on, else "
				      "the card is broken");
	return answers || late;
}

void ixgbe_phy_look(struct ixgbe_port *port)
{
	struct ixgbe_link *link = &port->link;
	bool answers;
	uint16_t status;
	if (clock_now_us() - link->looked_us < ixgbe_link_times.look ||
		(!link->phy_found && ixgbe_phy_set_up(port, false)) || !begin(port, &answers))
		return;
	link->looked_us = clock_now_us();
	if (wake(port)) {
		negotiate(port, true);
		link->since_us = link->down_since_us = link->looked_us;
		tell_state(port, NEGOTIATES);
	} else if (ixgbe_phy_read(port, AN, AN_STATUS, &status))
		tell_state(port, IXGBE_PHY_STATE(status));
	ixgbe_link_release(port);
}

uint32_t ixgbe_phy_offers(struct ixgbe_port *port, bool of_partner)
{
	uint32_t speeds = 0;
	for (unsigned i = 0; i < OFFERS; i++) {
		uint16_t value, bit = of_partner ? offers[i].partner_bit : offers[i].bit;
		if (ixgbe_phy_read(port, AN, of_partner ? offers[i].partner : offers[i].address, &value) && value & bit)
			speeds |= offers[i].speed;
	}
	return speeds & port->nic.info.speeds;
}

bool ixgbe_phy_ask_partner(struct ixgbe_port *port)
{
	struct ixgbe_link *link = &port->link;
	bool answers;
	if (!begin(port, &answers))
		return false;
	uint32_t speeds = answers ? ixgbe_phy_offers(port, true) : 0;
	uint16_t partner;
	if (answers && ixgbe_phy_read(port, AN, PARTNER_OFFER, &partner))
		ixgbe_pause_negotiated(port, partner >> PAUSE_SHIFT & 3);
	ixgbe_link_release(port);
	char text[SPEEDS_TEXT_BYTES];
	speeds_text(text, speeds);
	if (speeds)
		ixgbe_link_say(port, link->mbps, "the partner offers %.70s", text);
	return true;
}
