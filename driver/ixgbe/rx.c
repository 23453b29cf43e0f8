/* SPDX-License-Identifier: BSD-2-Clause
 * Receive, for any x86-64. */
#include "bursts.h"

static inline unsigned take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take(&ixgbe_rx_format, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned refill(struct ring_rxq *queue, unsigned got)
{
	return ring_rx_refill(queue, got, ring_rx_arm);
}

static __attribute__((noinline)) unsigned any(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&ixgbe_rx_format, queue, pkts, n, got, take, refill);
}

static __attribute__((noinline)) unsigned many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&ixgbe_rx_format, queue, pkts, n, take, any, refill);
}

unsigned ixgbe_rx_burst_scalar(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&ixgbe_rx_format, nic, pkts, n, many, any, refill);
}
