/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the e1000 lineage: let transmit finish, disable, reset, and only then give the buffers back. */
#include "e1000.h"

/* Bounded, and no failure when the limit is reached: without link nothing ever goes out. */
static void drain_transmit(struct e1000 *e)
{
	uint64_t deadline = nic_now_us() + e1000_times.drain;
	for (unsigned i = 0; i < e->nic.config.tx_queues; i++) {
		for (;;) {
			uint32_t head = e1000_read(e, e->chip->tx_head(i));
			if (nic_gone(&e->nic) || ring_txq_pending(e->nic.rings.txqs[i], head) == 0)
				break;
			if (nic_now_us() >= deadline)
				return;
			nic_sleep_us(50);
		}
	}
}

int e1000_stop(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	if (!nic_gone(nic)) {
		drain_transmit(e);
		/* received frames are counted up to here */
		e1000_change(e, E1000_RCTL, E1000_RCTL_EN, 0);
		e1000_update_stats(nic);
	}
	int ret = e1000_halt(e);
	nic_rings_close(nic);
	return ret;
}
