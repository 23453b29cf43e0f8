/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the gigabit chips: let transmit finish, disable, then reset (bus_halt). The caller gives the
 * buffers back afterwards (rings_close). None of the waits is worth a failure: what is not sent by then is counted. */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "gigabit.h"

#include <errno.h>

#define FIFO_BYTES_MAX 0x10000u /* a packet buffer has no more for transmit */

/* Bits per megabit a second are microseconds. */
static uint32_t time_on_wire_us(uint32_t bytes, uint32_t mbps)
{
	return (uint32_t)(UINT64_C(8) * bytes / mbps);
}

/* Lets the card send what it was given. An 82576 that takes nothing though it has a link is to be reset as a whole. */
static void drain(struct nic *nic, uint32_t mbps)
{
	rings_drain(nic, gigabit_times.drain);
	uint32_t left = rings_pending(nic);
	if (!left)
		return;
	port_note(nic, "stopped with %u descriptors that were not sent: %s", left,
		mbps ? "transmit stands still" : "there is no link");
	((struct gigabit *)nic)->wedged = mbps && gigabit_chip(nic)->wedges;
}

/* What the card has taken is not sent yet: its packet buffer holds tens of KiB. */
static void empty_packet_buffer(struct nic *nic, uint32_t mbps)
{
	uint32_t left;
	if (!mbps)
		return;
	if (reg_poll(nic, GIGABIT_TDFPC, UINT32_MAX, 0, 2 * time_on_wire_us(FIFO_BYTES_MAX, mbps)) == -ETIMEDOUT &&
		reg_read_sure(nic, GIGABIT_TDFPC, &left) == 0)
		port_note(nic, "stopped with %u frames in the card's packet buffer", left);
	/* The last one may be on the wire still */
	clock_sleep_us(time_on_wire_us(port_max_frame_bytes(nic), mbps));
}

int gigabit_stop(struct nic *nic)
{
	if (!port_gone(nic)) {
		uint32_t status, mbps = reg_read_sure(nic, GIGABIT_STATUS, &status) == 0 ? gigabit_mbps(status) : 0;
		drain(nic, mbps);
		empty_packet_buffer(nic, mbps);
	}
	return bus_halt(nic);
}
