/* SPDX-License-Identifier: BSD-2-Clause
 * What the model knows of the 82599's registers beyond the shared list of names and offsets: the further registers that
 * other drivers touch, and the fields, bit by bit, written from the register facts and not from the driver. */
#ifndef POLLUX_TESTS_MODEL_CARD_FIELDS_H
#define POLLUX_TESTS_MODEL_CARD_FIELDS_H

#include "../../../driver/ixgbe/registers.h"

/** Registers that the driver's list has no use for: name and offset; DS 8.2.3. Stride and count are the rules'. */
/* clang-format off */
#define MODEL_REGISTERS(X) \
	X(FRTIMER, 0x00048) \
	X(TCPTIMER, 0x0004C) \
	X(LEDCTL, 0x00200) \
	X(EICS_EX, 0x00A90) \
	X(FCOERPDC, 0x0241C) \
	X(FCLAST, 0x02424) \
	X(RXDSTATCTRL, 0x02F40) \
	X(RXDGBCL, 0x02F54) \
	X(RXDGBCH, 0x02F58) \
	X(B2OGPRC, 0x02F90) \
	X(LMVM_RX, 0x02FA4) /* X550 */ \
	X(LVMMC_RX, 0x02FA8) \
	X(PFCTOP, 0x03008) \
	X(RSCDBU, 0x03028) \
	X(PXON2OFF, 0x03240) \
	X(B2OSPC, 0x041C0) \
	X(ANLP2, 0x042B4) \
	X(MACC, 0x04330) \
	X(LINKS2, 0x04324) \
	X(RTRUP2TC, 0x03020) \
	X(RTTPCS, 0x0CD00) \
	X(TFCS, 0x0CE00) \
	X(RTRPCS, 0x02430) \
	X(DTXTCPFLGL, 0x04A88) \
	X(DTXTCPFLGH, 0x04A8C) \
	X(FHFT, 0x09000) \
	X(EXVET, 0x05078) \
	X(ETAG_ETYPE, 0x05084) /* X550 */ \
	X(FCCRC, 0x05118) \
	X(RXFECCERR0, 0x051B8) \
	X(PFVFRE, 0x051E0) \
	X(WUC, 0x05800) \
	X(MANC, 0x05820) \
	X(WUS, 0x05810) \
	X(PFVFTE, 0x08110) \
	X(LVMMC_TX, 0x08108) \
	X(LMVM_TX, 0x08124) /* X550 */ \
	X(FCOEPTC, 0x08784) \
	X(O2BSPC, 0x087B0) \
	X(SECTXCTRL, 0x08800) \
	X(SECTXSTAT, 0x08804) \
	X(SECTXBUFFAF, 0x08808) \
	X(SECTXMINIFG, 0x08810) \
	X(IPSTXIDX, 0x08900) \
	X(IPSTXSALT, 0x08904) \
	X(IPSRXIDX, 0x08E00) \
	X(IPSRXIPADDR, 0x08E04) \
	X(LSECTXUT, 0x08A3C) \
	X(TSYNCTXCTL, 0x08C00) \
	X(SYSTIMR, 0x08C58) \
	X(TSIM, 0x08C68) \
	X(TSYNCRXCTL, 0x05188) \
	X(LSECRXUT, 0x08F40) \
	X(MNGPTC, 0x0CF90) \
	X(SAQF, 0x0E000) \
	X(DAQF, 0x0E200) \
	X(SDPQF, 0x0E400) \
	X(L34TIMIR, 0x0E800) \
	X(ETQS, 0x0EC00) \
	X(SYNQF, 0x0EC30) \
	X(FDIRHKEY, 0x0EE68) \
	X(FDIRCMD, 0x0EE2C) \
	X(FDIRFREE, 0x0EE38) \
	X(PFVML2FLT, 0x0F000) \
	X(EEMNGCTL, 0x10110) \
	X(GRC, 0x10200) \
	X(FLA, 0x1001C) \
	X(GCR, 0x11000) \
	X(GSCL, 0x11010) \
	X(FACTPS, 0x10150) \
	X(PBACL, 0x110C0) \
	X(PBACL0, 0x11068) \
	X(DCA_CTRL, 0x11074) \
	X(FLEX_MNG, 0x15800) /* X550: the mailbox of its firmware */ \
	X(HICR, 0x15F00) \
	X(FWSTS, 0x15F0C) \
	X(I2CCTL_X550, 0x15F5C) \
	X(EICS, 0x00808) \
	X(EIAM, 0x00890) \
	X(PFQDE, 0x02F04) \
	X(TDWBAH, 0x0603C) \
	X(PSRTYPE, 0x0EA00) \
	X(RQTC, 0x0EC70) \
	X(RXDGPC, 0x02F50) \
	X(RX_HIGH, 0x0D000) /* receive queues 64..127 */
/* clang-format on */

/** Offsets: MODEL_I2CCTL_X550, ... */
enum {
#define ENTRY(name, offset) MODEL_##name = (offset),
	MODEL_REGISTERS(ENTRY)
#undef ENTRY
};

