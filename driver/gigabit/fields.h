/* SPDX-License-Identifier: BSD-2-Clause
 * The register fields that bring-up, link, filters and interrupts of the gigabit chips use, under their datasheet
 * names. Offsets are in registers.h; descriptors' fields stand beside the code that reads and writes descriptors. */
#pragma once

#include <stdint.h>

#define GIGABIT_BIT(n) (UINT32_C(1) << (n))

/* device */
#define GIGABIT_CTRL_GIO_MASTER_DISABLE   GIGABIT_BIT(2)
#define GIGABIT_CTRL_LRST                 GIGABIT_BIT(3) /* of the 82540EM */
#define GIGABIT_CTRL_ASDE                 GIGABIT_BIT(5) /* of the 82540EM */
#define GIGABIT_CTRL_SLU                  GIGABIT_BIT(6)
#define GIGABIT_CTRL_FRCSPD               GIGABIT_BIT(11)
#define GIGABIT_CTRL_FRCDPX               GIGABIT_BIT(12)
#define GIGABIT_CTRL_RST                  GIGABIT_BIT(26)
#define GIGABIT_CTRL_RFCE                 GIGABIT_BIT(27)
#define GIGABIT_CTRL_TFCE                 GIGABIT_BIT(28)
#define GIGABIT_CTRL_VME                  GIGABIT_BIT(30)
#define GIGABIT_STATUS_FD                 GIGABIT_BIT(0)
#define GIGABIT_STATUS_LU                 GIGABIT_BIT(1)
#define GIGABIT_STATUS_FUNC_SHIFT         2
#define GIGABIT_STATUS_SPEED_SHIFT        6
#define GIGABIT_STATUS_SPEED              (UINT32_C(3) << 6)
#define GIGABIT_STATUS_PCIX_MODE          GIGABIT_BIT(13) /* of the 82544GC and 82545EM */
#define GIGABIT_STATUS_GIO_MASTER_ENABLE  GIGABIT_BIT(19)
#define GIGABIT_EECD_SK                   GIGABIT_BIT(0) /* pins of the EEPROM: clock, */
#define GIGABIT_EECD_CS                   GIGABIT_BIT(1) /* select, */
#define GIGABIT_EECD_DI                   GIGABIT_BIT(2) /* to it, */
#define GIGABIT_EECD_DO                   GIGABIT_BIT(3) /* from it */
#define GIGABIT_EECD_PRES                 GIGABIT_BIT(8)
#define GIGABIT_EECD_AUTO_RD              GIGABIT_BIT(9) /* not of the 82540EM, where this bit is the EEPROM's size */
#define GIGABIT_EECD_FLASH                (UINT32_C(3) << 15) /* the NVM is a flash; of the 82574L */
#define GIGABIT_EERD_START                GIGABIT_BIT(0)
#define GIGABIT_EERD_DATA_SHIFT           16
#define GIGABIT_CTRL_EXT_EE_RST           GIGABIT_BIT(13) /* of the 82544GC */
#define GIGABIT_CTRL_EXT_DRV_LOAD         GIGABIT_BIT(28)
#define GIGABIT_POEMB_D0A_LPLU            GIGABIT_BIT(1)
#define GIGABIT_EXTCNF_CTRL_MDIO_SW       GIGABIT_BIT(5)
#define GIGABIT_MANC_ARP_EN               GIGABIT_BIT(13)
#define GIGABIT_CTRL_BIT29                GIGABIT_BIT(29) /* of the 82574L */
#define GIGABIT_CTRL_EXT_BIT22            GIGABIT_BIT(22) /* of the 82574L */
#define GIGABIT_CTRL_EXT_BIT23            GIGABIT_BIT(23) /* of the 82574L */
#define GIGABIT_GCR_BIT22                 GIGABIT_BIT(22) /* of the 82574L */
#define GIGABIT_GCR_L1_ACT_WITHOUT_L0S_RX GIGABIT_BIT(27) /* of the 82574L */
#define GIGABIT_GCR2_BIT0                 GIGABIT_BIT(0)
#define GIGABIT_FCRTL_XONE                GIGABIT_BIT(31)
#define GIGABIT_FCAL_PAUSE                UINT32_C(0x00C28001) /* the address of pause frames, 01:80:c2:00:00:01 */
#define GIGABIT_FCAH_PAUSE                UINT32_C(0x00000100)
#define GIGABIT_FCT_PAUSE                 UINT32_C(0x00008808) /* and their type */
#define GIGABIT_PBA_RXA                   UINT32_C(0xFFFF)     /* KiB */

/* PHY, by MDIC */
#define GIGABIT_MDIC_REG_SHIFT 16
#define GIGABIT_MDIC_PHY_1     (UINT32_C(1) << 21) /* the copper PHY's address */
#define GIGABIT_MDIC_WRITE     (UINT32_C(1) << 26)
#define GIGABIT_MDIC_READ      (UINT32_C(2) << 26)
#define GIGABIT_MDIC_READY     GIGABIT_BIT(28)
#define GIGABIT_MDIC_ERROR     GIGABIT_BIT(30)

