/* SPDX-License-Identifier: BSD-2-Clause
 * Which frames the port accepts: exact addresses, the multicast table, broadcast, promiscuous modes and VLANs
 * (DS 7.1.1). */
#include "filter.h"

#include "faults.h"
#include "rx_control.h"

#include <string.h>

static uint64_t mac_value(const uint8_t *mac)
{
	uint64_t value = 0;

	memcpy(&value, mac, 6);
	return value;
}

static bool exact_match(const struct model *m, uint64_t mac)
{
	for (unsigned i = 0; i < 128; i++) {
		uint64_t high = reg_get(m, IXGBE_AT(RAH, i));

		if ((high & RAH_AV) && (((high & 0xFFFF) << 32) | reg_get(m, IXGBE_AT(RAL, i))) == mac)
			return true;
	}
	return false;
}

/** MO picks which 12 of the address's last bits index the table: 47:36, 46:35, 45:34 or 43:32. */
static bool multicast_match(const struct model *m, const uint8_t *mac)
{
	static const uint8_t shifts[4] = {4, 3, 2, 0};
	uint32_t control = reg_get(m, IXGBE_MCSTCTRL);

	if (!(control & MCSTCTRL_MFE))
		return false;
	uint32_t hash = ((uint32_t)(mac[4] | mac[5] << 8) >> shifts[control & MCSTCTRL_MO]) & 0xFFF;
	return reg_get(m, IXGBE_AT(MTA, hash >> 5)) >> (hash & 31) & 1;
}

static uint8_t judge(const struct model *m, const uint8_t *mac, uint64_t value)
{
	uint32_t control = reg_get(m, IXGBE_FCTRL);

	if (value == 0xFFFFFFFFFFFFull)
		/* "MPE alone is enough for both" broadcast and multicast (hw-docs/82599.md). */
		return (control & (FCTRL_BAM | FCTRL_MPE)) ? VERDICT_BROADCAST : VERDICT_NO;
	if (mac[0] & 1) {
		if (exact_match(m, value))
			return VERDICT_MULTICAST;
		if (multicast_match(m, mac))
			return VERDICT_MULTICAST | VERDICT_INEXACT;
		return (control & FCTRL_MPE) ? VERDICT_MULTICAST | VERDICT_INEXACT : VERDICT_NO;
	}
	if (exact_match(m, value))
		return VERDICT_UNICAST;
	return (control & FCTRL_UPE) ? VERDICT_UNICAST | VERDICT_INEXACT : VERDICT_NO;
}

uint8_t model_filter_mac(struct model *m, const uint8_t *mac)
{
	uint64_t value = mac_value(mac);

	if (value != m->last_mac) {
		m->last_mac = value;
		m->last_verdict = judge(m, mac, value);
	}
	return m->last_verdict;
}

void model_own_address(const struct model *m, uint8_t mac[6])
{
	uint32_t low = reg_get(m, IXGBE_RAL), high = reg_get(m, IXGBE_RAH);

	memcpy(mac, &low, 4);
	memcpy(mac + 4, &high, 2);
}

bool model_filter_vlan(const struct model *m, uint16_t tag)
{
	uint32_t control = reg_get(m, IXGBE_VLNCTRL);
	unsigned id = tag & 0xFFF;
	bool cfi = tag & 0x1000;

	/* with or without VFE (doubt M21) */
	if ((control & VLNCTRL_CFIEN) && cfi != !!(control & VLNCTRL_CFI))
		return false;
	if (!(control & VLNCTRL_VFE))
		return true;
	return reg_get(m, IXGBE_AT(VFTA, id >> 5)) >> (id & 31) & 1;
}

/** Handles every register that filtering or queue selection depends on. */
void model_write_filter(struct model *m, uint32_t offset, uint32_t value)
{
	/* FCTRL should change only while nothing is received (82599 DS 8.2.3.7.1, X550 DS 8.2.2.8.4). Linux and DPDK
	 * set the promiscuous modes on running cards of all three chips all the same, and nothing comes of it; but
	 * Linux resets the card for SBP */
	if (offset == IXGBE_FCTRL && ((value ^ reg_get(m, offset)) & FCTRL_SBP))
		fault_order(m, MODEL_ORDER_FCTRL, reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN);
	/* RSS goes on and off while nothing is received only (X550 DS 7.1.3.7.1-2: with a reset). What it hashes may
	 * change at any time: Linux does that. */
	if (offset == IXGBE_MRQC && ((value ^ reg_get(m, offset)) & MRQC_MRQE))
		fault_order(m, MODEL_ORDER_RSS, reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN);
	reg_set(m, offset, value);
	model_receive_settle(m);
}

void model_write_rss(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	m->toeplitz_stale = true;
}

/** Flow director tables are not modelled, but their set-up is: drivers wait for it. */
void model_write_fdirctrl(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value | FDIRCTRL_INIT_DONE);
}
