/* SPDX-License-Identifier: BSD-2-Clause
 * Receive bursts of the 82540EM (legacy descriptors) and the 82574L (extended ones). */
#include "descriptor.h"
#include "gigabit.h"

static __attribute__((noinline)) unsigned refill(struct ring_rxq *queue, unsigned got)
{
	return ring_rx_refill(queue, got, ring_rx_arm);
}

static inline unsigned legacy_take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take(&e1000_rx_legacy, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned legacy_any(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&e1000_rx_legacy, queue, pkts, n, got, legacy_take, refill);
}

static __attribute__((noinline)) unsigned legacy_many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&e1000_rx_legacy, queue, pkts, n, legacy_take, legacy_any, refill);
}

unsigned e1000_rx_burst_legacy(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&e1000_rx_legacy, nic, pkts, n, legacy_many, legacy_any, refill);
}

static inline unsigned extended_take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take(&e1000_rx_extended, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned extended_any(
	struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&e1000_rx_extended, queue, pkts, n, got, extended_take, refill);
}

static __attribute__((noinline)) unsigned extended_many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&e1000_rx_extended, queue, pkts, n, extended_take, extended_any, refill);
}

unsigned e1000_rx_burst_extended(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&e1000_rx_extended, nic, pkts, n, extended_many, extended_any, refill);
}
