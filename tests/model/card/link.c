/* SPDX-License-Identifier: BSD-2-Clause
 * The link's registers: LINKS and its latch, and on the 82599 AUTOC, AUTOC2, ANLP1 and CORECTL. There the link is up
 * when the settings suit the module, the laser is on, and a partner of that speed answers (DS 4.6.4, 8.2.3.22); quirks
 * and tries ask for more. A 10GBASE-T PHY negotiates by itself instead (phy.h), unless MACC forces the link up. */
#include "link.h"

#include "faults.h"
#include "interrupt.h"
#include "module.h"
#include "semaphore.h"

#include <string.h>

/* Until the link is up, and until ANLP1's state leaves 0: the model's short times, and a card's. */
enum {
	LINK_NS = 5 * 1000 * 1000,
	CARD_LINK_NS = 200 * 1000 * 1000,
	AN_NS = 500 * 1000,
	CARD_AN_NS = 8 * 1000 * 1000,
	CARD_MODULE_NS = 300 * 1000 * 1000, /* a module answers I2C (SFF-8431, t_serial) */
	MAC_NS = 500 * 1000,                /* the MAC of X540 and X550, once the PHY has a link */
};
enum { LMS_1G = 0, LMS_1G_AN = 2, LMS_10G_SERIAL = 3, LMS_TOGGLED = 4 };

static unsigned link_mode(const struct model *m)
{
	return (reg_get(m, IXGBE_AUTOC) >> AUTOC_LMS_SHIFT) & 7;
}

/** @return the speed that a mode has over SFI; 0: it is not for modules. */
static uint32_t mode_speed(const struct model *m, unsigned mode)
{
	if (mode == LMS_10G_SERIAL && (reg_get(m, IXGBE_AUTOC2) & AUTOC2_10G_PMA_PMD) == AUTOC2_10G_SFI)
		return MODEL_SPEED_10G;
	if ((mode == LMS_1G || mode == LMS_1G_AN) && !(reg_get(m, IXGBE_AUTOC) & AUTOC_1G_PMA_PMD))
		return MODEL_SPEED_1G;
	return 0;
}

/** @return the speeds that the module lets through now. */
static uint32_t module_speeds(const struct model *m)
{
	const struct module *module = &model_modules[m->serial.module];
	uint32_t esdp = reg_get(m, IXGBE_ESDP);

	if (module->laser && (esdp & ESDP_SDP3) && (esdp & ESDP_SDP3_DIR))
		return 0;
	if (!module->dual_rate)
		return module->speeds;
	return (esdp & ESDP_SDP5) && (esdp & ESDP_SDP5_DIR) ? MODEL_SPEED_10G : MODEL_SPEED_1G;
}

uint32_t model_partner_speeds(const struct model *m)
{
	return !m->partner ? 0 : m->config.partner_speeds ? m->config.partner_speeds : UINT32_MAX;
}

/** CORECTL has had the words of this module last. */
static bool core_words_had(const struct model *m)
{
	unsigned type = model_module_type(m->serial.module, m->config.port);

	for (unsigned i = 0; i < MODULE_CORE_WORDS; i++)
		if (m->serial.core[i] != model_module_core_word(type, i))
			return false;
	return true;
}

/** Enough was tried. 10 Gbit/s serial negotiates nothing: without a wish for tries it comes up after a reset alone. */
static bool restarted_enough(const struct model *m)
{
	if (m->config.link_tries)
		return m->serial.restarts >= m->config.link_tries;
	return m->serial.restarted || link_mode(m) == LMS_10G_SERIAL;
}

static bool serial_wanted(const struct model *m)
{
	if (reg_get(m, IXGBE_AUTOC) & AUTOC_FLU)
		return true;
	if (!(mode_speed(m, link_mode(m)) & module_speeds(m) & model_partner_speeds(m)))
		return false;
	if (reg_get(m, IXGBE_AUTOC2) & AUTOC2_LINK_DISABLED)
		return false;
	if (has_quirk(m, MODEL_QUIRK_PIPELINE_RESET) && !m->serial.pipeline_reset)
		return false;
	if (has_quirk(m, MODEL_QUIRK_CORE_WORDS) && !core_words_had(m))
		return false;
	return restarted_enough(m);
}

