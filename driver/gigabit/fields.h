/* SPDX-License-Identifier: BSD-2-Clause
 * The register fields that bring-up, link, filters and interrupts of the e1000 family use, under their datasheet names.
 * Offsets are in registers.h; descriptors' fields stand beside the code that reads and writes descriptors. */
#ifndef POLLUX_DRIVER_E1000_FIELDS_H
#define POLLUX_DRIVER_E1000_FIELDS_H

#include <stdint.h>

#define E1000_BIT(n) (UINT32_C(1) << (n))

/* device */
#define E1000_CTRL_GIO_MASTER_DISABLE   E1000_BIT(2)
#define E1000_CTRL_LRST                 E1000_BIT(3) /* of the 82540EM */
#define E1000_CTRL_ASDE                 E1000_BIT(5) /* of the 82540EM */
#define E1000_CTRL_SLU                  E1000_BIT(6)
#define E1000_CTRL_FRCSPD               E1000_BIT(11)
#define E1000_CTRL_FRCDPX               E1000_BIT(12)
#define E1000_CTRL_RST                  E1000_BIT(26)
#define E1000_CTRL_RFCE                 E1000_BIT(27)
#define E1000_CTRL_TFCE                 E1000_BIT(28)
#define E1000_CTRL_VME                  E1000_BIT(30)
#define E1000_STATUS_LU                 E1000_BIT(1)
#define E1000_STATUS_FUNC_SHIFT         2
#define E1000_STATUS_SPEED_SHIFT        6
#define E1000_STATUS_GIO_MASTER_ENABLE  E1000_BIT(19)
#define E1000_EECD_PRES                 E1000_BIT(8)
#define E1000_EECD_AUTO_RD              E1000_BIT(9) /* not of the 82540EM, where this bit is the EEPROM's size */
#define E1000_EERD_START                E1000_BIT(0)
#define E1000_EERD_DATA_SHIFT           16
#define E1000_CTRL_EXT_DRV_LOAD         E1000_BIT(28)
#define E1000_EXTCNF_CTRL_MDIO_SW       E1000_BIT(5)
#define E1000_MANC_ARP_EN               E1000_BIT(13)
#define E1000_GCR_L1_ACT_WITHOUT_L0S_RX E1000_BIT(22)
#define E1000_GCR2_BIT0                 E1000_BIT(0)
#define E1000_PBA_RXA                   UINT32_C(0xFFFF) /* KiB */

/* PHY, by MDIC */
#define E1000_MDIC_REG_SHIFT 16
#define E1000_MDIC_PHY_1     (UINT32_C(1) << 21) /* the copper PHY's address */
#define E1000_MDIC_WRITE     (UINT32_C(1) << 26)
#define E1000_MDIC_READ      (UINT32_C(2) << 26)
#define E1000_MDIC_READY     E1000_BIT(28)
#define E1000_MDIC_ERROR     E1000_BIT(30)
#define E1000_PHY_BMCR       0u
#define E1000_PHY_BMSR       1u
#define E1000_BMSR_LINK      (1u << 2)
#define E1000_BMCR_RESTART   (1u << 9)
#define E1000_BMCR_ISOLATE   (1u << 10)
#define E1000_BMCR_POWERDOWN (1u << 11)
#define E1000_BMCR_AUTONEG   (1u << 12)
#define E1000_BMCR_LOOPBACK  (1u << 14)

/* interrupts */
#define E1000_ICR_LSC E1000_BIT(2)

/* receive */
#define E1000_RCTL_EN          E1000_BIT(1)
#define E1000_RCTL_UPE         E1000_BIT(3)
#define E1000_RCTL_MPE         E1000_BIT(4)
#define E1000_RCTL_LPE         E1000_BIT(5)
#define E1000_RCTL_BAM         E1000_BIT(15)
#define E1000_RCTL_SECRC       E1000_BIT(26)
#define E1000_RXDCTL_WTHRESH_1 E1000_BIT(16)
#define E1000_RXDCTL_GRAN      E1000_BIT(24)
#define E1000_RXCSUM_PCSD      E1000_BIT(13)
#define E1000_RFCTL_EXSTEN     E1000_BIT(15)
#define E1000_RAH_AV           E1000_BIT(31)

/* transmit */
#define E1000_TCTL_EN           E1000_BIT(1)
#define E1000_TCTL_PSP          E1000_BIT(3)
#define E1000_TCTL_CT           (UINT32_C(0x0F) << 4)
#define E1000_TCTL_COLD         (UINT32_C(0x40) << 12)
#define E1000_TCTL_RTLC         E1000_BIT(24)
#define E1000_TCTL_MULR         E1000_BIT(28) /* of the 82574L */
#define E1000_TIPG_COPPER       (8u | 8u << 10 | 6u << 20)
#define E1000_TXDCTL_PTHRESH    31u
#define E1000_TXDCTL_HTHRESH    (1u << 8)
#define E1000_TXDCTL_COUNT_DESC E1000_BIT(22) /* of the 82574L */
#define E1000_TXDCTL_GRAN       E1000_BIT(24)
#define E1000_TARC_BIT0         E1000_BIT(0)
#define E1000_TARC_ENABLE       E1000_BIT(10)

#endif