/** Fields. */
enum {
	CTRL_GIO_DIS = 1 << 2,
	CTRL_LNK_RST = 1 << 3,
	CTRL_RST = 1 << 26,
	CTRL_EXT_EXTENDED_VLAN = 1 << 26,
	STATUS_GIO = 1 << 19,
	ESDP_SDP2 = 1 << 2, /* 1: a module sits in the cage */
	ESDP_SDP3 = 1 << 3, /* 1: the laser is off */
	ESDP_SDP5 = 1 << 5, /* 1: a module of two rates runs at 10 Gbit/s */
	ESDP_SDP2_DIR = 1 << 10,
	ESDP_SDP3_DIR = 1 << 11,
	ESDP_SDP5_DIR = 1 << 13,
	I2C_CLK_IN = 1 << 0,
	I2C_CLK_OUT = 1 << 1,
	I2C_DATA_IN = 1 << 2,
	I2C_DATA_OUT = 1 << 3,
	EEC_SK = 1 << 0,
	EEC_CS = 1 << 1,
	EEC_DI = 1 << 2,
	EEC_DO = 1 << 3,
	EEC_EE_REQ = 1 << 6,
	EEC_EE_GNT = 1 << 7,
	EEC_EE_PRES = 1 << 8,
	EEC_AUTO_RD = 1 << 9,
	EERD_START = 1 << 0,
	EERD_DONE = 1 << 1,
	GCR_EXT_BUFFERS_CLEAR = 1 << 30,
	MFLCN_PMCF = 1 << 0, /* MAC control frames go to the driver */
	MFLCN_DPF = 1 << 1,  /* pause frames that are obeyed do not */
	MFLCN_RFCE = 1 << 3,
	FCCFG_TFCE = 3 << 3,
	FCCFG_TFCE_LINK = 1 << 3,
	TFCS_TC_XON = 0xFF,
	FCRT_BYTES = 0x0007FFE0, /* FCRTL.RTL, FCRTH.RTH */
	DCA_TXCTRL_DESC_WRO = 1 << 11,
	RTTBCNRC_RF_INT_SHIFT = 14,
	SWSM_SMBI = 1 << 0,
	SWSM_SWESMBI = 1 << 1, /* 82599 */
	SW_FW_SYNC_EEP = 1 << 0,
	SW_FW_SYNC_PHY0 = 1 << 1,
	SW_FW_SYNC_PHY1 = 1 << 2,
	SW_FW_SYNC_MAC_CSR = 1 << 3,
	SW_FW_SYNC_SW = 0x1F, /* software's bits, and firmware's five higher */
	SW_FW_SYNC_FW = SW_FW_SYNC_SW << 5,
	SW_FW_SYNC_FW_MAC_CSR = 1 << 8, /* firmware's */
	SW_FW_SYNC_MNG = 1 << 10,
	EEC_FLUDONE = 1 << 26,     /* X540, X550: the flash has all that was written */
	FWSM_TS_NVM_MODE = 1 << 0, /* X540, X550: there is a thermal sensor */
	FWSM_FW_VALID = 1 << 15,
	FWSM_PASS_THROUGH = 2 << 1,
	MANC_RCV_TCO_EN = 1 << 17,
	EICR_RX_MISS = 1 << 17,
	EICR_LSC = 1 << 20,
	EICR_MAILBOX = 1 << 19,
	EICR_TS = 1 << 23, /* X540, X550 */
	EICR_ECC = 1 << 28,
	EICR_GPI_SDP1 = 1 << 25,
	EICR_GPI_SDP2 = 1 << 26,
	GPIE_SDP1_GPIEN = 1 << 1,
	GPIE_SDP2_GPIEN = 1 << 2,
	GPIE_MSIX_MODE = 1 << 4,
	GPIE_OCD = 1 << 5,
	GPIE_EIMEN = 1 << 6,
	GPIE_EIAME = 1 << 30,
	EITR_COUNTER_SHIFT = 21,
	IVAR_VALID = 1 << 7,
	AUTOC_FLU = 1 << 0,
	AUTOC_1G_PMA_PMD = 1 << 9, /* 0: SFI */
	AUTOC_AN_RESTART = 1 << 12,
	AUTOC_LMS_SHIFT = 13,
	AUTOC2_10G_PMA_PMD = 3 << 16,
	AUTOC2_10G_SFI = 2 << 16,
	AUTOC2_LINK_DISABLED = 7 << 28,
	LINKS_UP = 1 << 30,
	LINKS_SPEED_10G = 3 << 28,
	LINKS_SPEED_1G = 2 << 28,
	LINKS_SPEED_100M = 1 << 28,
	LINKS_NON_STD = 1 << 27, /* X550: with 10G 2.5G, with 100M 5G */
	MACC_FLU = 1 << 0,
	ANLP1_AN_STATE = 1 << 16,
	HLREG0_TXCRCEN = 1 << 0,
	HLREG0_RXCRCSTRP = 1 << 1,
	HLREG0_JUMBOEN = 1 << 2,
	HLREG0_TXPADEN = 1 << 10,
	HLREG0_LPBK = 1 << 15,
	HLREG0_RXLNGTHERREN = 1 << 27,
	RXDSTATCTRL_QSEL = 0x1F,
	RXDSTATCTRL_ALL = 0x10, /* the counters of all queues, not of those with one of the 16 */
	RXCTRL_RXEN = 1 << 0,
	RDRXCTL_CRCSTRIP = 1 << 1,
	RDRXCTL_DMAIDONE = 1 << 3,
	SECRXCTRL_RX_DIS = 1 << 1,
	SECRXSTAT_SECRX_RDY = 1 << 0,
	XDCTL_ENABLE = 1 << 25, /* RXDCTL and TXDCTL */
	XDCTL_SWFLSH = 1 << 26,
	RXDCTL_VME = 1 << 30,
	SRRCTL_DROP_EN = 1 << 28,
	DMATXCTL_TE = 1 << 0,
	DMATXCTL_GDV = 1 << 3,
	DMATXCTL_MDP_EN = 1 << 5, /* X550, as the next, and those of RDRXCTL */
	DMATXCTL_MBINTEN = 1 << 6,
	RDRXCTL_MBINTEN = 1 << 28,
	RDRXCTL_MDP_EN = 1 << 29,
	LMVM_MAL_PF = 1 << 17,
	LVMMC_TX_INV_MACC = 1 << 19,
	LVMMC_RX_INV_MACC = 1 << 0,
	RTTDCS_ARBDIS = 1 << 6,
	TDWBAL_ENABLE = 1 << 0,
	FCTRL_SBP = 1 << 1,
	FCTRL_MPE = 1 << 8,
	FCTRL_UPE = 1 << 9,
	FCTRL_BAM = 1 << 10,
	VLNCTRL_CFI = 1 << 28,
	VLNCTRL_CFIEN = 1 << 29,
	VLNCTRL_VFE = 1 << 30,
	MCSTCTRL_MO = 3,
	MCSTCTRL_MFE = 1 << 2,
	RXCSUM_IPPCSE = 1 << 12,
	RXCSUM_PCSD = 1 << 13,
	MRQC_MRQE = 0xF,
	MRQC_RSS = 1,
	MRQC_IPV4_TCP = 1 << 16,
	MRQC_IPV4 = 1 << 17,
	MRQC_IPV6 = 1 << 20,
	MRQC_IPV6_TCP = 1 << 21,
	MRQC_IPV4_UDP = 1 << 22,
	MRQC_IPV6_UDP = 1 << 23,
	FDIRCTRL_INIT_DONE = 1 << 3,
	MSCA_COMMAND = 1 << 30,
	HICR_EN = 1 << 0,
	HICR_C = 1 << 1,
	HICR_SV = 1 << 2,
};
#define EITR_CNT_WDIS     (1u << 31)
#define RAH_AV            (1u << 31)
#define FCRTL_XONE        (1u << 31)
#define FCRTH_FCEN        (1u << 31)
#define RTTBCNRC_RS_ENA   (1u << 31)
#define IPSIDX_READ       (1u << 30)
#define IPSIDX_WRITE      (1u << 31)
#define SW_FW_SYNC_REGSMP (1u << 31) /* X540, X550 */

