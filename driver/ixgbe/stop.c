/* SPDX-License-Identifier: BSD-2-Clause
 * Stopping a port of the 82599, X540 or X550: let transmit finish, mask interrupts, disable in the datasheet's order
 * (82599 DS 4.6.7.1.2), then reset (bus_halt). The caller gives the buffers back afterwards (rings_close). */
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "../ring/ring.h"
#include "ixgbe.h"

#include <errno.h>

/* Disables one queue. One that does not stop in time endangers nothing: the reset follows, and before that nobody
 * touches its packets. */
static bool queue_off(struct nic *nic, uint32_t offset, uint32_t enable)
{
	reg_change(nic, offset, enable, 0);
	int ret = reg_wait_clear(
		nic, offset, enable, ixgbe_times.queue, "ENABLE", "the queue does not stop; the card is reset");
	if (ret == -ETIMEDOUT)
		port_note_failure(nic);
	return ret == 0;
}

int ixgbe_stop(struct nic *nic)
{
	if (!port_gone(nic)) {
		rings_drain(nic, ixgbe_times.drain);
		ixgbe_interrupt_mask(nic);

		/* The path is halted, then RXEN cleared, then the queues are disabled one by one */
		ixgbe_receive_halt(nic);
		reg_change(nic, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
		for (unsigned i = 0; i < nic->config.rx_queues; i++)
			queue_off(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE);
		/* Packets that the card has fetched do not leave it without link, and their queue is disabled only
		 * then: that is not waited for (X550 DS 5.2.4.3.2); nor twice, where the other end pauses us */
		struct nic_link link;
		bool up = ixgbe_get_link(nic, &link) == 0 && link.up;
		for (unsigned i = 0; i < nic->config.tx_queues; i++) {
			if (up)
				up = queue_off(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE);
			else
				reg_change(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE, 0);
		}
		reg_change(nic, IXGBE_DMATXCTL, IXGBE_DMATXCTL_TE, 0);
		/* The card may still write back descriptors that it had fetched */
		clock_sleep_us(ixgbe_times.queue_off);
	}
	/* Only a card that could not be reset may reach memory any longer */
	return bus_halt(nic);
}