static bool forced_up(const struct model *m)
{
	return reg_get(m, MODEL_MACC) & MACC_FLU;
}

static bool link_wanted(const struct model *m)
{
	if (!is_copper(m))
		return serial_wanted(m);
	return forced_up(m) || (m->phy.mbps && !(m->breakages & MODEL_PHY_SILENT));
}

static void link_set(struct model *m, bool up)
{
	if (m->link_up == up)
		return;
	/* The receiver has lost its signal (doubt M31). */
	if (!up && !m->partner && model_link_mbps(m) == 10000)
		reg_add(m, IXGBE_MLFC, 1);
	if (up) /* forced up it runs at 10 Gbit/s */
		m->copper_mbps = forced_up(m) ? 10000 : m->phy.mbps;
	m->link_up = up;
	if (!up)
		m->link_latched_down = true;
	model_raise_other(m, EICR_LSC);
}

/** A link that was up has to be won anew after what ends it in the card itself. */
static void forget_restarts(struct model *m)
{
	if (m->link_up)
		m->serial.restarts = 0;
	m->serial.restarted = m->serial.toggled = false;
}

/** What was set up for the module, and neither CTRL.RST nor LNK_RST takes away: DPDK does it before them only
 * (doubt M19). */
static void forget_module_setup(struct model *m)
{
	m->serial.pipeline_reset = false;
	memset(m->serial.core, 0, sizeof(m->serial.core));
}

static void nvm_settings(struct model *m)
{
	uint32_t lms = m->config.nvm_lms ? m->config.nvm_lms : LMS_10G_SERIAL; /* doubt M7 */

	if (is_copper(m))
		return;
	reg_set(m, IXGBE_AUTOC, lms << AUTOC_LMS_SHIFT | 1u << 7);
	if (has_quirk(m, MODEL_QUIRK_LINK_DISABLED))
		reg_set(m, IXGBE_AUTOC2, reg_get(m, IXGBE_AUTOC2) | (uint32_t)AUTOC2_LINK_DISABLED);
}

static void firmware_settings(struct model *m)
{
	if (is_copper(m) || !has_quirk(m, MODEL_QUIRK_MANAGEABILITY))
		return;
	reg_set(m, IXGBE_FWSM, FWSM_FW_VALID | FWSM_PASS_THROUGH);
	reg_set(m, MODEL_MANC, MANC_RCV_TCO_EN);
}

static void mac_reset(struct model *m, enum reset_kind kind)
{
	if (kind == RESET_FUNCTION)
		forget_module_setup(m);
	forget_restarts(m);
	m->link_up = false;
	m->link_latched_down = true;
	m->link_ns = MODEL_NEVER;
	nvm_settings(m);
}

void model_link_open(struct model *m)
{
	m->serial.module = m->config.module;
}

void model_link_reset(struct model *m, enum reset_kind kind)
{
	/* CTRL.RST leaves a MAC that firmware uses too as it is (X550 DS 4.2.3, note 16 to table 4-6,
	 * and doubt M20). */
	if (kind != RESET_SOFTWARE || !has_quirk(m, MODEL_QUIRK_MANAGEABILITY))
		mac_reset(m, kind);
	firmware_settings(m);
	m->i2c = (struct i2c_slave){.clock = true, .data = true, .given = m->i2c.given};
	model_link_review(m);
}

