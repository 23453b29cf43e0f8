/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit queues of the gigabit chips: the rings of all, and the units behind the rings of all but the
 * 82576, whose queues are enabled one by one (chips/82576.c). Every register is written, whatever a reset leaves. */
#include "../access.h"
#include "gigabit.h"

/* The largest of 2, 4, 8 and 16 KiB that the pool's buffers have room for. */
static uint32_t buffer_size(const struct nic *nic)
{
	uint32_t kib = pkt_pool_data_bytes(nic->config.pool) / 1024;
	if (kib < 4)
		return 0;
	return GIGABIT_RCTL_BSEX | (kib < 8 ? 3u : kib < 16 ? 2u : 1u) << GIGABIT_RCTL_BSIZE_SHIFT;
}

int gigabit_receive_start(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		const struct ring_rxq *queue = nic->rings.rxqs[i];
		ring_locate(nic, GIGABIT_AT(RDBAL, i), queue->ring, queue->iova_offset, queue->mask);
		reg_write(nic, GIGABIT_AT(RDH, i), 0);
		reg_write(nic, GIGABIT_AT(RDT, i), 0);
		/* Each descriptor is written back by itself */
		reg_write(nic, GIGABIT_AT(RXDCTL, i), GIGABIT_RXDCTL_GRAN | GIGABIT_RXDCTL_WTHRESH_1);
	}
	/* An extended descriptor carries the RSS hash (0 without RSS) instead of a fragment's checksum */
	reg_write(nic, GIGABIT_RXCSUM,
		GIGABIT_RXCSUM_IPOFLD | GIGABIT_RXCSUM_TUOFLD | (chip->pcie ? GIGABIT_RXCSUM_PCSD : 0));
	if (chip->pcie) {
		reg_write(nic, GIGABIT_RFCTL, GIGABIT_RFCTL_EXSTEN);
		gigabit_set_rss(nic);
	}
	/* No delays: they are for interrupts */
	reg_write(nic, GIGABIT_RDTR, 0);
	if (chip->absolute_delays)
		reg_write(nic, GIGABIT_RADV, 0);
	/* Enabled before the card has descriptors: writing the tail starts it. RCTL is written only once: QEMU's
	 * 82540EM receives nothing for a second after each write. */
	reg_write(nic, GIGABIT_RCTL, gigabit_rctl(nic) | buffer_size(nic) | GIGABIT_RCTL_EN);
	if (port_gone(nic))
		return fail_gone(nic);
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		ring_rxq_go(nic->rings.rxqs[i]);
	return 0;
}

int gigabit_transmit_start(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		const struct ring_txq *queue = nic->rings.txqs[i];
		ring_locate(nic, GIGABIT_AT(TDBAL, i), queue->ring, queue->iova_offset, queue->mask);
		reg_write(nic, GIGABIT_AT(TDH, i), 0);
		reg_write(nic, GIGABIT_AT(TDT, i), 0);
		reg_write(nic, GIGABIT_AT(TXDCTL, i), chip->txdctl);
	}
	reg_write(nic, GIGABIT_TIDV, 0);
	if (chip->absolute_delays)
		reg_write(nic, GIGABIT_TADV, 0);
	reg_write(nic, GIGABIT_TIPG, GIGABIT_TIPG_COPPER);
	reg_write(nic, GIGABIT_TCTL,
		GIGABIT_TCTL_EN | GIGABIT_TCTL_PSP | GIGABIT_TCTL_CT | GIGABIT_TCTL_COLD | GIGABIT_TCTL_RTLC |
			chip->tctl);
	return 0;
}
