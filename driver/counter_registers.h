/* SPDX-License-Identifier: BSD-2-Clause
 * Registers that count, once, as data: those that all families of cards have alike. The others are in the families'
 * lists of registers. A row has, besides what a register's has, its bits; which field of nic_stats it is a part of
 * (counters.h); its name in nic_get_counters, and what it says. Lengths there include the FCS. */
#pragma once

/* clang-format off */
/* The high words of counters of more than 32 bits, which stand behind their low words. */
#define CARD_COUNTERS_HIGH(X) \
	X(GORCH,   0x0408C, 0, 1, "") \
	X(GOTCH,   0x04094, 0, 1, "") \
	X(TORH,    0x040C4, 0, 1, "")
/* Those of bytes come before those of packets. */
#define CARD_COUNTERS(X, pair) \
	X(GOTCL,   0x04090, 0, 1, pair, STAT(tx_bytes), "tx_good_bytes", "Bytes of the frames of tx_good_packets") \
	X(TORL,    0x040C0, 0, 1, pair, 0, "rx_total_bytes", "Bytes of the frames of rx_total_packets") \
	X(GPTC,    0x04080, 0, 1, 32, STAT(tx_packets), "tx_good_packets", "Frames sent") \
	X(CRCERRS, 0x04000, 0, 1, 32, STAT(rx_errors), "rx_crc_errors", "Frames of 64 bytes or more with a wrong FCS") \
	X(RLEC,    0x04040, 0, 1, 32, STAT(rx_errors), "rx_length_errors", "Frames whose length field is wrong") \
	X(RUC,     0x040A4, 0, 1, 32, STAT(rx_errors), "rx_undersize_errors", "Frames below 64 bytes with a good FCS") \
	X(RFC,     0x040A8, 0, 1, 32, STAT(rx_errors), "rx_fragment_errors", "Frames below 64 bytes with a bad FCS") \
	X(ROC,     0x040AC, 0, 1, 32, STAT(rx_errors), "rx_oversize_errors", "Frames that are too long") \
	X(RJC,     0x040B0, 0, 1, 32, STAT(rx_errors), "rx_jabber_errors", "Frames too long, with a bad FCS") \
	X(MPRC,    0x0407C, 0, 1, 32, STAT(rx_multicast), "rx_multicast_packets", "Good frames to groups") \
	X(BPRC,    0x04078, 0, 1, 32, STAT(rx_broadcast), "rx_broadcast_packets", "Good frames to everybody") \
	X(PRC64,   0x0405C, 0, 1, 32, 0, "rx_size_64_packets", "Frames received of 64 bytes with FCS") \
	X(PRC127,  0x04060, 0, 1, 32, 0, "rx_size_65_to_127_packets", "Frames received of 65 to 127 bytes") \
	X(PRC255,  0x04064, 0, 1, 32, 0, "rx_size_128_to_255_packets", "Frames received of 128 to 255 bytes") \
	X(PRC511,  0x04068, 0, 1, 32, 0, "rx_size_256_to_511_packets", "Frames received of 256 to 511 bytes") \
	X(PRC1023, 0x0406C, 0, 1, 32, 0, "rx_size_512_to_1023_packets", "Frames received of 512 to 1023 bytes") \
	X(PRC1522, 0x04070, 0, 1, 32, 0, "rx_size_1024_to_max_packets", "Frames received of 1024 bytes or more") \
	X(TPR,     0x040D0, 0, 1, 32, 0, "rx_total_packets", "All frames on the wire, bad ones and others' too") \
	X(TPT,     0x040D4, 0, 1, 32, 0, "tx_total_packets", "All frames sent, also by firmware") \
	X(PTC64,   0x040D8, 0, 1, 32, 0, "tx_size_64_packets", "Frames sent of 64 bytes with FCS") \
	X(PTC127,  0x040DC, 0, 1, 32, 0, "tx_size_65_to_127_packets", "Frames sent of 65 to 127 bytes") \
	X(PTC255,  0x040E0, 0, 1, 32, 0, "tx_size_128_to_255_packets", "Frames sent of 128 to 255 bytes") \
	X(PTC511,  0x040E4, 0, 1, 32, 0, "tx_size_256_to_511_packets", "Frames sent of 256 to 511 bytes") \
	X(PTC1023, 0x040E8, 0, 1, 32, 0, "tx_size_512_to_1023_packets", "Frames sent of 512 to 1023 bytes") \
	X(PTC1522, 0x040EC, 0, 1, 32, 0, "tx_size_1024_to_max_packets", "Frames sent of 1024 bytes or more") \
	X(MPTC,    0x040F0, 0, 1, 32, 0, "tx_multicast_packets", "Frames sent to groups") \
	X(BPTC,    0x040F4, 0, 1, 32, 0, "tx_broadcast_packets", "Frames sent to everybody")
/* clang-format on */
