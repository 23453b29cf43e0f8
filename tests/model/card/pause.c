/* SPDX-License-Identifier: BSD-2-Clause
 * A partner that has too much to do, and sends pause frames (IEEE 802.3x) all the time. The MAC keeps them to itself:
 * they are counted, and obeyed where MFLCN.RFCE says so. */
#include "pause.h"

/* A pause of the most quanta that there are lasts 3.3 ms at 10 Gbit/s; this one is shorter. */
enum { PERIOD_NS = 1000 * 1000, SILENCE_NS = 300 * 1000 };

void model_pause_open(struct model *m)
{
	m->pause_ns = MODEL_NEVER;
	if (has_quirk(m, MODEL_QUIRK_PAUSE))
		deadline_set(m, &m->pause_ns, scaled_ns(m, PERIOD_NS));
}

bool model_pauses(const struct model *m)
{
	return has_quirk(m, MODEL_QUIRK_PAUSE) && m->link_up && (reg_get(m, IXGBE_MFLCN) & MFLCN_RFCE);
}

bool model_paused(const struct model *m)
{
	return model_pauses(m) && m->now_ns < m->paused_until_ns;
}

void model_pause_step(struct model *m)
{
	if (m->now_ns < m->pause_ns)
		return;
	deadline_set(m, &m->pause_ns, scaled_ns(m, PERIOD_NS));
	if (!m->link_up)
		return;
	reg_add(m, MODEL_LXOFFRXCNT, 1);
	m->paused_until_ns = m->now_ns + scaled_ns(m, SILENCE_NS);
}
