/* SPDX-License-Identifier: BSD-2-Clause
 * Starting a port of the 82599, X540 or X550, in the datasheet's order: MAC, link, statistics, filters, receive,
 * transmit (82599 DS 4.6.3 to 4.6.8); interrupts follow (interrupt.c); and the table of its bursts. */
#include "../access.h"
#include "../ring/offload.h"
#include "ixgbe.h"

/* Settings of the MAC core that receive and transmit share (DS 8.2.3.22.8, 8.2.3.22.13). */
static void mac_init(struct nic *nic)
{
	/* With JUMBOEN the longest frame is MAXFRS, whatever it is. Without, it is 1518 bytes and one VLAN tag: too
	 * short for two tags. MAXFRS is set as if it counted the tags (doubt 5) */
	reg_change(nic, IXGBE_HLREG0, IXGBE_HLREG0_LPBK,
		IXGBE_HLREG0_TXCRCEN | IXGBE_HLREG0_RXCRCSTRP | IXGBE_HLREG0_TXPADEN | IXGBE_HLREG0_JUMBOEN);
	reg_change(nic, IXGBE_MAXFRS, IXGBE_MAXFRS_MFS, port_max_frame_bytes(nic) << IXGBE_MAXFRS_MFS_SHIFT);
}

#define HEADERS_MAX 511u /* of all three; by the 82598's datasheet */

static bool orders(const struct ring_tx_layout *layout, struct ring_tx_orders *orders)
{
	return ring_tx_headers(layout) <= HEADERS_MAX && ring_tx_advanced(layout, orders);
}

const struct ring_tx_card ixgbe_tx_card = {
	.can = RING_TX_CAN_VLAN | RING_TX_CAN_IP_CHECKSUM | RING_TX_CAN_L4_CHECKSUM | RING_TX_CAN_L4_CHECKSUM_IPV6 |
	       RING_TX_CAN_SEGMENT_IPV4 | RING_TX_CAN_SEGMENT_IPV6,
	.contexts = 2,
	.orders = orders,
};

const struct ring_ops ixgbe_ring_ops = {
	.bursts[RING_PLAIN] =
		{
			[PKT_SIMD_SCALAR] = {ixgbe_rx_burst_scalar, ixgbe_tx_burst_scalar},
			[PKT_SIMD_AVX2] = {ixgbe_rx_burst_avx2, ixgbe_tx_burst_avx2},
			[PKT_SIMD_AVX512] = {ixgbe_rx_burst_avx512, ixgbe_tx_burst_avx512},
		},
	.bursts[RING_OFFLOADS] = IXGBE_OFFLOAD_BURSTS,
	.rdt = IXGBE_RDT,
	.tdt = IXGBE_TDT,
	.stride = IXGBE_RDT_STRIDE,
	.gap = IXGBE_RX_BLOCK - 64 * IXGBE_RDT_STRIDE,
	.rx_format = &ixgbe_rx_format,
	.tx_format = &ixgbe_tx_format,
	.tx_card = &ixgbe_tx_card,
};

int ixgbe_start(struct nic *nic)
{
	int ret = rings_open(nic, &ixgbe_ring_ops);
	if (ret)
		return ret;
	nic->freshly_reset = false;
	/* A reset may leave GIO_DIS set (doubt 3), and nothing moves while it is */
	reg_change(nic, IXGBE_CTRL, IXGBE_CTRL_GIO_DIS, 0);
	/* The card is freshly reset, so it cannot fetch a former owner's ring. Bus mastering is on before the first
	 * queue is enabled */
	ret = vfio_set_bus_master(nic->device, true);
	if (ret)
		return ret;
	ixgbe_link_start(nic);
	ixgbe_stats_start(nic);
	mac_init(nic);
	ret = ixgbe_filter_start(nic);
	if (!ret)
		ret = ixgbe_receive_start(nic);
	if (!ret)
		ret = ixgbe_transmit_start(nic);
	if (ret)
		return ret;
	/* Tells the firmware that a driver is there (DS 8.2.3.1.3) */
	reg_change(nic, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_DRV_LOAD);
	return fail_if_gone(nic);
}
