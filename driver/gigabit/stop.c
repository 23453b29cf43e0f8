/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the e1000 lineage: let transmit finish, disable, reset, and only then give the buffers back. */
#include "../bus.h"
#include "../clock.h"
#include "../stats.h"
#include "e1000.h"

int e1000_stop(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	if (!port_gone(nic)) {
		rings_drain(nic, e->chip->tx_head, e1000_times.drain);
		e1000_change(e, E1000_RCTL, E1000_RCTL_EN, 0);
		e1000_change(e, E1000_TCTL, E1000_TCTL_EN, 0);
		/* frames that are under way end as they began: from then on nothing counts, and the reset has not
		 * cleared anything yet */
		clock_sleep_us(e1000_times.quiesce);
		stats_update(nic);
	}
	int ret = bus_halt(nic);
	rings_close(nic);
	return ret;
}
