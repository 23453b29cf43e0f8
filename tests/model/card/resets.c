/* SPDX-License-Identifier: BSD-2-Clause
 * What survives which reset, as one table: of the X550 its datasheet's table 4-6 and the notes below that; what the
 * 82599 and X540 keep besides is what their drivers clear at each start (doubt M16). */
#include "resets.h"

static const struct lasting {
	uint32_t offset;
	uint16_t stride, count;
	uint8_t cards;    /* a bit for each */
	uint8_t reset_by; /* enum reset_kind; what is not named here is reset by all of them */
	uint32_t garbage; /* the bits that come up as anything when power comes */
	uint32_t left;    /* and those that a former owner has left set */
} lasting[] = {
#define ALL_CARDS ((1 << MODEL_CARDS) - 1)
#define NOT_X550  (ALL_CARDS & ~(1 << MODEL_X550))
	/* Memories without a default, which no reset touches: note 2. */
	{IXGBE_AT(RAL, 1), 8, 127, ALL_CARDS, 0, UINT32_MAX, 0},
	{IXGBE_AT(RAH, 1), 8, 127, ALL_CARDS, 0, 0x8000FFFF, 0},
	{IXGBE_MTA, 4, 128, ALL_CARDS, 0, UINT32_MAX, 0},
	{IXGBE_VFTA, 4, 128, ALL_CARDS, 0, UINT32_MAX, 0},
	{MODEL_FHFT, 4, 512, ALL_CARDS, 0, UINT32_MAX, 0},
	{IXGBE_TDBAL, 0x40, 128, ALL_CARDS, 0, 0xFFFFFF80, 0},
	{IXGBE_TDBAH, 0x40, 128, ALL_CARDS, 0, UINT32_MAX, 0},
	{IXGBE_RDBAL, 0x40, 64, ALL_CARDS, 0, 0xFFFFFF80, 0},
	{IXGBE_RDBAL + 4, 0x40, 64, ALL_CARDS, 0, UINT32_MAX, 0},
	{MODEL_RX_HIGH, 0x40, 64, ALL_CARDS, 0, 0xFFFFFF80, 0},
	{MODEL_RX_HIGH + 4, 0x40, 64, ALL_CARDS, 0, UINT32_MAX, 0},
	/* The X550 clears its filters with the data path. Elsewhere a filter that is on stays on; when power comes none
	 * is, or those drivers that never clear them would not work. */
	{IXGBE_FTQF, 4, 128, NOT_X550, RESET_POWER, 0x3E00371F, 0},
	{MODEL_SAQF, 4, 128, NOT_X550, 0, UINT32_MAX, 0},
	{MODEL_DAQF, 4, 128, NOT_X550, 0, UINT32_MAX, 0},
	{MODEL_SDPQF, 4, 128, NOT_X550, 0, UINT32_MAX, 0},
	{MODEL_L34TIMIR, 4, 128, NOT_X550, RESET_POWER, 0x0FE00000, 0},
	{IXGBE_ETQF, 4, 8, NOT_X550, RESET_POWER, 0x0000FFFF, 0},
	{MODEL_ETQS, 4, 8, NOT_X550, RESET_POWER, 0x007F0000, 0},
	{IXGBE_DCA_TXCTRL, 0x40, 128, ALL_CARDS, RESET_POWER, 0xFF000000, 0},
	/* Pins, lamps and flash: note 2. A driver that closes a port of SFP+ switches the laser off,
	 * unless firmware uses the link as well: then Linux and DPDK never touch it. */
	{IXGBE_ESDP, 0, 1, 1 << MODEL_82599, RESET_POWER, 0, ESDP_SDP3},
	{IXGBE_ESDP, 0, 1, ALL_CARDS & ~(1 << MODEL_82599), RESET_POWER, 0, 0},
	{MODEL_LEDCTL, 0, 1, ALL_CARDS, RESET_POWER | RESET_SOFTWARE, 0, 0},
	{MODEL_FLA, 0, 1, ALL_CARDS, RESET_POWER, 0, 0},
	/* Wake-up status is of neither the data path nor the MAC. */
	{MODEL_WUS, 0, 1, ALL_CARDS, RESET_POWER, 0, 0},
	/* Firmware and both ports share these. */
	{IXGBE_SWSM, 0, 1, ALL_CARDS, RESET_POWER, 0, 0},
	{IXGBE_SW_FW_SYNC, 0, 1, ALL_CARDS, RESET_POWER, 0, 0},
	{MODEL_FLEX_MNG, 4, 448, 1 << MODEL_X550, RESET_POWER, 0, 0},
	{MODEL_HICR, 0, 1, 1 << MODEL_X550, RESET_POWER, 0, 0},
};

/** Without the quirk the semaphores of X540 and X550 alone outlive resets: a port in reset neither loses them nor keeps
 * them from others. */
static bool lasts(const struct model *m, const struct lasting *row)
{
	bool shared = row->offset == IXGBE_SWSM || row->offset == IXGBE_SW_FW_SYNC;

	return (row->cards >> m->config.card & 1) && (has_quirk(m, MODEL_QUIRK_MEMORY) || (shared && is_copper(m)));
}

void model_resets_open(struct model *m)
{
	for (unsigned w = 0; w < MODEL_WORDS; w++)
		m->reset_by[w] = RESET_ANY;
	for (const struct lasting *row = lasting; row < lasting + sizeof(lasting) / sizeof(lasting[0]); row++)
		for (uint32_t i = 0; lasts(m, row) && i < row->count; i++)
			m->reset_by[(row->offset + i * row->stride) / 4] = row->reset_by;
	/* A MAC that firmware uses too is left alone: note 16. */
	if (has_quirk(m, MODEL_QUIRK_MANAGEABILITY)) {
		m->reset_by[IXGBE_AUTOC / 4] &= (uint8_t)~RESET_SOFTWARE;
		m->reset_by[IXGBE_AUTOC2 / 4] &= (uint8_t)~RESET_SOFTWARE;
	}
}

bool model_reset_reaches(const struct model *m, unsigned word, enum reset_kind kind)
{
	return m->reset_by[word] & kind;
}

static uint32_t garbage(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

void model_resets_garbage(struct model *m)
{
	uint64_t state = 0x8259982598259901 + m->config.port;
	bool managed = has_quirk(m, MODEL_QUIRK_MANAGEABILITY);

	for (const struct lasting *row = lasting; row < lasting + sizeof(lasting) / sizeof(lasting[0]); row++)
		for (uint32_t i = 0; lasts(m, row) && i < row->count; i++) {
			uint32_t at = row->offset + i * row->stride, left = managed ? 0 : row->left;

			reg_set(m, at, (reg_get(m, at) & ~row->garbage) | (garbage(&state) & row->garbage) | left);
		}
	for (unsigned i = 0; i < MODEL_QUEUES; i++) /* from a half to a thousandth of the link's rate */
		m->tx_rate[i] = RTTBCNRC_RS_ENA | ((2 + garbage(&state) % 999) << RTTBCNRC_RF_INT_SHIFT);
	m->tx_limited = true;
}
