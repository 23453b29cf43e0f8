/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82576, a PCIe card: queues with an enable bit each, advanced descriptors, and what its
 * errata ask for. */
#include "../../../vfio/error.h"
#include "../../fail.h"
#include "../../mac.h"
#include "../descriptor.h"
#include "../igb.h"

#include <errno.h>

/* ---- bursts: received descriptors look like the 82574L's extended ones ---- */

static inline unsigned put(struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	return ring_tx_put(&igb_tx_advanced, queue, slot, pkts, n);
}

static __attribute__((noinline)) unsigned any(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_any(&igb_tx_advanced, queue, pkts, n, put);
}

static __attribute__((noinline)) unsigned many(struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ring_tx_many(queue, pkts, n, put, any);
}

static unsigned tx_burst(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ring_tx_burst(&igb_tx_advanced, nic, pkts, n, many, any);
}

/* ---- bring-up ---- */

static int reset(struct e1000 *e)
{
	int ret = e1000_reset_by_register(e);
	/* A board without NVM never says that it has been read, nor does QEMU's model: what counts is an address, which
	 * read_mac sees */
	if (!ret && e1000_poll(e, E1000_EECD, E1000_EECD_AUTO_RD, E1000_EECD_AUTO_RD, e1000_times.auto_read_82576) != 0)
		return fail_if_gone(&e->nic);
	return ret;
}

/* The NVM's first words are the first port's only; the reset has put each port's own into its first filter. */
static int read_mac(struct e1000 *e, uint8_t mac[6])
{
	uint32_t low = e1000_read(e, E1000_RAL), high = e1000_read(e, E1000_RAH);
	if (port_gone(&e->nic))
		return fail_gone(&e->nic);
	mac_from_registers(mac, low, high);
	if (!(high & E1000_RAH_AV) || !mac_is_usable(mac))
		return pollux_fail(EIO,
			"%s: the card has no usable address after its reset (%02x:%02x:%02x:%02x:%02x:%02x): its NVM "
			"is missing or "
			"damaged; restore it with the vendor's tool",
			e->nic.device->address, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}

static void tune(struct e1000 *e)
{
	/* else a DMA read that faults is tried again without end, which only a function reset ends (erratum) */
	e1000_change(e, E1000_GCR, IGB_GCR_CMPL_TMOUT_RESEND, 0);
	e1000_change(e, E1000_CTRL_EXT, IGB_CTRL_EXT_LINK_MODE, 0);
	/* the causes of the e1000 lineage serve: one vector, none of the extended ones */
	e1000_write(e, IGB_EIMC, UINT32_MAX);
	e1000_write(e, IGB_GPIE, 0);
}

#define HANGS "the card hangs; power the machine off and on"

static int wait_enabled(struct e1000 *e, uint32_t offset)
{
	return reg_wait_set(&e->nic, offset, IGB_XXDCTL_ENABLE, e1000_times.queue, "ENABLE", HANGS);
}

/* Queue 0 comes out of a reset enabled. */
static int disable_queue(struct e1000 *e, uint32_t offset)
{
	e1000_write(e, offset, 0);
	return reg_wait_clear(&e->nic, offset, IGB_XXDCTL_ENABLE, e1000_times.queue, "ENABLE", HANGS);
}

static int receive_start(struct e1000 *e)
{
	struct ring_rxq *queue = e->nic.rings.rxqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	int ret = disable_queue(e, IGB_RXDCTL);
	if (ret)
		return ret;
	/* a memory, like the other filter tables; no pools, no RSS */
	for (unsigned i = 0; i < 128; i++)
		e1000_write(e, IGB_UTA + 4 * i, 0);
	e1000_write(e, IGB_VT_CTL, 0);
	e1000_write(e, E1000_MRQC, 0);
	e1000_write(e, E1000_RXCSUM, E1000_RXCSUM_PCSD);
	e1000_write(e, E1000_RFCTL, IGB_RFCTL_IPV6_EX_DIS);
	e1000_write(e, IGB_RLPML, e->nic.config.mtu + E1000_FRAME_OVERHEAD);
	e1000_write(e, IGB_RDBAL, (uint32_t)address);
	e1000_write(e, IGB_RDBAH, (uint32_t)(address >> 32));
	e1000_write(e, IGB_RDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	e1000_write(e, IGB_SRRCTL, IGB_SRRCTL_BSIZEPACKET_2K | IGB_SRRCTL_DESCTYPE_ONE);
	e1000_write(e, IGB_RXDCTL, IGB_RXDCTL_THRESHOLDS | IGB_XXDCTL_ENABLE);
	e1000_write(e, E1000_RCTL, e1000_rctl(e) | E1000_RCTL_EN);
	/* reads 0 until receive is enabled; head and tail take no value before (82576 datasheet, 8.10.10) */
	ret = wait_enabled(e, IGB_RXDCTL);
	if (ret)
		return ret;
	e1000_write(e, IGB_RDH, 0);
	ring_rxq_go(queue);
	return fail_if_gone(&e->nic);
}

static int transmit_start(struct e1000 *e)
{
	const struct ring_txq *queue = e->nic.rings.txqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	int ret = disable_queue(e, IGB_TXDCTL);
	if (ret)
		return ret;
	e1000_write(e, IGB_TDBAL, (uint32_t)address);
	e1000_write(e, IGB_TDBAH, (uint32_t)(address >> 32));
	e1000_write(e, IGB_TDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	e1000_write(e, IGB_TDWBAL, 0); /* DD is written into descriptors */
	e1000_write(e, IGB_TXDCTL, IGB_TXDCTL_THRESHOLDS | IGB_XXDCTL_ENABLE);
	e1000_write(e, E1000_TIPG, E1000_TIPG_COPPER);
	e1000_write(e, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_RTLC);
	ret = wait_enabled(e, IGB_TXDCTL);
	if (ret)
		return ret;
	e1000_write(e, IGB_TDH, 0);
	e1000_write(e, IGB_TDT, 0);
	return fail_if_gone(&e->nic);
}

static uint32_t rx_tail(unsigned queue)
{
	return IGB_RDT + IGB_QUEUE_STRIDE * queue;
}

static uint32_t tx_tail(unsigned queue)
{
	return IGB_TDT + IGB_QUEUE_STRIDE * queue;
}

static uint32_t tx_head(unsigned queue)
{
	return IGB_TDH + IGB_QUEUE_STRIDE * queue;
}

const struct e1000_chip igb_82576 = {
	.reset = reset,
	.read_mac = read_mac,
	.tune = tune,
	.receive_start = receive_start,
	.transmit_start = transmit_start,
	.ring = {e1000_rx_burst_extended, tx_burst, rx_tail, tx_tail, &e1000_rx_extended, &igb_tx_advanced,
		E1000_RX_TAIL_WRITES_PER_LAP},
	.tx_head = tx_head,
	.phy_take = igb_phy_take,
	.phy_give = igb_phy_give,
	.bar_bytes = IGB_BAR_BYTES,
	.pcie = true,
	.rars = 24,
	.rx_byte_extra = 4, /* the FCS */
	.tx_byte_extra = 4,
	.max_mtu = 9702, /* frames of 9728 bytes with FCS */
	.max_queues = 1,
};
