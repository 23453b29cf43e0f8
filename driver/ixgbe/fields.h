/* SPDX-License-Identifier: BSD-2-Clause
 * The register fields that bring-up, link, filters and interrupts of the 82599, X540 and X550 use, under their
 * datasheet names. Offsets are in registers.h; those of descriptors in descriptor.h. */
#pragma once

#include <stdint.h>

#define IXGBE_BIT(n) (UINT32_C(1) << (n))

/* device */
#define IXGBE_CTRL_GIO_DIS          IXGBE_BIT(2)
#define IXGBE_CTRL_LNK_RST          IXGBE_BIT(3)
#define IXGBE_CTRL_RST              IXGBE_BIT(26)
#define IXGBE_STATUS_LAN_ID         (UINT32_C(3) << 2)
#define IXGBE_STATUS_GIO            IXGBE_BIT(19)
#define IXGBE_CTRL_EXT_NS_DIS       IXGBE_BIT(16)
#define IXGBE_CTRL_EXT_DRV_LOAD     IXGBE_BIT(28)
#define IXGBE_ESDP_SDP2             IXGBE_BIT(2)
#define IXGBE_ESDP_SDP3             IXGBE_BIT(3)
#define IXGBE_ESDP_SDP5             IXGBE_BIT(5)
#define IXGBE_ESDP_SDP5_DIR         IXGBE_BIT(13)
#define IXGBE_I2CCTL_CLK_IN         IXGBE_BIT(0)
#define IXGBE_I2CCTL_CLK_OUT        IXGBE_BIT(1)
#define IXGBE_I2CCTL_DATA_IN        IXGBE_BIT(2)
#define IXGBE_I2CCTL_DATA_OUT       IXGBE_BIT(3)
#define IXGBE_EERD_START            IXGBE_BIT(0)
#define IXGBE_EERD_DONE             IXGBE_BIT(1)
#define IXGBE_EERD_ADDR_SHIFT       2
#define IXGBE_EERD_DATA_SHIFT       16
#define IXGBE_EEC_EE_PRES           IXGBE_BIT(8)
#define IXGBE_EEC_AUTO_RD           IXGBE_BIT(9)
#define IXGBE_GCR_EXT_VT_MODE       UINT32_C(3)
#define IXGBE_GCR_EXT_BUFFERS_CLEAR IXGBE_BIT(30)
#define IXGBE_SWSM_SMBI             IXGBE_BIT(0)
#define IXGBE_SWSM_SWESMBI          IXGBE_BIT(1)
#define IXGBE_SW_FW_SYNC_EEP        IXGBE_BIT(0)
#define IXGBE_SW_FW_SYNC_PHY0       IXGBE_BIT(1)
#define IXGBE_SW_FW_SYNC_PHY1       IXGBE_BIT(2)
#define IXGBE_SW_FW_SYNC_MAC_CSR    IXGBE_BIT(3)
#define IXGBE_SW_FW_SYNC_REGSMP     IXGBE_BIT(31)
#define IXGBE_SW_FW_SYNC_FW_SHIFT   5 /* the firmware's bit of a resource is the software's, shifted */

/* interrupts */
#define IXGBE_EICR_LSC         IXGBE_BIT(20)
#define IXGBE_EICR_TS          IXGBE_BIT(23) /* of the X540 and X550 */
#define IXGBE_EICR_ECC         IXGBE_BIT(28)
#define IXGBE_EICR_GPI_SDP1    IXGBE_BIT(25) /* of the 82599 */
#define IXGBE_EICR_GPI_SDP2    IXGBE_BIT(26)
#define IXGBE_GPIE_SDP1        IXGBE_BIT(1) /* of the 82599 */
#define IXGBE_GPIE_SDP2        IXGBE_BIT(2)
#define IXGBE_EICR_OTHER       UINT32_C(0x3FFF0000) /* all causes but those of queues and the timer */
#define IXGBE_EIMC_ALL         UINT32_C(0x7FFFFFFF)
#define IXGBE_EITR_INTERVAL    3 /* shift; 11:3, in units of 2.048 us */
#define IXGBE_GPIE_MSIX_MODE   IXGBE_BIT(4)
#define IXGBE_GPIE_OCD         IXGBE_BIT(5)
#define IXGBE_GPIE_EIAME       IXGBE_BIT(30)
#define IXGBE_GPIE_PBA_SUPPORT IXGBE_BIT(31)
#define IXGBE_IVAR_VALID       IXGBE_BIT(7)
#define IXGBE_IVAR_MISC_OTHER  8 /* shift: byte 1 is the vector of all causes but queues and the timer */