/* registers of every gigabit PHY: IEEE 802.3, 22.2.4 and 40.5.1 */
#define GIGABIT_PHY_BMCR         0u
#define GIGABIT_PHY_BMSR         1u
#define GIGABIT_PHY_ID1          2u
#define GIGABIT_PHY_ID2          3u
#define GIGABIT_PHY_ANAR         4u /* what is advertised of 10 and 100 Mbit/s */
#define GIGABIT_PHY_ANLPAR       5u /* what the partner offers of them */
#define GIGABIT_PHY_GBCR         9u /* the same of 1 Gbit/s */
#define GIGABIT_PHY_GBSR         10u
#define GIGABIT_BMSR_LINK        (1u << 2)
#define GIGABIT_BMSR_AUTONEG_END (1u << 5)
#define GIGABIT_BMCR_RESTART     (1u << 9)
#define GIGABIT_BMCR_ISOLATE     (1u << 10)
#define GIGABIT_BMCR_POWERDOWN   (1u << 11)
#define GIGABIT_BMCR_AUTONEG     (1u << 12)
#define GIGABIT_BMCR_LOOPBACK    (1u << 14)
#define GIGABIT_BMCR_RESET       (1u << 15)
#define GIGABIT_ANAR_10          (3u << 5) /* in ANLPAR too, as the next one: half and full duplex */
#define GIGABIT_ANAR_100         (3u << 7)
#define GIGABIT_ANAR_PAUSE       (3u << 10)
#define GIGABIT_GBCR_HALF        (1u << 8)
#define GIGABIT_GBCR_FULL        (1u << 9)
#define GIGABIT_GBCR_MASTER_SET  (1u << 12) /* master or slave by hand */
#define GIGABIT_GBSR_IDLE_ERRORS 0xFFu
#define GIGABIT_GBSR_SHIFT       2 /* GBCR's bits of the partner */
#define GIGABIT_GBSR_FAULT       (1u << 15)

/* interrupts */
#define GIGABIT_ICR_LSC          GIGABIT_BIT(2)
#define GIGABIT_ICR_RX           GIGABIT_BIT(7) /* RXT0: a descriptor was written back, as RDTR is 0; 82576: RXDW */
#define GIGABIT_ICR_RXQ(i)       GIGABIT_BIT(20 + (i)) /* of the 82574L with MSI-X, as the next ones */
#define GIGABIT_ICR_OTHER        GIGABIT_BIT(24)
#define GIGABIT_IVAR_VALID       8u /* of 4 bits; 2:0 is a vector. Receive queue i is at 4 i */
#define GIGABIT_IVAR_OTHER_SHIFT 16
#define GIGABIT_CTRL_EXT_EIAME   GIGABIT_BIT(24) /* what is in IAM is masked when its message is sent */
#define GIGABIT_CTRL_EXT_IAME    GIGABIT_BIT(27) /* ... and when ICR is read */
#define GIGABIT_CTRL_EXT_PBA_CLR GIGABIT_BIT(31)
#define GIGABIT_RFCTL_ACK_DIS    GIGABIT_BIT(12)

/* receive */
#define GIGABIT_RCTL_EN          GIGABIT_BIT(1)
#define GIGABIT_RCTL_UPE         GIGABIT_BIT(3)
#define GIGABIT_RCTL_MPE         GIGABIT_BIT(4)
#define GIGABIT_RCTL_LPE         GIGABIT_BIT(5)
#define GIGABIT_RCTL_BAM         GIGABIT_BIT(15)
#define GIGABIT_RCTL_BSIZE_SHIFT 16 /* of the receive buffers' size: 2048 >> BSIZE, with BSEX 32768 >> BSIZE */
#define GIGABIT_RCTL_VFE         GIGABIT_BIT(18)
#define GIGABIT_RCTL_BSEX        GIGABIT_BIT(25)
#define GIGABIT_RCTL_SECRC       GIGABIT_BIT(26)
#define GIGABIT_RXDCTL_WTHRESH_1 GIGABIT_BIT(16)
#define GIGABIT_RXDCTL_GRAN      GIGABIT_BIT(24)
#define GIGABIT_RXCSUM_IPOFLD    GIGABIT_BIT(8)
#define GIGABIT_RXCSUM_TUOFLD    GIGABIT_BIT(9)
#define GIGABIT_RXCSUM_PCSD      GIGABIT_BIT(13)
#define GIGABIT_RFCTL_EXSTEN     GIGABIT_BIT(15)
#define GIGABIT_MRQC_RSS_2       1u /* of the 82574L: RSS over two queues */
#define GIGABIT_MRQC_RSS_16      2u /* of the 82576 */
#define GIGABIT_MRQC_IPV6_TCP_EX GIGABIT_BIT(18)
#define GIGABIT_RAH_AV           GIGABIT_BIT(31)

/* transmit */
#define GIGABIT_TCTL_EN     GIGABIT_BIT(1)
#define GIGABIT_TCTL_PSP    GIGABIT_BIT(3)
#define GIGABIT_TCTL_CT     (UINT32_C(0x0F) << 4)
#define GIGABIT_TCTL_COLD   (UINT32_C(0x40) << 12)
#define GIGABIT_TCTL_RTLC   GIGABIT_BIT(24)
#define GIGABIT_TCTL_MULR   GIGABIT_BIT(28)            /* of the 82574L */
#define GIGABIT_TIPG_COPPER (8u | 8u << 10 | 6u << 20) /* doubt 28 */
/* GRAN, PTHRESH and HTHRESH. WTHRESH stays 0: only then does report-status alone bring a write-back */
#define GIGABIT_TXDCTL_THRESHOLDS (UINT32_C(1) << 24 | 31u | 1u << 8)
#define GIGABIT_TXDCTL_COUNT_DESC GIGABIT_BIT(22) /* of the 82574L */
#define GIGABIT_TARC_BIT0         GIGABIT_BIT(0)
#define GIGABIT_TARC_ENABLE       GIGABIT_BIT(10)
#define GIGABIT_TARC_BIT26        GIGABIT_BIT(26)
#define GIGABIT_TARC_BITS_30_27   (UINT32_C(0xF) << 27)
#define GIGABIT_VET_VLAN          UINT32_C(0x8100)
