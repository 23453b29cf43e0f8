/* SPDX-License-Identifier: BSD-2-Clause
 * Queues of the 82599, X540 and X550 that stop and start while the others go on (82599 DS 4.6.7.1 and 4.6.8.1, X550
 * DS 4.6.7.1.1 and 4.6.8.1.1). */
#include "../access.h"
#include "../clock.h"
#include "../ring/ring.h"
#include "ixgbe.h"

#define REMEDY "the queue does not stop; stop the port"

/* Frames for a disabled queue are dropped, so that they do not block the packet buffer (X550 DS 4.6.7.1.1), and counted
 * in QPRDC (doubt 43). Where an enabled queue begins may have to be said (doubt 42). */
static int set_rxq(struct nic *nic, unsigned i, bool on)
{
	if (on) {
		reg_write(nic, IXGBE_RX_AT(RDH, i), 0);
		reg_write(nic, IXGBE_RX_AT(RDT, i), 0);
		return ixgbe_receive_queue_on(nic, i);
	}
	reg_change(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE, 0);
	int ret = reg_wait_clear(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE, ixgbe_times.queue, "ENABLE", REMEDY);
	clock_sleep_us(ixgbe_times.queue_off);
	return ret;
}

/* Waits until the card has fetched what is in the ring: from then on it is sent in any case. */
static void drain(struct nic *nic, unsigned i)
{
	const struct ring_txq *queue = nic->rings.txqs[i];
	uint32_t before = UINT32_MAX, head, tail = queue->next & queue->mask;
	uint64_t now = clock_now_us(), begin = now, moved = now;
	struct nic_link link;
	/* All queues share the link; one that stands still is given up earlier */
	for (; ixgbe_get_link(nic, &link) == 0 && link.up && now - moved <= ixgbe_times.drain &&
		now - begin <= ixgbe_times.drain + rings_carry_us(nic, link.mbps);
		now = clock_now_us()) {
		if (reg_read_sure(nic, IXGBE_AT(TDH, i), &head) != 0 || head == tail)
			return;
		moved = head == before ? moved : now;
		before = head;
		clock_sleep_us(50);
	}
}

static int set_txq(struct nic *nic, unsigned i, bool on)
{
	if (on) {
		reg_write(nic, IXGBE_AT(TDH, i), 0);
		ixgbe_transmit_queue_init(nic, i);
		return ixgbe_transmit_queue_on(nic, i);
	}
	drain(nic, i);
	/* The flush ends the wait for a report on descriptors without RS */
	reg_change(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_SWFLSH);
	return reg_wait_clear(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE, ixgbe_times.queue, "ENABLE", REMEDY);
}

const struct queue_ops ixgbe_queue_ops = {
	.set_rss = ixgbe_set_rss,
	.set_vlans = ixgbe_set_vlans,
	.set_vlan_strip = ixgbe_set_vlan_strip,
	.set_rxq = set_rxq,
	.set_txq = set_txq,
};
