/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit of the chips with one queue, 82540EM and 82574L: ring registers, and the units behind them.
 * Every register is written, whatever a reset leaves in it. */
#include "../fail.h"
#include "e1000.h"

uint32_t e1000_rx_tail(unsigned queue)
{
	(void)queue;
	return E1000_RDT;
}

uint32_t e1000_tx_tail(unsigned queue)
{
	(void)queue;
	return E1000_TDT;
}

uint32_t e1000_tx_head(unsigned queue)
{
	(void)queue;
	return E1000_TDH;
}

int e1000_receive_start(struct e1000 *e)
{
	struct ring_rxq *queue = e->nic.rings.rxqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	e1000_write(e, E1000_RDBAL, (uint32_t)address);
	e1000_write(e, E1000_RDBAH, (uint32_t)(address >> 32));
	e1000_write(e, E1000_RDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	/* no delays: they are for interrupts */
	e1000_write(e, E1000_RDTR, 0);
	e1000_write(e, E1000_RADV, 0);
	e1000_write(e, E1000_RDH, 0);
	e1000_write(e, E1000_RDT, 0);
	/* enabled before the ring has descriptors: the tail is what starts it. Written once: QEMU's 82540EM receives
	 * nothing for a second after each write. */
	e1000_write(e, E1000_RCTL, e1000_rctl(e) | E1000_RCTL_EN);
	if (port_gone(&e->nic))
		return fail_gone(&e->nic);
	ring_rxq_go(queue);
	return 0;
}

void e1000_transmit_start(struct e1000 *e, uint32_t more_tctl)
{
	const struct ring_txq *queue = e->nic.rings.txqs[0];
	uint64_t address = ring_address(queue->ring, queue->iova_offset);
	e1000_write(e, E1000_TDBAL, (uint32_t)address);
	e1000_write(e, E1000_TDBAH, (uint32_t)(address >> 32));
	e1000_write(e, E1000_TDLEN, (queue->mask + 1) * (uint32_t)sizeof(*queue->ring));
	e1000_write(e, E1000_TDH, 0);
	e1000_write(e, E1000_TDT, 0);
	e1000_write(e, E1000_TIDV, 0);
	e1000_write(e, E1000_TADV, 0);
	e1000_write(e, E1000_TIPG, E1000_TIPG_COPPER);
	e1000_write(e, E1000_TCTL,
		E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_COLD | E1000_TCTL_RTLC | more_tctl);
}
