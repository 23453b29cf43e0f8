/* SPDX-License-Identifier: BSD-2-Clause
 * The register file: every register's access mode, write mask, reset value and effects, as one table, and the two
 * functions that reading and writing come down to. */
#include "registers.h"

#include "eeprom.h"
#include "faults.h"
#include "filter.h"
#include "firmware.h"
#include "incident.h"
#include "interrupt.h"
#include "link.h"
#include "pause.h"
#include "phy.h"
#include "queue.h"
#include "rate.h"
#include "rx_control.h"
#include "semaphore.h"
#include "sfp.h"
#include "stats.h"
#include "tx_buffer.h"

enum access {
	RW,  /* reads back what was written, under the mask */
	RO,  /* writes change nothing */
	RC,  /* a counter: reading clears it */
	W1C, /* writing ones clears */
	SC,  /* reads as written, but the mask's bits clear themselves at once */
	WO,  /* reads as 0 */
	MODE = 0xF,
	ON_82599 = 1 << (4 + MODEL_82599),
	ON_X540 = 1 << (4 + MODEL_X540),
	ON_X550 = 1 << (4 + MODEL_X550),
	ON_COPPER = ON_X540 | ON_X550,
	ON_ANY = ON_82599 | ON_COPPER,
};

struct rule {
	uint32_t offset;
	uint16_t stride, count;
	uint8_t access;        /* and in its bits above MODE the cards that have the row, ON_; none: all have it */
	uint32_t mask, reset;  /* mask: writable bits, or the self-clearing ones */
	register_read *read;   /* NULL: gives what is stored */
	register_write *write; /* NULL: stores */
};

#define ALL 0xFFFFFFFFu

/* What counters begin with where a former owner has left something. */
enum { USED_FRAMES = 1000, USED_BYTES = 64 * 1000 };

/** A reset is model_write32's, since it sets all registers anew. */
static void write_ctrl(struct model *m, uint32_t offset, uint32_t value)
{
	m->reset_asked = value & (CTRL_RST | CTRL_LNK_RST);
	if (m->reset_asked)
		return;
	reg_set(m, offset, value);
	model_queues_review(m);
}

static uint32_t read_status(struct model *m, uint32_t offset)
{
	/* GIO tells whether master requests are still enabled (DS 5.2.5.3.2). What waits to be sent keeps them so, and
	 * pause frames do for ever (a clarification of the 82599's specification update). */
	bool busy = (m->breakages & MODEL_MASTER_STUCK) || m->tx_buffer.begin < m->tx_buffer.end || model_pauses(m) ||
		    m->incidents.masters_busy;
	bool silent = (reg_get(m, IXGBE_CTRL) & CTRL_GIO_DIS) && !busy;

	return reg_get(m, offset) & ~(silent ? (uint32_t)STATUS_GIO : 0);
}

static void write_gcr_ext(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	if (value & GCR_EXT_BUFFERS_CLEAR)
		model_tx_buffer_clear(m);
}

/* clang-format off */
#define RX_QUEUES(first, count) \
	{ (first) + 0x00, 0x40, count, RW, 0xFFFFFF80, 0, NULL, model_write_rx_ring }, /* RDBAL */ \
	{ (first) + 0x04, 0x40, count, RW, ALL, 0, NULL, model_write_rx_ring },        /* RDBAH */ \
	{ (first) + 0x08, 0x40, count, RW, 0x000FFF80, 0, NULL, model_write_rx_ring }, /* RDLEN */ \
	{ (first) + 0x0C, 0x40, count, RW, 0xFF00F3E0, 0x0000F200, NULL, NULL },     /* DCA_RXCTRL; bit 12 is set */ \
	{ (first) + 0x10, 0x40, count, RW, 0x0000FFFF, 0, model_read_head, model_write_head },    /* RDH */ \
	/* SRRCTL: 2 KiB, 256 bytes */ \
	{ (first) + 0x14, 0x40, count, RW, 0x1FC03F7F, 0x00000402, NULL, model_write_rx_ring }, \
	{ (first) + 0x18, 0x40, count, RW, 0x0000FFFF, 0, model_read_tail, model_write_tail },  /* RDT */ \
	{ (first) + 0x28, 0x40, count, RW, 0x467F7F7F | 0x8000, 0, NULL, model_write_rx_control }, /* RXDCTL */ \
	{ (first) + 0x2C, 0x40, count, RW, 0x0000000D, 0, NULL, NULL }                 /* RSCCTL */

