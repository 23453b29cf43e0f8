/* SPDX-License-Identifier: BSD-2-Clause
 * The scripted card as an 82540EM (with an I/O BAR, as on the real one BAR 2), an 82574L or an 82576. Tests include
 * this file. */
#include "card.c"

#include "../../driver/access.h"
#include "../../driver/gigabit/chips/82576_registers.h"
#include "../../driver/gigabit/gigabit.h"

#define ID_82540EM 0x100Eu
#define ID_82574L  0x10D3u
#define ID_82576   0x10C9u

#define IO_BAR 2u

static bool e1000_phy_has_link = true; /* of cards to come */

/* An 82540EM, 82544GC or 82545EM. */
static bool e1000_is_old(const struct card *card)
{
	unsigned id = card->config[2] | (unsigned)card->config[3] << 8;
	return id == ID_82540EM || id == 0x100C || id == 0x100F;
}

static bool e1000_is_82576(const struct card *card)
{
	return (card->config[2] | card->config[3] << 8) == ID_82576;
}

/* A reset does not touch PBA, and leaves junk in the memories. */
static void e1000_card_reset(struct card *card)
{
	uint32_t pba = *card_register(card, GIGABIT_PBA);
	memset(card->registers, 0, sizeof(card->registers));
	for (uint32_t i = 0; i < 128; i++)
		*card_register(card, GIGABIT_MTA + 4 * i) = *card_register(card, GIGABIT_VFTA + 4 * i) = 0xA5A5A5A5;
	for (uint32_t i = 1; i < 16; i++)
		*card_register(card, GIGABIT_RAH + 8 * i) = 0x8000A5A5;
	*card_register(card, GIGABIT_PBA) = pba ? pba : e1000_is_old(card) ? 0x100030 : 0x140014;
	*card_register(card, GIGABIT_EECD) = GIGABIT_EECD_PRES | (e1000_is_old(card) ? 0 : GIGABIT_EECD_AUTO_RD);
	*card_register(card, GIGABIT_MANC) = GIGABIT_MANC_ARP_EN;
	*card_register(card, GIGABIT_STATUS) = GIGABIT_STATUS_LU | 2u << GIGABIT_STATUS_SPEED_SHIFT;
	*card_register(card, GIGABIT_CTRL) =
		GIGABIT_CTRL_FRCSPD | GIGABIT_CTRL_FRCDPX | GIGABIT_CTRL_RFCE | GIGABIT_CTRL_TFCE | GIGABIT_CTRL_BIT29;
	*card_register(card, GIGABIT_CTRL_EXT) = (uint32_t)card->link_mode << IGB_CTRL_EXT_LINK_MODE_SHIFT;
	if (e1000_is_82576(card)) {
		*card_register(card, GIGABIT_RAL) = 0x33221102;
		*card_register(card, GIGABIT_RAH) = GIGABIT_RAH_AV | 0x5544;
		*card_register(card, GIGABIT_GCR) = IGB_GCR_CMPL_TMOUT_RESEND | IGB_GCR_CAP_VER2;
	} else {
		*card_register(card, GIGABIT_CTRL_EXT) |= GIGABIT_CTRL_EXT_BIT23;
		*card_register(card, GIGABIT_TARC) = GIGABIT_TARC_BITS_30_27;
	}
}

/* The 82576's queues show that they are enabled only while their side of the card is. */
static uint32_t e1000_queue_value(struct card *card, uint32_t offset, uint32_t held)
{
	for (unsigned i = 0; i < IGB_RXDCTL_COUNT; i++) {
		if (offset == IGB_AT(RXDCTL, i) && !(*card_register(card, GIGABIT_RCTL) & GIGABIT_RCTL_EN))
			held &= ~IGB_XXDCTL_ENABLE;
		if (offset == IGB_AT(TXDCTL, i) && !(*card_register(card, GIGABIT_TCTL) & GIGABIT_TCTL_EN))
			held &= ~IGB_XXDCTL_ENABLE;
		if (offset == IGB_AT(TDH, i) && card->sends)
			held = *card_register(card, IGB_AT(TDT, i));
	}
	return held;
}

