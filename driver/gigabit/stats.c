/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics of the gigabit chips: counters that a read clears, accumulated before they wrap. Each read costs time, so
 * only those are read that are reported. */
#include "../stats.h"
#include "../access.h"
#include "gigabit.h"

/* The low word is read first, because reading the high one clears both. If either is refused, nothing is counted. */
static uint64_t count64(struct nic *nic, uint32_t low, uint32_t high)
{
	uint32_t below, above;
	return reg_read_sure(nic, low, &below) == 0 && reg_read_sure(nic, high, &above) == 0
		       ? (uint64_t)above << 32 | below
		       : 0;
}

/* Losses, then errors. */
static const uint32_t rare[GIGABIT_RARE] = {
	GIGABIT_MPC,
	GIGABIT_CRCERRS,
	GIGABIT_ALGNERRC,
	GIGABIT_RXERRC,
	GIGABIT_RLEC,
	GIGABIT_RUC,
	GIGABIT_RFC,
	GIGABIT_ROC,
	GIGABIT_RJC,
};

/* Hardware clears these registers when they are read; QEMU's cards do not. So a register that is not 0 is read twice:
 * the second read finds next to nothing on hardware, and as much as the first in QEMU. Where hardware has counted as
 * much in between, the next update finds less than that. */
static uint64_t count_rare(struct nic *nic, unsigned index)
{
	uint32_t *uncleared = &((struct gigabit *)nic)->uncleared[index];
	uint32_t value, again = 0, before = *uncleared;
	if (reg_read_sure(nic, rare[index], &value) != 0)
		return 0;
	/* A second read that is refused may have found as much: the next update tells, as above */
	if (value && reg_read_sure(nic, rare[index], &again) != 0)
		again = value < before ? 0 : value;
	bool cleared = again < value || value < before;
	*uncleared = cleared ? 0 : again;
	return cleared ? (uint64_t)value + again : again - before;
}

void gigabit_update_stats(struct nic *nic)
{
	struct nic_stats *stats = &nic->stats;
	stats->rx_bytes += count64(nic, GIGABIT_GORCL, GIGABIT_GORCH);
	uint64_t dropped = stats->rx_no_descriptor;
	if (gigabit_chip(nic)->count_drops)
		gigabit_chip(nic)->count_drops(nic);
	stats->rx_packets += reg_count(nic, GIGABIT_GPRC) - (stats->rx_no_descriptor - dropped);
	stats->tx_bytes += count64(nic, GIGABIT_GOTCL, GIGABIT_GOTCH);
	stats->tx_packets += reg_count(nic, GIGABIT_GPTC);
	/* RNBC, "no buffers", is no loss: the packet buffer may still have saved the frame */
	stats->rx_missed += count_rare(nic, 0);
	for (unsigned i = 1; i < GIGABIT_RARE; i++)
		stats->rx_errors += count_rare(nic, i);
	stats->rx_multicast += reg_count(nic, GIGABIT_MPRC);
	stats->rx_broadcast += reg_count(nic, GIGABIT_BPRC);
}

void gigabit_stats_start(struct nic *nic)
{
	nic->rx_fcs_bytes = nic->tx_fcs_bytes = NIC_FCS_BYTES;
	stats_discard(nic);
}
