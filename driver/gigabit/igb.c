/* SPDX-License-Identifier: BSD-2-Clause
 * The igb family: which devices it drives. A port is one of the e1000 lineage, with another chip. */
#include "igb.h"

#define NOT_COPPER "has no copper PHY, and Pollux drives the 82576 on copper only (8086:10c9)"
#define YOUNGER    "is a relative of the 82576, which nobody has tried: Pollux drives the 82576 (8086:10c9)"
#define IGC        "is a card of 2.5 Gbit/s, whose registers differ: Pollux drives the 82576 (8086:10c9)"

static const struct driver_id ids[] = {
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

static const struct e1000_chip *const chips[] = {&igb_82576};

/* Its own first: where both lists have a register, the 82576 has it as its own says. */
static const struct driver_register registers[] = {
#define X(name, offset, stride, count, ...) {#name, offset, stride, count},
	IGB_REGISTERS(X) E1000_REGISTERS(X)
#undef X
};

const struct driver igb_driver = {
	.name = "igb",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.port_bytes = sizeof(struct e1000),
	.unicast_filters = 23,
	.ops = &e1000_ops,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.chips = chips,
};
