/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the gigabit chips, all copper: the MAC follows the PHY, and what the PHY does is looked at now and then.
 * Nothing waits for the link here, only for the PHY's registers. */
#include "../access.h"
#include "../clock.h"
#include "../pause.h"
#include "../report.h"
#include "gigabit.h"

#include <stdio.h>
#include <string.h>

#define LOOKED_AT          (GIGABIT_STATUS_LU | GIGABIT_STATUS_FD | GIGABIT_STATUS_SPEED)
#define NEVER_SEEN         UINT32_MAX
#define PHY_RECEIVE_ERRORS 21u /* of the 82574L's PHY */
#define RX_BUFFER_KIB      0x7Fu
#define THRESHOLD_UNIT     16u

static struct gigabit_link *link_of(struct nic *nic)
{
	return &((struct gigabit *)nic)->link;
}

/* What pause frames are, and when they are sent. Above the high threshold there is room for a frame that is being sent
 * when the pause frame is due, or a tenth of the buffer; on the 82576, as Linux has it, also for the longest frame of
 * the other end. Whether a pause is asked for again in time is doubt 52. */
static void pause_start(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	bool sends = nic->config.pause & NIC_PAUSE_TX;
	uint32_t kib, high = 0;
	reg_write(nic, GIGABIT_FCAL, GIGABIT_FCAL_PAUSE);
	reg_write(nic, GIGABIT_FCAH, GIGABIT_FCAH_PAUSE);
	reg_write(nic, GIGABIT_FCT, GIGABIT_FCT_PAUSE);
	reg_write(nic, GIGABIT_FCTTV, sends ? PAUSE_TIME : 0);
	if (sends && reg_read_sure(nic, chip->rx_buffer_register, &kib) == 0) {
		uint32_t bytes = (kib & RX_BUFFER_KIB) * 1024, room = port_max_frame_bytes(nic);
		room += chip->packet_buffer_kib ? 0 : chip->max_frame_bytes;
		room = room < bytes / 10 ? bytes / 10 : room;
		high = room < bytes ? (bytes - room) & ~(THRESHOLD_UNIT - 1) : THRESHOLD_UNIT;
	}
	reg_write(nic, GIGABIT_FCRTL, high ? (high - THRESHOLD_UNIT) | GIGABIT_FCRTL_XONE : 0);
	reg_write(nic, GIGABIT_FCRTH, high);
}

/* A link that came up: what both ends have agreed on. In half duplex there are no pause frames. False: the PHY does not
 * answer. */
static bool pause_agree(struct nic *nic, uint32_t status)
{
	uint16_t partner;
	uint32_t pause = 0;
	if (!nic->config.pause)
		return true;
	bool full = status & GIGABIT_STATUS_FD;
	if (full && !gigabit_phy_try_read(nic, GIGABIT_PHY_ANLPAR, &partner))
		return false;
	if (full)
		pause = pause_resolve(nic->config.pause, partner >> PAUSE_SHIFT & 3);
	reg_change(nic, GIGABIT_CTRL, GIGABIT_CTRL_RFCE | GIGABIT_CTRL_TFCE,
		(pause & NIC_PAUSE_RX ? GIGABIT_CTRL_RFCE : 0) | (pause & NIC_PAUSE_TX ? GIGABIT_CTRL_TFCE : 0));
	link_of(nic)->pause = pause;
	port_note(nic, "pause frames are %sobeyed and %ssent: negotiated", pause & NIC_PAUSE_RX ? "" : "not ",
		pause & NIC_PAUSE_TX ? "" : "not ");
	return true;
}

