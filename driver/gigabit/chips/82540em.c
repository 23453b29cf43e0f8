/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82540EM, a conventional PCI card: its reset by I/O space, its EEPROM, legacy descriptors.
 */
#include "../../clock.h"
#include "../descriptor.h"
#include "../e1000.h"

#include <linux/pci_regs.h>
#include <string.h>

/* The I/O BAR is a window of two registers: the offset, and the register behind it. */
#define IO_ADDRESS 0u
#define IO_DATA    4u

/* The first BAR that is I/O space, whose second bit is 0, unlike that of a refused read; BARs: there is none. */
#define BARS 6u
static unsigned find_io_bar(struct vfio_device *device)
{
	unsigned bar = 0;
	while (bar < BARS && (!device->region_bytes[bar] || (vfio_config_read(device, PCI_BASE_ADDRESS_0 + 4 * bar, 4) &
								    3) != PCI_BASE_ADDRESS_SPACE_IO))
		bar++;
	return bar;
}

static int io_write(struct vfio_device *device, unsigned bar, uint32_t offset, uint32_t value)
{
	uint8_t bytes[4];
	for (unsigned i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	return device->ops->write(device, bar, offset, bytes, sizeof(bytes));
}

/* The chip cannot acknowledge a 64-bit-wide memory write while it resets, and a bridge may make one of ours: so by I/O
 * space, where the transport gives access to it. */
static bool reset_by_io(struct e1000 *e)
{
	struct vfio_device *device = e->nic.device;
	unsigned bar = find_io_bar(device);
	uint32_t control, command = vfio_config_read(device, PCI_COMMAND, 2);
	if (bar == BARS || reg_read_sure(&e->nic, E1000_CTRL, &control) != 0)
		return false;
	if (!(command & PCI_COMMAND_IO) && vfio_config_write(device, PCI_COMMAND, 2, command | PCI_COMMAND_IO) != 0)
		return false;
	return io_write(device, bar, IO_ADDRESS, E1000_CTRL) == 0 &&
	       io_write(device, bar, IO_DATA, control | E1000_CTRL_RST) == 0;
}

static int reset(struct e1000 *e)
{
	int ret = 0;
	if (reset_by_io(e))
		clock_sleep_us(e1000_times.reset_quiet);
	else
		ret = e1000_reset_by_register(e);
	if (ret)
		return ret;
	/* the EEPROM is read anew, which nothing tells the end of */
	clock_sleep_us(e1000_times.settle_82540);
	ret = e1000_wait_reset(e);
	if (ret)
		return ret;
	/* the card is not to answer ARP requests by itself */
	e1000_change(e, E1000_MANC, E1000_MANC_ARP_EN, 0);
	return 0;
}

static void tune(struct e1000 *e)
{
	(void)e;
}

static int receive_start(struct e1000 *e)
{
	/* each descriptor is written back by itself */
	e1000_write(e, E1000_RXDCTL, E1000_RXDCTL_GRAN | E1000_RXDCTL_WTHRESH_1);
	e1000_write(e, E1000_RXCSUM, 0);
	return e1000_receive_start(e);
}

static int transmit_start(struct e1000 *e)
{
	/* WTHRESH stays 0: only then does report-status alone bring a write-back */
	e1000_write(e, E1000_TXDCTL, E1000_TXDCTL_GRAN | E1000_TXDCTL_PTHRESH | E1000_TXDCTL_HTHRESH);
	e1000_transmit_start(e, 0);
	return 0;
}

const struct e1000_chip e1000_82540em = {
	.reset = reset,
	.read_mac = e1000_nvm_read_mac,
	.tune = tune,
	.receive_start = receive_start,
	.transmit_start = transmit_start,
	.ring = {e1000_rx_burst_legacy, e1000_tx_burst_82540em, e1000_rx_tail, e1000_tx_tail, &e1000_rx_legacy,
		&e1000_tx_82540em, E1000_RX_TAIL_WRITES_PER_LAP},
	.tx_head = e1000_tx_head,
	.bar_bytes = E1000_BAR_BYTES,
	.rars = 16,
	.rx_byte_extra = 4, /* the FCS */
	.tx_byte_extra = 4,
	.packet_buffer_kib = 64,
	.eerd_done_bit = 4,
	.eerd_address_shift = 8,
	.max_mtu = 16102, /* frames of 16128 bytes with two tags and FCS */
	.max_queues = 1,
};
