/* SPDX-License-Identifier: BSD-2-Clause
 * The e1000 family: which devices it drives; and what the whole lineage, igb's 82576 included, is to nic.c. */
#include "e1000.h"
#include "../bus.h"

#define OLD_PCI                                                                                                        \
	"is an older or different PCI relative of the 82540EM, which nobody has tried: Pollux drives the 82540EM "     \
	"(8086:100e)"
#define OTHER_PCIE "is a relative of the 82574L whose PHY and NVM differ: Pollux drives the 82574L (8086:10d3)"

enum kind { KIND_82540EM, KIND_82574L };

static const struct driver_id ids[] = {
	{0x100E, KIND_82540EM, "Intel 82540EM", NULL},
	{0x1015, KIND_82540EM, "Intel 82540EM (on board)", NULL},
	{0x10D3, KIND_82574L, "Intel 82574L", NULL},
	{0x10F6, KIND_82574L, "Intel 82574LA", NULL},
	/* refused by name, so that nobody has to find out why */
	{0x1000, 0, "Intel 82542", OLD_PCI},
	{0x1001, 0, "Intel 82543GC fibre", OLD_PCI},
	{0x1004, 0, "Intel 82543GC", OLD_PCI},
	{0x1008, 0, "Intel 82544EI", OLD_PCI},
	{0x100C, 0, "Intel 82544GC", OLD_PCI},
	{0x100F, 0, "Intel 82545EM", OLD_PCI},
	{0x1010, 0, "Intel 82546EB", OLD_PCI},
	{0x1013, 0, "Intel 82541EI", OLD_PCI},
	{0x1019, 0, "Intel 82547EI", OLD_PCI},
	{0x1026, 0, "Intel 82545GM", OLD_PCI},
	{0x1076, 0, "Intel 82541GI", OLD_PCI},
	{0x1079, 0, "Intel 82546GB", OLD_PCI},
	{0x105E, 0, "Intel 82571EB", OTHER_PCIE},
	{0x107D, 0, "Intel 82572EI", OTHER_PCIE},
	{0x109A, 0, "Intel 82573L", OTHER_PCIE},
	{0x150C, 0, "Intel 82583V", OTHER_PCIE},
	{0x1502, 0, "Intel 82579LM", OTHER_PCIE},
	{0x1503, 0, "Intel 82579V", OTHER_PCIE},
	{0x153A, 0, "Intel I217-LM", OTHER_PCIE},
	{0x153B, 0, "Intel I217-V", OTHER_PCIE},
	{0x155A, 0, "Intel I218-LM", OTHER_PCIE},
	{0x1559, 0, "Intel I218-V", OTHER_PCIE},
	{0x15A0, 0, "Intel I218-LM", OTHER_PCIE},
	{0x15A1, 0, "Intel I218-V", OTHER_PCIE},
	{0x15A2, 0, "Intel I218-LM", OTHER_PCIE},
	{0x15A3, 0, "Intel I218-V", OTHER_PCIE},
	{0x156F, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15B7, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15B9, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15D7, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15E3, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15BD, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15BB, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15DF, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15E1, 0, "Intel I219-LM", OTHER_PCIE},
	{0x0D4E, 0, "Intel I219-LM", OTHER_PCIE},
	{0x0D4C, 0, "Intel I219-LM", OTHER_PCIE},
	{0x0D53, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15FB, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15F9, 0, "Intel I219-LM", OTHER_PCIE},
	{0x15F4, 0, "Intel I219-LM", OTHER_PCIE},
	{0x1A1E, 0, "Intel I219-LM", OTHER_PCIE},
	{0x1A1C, 0, "Intel I219-LM", OTHER_PCIE},
	{0x550A, 0, "Intel I219-LM", OTHER_PCIE},
	{0x550C, 0, "Intel I219-LM", OTHER_PCIE},
	{0x550E, 0, "Intel I219-LM", OTHER_PCIE},
	{0x1570, 0, "Intel I219-V", OTHER_PCIE},
	{0x15B8, 0, "Intel I219-V", OTHER_PCIE},
	{0x15D8, 0, "Intel I219-V", OTHER_PCIE},
	{0x15D6, 0, "Intel I219-V", OTHER_PCIE},
	{0x15BE, 0, "Intel I219-V", OTHER_PCIE},
	{0x15BC, 0, "Intel I219-V", OTHER_PCIE},
	{0x15E0, 0, "Intel I219-V", OTHER_PCIE},
	{0x15E2, 0, "Intel I219-V", OTHER_PCIE},
	{0x0D4F, 0, "Intel I219-V", OTHER_PCIE},
	{0x0D4D, 0, "Intel I219-V", OTHER_PCIE},
	{0x0D55, 0, "Intel I219-V", OTHER_PCIE},
	{0x15FC, 0, "Intel I219-V", OTHER_PCIE},
	{0x15FA, 0, "Intel I219-V", OTHER_PCIE},
	{0x15F5, 0, "Intel I219-V", OTHER_PCIE},
	{0x1A1F, 0, "Intel I219-V", OTHER_PCIE},
	{0x1A1D, 0, "Intel I219-V", OTHER_PCIE},
	{0x550B, 0, "Intel I219-V", OTHER_PCIE},
	{0x550D, 0, "Intel I219-V", OTHER_PCIE},
	{0x550F, 0, "Intel I219-V", OTHER_PCIE},
};

static const struct e1000_chip *const chips[] = {[KIND_82540EM] = &e1000_82540em, [KIND_82574L] = &e1000_82574l};

static int e1000_open(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	const struct e1000_chip *const *known = nic->driver->chips, *chip = known[nic->id->kind];
	e->chip = chip;
	/* Memory space on, bus mastering off: a ring that a former owner left must not be fetched. The transport has
	 * woken the device (power state D0). */
	int ret = bus_leave(nic);
	if (!ret)
		ret = reg_open_window(nic, chip->bar_bytes);
	if (!ret)
		ret = e1000_reset(nic);
	if (!ret)
		ret = chip->read_mac(e, nic->info.mac);
	if (ret)
		return ret;
	nic->info.max_rx_queues = chip->max_queues;
	nic->info.max_tx_queues = chip->max_queues;
	nic->info.max_mtu = chip->max_mtu;
	nic->info.max_link_mbps = 1000;
	return 0;
}

const struct driver_ops e1000_ops = {
	.open = e1000_open,
	.close = e1000_interrupt_close,
	.reset = e1000_reset,
	.start = e1000_start,
	.stop = e1000_stop,
	.get_link = e1000_get_link,
	.update_stats = e1000_update_stats,
	.enable_events = e1000_enable_events,
	.acknowledge_events = e1000_acknowledge_events,
	.set_unicast = e1000_set_unicast,
	.set_multicast = e1000_set_multicast,
	.set_receive_mode = e1000_set_receive_mode,
};

static const struct driver_register registers[] = {
#define X(name, offset, stride, count, chips) {#name, offset, stride, count},
	E1000_REGISTERS(X)
#undef X
};

const struct driver e1000_driver = {
	.name = "e1000",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.port_bytes = sizeof(struct e1000),
	.unicast_filters = 15,
	.ops = &e1000_ops,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.chips = chips,
};