static const struct rule rules[] = {
	{ 0 }, /* row 0: not a register */
	/* device */
	{ IXGBE_CTRL,       0, 1, RW, CTRL_GIO_DIS | CTRL_LNK_RST | CTRL_RST, 0, NULL, write_ctrl },
	{ IXGBE_STATUS,     0, 1, RO, 0, STATUS_GIO, read_status, NULL },
	{ IXGBE_CTRL_EXT,   0, 1, RW, 0x1603C000, 0, NULL, NULL },
	{ IXGBE_ESDP,       0, 1, RW | ON_82599, 0x000FFFFF, ESDP_SDP3_DIR, model_read_esdp, model_write_esdp },
	{ IXGBE_ESDP,       0, 1, RW | ON_COPPER, 0x000FFFFF, 0, NULL, NULL },
	{ IXGBE_I2CCTL,     0, 1, RW | ON_82599, ALL, I2C_CLK_OUT | I2C_DATA_OUT, model_read_i2c, model_write_i2c },
	{ IXGBE_I2CCTL,     0, 1, RW | ON_X540, ALL, 0, NULL, NULL }, /* nothing is connected */
	{ MODEL_I2CCTL_X550, 0, 1, RW | ON_X550, ALL, 0, NULL, NULL },
	{ MODEL_FRTIMER,    0, 1, RO, 0, 0, NULL, NULL },
	{ MODEL_TCPTIMER,   0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_LEDCTL,     0, 1, RW, ALL, 0, NULL, NULL },
	{ IXGBE_EEC,        0, 1, RW | ON_82599, 0x0000005F, 0, NULL, model_write_eec },
	{ IXGBE_EEC,        0, 1, RO | ON_COPPER, 0, 0, NULL, NULL }, /* a flash behind it: no pins to bang */
	{ IXGBE_EERD,       0, 1, RW | ON_82599 | ON_X540, ALL, 0, NULL, model_write_eerd },
	{ MODEL_FLA,        0, 1, RW, 0x0000003F, 0, NULL, NULL },
	{ IXGBE_SWSM,       0, 1, RW | ON_82599, SWSM_SMBI | SWSM_SWESMBI, 0, model_read_swsm, NULL },
	{ IXGBE_SWSM,       0, 1, RW | ON_COPPER, SWSM_SMBI, 0, model_read_swsm, NULL },
	{ IXGBE_FWSM,       0, 1, RO | ON_82599, 0, FWSM_FW_VALID, NULL, NULL },
	{ IXGBE_FWSM,       0, 1, RO | ON_COPPER, 0, FWSM_FW_VALID | FWSM_TS_NVM_MODE, NULL, NULL },
	{ IXGBE_SW_FW_SYNC, 0, 1, RW | ON_82599, 0x8000001F, 0, model_read_sync_82599, model_write_sw_fw_sync },
	{ IXGBE_SW_FW_SYNC, 0, 1, RW | ON_COPPER, 0x80001E1F, 0, model_read_sw_fw_sync, model_write_sw_fw_sync },
	{ MODEL_FLEX_MNG,   4, 448, RW | ON_X550, ALL, 0, NULL, NULL },
	{ MODEL_HICR,       0, 1, RW | ON_X550, HICR_C, HICR_EN, NULL, model_write_hicr },
	{ MODEL_FACTPS,     0, 1, RO, 0, 0, NULL, NULL },
	{ MODEL_EEMNGCTL,   0, 1, RO, 0, 0x000C0000, NULL, NULL }, /* configuration of both ports done */
	{ MODEL_GRC,        0, 1, RW, 0x00000003, 0, NULL, NULL },
	{ MODEL_GCR,        0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_GSCL,       4, 16, RW, ALL, 0, NULL, NULL },
	{ IXGBE_GCR_EXT,    0, 1, RW, ALL, 0, NULL, write_gcr_ext },
	{ MODEL_DCA_CTRL,   0, 1, RW, 0x0000001F, 1, NULL, NULL },
	{ MODEL_PBACL0,     0, 1, WO, ALL, 0, NULL, NULL },
	{ MODEL_PBACL,      4, 8, WO, ALL, 0, NULL, NULL },
	/* interrupts */
	{ IXGBE_EICR,       0, 1, W1C, ALL, 0, model_read_eicr, model_write_eicr },
	{ MODEL_EICS,       0, 1, WO, ALL, 0, model_read_eics, model_write_eics },
	{ IXGBE_EIMS,       0, 1, RW, ALL, 0, model_read_eims, model_write_eims },
	{ IXGBE_EIMC,       0, 1, WO, ALL, 0, model_read_eims, model_write_eimc },
	{ IXGBE_EIAC,       0, 1, RW, 0x7FFFFFFF, 0, NULL, NULL },
	{ MODEL_EIAM,       0, 1, RW, 0x7FFFFFFF, 0, model_read_eiam, model_write_eiam },
	{ IXGBE_EITR,       4, 24, RW, 0x8000CFF8, 0, model_read_eitr, model_write_eitr },
	{ IXGBE_EITR_HIGH,  4, 40, RW, 0x8000CFF8, 0, model_read_eitr, model_write_eitr },
	{ MODEL_EICS_EX,    4, 2, WO, ALL, 0, model_read_ex, model_write_ex },
	{ IXGBE_EIMS_EX,    4, 2, RW, ALL, 0, model_read_ex, model_write_ex },
	{ IXGBE_EIMC_EX,    4, 2, WO, ALL, 0, model_read_ex, model_write_ex },
	{ IXGBE_EIAM_EX,    4, 2, RW, ALL, 0, model_read_ex, model_write_ex },
	{ IXGBE_GPIE,       0, 1, RW, 0xFFFFFFFF, 0, NULL, NULL },
	{ IXGBE_IVAR,       4, 64, RW, 0xBFBFBFBF, 0, NULL, NULL },
	{ IXGBE_IVAR_MISC,  0, 1, RW, 0x0000BFBF, 0x00008000, NULL, NULL },
	/* link and MAC */
	{ IXGBE_AUTOC,      0, 1, RW | ON_82599, ALL, 0, NULL, model_write_autoc }, /* doubt M13 */
	{ IXGBE_AUTOC2,     0, 1, RW | ON_82599, ALL, 0x000A0000, NULL, model_write_autoc2 }, /* SFI */
	{ IXGBE_LINKS,      0, 1, RO, 0, 0, model_read_links, NULL },
	{ MODEL_LINKS2,     0, 1, RO, 0, 0, NULL, NULL },
	{ IXGBE_ANLP1,      0, 1, RO | ON_82599, 0, 0, model_read_anlp1, NULL },
	{ MODEL_ANLP2,      0, 1, RO | ON_82599, 0, 0, NULL, NULL },
	{ 0x04208,          0, 1, RW, ALL, 0, NULL, NULL }, /* PCS1GLCTL */
	{ 0x0420C,          0, 1, RO, 0, 0, NULL, NULL },   /* PCS1GLSTA */
	{ 0x04218,          4, 4, RW, ALL, 0, NULL, NULL }, /* PCS1GANA.. */
	{ IXGBE_HLREG0,     0, 1, RW, ALL,
	  HLREG0_TXCRCEN | HLREG0_RXCRCSTRP | HLREG0_TXPADEN | HLREG0_RXLNGTHERREN | 0x00010000,
	  NULL, model_write_receive },
	{ 0x04244,          0, 1, RW, ALL, 0, NULL, NULL }, /* HLREG1 */
	{ 0x04248,          4, 4, RW, ALL, 0, NULL, NULL }, /* PAP .. ARD */
	{ IXGBE_MSCA,       0, 1, SC | ON_82599, MSCA_COMMAND, 0, NULL, NULL },
	{ IXGBE_MSCA,       0, 1, RW | ON_COPPER, ALL, 0, NULL, model_write_msca },
	{ IXGBE_MSRWD,      0, 1, RW, 0x0000FFFF, 0xFFFF0000, NULL, NULL }, /* on the 82599 no PHY answers */
	{ IXGBE_MMNGC,      0, 1, RO, 0, 0, NULL, NULL }, /* no management that would veto a PHY reset */
	{ IXGBE_MAXFRS,     0, 1, RW, 0xFFFF0000, 0x05EE0000, NULL, model_write_receive },
	{ IXGBE_MFLCN,      0, 1, RW | ON_82599, 0x0000001F, 0, NULL, NULL },
	{ IXGBE_MFLCN,      0, 1, RW | ON_COPPER, 0x00000FFF, 0, NULL, NULL },
	{ MODEL_MACC,       0, 1, RW, ALL, 0, NULL, model_write_macc },
	{ IXGBE_CORECTL,    0, 1, RW | ON_82599, ALL, 0, NULL, model_write_corectl },
	{ IXGBE_FCCFG,      0, 1, RW, 0x00000018, 0, NULL, NULL },
	{ IXGBE_FCTTV,      4, 4, RW, ALL, 0, NULL, NULL },
	{ IXGBE_FCRTL,      4, 8, RW, 0x8007FFF0, 0, NULL, NULL },
	{ IXGBE_FCRTH,      4, 8, RW, 0x8007FFF0, 0, NULL, NULL },
	{ IXGBE_FCRTV,      0, 1, RW, 0x0000FFFF, 0, NULL, NULL },
	{ MODEL_PFCTOP,     0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_TFCS,       0, 1, RO, 0, 0, model_read_tfcs, NULL },
	/* receive */
	RX_QUEUES(IXGBE_RDBAL, 64),
	RX_QUEUES(MODEL_RX_HIGH, 64),
	{ IXGBE_RDRXCTL,    0, 1, RW | ON_82599 | ON_X540, 0x063E0002, 0x00080002, NULL,
	  model_write_receive }, /* doubt M9 */
	{ IXGBE_RDRXCTL,    0, 1, RW | ON_X550, 0x363E0002, 0x00080002, NULL, model_write_receive },
	{ MODEL_PFQDE,      0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_LVMMC_RX,   0, 1, RO | ON_82599 | ON_X540, 0, 0, NULL, NULL },
	{ MODEL_LVMMC_RX,   0, 1, RC | ON_X550, 0, 0, NULL, NULL },
	{ MODEL_LMVM_RX,    0, 1, RW | ON_X550, 0x0002007F, 0, NULL, NULL },
	{ IXGBE_WQBR_RX,    4, 4, W1C | ON_X550, ALL, 0, NULL, model_write_wqbr },
	{ IXGBE_RXCTRL,     0, 1, RW, 0x00000003, 0, NULL, model_write_receive },
	{ MODEL_RTRUP2TC,   0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_RSCDBU,     0, 1, RW, ALL, 0x00000020, NULL, NULL },
	{ IXGBE_RXPBSIZE,   0, 1, RW | ON_82599 | ON_X540, 0x000FFC00, 512u << 10, NULL, NULL },
	{ IXGBE_RXPBSIZE,   0, 1, RW | ON_X550, 0x000FFC00, 384u << 10, NULL, NULL },
	{ IXGBE_RXPBSIZE + 4, 4, 7, RW, 0x000FFC00, 0, NULL, NULL },
	{ 0x02140,          4, 8, RW, ALL, 0, NULL, NULL }, /* RTRPT4C */
	{ 0x02160,          4, 8, RO, 0, 0, NULL, NULL },   /* RTRPT4S */
	{ MODEL_RTRPCS,     0, 1, RW, ALL, 0, NULL, NULL },
	{ IXGBE_RXCSUM,     0, 1, RW, 0x00003000, 0, NULL, model_write_filter },
	{ IXGBE_RFCTL,      0, 1, RW, 0x0001FFFF, 0, NULL, NULL },
	{ IXGBE_SECRXCTRL,  0, 1, RW, 0x00000003, 0, NULL, model_write_receive },
	{ IXGBE_SECRXSTAT,  0, 1, RO, 0, 0, model_read_secrxstat, NULL },
	/* transmit */
	{ IXGBE_TDBAL,      0x40, 128, RW, 0xFFFFFF80, 0, NULL, model_write_tx_ring },
	{ IXGBE_TDBAH,      0x40, 128, RW, ALL, 0, NULL, model_write_tx_ring },
	{ IXGBE_TDLEN,      0x40, 128, RW, 0x000FFF80, 0, NULL, model_write_tx_ring },
	{ IXGBE_DCA_TXCTRL, 0x40, 128, RW, 0xFF002BE0, 0x00002A00, NULL, NULL },
	{ IXGBE_TDH,        0x40, 128, RW, 0x0000FFFF, 0, model_read_head, model_write_head },
	{ IXGBE_TDT,        0x40, 128, RW, 0x0000FFFF, 0, model_read_tail, model_write_tail },
	{ IXGBE_TXDCTL,     0x40, 128, RW, 0x067F7F7F, 0, NULL, model_write_tx_control },
	{ IXGBE_TDWBAL,     0x40, 128, RW, 0xFFFFFFFD, 0, NULL, model_write_tx_ring },
	{ MODEL_TDWBAH,     0x40, 128, RW, ALL, 0, NULL, model_write_tx_ring },
	{ IXGBE_DMATXCTL,   0, 1, RW | ON_82599 | ON_X540, 0xFFFF000F, 0x81000000, NULL, model_write_dmatxctl },
	{ IXGBE_DMATXCTL,   0, 1, RW | ON_X550, 0xFFFF006F, 0x81000000, NULL, model_write_dmatxctl },
	{ MODEL_DTXTCPFLGL, 0, 1, RW, 0x0FFF0FFF, 0x0FF60FF6, NULL, NULL }, /* doubt M9 */
	{ MODEL_DTXTCPFLGH, 0, 1, RW, 0x00000FFF, 0x00000F7F, NULL, NULL },
	{ IXGBE_RTTDCS,     0, 1, RW, 0x00C00171, 0, NULL, NULL },
	{ IXGBE_RTTDQSEL,   0, 1, RW, 0x0000007F, 0, NULL, NULL },
	{ IXGBE_RTTDT1C,    0, 1, RW, ALL, 0, NULL, NULL },
	{ IXGBE_RTTBCNRC,   0, 1, RW, 0x80FFFFFF, 0, model_read_rate, model_write_rate },
	{ 0x04910,          4, 8, RW, ALL, 0, NULL, NULL }, /* RTTDT2C */
	{ IXGBE_TXPBTHRESH, 4, 1, RW, 0x000003FF, 0x96, NULL, NULL },
	{ IXGBE_TXPBTHRESH + 4, 4, 7, RW, 0x000003FF, 0, NULL, NULL },
	{ IXGBE_DTXMXSZRQ,  0, 1, RW, 0x00000FFF, 0x10, NULL, NULL },
	{ MODEL_LVMMC_TX,   0, 1, RO | ON_82599 | ON_X540, 0, 0, NULL, NULL },
	{ MODEL_LVMMC_TX,   0, 1, RC | ON_X550, 0, 0, NULL, NULL },
	{ MODEL_LMVM_TX,    0, 1, RW | ON_X550, 0x0002007F, 0, NULL, NULL },
	{ IXGBE_WQBR_TX,    4, 4, W1C | ON_X550, ALL, 0, NULL, model_write_wqbr },
	{ IXGBE_MTQC,       0, 1, RW, 0x0000000F, 0, NULL, model_write_mtqc },
	{ IXGBE_TXPBSIZE,   4, 1, RW, 0x000FFC00, 160u << 10, NULL, NULL },
	{ IXGBE_TXPBSIZE + 4, 4, 7, RW, 0x000FFC00, 0, NULL, NULL },
	{ MODEL_RTTPCS,     0, 1, RW, ALL, 0, NULL, NULL },
	{ 0x0CD20,          4, 8, RW, ALL, 0, NULL, NULL }, /* RTTPT2C */
	{ MODEL_SECTXCTRL,  0, 1, RW, 0x00000007, 0, NULL, NULL },
	{ MODEL_SECTXSTAT,  0, 1, RO, 0, 1, NULL, NULL }, /* drained */
	{ MODEL_SECTXMINIFG, 0, 1, RW, ALL, 0x00001002, NULL, NULL },
	{ MODEL_SECTXBUFFAF, 0, 1, RW, ALL, 0x250, NULL, NULL },
	{ 0x082E0,          4, 4, RW, ALL, 0, NULL, NULL }, /* PFVMTXSW and neighbours */
	{ 0x08200,          4, 8, RW, ALL, 0, NULL, NULL }, /* PFVFSPOOF */
	{ 0x08220,          0, 1, RW, ALL, 0, NULL, NULL }, /* PFDTXGSWC */
	/* IPsec: tables are written and read through these; SECTXCTRL and SECRXCTRL leave the engines off, and no frame
	 * meets them */
	{ MODEL_IPSTXIDX,   0, 1, SC, IPSIDX_READ | IPSIDX_WRITE, 0, NULL, NULL },
	{ MODEL_IPSTXSALT,  4, 5, RW, ALL, 0, NULL, NULL }, /* IPSTXSALT, IPSTXKEY */
	{ MODEL_IPSRXIDX,   0, 1, SC, IPSIDX_READ | IPSIDX_WRITE, 0, NULL, NULL },
	{ MODEL_IPSRXIPADDR, 4, 12, RW, ALL, 0, NULL, NULL }, /* IPSRXIPADDR, SPI, IPIDX, KEY, SALT, MOD */
	/* host interface of the management firmware: there is none but the X550's, HICR.EN says so */
	{ MODEL_HICR,       0, 1, RO | ON_82599 | ON_X540, 0, 0, NULL, NULL },
	{ MODEL_FWSTS,      0, 1, W1C, ALL, 0, NULL, NULL },
	/* filters */
	{ IXGBE_FCTRL,      0, 1, RW, 0x00003702, 0, NULL, model_write_filter },
	{ MODEL_EXVET,      0, 1, RW, 0xFFFF0000, 0x81000000, NULL, NULL },
	{ MODEL_ETAG_ETYPE, 0, 1, RW | ON_X550, ALL, 0, NULL, NULL }, /* E-tags are not modelled */
	{ IXGBE_VLNCTRL,    0, 1, RW, 0xF000FFFF, 0x00008100, NULL, model_write_filter },
	{ IXGBE_MCSTCTRL,   0, 1, RW, 0x00000007, 0, NULL, model_write_filter },
	{ IXGBE_MTA,        4, 128, RW, ALL, 0, NULL, model_write_filter },
	{ IXGBE_ETQF,       4, 8, RW, ALL, 0, NULL, model_write_filter },
	{ MODEL_ETQS,       4, 8, RW, ALL, 0, NULL, model_write_filter },
	{ MODEL_SYNQF,      0, 1, RW, ALL, 0, NULL, NULL },
	{ IXGBE_PFVTCTL,    0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_RXFECCERR0, 0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_PFVFRE,     4, 2, RW, ALL, 0, NULL, NULL },
	{ MODEL_PFVFTE,     4, 2, RW, ALL, 0, NULL, NULL },
	{ IXGBE_VFTA,       4, 128, RW, ALL, 0, NULL, model_write_filter },
	{ IXGBE_RAL,        8, 128, RW, ALL, 0, NULL, model_write_filter },
	{ IXGBE_RAH,        8, 128, RW, 0x8000FFFF, 0, NULL, model_write_filter },
	{ IXGBE_MPSAR,      4, 256, RW, ALL, 0, NULL, NULL },
	{ MODEL_SAQF,       4, 128, RW, ALL, 0, NULL, NULL },
	{ MODEL_DAQF,       4, 128, RW, ALL, 0, NULL, NULL },
	{ MODEL_SDPQF,      4, 128, RW, ALL, 0, NULL, NULL },
	{ IXGBE_FTQF,       4, 128, RW, ALL, 0, NULL, NULL },
	{ MODEL_L34TIMIR,   4, 128, RW, ALL, 0, NULL, NULL },
	{ MODEL_PSRTYPE,    4, 64, RW, ALL, 0, NULL, NULL },
	{ IXGBE_RETA,       4, 32, RW | ON_82599 | ON_X540, 0x0F0F0F0F, 0, NULL, model_write_filter },
	{ IXGBE_RETA,       4, 32, RW | ON_X550, 0x3F3F3F3F, 0, NULL, model_write_filter },
	{ IXGBE_ERETA,      4, 96, RW | ON_X550, 0x3F3F3F3F, 0, NULL, model_write_filter },
	{ IXGBE_RSSRK,      4, 10, RW, ALL, 0, NULL, model_write_rss },
	{ MODEL_RQTC,       0, 1, RW, 0x77777777, 0, NULL, NULL },
	{ IXGBE_MRQC,       0, 1, RW, 0x01FF000F, 0, NULL, model_write_filter },
	{ MODEL_PFVML2FLT,  4, 64, RW, ALL, 0, NULL, NULL },
	{ IXGBE_PFVLVF,     4, 64, RW, ALL, 0, NULL, NULL },
	{ IXGBE_PFVLVFB,    4, 128, RW, ALL, 0, NULL, NULL },
	{ IXGBE_PFUTA,      4, 128, RW, ALL, 0, NULL, NULL },
	{ 0x0F600,          4, 4, RW, ALL, 0, NULL, NULL }, /* PFMRCTL */
	{ 0x08000,          4, 64, RW, ALL, 0, NULL, NULL }, /* PFVMVIR */
	{ IXGBE_FDIRCTRL,   0, 1, RW, ALL, 0, NULL, model_write_fdirctrl },
	{ 0x0EE04,          4, 10, RW, ALL, 0, NULL, NULL }, /* FDIR keys and filter fields */
	{ MODEL_FDIRCMD,    0, 1, SC, 3, 0, NULL, NULL },
	{ 0x0EE30,          4, 14, RW, ALL, 0, NULL, NULL }, /* FDIR masks, lengths, statistics, keys */
	{ MODEL_FDIRHKEY,   4, 3, RW, ALL, 0, NULL, NULL },
	{ MODEL_FHFT,       4, 512, RW, ALL, 0, NULL, NULL },
	{ MODEL_WUC,        0, 1, RW, ALL, 0, NULL, NULL },
	{ 0x05808,          0, 1, RW, ALL, 0, NULL, NULL }, /* WUFC */
	{ MODEL_WUS,        0, 1, W1C, ALL, 0, NULL, NULL },
	{ MODEL_MANC,       0, 1, RW, ALL, 0, NULL, NULL },
	{ 0x05838,          0, 1, RW, ALL, 0, NULL, NULL }, /* IPAV */
	{ MODEL_TSYNCTXCTL, 4, 16, RW, ALL, 0, NULL, NULL },
	{ MODEL_TSYNCRXCTL, 0, 1, RW, ALL, 0, NULL, NULL },
	{ MODEL_SYSTIMR,    0, 1, RW | ON_X550, ALL, 0, NULL, NULL },
	{ MODEL_TSIM,       0, 1, RW | ON_X550, ALL, 0, NULL, NULL },
	{ 0x05120,          0, 1, RW, ALL, 0, NULL, NULL }, /* RXMTRL */
	{ 0x051A4,          0, 1, RO, 0, 0, NULL, NULL },   /* RXSTMPH */
	{ 0x051E8,          0, 1, RO, 0, 0, NULL, NULL },   /* RXSTMPL */
	/* statistics */
	{ MODEL_RXDSTATCTRL, 0, 1, RW, RXDSTATCTRL_QSEL, 0, NULL, NULL },
	{ MODEL_RXDGPC,     0, 1, RC, 0, 0, NULL, NULL },
	{ MODEL_RXDGBCL,    4, 2, RC, 0, 0, model_read_wide, NULL },
	{ MODEL_FCOERPDC,   0, 1, RC, 0, 0, NULL, NULL }, /* nothing is FCoE here ... */
	{ MODEL_FCLAST,     4, 3, RC, 0, 0, NULL, NULL }, /* FCLAST, FCOEPRC, FCOEDWRC */
	{ MODEL_FCCRC,      0, 1, RC, 0, 0, NULL, NULL },
	{ MODEL_FCOEPTC,    4, 2, RC, 0, 0, NULL, NULL }, /* FCOEPTC, FCOEDWTC */
	{ MODEL_LSECTXUT,   4, 5, RC, 0, 0, NULL, NULL }, /* ... nor MACsec ... */
	{ MODEL_LSECRXUT,   4, 17, RC, 0, 0, NULL, NULL },
	{ MODEL_B2OGPRC,    0, 1, RC | ON_COPPER, 0, 0, NULL, NULL }, /* ... nor from host to management ... */
	{ MODEL_B2OSPC,     4, 2, RC | ON_COPPER, 0, 0, NULL, NULL }, /* B2OSPC, O2BGPTC */
	{ MODEL_O2BSPC,     0, 1, RC | ON_COPPER, 0, 0, NULL, NULL },
	{ MODEL_MNGPTC,     0, 1, RC, 0, 0, NULL, NULL }, /* ... nor sent by the management controller */
	{ MODEL_PXON2OFF,   4, 8, RC, 0, 0, NULL, NULL },
	{ IXGBE_MPC,        4, 8, RC, 0, 0, NULL, NULL },
	{ IXGBE_LXONTXC,    4, 4, RC, 0, 0, NULL, NULL },
	{ 0x03F00,          4, 24, RC, 0, 0, NULL, NULL }, /* PXONTXC .. */
	{ 0x04000,          4, 34, RC, 0, 0, NULL, NULL }, /* CRCERRS .. GPTC + 4 */
	{ IXGBE_GORCL,      4, 4, RC, 0, 0, model_read_wide, NULL },
	{ 0x04098,          4, 10, RC, 0, 0, NULL, NULL }, /* .. MNGPDC */
	{ IXGBE_TORL,       4, 2, RC, 0, 0, model_read_wide, NULL },
	{ 0x040C8,          4, 12, RC, 0, 0, NULL, NULL }, /* TPR, TPT, PTC .. BPTC */
	{ 0x040F8,          4, 47, RC, 0, 0, NULL, NULL }, /* XEC, pause counters, RXNFGPC */
	{ IXGBE_RXNFGBCL,   4, 2, RC, 0, 0, model_read_wide, NULL },
	{ IXGBE_QPRC,       0x40, 16, RC, 0, 0, NULL, NULL },
	{ IXGBE_QBRC_L,     0x40, 16, RC, 0, 0, model_read_wide, NULL },
	{ IXGBE_QBRC_H,     0x40, 16, RC, 0, 0, model_read_wide, NULL },
	{ IXGBE_QPRDC,      0x40, 16, RC, 0, 0, NULL, NULL },
	{ IXGBE_QPTC,       0x40, 16, RC, 0, 0, NULL, NULL },
	{ IXGBE_QBTC_L,     4, 32, RC, 0, 0, model_read_wide, NULL },
	{ IXGBE_SSVPC,      0, 1, RC, 0, 0, NULL, NULL },
	{ IXGBE_TXDGPC,     0, 1, RC, 0, 0, NULL, NULL },
	{ IXGBE_TXDGBCL,    4, 2, RC, 0, 0, model_read_wide, NULL },
	{ IXGBE_RQSMR,      4, 32, RW, 0x0F0F0F0F, 0, NULL, model_write_queue_map },
	{ IXGBE_TQSM,       4, 32, RW, 0x0F0F0F0F, 0, NULL, model_write_queue_map },
};

