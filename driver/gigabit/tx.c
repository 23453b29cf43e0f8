/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit bursts of the 82540EM and the 82574L, both with legacy descriptors: nothing that the extended ones add is
 * used. */
#include "../ring/tx.h"
#include "e1000.h"

#define IFCS (UINT64_C(1) << 25)

/* The 82540EM may corrupt frames that it pads itself, as others found: it gets whole ones, 60 bytes without FCS. */
static const struct ring_tx_format padded = {.command = IFCS, .length_factor = 1, .frame_min = 60};
/* The 82574L pads what has 17 bytes at least. */
static const struct ring_tx_format short_ones = {.command = IFCS, .length_factor = 1, .frame_min = 17};

static inline unsigned padded_put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&padded, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned padded_any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&padded, queue, pkts, n, padded_put);
}

static __attribute__((noinline)) unsigned padded_many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, padded_put, padded_any);
}

unsigned e1000_tx_burst_82540em(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&padded, nic, pkts, n, padded_many, padded_any);
}

static inline unsigned short_put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&short_ones, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned short_any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&short_ones, queue, pkts, n, short_put);
}

static __attribute__((noinline)) unsigned short_many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, short_put, short_any);
}

unsigned e1000_tx_burst_82574l(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&short_ones, nic, pkts, n, short_many, short_any);
}
