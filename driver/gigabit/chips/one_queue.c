/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit of the chips with one queue, all but the 82576: ring registers, and the units behind them.
 * Every register is written, whatever a reset leaves in it. */
#include "one_queue.h"
#include "../../access.h"
#include "../../fail.h"

uint32_t one_queue_rx_tail(unsigned queue)
{
	(void)queue;
	return GIGABIT_RDT;
}

uint32_t one_queue_tx_tail(unsigned queue)
{
	(void)queue;
	return GIGABIT_TDT;
}

uint32_t one_queue_tx_head(unsigned queue)
{
	(void)queue;
	return GIGABIT_TDH;
}

/* The registers have 64 bits; the 82540EM's addresses have 32, and so RDBAH and TDBAH are 0 (doubt 26). */
int one_queue_receive_start(struct nic *nic)
{
	struct ring_rxq *queue = nic->rings.rxqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	reg_write(nic, GIGABIT_RDBAL, (uint32_t)address);
	reg_write(nic, GIGABIT_RDBAH, (uint32_t)(address >> 32));
	reg_write(nic, GIGABIT_RDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	/* No delays: they are for interrupts */
	reg_write(nic, GIGABIT_RDTR, 0);
	if (gigabit_chip(nic)->absolute_delays)
		reg_write(nic, GIGABIT_RADV, 0);
	reg_write(nic, GIGABIT_RDH, 0);
	reg_write(nic, GIGABIT_RDT, 0);
	/* Enabled before the card has descriptors: writing the tail starts it. RCTL is written only once: QEMU's
	 * 82540EM receives nothing for a second after each write. */
	reg_write(nic, GIGABIT_RCTL, gigabit_rctl(nic) | GIGABIT_RCTL_EN);
	if (port_gone(nic))
		return fail_gone(nic);
	ring_rxq_go(queue);
	return 0;
}

void one_queue_transmit_start(struct nic *nic, uint32_t more_tctl)
{
	const struct ring_txq *queue = nic->rings.txqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	reg_write(nic, GIGABIT_TDBAL, (uint32_t)address);
	reg_write(nic, GIGABIT_TDBAH, (uint32_t)(address >> 32));
	reg_write(nic, GIGABIT_TDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	reg_write(nic, GIGABIT_TDH, 0);
	reg_write(nic, GIGABIT_TDT, 0);
	reg_write(nic, GIGABIT_TIDV, 0);
	if (gigabit_chip(nic)->absolute_delays)
		reg_write(nic, GIGABIT_TADV, 0);
	reg_write(nic, GIGABIT_TIPG, GIGABIT_TIPG_COPPER);
	reg_write(nic, GIGABIT_TCTL,
		GIGABIT_TCTL_EN | GIGABIT_TCTL_PSP | GIGABIT_TCTL_CT | GIGABIT_TCTL_COLD | GIGABIT_TCTL_RTLC |
			more_tctl);
}
