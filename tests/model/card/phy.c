/* SPDX-License-Identifier: BSD-2-Clause
 * The 10GBASE-T PHY of X540 and X550: clause 45 MDIO through MSCA and MSRWD, the registers by which drivers find it and
 * choose what it advertises, and the negotiation by which it settles on a speed with its partner (IEEE 802.3 clause
 * 45). Of a device's resets only LNK_RST and D3 reset it (X550 DS 4.2.3, table 4-6). */
#include "phy.h"

#include "faults.h"
#include "link.h"
#include "semaphore.h"

#include <string.h>

enum { PMA = 1, PCS = 3, PHY_XS = 4, AN = 7, VENDOR_1 = 30, MMDS = 32 };
/* The model's short times, and a card's: negotiation takes 2 to 5 s; a PHY in reset is left alone for 2 s (X550 DS
 * 4.2.1.8). */
enum { MDIO_NS = 10 * 1000, NEGOTIATION_NS = 4500 * 1000 };
static const uint64_t card_negotiation_ns[] = {3000000000, 2000000000, 5000000000};
#define CARD_NEGOTIATIONS (sizeof(card_negotiation_ns) / sizeof(card_negotiation_ns[0]))
#define CARD_QUIET_NS     2000000000ull
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
	PAUSE_SHIFT = 10, /* PAUSE and ASM_DIR, here and in the partner's */
	AN_PARTNER = 19,
	AN_10G_CONTROL = 32,
	ADVERTISE_10G = 1 << 12,
	PARTNER_100M = 1 << 8,
	AN_10G_STATUS = 33,
	PARTNER_10G = 1 << 11,
	PARTNER_5G = 1 << 6,
	PARTNER_2_5G = 1 << 5,
	AN_VENDOR_PARTNER = 0xE820,
	PARTNER_1G = 1 << 15,
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
	{AN, AN_PARTNER, 0, 0x0001, 0x0001}, {AN, AN_10G_CONTROL, 0xF000, ADVERTISE_10G, ADVERTISE_10G},
	{AN, AN_10G_STATUS, 0, 0, 0}, {AN, AN_VENDOR_PARTNER, 0, 0, 0},
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

/** @return what it advertises (enum model_speed). */
static uint32_t advertised(const struct model *m)
{
	uint16_t provision = value_of(m, AN, AN_VENDOR_PROVISION);
	uint32_t speeds = 0;

	if (value_of(m, AN, AN_10G_CONTROL) & ADVERTISE_10G)
		speeds |= MODEL_SPEED_10G;
	if (m->config.card == MODEL_X550 && (provision & ADVERTISE_5G))
		speeds |= MODEL_SPEED_5G;
	if (m->config.card == MODEL_X550 && (provision & ADVERTISE_2500M))
		speeds |= MODEL_SPEED_2_5G;
	if (provision & ADVERTISE_1G)
		speeds |= MODEL_SPEED_1G;
	if (value_of(m, AN, AN_ADVERTISE) & ADVERTISE_100M)
		speeds |= MODEL_SPEED_100M;
	return speeds;
}

/** @return the best of some speeds, in Mbit/s; 0: none. */
static unsigned best_of(uint32_t speeds)
{
	static const struct {
		uint32_t speed;
		unsigned mbps;
	} best_first[] = {{MODEL_SPEED_10G, 10000}, {MODEL_SPEED_5G, 5000}, {MODEL_SPEED_2_5G, 2500},
		{MODEL_SPEED_1G, 1000}, {MODEL_SPEED_100M, 100}};

	for (unsigned i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++)
		if (speeds & best_first[i].speed)
			return best_first[i].mbps;
	return 0;
}

static bool asleep(const struct model *m)
{
	return value_of(m, VENDOR_1, CONTROL) & LOW_POWER;
}

static bool dead(const struct model *m)
{
	return m->breakages & MODEL_PHY_SILENT;
}

static void lose_link(struct model *m)
{
	m->phy.mbps = 0;
	m->phy.lost = UINT32_MAX;
	m->phy.negotiated_ns = MODEL_NEVER;
}

/** What it had is gone, and in a while it has what both ends can. */
static void negotiate(struct model *m)
{
	uint64_t card_ns = card_negotiation_ns[m->phy.negotiations++ % CARD_NEGOTIATIONS];

	lose_link(m);
	m->phy.own_pause = value_of(m, AN, AN_ADVERTISE) >> PAUSE_SHIFT & (MODEL_PAUSE_BOTH | MODEL_PAUSE_ASYMMETRIC);
	if (!asleep(m) && !dead(m) && best_of(advertised(m) & model_partner_speeds(m)))
		deadline_set(m, &m->phy.negotiated_ns, takes_ns(m, NEGOTIATION_NS, card_ns));
	model_link_review(m);
}

static void fall_silent(struct model *m)
{
	lose_link(m);
	m->phy.stands = true;
	model_link_review(m);
}

/** As the NVM says: it negotiates by itself, or sleeps. */
static void load_image(struct model *m)
{
	m->phy = (struct mdio_phy){.partner_pause = m->phy.partner_pause};
	m->phy.negotiated_ns = MODEL_NEVER;
	for (unsigned i = 0; i < COUNT; i++)
		m->phy.value[i] = m->config.card == MODEL_X550 ? registers[i].x550 : registers[i].x540;
	if (!has_quirk(m, MODEL_QUIRK_PHY_LOW_POWER))
		return;
	m->phy.value[find(VENDOR_1, CONTROL)] |= LOW_POWER;
	m->phy.stands = true;
}

