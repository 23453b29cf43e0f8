/* SPDX-License-Identifier: BSD-2-Clause
 * The link: up when the driver has started it, the module is there and lit, and a partner answers (DS 4.6.4, 8.2.3.22). */
#include "internal.h"

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
	reg_set(m, IXGBE_AUTOC, 3u << AUTOC_LMS_SHIFT | 1u << 7); /* from the EEPROM: 10G serial */
	model_link_review(m);
}

/** Something the link depends on has changed: it goes at once, and comes after a while. */
void model_link_review(struct model *m)
{
	if (!link_wanted(m)) {
		m->link_ns = MODEL_NEVER;
		link_set(m, false);
	} else if (!m->link_up && m->link_ns == MODEL_NEVER) {
		model_deadline(m, &m->link_ns, LINK_NS);
	}
}

void model_link_step(struct model *m)
{
	if (m->now_ns < m->link_ns)
		return;
	m->link_ns = MODEL_NEVER;
	link_set(m, link_wanted(m));
}

void model_write_autoc(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	bool restart = value & AUTOC_AN_RESTART;

	(void)index;
	reg_set(m, offset, value & ~(uint32_t)AUTOC_AN_RESTART);
	if (restart) {
		m->autoneg_started = true;
		m->link_ns = MODEL_NEVER;
		link_set(m, false);
	}
	model_link_review(m);
}

/** UP latches low: a link that went away in between shows as down once (registers.md 4.1). */
uint32_t model_read_links(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	bool up = m->link_up && !m->link_latched_down;

	(void)index;
	(void)offset;
	m->link_latched_down = false;
	if (!up)
		return value;
	return value | LINKS_UP | (link_slow(m) ? LINKS_SPEED_1G : LINKS_SPEED_10G);
}

uint32_t model_read_anlp1(struct model *m, unsigned index, uint32_t value, uint32_t offset)
{
	(void)index;
	(void)offset;
	return m->autoneg_started ? value | ANLP1_AN_STATE : value;
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
