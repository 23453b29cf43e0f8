/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the 82599, X540 and X550 that no packet needs: NVM, link, module, PHY, semaphores, statistics.
 * A part of the list in registers.h, which says what the columns are. */
#pragma once

#include "../counter_registers.h"

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
	/* interrupts */ \
	X(EIAC,        0x00810, 0,     1,   "8.2.3.5.5?") \
	X(EITR,        0x00820, 4,     24,  "8.2.3.5.12") \
	X(EIMS,        0x00880, 0,     1,   "8.2.3.5.3?") \
	X(GPIE,        0x00898, 0,     1,   "8.2.3.5.18?") \
	X(IVAR,        0x00900, 4,     64,  "8.2.3.5.16") \
	X(IVAR_MISC,   0x00A00, 0,     1,   "8.2.3.5.17?") \
	X(EIMS_EX,     0x00AA0, 4,     2,   "8.2.3.5.8-10") \
	X(EIAM_EX,     0x00AD0, 4,     2,   "8.2.3.5.8-10") \
	X(EITR_HIGH,   0x12300, 4,     40,  "8.2.3.5.12") \
	/* link and MAC */ \
	X(AUTOC,       0x042A0, 0,     1,   "8.2.3.22.19") \
	X(LINKS,       0x042A4, 0,     1,   "8.2.3.22.20") \
	X(AUTOC2,      0x042A8, 0,     1,   "8.2.3.22.2x?") \
	X(ANLP1,       0x042B0, 0,     1,   "8.2.3.22.23") \
	X(PCS1GLSTA,   0x0420C, 0,     1,   "8.2.3.22.4?") \
	X(PCS1GANA,    0x04218, 0,     1,   "8.2.3.22.5?") \
	X(PCS1GANLP,   0x0421C, 0,     1,   "8.2.3.22.6?") \
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
	/* queues whose descriptors the X550 takes for an attack, a bit each; write 1 to clear */ \
	X(WQBR_RX,     0x02FB0, 4,     4,   "X550 8.2.2.22.7") \
	X(WQBR_TX,     0x08130, 4,     4,   "X550 8.2.2.22?") \
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
	/* statistics: all are cleared by reading, but these */ \
	X(RQSMR,       0x02300, 4,     32,  "8.2.3.23") \
	X(TQSM,        0x08600, 4,     32,  "8.2.3.23") \
	CARD_COUNTERS_HIGH(X) IXGBE_COUNTERS_HIGH(X) IXGBE_COUNTERS(X)

#define IXGBE_COUNTERS_HIGH(X) \
	X(QBRC_H,      0x01038, 0x40,  16,  "8.2.3.23") \
	X(QBTC_H,      0x08704, 8,     16,  "8.2.3.23") \
	X(RXNFGBCH,    0x041B8, 0,     1,   "8.2.3.23") \
	X(TXDGBCH,     0x087A8, 0,     1,   "8.2.3.23")
/* Counters: see counter_registers.h. That GPRC counts missed frames too is an erratum; whether ILLERRC, ERRBC and MSPDC
 * count frames is doubt 11. Sent pause frames are in GPTC and GOTC, too (X550 DS 8.2.2.17.41) */
#define IXGBE_COUNTERS(X) \
	CARD_COUNTERS(X, 36) \
	X(LXONTXC,    0x03F60, 0, 1, 32, TAKEN_OFF, "tx_xon_packets", "Pause frames sent that end a pause") \
	X(LXOFFTXC,   0x03F68, 0, 1, 32, STAT(tx_pause_frames) | TAKEN_OFF, "tx_xoff_packets", \
		"Pause frames sent that begin a pause") \
	X(GORCL,      0x04088, 0, 1, 36, 0, "rx_good_bytes", "Bytes of the frames of rx_good_packets") \
	X(GPRC,       0x04074, 0, 1, 32, 0, "rx_good_packets", "Good frames that passed the filters, lost ones too") \
	X(MPC,        0x03FA0, 0, 1, 32, STAT(rx_missed), "rx_missed_packets", "Lost: the packet buffer was full") \
	X(LXONRXCNT,  0x041A4, 0, 1, 32, 0, "rx_xon_packets", "Pause frames received that end a pause") \
	X(LXOFFRXCNT, 0x041A8, 0, 1, 32, STAT(rx_pause_frames), "rx_xoff_packets", \
		"Pause frames received that begin a pause") \
	X(ILLERRC,    0x04004, 0, 1, 32, 0, "rx_illegal_byte_errors", "Frames with an illegal symbol in them") \
	X(ERRBC,      0x04008, 0, 1, 32, 0, "rx_error_byte_errors", "Frames with an error symbol in them") \
	X(MSPDC,      0x04010, 0, 1, 32, 0, "rx_mac_short_packets", "Frames so short that the MAC has dropped them") \
	X(MLFC,       0x04034, 0, 1, 32, 0, "mac_local_faults", "Faults of this end of the link, at 10 Gbit/s") \
	X(MRFC,       0x04038, 0, 1, 32, 0, "mac_remote_faults", "Faults that the other end has told, at 10 Gbit/s") \
	X(XEC,        0x04120, 0, 1, 32, 0, "rx_checksum_errors", "Frames with a wrong checksum of IPv4, TCP or UDP") \
	X(RXNFGBCL,   0x041B4, 0, 1, 36, 0, "rx_unfiltered_bytes", "Bytes of the frames of rx_unfiltered_packets") \
	X(RXNFGPC,    0x041B0, 0, 1, 32, 0, "rx_unfiltered_packets", "Good frames on the wire, whoever they are for") \
	X(TXDGBCL,    0x087A4, 0, 1, 36, 0, "tx_dma_bytes", "Bytes of the frames of tx_dma_packets") \
	X(TXDGPC,     0x087A0, 0, 1, 32, 0, "tx_dma_packets", "Frames fetched from memory, not all of them sent yet") \
	X(SSVPC,      0x08780, 0, 1, 32, 0, "tx_spoofed_packets", "Frames that the card's own switch has dropped") \
	X(MNGPRC,     0x040B4, 0, 1, 32, 0, "rx_management_packets", "Frames for the management firmware") \
	X(MNGPDC,     0x040B8, 0, 1, 32, 0, "rx_management_dropped_packets", "Those of them that it had no room for") \
	X(QBRC_L,     0x01034, 0x40, 16, 36, STAT(rx_bytes) | QUEUE(bytes), "rx_queue_dma_bytes", \
		"Bytes of the frames of rx_queue_dma_packets") \
	X(QPRC,       0x01030, 0x40, 16, 32, STAT(rx_packets), "rx_queue_dma_packets", \
		"Frames that the card has written into this queue's ring (queue 15 and further ones share a counter)") \
	X(QPRDC,      0x01430, 0x40, 16, 32, STAT(rx_no_descriptor) | QUEUE(missed), "rx_queue_dropped_packets", \
		"Frames lost because this queue was full, or stopped (queue 15 and further ones share a counter)") \
	X(QBTC_L,     0x08700, 8, 16, 36, QUEUE(bytes), "tx_queue_dma_bytes", \
		"Bytes of the frames of tx_queue_dma_packets") \
	X(QPTC,       0x06030, 0x40, 16, 32, 0, "tx_queue_dma_packets", \
		"Frames that the card has taken from this queue's ring (queue 15 and further ones share a counter)")
/* clang-format on */
