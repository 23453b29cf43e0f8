/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the gigabit chips: let transmit finish, disable, then reset (bus_halt). The caller gives the
 * buffers back afterwards (rings_close). */
#include "../access.h"
#include "../bus.h"
#include "../clock.h"
#include "../stats.h"
#include "gigabit.h"

int gigabit_stop(struct nic *nic)
{
	if (!port_gone(nic)) {
		rings_drain(nic, gigabit_chip(nic)->tx_head, gigabit_times.drain);
		reg_change(nic, GIGABIT_RCTL, GIGABIT_RCTL_EN, 0);
		reg_change(nic, GIGABIT_TCTL, GIGABIT_TCTL_EN, 0);
		/* Frames that are under way come to their end. Then nothing counts any more, and the reset has not
		 * cleared the counters yet: they are final */
		clock_sleep_us(gigabit_times.quiesce);
		stats_update(nic);
	}
	return bus_halt(nic);
}
