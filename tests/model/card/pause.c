/* SPDX-License-Identifier: BSD-2-Clause
 * Flow control by pause frames (IEEE 802.3x; X550 DS 3.7.4, 8.2.2.3): those that arrive stop transmission where
 * MFLCN.RFCE says so, and the port sends its own when its packet buffer fills. Flow control by priorities is not there:
 * its frames are MAC control frames like any other. */
#include "pause.h"

#include "phy.h"
#include "stats.h"

#include <string.h>

/* With the quirk the partner has too much to do, and sends pause frames all the time. A pause of the most quanta that
 * there are lasts 3.3 ms at 10 Gbit/s; this one is shorter. */
enum { PERIOD_NS = 1000 * 1000, SILENCE_NS = 300 * 1000 };
enum { QUANTUM_BITS = 512, OPCODE_PAUSE = 1 };

static const uint8_t pause_address[6] = {0x01, 0x80, 0xC2, 0x00, 0x00, 0x01};

void model_pause_open(struct model *m)
{
	m->pause_ns = MODEL_NEVER;
	if (has_quirk(m, MODEL_QUIRK_PAUSE))
		deadline_set(m, &m->pause_ns, scaled_ns(m, PERIOD_NS));
}

uint64_t model_pause_ns(const struct model *m, uint16_t quanta)
{
	unsigned mbps = model_link_mbps(m);

	return mbps ? (uint64_t)quanta * QUANTUM_BITS * 1000 / mbps : 0;
}

/** How long the pause under way has lasted. */
static uint64_t paused_so_far(const struct model *m)
{
	uint64_t until = m->now_ns < m->paused_until_ns ? m->now_ns : m->paused_until_ns;

	return until > m->paused_since_ns ? until - m->paused_since_ns : 0;
}

/** A new pause takes the place of the one before, however long that was to last. */
static void pause_for(struct model *m, uint64_t ns)
{
	m->pauses.paused_ns += paused_so_far(m);
	m->paused_since_ns = m->now_ns;
	m->paused_until_ns = m->now_ns + ns;
	m->tx_hindered = true;
}

bool model_paused(const struct model *m)
{
	return m->now_ns < m->paused_until_ns;
}

/** 1: not paused; link flow control pauses all traffic classes (X550 DS 8.2.2.3.8, doubt M39). */
uint32_t model_read_tfcs(struct model *m, uint32_t offset)
{
	(void)offset;
	return model_paused(m) ? 0 : TFCS_TC_XON;
}

bool model_pauses(const struct model *m)
{
	return model_paused(m) ||
	       (has_quirk(m, MODEL_QUIRK_PAUSE) && m->link_up && (reg_get(m, IXGBE_MFLCN) & MFLCN_RFCE));
}

struct model_pauses model_pause_counts(const struct model *m)
{
	struct model_pauses counts = m->pauses;

	counts.paused_ns += paused_so_far(m);
	return counts;
}

/* ---- received ---- */

/** A frame of link flow control: to the address for that, or to the port's own. */
static bool is_pause(const struct model *m, const uint8_t *data)
{
	uint8_t own[6];

	model_own_address(m, own);
	return (memcmp(data, pause_address, 6) == 0 || memcmp(data, own, 6) == 0) &&
	       (data[14] << 8 | data[15]) == OPCODE_PAUSE;
}

enum control_verdict model_control_judge(const struct model *m, const struct model_frame *f)
{
	uint32_t mflcn = reg_get(m, IXGBE_MFLCN);

	if (!control_frame(f))
		return CONTROL_NONE;
	if ((mflcn & MFLCN_RFCE) && is_pause(m, f->data))
		return mflcn & MFLCN_DPF ? CONTROL_PAUSE_KEPT : CONTROL_PAUSE_PASSED;
	return mflcn & MFLCN_PMCF ? CONTROL_NONE : CONTROL_DROPPED;
}

static void count_pause_frame(struct model *m, uint16_t quanta)
{
	reg_add_short(m, quanta ? IXGBE_LXOFFRXCNT : IXGBE_LXONRXCNT, 1);
	m->pauses.in_xoff += quanta != 0;
	m->pauses.in_xon += quanta == 0;
}

