/* SPDX-License-Identifier: BSD-2-Clause
 * Starting a port of the gigabit chips: packet buffer (a new division of it takes a reset), link, statistics, filters,
 * interrupts; receive and transmit are set up as the chip has it (chips/). */
#include "../access.h"
#include "../ring/offload.h"
#include "../stats.h"
#include "gigabit.h"

/* The transmit part must hold two of the largest frames. A new division takes effect at a reset, which keeps it. */
static int divide_packet_buffer(struct nic *nic)
{
	uint32_t total = gigabit_chip(nic)->packet_buffer_kib, step = gigabit_chip(nic)->packet_buffer_step_kib;
	if (!total)
		return 0;
	uint32_t transmit = (2 * port_max_frame_bytes(nic) + 1023) / 1024;
	uint32_t receive;
	int ret = reg_read_sure(nic, GIGABIT_PBA, &receive);
	if (ret)
		return ret;
	if ((receive & GIGABIT_PBA_RXA) + transmit <= total)
		return 0;
	nic->freshly_reset = false;
	receive = total - transmit;
	reg_write(nic, GIGABIT_PBA, step ? receive / step * step : receive);
	return gigabit_reset(nic);
}

/* What the card can do for frames to be sent, beside what the port's configuration and the bus keep it from. */
static void choose_orders(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		struct ring_tx_offload *offload = &nic->rings.txqs[i]->offload;
		/* CTRL.VME has tags taken out on receive, and lets them be put in on transmit */
		if (!(nic->config.offloads & NIC_RX_VLAN_STRIP))
			offload->cannot |= RING_TX_CAN_VLAN;
		/* A frame's first descriptor must be shorter there than a buffer may be (82545EM erratum 10) */
		if (((struct gigabit *)nic)->pcix)
			offload->cannot |= RING_TX_CAN_SEGMENT_IPV4;
		if (nic->config.tx_queues > 1 && chip->tx_card_several)
			offload->card = chip->tx_card_several;
	}
}

int gigabit_start(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	int ret = divide_packet_buffer(nic);
	if (!ret)
		ret = rings_open(nic, &chip->ring);
	if (ret)
		return ret;
	choose_orders(nic);
	nic->freshly_reset = false;
	if (chip->tune)
		chip->tune(nic);
	/* The card is freshly reset, so it cannot fetch a former owner's ring */
	ret = vfio_set_bus_master(nic->device, true);
	if (!ret)
		ret = gigabit_link_start(nic);
	if (ret)
		return ret;
	stats_start(nic, NIC_FCS_BYTES, NIC_FCS_BYTES);
	ret = gigabit_filter_start(nic);
	if (!ret)
		ret = chip->receive_start(nic);
	if (!ret)
		ret = chip->transmit_start(nic);
	if (ret)
		return ret;
	/* Tells the firmware that a driver is there */
	if (chip->pcie)
		reg_change(nic, GIGABIT_CTRL_EXT, 0, GIGABIT_CTRL_EXT_DRV_LOAD);
	return fail_if_gone(nic);
}