/** Second addresses of the same registers. */
static const struct {
	uint32_t from, count, from_stride, to, to_stride;
} aliases[] = {
	{ 0x00004, 1,  0, IXGBE_CTRL, 0 },
	{ 0x02100, 16, 4, IXGBE_SRRCTL, 0x40 },
	{ 0x02200, 16, 4, IXGBE_DCA_RXCTRL, 0x40 },
	{ 0x05400, 16, 8, IXGBE_RAL, 8 },
	{ 0x05404, 16, 8, IXGBE_RAH, 8 },
	{ 0x05480, 16, 4, MODEL_PSRTYPE, 4 },
	{ 0x05818, 1,  0, IXGBE_MRQC, 0 },
	{ 0x05C00, 32, 4, IXGBE_RETA, 4 },
	{ 0x05C80, 10, 4, IXGBE_RSSRK, 4 },
	{ 0x08680, 16, 4, IXGBE_QPTC, 0x40 },
};
/* clang-format on */

void model_registers_open(struct model *m)
{
	for (unsigned i = 0; i < MODEL_WORDS; i++)
		m->canonical[i] = (uint16_t)i;
	for (unsigned a = 0; a < sizeof(aliases) / sizeof(aliases[0]); a++)
		for (uint32_t i = 0; i < aliases[a].count; i++)
			m->canonical[(aliases[a].from + i * aliases[a].from_stride) / 4] =
				(uint16_t)((aliases[a].to + i * aliases[a].to_stride) / 4);
	for (unsigned r = 1; r < sizeof(rules) / sizeof(rules[0]); r++) {
		if ((rules[r].access & ON_ANY) && !(rules[r].access & ON_82599 << m->config.card))
			continue;
		for (uint32_t i = 0; i < rules[r].count; i++)
			m->rule[(rules[r].offset + i * rules[r].stride) / 4] = (uint16_t)r;
	}
	model_resets_open(m);
}

