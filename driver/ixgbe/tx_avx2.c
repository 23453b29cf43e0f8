/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit with AVX2: four handles at a time become four descriptors. */
#include "tx_x4.h"

static __attribute__((noinline)) unsigned any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&ixgbe_tx_format, queue, pkts, n, ixgbe_tx_put_x4);
}

static __attribute__((noinline)) unsigned many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, ixgbe_tx_put_x4, any);
}

unsigned ixgbe_tx_burst_avx2(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&ixgbe_tx_format, nic, pkts, n, many, any);
}
