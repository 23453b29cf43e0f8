/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the 82599, X540 and X550 that no packet needs: NVM, link, module, PHY, semaphores, statistics.
 * A part of the list in registers.h, which says what the columns are. */
#pragma once

/* clang-format off */
#define IXGBE_OTHER_REGISTERS(X) \
	/* name        offset   stride count  section */ \
	/* device, NVM and semaphores */ \
	X(ESDP,        0x00020, 0,     1,   "8.2.3.1.4?") \
	X(I2CCTL,      0x00028, 0,     1,   "8.2.3.1.5?") \
	X(EERD,        0x10014, 0,     1,   "8.2.3.2.2") \
	X(SWSM,        0x10140, 0,     1,   "8.2.3.4.9") \
	X(FWSM,        0x10148, 0,     1,   "8.2.3.4.10") \
	X(SW_FW_SYNC,  0x10160, 0,     1,   "8.2.3.4.11") \
	/* link and MAC */ \
	X(AUTOC,       0x042A0, 0,     1,   "8.2.3.22.19") \
	X(LINKS,       0x042A4, 0,     1,   "8.2.3.22.20") \
	X(AUTOC2,      0x042A8, 0,     1,   "8.2.3.22.2x?") \
	X(ANLP1,       0x042B0, 0,     1,   "8.2.3.22.23") \
	X(MMNGC,       0x042D0, 0,     1,   "8.2.3.22.2x?") \
	X(CORECTL,     0x14F00, 0,     1,   "8.2.3.22.32") \
	X(MSCA,        0x0425C, 0,     1,   "8.2.3.22.11?") \
	X(MSRWD,       0x04260, 0,     1,   "8.2.3.22.12?") \
	X(FCTTV,       0x03200, 4,     4,   "8.2.3.3.2") \
	X(FCRTL,       0x03220, 4,     8,   "8.2.3.3.3") \
	X(FCRTV,       0x032A0, 0,     1,   "8.2.3.3.5") \
	/* receive */ \
	X(RDH,         0x01010, 0x40,  64,  "8.2.3.8.4") \
	/* transmit */ \
	X(TDWBAL,      0x06038, 0x40,  128, "8.2.3.9.11") \
	X(TDH,         0x06010, 0x40,  128, "8.2.3.9.8") \
	X(DCA_TXCTRL,  0x0600C, 0x40,  128, "8.2.3.11.2") \
	X(RTTDQSEL,    0x04904, 0,     1,   "8.2.3.10.13") \
	X(RTTDT1C,     0x04908, 0,     1,   "8.2.3.10.14") \
	X(RTTBCNRC,    0x04984, 0,     1,   "8.2.3.10.16?") \
	/* filters */ \
	X(VFTA,        0x0A000, 4,     128, "8.2.3.7.11") \
	X(FTQF,        0x0E600, 4,     128, "8.2.3.7.19") \
	X(ETQF,        0x05128, 4,     8,   "8.2.3.7.21") \
	X(FDIRCTRL,    0x0EE00, 0,     1,   "8.2.3.21.1?") \
	X(PFVLVF,      0x0F100, 4,     64,  "8.2.3.27.15") \
	X(PFVLVFB,     0x0F200, 4,     128, "8.2.3.27.16") \
	X(PFUTA,       0x0F400, 4,     128, "8.2.3.27.17") \
	X(RETA,        0x0EB00, 4,     32,  "8.2.3.7.15") \
	X(ERETA,       0x0EE80, 4,     96,  "X550 8.2.2.8.24") \
	X(RSSRK,       0x0EB80, 4,     10,  "8.2.3.7.14") \
	/* statistics: cleared by reading, but RQSMR and TQSM */ \
	X(MPC,         0x03FA0, 4,     8,   "8.2.3.23") \
	X(CRCERRS,     0x04000, 0,     1,   "8.2.3.23") \
	X(RLEC,        0x04040, 0,     1,   "8.2.3.23") \
	X(BPRC,        0x04078, 0,     1,   "8.2.3.23") \
	X(MPRC,        0x0407C, 0,     1,   "8.2.3.23") \
	X(GPTC,        0x04080, 0,     1,   "8.2.3.23") \
	X(GOTCL,       0x04090, 0,     1,   "8.2.3.23") \
	X(GOTCH,       0x04094, 0,     1,   "8.2.3.23") \
	X(RUC,         0x040A4, 0,     1,   "8.2.3.23") \
	X(RFC,         0x040A8, 0,     1,   "8.2.3.23") \
	X(ROC,         0x040AC, 0,     1,   "8.2.3.23") \
	X(RJC,         0x040B0, 0,     1,   "8.2.3.23") \
	X(QPRC,        0x01030, 0x40,  16,  "8.2.3.23") \
	X(QBRC_L,      0x01034, 0x40,  16,  "8.2.3.23") \
	X(QBRC_H,      0x01038, 0x40,  16,  "8.2.3.23") \
	X(QPRDC,       0x01430, 0x40,  16,  "8.2.3.23") \
	X(QBTC_L,      0x08700, 8,     16,  "8.2.3.23") \
	X(QBTC_H,      0x08704, 8,     16,  "8.2.3.23") \
	X(RQSMR,       0x02300, 4,     32,  "8.2.3.23") \
	X(TQSM,        0x08600, 4,     32,  "8.2.3.23")
/* clang-format on */
