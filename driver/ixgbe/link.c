/* SPDX-License-Identifier: BSD-2-Clause
 * Link of the 82599, X540 and X550: how it is read, and the machine that brings it up (82599 DS 4.6.4). On some boards
 * one start of the link is not enough: it is started once more with a reset of its pipeline, then set up anew, and so
 * on until it is there. hw-docs/82599.md has the states as a table. */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "port.h"

#include <stdio.h>

/* What is done in a state whose link stays down, and after how long. */
struct step {
	const char *name;
	const uint32_t *after_us;
	/* False: something is in the way; once more at the next call. The other argument is `way` */
	bool (*act)(struct ixgbe_port *port, bool way);
	bool way;
	enum ixgbe_link_state next;
};

static const uint32_t at_once = 0;

/* A board may lack the cage's pin, and its NVM says then that links are to be believed. */
static bool set_up_empty(struct ixgbe_port *port, bool set_up)
{
	return !port->link.no_crosstalk || ixgbe_serial_start(port, set_up);
}

static const struct step serial_steps[] = {
	[IXGBE_LINK_SET_UP] = {NULL, &at_once, ixgbe_serial_start, true, IXGBE_LINK_SET},
	[IXGBE_LINK_SET] = {"pipeline reset", &ixgbe_link_times.retry, ixgbe_serial_start, false, IXGBE_LINK_RESTARTED},
	[IXGBE_LINK_RESTARTED] = {"set up anew", &ixgbe_link_times.retry, ixgbe_serial_start, true, IXGBE_LINK_SET},
	[IXGBE_LINK_NO_MODULE] = {NULL, &ixgbe_link_times.retry, set_up_empty, true, IXGBE_LINK_NO_MODULE},
	[IXGBE_LINK_PLUGGED] = {NULL, &ixgbe_link_times.module_start, ixgbe_serial_start, true, IXGBE_LINK_SET},
};

static const struct step copper_steps[] = {
	[IXGBE_LINK_SET_UP] = {NULL, &at_once, ixgbe_phy_set_up, false, IXGBE_LINK_SET},
	[IXGBE_LINK_SET] = {"negotiated anew", &ixgbe_link_times.renegotiate, ixgbe_phy_set_up, true, IXGBE_LINK_SET},
};

static void enter(struct ixgbe_link *link, enum ixgbe_link_state state)
{
	link->state = state;
	link->since_us = clock_now_us();
	link->busy_calls = 0;
}

static void take_step(struct ixgbe_port *port)
{
	struct ixgbe_link *link = &port->link;
	const struct step *step = &(ixgbe_has_copper_phy(&port->nic) ? copper_steps : serial_steps)[link->state];
	if (clock_now_us() - link->since_us < *step->after_us || !step->act(port, step->way))
		return;
	unsigned tries = ++link->tries;
	/* Notes are few: a link that is down for hours must not push out what happened before */
	if (step->name && (tries <= 4 || (tries & (tries - 1)) == 0))
		port_note(&port->nic, "no link: %s (try %u)", step->name, tries);
	enter(link, step->next);
}

static void came_up(struct ixgbe_port *port, uint32_t mbps)
{
	struct ixgbe_link *link = &port->link;
	const char *how = link->state != IXGBE_LINK_UP ? "link up,"
			  : link->mbps != mbps         ? "the link's speed is now"
						       : "the link was lost for a moment, and is up again:";
	char tries[24] = "";
	if (link->tries)
		snprintf(tries, sizeof(tries), " (tries: %u)", link->tries);
	port_note(&port->nic, "%s %u Mbit/s%s", how, mbps, tries);
	if (link->at_1g && link->module.dual_rate && port->nic.config.speeds & NIC_SPEED_10G)
		port_note(&port->nic,
			"1 Gbit/s is the fallback of a module of two rates: nic_config.speeds of 10 Gbit/s "
			"alone (--speed 10G) prevents it");
	if (!ixgbe_has_copper_phy(&port->nic))
		ixgbe_pause_link_up(port, mbps);
	enter(link, IXGBE_LINK_UP);
	link->mbps = mbps;
	link->tries = 0;
	link->told_partner = link->dipped = false;
}

