/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit bursts of the 82540EM and the 82574L. */
#include "descriptor.h"
#include "gigabit.h"

static inline unsigned padded_put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&e1000_tx_82540em, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned padded_any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&e1000_tx_82540em, queue, pkts, n, padded_put);
}

static __attribute__((noinline)) unsigned padded_many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, padded_put, padded_any);
}

unsigned e1000_tx_burst_82540em(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&e1000_tx_82540em, nic, pkts, n, padded_many, padded_any);
}

static inline unsigned short_put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&e1000_tx_82574l, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned short_any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&e1000_tx_82574l, queue, pkts, n, short_put);
}

static __attribute__((noinline)) unsigned short_many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, short_put, short_any);
}

unsigned e1000_tx_burst_82574l(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&e1000_tx_82574l, nic, pkts, n, short_many, short_any);
}
