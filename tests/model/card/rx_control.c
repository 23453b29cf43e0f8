/* SPDX-License-Identifier: BSD-2-Clause
 * The receive path as its registers make it: on, halted or off, how long frames may be, what is asked of every burst,
 * and how large the packet buffer is. */
#include "rx_control.h"

#include "faults.h"
#include "tx_buffer.h"

/* How long the receive path drains on a card; how long ago a frame passed when there is traffic. */
enum { CARD_HALT_NS = 2 * 1000 * 1000, TRAFFIC_NS = 1000 * 1000 };

void model_receive_settle(struct model *m)
{
	uint32_t hlreg0 = reg_get(m, IXGBE_HLREG0);

	m->receiving = (reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN) && !m->rx_hung &&
		       !(reg_get(m, IXGBE_SECRXCTRL) & SECRXCTRL_RX_DIS);
	m->crc_strip = hlreg0 & HLREG0_RXCRCSTRP;
	m->loopback = hlreg0 & HLREG0_LPBK;
	m->frame_limit = (hlreg0 & HLREG0_JUMBOEN) ? reg_get(m, IXGBE_MAXFRS) >> 16 : 1518;
	m->frame_limit = m->frame_limit < 64                ? 60
			 : m->frame_limit > MODEL_FRAME_MAX ? MODEL_FRAME_MAX - 4
							    : m->frame_limit - 4;
	m->rx_rss = (reg_get(m, IXGBE_MRQC) & 0xF) == MRQC_RSS;
	m->rx_ethertypes = false;
	for (unsigned i = 0; i < 8; i++)
		m->rx_ethertypes |= reg_get(m, IXGBE_AT(ETQF, i)) >> 31;
	m->last_mac = UINT64_MAX;
}

void model_traffic(struct model *m)
{
	if (m->link_up)
		m->traffic_ns = m->now_ns;
}

bool model_receiving(const struct model *m)
{
	return m->receiving;
}

bool model_receive_enabled(const struct model *m)
{
	if (m->breakages & MODEL_GONE || !(reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN))
		return false;
	for (unsigned i = 0; i < MODEL_QUEUES; i++)
		if (m->rx[i].enabled)
			return true;
	return false;
}

/** What there is to be shared out among the receive packet buffers. */
static uint32_t buffer_memory(const struct model *m)
{
	return is_copper(m) ? 384 * 1024 : MODEL_FIFO_BYTES;
}

uint32_t model_packet_buffer_bytes(const struct model *m)
{
	uint32_t said = reg_get(m, IXGBE_RXPBSIZE), there = buffer_memory(m);

	return said < there ? said : there;
}

/** HLREG0, MAXFRS, RXCTRL, RDRXCTL, SECRXCTRL: all that the receive path as a whole depends on. */
void model_write_receive(struct model *m, uint32_t offset, uint32_t value)
{
	bool was = reg_get(m, IXGBE_RXCTRL) & RXCTRL_RXEN, halted = reg_get(m, IXGBE_SECRXCTRL) & SECRXCTRL_RX_DIS;

	reg_set(m, offset, value);
	if (offset == IXGBE_SECRXCTRL && (value & SECRXCTRL_RX_DIS) && !halted)
		m->halted_ns = m->now_ns + (has_quirk(m, MODEL_QUIRK_ENABLE) ? scaled_ns(m, CARD_HALT_NS) : 0);
	if (offset == IXGBE_HLREG0 && (value & HLREG0_LPBK))
		model_tx_buffer_clear(m); /* they come back, and nobody takes them */
	if (offset == IXGBE_RXCTRL && (value & RXCTRL_RXEN) && !was) {
		bool strip = reg_get(m, IXGBE_HLREG0) & HLREG0_RXCRCSTRP,
		     dma = reg_get(m, IXGBE_RDRXCTL) & RDRXCTL_CRCSTRIP;

		/* Frames that come in at that moment stop the receive DMA, for good. */
		if (has_quirk(m, MODEL_QUIRK_HANG) && !halted && m->traffic_ns &&
			m->now_ns - m->traffic_ns < TRAFFIC_NS)
			m->rx_hung = true;
		/* The two must agree (DS 8.2.3.8.8), and the DMA be ready. */
		fault_order(m, MODEL_ORDER_CRC, strip != dma);
		fault_order(m, MODEL_ORDER_DMA_INIT, !(reg_get(m, IXGBE_RDRXCTL) & RDRXCTL_DMAIDONE));
		/* The X540 may come up with more than it has (doubt 23): software must say less. */
		fault_order(m, MODEL_ORDER_PACKET_BUFFER, reg_get(m, IXGBE_RXPBSIZE) > buffer_memory(m));
	}
	model_receive_settle(m);
}

uint32_t model_read_secrxstat(struct model *m, uint32_t offset)
{
	bool halted = (reg_get(m, IXGBE_SECRXCTRL) & SECRXCTRL_RX_DIS) && m->now_ns >= m->halted_ns &&
		      !(m->breakages & MODEL_SECRX_STUCK);

	return reg_get(m, offset) | (halted ? SECRXSTAT_SECRX_RDY : 0u);
}
