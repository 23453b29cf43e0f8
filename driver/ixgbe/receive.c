/* SPDX-License-Identifier: BSD-2-Clause
 * The control of the receive path of the 82599, X540 and X550: its set-up (82599 DS 4.6.7), and how it is halted. The
 * bursts are in rx*.c. */
#include "../access.h"
#include "../report.h"
#include "ixgbe.h"

#include <errno.h>

/* DS 4.6.7, up to the queues. RXEN is 0. */
static void receive_init(struct nic *nic)
{
	/* One packet buffer has all of the memory, which X540 and X550 may not have after a reset (doubt 23) */
	reg_write(nic, IXGBE_RXPBSIZE, ixgbe_packet_buffer_kib(nic) << IXGBE_RXPBSIZE_SHIFT);
	for (unsigned i = 1; i < IXGBE_RXPBSIZE_COUNT; i++)
		reg_write(nic, IXGBE_AT(RXPBSIZE, i), 0);
	ixgbe_pause_start(nic);
	reg_write(nic, IXGBE_PFVTCTL, 0); /* no virtualisation */
	ixgbe_set_rss(nic);
	/* DS 8.2.3.8.8: CRCSTRIP as in HLREG0; the others are the values that software must write */
	reg_change(nic, IXGBE_RDRXCTL, IXGBE_RDRXCTL_RSCFRSTSIZE,
		IXGBE_RDRXCTL_CRCSTRIP | IXGBE_RDRXCTL_RSCACKC | IXGBE_RDRXCTL_FCOE_WRFIX);
	/* The card must not merge packets (RSC): merged ones cannot be forwarded. It understands IPv6 */
	reg_change(nic, IXGBE_RFCTL, IXGBE_RFCTL_IPV6_DIS | IXGBE_RFCTL_IP6XSUM_DIS | IXGBE_RFCTL_IPV6_EXDIS,
		IXGBE_RFCTL_RSC_DIS | IXGBE_RFCTL_NFSW_DIS | IXGBE_RFCTL_NFSR_DIS);
	/* The descriptor carries the RSS hash (0 without RSS) instead of a fragment's checksum */
	reg_change(nic, IXGBE_RXCSUM, 0, IXGBE_RXCSUM_PCSD);
}

int ixgbe_receive_queue_on(struct nic *nic, unsigned i)
{
	struct ring_rxq *queue = nic->rings.rxqs[i];
	ring_locate(nic, IXGBE_RX_AT(RDBAL, i), queue->ring, queue->iova_offset, queue->mask);
	/* With several queues a full ring must not block the packet buffer for the others, so its frames are dropped.
	 * With one queue, or flow control, they wait in the packet buffer */
	reg_write(nic, IXGBE_RX_AT(SRRCTL, i), /* the buffer's KiB in a field of 5 or 7 bits (doubt 14) */
		pkt_pool_data_bytes(queue->pool) / 1024 | IXGBE_SRRCTL_DESCTYPE_ADV |
			(port_queues_drop(nic) ? IXGBE_SRRCTL_DROP_EN : 0));
	reg_write(nic, IXGBE_RX_AT(RSCCTL, i), 0);
	/* DS 4.6.7 says "bit 12 should be cleared", and not why (doubt 19) */
	reg_change(nic, IXGBE_RX_AT(DCA_RXCTRL, i), IXGBE_DCA_RXCTRL_BIT12, 0);

	/* DS 4.6.7.1: the tail may be written once ENABLE reads 1, which it does before RXEN is set (doubt 4) */
	reg_change(nic, IXGBE_RX_AT(RXDCTL, i), 0, IXGBE_RXDCTL_ENABLE);
	int ret = reg_wait_set(nic, IXGBE_RX_AT(RXDCTL, i), IXGBE_RXDCTL_ENABLE, ixgbe_times.queue, "ENABLE",
		"the receive queue does not start; close the port and open it again");
	if (ret)
		return ret;
	ring_rxq_go(queue);
	return 0;
}

/* A path that does not drain is no failure (doubt 10). */
void ixgbe_receive_halt(struct nic *nic)
{
	reg_change(nic, IXGBE_SECRXCTRL, 0, IXGBE_SECRXCTRL_RX_DIS);
	if (reg_wait_set(nic, IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, ixgbe_times.security, "SECRX_RDY",
		    "frames are still on their way to the receive DMA") == -ETIMEDOUT)
		port_note_failure(nic);
}

int ixgbe_receive_start(struct nic *nic)
{
	receive_init(nic);
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		int ret = ixgbe_receive_queue_on(nic, i);
		if (ret)
			return ret;
	}
	/* DS 4.6.7 asks for NS_DIS before RXEN: descriptors and packets lie in cached memory */
	reg_change(nic, IXGBE_CTRL_EXT, 0, IXGBE_CTRL_EXT_NS_DIS);
	/* Erratum: receive DMA can hang if frames arrive at the moment that RXEN is set. So the path before it is
	 * halted until then */
	ixgbe_receive_halt(nic);
	reg_change(nic, IXGBE_RXCTRL, 0, IXGBE_RXCTRL_RXEN);
	reg_change(nic, IXGBE_SECRXCTRL, IXGBE_SECRXCTRL_RX_DIS, 0);
	return fail_if_gone(nic);
}
