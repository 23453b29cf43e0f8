/* SPDX-License-Identifier: BSD-2-Clause
 * Starting a port of the e1000 lineage: packet buffer, link, statistics, filters, receive, transmit, interrupts. */
#include "../fail.h"
#include "e1000.h"

/* Transmit must hold two of the largest frames. The division is kept over a reset, and takes effect only by one. */
static int divide_packet_buffer(struct e1000 *e)
{
	uint32_t total = e->chip->packet_buffer_kib;
	if (!total)
		return 0;
	uint32_t transmit = (2 * (e->nic.config.mtu + E1000_FRAME_OVERHEAD) + 1023) / 1024;
	uint32_t receive;
	int ret = reg_read_sure(&e->nic, E1000_PBA, &receive);
	if (ret)
		return ret;
	if ((receive & E1000_PBA_RXA) + transmit <= total)
		return 0;
	e->nic.freshly_reset = false;
	e1000_write(e, E1000_PBA, total - transmit);
	return e1000_reset(&e->nic);
}

int e1000_start(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	int ret = divide_packet_buffer(e);
	if (!ret)
		ret = rings_open(nic, &e->chip->ring);
	if (ret)
		return ret;
	nic->freshly_reset = false;
	e->chip->tune(e);
	/* The card is freshly reset: no former owner's ring can be fetched */
	ret = vfio_set_bus_master(nic->device, true);
	if (!ret)
		ret = e1000_link_start(e);
	if (ret)
		return ret;
	e1000_stats_start(e);
	ret = e1000_filter_start(e);
	if (!ret)
		ret = e->chip->receive_start(e);
	if (!ret)
		ret = e->chip->transmit_start(e);
	if (ret)
		return ret;
	e1000_interrupt_start(e);
	/* tells the firmware that a driver is there */
	if (e->chip->pcie)
		e1000_change(e, E1000_CTRL_EXT, 0, E1000_CTRL_EXT_DRV_LOAD);
	return fail_if_gone(nic);
}
