/* SPDX-License-Identifier: BSD-2-Clause
 * Starting a port of the e1000 lineage: packet buffer, link, statistics, filters, receive, transmit, interrupts. */
#include "../../vfio/error.h"
#include "e1000.h"

#include <errno.h>

/* Transmit must hold two of the largest frames. The division is kept over a reset, and takes effect only by one. */
static int divide_packet_buffer(struct e1000 *e)
{
	uint32_t total = e->chip->packet_buffer_kib;
	if (!total)
		return 0;
	uint32_t transmit = (2 * (e->nic.config.mtu + E1000_FRAME_OVERHEAD) + 1023) / 1024;
	uint32_t receive = e1000_read(e, E1000_PBA) & E1000_PBA_RXA;
	if (nic_gone(&e->nic))
		return nic_fail_gone(&e->nic);
	if (receive + transmit <= total)
		return 0;
	e->clean = false; /* until the reset has succeeded */
	e1000_write(e, E1000_PBA, total - transmit);
	int ret = e1000_reset(e);
	e->clean = ret == 0;
	return ret;
}

/* All that touches the card; what it leaves when it fails, e1000_halt undoes. */
static int device_start(struct e1000 *e)
{
	e->chip->tune(e);
	/* The card is freshly reset: no former owner's ring can be fetched */
	int ret = vfio_set_bus_master(e->nic.device, true);
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
	return nic_gone(&e->nic) ? nic_fail_gone(&e->nic) : 0;
}

int e1000_start(struct nic *nic)
{
	struct e1000 *e = e1000_of(nic);
	/* an earlier stop may have failed to reset it */
	int ret = e->clean ? 0 : e1000_halt(e);
	if (!ret)
		ret = divide_packet_buffer(e);
	if (!ret)
		ret = nic_rings_open(nic, &e->chip->ring);
	if (ret)
		return ret;
	e->clean = false;
	ret = device_start(e);
	if (!ret)
		return 0;
	struct nic_failure failure = {.error = 0};
	nic_note(&failure, ret);
	e1000_halt(e);
	nic_rings_close(nic);
	return nic_failed(&failure);
}
