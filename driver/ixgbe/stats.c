/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics of the 82599, X540 and X550: counters that a read clears, accumulated before they wrap (82599
 * DS 8.2.3.23). Each read can cost microseconds, so only those are read that something is made of. */
#include "../access.h"
#include "ixgbe.h"

/* The low word is read first: that latches the high one, which has 4 bits (doubt 22). */
static uint64_t count36(struct nic *nic, uint32_t low, uint32_t high)
{
	uint64_t value = reg_count(nic, low);
	return value | (reg_count(nic, high) & 0xF) << 32;
}

void ixgbe_update_stats(struct nic *nic)
{
	struct nic_stats *stats = &nic->stats;
	for (unsigned i = 0; i < nic->config.rx_queues && i < IXGBE_QPRC_COUNT; i++) {
		stats->rx_bytes += count36(nic, IXGBE_AT(QBRC_L, i), IXGBE_AT(QBRC_H, i));
		/* GPRC would count missed frames too (erratum) */
		stats->rx_packets += reg_count(nic, IXGBE_AT(QPRC, i));
		/* counts only where the card drops for want of a descriptor: with several queues (receive.c) */
		if (nic->config.rx_queues > 1)
			stats->rx_no_descriptor += reg_count(nic, IXGBE_AT(QPRDC, i));
	}
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
	/* Queue i counts in counter i. Queues without a counter of their own share counter 0: they are not in use */
	for (unsigned word = 0; word < IXGBE_RQSMR_COUNT; word++) {
		uint32_t map = 0;
		for (unsigned i = 0; i < 4; i++)
			if (4 * word + i < IXGBE_QPRC_COUNT)
				map |= (uint32_t)(4 * word + i) << 8 * i;
		reg_write(nic, IXGBE_AT(RQSMR, word), map);
		reg_write(nic, IXGBE_AT(TQSM, word), map);
	}
	/* QBRC counts what is left after CRC strip, GOTC all that is sent (doubt 1) */
	nic->rx_fcs_bytes = 0;
	nic->tx_fcs_bytes = NIC_FCS_BYTES;
	/* DS 4.6.5: cleared by reading */
	ixgbe_update_stats(nic);
	nic->stats = (struct nic_stats){.rx_packets = 0};
}