static uint32_t e1000_value(struct card *card, uint32_t offset, uint32_t held)
{
	if (offset == GIGABIT_STATUS && !e1000_is_old(card) &&
		!(*card_register(card, GIGABIT_CTRL) & GIGABIT_CTRL_GIO_MASTER_DISABLE))
		held |= GIGABIT_STATUS_GIO_MASTER_ENABLE;
	if (offset == GIGABIT_TDFPC)
		held = card->fifo;
	for (unsigned i = 0; i < GIGABIT_TDH_COUNT; i++)
		if (offset == GIGABIT_AT(TDH, i) && card->sends)
			held = *card_register(card, GIGABIT_AT(TDT, i));
	return e1000_is_82576(card) ? e1000_queue_value(card, offset, held) : held;
}

static void e1000_was_read(struct card *card, uint32_t offset)
{
	if (offset == GIGABIT_TDFPC && card->fifo && !card->fifo_stuck)
		card->fifo--;
	bool low =
		offset == GIGABIT_GORCL || offset == GIGABIT_GOTCL || offset == GIGABIT_TORL || offset == GIGABIT_TOTL;
	if (offset == GIGABIT_ICR || (offset >= GIGABIT_CRCERRS && offset < 0x4200 && !low))
		*card_register(card, offset) = 0;
	if (offset >= IGB_RQDPC && offset < IGB_AT(RQDPC, IGB_RQDPC_COUNT) && (offset & 0x3F) == (IGB_RQDPC & 0x3F))
		*card_register(card, offset) = 0;
	if (offset == IGB_SWSM && e1000_is_82576(card)) /* whoever has read SMBI as 0 has it */
		*card_register(card, IGB_SWSM) |= IGB_SWSM_SMBI;
	if (offset == GIGABIT_GORCH || offset == GIGABIT_GOTCH || offset == GIGABIT_TORH ||
		offset == GIGABIT_TOTH) /* clears both words */
		*card_register(card, offset - 4) = 0;
}

static bool e1000_resets(const struct card *card, uint32_t offset, uint32_t value)
{
	(void)card;
	return offset == GIGABIT_CTRL && (value & GIGABIT_CTRL_RST);
}

static uint32_t mdic_answer(struct card *card, uint32_t command)
{
	unsigned reg = command >> GIGABIT_MDIC_REG_SHIFT & 31;
	if ((command & (31u << 21)) != GIGABIT_MDIC_PHY_1)
		return GIGABIT_MDIC_READY | GIGABIT_MDIC_ERROR;
	if (card->phy_missing >> reg & 1)
		return GIGABIT_MDIC_READY | GIGABIT_MDIC_ERROR;
	if (command & GIGABIT_MDIC_WRITE)
		card->phy[reg] =
			(uint16_t)(reg == GIGABIT_PHY_BMCR && !card->phy_reset_stuck ? command & ~GIGABIT_BMCR_RESET
										     : command);
	if (command & GIGABIT_MDIC_WRITE && reg == GIGABIT_PHY_BMCR && (command & GIGABIT_BMCR_RESET))
		card->phy_resets++;
	return (command & ~0xFFFFu) | GIGABIT_MDIC_READY | card->phy[reg];
}

/* As many words as nvm_spoilt says are read wrong. */
static uint16_t nvm_word(struct card *card, unsigned word)
{
	uint16_t value = card->nvm[word];
	if (card->nvm_spoilt) {
		card->nvm_spoilt--;
		value ^= 0x100;
	}
	return value;
}

static bool e1000_takes(struct card *card, uint32_t offset, uint32_t *value)
{
	bool old = e1000_is_old(card);
	if (offset == GIGABIT_EERD)
		*value = (uint32_t)nvm_word(card, *value >> (old ? 8 : 2) & 63) << 16 | (old ? 0x10u : 2u);
	if (offset == GIGABIT_MDIC)
		*value = mdic_answer(card, *value);
	return offset != GIGABIT_EECD && offset != GIGABIT_STATUS && offset != GIGABIT_ICR;
}

