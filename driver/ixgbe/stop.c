/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the 82599, X540 or X550: let transmit finish, mask interrupts, disable in the datasheet's order
 * (82599 DS 4.6.7.1.2), then reset (bus_halt). The caller gives the buffers back afterwards (rings_close). */
#include "../../vfio/error.h"
#include "../access.h"
#include "../bus.h"
#include "../clock.h"
#include "../ring/ring.h"
#include "../stats.h"
#include "ixgbe.h"

static uint32_t tx_head(unsigned queue)
{
	return IXGBE_AT(TDH, queue);
}

/* Disables one queue. One that does not stop is reported, and the caller goes on: its packets are not touched before
 * the reset anyway. */
static int queue_off(struct nic *nic, uint32_t offset, uint32_t enable)
{
	reg_change(nic, offset, enable, 0);
	return reg_wait_clear(
		nic, offset, enable, ixgbe_times.queue, "ENABLE", "the queue does not stop; the card was reset");
}

int ixgbe_stop(struct nic *nic)
{
	struct pollux_failure disable = {.error = 0}, halt = {.error = 0};
	if (!port_gone(nic)) {
		rings_drain(nic, tx_head, ixgbe_times.drain);
		ixgbe_interrupt_mask(nic);

		/* The path is halted, then RXEN cleared, then the queues are disabled one by one */
		pollux_failure_keep(&disable, ixgbe_receive_off(nic));
		for (unsigned i = 0; i < nic->config.rx_queues; i++)
			pollux_failure_keep(&disable, queue_off(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE));
		for (unsigned i = 0; i < nic->config.tx_queues; i++)
			pollux_failure_keep(&disable, queue_off(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE));
		reg_change(nic, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE, 0);
		/* The card may still write back descriptors that it had fetched */
		clock_sleep_us(ixgbe_times.queue_off);
		/* Nothing moves any more, and the reset has not cleared the counters yet: they are final */
		stats_update(nic);
	}
	pollux_failure_keep(&halt, bus_halt(nic));
	/* A failed halt is worse than a queue that did not stop, and is what is reported */
	return halt.error ? pollux_failure_restore(&halt) : pollux_failure_restore(&disable);
}