void model_phy_open(struct model *m)
{
	m->phy.partner_pause = MODEL_PAUSE_BOTH | MODEL_PAUSE_ASYMMETRIC;
	load_image(m);
}

/** It comes up as the NVM says, and negotiates. */
static void phy_reset(struct model *m)
{
	load_image(m);
	m->phy.quiet_ns = m->now_ns + takes_ns(m, 0, CARD_QUIET_NS);
	negotiate(m);
}

void model_phy_device_reset(struct model *m, enum reset_kind kind)
{
	if (is_copper(m) && (kind == RESET_LINK || kind == RESET_D3))
		phy_reset(m);
}

void model_phy_partner(struct model *m)
{
	if (!m->phy.stands)
		negotiate(m);
}

/* IEEE 802.3, table 28B-3 */
bool model_phy_partner_obeys(const struct model *m)
{
	unsigned both = m->phy.own_pause & m->phy.partner_pause;

	return (both & MODEL_PAUSE_BOTH) ||
	       ((both & MODEL_PAUSE_ASYMMETRIC) && (m->phy.partner_pause & MODEL_PAUSE_BOTH));
}

unsigned model_advertised_pause(const struct model *m)
{
	return is_copper(m) ? m->phy.own_pause : MODEL_PAUSE_BOTH | MODEL_PAUSE_ASYMMETRIC;
}

static uint16_t vendor_status(const struct model *m)
{
	return m->phy.mbps == 10000 ? 7 : m->phy.mbps == 1000 ? 5 : m->phy.mbps == 100 ? 3 : 0;
}

/** What the partner can do is known once both have negotiated. */
static uint16_t an_read(const struct model *m, unsigned at, uint16_t own)
{
	uint32_t partner = m->phy.mbps ? model_partner_speeds(m) : 0;
	unsigned value = own;

	if (at == AN_PARTNER) {
		value = partner ? value : 0;
		value |= partner & MODEL_SPEED_100M ? PARTNER_100M : 0u;
		value |= partner ? m->phy.partner_pause << PAUSE_SHIFT : 0u;
	} else if (at == AN_10G_STATUS) {
		value = partner & MODEL_SPEED_10G ? PARTNER_10G : 0u;
		value |= partner & MODEL_SPEED_5G ? PARTNER_5G : 0u;
		value |= partner & MODEL_SPEED_2_5G ? PARTNER_2_5G : 0u;
	} else if (at == AN_VENDOR_PARTNER) {
		value = partner & MODEL_SPEED_1G ? PARTNER_1G : 0u;
	} else if (at == AN_VENDOR_STATUS) {
		value = vendor_status(m);
	}
	return (uint16_t)value;
}

/** The link's bit latches low, in each MMD by itself. */
static unsigned status_bits(struct model *m, unsigned mmd)
{
	bool link = m->phy.mbps && !(m->phy.lost >> mmd & 1);

	m->phy.lost &= ~(1u << mmd);
	return (link ? STATUS_LINK : 0u) | (m->phy.mbps && mmd == AN ? STATUS_AN_COMPLETE : 0u);
}

static uint16_t phy_read(struct model *m, unsigned mmd, unsigned at)
{
	static const uint32_t present = 1u << PMA | 1u << PCS | 1u << PHY_XS | 1u << AN | 1u << VENDOR_1;
	unsigned i = find(mmd, at);

	if (!(present >> mmd & 1))
		return 0xFFFF;
	if (i == COUNT)
		return 0;
	if (at == STATUS)
		return (uint16_t)(m->phy.value[i] | status_bits(m, mmd));
	return mmd == AN ? an_read(m, at, m->phy.value[i]) : m->phy.value[i];
}

static void phy_write(struct model *m, unsigned mmd, unsigned at, uint16_t value)
{
	unsigned i = find(mmd, at);

	if (i == COUNT)
		return;
	if (at == CONTROL && (value & CONTROL_RESET)) {
		phy_reset(m);
		return;
	}
	/* What is advertised counts from the next negotiation on. */
	m->phy.value[i] = (uint16_t)((m->phy.value[i] & ~registers[i].writable) | (value & registers[i].writable));
	if (asleep(m)) {
		fall_silent(m);
	} else if (mmd == AN && at == CONTROL && (value & AN_RESTART)) {
		m->phy.stands = false;
		negotiate(m);
	}
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

	if (m->now_ns >= m->phy.negotiated_ns) {
		m->phy.negotiated_ns = MODEL_NEVER;
		m->phy.mbps = dead(m) ? 0 : best_of(advertised(m) & model_partner_speeds(m));
		m->link_ns = m->now_ns; /* the MAC follows at once */
	}
	if (m->now_ns < m->mdio_ns || (m->breakages & MODEL_MDIO_STUCK))
		return;
	m->mdio_ns = MODEL_NEVER;
	reg_set(m, IXGBE_MSCA, reg_get(m, IXGBE_MSCA) & ~(uint32_t)MSCA_COMMAND);
	/* The PHY of port 0 is at address 0, that of port 1 at 1 (doubt M12). */
	bool answers = (command >> 21 & 0x1F) == (m->config.port & 1) && (command >> 28 & 3) == 0 && !dead(m) &&
		       m->now_ns >= m->phy.quiet_ns;

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
