/* SPDX-License-Identifier: BSD-2-Clause
 * Starting a port of the 82599, X540 or X550, in the datasheet's order: link, statistics, receive, transmit (82599
 * DS 4.6.3 to 4.6.8). */
#include "../access.h"
#include "../fail.h"
#include "../mac.h"
#include "ixgbe.h"

#define RX_BUFFER_KIB    (PKT_DATA_BYTES / 1024)
#define TX_PACKET_BUFFER 160u /* KiB */

/* The prefetch thresholds of a transmit ring. PTHRESH 32 with HTHRESH 1 is what keeps the card from hanging, as others
 * found. WTHRESH stays 0: only then does report-status alone bring a write-back. */
#define TXDCTL_THRESHOLDS (32u | 1u << IXGBE_TXDCTL_HTHRESH)

static uint32_t rx_packet_buffer_kib(const struct nic *nic)
{
	return nic->id->kind == IXGBE_X540 || nic->id->kind == IXGBE_X550 ? 384 : 512;
}

/* Settings of the MAC core that receive and transmit share (DS 8.2.3.22.8, 8.2.3.22.13). */
static void mac_init(struct nic *nic)
{
	/* JUMBOEN always: MAXFRS then is the limit for all sizes, where else there are 1518 bytes and one tag, too few
	 * for two */
	reg_change(nic, IXGBE_HLREG0, IXGBE_HLREG0_LPBK,
		IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXPADEN | IXGBE_HLREG0_JUMBOEN);
	reg_change(nic, IXGBE_MAXFRS, IXGBE_MAXFRS_MFS, port_max_frame_bytes(nic) << IXGBE_MAXFRS_MFS_SHIFT);
}

/* No pause frames in either direction: a full ring is to be seen as loss, not to stop a link's other end. */
static void flow_control_init(struct nic *nic)
{
	reg_change(nic, IXGBE_MFLCN, IXGBE_MFLCN_RFCE, 0);
	reg_change(nic, IXGBE_FCCFG, IXGBE_FCCFG_TFCE, 0);
	/* DS 3.7.7.3: the high watermark counts even so, for packets that the card's own switch sends back: all but 24
	 * KiB */
	reg_write(nic, IXGBE_FCRTH, (rx_packet_buffer_kib(nic) * 1024 - 0x6000) & IXGBE_FCRTH_RTH);
}

/* DS 4.6.7, up to the queues; RXEN is 0. */
static int receive_init(struct nic *nic)
{
	int ret = ixgbe_filter_start(nic);
	if (ret)
		return ret;
	mac_init(nic);
	/* One packet buffer, as large as there is memory; X540's and X550's must be said after each reset */
	reg_write(nic, IXGBE_RXPBSIZE, rx_packet_buffer_kib(nic) << IXGBE_RXPBSIZE_SHIFT);
	for (unsigned i = 1; i < IXGBE_RXPBSIZE_COUNT; i++)
		reg_write(nic, IXGBE_AT(RXPBSIZE, i), 0);
	flow_control_init(nic);
	/* No virtualisation, no RSS: all goes to queue 0 */
	reg_write(nic, IXGBE_PFVTCTL, 0);
	reg_write(nic, IXGBE_MRQC, 0);
	/* DS 8.2.3.8.8: CRCSTRIP as in HLREG0; the others are the values that software must write */
	reg_change(nic, IXGBE_RDRXCTL, IXGBE_RDRXCTL_RSCFRSTSIZE,
		IXGBE_RDRXCTL_CRCSTRIP | IXGBE_RDRXCTL_RSCACKC | IXGBE_RDRXCTL_FCOE_WRFIX);
	/* Merged packets are no packets to forward */
	reg_change(nic, IXGBE_RFCTL, 0, IXGBE_RFCTL_RSC_DIS | IXGBE_RFCTL_NFSW_DIS | IXGBE_RFCTL_NFSR_DIS);
	/* The descriptor carries the RSS hash, and 0 without RSS, instead of a fragment's checksum */
	reg_change(nic, IXGBE_RXCSUM, 0, IXGBE_RXCSUM_PCSD);
	return 0;
}

