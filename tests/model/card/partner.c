/* SPDX-License-Identifier: BSD-2-Clause
 * The other end of the wire: it comes, goes, or can do something else from now on. */
#include "interrupt.h"
#include "link.h"
#include "phy.h"

static void partner_changed(struct model *m)
{
	if (is_copper(m))
		model_phy_partner(m);
	else if (m->partner && (reg_get(m, IXGBE_GPIE) & GPIE_SDP1_GPIEN))
		model_raise_other(m, EICR_GPI_SDP1); /* there is light (doubt M17) */
	model_link_review(m);
}

void model_set_partner(struct model *m, bool present)
{
	m->partner_back_ns = MODEL_NEVER;
	m->incidents.link_stale &= !present;
	if (m->partner == present)
		return;
	m->partner = present;
	partner_changed(m);
}

void model_set_partner_pause(struct model *m, unsigned abilities)
{
	if (m->phy.partner_pause == abilities || !is_copper(m))
		return;
	m->phy.partner_pause = abilities;
	partner_changed(m);
}

void model_set_partner_speeds(struct model *m, uint32_t speeds)
{
	m->config.partner_speeds = speeds;
	partner_changed(m);
}