/** The semaphores of X540 and X550 belong to firmware and both ports: a port in reset neither loses them nor keeps them
 * from others. */
static bool outlives_reset(const struct model *m, uint32_t offset)
{
	return is_copper(m) && (offset == IXGBE_SWSM || offset == IXGBE_SW_FW_SYNC);
}

/** Counters are no part of what resets reach, where the model is as real (X550 datasheet, note 2 of table 4-6). */
static bool counters_last(const struct model *m, enum reset_kind kind)
{
	return has_quirk(m, MODEL_QUIRK_MEMORY) && kind != RESET_POWER;
}

/** The port comes up as if somebody had used it before: tables and counters. */
static void begin_used(struct model *m)
{
	model_resets_garbage(m);
	for (unsigned w = 0; w < MODEL_WORDS; w++)
		if ((rules[m->rule[w]].access & MODE) == RC)
			m->reg[w] = w * 7 % USED_FRAMES;
	for (unsigned i = 0; i < WIDE_COUNT; i++)
		m->wide[i].value = (i + 1) * USED_BYTES;
}

void model_registers_reset(struct model *m, enum reset_kind kind)
{
	bool keep = counters_last(m, kind);

	for (unsigned w = 0; w < MODEL_WORDS; w++)
		if (model_reset_reaches(m, w, kind) && !(keep && (rules[m->rule[w]].access & MODE) == RC))
			m->reg[w] = rules[m->rule[w]].reset;
	for (unsigned i = 0; i < WIDE_COUNT && !keep; i++)
		m->wide[i] = (struct wide_counter){0};
	if (!has_quirk(m, MODEL_QUIRK_MEMORY))
		model_rates_reset(m);
	else if (kind == RESET_POWER)
		begin_used(m);
}

