/* SPDX-License-Identifier: BSD-2-Clause
 * Cards that Pollux does not drive, by name, so that the failure sentence can say why, and what to do instead: people
 * have these cards, or buy them. Ids and names are those of Linux's drivers e1000, e1000e, igb, igc and ixgbe, and of
 * DPDK's.
 */
#include "../vfio/error.h"
#include "driver.h"

#include <errno.h>

#define OLD_PCI                                                                                                        \
	"is a relative of the 82540EM that Pollux does not drive: leave it to Linux's e1000, or use an 82540EM "       \
	"(8086:100e) or 82545EM (8086:100f)"
#define BIT_BY_BIT                                                                                                     \
	"has a PHY whose registers are read bit by bit, which Pollux does not do: use an 82540EM (8086:100e) or "      \
	"82545EM (8086:100f); VirtualBox has both, as PRO/1000 MT Desktop and PRO/1000 MT Server"
#define FIBRE_PCI                                                                                                      \
	"has fibre, and Pollux drives such cards on copper only: leave it to Linux's e1000, or use an 82545EM with "   \
	"copper (8086:100f)"
#define OTHER_PCIE                                                                                                     \
	"is a relative of the 82574L whose PHY and NVM differ: leave it to Linux's e1000e, or use an 82574L "          \
	"(8086:10d3)"
#define IN_CHIPSET                                                                                                     \
	"is part of a chipset, whose firmware shares its PHY and NVM: leave it to Linux's e1000e, or use an 82574L "   \
	"(8086:10d3)"
#define NOT_COPPER                                                                                                     \
	"has no copper PHY, and Pollux drives the 82576 on copper only: leave it to Linux's igb, or use an 82576 "     \
	"with copper (8086:10c9)"
#define OTHER_IGB                                                                                                      \
	"is a relative of the 82576 that Pollux does not drive: leave it to Linux's igb, or use an 82576 (8086:10c9)"
#define IGC                                                                                                            \
	"is a card of 2.5 Gbit/s with registers of its own: leave it to Linux's igc, or use an 82576 (8086:10c9) or "  \
	"an X550 (8086:1563)"
#define VIRTUAL_FUNCTION "is a virtual function, which Pollux does not drive: give it a whole port (82576, 8086:10c9)"

#define VIRTUAL_OF_IXGBE "is a virtual function, whose registers differ: open the physical function instead"
#define OLD_82598        "is an 82598, whose registers differ: Pollux drives its successors 82599, X540 and X550"
#define X550_EMBEDDED                                                                                                  \
	"is an X550 inside a processor: its link is brought up through registers behind its firmware, which Pollux "   \
	"does not know; use an 82599, X540 or X550 card"

#define IDS_MAX 60u

