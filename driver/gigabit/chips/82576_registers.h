/* SPDX-License-Identifier: BSD-2-Clause
 * The registers of the 82576 that its predecessors do not have, or have elsewhere, once, as data, under the name that
 * this chip and its successors have in all drivers: igb. What it shares with its predecessors is in ../registers.h. */
#pragma once

#include <stdint.h>

/* clang-format off */
#define IGB_REGISTERS(X) \
	/* name      offset   stride count */ \
	/* interrupts */ \
	X(GPIE,      0x01514, 0,     1) \
	X(EIMS,      0x01524, 0,     1) \
	X(EIMC,      0x01528, 0,     1) \
	X(EIAC,      0x0152C, 0,     1) \
	X(EIAM,      0x01530, 0,     1) \
	X(EICR,      0x01580, 0,     1) \
	X(EITR,      0x01680, 4,     25) \
	X(IVAR,      0x01700, 4,     8) \
	X(IVAR_MISC, 0x01740, 0,     1) \
	/* shared with firmware */ \
	X(SWSM,      0x05B50, 0,     1) \
	X(SW_FW_SYNC, 0x05B5C, 0,    1) \
	/* receive */ \
	X(RXPBS,     0x02404, 0,     1) \
	X(RLPML,     0x05004, 0,     1) \
	X(VT_CTL,    0x0581C, 0,     1) \
	X(UTA,       0x0A000, 4,     128) \
	X(RAL_16,    0x054E0, 8,     8) /* exact filters 16 to 23 */ \
	X(RAH_16,    0x054E4, 8,     8) \
	X(RDBAL,     0x0C000, 0x40,  16) \
	X(RDBAH,     0x0C004, 0x40,  16) \
	X(RDLEN,     0x0C008, 0x40,  16) \
	X(SRRCTL,    0x0C00C, 0x40,  16) \
	X(RDH,       0x0C010, 0x40,  16) \
	X(RDT,       0x0C018, 0x40,  16) \
	X(RXDCTL,    0x0C028, 0x40,  16) \
	/* transmit */ \
	X(TDBAL,     0x0E000, 0x40,  16) \
	X(TDBAH,     0x0E004, 0x40,  16) \
	X(TDLEN,     0x0E008, 0x40,  16) \
	X(TDH,       0x0E010, 0x40,  16) \
	X(TDT,       0x0E018, 0x40,  16) \
	X(TXDCTL,    0x0E028, 0x40,  16) \
	X(TDWBAL,    0x0E038, 0x40,  16) \
	IGB_COUNTERS(X)

/* Counters: see ../../counter_registers.h. Frames for queues without descriptors are dropped, and counted as received
 * before: the card's packet buffer had them (doubt 40). */
#define IGB_COUNTERS(X) \
	X(RQDPC,     0x0C030, 0x40, 16, 12, STAT(rx_no_descriptor) | QUEUE(missed) | TAKEN_OFF, \
		"rx_queue_dropped_packets", \
		"Frames lost because this queue was full; a counter of 12 bits, which can run full within 3 ms") \
	X(HTDPMC,    0x0403C, 0, 1, 32, 0, "tx_discarded_packets", "Frames that the MAC did not send")
/* clang-format on */

/** Of each register NAME: IGB_NAME, the offset of the first; IGB_NAME_STRIDE, from one to the next; IGB_NAME_COUNT, how
 * many there are. */
enum igb_register {
#define X(name, offset, stride, count, ...)                                                                            \
	IGB_##name = (offset), IGB_##name##_STRIDE = (stride), IGB_##name##_COUNT = (count),
	IGB_REGISTERS(X)
#undef X
};

/** The offset of the i-th register of a name. */
#define IGB_AT(name, i) ((uint32_t)IGB_##name + IGB_##name##_STRIDE * (uint32_t)(i))

#define IGB_BAR_BYTES 0x10000u /* what the list needs of BAR0 */

/* fields */
#define IGB_GPIE_NSICR            (UINT32_C(1) << 0) /* each read of ICR clears it */
#define IGB_GPIE_MULTIPLE_MSIX    (UINT32_C(1) << 4)
#define IGB_GPIE_EIAME            (UINT32_C(1) << 30) /* what is in EIAM is masked when its message is sent */
#define IGB_GPIE_PBA_SUPPORT      (UINT32_C(1) << 31)
#define IGB_IVAR_VALID            UINT32_C(0x80) /* of each byte; 4:0 is a vector */
#define IGB_IVAR_MISC_OTHER_SHIFT 8
#define IGB_XXDCTL_ENABLE         (UINT32_C(1) << 25) /* RXDCTL and TXDCTL */
/* PTHRESH, HTHRESH, WTHRESH: at most 1 here (an erratum), and RS alone brings a write-back with it (doubt 31) */
#define IGB_RXDCTL_THRESHOLDS        (8u | 8u << 8 | 1u << 16)
#define IGB_TXDCTL_THRESHOLDS        (8u | 1u << 8 | 1u << 16)
#define IGB_SRRCTL_BSIZEPACKET_UNIT  1024u               /* of bits 6:0 */
#define IGB_SRRCTL_DESCTYPE_ONE      (UINT32_C(1) << 25) /* advanced, one buffer */
#define IGB_SRRCTL_DROP_EN           (UINT32_C(1) << 31)
#define IGB_CTRL_EXT_EXTENDED_VLAN   (UINT32_C(1) << 26)
#define IGB_RFCTL_IPV6_EX_DIS        (UINT32_C(1) << 16)
#define IGB_SWSM_SMBI                (UINT32_C(1) << 0)
#define IGB_SWSM_SWESMBI             (UINT32_C(1) << 1)
#define IGB_SW_FW_SYNC_EEP           (UINT32_C(1) << 0)
#define IGB_SW_FW_SYNC_PHY0          (UINT32_C(1) << 1)
#define IGB_SW_FW_SYNC_PHY1          (UINT32_C(1) << 2)
#define IGB_SW_FW_SYNC_PHY2          (UINT32_C(1) << 5)
#define IGB_SW_FW_SYNC_PHY3          (UINT32_C(1) << 6)
#define IGB_SW_FW_SYNC_FW_SHIFT      16 /* the firmware's bit of a PHY is the drivers', shifted */
#define IGB_GCR_CMPL_TMOUT_RESEND    (UINT32_C(1) << 16)
#define IGB_GCR_CMPL_TMOUT           (UINT32_C(0xF) << 12)
#define IGB_GCR_CMPL_TMOUT_10MS      (UINT32_C(1) << 12)
#define IGB_GCR_CAP_VER2             (UINT32_C(1) << 18) /* the timeout is in DEVCTL2 */
#define IGB_DEVCTL2_16_TO_55_MS      5u
#define IGB_CTRL_EXT_LINK_MODE_SHIFT 22 /* two bits; 0: copper */
