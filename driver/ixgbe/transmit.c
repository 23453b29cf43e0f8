/* SPDX-License-Identifier: BSD-2-Clause
 * The control of the transmit path of the 82599, X540 and X550: its set-up (82599 DS 4.6.8 and 4.6.11.3.4). The bursts
 * are in tx*.c. */
#include "../access.h"
#include "ixgbe.h"

#define TX_PACKET_BUFFER_KIB 160u

/* The prefetch thresholds of a transmit ring. Others found that PTHRESH 32 with HTHRESH 1 keeps the card from hanging.
 * WTHRESH stays 0: only then does report-status alone bring a write-back (doubt 20). */
#define TXDCTL_THRESHOLDS (32u | 1u << IXGBE_TXDCTL_HTHRESH)

/* What a former owner may have left in queues where no reset clears it, as in filter.c. The arbiter is off. */
static void clear_tables(struct nic *nic)
{
	for (unsigned i = 0; i < IXGBE_QUEUES; i++) {
		/* No queue has credits, which only DCB uses, nor a limit to its rate */
		reg_write(nic, IXGBE_RTTDQSEL, i);
		reg_write(nic, IXGBE_RTTDT1C, 0);
		reg_write(nic, IXGBE_RTTBCNRC, 0);
		/* The card writes no head into memory. Its reports reach memory in their order */
		reg_write(nic, IXGBE_AT(TDWBAL, i), 0);
		reg_change(nic, IXGBE_AT(DCA_TXCTRL, i), IXGBE_DCA_TXCTRL_DESC_WRO, 0);
	}
}

/* DS 4.6.8 and 4.6.11.3.4 (neither DCB nor virtualisation): one packet buffer for all queues. */
static void transmit_init(struct nic *nic)
{
	/* DS 8.2.3.9.15: the layout changes only while the arbiter is off */
	reg_change(nic, IXGBE_RTTDCS, 0, IXGBE_RTTDCS_ARBDIS);
	reg_write(nic, IXGBE_DTXMXSZRQ, IXGBE_DTXMXSZRQ_MAX);
	/* The card fetches a packet only when the largest one fits */
	uint32_t largest_kib = (port_max_frame_bytes(nic) + 1023) / 1024;
	reg_write(nic, IXGBE_TXPBSIZE, TX_PACKET_BUFFER_KIB << IXGBE_TXPBSIZE_SHIFT);
	reg_write(nic, IXGBE_TXPBTHRESH, TX_PACKET_BUFFER_KIB - largest_kib);
	for (unsigned i = 1; i < IXGBE_TXPBSIZE_COUNT; i++) {
		reg_write(nic, IXGBE_AT(TXPBSIZE, i), 0);
		reg_write(nic, IXGBE_AT(TXPBTHRESH, i), 0);
	}
	reg_write(nic, IXGBE_MTQC, 0);
	clear_tables(nic);
	reg_change(nic, IXGBE_RTTDCS, IXGBE_RTTDCS_ARBDIS, 0);
}

/* TDWBAL is 0: the card reports finished packets in descriptors (report-status), and writes no head (doubt 12). */
void ixgbe_transmit_queue_init(struct nic *nic, unsigned i)
{
	const struct ring_txq *queue = nic->rings.txqs[i];
	ring_locate(nic, IXGBE_AT(TDBAL, i), queue->ring, queue->iova_offset, queue->mask);
	reg_write(nic, IXGBE_AT(TXDCTL, i), TXDCTL_THRESHOLDS);
	reg_write(nic, IXGBE_AT(TDT, i), 0);
}

int ixgbe_transmit_queue_on(struct nic *nic, unsigned i)
{
	reg_write(nic, IXGBE_AT(TXDCTL, i), TXDCTL_THRESHOLDS | IXGBE_TXDCTL_ENABLE);
	return reg_wait_set(nic, IXGBE_AT(TXDCTL, i), IXGBE_TXDCTL_ENABLE, ixgbe_times.queue, "ENABLE",
		"the transmit queue does not start; close the port and open it again");
}

int ixgbe_transmit_start(struct nic *nic)
{
	int ret = 0;
	transmit_init(nic);
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		ixgbe_transmit_queue_init(nic, i);
	/* DS 4.6.8: set before the first queue is enabled */
	reg_change(nic, IXGBE_DMATXCTL, 0, IXGBE_DMATXCTL_TE);
	for (unsigned i = 0; i < nic->config.tx_queues && !ret; i++)
		ret = ixgbe_transmit_queue_on(nic, i);
	return ret;
}
