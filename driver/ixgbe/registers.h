/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the 82599, X540 and X550, once, as data: name, offset in BAR0, stride, count and 82599 datasheet
 * section ("?" where the section is an inference). Offsets, names in traces and bounds follow from this list; those
 * that no packet needs are in other_registers.h. Their fields are in fields.h.
 *
 * Where the 82599 has two addresses for a register (the datasheet's, and the older 82598 one for low indices) the
 * datasheet's is used (doubt 15). */
#pragma once

#include "other_registers.h"

#include <stdint.h>

/* clang-format off */
#define IXGBE_PACKET_REGISTERS(X) \
	/* name        offset   stride count  section */ \
	/* device */ \
	X(CTRL,        0x00000, 0,     1,   "8.2.3.1.1") \
	X(STATUS,      0x00008, 0,     1,   "8.2.3.1.2") \
	X(CTRL_EXT,    0x00018, 0,     1,   "8.2.3.1.3") \
	X(EEC,         0x10010, 0,     1,   "8.2.3.2.1") \
	X(GCR_EXT,     0x11050, 0,     1,   "8.2.3.4.12") \
	/* interrupts */ \
	X(EICR,        0x00800, 0,     1,   "8.2.3.5.1") \
	X(EIMC,        0x00888, 0,     1,   "8.2.3.5.4") \
	X(EIMC_EX,     0x00AB0, 4,     2,   "8.2.3.5.8-10") \
	/* link and MAC */ \
	X(HLREG0,      0x04240, 0,     1,   "8.2.3.22.8") \
	X(MAXFRS,      0x04268, 0,     1,   "8.2.3.22.13?") \
	X(MFLCN,       0x04294, 0,     1,   "8.2.3.22.34") \
	X(FCCFG,       0x03D00, 0,     1,   "8.2.3.3.7") \
	X(FCRTH,       0x03260, 4,     8,   "8.2.3.3.4") \
	/* receive; the per-queue ones of queues 64..127: see IXGBE_RX_AT */ \
	X(RDBAL,       0x01000, 0x40,  64,  "8.2.3.8.1") \
	X(RDBAH,       0x01004, 0x40,  64,  "8.2.3.8.2") \
	X(RDLEN,       0x01008, 0x40,  64,  "8.2.3.8.3") \
	X(DCA_RXCTRL,  0x0100C, 0x40,  64,  "8.2.3.11.1") \
	X(SRRCTL,      0x01014, 0x40,  64,  "8.2.3.8.7") \
	X(RDT,         0x01018, 0x40,  64,  "8.2.3.8.5") \
	X(RXDCTL,      0x01028, 0x40,  64,  "8.2.3.8.6") \
	X(RSCCTL,      0x0102C, 0x40,  64,  "8.2.3.8.13") \
	X(RDRXCTL,     0x02F00, 0,     1,   "8.2.3.8.8") \
	X(RXCTRL,      0x03000, 0,     1,   "8.2.3.8.10") \
	X(RXPBSIZE,    0x03C00, 4,     8,   "8.2.3.8.9") \
	X(RXCSUM,      0x05000, 0,     1,   "8.2.3.7.5") \
	X(RFCTL,       0x05008, 0,     1,   "8.2.3.7.6") \
	X(SECRXCTRL,   0x08D00, 0,     1,   "8.2.3.12.5") \
	X(SECRXSTAT,   0x08D04, 0,     1,   "8.2.3.12.6") \
	/* transmit */ \
	X(TDBAL,       0x06000, 0x40,  128, "8.2.3.9.5") \
	X(TDBAH,       0x06004, 0x40,  128, "8.2.3.9.6") \
	X(TDLEN,       0x06008, 0x40,  128, "8.2.3.9.7") \
	X(TDT,         0x06018, 0x40,  128, "8.2.3.9.9") \
	X(TXDCTL,      0x06028, 0x40,  128, "8.2.3.9.10") \
	X(DMATXCTL,    0x04A80, 0,     1,   "8.2.3.9.2") \
	X(RTTDCS,      0x04900, 0,     1,   "8.2.3.10.2") \
	X(TXPBTHRESH,  0x04950, 4,     8,   "8.2.3.9.16") \
	X(DTXMXSZRQ,   0x08100, 0,     1,   "8.2.3.9.1") \
	X(MTQC,        0x08120, 0,     1,   "8.2.3.9.15") \
	X(TXPBSIZE,    0x0CC00, 4,     8,   "8.2.3.9.13") \
	/* filters */ \
	X(FCTRL,       0x05080, 0,     1,   "8.2.3.7.1") \
	X(VLNCTRL,     0x05088, 0,     1,   "8.2.3.7.2") \
	X(MCSTCTRL,    0x05090, 0,     1,   "8.2.3.7.3") \
	X(MTA,         0x05200, 4,     128, "8.2.3.7.7") \
	X(PFVTCTL,     0x051B0, 0,     1,   "8.2.3.27.1") \
	X(RAL,         0x0A200, 8,     128, "8.2.3.7.8") \
	X(RAH,         0x0A204, 8,     128, "8.2.3.7.9") \
	X(MPSAR,       0x0A600, 4,     256, "8.2.3.7.10") \
	X(MRQC,        0x0EC80, 0,     1,   "8.2.3.7.12")
/* clang-format on */

#define IXGBE_REGISTERS(X) IXGBE_PACKET_REGISTERS(X) IXGBE_OTHER_REGISTERS(X)

/** Of each register NAME: IXGBE_NAME, the offset of the first; IXGBE_NAME_STRIDE, from one to the next;
 * IXGBE_NAME_COUNT, how many there are. */
enum ixgbe_register {
#define X(name, offset, stride, count, ...)                                                                            \
	IXGBE_##name = (offset), IXGBE_##name##_STRIDE = (stride), IXGBE_##name##_COUNT = (count),
	IXGBE_REGISTERS(X)
#undef X
};

/** The offset of the i-th register of a name. */
#define IXGBE_AT(name, i) ((uint32_t)IXGBE_##name + IXGBE_##name##_STRIDE * (uint32_t)(i))

/** The same for the per-queue receive registers (RDBAL, ..., RSCCTL), of which there is a second block for queues 64 to
 * 127 (82599 DS 8.2.3.8). */
#define IXGBE_RX_AT(name, queue)                                                                                       \
	(IXGBE_AT(name, (queue) % IXGBE_##name##_COUNT) + IXGBE_RX_BLOCK * ((queue) / IXGBE_##name##_COUNT))
#define IXGBE_RX_BLOCK 0x0C000u

#define IXGBE_BAR_BYTES 0x20000u /* what the list needs of BAR0 */