bool model_arrive(struct model *m, const struct model_frame *f)
{
	enum control_verdict verdict;

	if (!control_frame(f) || !m->link_up || m->loopback || (m->breakages & MODEL_GONE))
		return true;
	/* What nobody obeys is in no counter of pause frames (X550 DS 3.7.4.1.4, doubt M27). */
	verdict = model_control_judge(m, f);
	if (verdict == CONTROL_PAUSE_KEPT || verdict == CONTROL_PAUSE_PASSED) {
		uint16_t quanta = (uint16_t)(f->data[16] << 8 | f->data[17]);
		count_pause_frame(m, quanta);
		pause_for(m, model_pause_ns(m, quanta));
	}
	if (verdict == CONTROL_PAUSE_KEPT)
		fate_met(m, MODEL_PAUSE, 1, 0);
	return verdict != CONTROL_PAUSE_KEPT;
}

void model_pause_step(struct model *m)
{
	if (m->now_ns < m->pause_ns)
		return;
	deadline_set(m, &m->pause_ns, scaled_ns(m, PERIOD_NS));
	if (!m->link_up || !(reg_get(m, IXGBE_MFLCN) & MFLCN_RFCE))
		return;
	count_pause_frame(m, 1);
	/* What comes over the wire is of the same partner, who does not end the longer silence that it has asked for */
	if (m->now_ns + scaled_ns(m, SILENCE_NS) > m->paused_until_ns)
		pause_for(m, scaled_ns(m, SILENCE_NS));
}

/* ---- sent ---- */

void model_pause_frame(const uint8_t from[6], uint16_t quanta, uint8_t frame[MODEL_PAUSE_BYTES])
{
	memset(frame, 0, MODEL_PAUSE_BYTES);
	memcpy(frame, pause_address, 6);
	memcpy(frame + 6, from, 6);
	frame[12] = 0x88;
	frame[13] = 0x08;
	frame[15] = OPCODE_PAUSE;
	frame[16] = (uint8_t)(quanta >> 8);
	frame[17] = (uint8_t)quanta;
}

/** The MAC sends a frame of its own. The counters of transmission count it, too (X550 DS 8.2.2.17.41). */
static bool send(struct model *m, uint16_t quanta, uint8_t frame[MODEL_PAUSE_BYTES])
{
	const struct tally t = {.frames = 1, .multicast = 1, .size = {1}, .bytes = MODEL_PAUSE_BYTES + 4};
	uint8_t own[6];

	model_own_address(m, own);
	model_pause_frame(own, quanta, frame);
	/* doubt M29 */
	reg_add_short(m, quanta ? IXGBE_LXOFFTXC : IXGBE_LXONTXC, 1);
	m->pauses.out_xoff += quanta != 0;
	m->pauses.out_xon += quanta == 0;
	model_count_sent(m, &t);
	return true;
}

/** XOFF, and again when the partner's pause has only FCRTV left (X550 DS 8.2.2.3.4, doubt M28). */
static bool send_xoff(struct model *m, uint8_t frame[MODEL_PAUSE_BYTES])
{
	uint16_t quanta = (uint16_t)reg_get(m, IXGBE_FCTTV), left = (uint16_t)reg_get(m, IXGBE_FCRTV);

	m->xoff_sent = true;
	m->xoff_overflow = false;
	m->xoff_again_ns = m->now_ns + model_pause_ns(m, quanta > left ? (uint16_t)(quanta - left) : 1);
	return send(m, quanta, frame);
}

bool model_pause_due(struct model *m, uint64_t buffered_bytes, uint8_t frame[MODEL_PAUSE_BYTES])
{
	uint32_t high = reg_get(m, IXGBE_FCRTH), low = reg_get(m, IXGBE_FCRTL);

	if ((reg_get(m, IXGBE_FCCFG) & FCCFG_TFCE) != FCCFG_TFCE_LINK || !(high & FCRTH_FCEN) || !m->link_up ||
		(m->breakages & MODEL_GONE)) {
		m->xoff_sent = false;
		return false;
	}
	if (!m->xoff_sent)
		return buffered_bytes >= (high & FCRT_BYTES) && send_xoff(m, frame);
	if (buffered_bytes <= (low & FCRT_BYTES)) {
		m->xoff_sent = false;
		return (low & FCRTL_XONE) && send(m, 0, frame);
	}
	return (m->xoff_overflow || m->now_ns >= m->xoff_again_ns) && send_xoff(m, frame);
}

/** Over SFI nothing is negotiated: a switch there has it switched on. */
bool model_partner_obeys(const struct model *m)
{
	return !is_copper(m) || model_phy_partner_obeys(m);
}

void model_pause_reset(struct model *m)
{
	pause_for(m, 0);
	m->xoff_sent = m->xoff_overflow = m->control_waits = false;
}