static bool e1000_io_write(struct card *card, uint32_t offset, uint32_t value)
{
	if (!(card->config[4] & 1))
		return false;
	if (offset == 0)
		card->io_address = value;
	else if (e1000_resets(card, card->io_address, value)) {
		e1000_card_reset(card);
		card->resets++;
	}
	return true;
}

static const struct card_kind e1000_kind = {
	.reset = e1000_card_reset,
	.value = e1000_value,
	.was_read = e1000_was_read,
	.resets = e1000_resets,
	.write = e1000_takes,
	.io_write = e1000_io_write,
};

/* Makes the NVM's checksum right. */
static void e1000_seal_nvm(struct card *card)
{
	uint16_t sum = 0;
	for (unsigned i = 0; i < 63; i++)
		sum = (uint16_t)(sum + card->nvm[i]);
	card->nvm[63] = (uint16_t)(0xBABA - sum);
}

static inline void card_init(struct card *card, uint16_t device_id, struct dma_space *space)
{
	card_init_kind(card, &e1000_kind, device_id, space);
	/* the kind needs the id, which it has only now */
	*card_register(card, GIGABIT_PBA) = 0;
	e1000_card_reset(card);
	card->device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX] = e1000_is_old(card) ? 0 : e1000_is_82576(card) ? 25 : 5;
	card->device.irq_count[VFIO_PCI_MSI_IRQ_INDEX] = e1000_is_old(card) ? 0 : 1;
	card->device.irq_count[VFIO_PCI_INTX_IRQ_INDEX] = 1;
	card->io_region = VFIO_PCI_NUM_REGIONS;
	if (e1000_is_old(card)) {
		card->io_region = IO_BAR;
		card->device.region_bytes[IO_BAR] = 64;
		card->config[0x10 + 4 * IO_BAR] = 1;
	}
	card->nvm[0] = 0x1102, card->nvm[1] = 0x3322, card->nvm[2] = 0x5544; /* 02:11:22:33:44:55 */
	e1000_seal_nvm(card);
	card->phy[GIGABIT_PHY_BMCR] = GIGABIT_BMCR_AUTONEG | 0x140;
	card->phy[GIGABIT_PHY_BMSR] = e1000_phy_has_link ? GIGABIT_BMSR_LINK | GIGABIT_BMSR_AUTONEG_END : 0;
	card->phy[GIGABIT_PHY_ID1] = e1000_is_82576(card) ? 0x02A8 : 0x0141;
	card->phy[GIGABIT_PHY_ID2] = e1000_is_82576(card) ? 0x0391 : e1000_is_old(card) ? 0x0C20 : 0x0CB1;
	card->phy[GIGABIT_PHY_ANAR] = 0x0DE1;
	card->phy[GIGABIT_PHY_GBCR] = 0x0200;
	card->phy[GIGABIT_PHY_ANLPAR] = 0xCDE1;
	card->phy[GIGABIT_PHY_GBSR] = 0x3C00;
}

/* The link as STATUS has it; 0: none. */
static inline void e1000_set_speed(struct card *card, unsigned mbps)
{
	uint32_t *status = card_register(card, GIGABIT_STATUS);
	*status &= ~(GIGABIT_STATUS_LU | GIGABIT_STATUS_SPEED);
	if (mbps)
		*status |= GIGABIT_STATUS_LU | (mbps == 10 ? 0u : mbps == 100 ? 1u : 2u) << GIGABIT_STATUS_SPEED_SHIFT;
}

/* Makes all limits of the driver short. */
static inline void card_hurry(void)
{
	reg_gone_retry_us = 10;
	gigabit_times = (struct gigabit_times){
		.quiesce = 10,
		.master_disable = 100,
		.pending = 100,
		.reset_quiet = 10,
		.reset = 100,
		.auto_read = 100,
		.auto_read_82576 = 100,
		.settle_82540 = 10,
		.settle_82574 = 10,
		.eerd = 100,
		.microwire = 0,
		.mdic = 100,
		.phy_reset = 100,
		.link_patience = 1000,
		.link_look = 100,
		.hang_look = 100,
		.mdio_owner = 100,
		.smbi = 100,
		.swesmbi = 100,
		.sync_owner = 100,
		.queue = 100,
		.queue_quiet = 10,
		.drain = 1000,
	};
}
