/* SPDX-License-Identifier: BSD-2-Clause
 * The igb family: which devices it drives. A port is one of the e1000 lineage, with another chip. */
#include "igb.h"

#define NOT_COPPER "has no copper PHY, and Pollux drives the 82576 on copper only (8086:10c9)"
#define YOUNGER    "is a relative of the 82576, which nobody has tried: Pollux drives the 82576 (8086:10c9)"

static const struct nic_id ids[] = {
	{0x10C9, 0, "Intel 82576", NULL},
	{0x10E8, 0, "Intel 82576 (quad port)", NULL},
	{0x1526, 0, "Intel 82576 (quad port ET2)", NULL},
	{0x150A, 0, "Intel 82576NS", NULL},
	/* refused by name, so that nobody has to find out why */
	{0x10E6, 0, "Intel 82576 fibre", NOT_COPPER},
	{0x10E7, 0, "Intel 82576 SerDes", NOT_COPPER},
	{0x150D, 0, "Intel 82576 SerDes (quad port)", NOT_COPPER},
	{0x1518, 0, "Intel 82576NS SerDes", NOT_COPPER},
	{0x10CA, 0, "Intel 82576 virtual function", "is a virtual function: give Pollux the whole port (8086:10c9)"},
	{0x10A7, 0, "Intel 82575EB", YOUNGER},
	{0x150E, 0, "Intel 82580", YOUNGER},
	{0x1521, 0, "Intel I350", YOUNGER},
	{0x1533, 0, "Intel I210", YOUNGER},
	{0x1539, 0, "Intel I211", YOUNGER},
};

static int open_port(struct nic *nic)
{
	return e1000_open_chip(e1000_of(nic), &igb_82576);
}

static const struct nic_ops ops = {
	.open = open_port,
	.close = e1000_close,
	.start = e1000_start,
	.stop = e1000_stop,
	.rxq = e1000_rxq,
	.txq = e1000_txq,
	.get_link = e1000_get_link,
	.update_stats = e1000_update_stats,
	.add_queue_stats = e1000_add_queue_stats,
	.enable_events = e1000_enable_events,
	.acknowledge_events = e1000_acknowledge_events,
	.set_unicast = e1000_set_unicast,
	.set_multicast = e1000_set_multicast,
	.set_receive_mode = e1000_set_receive_mode,
};

const struct nic_driver igb_driver = {
	.name = "igb",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.port_bytes = sizeof(struct e1000),
	.unicast_filters = 23,
	.ops = &ops,
};
