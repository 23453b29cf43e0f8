/* SPDX-License-Identifier: BSD-2-Clause
 * The scripted card as an 82599, X540 or X550. Tests include this file. */
#include "card.c"

#include "../../driver/access.h"
#include "../../driver/ixgbe/port.h"

_Static_assert(CARD_BYTES >= IXGBE_BAR_BYTES, "the card has the driver's registers");

static const uint8_t nvm_mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

/* Memories keep what they hold, as the real ones do: junk. GIO_DIS stays, for the driver must not rely on the opposite.
 */
static void ixgbe_card_reset(struct card *card)
{
	uint32_t control = *card_register(card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS;
	for (uint32_t i = 0; i < IXGBE_BAR_BYTES / 4; i++)
		card->registers[i] = 0;
	*card_register(card, IXGBE_CTRL) = control;
	const uint32_t memories[][2] = {{IXGBE_MTA, 128}, {IXGBE_VFTA, 128}, {IXGBE_PFUTA, 128}, {IXGBE_MPSAR, 256},
		{IXGBE_FTQF, 128}, {IXGBE_PFVLVF, 64}, {IXGBE_PFVLVFB, 128}};
	for (unsigned m = 0; m < sizeof(memories) / sizeof(*memories); m++)
		for (uint32_t i = 0; i < memories[m][1]; i++)
			*card_register(card, memories[m][0] + 4 * i) = 0xA5A5A5A5;
	*card_register(card, IXGBE_EEC) = IXGBE_EEC_AUTO_RD | IXGBE_EEC_EE_PRES;
	*card_register(card, IXGBE_RDRXCTL) = IXGBE_RDRXCTL_DMAIDONE;
	*card_register(card, IXGBE_HLREG0) = IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXPADEN;
	*card_register(card, IXGBE_AUTOC) = 3u << 13;
	*card_register(card, IXGBE_ESDP) = IXGBE_ESDP_SDP3 | IXGBE_ESDP_SDP2; /* a module, whose bus hangs */
	*card_register(card, IXGBE_DCA_RXCTRL) = IXGBE_DCA_RXCTRL_BIT12 | 1u << 9;
	*card_register(card, IXGBE_RAL) = nvm_mac[0] | nvm_mac[1] << 8 | nvm_mac[2] << 16 | (uint32_t)nvm_mac[3] << 24;
	*card_register(card, IXGBE_RAH) = nvm_mac[4] | nvm_mac[5] << 8 | IXGBE_RAH_AV;
}

static bool cleared_by_reading(uint32_t offset)
{
	if (offset == IXGBE_EICR || (offset >= IXGBE_LXONTXC && offset < IXGBE_MPC + 0x20) ||
		(offset >= IXGBE_SSVPC && offset <= IXGBE_TXDGBCH) || (offset >= IXGBE_CRCERRS && offset < 0x4200))
		return true;
	for (uint32_t i = 0; i < IXGBE_QPRC_COUNT; i++)
		if (offset == IXGBE_QPRC + 0x40 * i || offset == IXGBE_QBRC_L + 0x40 * i ||
			offset == IXGBE_QBRC_H + 0x40 * i || offset == IXGBE_QPRDC + 0x40 * i ||
			offset == IXGBE_QPTC + 0x40 * i || offset == IXGBE_QBTC_L + 8 * i ||
			offset == IXGBE_QBTC_H + 8 * i)
			return true;
	return false;
}

static uint32_t ixgbe_value(struct card *card, uint32_t offset, uint32_t value)
{
	if (offset == IXGBE_STATUS)
		value = *card_register(card, IXGBE_CTRL) & IXGBE_CTRL_GIO_DIS ? 0 : IXGBE_STATUS_GIO;
	if (offset == IXGBE_SECRXSTAT)
		value = *card_register(card, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS ? IXGBE_SECRXSTAT_SECRX_RDY : 0;
	if (offset == IXGBE_LINKS && card->link_was_down) {
		card->link_was_down = false;
		value &= ~IXGBE_LINKS_UP;
	}
	if (offset == IXGBE_TDH && card->sends)
		value = *card_register(card, IXGBE_TDT);
	return value;
}

static void ixgbe_was_read(struct card *card, uint32_t offset)
{
	if (cleared_by_reading(offset))
		*card_register(card, offset) = 0;
	if (offset == IXGBE_SWSM) /* the semaphore is who reads it first's */
		*card_register(card, offset) |= IXGBE_SWSM_SMBI;
	if (offset == IXGBE_SW_FW_SYNC)
		*card_register(card, offset) |= IXGBE_SW_FW_SYNC_REGSMP;
}

static bool ixgbe_resets(const struct card *card, uint32_t offset, uint32_t value)
{
	(void)card;
	return offset == IXGBE_CTRL && (value & IXGBE_CTRL_RST);
}

static bool ixgbe_takes(struct card *card, uint32_t offset, uint32_t *value)
{
	(void)card;
	if (offset == IXGBE_AUTOC)
		*value &= ~IXGBE_AUTOC_AN_RESTART;
	if (offset == IXGBE_EICR) /* ones clear */
		*value = *card_register(card, offset) & ~*value;
	if (offset == IXGBE_RDRXCTL)
		*value |= IXGBE_RDRXCTL_DMAIDONE;
	return offset != IXGBE_EEC && offset != IXGBE_STATUS;
}

static const struct card_kind ixgbe_kind = {
	.reset = ixgbe_card_reset,
	.value = ixgbe_value,
	.was_read = ixgbe_was_read,
	.resets = ixgbe_resets,
	.write = ixgbe_takes,
};

/* An 82599 or its like, in a space. */
static inline void card_init(struct card *card, uint16_t device_id, struct dma_space *space)
{
	card_init_kind(card, &ixgbe_kind, device_id, space);
}

/* Makes all limits of the driver short. */
static inline void card_hurry(void)
{
	reg_gone_retry_us = 10;
	ixgbe_times = (struct ixgbe_times){
		.quiesce = 10,
		.master_disable = 1000,
		.pending = 1000,
		.flush = 1,
		.reset_quiet = 10,
		.reset = 1000,
		.settle_82599 = 10,
		.settle_x540 = 10,
		.security = 1000,
		.queue = 1000,
		.queue_off = 10,
		.drain = 1000,
		.smbi = 1000,
		.regsmp = 1000,
		.resource = 1000,
	};
	ixgbe_link_times = (struct ixgbe_link_times){
		.retry = 1000000,
		.look = 1000000,
		.renegotiate = 1000000,
		.module_start = 100,
		.pipeline = 100,
		.i2c = 0,
		.i2c_stretch = 10,
		.phy_start = 100,
		.mdio = 100,
		.nvm = 100,
	};
}