void model_link_review(struct model *m)
{
	if (!link_wanted(m)) {
		m->link_ns = MODEL_NEVER;
		link_set(m, false);
	} else if (!m->link_up && m->link_ns == MODEL_NEVER) {
		deadline_set(m, &m->link_ns, is_copper(m) ? MAC_NS : takes_ns(m, LINK_NS, CARD_LINK_NS));
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

/** A pipeline reset is a restart with LMS bit 2 toggled, and a second with LMS as it was once ANLP1's state is not 0.
 */
static void watch_pipeline(struct model *m, unsigned old_mode, unsigned mode)
{
	struct serial_link *serial = &m->serial;

	if (serial->toggled && mode == serial->toggled_lms) {
		serial->pipeline_reset = m->now_ns >= serial->an_ns;
		serial->toggled = false;
	} else {
		serial->toggled = mode == (old_mode ^ LMS_TOGGLED);
		serial->toggled_lms = old_mode;
	}
}

void model_write_autoc(struct model *m, uint32_t offset, uint32_t value)
{
	bool restart = value & AUTOC_AN_RESTART;
	unsigned old_mode = link_mode(m);

	fault_order(m, MODEL_ORDER_SEMAPHORE, has_quirk(m, MODEL_QUIRK_MANAGEABILITY) && !model_mac_csr_held(m));
	reg_set(m, offset, value & ~(uint32_t)AUTOC_AN_RESTART);
	if (!restart) {
		model_link_review(m);
		return;
	}
	watch_pipeline(m, old_mode, link_mode(m));
	m->serial.restarted = true;
	m->serial.restarts += mode_speed(m, link_mode(m)) != 0;
	m->serial.an_ns = m->now_ns + takes_ns(m, AN_NS, CARD_AN_NS);
	model_link_restart(m);
}

void model_write_autoc2(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	model_link_review(m);
}

/** What counts are the last words: the sequence of a module, whole and in its order. */
void model_write_corectl(struct model *m, uint32_t offset, uint32_t value)
{
	uint16_t *core = m->serial.core;

	fault_order(m, MODEL_ORDER_SEMAPHORE, !model_mac_csr_held(m));
	reg_set(m, offset, value);
	memmove(core, core + 1, sizeof(m->serial.core) - sizeof(core[0]));
	core[MODULE_CORE_WORDS - 1] = (uint16_t)value;
	model_link_review(m);
}

unsigned model_link_mbps(const struct model *m)
{
	if (!m->link_up)
		return 0;
	return is_copper(m) ? m->copper_mbps : mode_speed(m, link_mode(m)) == MODEL_SPEED_1G ? 1000 : 10000;
}

/** Speed as in LINKS (DS 8.2.3.22.20). */
static uint32_t speed_bits(unsigned mbps)
{
	switch (mbps) {
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

/** UP latches low: a link that went away in between shows as down once (DS 8.2.3.22.20). Over an empty cage crosstalk
 * from the transmitter may look like a link. */
uint32_t model_read_links(struct model *m, uint32_t offset)
{
	bool up = m->link_up && !m->link_latched_down;

	m->link_latched_down = false;
	if (has_quirk(m, MODEL_QUIRK_CROSSTALK) && !is_copper(m) && m->serial.module == MODEL_MODULE_NONE)
		return reg_get(m, offset) | LINKS_UP | speed_bits(10000);
	return reg_get(m, offset) | (up ? LINKS_UP | speed_bits(model_link_mbps(m)) : 0);
}

uint32_t model_read_anlp1(struct model *m, uint32_t offset)
{
	return reg_get(m, offset) | (m->serial.restarted && m->now_ns >= m->serial.an_ns ? ANLP1_AN_STATE : 0u);
}

void model_set_module(struct model *m, enum model_module module)
{
	bool was = m->serial.module != MODEL_MODULE_NONE, is = module != MODEL_MODULE_NONE;
	uint32_t esdp = reg_get(m, IXGBE_ESDP);

	if (is_copper(m))
		return;
	m->serial.module = module;
	m->serial.restarts = 0;
	forget_module_setup(m);
	m->serial.module_ns = m->now_ns + takes_ns(m, 0, CARD_MODULE_NS);
	m->i2c = (struct i2c_slave){.clock = true, .data = true};
	/* The interrupt comes with the pin's rising edge, which is a module's coming (doubt M17). */
	if (is && !was && !(esdp & ESDP_SDP2_DIR) && (reg_get(m, IXGBE_GPIE) & GPIE_SDP2_GPIEN))
		model_raise_other(m, EICR_GPI_SDP2);
	model_link_restart(m);
}

bool model_link_up(const struct model *m)
{
	return m->link_up;
}