/* link and MAC */
#define IXGBE_AUTOC_FLU              IXGBE_BIT(0)
#define IXGBE_AUTOC_1G_PMA_PMD       IXGBE_BIT(9)
#define IXGBE_AUTOC_AN_RESTART       IXGBE_BIT(12)
#define IXGBE_AUTOC_LMS              (UINT32_C(7) << 13)
#define IXGBE_AUTOC_LMS_SHIFT        13
#define IXGBE_AUTOC_LMS_2            IXGBE_BIT(15)
#define IXGBE_AUTOC_LMS_1G_AN        (UINT32_C(2) << 13)
#define IXGBE_AUTOC_LMS_10G_SFI      (UINT32_C(3) << 13)
#define IXGBE_AUTOC_KR               IXGBE_BIT(16)
#define IXGBE_AUTOC_KX               IXGBE_BIT(30)
#define IXGBE_AUTOC_KX4              IXGBE_BIT(31)
#define IXGBE_AUTOC2_10G_PMA         (UINT32_C(3) << 16)
#define IXGBE_AUTOC2_10G_PMA_SFI     (UINT32_C(2) << 16)
#define IXGBE_AUTOC2_LINK_DISABLE    (UINT32_C(7) << 28)
#define IXGBE_ANLP1_AN_STATE         (UINT32_C(15) << 16)
#define IXGBE_MMNGC_MNG_VETO         IXGBE_BIT(0)
#define IXGBE_MSCA_DEVICE_SHIFT      16
#define IXGBE_MSCA_PHY_SHIFT         21
#define IXGBE_MSCA_ADDRESS           UINT32_C(0) /* operation 27:26 */
#define IXGBE_MSCA_WRITE             IXGBE_BIT(26)
#define IXGBE_MSCA_READ              (UINT32_C(3) << 26)
#define IXGBE_MSCA_BUSY              IXGBE_BIT(30)
#define IXGBE_MSRWD_READ_SHIFT       16
#define IXGBE_FWSM_MODE_SHIFT        1 /* 3:1 */
#define IXGBE_LINKS_UP               IXGBE_BIT(30)
#define IXGBE_LINKS_NON_STD          IXGBE_BIT(27)
#define IXGBE_LINKS_SPEED_SHIFT      28
#define IXGBE_HLREG0_TXCRCEN         IXGBE_BIT(0)
#define IXGBE_HLREG0_RXCRCSTRP       IXGBE_BIT(1)
#define IXGBE_HLREG0_JUMBOEN         IXGBE_BIT(2)
#define IXGBE_HLREG0_TXPADEN         IXGBE_BIT(10)
#define IXGBE_HLREG0_LPBK            IXGBE_BIT(15)
#define IXGBE_MAXFRS_MFS             UINT32_C(0xFFFF0000)
#define IXGBE_MAXFRS_MFS_SHIFT       16
#define IXGBE_MFLCN_DPF              IXGBE_BIT(1)
#define IXGBE_MFLCN_RFCE             IXGBE_BIT(3)
#define IXGBE_MFLCN_RPFC             UINT32_C(0xFF4) /* pause frames by priority, and for which */
#define IXGBE_FCCFG_TFCE             (UINT32_C(3) << 3)
#define IXGBE_FCCFG_TFCE_LINK        IXGBE_BIT(3)
#define IXGBE_FCRTL_XONE             IXGBE_BIT(31)
#define IXGBE_FCRTH_FCEN             IXGBE_BIT(31)
#define IXGBE_PCS1GLSTA_AN_COMPLETE  IXGBE_BIT(16)
#define IXGBE_PCS1GLSTA_AN_TIMED_OUT IXGBE_BIT(18)
#define IXGBE_PCS1GANA_PAUSE         (UINT32_C(3) << 7)
#define IXGBE_PCS1GANA_PAUSE_SHIFT   7 /* in PCS1GANLP too */
#define IXGBE_FCRTH_RTH              UINT32_C(0x0007FFE0)

