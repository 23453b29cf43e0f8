/* SPDX-License-Identifier: BSD-2-Clause
 * A port's counters: what the card has counted is read and added up, by its family's list. */
#include "stats.h"
#include "access.h"
#include "clock.h"

#include <string.h>

/* A byte counter of 36 bits runs full after 55 s of 10 Gbit/s, others later; nic_service is called every 30 s. */
#define ALL_READ_US       10000000u
#define PAUSE_FRAME_BYTES 64u

/* Of a counter of two words the low one is read first: on some cards that latches the high one, on others reading the
 * high one clears both (doubt 22). If either is refused, nothing is counted. */
static uint64_t read_counter(struct nic *nic, uint32_t offset, unsigned bits)
{
	uint32_t low, high = 0;
	if (reg_read_sure(nic, offset, &low) != 0 || (bits > 32 && reg_read_sure(nic, offset + 4, &high) != 0))
		return 0;
	return ((uint64_t)high << 32 | low) & UINT64_MAX >> (64 - bits);
}

/* Hardware clears a counter by reading it, QEMU's cards and others do not clear all of them. So one that is not 0 is
 * read once more, until less is found: then it is one that is cleared. What the first read had found as well as the
 * second is counted once until then, because it may be the same; and owed. */
static uint64_t read_unsure(struct nic *nic, uint32_t offset, struct counter_reading *reading)
{
	uint32_t value = (uint32_t)read_counter(nic, offset, 32), again;
	if (reading->clears || !value) /* 0 may also be a refusal */
		return value;
	bool refused = reg_read_sure(nic, offset, &again) != 0;
	if (!refused && again < value) {
		reading->clears = true;
		return (uint64_t)value + again + reading->owed;
	}
	uint64_t found = refused ? value : (uint64_t)value + again;
	uint32_t holds = refused ? value : again, counted = holds - (value < reading->last ? 0 : reading->last);
	reading->owed += found - counted;
	reading->last = holds;
	return counted;
}

/* Queues from the last counter on share it. */
static bool has_own_counter(unsigned queue, unsigned queues, unsigned counters)
{
	return queue < counters - 1 || queues <= counters;
}

static void read_row(struct nic *nic, const struct card_counter *row, unsigned index)
{
	struct port_counters *counters = &nic->counters;
	bool tx = row->name[0] == 't';
	unsigned queues = tx ? nic->config.tx_queues : nic->config.rx_queues;
	for (unsigned i = 0; i < row->count && (row->count == 1 || i < queues); i++) {
		uint32_t offset = row->offset + i * row->stride;
		uint32_t stat = row->where & 0xFFFF, queue = (row->where & ~TAKEN_OFF) >> 16;
		uint64_t value = nic->driver->counters.unsure && row->bits == 32
					 ? read_unsure(nic, offset, &counters->reading[index + i])
					 : read_counter(nic, offset, row->bits);
		counters->values[index + i] += value;
		if (stat)
			*(uint64_t *)((char *)&nic->stats + stat) += value;
		if (row->where & TAKEN_OFF)
			counters->taken_off[tx] += value;
		if (row->count > 1 && queue && has_own_counter(i, queues, row->count))
			*(uint64_t *)((char *)(tx ? &nic->queues.tx[i] : &nic->queues.rx[i]) + queue) += value;
	}
}

/* Not more than was counted since the last time, so that what is reported never falls: the rest is in the next count.
 */
static void take_off(struct nic *nic, bool tx, uint64_t *packets, uint64_t before)
{
	uint64_t *left = &nic->counters.taken_off[tx], n = *left < *packets - before ? *left : *packets - before;
	*left -= n;
	*packets -= n;
	if (tx) /* pause frames; their bytes may be counted only the next time, and tx_bytes be negative for a moment */
		nic->stats.tx_bytes -= n * PAUSE_FRAME_BYTES;
}

static void read_counters(struct nic *nic, bool all)
{
	struct nic_stats before = nic->stats;
	const struct card_counters *list = &nic->driver->counters;
	for (unsigned i = 0, index = 0; i < list->count; index += list->rows[i++].count)
		if (all || list->rows[i].where)
			read_row(nic, &list->rows[i], index);
	take_off(nic, false, &nic->stats.rx_packets, before.rx_packets);
	take_off(nic, true, &nic->stats.tx_packets, before.tx_packets);
	if (all)
		nic->counters.all_read_us = clock_now_us();
}

void stats_update(struct nic *nic, bool all)
{
	/* Of a device that vanishes meanwhile only a part is read: the port and its queues stay those of one moment */
	struct nic_stats before = nic->stats;
	struct port_queues queues_before = nic->queues;
	struct port_counters *counters = &nic->counters, counters_before = nic->counters;
	uint64_t refusals = vfio_refusals();
	read_counters(nic, all || clock_now_us() - counters->all_read_us >= ALL_READ_US);
	counters->refused.error = 0;
	if (vfio_refusals() != refusals)
		vfio_last_refusal(&counters->refused);
	if (port_gone(nic)) {
		nic->stats = before;
		nic->queues = queues_before;
		nic->counters = counters_before;
	} else {
		nic->stats.time_ns = clock_now_ns();
	}
}

void stats_clear(struct nic *nic)
{
	nic->stats = (struct nic_stats){.rx_packets = 0};
	nic->counters = (struct port_counters){.all_read_us = 0};
}

void stats_start(struct nic *nic, unsigned rx_fcs_bytes, unsigned tx_fcs_bytes)
{
	struct nic_stats stats = nic->stats;
	struct port_queues queues = nic->queues;
	struct port_counters counters = nic->counters;
	memset(nic->counters.reading, 0, sizeof(nic->counters.reading));
	read_counters(nic, true);
	memcpy(counters.reading, nic->counters.reading, sizeof(counters.reading));
	for (unsigned i = 0; i < CARD_COUNTER_VALUES_MAX; i++)
		counters.reading[i].owed = 0;
	counters.rx_fcs_bytes = rx_fcs_bytes;
	counters.tx_fcs_bytes = tx_fcs_bytes;
	nic->stats = stats;
	nic->queues = queues;
	nic->counters = counters;
}

int stats_check(const struct nic *nic)
{
	const struct vfio_refusal *refused = &nic->counters.refused;
	return refused->error && !port_gone(nic) ? fail_refused(nic, refused) : 0;
}

uint64_t stats_without_fcs(uint64_t bytes, uint64_t packets, unsigned fcs_bytes)
{
	uint64_t fcs = packets * fcs_bytes;
	return (int64_t)(bytes - fcs) > 0 ? bytes - fcs : 0;
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
	struct port_counters *counters = &nic->counters;
	*stats = nic->stats;
	stats->rx_bytes =
		never_falls(nic, stats_without_fcs(stats->rx_bytes, stats->rx_packets, counters->rx_fcs_bytes),
			&counters->rx_bytes_reported);
	stats->tx_bytes =
		never_falls(nic, stats_without_fcs(stats->tx_bytes, stats->tx_packets, counters->tx_fcs_bytes),
			&counters->tx_bytes_reported);
}
