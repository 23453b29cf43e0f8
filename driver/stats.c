/* SPDX-License-Identifier: BSD-2-Clause
 * A port's counters. */
#include "stats.h"
#include "access.h"
#include "clock.h"

void stats_update(struct nic *nic)
{
	/* Of a device that vanishes meanwhile only a part is read: the port and its queues stay those of one moment */
	struct nic_stats before = nic->stats;
	struct port_queues queues_before = nic->queues;
	uint64_t refusals = vfio_refusals();
	nic->driver->ops->update_stats(nic);
	nic->refused_counter.error = 0;
	if (vfio_refusals() != refusals)
		vfio_last_refusal(&nic->refused_counter);
	if (port_gone(nic)) {
		nic->stats = before;
		nic->queues = queues_before;
	} else {
		nic->stats.time_ns = clock_now_ns();
	}
}

void stats_discard(struct nic *nic)
{
	struct nic_stats before = nic->stats;
	struct port_queues queues_before = nic->queues;
	nic->driver->ops->update_stats(nic);
	nic->stats = before;
	nic->queues = queues_before;
}

int stats_check(const struct nic *nic)
{
	return nic->refused_counter.error && !port_gone(nic) ? fail_refused(nic, &nic->refused_counter) : 0;
}

uint64_t stats_without_fcs(uint64_t bytes, uint64_t packets, unsigned fcs_bytes)
{
	uint64_t fcs = packets * fcs_bytes;
	return bytes > fcs ? bytes - fcs : 0;
}

/* A card's byte and packet counters are two reads. A frame counted between them has its FCS subtracted before its bytes
 * are added, so the difference could fall for a moment: the last number reported is repeated until it does not. */
static uint64_t never_falls(const struct nic *nic, uint64_t exact, uint64_t *reported)
{
	if (exact > *reported || !nic->started)
		*reported = exact;
	return *reported;
}

void stats_report(struct nic *nic, struct nic_stats *stats)
{
	*stats = nic->stats;
	stats->rx_bytes = never_falls(
		nic, stats_without_fcs(stats->rx_bytes, stats->rx_packets, nic->rx_fcs_bytes), &nic->rx_bytes_reported);
	stats->tx_bytes = never_falls(
		nic, stats_without_fcs(stats->tx_bytes, stats->tx_packets, nic->tx_fcs_bytes), &nic->tx_bytes_reported);
}