/* Sees modules come and go. Where a link is believed without one, the pin may be wrong, and the cage of a link that is
 * up is not empty. */
static void look_into_cage(struct ixgbe_port *port, bool up)
{
	struct ixgbe_link *link = &port->link;
	bool full = up || ixgbe_cage_full(&port->nic), was_empty = link->state == IXGBE_LINK_NO_MODULE;
	if (full && was_empty) {
		port_note(&port->nic, "a module is in the cage");
		ixgbe_link_say(port, IXGBE_TEXT_DOWN, "a module was plugged in, and starts");
		enter(link, IXGBE_LINK_PLUGGED);
		link->tries = 0;
	} else if (!full && !was_empty) {
		port_note(&port->nic, "no module in the cage");
		enter(link, IXGBE_LINK_NO_MODULE);
		link->module = (struct ixgbe_module){.name = NULL};
		ixgbe_link_say(port, IXGBE_TEXT_DOWN, "no module in the cage");
	}
}

void ixgbe_link_service(struct nic *nic)
{
	struct ixgbe_port *port = ixgbe_port_of(nic);
	struct ixgbe_link *link = &port->link;
	struct nic_link now;
	if (ixgbe_get_link(nic, &now) != 0)
		return;
	look_into_cage(port, now.up);
	/* A link that comes by itself is set up all the same: its module is known, and has its words, only then */
	bool set = link->state != IXGBE_LINK_SET_UP && link->state != IXGBE_LINK_PLUGGED;
	if (set && now.up && (link->state != IXGBE_LINK_UP || now.mbps != link->mbps || link->dipped)) {
		came_up(port, now.mbps);
	} else if (!now.up && link->state == IXGBE_LINK_UP) {
		port_note(nic, "link down");
		enter(link, IXGBE_LINK_SET);
		link->down_since_us = link->since_us;
		link->looked_us = 0;
	}
	if (!set || !now.up)
		take_step(port);
	if (ixgbe_has_copper_phy(nic) && !now.up && link->state == IXGBE_LINK_SET)
		ixgbe_phy_look(port);
	else if (now.up && set && ixgbe_has_copper_phy(nic) && !link->told_partner)
		link->told_partner = ixgbe_phy_ask_partner(port);
}

void ixgbe_link_start(struct nic *nic)
{
	struct ixgbe_port *port = ixgbe_port_of(nic);
	port->link = (struct ixgbe_link){.down_since_us = clock_now_us()};
	if (!ixgbe_has_copper_phy(nic))
		ixgbe_serial_open(port);
	enter(&port->link, IXGBE_LINK_SET_UP);
	/* An empty cage too is set up as the NVM has it: nothing more is needed then where the pin is wrong */
	take_step(port);
	look_into_cage(port, false);
}

int ixgbe_get_link(struct nic *nic, struct nic_link *link)
{
	struct ixgbe_link *mine = &ixgbe_port_of(nic)->link;
	/* The first read says whether the link was down since the last one, the second whether it is down now */
	bool dipped = !(reg_read(nic, IXGBE_LINKS) & IXGBE_LINKS_UP);
	uint32_t links = reg_read(nic, IXGBE_LINKS);
	/* What comes up over an empty cage is crosstalk, unless the NVM rules that out */
	*link = (struct nic_link){.up = links & IXGBE_LINKS_UP && (mine->no_crosstalk || ixgbe_cage_full(nic))};
	if (port_gone(nic))
		return fail_gone(nic);
	mine->dipped |= dipped;
	/* The datasheet gives no meaning to 0. The X550 has two more speeds: by this bit (doubt 24) */
	static const uint32_t mbps[2][4] = {{0, 100, 1000, 10000}, {0, 5000, 1000, 2500}};
	bool non_standard = nic->id->kind == IXGBE_X550 && (links & IXGBE_LINKS_NON_STD);
	if (link->up)
		link->mbps = mbps[non_standard][links >> IXGBE_LINKS_SPEED_SHIFT & 3];
	link->pause = link->up ? mine->pause : 0;
	if (mine->text_of == IXGBE_TEXT_ALWAYS || mine->text_of == (link->up ? link->mbps : IXGBE_TEXT_DOWN))
		snprintf(link->state, sizeof(link->state), "%s", mine->text);
	return 0;
}
