/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the gigabit chips that the driver uses, once, as data: name, offset in BAR0, stride, count and which
 * chips have it. What only the 82576 has, or has elsewhere, is in chips/82576_registers.h. Fields are in fields.h. */
#pragma once

#include "../counter_registers.h"

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
	X(FCAL,        0x00028, 0,     1,   "all") \
	X(FCAH,        0x0002C, 0,     1,   "all") \
	X(FCT,         0x00030, 0,     1,   "all") \
	X(VET,         0x00038, 0,     1,   "all") \
	X(EXTCNF_CTRL, 0x00F00, 0,     1,   "82574L") \
	X(POEMB,       0x00F10, 0,     1,   "82574L") \
	X(PBA,         0x01000, 0,     1,   "not 82576") \
	X(FCTTV,       0x00170, 0,     1,   "all") \
	X(FCRTL,       0x02160, 0,     1,   "all") \
	X(FCRTH,       0x02168, 0,     1,   "all") \
	X(MANC,        0x05820, 0,     1,   "not 82544GC") \
	X(GCR,         0x05B00, 0,     1,   "82574L, 82576") \
	X(FWSM,        0x05B54, 0,     1,   "82574L, 82576") \
	X(GCR2,        0x05B64, 0,     1,   "82574L") \
	/* interrupts */ \
	X(ICR,         0x000C0, 0,     1,   "all") \
	X(ITR,         0x000C4, 0,     1,   "not 82544GC, 82576") \
	X(IMS,         0x000D0, 0,     1,   "all") \
	X(IMC,         0x000D8, 0,     1,   "all") \
	X(EIAC,        0x000DC, 0,     1,   "82574L") \
	X(IAM,         0x000E0, 0,     1,   "82574L") \
	X(IVAR,        0x000E4, 0,     1,   "82574L") \
	X(EITR,        0x000E8, 4,     5,   "82574L") \
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
	X(TOTH,        0x040CC, 0,     1,   "all") \
	CARD_COUNTERS_HIGH(X) E1000_COUNTERS(X) GIGABIT_COUNTERS(X)

/* Counters: see counter_registers.h. The first ones the 82576 does not have. */
#define E1000_COUNTERS(X) \
	X(CEXTERR,  0x0403C, 0, 1, 32, 0, "rx_carrier_extension_errors", "Errors after frames of half duplex") \
	X(TNCRS,    0x04034, 0, 1, 32, 0, "tx_no_carrier_errors", "Frames sent without carrier sense (half duplex)")
/* RNBC is no loss: the packet buffer may still have saved the frame. Whether GPTC and GOTC have sent pause frames is
 * doubt 53. */
#define GIGABIT_COUNTERS(X) \
	CARD_COUNTERS(X, 64) \
	X(GORCL,    0x04088, 0, 1, 64, STAT(rx_bytes), "rx_good_bytes", "Bytes of the frames of rx_good_packets") \
	X(TOTL,     0x040C8, 0, 1, 64, 0, "tx_total_bytes", "Bytes of the frames of tx_total_packets") \
	X(GPRC,     0x04074, 0, 1, 32, STAT(rx_packets), "rx_good_packets", "Good frames that passed the filters") \
	X(MPC,      0x04010, 0, 1, 32, STAT(rx_missed), "rx_missed_packets", "Lost: the packet buffer was full") \
	X(RNBC,     0x040A0, 0, 1, 32, 0, "rx_no_buffer_events", "Times a frame found no buffer; it may have waited") \
	X(ALGNERRC, 0x04004, 0, 1, 32, STAT(rx_errors), "rx_align_errors", "Frames that end within a byte") \
	X(RXERRC,   0x0400C, 0, 1, 32, STAT(rx_errors), "rx_symbol_errors", "Frames in which the PHY saw an error") \
	X(SYMERRS,  0x04008, 0, 1, 32, 0, "rx_carrier_symbol_errors", "Symbol errors between and within frames") \
	X(XONRXC,   0x04048, 0, 1, 32, 0, "rx_xon_packets", "Pause frames received that end a pause") \
	X(XONTXC,   0x0404C, 0, 1, 32, 0, "tx_xon_packets", "Pause frames sent that end a pause") \
	X(XOFFRXC,  0x04050, 0, 1, 32, STAT(rx_pause_frames), "rx_xoff_packets", \
		"Pause frames received that begin a pause") \
	X(XOFFTXC,  0x04054, 0, 1, 32, STAT(tx_pause_frames), "tx_xoff_packets", \
		"Pause frames sent that begin a pause") \
	X(FCRUC,    0x04058, 0, 1, 32, 0, "rx_unknown_control_packets", "Control frames that are no pause frames") \
	X(SCC,      0x04014, 0, 1, 32, 0, "tx_single_collision_packets", "Frames sent after a collision") \
	X(MCC,      0x0401C, 0, 1, 32, 0, "tx_multiple_collision_packets", "Frames sent after 2 to 15 collisions") \
	X(ECOL,     0x04018, 0, 1, 32, 0, "tx_excessive_collision_errors", "Frames given up after 16 collisions") \
	X(LATECOL,  0x04020, 0, 1, 32, 0, "tx_late_collision_errors", "Collisions later than the standard allows") \
	X(COLC,     0x04028, 0, 1, 32, 0, "tx_collision_events", "Collisions") \
	X(DC,       0x04030, 0, 1, 32, 0, "tx_deferred_events", "Times a frame waited, also for the end of a pause") \
	X(TSCTC,    0x040F8, 0, 1, 32, 0, "tx_segmentation_events", "Contexts of segmentation that were used") \
	X(TSCTFC,   0x040FC, 0, 1, 32, 0, "tx_segmentation_errors", "Contexts of segmentation that failed") \
	X(MGTPRC,   0x040B4, 0, 1, 32, 0, "rx_management_packets", "Frames for the management firmware") \
	X(MGTPDC,   0x040B8, 0, 1, 32, 0, "rx_management_dropped_packets", "Those of them that it had no room for") \
	X(MGTPTC,   0x040BC, 0, 1, 32, 0, "tx_management_packets", "Frames that the management firmware has sent")
/* clang-format on */

/** Of each register NAME: GIGABIT_NAME, the offset of the first; GIGABIT_NAME_STRIDE, from one to the next;
 * GIGABIT_NAME_COUNT, how many there are. */
enum gigabit_register {
#define X(name, offset, stride, count, ...)                                                                            \
	GIGABIT_##name = (offset), GIGABIT_##name##_STRIDE = (stride), GIGABIT_##name##_COUNT = (count),
	GIGABIT_REGISTERS(X)
#undef X
};

/** The offset of the i-th register of a name. */
#define GIGABIT_AT(name, i) ((uint32_t)GIGABIT_##name + GIGABIT_##name##_STRIDE * (uint32_t)(i))

#define GIGABIT_BAR_BYTES 0x6000u /* what the list needs of BAR0 */
