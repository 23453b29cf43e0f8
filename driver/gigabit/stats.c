/* SPDX-License-Identifier: BSD-2-Clause
 * Statistics of the e1000 lineage: counters that a read clears, accumulated before they wrap. Only those are read that
 * something is made of. */
#include "e1000.h"

/* Low word first; reading the high one clears both: it is not read where the low one is refused, and counts nothing
 * where it is. */
static uint64_t count64(struct nic *nic, uint32_t low, uint32_t high)
{
	uint64_t below, above;
	return reg_read_count(nic, low, &below) && reg_read_count(nic, high, &above) ? above << 32 | below : 0;
}

static const uint32_t errors[E1000_ERRORS] = {
	E1000_CRCERRS,
	E1000_ALGNERRC,
	E1000_RXERRC,
	E1000_RLEC,
	E1000_RUC,
	E1000_RFC,
	E1000_ROC,
	E1000_RJC,
};

/* Losses and errors, which QEMU's cards count in registers that a read does not clear. A second read tells: on hardware
 * it finds next to nothing. Where it finds as much, by chance, the next update finds less than that. */
static uint64_t count_rare(struct e1000 *e, unsigned index, uint32_t offset)
{
	uint64_t value, again = 0, before = e->uncleared[index];
	if (!reg_read_count(&e->nic, offset, &value))
		return 0;
	/* a second read that is refused may have found as much; the next update tells, as above */
	if (value && !reg_read_count(&e->nic, offset, &again))
		again = value < before ? 0 : value;
	bool cleared = again < value || value < before;
	e->uncleared[index] = cleared ? 0 : (uint32_t)again;
	return cleared ? value + again : again - before;
}

void e1000_update_stats(struct nic *nic)
{
	struct nic_stats *stats = &nic->stats;
	stats->rx_bytes += count64(nic, E1000_GORCL, E1000_GORCH);
	stats->rx_packets += reg_count(nic, E1000_GPRC);
	stats->tx_bytes += count64(nic, E1000_GOTCL, E1000_GOTCH);
	stats->tx_packets += reg_count(nic, E1000_GPTC);
	/* RNBC, "no buffers", is no loss: the packet buffer may still have saved the frame */
	stats->rx_missed += count_rare(e1000_of(nic), 0, E1000_MPC);
	for (unsigned i = 0; i < E1000_ERRORS; i++)
		stats->rx_errors += count_rare(e1000_of(nic), 1 + i, errors[i]);
	stats->rx_multicast += reg_count(nic, E1000_MPRC);
	stats->rx_broadcast += reg_count(nic, E1000_BPRC);
}

void e1000_stats_start(struct e1000 *e)
{
	e->nic.rx_fcs_bytes = e->chip->rx_byte_extra;
	e->nic.tx_fcs_bytes = e->chip->tx_byte_extra;
	e1000_update_stats(&e->nic); /* what was before is nobody's */
	e->nic.stats = (struct nic_stats){.rx_packets = 0};
}