/* receive */
#define IXGBE_RXCTRL_RXEN         IXGBE_BIT(0)
#define IXGBE_RXDCTL_ENABLE       IXGBE_BIT(25)
#define IXGBE_RXDCTL_VME          IXGBE_BIT(30)
#define IXGBE_SRRCTL_DESCTYPE_ADV IXGBE_BIT(25) /* 27:25 = 001: advanced, one buffer */
#define IXGBE_SRRCTL_DROP_EN      IXGBE_BIT(28)
#define IXGBE_DCA_RXCTRL_BIT12    IXGBE_BIT(12)
#define IXGBE_RDRXCTL_CRCSTRIP    IXGBE_BIT(1)
#define IXGBE_RDRXCTL_DMAIDONE    IXGBE_BIT(3)
#define IXGBE_RDRXCTL_RSCFRSTSIZE (UINT32_C(0x1F) << 17)
#define IXGBE_RDRXCTL_RSCACKC     IXGBE_BIT(25)
#define IXGBE_RDRXCTL_FCOE_WRFIX  IXGBE_BIT(26)
#define IXGBE_RXPBSIZE_SHIFT      10 /* KiB */
#define IXGBE_SECRXCTRL_RX_DIS    IXGBE_BIT(1)
#define IXGBE_SECRXSTAT_SECRX_RDY IXGBE_BIT(0)
#define IXGBE_RFCTL_RSC_DIS       IXGBE_BIT(5)
#define IXGBE_RFCTL_NFSW_DIS      IXGBE_BIT(6)
#define IXGBE_RFCTL_NFSR_DIS      IXGBE_BIT(7)
#define IXGBE_RFCTL_IPV6_DIS      IXGBE_BIT(10)
#define IXGBE_RFCTL_IP6XSUM_DIS   IXGBE_BIT(11)
#define IXGBE_RFCTL_IPV6_EXDIS    IXGBE_BIT(16)
#define IXGBE_RXCSUM_PCSD         IXGBE_BIT(13)

/* transmit */
#define IXGBE_DMATXCTL_TE         IXGBE_BIT(0)
#define IXGBE_DMATXCTL_GDV        IXGBE_BIT(3)
#define IXGBE_TXDCTL_HTHRESH      8 /* shift */
#define IXGBE_TXDCTL_ENABLE       IXGBE_BIT(25)
#define IXGBE_TXDCTL_SWFLSH       IXGBE_BIT(26)
#define IXGBE_RTTDCS_ARBDIS       IXGBE_BIT(6)
#define IXGBE_DCA_TXCTRL_DESC_WRO IXGBE_BIT(11) /* writes of descriptors may overtake others */
#define IXGBE_DTXMXSZRQ_MAX       UINT32_C(0xFFF)
#define IXGBE_TXPBSIZE_SHIFT      10 /* KiB */

/* filters */
#define IXGBE_FCTRL_SBP    IXGBE_BIT(1)
#define IXGBE_FCTRL_MPE    IXGBE_BIT(8)
#define IXGBE_FCTRL_UPE    IXGBE_BIT(9)
#define IXGBE_FCTRL_BAM    IXGBE_BIT(10)
#define IXGBE_MCSTCTRL_MO  UINT32_C(3)
#define IXGBE_MCSTCTRL_MFE IXGBE_BIT(2)
#define IXGBE_RAH_AV       IXGBE_BIT(31)

/* VLANs and RSS */
#define IXGBE_CTRL_EXT_EXTENDED_VLAN IXGBE_BIT(26)
#define IXGBE_VLNCTRL_CFIEN          IXGBE_BIT(29)
#define IXGBE_VLNCTRL_VFE            IXGBE_BIT(30)
#define IXGBE_MRQC_RSS               UINT32_C(1) /* 3:0: RSS, without DCB and virtualisation */