int gigabit_link_start(struct nic *nic)
{
	/* The MAC follows the PHY. No pause frames in either direction until both ends have agreed on them. Clearing a
	 * bit that a chip does not have is harmless, but only the 82540EM allows ASDE to be set */
	reg_change(nic, GIGABIT_CTRL,
		GIGABIT_CTRL_GIO_MASTER_DISABLE | GIGABIT_CTRL_LRST | GIGABIT_CTRL_FRCSPD | GIGABIT_CTRL_FRCDPX |
			GIGABIT_CTRL_RFCE | GIGABIT_CTRL_TFCE | GIGABIT_CTRL_VME,
		GIGABIT_CTRL_SLU | (gigabit_chip(nic)->pcie ? 0 : GIGABIT_CTRL_ASDE));
	pause_start(nic);
	uint64_t now = clock_now_us();
	*link_of(nic) = (struct gigabit_link){.status = NEVER_SEEN, .since_us = now, .hang_look_us = now};
	return gigabit_copper_start(nic);
}

uint32_t gigabit_mbps(uint32_t status)
{
	static const uint16_t mbps[] = {10, 100, 1000, 1000};
	return status & GIGABIT_STATUS_LU ? mbps[status >> GIGABIT_STATUS_SPEED_SHIFT & 3] : 0;
}

/* The registers of a PHY that tell of its link. */
struct phy_state {
	uint16_t control, status, partner, gigabit;
};

static bool read_state(struct nic *nic, struct phy_state *phy)
{
	return gigabit_phy_try_read(nic, GIGABIT_PHY_BMCR, &phy->control) &&
	       gigabit_phy_try_read(nic, GIGABIT_PHY_BMSR, &phy->status) &&
	       gigabit_phy_try_read(nic, GIGABIT_PHY_ANLPAR, &phy->partner) &&
	       gigabit_phy_try_read(nic, GIGABIT_PHY_GBSR, &phy->gigabit);
}

static uint32_t offered(const struct phy_state *phy)
{
	return gigabit_copper_speeds(phy->partner, phy->gigabit >> GIGABIT_GBSR_SHIFT);
}

static void describe_up(struct nic *nic, const struct phy_state *phy, uint32_t status, char *text, size_t room)
{
	char speeds[SPEEDS_TEXT_BYTES];
	speeds_text(speeds, offered(phy));
	const char *half = status & GIGABIT_STATUS_FD ? "" : "half duplex; ";
	if (!speeds[0])
		snprintf(text, room, "%sthe partner does not negotiate", half);
	else
		snprintf(text, room, "%spartner offers %.33s%s", half, speeds,
			gigabit_copper_is_downshifted(nic) ? "; downshifted: check the cable" : "");
}

static void describe_down(struct nic *nic, const struct phy_state *phy, char *text, size_t room)
{
	char speeds[SPEEDS_TEXT_BYTES];
	uint32_t offers = offered(phy);
	speeds_text(speeds, offers);
	if (phy->control & GIGABIT_BMCR_WRONG)
		snprintf(text, room, "the PHY is switched off, isolated or in loopback (BMCR %04x)", phy->control);
	else if (phy->status & GIGABIT_BMSR_LINK)
		snprintf(text, room, "the PHY has a link, which the MAC does not follow yet");
	else if (phy->gigabit & GIGABIT_GBSR_FAULT)
		snprintf(text, room, "the PHYs do not agree on a master; partner offers %.33s", speeds);
	else if (offers && !(offers & nic->config.speeds))
		snprintf(text, room, "partner offers only %.33s", speeds);
	else if (offers)
		snprintf(text, room, "the PHY negotiates; partner offers %.33s", speeds);
	else
		snprintf(text, room, "the PHY hears no partner: check the cable and the other end");
}

/* Asks the PHY what it knows. */
static void describe(struct nic *nic, uint32_t status, char *text, size_t room)
{
	struct phy_state phy;
	if (!read_state(nic, &phy))
		snprintf(text, room, "the PHY does not answer");
	else if (status & GIGABIT_STATUS_LU)
		describe_up(nic, &phy, status, text, room);
	else
		describe_down(nic, &phy, text, room);
}

