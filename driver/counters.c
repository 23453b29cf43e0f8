/* SPDX-License-Identifier: BSD-2-Clause
 * The public API of all counters by name: those of nic_stats, the card's by its list, and those of queues. */
#include "counters.h"
#include "ring/ring.h"
#include "stats.h"

#include <string.h>

/* Fields of nic_stats, which the card's counters, or drivers, make. */
static const struct {
	size_t field;
	const char *name, *help;
} of_port[] = {
#define ROW(field, name, help)                                                                                         \
	{                                                                                                              \
		offsetof(struct nic_stats, field), name, help                                                          \
	}
	ROW(rx_packets, "rx_packets", "Frames that the card has written into receive rings"),
	ROW(rx_bytes, "rx_bytes", "Bytes of them, without FCS"),
	ROW(tx_packets, "tx_packets", "Frames that have left the card"),
	ROW(tx_bytes, "tx_bytes", "Bytes of them, without FCS"),
	ROW(rx_left, "rx_left_packets", "Frames that were in receive rings at a stop or reset"),
	ROW(tx_unsent, "tx_unsent_packets", "Frames that were in transmit rings at a stop or reset"),
	ROW(resets, "resets", "Resets of the started port by nic_reset"),
	ROW(rx_missed, "rx_lost_packets", "Frames lost because the card's packet buffer was full"),
	ROW(rx_no_descriptor, "rx_dropped_packets", "Frames lost because their ring was empty"),
	ROW(rx_errors, "rx_errors", "Frames that the card found bad"),
	ROW(rx_bad_packets, "rx_bad_packets", "Frames that the driver has dropped: error bits, or a bad length"),
	ROW(rx_bad_descriptors, "rx_bad_descriptors_events", "Descriptors of these frames"),
	ROW(rx_pool_empty, "rx_pool_empty_events", "Times a ring found no buffers in the pool"),
	ROW(tx_bad_packets, "tx_bad_packets", "Frames that cannot be sent, freed by the driver"),
	ROW(tx_segments_more, "tx_segments_more_packets", "Frames made by segmentation, less those it was asked for"),
	ROW(tx_software_checksums, "tx_software_checksum_packets", "Frames whose checksums were made in software"),
	ROW(tx_software_vlans, "tx_software_vlan_packets", "Frames whose VLAN tags were put in by software"),
	ROW(tx_software_segmented, "tx_software_segmented_packets", "Frames that software has segmented"),
#undef ROW
};

/* Fields of nic_queue_stats. */
static const struct {
	size_t field;
	const char *rx, *tx; /* NULL: not of this direction */
	const char *help;
} of_queue[] = {
#define ROW(field, rx, tx, help)                                                                                       \
	{                                                                                                              \
		offsetof(struct nic_queue_stats, field), rx, tx, help                                                  \
	}
	ROW(packets, "rx_queue_packets", "tx_queue_packets", "Frames handed out, or taken, by the driver"),
	ROW(bytes, "rx_queue_bytes", "tx_queue_bytes", "Bytes of this queue's frames, without FCS; 0: not counted"),
	ROW(bad_packets, "rx_queue_bad_packets", "tx_queue_bad_packets", "Frames dropped by the driver as bad"),
	ROW(bad_descriptors, "rx_queue_bad_descriptors_events", NULL, "Descriptors of these frames"),
	ROW(pool_empty, "rx_queue_pool_empty_events", NULL, "Times the ring found no buffers in the pool"),
#undef ROW
};

struct counter_list {
	struct nic_counter *counters;
	unsigned room, count;
};

static const char *unit_of(const char *name)
{
	static const char *const units[] = {"packets", "bytes", "errors"};
	const char *last_word = strrchr(name, '_');
	for (unsigned i = 0; last_word && i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(last_word + 1, units[i]) == 0)
			return units[i];
	return "events";
}

static void add(struct counter_list *list, const char *name, const char *help, int queue, uint64_t value)
{
	if (list->count++ < list->room)
		list->counters[list->count - 1] = (struct nic_counter){name, unit_of(name), help, queue, value};
}

static uint64_t field_of(const void *structure, size_t field)
{
	return *(const uint64_t *)((const char *)structure + field);
}

static void add_queue(struct counter_list *list, struct nic *nic, bool tx, unsigned index)
{
	struct nic_queue_stats stats;
	queues_stats(nic, tx, index, &stats);
	for (unsigned i = 0; i < sizeof(of_queue) / sizeof(*of_queue); i++) {
		const char *name = tx ? of_queue[i].tx : of_queue[i].rx;
		if (name)
			add(list, name, of_queue[i].help, (int)index, field_of(&stats, of_queue[i].field));
	}
}

static void add_card(struct counter_list *list, const struct nic *nic)
{
	const uint64_t *value = nic->counters.values;
	for (unsigned i = 0; i < nic->driver->counters.count; i++) {
		const struct card_counter *row = &nic->driver->counters.rows[i];
		unsigned queues = row->name[0] == 't' ? nic->config.tx_queues : nic->config.rx_queues;
		if (row->count == 1)
			add(list, row->name, row->help, -1, *value);
		for (unsigned q = 0; nic->started && row->count > 1 && q < row->count && q < queues; q++)
			add(list, row->name, row->help, (int)q, value[q]);
		value += row->count;
	}
}

int nic_get_counters(struct nic *nic, struct nic_counter *counters, unsigned n)
{
	struct counter_list list = {.counters = counters, .room = n};
	struct nic_stats stats;
	nic->counters.all_read_us = 0;
	int ret = nic_get_stats(nic, &stats);
	for (unsigned i = 0; i < sizeof(of_port) / sizeof(*of_port); i++)
		add(&list, of_port[i].name, of_port[i].help, -1, field_of(&stats, of_port[i].field));
	add_card(&list, nic);
	for (unsigned i = 0; nic->started && i < nic->config.rx_queues; i++)
		add_queue(&list, nic, false, i);
	for (unsigned i = 0; nic->started && i < nic->config.tx_queues; i++)
		add_queue(&list, nic, true, i);
	return ret ? ret : (int)list.count;
}
