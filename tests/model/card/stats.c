/* SPDX-License-Identifier: BSD-2-Clause
 * Counters: adding a burst to them, reading the 36-bit ones (DS 8.2.3.23), and what became of the wire's frames. */
#include "stats.h"

void model_count_good(struct model *m, uint32_t frames, uint64_t bytes)
{
	reg_add(m, IXGBE_RXNFGPC, frames);
	wide_add(m, WIDE_RXNFGBC, bytes);
}

/** Good frames that passed the filters, whether or not a descriptor was there for them (doubt M10). */
void model_count_received(struct model *m, const struct tally *t)
{
	if (!t->frames)
		return;
	for (unsigned i = 0; i < 6; i++)
		reg_add(m, IXGBE_PRC64 + 4 * i, t->size[i]);
	reg_add(m, IXGBE_GPRC, t->frames);
	reg_add(m, IXGBE_XEC, t->bad_sums);
	model_count_good(m, t->frames, t->bytes);
	reg_add(m, IXGBE_BPRC, t->broadcast);
	reg_add(m, IXGBE_MPRC, t->multicast);
	wide_add(m, WIDE_GORC, t->bytes);
}

void model_count_sent(struct model *m, const struct tally *t)
{
	if (!t->frames)
		return;
	for (unsigned i = 0; i < 6; i++)
		reg_add(m, IXGBE_PTC64 + 4 * i, t->size[i]);
	reg_add(m, IXGBE_GPTC, t->frames);
	reg_add(m, IXGBE_TPT, t->frames);
	reg_add(m, IXGBE_MPTC, t->multicast);
	reg_add(m, IXGBE_BPTC, t->broadcast);
	wide_add(m, WIDE_GOTC, t->bytes);
	m->sent_bytes += t->bytes;
}

/** The counter whose low or high half a register is. */
static struct wide_counter *wide_counter_at(struct model *m, uint32_t offset, bool *high)
{
	static const struct {
		uint32_t low, high;
		unsigned counter;
	} single[] = {
		{IXGBE_GORCL, IXGBE_GORCH, WIDE_GORC},
		{IXGBE_GOTCL, IXGBE_GOTCH, WIDE_GOTC},
		{IXGBE_TORL, IXGBE_TORH, WIDE_TOR},
		{MODEL_RXDGBCL, MODEL_RXDGBCH, WIDE_RXDGBC},
		{IXGBE_TXDGBCL, IXGBE_TXDGBCH, WIDE_TXDGBC},
		{IXGBE_RXNFGBCL, IXGBE_RXNFGBCH, WIDE_RXNFGBC},
	};
	bool transmit = offset >= IXGBE_QBTC_L;
	uint32_t at = offset - (transmit ? IXGBE_QBTC_L : IXGBE_QBRC_L),
		 stride = transmit ? IXGBE_QBTC_L_STRIDE : IXGBE_QBRC_L_STRIDE;

	for (unsigned i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (offset == single[i].low || offset == single[i].high) {
			*high = offset == single[i].high;
			return &m->wide[single[i].counter];
		}
	*high = at % stride;
	return &m->wide[(transmit ? WIDE_QBTC : WIDE_QBRC) + at / stride];
}

/** Reading the low half takes the whole count; the high half read next belongs to it, whatever arrived in between
 * (doubt M1). */
uint32_t model_read_wide(struct model *m, uint32_t offset)
{
	bool high;
	struct wide_counter *c = wide_counter_at(m, offset, &high);
	uint32_t result;

	if (!high) {
		result = (uint32_t)c->value;
		c->high = (uint32_t)(c->value >> 32);
		c->latched = true;
		c->value = 0;
		return result;
	}
	if (!c->latched) {
		/* The high half alone: it goes, the low half stays. */
		result = (uint32_t)(c->value >> 32);
		c->value &= UINT32_MAX;
		return result;
	}
	c->latched = false;
	return c->high;
}

static const char *const fate_names[MODEL_FATES] = {
	[MODEL_RECEIVED] = "received",
	[MODEL_FILTERED] = "filtered",
	[MODEL_UNDERSIZE] = "undersize",
	[MODEL_OVERSIZE] = "oversize",
	[MODEL_BAD_FCS] = "bad_fcs",
	[MODEL_NO_DESCRIPTOR] = "no_descriptor",
	[MODEL_QUEUE_OFF] = "queue_off",
	[MODEL_MISSED] = "missed",
	[MODEL_UNDELIVERABLE] = "undeliverable",
	[MODEL_NOT_UP] = "not_up",
	[MODEL_PAUSE] = "pause",
};

const char *model_fate_name(enum model_fate fate)
{
	return fate_names[fate];
}

uint64_t model_fate_count(const struct model *m, enum model_fate fate)
{
	return m->fates[fate];
}

uint64_t model_received_bytes(const struct model *m)
{
	return m->received_bytes;
}
