/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics of the 82599, X540 and X550: counters that a read clears, accumulated before they wrap (82599
 * DS 8.2.3.23). Each read can cost microseconds, so only those are read that something is made of. */
#include "../stats.h"
#include "../access.h"
#include "ixgbe.h"

/* The low word is read first: that latches the high one, which has 4 bits (doubt 22). */
static uint64_t count36(struct nic *nic, uint32_t low, uint32_t high)
{
	uint64_t value = reg_count(nic, low);
	return value | (reg_count(nic, high) & 0xF) << 32;
}

/* There are so many of each kind. With more queues, those from the last counter on share it. */
#define COUNTERS ((unsigned)IXGBE_QPRC_COUNT)

static bool has_own_counter(unsigned queue, unsigned queues)
{
	return queue < COUNTERS - 1 || queues <= COUNTERS;
}

void ixgbe_update_stats(struct nic *nic)
{
	struct nic_stats *stats = &nic->stats;
	for (unsigned i = 0; i < nic->config.rx_queues && i < COUNTERS; i++) {
		uint64_t bytes = count36(nic, IXGBE_AT(QBRC_L, i), IXGBE_AT(QBRC_H, i));
		/* frames for a queue that is stopped, and with several queues (receive.c) for one that is full */
		uint64_t missed = reg_count(nic, IXGBE_AT(QPRDC, i));
		/* GPRC would count missed frames too (erratum) */
		stats->rx_packets += reg_count(nic, IXGBE_AT(QPRC, i));
		stats->rx_bytes += bytes;
		stats->rx_no_descriptor += missed;
		if (has_own_counter(i, nic->config.rx_queues)) {
			nic->queues.rx[i].bytes += bytes;
			nic->queues.rx[i].missed += missed;
		}
	}
	for (unsigned i = 0; i < nic->config.tx_queues && i < COUNTERS; i++)
		if (has_own_counter(i, nic->config.tx_queues))
			nic->queues.tx[i].bytes += count36(nic, IXGBE_AT(QBTC_L, i), IXGBE_AT(QBTC_H, i));
	stats->tx_bytes += count36(nic, IXGBE_GOTCL, IXGBE_GOTCH);
	stats->tx_packets += reg_count(nic, IXGBE_GPTC);
	stats->rx_missed += reg_count(nic, IXGBE_MPC); /* of packet buffer 0: there is no other */
	/* Only counters of frames. Whether ILLERRC, ERRBC and MSPDC count frames is doubt 11 */
	stats->rx_errors += reg_count(nic, IXGBE_CRCERRS) + reg_count(nic, IXGBE_RLEC) + reg_count(nic, IXGBE_RUC) +
			    reg_count(nic, IXGBE_RFC) + reg_count(nic, IXGBE_ROC) + reg_count(nic, IXGBE_RJC);
	stats->rx_multicast += reg_count(nic, IXGBE_MPRC);
	stats->rx_broadcast += reg_count(nic, IXGBE_BPRC);
}

void ixgbe_stats_start(struct nic *nic)
{
	for (unsigned word = 0; word < IXGBE_RQSMR_COUNT; word++) {
		uint32_t map = 0;
		for (unsigned i = 0; i < 4; i++)
			map |= (4 * word + i < COUNTERS ? 4 * word + i : COUNTERS - 1) << 8 * i;
		reg_write(nic, IXGBE_AT(RQSMR, word), map);
		reg_write(nic, IXGBE_AT(TQSM, word), map);
	}
	/* QBRC counts what is left after CRC strip, GOTC all that is sent (doubt 1) */
	nic->rx_fcs_bytes = 0;
	nic->tx_fcs_bytes = NIC_FCS_BYTES;
	/* DS 4.6.5: cleared by reading */
	stats_discard(nic);
}