uint32_t model_register_read(struct model *m, uint32_t offset)
{
	if ((m->breakages & MODEL_GONE) || m->asleep)
		return UINT32_MAX;
	if (offset % 4 || offset >= MODEL_BAR0_BYTES) {
		m->faults.bad_register++;
		return UINT32_MAX;
	}
	/* No register but CTRL itself may be accessed for 1 ms after CTRL.RST (DS 4.2.1.6.1). */
	fault_order(m, MODEL_ORDER_RESET,
		offset != IXGBE_CTRL && !outlives_reset(m, offset) && m->reset_done_ns != MODEL_NEVER &&
			m->now_ns < m->reset_done_ns);

	uint32_t word = m->canonical[offset / 4];
	const struct rule *rule = &rules[m->rule[word]];
	uint32_t value = m->reg[word];

	if (!rule->count) {
		model_fault_unknown(m, offset, false);
		return 0;
	}
	if ((rule->access & MODE) == RC)
		m->reg[word] = 0;
	if (rule->read)
		return rule->read(m, word * 4);
	return (rule->access & MODE) == WO ? 0 : value;
}

void model_register_write(struct model *m, uint32_t offset, uint32_t value)
{
	if ((m->breakages & MODEL_GONE) || m->asleep)
		return;
	if (offset % 4 || offset >= MODEL_BAR0_BYTES) {
		m->faults.bad_register++;
		return;
	}
	if (m->reset_done_ns != MODEL_NEVER && !outlives_reset(m, offset)) {
		/* The write is lost: the device is in reset. */
		fault_order(m, MODEL_ORDER_RESET, m->now_ns < m->reset_done_ns);
		return;
	}

	uint32_t word = m->canonical[offset / 4];
	const struct rule *rule = &rules[m->rule[word]];

	if (!rule->count) {
		model_fault_unknown(m, offset, true);
		return;
	}
	switch (rule->access & MODE) {
	case RW:
		value = (m->reg[word] & ~rule->mask) | (value & rule->mask);
		break;
	case SC:
		value &= ~rule->mask;
		break;
	case W1C:
		if (!rule->write)
			value = m->reg[word] & ~value;
		break;
	case WO:
		if (!rule->write)
			return;
		break;
	default: /* RO, RC */
		return;
	}
	if (rule->write)
		rule->write(m, word * 4, value);
	else
		m->reg[word] = value;
}
