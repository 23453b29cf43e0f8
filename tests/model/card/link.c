/* SPDX-License-Identifier: BSD-2-Clause
 * The link: up when the driver has started it, the module is there and lit, and a partner answers (DS 4.6.4, 8.2.3.22).
 * A 10GBASE-T PHY negotiates by itself instead, unless the driver forces the link up in MACC. */
#include "link.h"

#include "interrupt.h"

enum { LINK_NS = 5 * 1000 * 1000 };

static unsigned link_mode(const struct model *m)
{
	return (reg_get(m, IXGBE_AUTOC) >> AUTOC_LMS_SHIFT) & 7;
}

/** 0 and 2 are 1 Gbit/s, 5 is SGMII; all others carry 10 Gbit/s. */
static bool link_slow(const struct model *m)
{
	unsigned mode = link_mode(m);

	return mode == 0 || mode == 2 || mode == 5;
}

/** Mode 3, 10 Gbit/s serial, negotiates nothing: it needs no restart to come up after a reset. */
static bool link_by_itself(const struct model *m)
{
	return link_mode(m) == 3;
}

static bool link_wanted(const struct model *m)
{
	uint32_t esdp = reg_get(m, IXGBE_ESDP);

	if (is_copper(m))
		return (reg_get(m, MODEL_MACC) & MACC_FLU) || (m->partner && m->phy.best_mbps != 0);
	if (reg_get(m, IXGBE_AUTOC) & AUTOC_FLU)
		return true;
	if (m->config.sfp_absent || !m->partner || !(m->autoneg_started || link_by_itself(m)))
		return false;
	return !((esdp & ESDP_SDP3) && (esdp & ESDP_SDP3_DIR)); /* laser on */
}

static void link_set(struct model *m, bool up)
{
	if (m->link_up == up)
		return;
	if (up) /* forced up it runs at 10 Gbit/s */
		m->copper_mbps = reg_get(m, MODEL_MACC) & MACC_FLU ? 10000 : m->phy.best_mbps;
	m->link_up = up;
	if (!up)
		m->link_latched_down = true;
	model_raise_other(m, EICR_LSC);
}

void model_link_reset(struct model *m)
{
	m->link_up = false;
	m->link_latched_down = false;
	m->autoneg_started = false;
	m->link_ns = MODEL_NEVER;
	m->i2c = (struct i2c_slave){.clock = true, .data = true};
	if (!is_copper(m))
		reg_set(m, IXGBE_AUTOC, 3u << AUTOC_LMS_SHIFT | 1u << 7); /* from the EEPROM: 10G serial (doubt M7) */
	model_link_review(m);
}

void model_link_review(struct model *m)
{
	if (!link_wanted(m)) {
		m->link_ns = MODEL_NEVER;
		link_set(m, false);
	} else if (!m->link_up && m->link_ns == MODEL_NEVER) {
		deadline_set(m, &m->link_ns, LINK_NS);
	}
}

void model_link_step(struct model *m)
{
	if (m->now_ns < m->link_ns)
		return;
	m->link_ns = MODEL_NEVER;
	link_set(m, link_wanted(m));
}

void model_link_restart(struct model *m)
{
	m->link_ns = MODEL_NEVER;
	link_set(m, false);
	model_link_review(m);
}

void model_write_macc(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	if (is_copper(m))
		model_link_review(m);
}

void model_write_autoc(struct model *m, uint32_t offset, uint32_t value)
{
	bool restart = value & AUTOC_AN_RESTART;

	reg_set(m, offset, value & ~(uint32_t)AUTOC_AN_RESTART);
	if (restart) {
		m->autoneg_started = true;
		model_link_restart(m);
	} else {
		model_link_review(m);
	}
}

unsigned model_link_mbps(const struct model *m)
{
	if (!m->link_up)
		return 0;
	return is_copper(m) ? m->copper_mbps : link_slow(m) ? 1000 : 10000;
}

/** Speed as in LINKS (DS 8.2.3.22.20). */
static uint32_t speed_bits(const struct model *m)
{
	switch (model_link_mbps(m)) {
	case 10000:
		return LINKS_SPEED_10G;
	case 5000:
		return LINKS_SPEED_100M | LINKS_NON_STD;
	case 2500:
		return LINKS_SPEED_10G | LINKS_NON_STD;
	case 1000:
		return LINKS_SPEED_1G;
	default:
		return LINKS_SPEED_100M;
	}
}

/** UP latches low: a link that went away in between shows as down once (DS 8.2.3.22.20). */
uint32_t model_read_links(struct model *m, uint32_t offset)
{
	bool up = m->link_up && !m->link_latched_down;

	m->link_latched_down = false;
	return reg_get(m, offset) | (up ? LINKS_UP | speed_bits(m) : 0);
}

uint32_t model_read_anlp1(struct model *m, uint32_t offset)
{
	return reg_get(m, offset) | (m->autoneg_started ? ANLP1_AN_STATE : 0u);
}

void model_set_partner(struct model *m, bool present)
{
	m->partner = present;
	model_link_review(m);
}

bool model_link_up(const struct model *m)
{
	return m->link_up;
}
