/* SPDX-License-Identifier: BSD-2-Clause
 * Which devices the gigabit drivers e1000 and igb drive, and a port's opening. The two are one driver with two names,
 * by which users know their cards. */
#include "../access.h"
#include "../bus.h"
#include "chips/82576_registers.h"
#include "gigabit.h"

/* ---- e1000: 82540EM, 82574L ---- */

#define OLD_PCI                                                                                                        \
	"is an older or different PCI relative of the 82540EM, which nobody has tried: Pollux drives the 82540EM "     \
	"(8086:100e)"
#define OTHER_PCIE "is a relative of the 82574L whose PHY and NVM differ: Pollux drives the 82574L (8086:10d3)"

enum { KIND_82540EM, KIND_82574L };

static const struct driver_id e1000_ids[] = {
	{0x100E, KIND_82540EM, "Intel 82540EM", NULL},
	{0x1015, KIND_82540EM, "Intel 82540EM (on board)", NULL},
	{0x10D3, KIND_82574L, "Intel 82574L", NULL},
	{0x10F6, KIND_82574L, "Intel 82574LA", NULL},
	/* Refused by name, so that the sentence can say why */
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

static const struct gigabit_chip *const e1000_chips[] = {
	[KIND_82540EM] = &gigabit_82540em, [KIND_82574L] = &gigabit_82574l};

static const struct driver_register e1000_registers[] = {
#define X(name, offset, stride, count, chips) {#name, offset, stride, count},
	GIGABIT_REGISTERS(X)
#undef X
};

/* ---- igb: 82576 ---- */

#define NOT_COPPER "has no copper PHY, and Pollux drives the 82576 on copper only (8086:10c9)"
#define YOUNGER    "is a relative of the 82576, which nobody has tried: Pollux drives the 82576 (8086:10c9)"
#define IGC        "is a card of 2.5 Gbit/s, whose registers differ: Pollux drives the 82576 (8086:10c9)"

static const struct driver_id igb_ids[] = {
	{0x10C9, 0, "Intel 82576", NULL},
	{0x10E8, 0, "Intel 82576 (quad port)", NULL},
	{0x1526, 0, "Intel 82576 (quad port ET2)", NULL},
	{0x150A, 0, "Intel 82576NS", NULL},
	/* Refused by name, so that the sentence can say why */
	{0x10E6, 0, "Intel 82576 fibre", NOT_COPPER},
	{0x10E7, 0, "Intel 82576 SerDes", NOT_COPPER},
	{0x150D, 0, "Intel 82576 SerDes (quad port)", NOT_COPPER},
	{0x1518, 0, "Intel 82576NS SerDes", NOT_COPPER},
	{0x10CA, 0, "Intel 82576 virtual function", "is a virtual function: give Pollux the whole port (8086:10c9)"},
	{0x10A7, 0, "Intel 82575EB", YOUNGER},
	{0x150E, 0, "Intel 82580", YOUNGER},
	{0x1521, 0, "Intel I350", YOUNGER},
	{0x1522, 0, "Intel I350 fibre", YOUNGER},
	{0x1523, 0, "Intel I350 backplane", YOUNGER},
	{0x1524, 0, "Intel I350 SGMII", YOUNGER},
	{0x1533, 0, "Intel I210", YOUNGER},
	{0x1536, 0, "Intel I210 fibre", YOUNGER},
	{0x1537, 0, "Intel I210 SerDes", YOUNGER},
	{0x1538, 0, "Intel I210 SGMII", YOUNGER},
	{0x157B, 0, "Intel I210 (flashless)", YOUNGER},
	{0x157C, 0, "Intel I210 SerDes (flashless)", YOUNGER},
	{0x1539, 0, "Intel I211", YOUNGER},
	{0x15F2, 0, "Intel I225-LM", IGC},
	{0x15F3, 0, "Intel I225-V", IGC},
	{0x15F8, 0, "Intel I225-I", IGC},
	{0x15F7, 0, "Intel I220-V", IGC},
	{0x3100, 0, "Intel I225-K", IGC},
	{0x3101, 0, "Intel I225-K", IGC},
	{0x5502, 0, "Intel I225-LMvP", IGC},
	{0x0D9F, 0, "Intel I225-IT", IGC},
	{0x125B, 0, "Intel I226-LM", IGC},
	{0x125C, 0, "Intel I226-V", IGC},
	{0x125D, 0, "Intel I226-IT", IGC},
	{0x3102, 0, "Intel I226-K", IGC},
	{0x5503, 0, "Intel I226-LMvP", IGC},
};

static const struct gigabit_chip *const igb_chips[] = {&gigabit_82576};

/* Its own first: where both lists have a register, the 82576 has it as its own says. */
static const struct driver_register igb_registers[] = {
#define X(name, offset, stride, count, ...) {#name, offset, stride, count},
	IGB_REGISTERS(X) GIGABIT_REGISTERS(X)
#undef X
};

/* ---- ports of both ---- */

static int gigabit_open(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	/* Bus mastering goes off first: the card must not fetch a ring that a former owner left. The transport has
	 * woken the device (power state D0) */
	int ret = bus_master_off(nic);
	if (!ret)
		ret = reg_open_window(nic, chip->bar_bytes);
	if (!ret)
		ret = gigabit_reset(nic);
	if (!ret)
		ret = chip->read_mac(nic, nic->info.mac);
	if (ret)
		return ret;
	nic->info.max_rx_queues = chip->max_queues;
	nic->info.max_tx_queues = chip->max_queues;
	nic->info.max_mtu = (uint16_t)(chip->max_frame_bytes - FRAME_OVERHEAD_BYTES - NIC_FCS_BYTES);
	nic->info.max_link_mbps = 1000;
	nic->info.speeds = NIC_SPEED_10M | NIC_SPEED_100M | NIC_SPEED_1G;
	return 0;
}

static const struct driver_ops ops = {
	.open = gigabit_open,
	.close = gigabit_interrupt_close,
	.reset = gigabit_reset,
	.start = gigabit_start,
	.stop = gigabit_stop,
	.get_link = gigabit_get_link,
	.update_stats = gigabit_update_stats,
	.enable_events = gigabit_enable_events,
	.acknowledge_events = gigabit_acknowledge_events,
	.set_unicast = gigabit_set_unicast,
	.set_multicast = gigabit_set_multicast,
	.set_receive_mode = gigabit_set_receive_mode,
};

const struct driver e1000_driver = {
	.name = "e1000",
	.ids = e1000_ids,
	.id_count = sizeof(e1000_ids) / sizeof(*e1000_ids),
	.port_bytes = sizeof(struct gigabit),
	.unicast_filters = 15,
	.ops = &ops,
	.registers = e1000_registers,
	.register_count = sizeof(e1000_registers) / sizeof(*e1000_registers),
	.chips = e1000_chips,
};

const struct driver igb_driver = {
	.name = "igb",
	.ids = igb_ids,
	.id_count = sizeof(igb_ids) / sizeof(*igb_ids),
	.port_bytes = sizeof(struct gigabit),
	.unicast_filters = 23,
	.ops = &ops,
	.registers = igb_registers,
	.register_count = sizeof(igb_registers) / sizeof(*igb_registers),
	.chips = igb_chips,
};
