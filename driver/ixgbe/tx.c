/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit, for any x86-64. */
#include "bursts.h"

static inline unsigned put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&ixgbe_tx_format, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&ixgbe_tx_format, queue, pkts, n, put);
}

static __attribute__((noinline)) unsigned many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, put, any);
}

unsigned ixgbe_tx_burst_scalar(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&ixgbe_tx_format, nic, pkts, n, many, any);
}