/** Advanced receive write-back, second quadword (DS 7.1.6.2). */
#define RXD_DD    (1ull << 0)
#define RXD_EOP   (1ull << 1)
#define RXD_VP    (1ull << 3)
#define RXD_UDPCS (1ull << 4)
#define RXD_L4CS  (1ull << 5)
#define RXD_IPCS  (1ull << 6)
#define RXD_PIF   (1ull << 7)
#define RXD_VEXT  (1ull << 9)
#define RXD_UDPV  (1ull << 10)
#define RXD_RXE   (1ull << 29)
#define RXD_L4E   (1ull << 30)
#define RXD_IPE   (1ull << 31)
/** Packet types, first quadword. */
#define RXD_TYPE_IPV4     (1ull << 4)
#define RXD_TYPE_IPV4_EXT (1ull << 5)
#define RXD_TYPE_IPV6     (1ull << 6)
#define RXD_TYPE_IPV6_EXT (1ull << 7)
#define RXD_TYPE_TCP      (1ull << 8)
#define RXD_TYPE_UDP      (1ull << 9)
#define RXD_TYPE_SCTP     (1ull << 10)
#define RXD_TYPE_ETQF     (1ull << 15)

/** Transmit descriptors, second quadword (DS 7.2.3.2). */
#define TXD_EOP          (1ull << 24)
#define TXD_IFCS         (1ull << 25)
#define TXD_IC           (1ull << 26)
#define TXD_RS           (1ull << 27)
#define TXD_DEXT         (1ull << 29)
#define TXD_VLE          (1ull << 30)
#define TXD_TSE          (1ull << 31)
#define TXD_DD           (1ull << 32)
#define TXD_DTYP         (0xFull << 20)
#define TXD_DTYP_CONTEXT (2ull << 20)
#define TXD_DTYP_DATA    (3ull << 20)
#define TXD_IXSM         (1ull << 40)
#define TXD_TXSM         (1ull << 41)

#endif
