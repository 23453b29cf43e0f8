/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82576, a PCIe card: queues with an enable bit each, advanced descriptors, and what its
 * errata ask for. */
#include "../../access.h"
#include "../../clock.h"
#include "../../mac.h"
#include "../../report.h"
#include "../descriptor.h"
#include "../gigabit.h"
#include "82576_registers.h"

#include <errno.h>
#include <linux/pci_regs.h>

static int reset(struct nic *nic)
{
	int ret = gigabit_reset_by_register(nic);
	/* AUTO_RD may never be set on a board without NVM, and is not in QEMU: that is no failure here, for read_mac
	 * checks that there is an address (doubt 30) */
	if (!ret && reg_poll(nic, GIGABIT_EECD, GIGABIT_EECD_AUTO_RD, GIGABIT_EECD_AUTO_RD,
			    gigabit_times.auto_read_82576) != 0)
		return fail_if_gone(nic);
	return ret;
}

/* The NVM's first words have the address of the first port only. The reset has put each port's own address into its
 * first exact filter. */
static int read_mac(struct nic *nic, uint8_t mac[6])
{
	uint32_t low = reg_read(nic, GIGABIT_RAL), high = reg_read(nic, GIGABIT_RAH);
	if (port_gone(nic))
		return fail_gone(nic);
	mac_from_registers(mac, low, high);
	if (!(high & GIGABIT_RAH_AV) || !mac_is_usable(mac))
		return fail_port(nic, EIO,
			"the card has no usable address after its reset (%02x:%02x:%02x:%02x:%02x:%02x): its NVM is "
			"missing or damaged; restore it with the vendor's tool",
			mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}

/* Boards of one id have different media: the reset has read from the NVM which one it is. */
static int check_medium(struct nic *nic)
{
	static const char *const media[] = {"", "1000BASE-KX (a backplane)",
		"SGMII (a PHY or a module behind the card's own)", "SerDes (fibre or a backplane)"};
	uint32_t control;
	int ret = reg_read_sure(nic, GIGABIT_CTRL_EXT, &control);
	unsigned mode = control >> IGB_CTRL_EXT_LINK_MODE_SHIFT & 3;
	if (ret || mode == 0)
		return ret;
	return fail_port(nic, ENOTSUP,
		"CTRL_EXT.LINK_MODE is %u: this board's link is %s; Pollux drives the 82576 on copper only", mode,
		media[mode]);
}

/* The card waits for a DMA read at most so long. As it comes out of a reset it may be less than PCIe's 10 ms, and then
 * a read that is only late is lost once resend is off. The capability's version says where the time is set; whether it
 * can be 16 to 55 ms is doubt 32. */
static void lengthen_completion_timeout(struct nic *nic)
{
	uint32_t control;
	uint16_t device;
	if (reg_read_sure(nic, GIGABIT_GCR, &control) != 0 || (control & IGB_GCR_CMPL_TMOUT))
		return;
	if (!(control & IGB_GCR_CAP_VER2)) {
		reg_change(nic, GIGABIT_GCR, 0, IGB_GCR_CMPL_TMOUT_10MS);
	} else if (gigabit_pcie_read(nic, PCI_EXP_DEVCTL2, &device) && !(device & PCI_EXP_DEVCTL2_COMP_TIMEOUT) &&
		   !gigabit_pcie_write(nic, PCI_EXP_DEVCTL2, device | IGB_DEVCTL2_16_TO_55_MS)) {
		port_note(nic, "the PCIe completion timeout cannot be set (DEVCTL2 %04x): a late DMA read is lost",
			device);
	}
}

static void tune(struct nic *nic)
{
	lengthen_completion_timeout(nic);
	/* Without this a DMA read that faults is repeated until a function reset ends it (erratum) */
	reg_change(nic, GIGABIT_GCR, IGB_GCR_CMPL_TMOUT_RESEND, 0);
	/* One vector, with the causes that its predecessors have; the extended causes are off */
	reg_write(nic, IGB_EIMC, UINT32_MAX);
	reg_write(nic, IGB_GPIE, IGB_GPIE_NSICR);
	/* An NVM may ask for a mode in which each frame has a tag of the switch's besides */
	reg_change(nic, GIGABIT_CTRL_EXT, IGB_CTRL_EXT_EXTENDED_VLAN, 0);
}

/* SWSM is not read: that would take it. */
static void facts(struct nic *nic, struct fact_list *list)
{
	uint32_t owners;
	if (reg_read_sure(nic, IGB_SW_FW_SYNC, &owners) == 0)
		fact_add(list, "SW_FW_SYNC", "%08x (drivers have %04x, the firmware %04x)", owners, owners & 0xFFFF,
			owners >> IGB_SW_FW_SYNC_FW_SHIFT);
}

#define HANGS "the card hangs; power the machine off and on"

static int wait_enabled(struct nic *nic, uint32_t offset)
{
	return reg_wait_set(nic, offset, IGB_XXDCTL_ENABLE, gigabit_times.queue, "ENABLE", HANGS);
}

/* Queue 0 comes out of a reset enabled. */
static int disable_queue(struct nic *nic, uint32_t offset)
{
	reg_write(nic, offset, 0);
	return reg_wait_clear(nic, offset, IGB_XXDCTL_ENABLE, gigabit_times.queue, "ENABLE", HANGS);
}

/* Programs a receive queue, disabled before, and enables it. With several, a full one must not hold the others up: what
 * comes for it is dropped, unless the port sends pause frames. */
static int program_rxq(struct nic *nic, unsigned index)
{
	const struct ring_rxq *queue = nic->rings.rxqs[index];
	int ret = disable_queue(nic, IGB_AT(RXDCTL, index));
	if (ret)
		return ret;
	ring_locate(nic, IGB_AT(RDBAL, index), queue->ring, queue->iova_offset, queue->mask);
	reg_write(nic, IGB_AT(SRRCTL, index),
		pkt_pool_data_bytes(queue->pool) / IGB_SRRCTL_BSIZEPACKET_UNIT | IGB_SRRCTL_DESCTYPE_ONE |
			(port_queues_drop(nic) ? IGB_SRRCTL_DROP_EN : 0));
	reg_write(nic, IGB_AT(RXDCTL, index), IGB_RXDCTL_THRESHOLDS | IGB_XXDCTL_ENABLE);
	return 0;
}

/* ENABLE reads 0 until receive is enabled, and head and tail take no value before (82576 datasheet, 8.10.10). */
static int let_rxq_go(struct nic *nic, unsigned index)
{
	int ret = wait_enabled(nic, IGB_AT(RXDCTL, index));
	if (ret)
		return ret;
	reg_write(nic, IGB_AT(RDH, index), 0);
	ring_rxq_go(nic->rings.rxqs[index]);
	return fail_if_gone(nic);
}

static int receive_start(struct nic *nic)
{
	int ret = 0;
	/* A reset does not clear this memory either. No pools */
	for (unsigned i = 0; i < IGB_UTA_COUNT; i++)
		reg_write(nic, IGB_AT(UTA, i), 0);
	reg_write(nic, IGB_VT_CTL, 0);
	reg_write(nic, GIGABIT_RXCSUM, GIGABIT_RXCSUM_PCSD | GIGABIT_RXCSUM_IPOFLD | GIGABIT_RXCSUM_TUOFLD);
	reg_write(nic, GIGABIT_RFCTL, IGB_RFCTL_IPV6_EX_DIS);
	reg_write(nic, IGB_RLPML, port_max_frame_bytes(nic));
	for (unsigned i = 0; !ret && i < nic->config.rx_queues; i++)
		ret = program_rxq(nic, i);
	if (!ret)
		ret = gigabit_set_rss(nic);
	if (ret)
		return ret;
	reg_write(nic, GIGABIT_RCTL, gigabit_rctl(nic) | GIGABIT_RCTL_EN);
	for (unsigned i = 0; !ret && i < nic->config.rx_queues; i++)
		ret = let_rxq_go(nic, i);
	return ret;
}

static int program_txq(struct nic *nic, unsigned index)
{
	const struct ring_txq *queue = nic->rings.txqs[index];
	int ret = disable_queue(nic, IGB_AT(TXDCTL, index));
	if (ret)
		return ret;
	ring_locate(nic, IGB_AT(TDBAL, index), queue->ring, queue->iova_offset, queue->mask);
	reg_write(nic, IGB_AT(TDWBAL, index), 0); /* the card writes DD into descriptors, and no head */
	reg_write(nic, IGB_AT(TXDCTL, index), IGB_TXDCTL_THRESHOLDS | IGB_XXDCTL_ENABLE);
	return 0;
}

static int let_txq_go(struct nic *nic, unsigned index)
{
	int ret = wait_enabled(nic, IGB_AT(TXDCTL, index));
	if (ret)
		return ret;
	reg_write(nic, IGB_AT(TDH, index), 0);
	reg_write(nic, IGB_AT(TDT, index), 0);
	return fail_if_gone(nic);
}

static int transmit_start(struct nic *nic)
{
	int ret = 0;
	for (unsigned i = 0; !ret && i < nic->config.tx_queues; i++)
		ret = program_txq(nic, i);
	if (ret)
		return ret;
	reg_write(nic, GIGABIT_TIPG, GIGABIT_TIPG_COPPER);
	reg_write(nic, GIGABIT_TCTL, GIGABIT_TCTL_EN | GIGABIT_TCTL_PSP | GIGABIT_TCTL_CT | GIGABIT_TCTL_RTLC);
	for (unsigned i = 0; !ret && i < nic->config.tx_queues; i++)
		ret = let_txq_go(nic, i);
	return ret;
}

/* ---- MSI-X ---- */

static uint32_t vector_of_rxq(const struct nic *nic, unsigned index)
{
	return index < nic->interrupts.queues ? IGB_IVAR_VALID | (index + 1) : 0;
}

static void msix_start(struct nic *nic)
{
	const uint32_t all = (UINT32_C(2) << nic->interrupts.queues) - 1;
	/* First: outside MSI-X mode the card does not keep vectors and masks */
	reg_write(nic, IGB_GPIE, IGB_GPIE_NSICR | IGB_GPIE_MULTIPLE_MSIX | IGB_GPIE_EIAME | IGB_GPIE_PBA_SUPPORT);
	reg_write(nic, IGB_IVAR_MISC, IGB_IVAR_VALID << IGB_IVAR_MISC_OTHER_SHIFT);
	for (unsigned i = 0; i < IGB_IVAR_COUNT; i++)
		reg_write(nic, IGB_AT(IVAR, i), vector_of_rxq(nic, i) | vector_of_rxq(nic, i + IGB_IVAR_COUNT) << 16);
	for (unsigned i = 0; i < nic->interrupts.queues; i++)
		reg_write(nic, IGB_AT(EITR, i + 1), gigabit_interval(nic));
	/* A vector's cause is cleared, and masked, when its message is sent */
	reg_write(nic, IGB_EIAC, all);
	reg_write(nic, IGB_EIAM, all);
	reg_write(nic, IGB_EIMS, 1);
	reg_write(nic, GIGABIT_IMS, GIGABIT_ICR_LSC);
}

static void msix_acknowledge(struct nic *nic)
{
	reg_read(nic, GIGABIT_ICR);
	reg_write(nic, IGB_EIMS, 1);
}

/* The cause may still be set by frames that polling has found. The read has both writes done, and brings in what the
 * card wrote before. */
static void msix_arm(const struct nic *nic, unsigned queue)
{
	vfio_write32(&nic->bar, IGB_EICR, UINT32_C(2) << queue);
	vfio_write32(&nic->bar, IGB_EIMS, UINT32_C(2) << queue);
	vfio_read32(&nic->bar, GIGABIT_STATUS);
}

static const struct interrupt_ops msix = {.start = msix_start, .acknowledge = msix_acknowledge, .arm = msix_arm};

/* ---- queues that stop and start alone ---- */

static int set_rxq(struct nic *nic, unsigned index, bool on)
{
	/* What comes for a queue that is off is dropped; else it would fill the packet buffer */
	if (!on)
		reg_change(nic, IGB_AT(SRRCTL, index), 0, IGB_SRRCTL_DROP_EN);
	int ret = on ? program_rxq(nic, index) : disable_queue(nic, IGB_AT(RXDCTL, index));
	if (!ret && on)
		return let_rxq_go(nic, index);
	clock_sleep_us(gigabit_times.queue_quiet);
	return ret;
}

static int set_txq(struct nic *nic, unsigned index, bool on)
{
	if (!on) {
		/* What was handed over is taken first; a queue that stands still is stopped as it is */
		uint32_t tail = nic->rings.txqs[index]->next & nic->rings.txqs[index]->mask;
		reg_poll(nic, IGB_AT(TDH, index), UINT32_MAX, tail, gigabit_times.drain);
	}
	int ret = on ? program_txq(nic, index) : disable_queue(nic, IGB_AT(TXDCTL, index));
	if (!ret && on)
		return let_txq_go(nic, index);
	clock_sleep_us(gigabit_times.queue_quiet);
	return ret;
}

const struct queue_ops gigabit_82576_queues = {
	.set_rss = gigabit_set_rss,
	.set_vlans = gigabit_set_vlans,
	.set_rxq = set_rxq,
	.set_txq = set_txq,
};

const struct gigabit_chip gigabit_82576 = {
	.reset = reset,
	.read_mac = read_mac,
	.check_medium = check_medium,
	.tune = tune,
	.facts = facts,
	.receive_start = receive_start,
	.transmit_start = transmit_start,
	.ring = {.bursts[RING_PLAIN][PKT_SIMD_SCALAR] = {gigabit_rx_burst_extended, gigabit_tx_burst_82576},
		.bursts[RING_OFFLOADS][PKT_SIMD_SCALAR] = {gigabit_rx_burst_status_extended, gigabit_tx_wishes_82576},
		.rdt = IGB_RDT,
		.tdt = IGB_TDT,
		.stride = IGB_RDT_STRIDE,
		.rx_format = &gigabit_rx_extended,
		.tx_format = &gigabit_tx_82576,
		.tx_card = &gigabit_orders_82576},
	.shares = GIGABIT_SHARES_BY_SW_FW_SYNC,
	.rx_buffer_register = IGB_RXPBS,
	.eerd_done_bit = 1,
	.eerd_address_shift = 2,
	.bar_bytes = IGB_BAR_BYTES,
	.ral_16 = IGB_RAL_16,
	.wedges = true,
	.pcie = true,
	.max_frame_bytes = 9728,
	.max_queues = 16,
	.can = GIGABIT_CAN | NIC_TX_SEGMENT_IPV6 | NIC_QUEUES_ALONE,
	.rss_headers =
		NIC_RSS_IPV4 | NIC_RSS_IPV4_TCP | NIC_RSS_IPV4_UDP | NIC_RSS_IPV6 | NIC_RSS_IPV6_TCP | NIC_RSS_IPV6_UDP,
	.mrqc_rss = GIGABIT_MRQC_RSS_16,
	.msix = &msix,
	.interval_register = IGB_EITR,
};
