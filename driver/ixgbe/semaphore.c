/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores by which software and the card's firmware share PHY, NVM and link (82599 DS 10.5.4). On X540 and X550
 * a bit in SW_FW_SYNC itself guards that register, and not SWSM.SWESMBI (doubt 25). */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "port.h"

#include <errno.h>

/* Firmware holds a semaphore for some milliseconds at a time, and applications may call but once a second: each call
 * looks several times, and an owner is dead only when several calls have not seen it let go. */
#define LOOKS      15u
#define BUSY_CALLS 3u

enum attempt { MINE, BUSY, BROKEN };

/* A lock: it reads 0 once, to whoever gets it, and 1 from then on until it is cleared (doubt 7). An owner that does not
 * clear it within the limit is taken for dead. */
static bool take_by_reading(struct nic *nic, uint32_t offset, uint32_t bit, uint32_t limit_us, bool force)
{
	int ret = reg_poll(nic, offset, bit, 0, limit_us);
	if (ret == -ETIMEDOUT && force) {
		reg_change(nic, offset, bit, 0);
		ret = reg_poll(nic, offset, bit, 0, limit_us);
	}
	return ret == 0;
}

/* SMBI is the lock between drivers; REGSMP, or SWESMBI on the 82599, the one between drivers and firmware. Firmware
 * that has SWESMBI cannot be overruled. */
static bool registers_take(struct nic *nic, bool patient, bool force)
{
	uint32_t smbi = patient ? ixgbe_times.smbi : 0, regsmp = patient ? ixgbe_times.regsmp : 0;
	if (!take_by_reading(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI, smbi, force))
		return false;
	bool mine = ixgbe_has_copper_phy(nic)
			    ? take_by_reading(nic, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, regsmp, force)
			    : reg_claim(nic, IXGBE_SWSM, IXGBE_SWSM_SWESMBI, regsmp);
	if (!mine)
		reg_change(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI | IXGBE_SWSM_SWESMBI, 0);
	return mine;
}

static void registers_give(struct nic *nic)
{
	if (ixgbe_has_copper_phy(nic))
		reg_change(nic, IXGBE_SW_FW_SYNC, IXGBE_SW_FW_SYNC_REGSMP, 0);
	reg_change(nic, IXGBE_SWSM, IXGBE_SWSM_SMBI | IXGBE_SWSM_SWESMBI, 0);
}

/* Looks once whether the resource is free; `late`: an owner that has not let go, be it software or firmware, is dead.
 */
static enum attempt attempt(struct nic *nic, uint32_t resource, bool patient, bool late)
{
	uint32_t firmware = resource << IXGBE_SW_FW_SYNC_FW_SHIFT;
	if (!registers_take(nic, patient, patient || late))
		return BROKEN;
	uint32_t owners;
	bool known = reg_read_sure(nic, IXGBE_SW_FW_SYNC, &owners) == 0;
	bool mine = known && (!(owners & (resource | firmware)) || late);
	if (mine)
		reg_write(nic, IXGBE_SW_FW_SYNC, (owners & ~firmware) | resource);
	registers_give(nic);
	return !known || port_gone(nic) ? BROKEN : mine ? MINE : BUSY;
}

uint32_t ixgbe_semaphore_take(struct nic *nic, uint32_t resource)
{
	uint64_t deadline = clock_now_us() + ixgbe_times.resource;
	for (;;) {
		bool late = clock_now_us() >= deadline;
		enum attempt result = attempt(nic, resource, true, late);
		if (result != BUSY)
			return result == MINE ? resource : 0;
		clock_sleep_us(5000);
	}
}

void ixgbe_semaphore_give(struct nic *nic, uint32_t resource)
{
	if (!resource || !registers_take(nic, true, true))
		return;
	reg_change(nic, IXGBE_SW_FW_SYNC, resource, 0);
	registers_give(nic);
}

uint32_t ixgbe_phy_resource(struct nic *nic)
{
	uint32_t status;
	if (reg_read_sure(nic, IXGBE_STATUS, &status) != 0)
		return 0;
	return status & IXGBE_STATUS_LAN_ID ? IXGBE_SW_FW_SYNC_PHY1 : IXGBE_SW_FW_SYNC_PHY0;
}

bool ixgbe_link_hold(struct ixgbe_port *port, uint32_t resource)
{
	struct nic *nic = &port->nic;
	struct ixgbe_link *link = &port->link;
	for (unsigned look = 0; look < LOOKS && !port_gone(nic); look++) {
		if (look)
			clock_sleep_us(1000);
		if (attempt(nic, resource, false, false) == MINE) {
			link->busy_calls = 0;
			link->held = resource;
			return true;
		}
	}
	uint64_t now = clock_now_us();
	if (!link->busy_calls++)
		link->busy_since_us = now;
	if (port_gone(nic) || link->busy_calls < BUSY_CALLS || now - link->busy_since_us < ixgbe_times.resource)
		return false;
	link->busy_calls = 0;
	link->held = attempt(nic, resource, false, true) == MINE ? resource : 0;
	port_note(nic, "firmware or another driver did not give the link's semaphore back for %u ms: %s",
		ixgbe_times.resource / 1000, link->held ? "taken by force" : "the link is set up without it");
	return true;
}

void ixgbe_link_release(struct ixgbe_port *port)
{
	ixgbe_semaphore_give(&port->nic, port->link.held);
}

bool ixgbe_link_vetoed(struct ixgbe_port *port)
{
	bool before = port->link.vetoed;
	port->link.vetoed = reg_read(&port->nic, IXGBE_MMNGC) & IXGBE_MMNGC_MNG_VETO;
	if (port->link.vetoed && !before)
		port_note(&port->nic, "management firmware keeps the link as it is (MMNGC.MNG_VETO): not touched");
	return port->link.vetoed;
}
