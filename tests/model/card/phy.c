/* SPDX-License-Identifier: BSD-2-Clause
 * The 10GBASE-T PHY of X540 and X550: clause 45 MDIO through MSCA and MSRWD, the registers by which drivers find it and
 * choose what it advertises, and the speed that it settles on with a partner that can do all (IEEE 802.3 clause 45). */
#include "phy.h"

#include "faults.h"
#include "link.h"
#include "semaphore.h"

#include <string.h>

enum { PMA = 1, PCS = 3, PHY_XS = 4, AN = 7, VENDOR_1 = 30, MMDS = 32 };
enum { MDIO_NS = 10 * 1000 };
enum { CYCLE_ADDRESS, CYCLE_WRITE, CYCLE_READ_INCREMENT, CYCLE_READ };
enum {
	CONTROL = 0,
	STATUS = 1,
	STATUS_LINK = 1 << 2,
	STATUS_AN_COMPLETE = 1 << 5,
	CONTROL_RESET = 1 << 15,
	AN_RESTART = 1 << 9,
	LOW_POWER = 1 << 11,
	AN_ADVERTISE = 16,
	ADVERTISE_100M = 1 << 8,
	AN_PARTNER = 19,
	AN_10G_CONTROL = 32,
	ADVERTISE_10G = 1 << 12,
	AN_10G_STATUS = 33,
	AN_VENDOR_PROVISION = 0xC400,
	ADVERTISE_1G = 1 << 15,
	ADVERTISE_5G = 1 << 11,
	ADVERTISE_2500M = 1 << 10,
	AN_VENDOR_STATUS = 0xC800,
	PROVISION_ALL = ADVERTISE_1G | ADVERTISE_5G | ADVERTISE_2500M,
};

/* The same in all devices of the package: identity, and which MMDs there are: PMA, PCS, PHY XS, AN, and one of the
 * vendor's own. */
#define IDENTITY(mmd)                                                                                                  \
	{mmd, 2, 0, 0x0154, 0x0154}, {mmd, 3, 0, 0x0202, 0x0221}, {mmd, 5, 0, 0x009A, 0x009A},                         \
	{                                                                                                              \
		mmd, 6, 0, 0x4000, 0x4000                                                                              \
	}
#define PRESENT(mmd)                                                                                                   \
	{                                                                                                              \
		mmd, 8, 0, 0x8000, 0x8000                                                                              \
	}

static const struct phy_register {
	uint8_t mmd;
	uint16_t at, writable, x540, x550; /* its values after a reset */
} registers[] = {
	IDENTITY(PMA), PRESENT(PMA), {PMA, CONTROL, LOW_POWER | 1, 0x2040, 0x2040}, {PMA, STATUS, 0, 0x0002, 0x0002},
	{PMA, 4, 0, 0x0031, 0x6031},  /* speeds: 10G, 1G, 100M; 5G, 2.5G */
	{PMA, 7, 0, 0x0009, 0x0009},  /* 10GBASE-T */
	{PMA, 11, 0, 0x00A4, 0x40A4}, /* 10GBASE-T, 1000BASE-T, 100BASE-TX; more are listed elsewhere */
	IDENTITY(PCS), PRESENT(PCS), {PCS, CONTROL, LOW_POWER, 0x2040, 0x2040}, {PCS, STATUS, 0, 0x0002, 0x0002},
	IDENTITY(PHY_XS), PRESENT(PHY_XS), {PHY_XS, CONTROL, LOW_POWER, 0x2040, 0x2040},
	{PHY_XS, STATUS, 0, 0x0002, 0x0002}, IDENTITY(AN),
	{AN, CONTROL, 0x3000, 0x3000, 0x3000}, /* negotiation on, extended next pages */
	{AN, STATUS, 0, 0x0009, 0x0009}, {AN, AN_ADVERTISE, 0x0DE0, 0x0101, 0x0101},
	{AN, AN_PARTNER, 0, 0x0D01, 0x0D01}, /* pause both ways, 100M */
	{AN, AN_10G_CONTROL, 0xF000, ADVERTISE_10G, ADVERTISE_10G}, {AN, AN_10G_STATUS, 0, 0x0800, 0x0800},
	{AN, AN_VENDOR_PROVISION, 0xFFFF, ADVERTISE_1G, PROVISION_ALL}, {AN, AN_VENDOR_STATUS, 0, 0, 0},
	IDENTITY(VENDOR_1), {VENDOR_1, CONTROL, LOW_POWER, 0, 0},
	{VENDOR_1, 32, 0, 0x0107, 0x0202}, /* firmware of the PHY */
};
#define COUNT (sizeof(registers) / sizeof(registers[0]))
_Static_assert(COUNT <= MODEL_PHY_REGISTERS, "the state has room for all");

/** @return its place in the table; COUNT: not there. */
static unsigned find(unsigned mmd, unsigned at)
{
	unsigned i = 0;

	while (i < COUNT && (registers[i].mmd != mmd || registers[i].at != at))
		i++;
	return i;
}

static uint16_t value_of(const struct model *m, unsigned mmd, unsigned at)
{
	return m->phy.value[find(mmd, at)];
}