static const struct {
	const char *name, *why;
	uint16_t devices[IDS_MAX]; /* then 0, in each row */
} refused[] = {
	/* conventional PCI */
	{"Intel 82542", OLD_PCI, {0x1000}},
	{"Intel 82543GC fibre", FIBRE_PCI, {0x1001}},
	{"Intel 82543GC", BIT_BY_BIT, {0x1004}},
	{"Intel 82544EI fibre", FIBRE_PCI, {0x1009}},
	{"Intel 82545EM fibre", FIBRE_PCI, {0x1011}},
	{"Intel 82545GM", OLD_PCI, {0x1026, 0x1027, 0x1028}},
	{"Intel 82546", OLD_PCI, {0x1010, 0x1012, 0x101D, 0x1079, 0x107A, 0x107B, 0x108A, 0x1099, 0x10B5}},
	{"Intel 82541", OLD_PCI, {0x1013, 0x1018, 0x1014, 0x1078, 0x1076, 0x1077, 0x107C}},
	{"Intel 82547", OLD_PCI, {0x1019, 0x101A, 0x1075}},
	/* PCI Express, of the 82574L's kind */
	{"Intel 82571", OTHER_PCIE, {0x105E, 0x105F, 0x1060, 0x10A4, 0x10A5, 0x10BC, 0x10D9, 0x10DA, 0x10D5}},
	{"Intel 82572", OTHER_PCIE, {0x107D, 0x107E, 0x107F, 0x10B9}},
	{"Intel 82573", OTHER_PCIE, {0x108B, 0x108C, 0x109A}},
	{"Intel 80003ES2LAN", OTHER_PCIE, {0x1096, 0x1098, 0x10BA, 0x10BB}},
	{"Intel 82562", IN_CHIPSET, {0x104C, 0x10C0, 0x10C2, 0x10C3, 0x10C4, 0x10C5}},
	{"Intel 82566", IN_CHIPSET, {0x1049, 0x104A, 0x104B, 0x104D, 0x10BD, 0x294C}},
	{"Intel 82567", IN_CHIPSET,
		{0x10BF, 0x10CB, 0x10CC, 0x10CD, 0x10CE, 0x10DE, 0x10DF, 0x10E5, 0x10F5, 0x1501, 0x1525}},
	{"Intel 82577", IN_CHIPSET, {0x10EA, 0x10EB}},
	{"Intel 82578", IN_CHIPSET, {0x10EF, 0x10F0}},
	{"Intel 82579", IN_CHIPSET, {0x1502, 0x1503}},
	{"Intel I217", IN_CHIPSET, {0x153A, 0x153B}},
	{"Intel I218", IN_CHIPSET, {0x155A, 0x15A0, 0x15A2, 0x1559, 0x15A1, 0x15A3}},
	{"Intel I219", IN_CHIPSET,
		{0x156F, 0x15B7, 0x15B9, 0x15D7, 0x15E3, 0x15BD, 0x15BB, 0x15DF, 0x15E1, 0x0D4E, 0x0D4C, 0x0D53, 0x15FB,
			0x15F9, 0x15F4, 0x0DC5, 0x1A1E, 0x1A1C, 0x0DC7, 0x550A, 0x550C, 0x550E, 0x5510, 0x57A0, 0x57B3,
			0x57B5, 0x57B7, 0x57B9, 0x1570, 0x15B8, 0x15D8, 0x15D6, 0x15BE, 0x15BC, 0x15E0, 0x15E2, 0x0D4F,
			0x0D4D, 0x0D55, 0x15FC, 0x15FA, 0x15F5, 0x0DC6, 0x1A1F, 0x1A1D, 0x0DC8, 0x550B, 0x550D, 0x550F,
			0x5511, 0x57A1, 0x57B4, 0x57B6, 0x57B8, 0x57BA}},
	/* of the 82576's kind */
	{"Intel 82575", OTHER_IGB, {0x10A7, 0x10A9, 0x10D6}},
	{"Intel 82576 for fibre or a backplane", NOT_COPPER, {0x10E6, 0x10E7, 0x150D, 0x1518}},
	{"Intel 82576 virtual function", VIRTUAL_FUNCTION, {0x10CA, 0x152D}},
	{"Intel 82580", OTHER_IGB, {0x150E, 0x150F, 0x1510, 0x1511, 0x1516, 0x1527}},
	{"Intel DH89xxCC", OTHER_IGB, {0x0438, 0x043A, 0x043C, 0x0440}},
	{"Intel I350", OTHER_IGB, {0x1521, 0x1522, 0x1523, 0x1524, 0x1546}},
	{"Intel I350 virtual function", VIRTUAL_FUNCTION, {0x1520, 0x152F}},
	{"Intel I354", OTHER_IGB, {0x1F40, 0x1F41, 0x1F45}},
	{"Intel I210", OTHER_IGB, {0x1533, 0x1534, 0x1535, 0x157B, 0x1536, 0x1537, 0x157C, 0x1538, 0x15F6}},
	{"Intel I211", OTHER_IGB, {0x1539}},
	/* of 2.5 Gbit/s */
	{"Intel I220-V", IGC, {0x15F7}},
	{"Intel I221-V", IGC, {0x125E}},
	{"Intel I225", IGC, {0x15F2, 0x5502, 0x15F3, 0x15F8, 0x0D9F, 0x3100, 0x3101, 0x15FD}},
	{"Intel I226", IGC, {0x125B, 0x5503, 0x125C, 0x125D, 0x3102, 0x125F}},
	/* of 10 Gbit/s */
	{"Intel 82599 virtual function", VIRTUAL_OF_IXGBE, {0x10ED}},
	{"Intel X540 virtual function", VIRTUAL_OF_IXGBE, {0x1515}},
	{"Intel X550 virtual function", VIRTUAL_OF_IXGBE, {0x1565}},
	{"Intel 82598", OLD_82598, {0x10B6}},
	{"Intel 82598 AF dual port", OLD_82598, {0x10C6}},
	{"Intel 82598 AF", OLD_82598, {0x10C7}},
	{"Intel 82598 AT", OLD_82598, {0x10C8}},
	{"Intel 82598EB SFP", OLD_82598, {0x10DB}},
	{"Intel 82598EB CX4", OLD_82598, {0x10DD}},
	{"Intel 82598 CX4 dual port", OLD_82598, {0x10EC}},
	{"Intel 82598 DA dual port", OLD_82598, {0x10E1}},
	{"Intel 82598 DA", OLD_82598, {0x10F1}},
	{"Intel 82598EB XF LR", OLD_82598, {0x10F4}},
	{"Intel 82598 BX", OLD_82598, {0x1508}},
	{"Intel 82598 AT2", OLD_82598, {0x150B}},
	{"Intel X550EM_x", X550_EMBEDDED, {0x15AA, 0x15AB, 0x15AC, 0x15AD, 0x15AE, 0x15B0}},
	{"Intel X550EM_a", X550_EMBEDDED, {0x15C2, 0x15C3, 0x15C4, 0x15C6, 0x15C7, 0x15C8, 0x15CE, 0x15E4, 0x15E5}},
};

void driver_refuse(const char *address, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; vendor == INTEL && i < sizeof(refused) / sizeof(*refused); i++)
		for (const uint16_t *id = refused[i].devices; *id; id++)
			if (*id == device) {
				pollux_fail(ENOTSUP, "%s: %04x:%04x, %s, %s", address, vendor, device, refused[i].name,
					refused[i].why);
				return;
			}
	pollux_fail(ENOTSUP,
		"%s: no driver for %04x:%04x: Pollux drives Intel 82599, X540, X550, 82540EM, 82544GC, 82545EM, "
		"82574L, 82583V and 82576",
		address, vendor, device);
}
