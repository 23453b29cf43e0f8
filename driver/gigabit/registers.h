/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the gigabit chips that the driver uses, once, as data: name, offset in BAR0, stride, count and which
 * chips have it. What only the 82576 has, or has elsewhere, is in chips/82576_registers.h. Fields are in fields.h. */
#pragma once

#include <stdint.h>

/* clang-format off */
#define GIGABIT_REGISTERS(X) \
	/* name        offset   stride count  chips */ \
	/* device */ \
	X(CTRL,        0x00000, 0,     1,   "all") \
	X(STATUS,      0x00008, 0,     1,   "all") \
	X(EECD,        0x00010, 0,     1,   "all") \
	X(EERD,        0x00014, 0,     1,   "not 82544GC") \
	X(CTRL_EXT,    0x00018, 0,     1,   "all") \
	X(MDIC,        0x00020, 0,     1,   "all") \
	X(VET,         0x00038, 0,     1,   "all") \
	X(EXTCNF_CTRL, 0x00F00, 0,     1,   "82574L") \
	X(POEMB,       0x00F10, 0,     1,   "82574L") \
	X(PBA,         0x01000, 0,     1,   "not 82576") \
	X(FCRTL,       0x02160, 0,     1,   "all") \
	X(FCRTH,       0x02168, 0,     1,   "all") \
	X(MANC,        0x05820, 0,     1,   "not 82544GC") \
	X(GCR,         0x05B00, 0,     1,   "82574L, 82576") \
	X(FWSM,        0x05B54, 0,     1,   "82574L, 82576") \
	X(GCR2,        0x05B64, 0,     1,   "82574L") \
	/* interrupts */ \
	X(ICR,         0x000C0, 0,     1,   "all") \
	X(IMS,         0x000D0, 0,     1,   "all") \
	X(IMC,         0x000D8, 0,     1,   "all") \
	/* receive */ \
	X(RCTL,        0x00100, 0,     1,   "all") \
	X(RDBAL,       0x02800, 0x100, 2,   "not 82576") \
	X(RDBAH,       0x02804, 0x100, 2,   "not 82576") \
	X(RDLEN,       0x02808, 0x100, 2,   "not 82576") \
	X(RDH,         0x02810, 0x100, 2,   "not 82576") \
	X(RDT,         0x02818, 0x100, 2,   "not 82576") \
	X(RDTR,        0x02820, 0,     1,   "not 82576") \
	X(RXDCTL,      0x02828, 0x100, 2,   "not 82576") \
	X(RADV,        0x0282C, 0,     1,   "not 82544GC, 82576") \
	X(RXCSUM,      0x05000, 0,     1,   "all") \
	X(RFCTL,       0x05008, 0,     1,   "82574L, 82576") \
	X(MRQC,        0x05818, 0,     1,   "82574L, 82576") \
	X(RETA,        0x05C00, 4,     32,  "82574L, 82576") \
	X(RSSRK,       0x05C80, 4,     10,  "82574L, 82576") \
	/* transmit */ \
	X(TCTL,        0x00400, 0,     1,   "all") \
	X(TIPG,        0x00410, 0,     1,   "all") \
	X(TDBAL,       0x03800, 0x100, 2,   "not 82576") \
	X(TDBAH,       0x03804, 0x100, 2,   "not 82576") \
	X(TDLEN,       0x03808, 0x100, 2,   "not 82576") \
	X(TDH,         0x03810, 0x100, 2,   "not 82576") \
	X(TDT,         0x03818, 0x100, 2,   "not 82576") \
	X(TDFPC,       0x03430, 0,     1,   "all") \
	X(TIDV,        0x03820, 0,     1,   "not 82576") \
	X(TXDCTL,      0x03828, 0x100, 2,   "not 82576") \
	X(TADV,        0x0382C, 0,     1,   "not 82544GC, 82576") \
	X(TARC,        0x03840, 0x100, 2,   "82574L") \
	/* filters */ \
	X(MTA,         0x05200, 4,     128, "all") \
	X(RAL,         0x05400, 8,     16,  "all") \
	X(RAH,         0x05404, 8,     16,  "all") \
	X(VFTA,        0x05600, 4,     128, "all") \
	/* statistics, cleared by reading */ \
	X(CRCERRS,     0x04000, 0,     1,   "all") \
	X(ALGNERRC,    0x04004, 0,     1,   "all") \
	X(RXERRC,      0x0400C, 0,     1,   "all") \
	X(MPC,         0x04010, 0,     1,   "all") \
	X(RLEC,        0x04040, 0,     1,   "all") \
	X(GPRC,        0x04074, 0,     1,   "all") \
	X(BPRC,        0x04078, 0,     1,   "all") \
	X(MPRC,        0x0407C, 0,     1,   "all") \
	X(GPTC,        0x04080, 0,     1,   "all") \
	X(GORCL,       0x04088, 0,     1,   "all") \
	X(GORCH,       0x0408C, 0,     1,   "all") \
	X(GOTCL,       0x04090, 0,     1,   "all") \
	X(GOTCH,       0x04094, 0,     1,   "all") \
	X(RUC,         0x040A4, 0,     1,   "all") \
	X(RFC,         0x040A8, 0,     1,   "all") \
	X(ROC,         0x040AC, 0,     1,   "all") \
	X(RJC,         0x040B0, 0,     1,   "all")
/* clang-format on */

/** Of each register NAME: GIGABIT_NAME, the offset of the first; GIGABIT_NAME_STRIDE, from one to the next;
 * GIGABIT_NAME_COUNT, how many there are. */
enum gigabit_register {
#define X(name, offset, stride, count, chips)                                                                          \
	GIGABIT_##name = (offset), GIGABIT_##name##_STRIDE = (stride), GIGABIT_##name##_COUNT = (count),
	GIGABIT_REGISTERS(X)
#undef X
};

/** The offset of the i-th register of a name. */
#define GIGABIT_AT(name, i) ((uint32_t)GIGABIT_##name + GIGABIT_##name##_STRIDE * (uint32_t)(i))

#define GIGABIT_BAR_BYTES 0x6000u /* what the list needs of BAR0 */