/* Follows STATUS, and what the PHY knows: when STATUS changes, and while the link is down now and then. */
static void look_at_link(struct nic *nic, uint32_t status)
{
	struct gigabit_link *link = link_of(nic);
	uint64_t now = clock_now_us();
	uint32_t mbps = gigabit_mbps(status),
		 seen = mbps ? status & LOOKED_AT : 0; /* the rest means nothing without link */
	bool first = link->status == NEVER_SEEN, changed = seen != link->status;
	if (!changed && ((mbps && !link->pause_open) || now - link->looked_us < gigabit_times.link_look))
		return;
	char before[sizeof(link->state)];
	memcpy(before, link->state, sizeof(before));
	describe(nic, status, link->state, sizeof(link->state));
	link->looked_us = now;
	link->status = seen;
	if (changed && !first)
		link->since_us = now;
	link->pause = 0;
	link->pause_open = mbps && !pause_agree(nic, status);
	if (mbps && changed)
		port_note(nic, "link up, %u Mbit/s; %s", mbps, link->state);
	else if (!mbps && (changed || strcmp(before, link->state) != 0))
		port_note(nic, "%s; %s", changed && !first ? "link lost" : "no link", link->state);
}

int gigabit_get_link(struct nic *nic, struct nic_link *link)
{
	uint32_t status = reg_read(nic, GIGABIT_STATUS);
	*link = (struct nic_link){.up = false};
	if (port_gone(nic))
		return fail_gone(nic);
	if (nic->started) {
		look_at_link(nic, status);
		memcpy(link->state, link_of(nic)->state, sizeof(link->state));
	}
	link->mbps = gigabit_mbps(status);
	link->up = link->mbps > 0;
	link->pause = link->up && nic->started ? link_of(nic)->pause : 0;
	return fail_if_gone(nic);
}

static void set_up_again(struct nic *nic, bool reset)
{
	if (gigabit_copper_set_up(nic, reset) != 0)
		port_note_failure(nic);
}

/* A PHY that was left as it was may have settings with which it gets no link; and one that was set up may have been
 * switched off since, by the firmware. Else it negotiates by itself, for as long as it takes, and is not disturbed. */
static void help_link(struct nic *nic)
{
	struct gigabit_link *link = link_of(nic);
	uint64_t now = clock_now_us();
	uint16_t control;
	if (now - link->since_us < gigabit_times.link_patience)
		return;
	link->since_us = now;
	bool wrong = gigabit_phy_try_read(nic, GIGABIT_PHY_BMCR, &control) &&
		     ((control & GIGABIT_BMCR_WRONG) || !(control & GIGABIT_BMCR_AUTONEG));
	if (!link->set_up || wrong)
		set_up_again(nic, false);
}

/* The 82574L's PHY can hang: its counters of errors then stand at their ends. Two looks in a row decide, as in Linux.
 */
static void end_hang(struct nic *nic)
{
	struct gigabit_link *link = link_of(nic);
	uint64_t now = clock_now_us();
	uint16_t receive, gigabit;
	if (now - link->hang_look_us < gigabit_times.hang_look)
		return;
	link->hang_look_us = now;
	bool hangs = gigabit_phy_try_read(nic, PHY_RECEIVE_ERRORS, &receive) && receive == UINT16_MAX &&
		     gigabit_phy_try_read(nic, GIGABIT_PHY_GBSR, &gigabit) &&
		     (gigabit & GIGABIT_GBSR_IDLE_ERRORS) == GIGABIT_GBSR_IDLE_ERRORS;
	link->hangs = hangs ? link->hangs + 1 : 0;
	if (link->hangs < 2)
		return;
	link->hangs = 0;
	port_note(nic, "the PHY hangs (receive errors ffff, idle errors ff): it is reset");
	set_up_again(nic, true);
}

void gigabit_service(struct nic *nic)
{
	uint32_t status;
	if (reg_read_sure(nic, GIGABIT_STATUS, &status) != 0)
		return;
	look_at_link(nic, status);
	if (!(status & GIGABIT_STATUS_LU))
		help_link(nic);
	if (gigabit_chip(nic)->phy_hangs)
		end_hang(nic);
}