static unsigned best_advertised(const struct model *m)
{
	uint16_t provision = value_of(m, AN, AN_VENDOR_PROVISION);

	if (value_of(m, VENDOR_1, CONTROL) & LOW_POWER)
		return 0;
	if (value_of(m, AN, AN_10G_CONTROL) & ADVERTISE_10G)
		return 10000;
	if (m->config.card == MODEL_X550 && (provision & ADVERTISE_5G))
		return 5000;
	if (m->config.card == MODEL_X550 && (provision & ADVERTISE_2500M))
		return 2500;
	if (provision & ADVERTISE_1G)
		return 1000;
	return value_of(m, AN, AN_ADVERTISE) & ADVERTISE_100M ? 100 : 0;
}

void model_phy_reset(struct model *m)
{
	memset(&m->phy, 0, sizeof(m->phy));
	for (unsigned i = 0; i < COUNT; i++)
		m->phy.value[i] = m->config.card == MODEL_X550 ? registers[i].x550 : registers[i].x540;
	m->phy.best_mbps = best_advertised(m);
}

static uint16_t vendor_status(const struct model *m)
{
	if (!m->link_up)
		return 0;
	return m->copper_mbps == 10000 ? 7 : m->copper_mbps == 1000 ? 5 : m->copper_mbps == 100 ? 3 : 0;
}

static uint16_t phy_read(const struct model *m, unsigned mmd, unsigned at)
{
	static const uint32_t present = 1u << PMA | 1u << PCS | 1u << PHY_XS | 1u << AN | 1u << VENDOR_1;
	unsigned i = find(mmd, at);

	if (!(present >> mmd & 1))
		return 0xFFFF;
	if (i == COUNT)
		return 0;
	if (at == STATUS)
		return (uint16_t)(m->phy.value[i] |
				  (m->link_up ? STATUS_LINK | (mmd == AN ? STATUS_AN_COMPLETE : 0) : 0));
	if (mmd == AN && (at == AN_PARTNER || at == AN_10G_STATUS))
		return m->link_up ? m->phy.value[i] : 0;
	return mmd == AN && at == AN_VENDOR_STATUS ? vendor_status(m) : m->phy.value[i];
}

static void phy_write(struct model *m, unsigned mmd, unsigned at, uint16_t value)
{
	unsigned i = find(mmd, at);

	if (i == COUNT)
		return;
	if (at == CONTROL && (value & CONTROL_RESET)) {
		model_phy_reset(m);
		model_link_restart(m);
		return;
	}
	m->phy.value[i] = (uint16_t)((m->phy.value[i] & ~registers[i].writable) | (value & registers[i].writable));
	m->phy.best_mbps = best_advertised(m);
	if (mmd == AN && at == CONTROL && (value & AN_RESTART))
		model_link_restart(m);
	else
		model_link_review(m);
}

/** MDIO takes its time, during which MDI_COMMAND reads 1. Another command meanwhile is the driver's mistake. */
void model_write_msca(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	if (!(value & MSCA_COMMAND))
		return;
	fault_order(m, MODEL_ORDER_MDIO, m->mdio_ns != MODEL_NEVER);
	fault_order(m, MODEL_ORDER_SEMAPHORE,
		!model_semaphore_held(m, m->config.port & 1 ? SW_FW_SYNC_PHY1 : SW_FW_SYNC_PHY0));
	m->phy.command = value;
	deadline_set(m, &m->mdio_ns, MDIO_NS);
}

/** The PHY of port 0 answers at address 0, that of port 1 at address 1; where nobody answers all ones are read. */
void model_phy_step(struct model *m)
{
	uint32_t command = m->phy.command, read = 0xFFFF;
	unsigned mmd = command >> 16 & 0x1F, cycle = command >> 26 & 3;

	if (m->now_ns < m->mdio_ns)
		return;
	m->mdio_ns = MODEL_NEVER;
	reg_set(m, IXGBE_MSCA, reg_get(m, IXGBE_MSCA) & ~(uint32_t)MSCA_COMMAND);
	/* The PHY of port 0 is at address 0, that of port 1 at 1 (doubt M12). */
	bool answers = (command >> 21 & 0x1F) == (m->config.port & 1) && (command >> 28 & 3) == 0;

	if (answers && cycle == CYCLE_ADDRESS)
		m->phy.address[mmd] = (uint16_t)command;
	else if (answers && cycle == CYCLE_WRITE)
		phy_write(m, mmd, m->phy.address[mmd], (uint16_t)reg_get(m, IXGBE_MSRWD));
	else if (answers)
		read = phy_read(m, mmd, m->phy.address[mmd]);
	if (answers && cycle == CYCLE_READ_INCREMENT)
		m->phy.address[mmd] = (uint16_t)(m->phy.address[mmd] + 1);
	if (cycle == CYCLE_READ || cycle == CYCLE_READ_INCREMENT)
		reg_set(m, IXGBE_MSRWD, (reg_get(m, IXGBE_MSRWD) & 0xFFFF) | read << 16);
}