static int receive_queue_on(struct nic *nic, unsigned i)
{
	struct ring_rxq *queue = nic->rings.rxqs[i];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	reg_write(nic, IXGBE_RX_AT(RDBAL, i), (uint32_t)address);
	reg_write(nic, IXGBE_RX_AT(RDBAH, i), (uint32_t)(address >> 32));
	reg_write(nic, IXGBE_RX_AT(RDLEN, i), (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	/* With several queues one full ring must not block the packet buffer for the others; with one, the buffer is
	 * its reserve */
	reg_write(nic, IXGBE_RX_AT(SRRCTL, i),
		RX_BUFFER_KIB | IXGBE_SRRCTL_DESCTYPE_ADV | (nic->config.rx_queues > 1 ? IXGBE_SRRCTL_DROP_EN : 0));
	reg_write(nic, IXGBE_RX_AT(RSCCTL, i), 0);
	/* DS 4.6.7: "bit 12 should be cleared", of which no more is said */
	reg_change(nic, IXGBE_RX_AT(DCA_RXCTRL, i), IXGBE_DCA_RXCTRL_BIT12, 0);

	/* DS 4.6.7.1: the tail may move only once the queue says that it is on */
	reg_change(nic, IXGBE_RX_AT(RXDCTL, i), 0, IXGBE_RXDCTL_ENABLE);
	int ret = reg_wait_set(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE, ixgbe_times.queue, "ENABLE",
		"the receive queue does not start; close the port and open it again");
	if (ret)
		return ret;
	ring_rxq_go(queue);
	return 0;
}

static int halt_receive_path(struct nic *nic)
{
	reg_change(nic, IXGBE_SECRXCTRL, 0, IXGBE_SECRXCTRL_RX_DIS);
	return reg_wait_set(nic, IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, ixgbe_times.security, "SECRX_RDY",
		"the receive path does not drain; close the port and open it again");
}

int ixgbe_receive_off(struct nic *nic)
{
	int ret = halt_receive_path(nic);
	if (ret) {
		reg_change(nic, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
		return ret;
	}
	reg_change(nic, IXGBE_RXCTRL, IXGBE_RXCTRL_RXEN, 0);
	return 0;
}

/* Erratum: RXEN set while frames arrive can hang receive DMA, unless the path before it is halted meanwhile, which it
 * is. */
int ixgbe_receive_on(struct nic *nic)
{
	reg_change(nic, IXGBE_RXCTRL, 0, IXGBE_RXCTRL_RXEN);
	reg_change(nic, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
	return fail_if_gone(nic);
}

static int receive_start(struct nic *nic)
{
	int ret = receive_init(nic);
	if (ret)
		return ret;
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		ret = receive_queue_on(nic, i);
		if (ret)
			return ret;
	}
	/* DS 4.6.7 asks for it before RXEN: descriptors and packets are in cached memory */
	reg_change(nic, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_NS_DIS);
	ret = halt_receive_path(nic);
	return ret ? ret : ixgbe_receive_on(nic);
}

/* DS 4.6.8 and 4.6.11.3.4 (neither DCB nor virtualisation): one packet buffer for all queues. The MAC core is set up
 * already. */
static void transmit_init(struct nic *nic)
{
	/* DS 8.2.3.9.15: the layout changes only while the arbiter is off */
	reg_change(nic, IXGBE_RTTDCS, 0, IXGBE_RTTDCS_ARBDIS);
	reg_write(nic, IXGBE_DTXMXSZRQ, IXGBE_DTXMXSZRQ_MAX);
	/* A packet is fetched only when the largest one fits */
	uint32_t largest_kib = (port_max_frame_bytes(nic) + 1023) / 1024;
	reg_write(nic, IXGBE_TXPBSIZE, TX_PACKET_BUFFER << IXGBE_TXPBSIZE_SHIFT);
	reg_write(nic, IXGBE_TXPBTHRESH, TX_PACKET_BUFFER - largest_kib);
	for (unsigned i = 1; i < IXGBE_TXPBSIZE_COUNT; i++) {
		reg_write(nic, IXGBE_AT(TXPBSIZE, i), 0);
		reg_write(nic, IXGBE_AT(TXPBTHRESH, i), 0);
	}
	reg_write(nic, IXGBE_MTQC, 0);
	/* No credits: they are DCB's, and a memory that a reset does not clear */
	for (unsigned i = 0; i < IXGBE_QUEUES; i++) {
		reg_write(nic, IXGBE_RTTDQSEL, i);
		reg_write(nic, IXGBE_RTTDT1C, 0);
	}
	reg_change(nic, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, 0);
}

static void transmit_queue_init(struct nic *nic, unsigned i)
{
	const struct ring_txq *queue = nic->rings.txqs[i];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	reg_write(nic, IXGBE_AT(TDBAL, i), (uint32_t)address);
	reg_write(nic, IXGBE_AT(TDBAH, i), (uint32_t)(address >> 32));
	reg_write(nic, IXGBE_AT(TDLEN, i), (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	reg_write(nic, IXGBE_AT(TXDCTL, i), TXDCTL_THRESHOLDS);
	reg_write(nic, IXGBE_AT(TDT, i), 0);
}

static int transmit_start(struct nic *nic)
{
	transmit_init(nic);
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		transmit_queue_init(nic, i);
	/* DS 4.6.8: before the first queue is enabled */
	reg_change(nic, IXGBE_DMATXCTL, 0, IXGBE_DMATXCTL_TE);
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		reg_write(nic, IXGBE_AT(TXDCTL, i), TXDCTL_THRESHOLDS | IXGBE_TXDCTL_ENABLE);
		int ret = reg_wait_set(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE, ixgbe_times.queue, "ENABLE",
			"the transmit queue does not start; close the port and open it again");
		if (ret)
			return ret;
	}
	return 0;
}

static uint32_t rx_tail(unsigned queue)
{
	return IXGBE_RX_AT(RDT, queue);
}

static uint32_t tx_tail(unsigned queue)
{
	return IXGBE_AT(TDT, queue);
}

const struct ring_ops *ixgbe_ring_ops(enum pkt_simd simd)
{
	static const struct ring_ops kinds[] = {
		[PKT_SIMD_SCALAR] = {ixgbe_rx_burst_scalar, ixgbe_tx_burst_scalar, rx_tail, tx_tail, &ixgbe_rx_format,
			&ixgbe_tx_format, 0},
		[PKT_SIMD_AVX2] = {ixgbe_rx_burst_avx2, ixgbe_tx_burst_avx2, rx_tail, tx_tail, &ixgbe_rx_format,
			&ixgbe_tx_format, 0},
		[PKT_SIMD_AVX512] = {ixgbe_rx_burst_avx512, ixgbe_tx_burst_avx512, rx_tail, tx_tail, &ixgbe_rx_format,
			&ixgbe_tx_format, 0},
	};

	return &kinds[simd];
}

int ixgbe_start(struct nic *nic)
{
	nic->info.simd = nic->config.simd;
	int ret = rings_open(nic, ixgbe_ring_ops(nic->config.simd));
	if (ret)
		return ret;
	nic->freshly_reset = false;
	/* the reset clears it on hardware, but while it is set nothing would move */
	reg_change(nic, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS, 0);
	/* The card is freshly reset: no former owner's ring can be fetched. On before the first queue is enabled. */
	ret = vfio_set_bus_master(nic->device, true);
	if (ret)
		return ret;
	ixgbe_link_start(nic);
	ixgbe_stats_start(nic);
	ret = receive_start(nic);
	if (ret)
		return ret;
	ret = transmit_start(nic);
	if (ret)
		return ret;
	ixgbe_interrupt_start(nic);
	/* DS 8.2.3.1.3: tells the firmware that a driver is there */
	reg_change(nic, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_DRV_LOAD);
	return fail_if_gone(nic);
}
