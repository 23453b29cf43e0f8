/* SPDX-License-Identifier: BSD-2-Clause
 * Receive bursts of the 82540EM (legacy descriptors) and the 82574L (extended ones). */
#include "../ring/rx.h"
#include "e1000.h"

/* Frame errors. Checksum errors are advice on frames that are delivered as they are: not among them. */
#define ERRORS 0x97u /* CE, SE, SEQ, CXE, RXE */

static const struct ring_rx_format legacy = {
	.dd = E1000_RX_LEGACY_DD,
	.eop = E1000_RX_LEGACY_EOP,
	.errors = (uint64_t)ERRORS << 40,
	.length_shift = 0,
};

static const struct ring_rx_format extended = {
	.dd = E1000_RX_EXTENDED_DD,
	.eop = E1000_RX_EXTENDED_EOP,
	.errors = (uint64_t)ERRORS << 24,
	.length_shift = 32,
	.hash = true,
};

static __attribute__((noinline)) unsigned refill(struct ring_rxq *queue, unsigned got)
{
	return ring_rx_refill(queue, got, ring_rx_arm);
}

static inline unsigned legacy_take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take(&legacy, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned legacy_any(struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&legacy, queue, pkts, n, got, legacy_take, refill);
}

static __attribute__((noinline)) unsigned legacy_many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&legacy, queue, pkts, n, legacy_take, legacy_any, refill);
}

unsigned e1000_rx_burst_legacy(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&legacy, nic, pkts, n, legacy_many, legacy_any, refill);
}

static inline unsigned extended_take(const struct ring_rxq *queue, uint32_t slot, struct pkt *pkts, unsigned n)
{
	return ring_rx_take(&extended, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned extended_any(
	struct ring_rxq *queue, struct pkt *pkts, unsigned n, unsigned got)
{
	return ring_rx_any(&extended, queue, pkts, n, got, extended_take, refill);
}

static __attribute__((noinline)) unsigned extended_many(struct ring_rxq *queue, struct pkt *pkts, unsigned n)
{
	return ring_rx_many(&extended, queue, pkts, n, extended_take, extended_any, refill);
}

unsigned e1000_rx_burst_extended(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	return ring_rx_burst(&extended, nic, pkts, n, extended_many, extended_any, refill);
}
