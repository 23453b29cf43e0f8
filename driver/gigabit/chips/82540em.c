/* SPDX-License-Identifier: BSD-2-Clause
 * What is special about the 82540EM, a conventional PCI card: its reset by I/O space, its EEPROM, legacy descriptors.
 */
#include "../../access.h"
#include "../../clock.h"
#include "../descriptor.h"
#include "../gigabit.h"
#include "one_queue.h"

#include <linux/pci_regs.h>
#include <string.h>

/* The I/O BAR is a window of two registers: the offset, and the register behind it. */
#define IO_ADDRESS 0u
#define IO_DATA    4u

/* The first BAR that is I/O space; BARS: there is none. Its second bit is 0, and would be 1 if the read was refused. */
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

/* While it resets, the chip cannot acknowledge a 64-bit-wide memory write, and a bridge may make one of two of ours. So
 * the reset is written by I/O space, where the transport gives access to it. False: it does not. */
static bool reset_by_io(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	unsigned bar = find_io_bar(device);
	uint32_t control, command = vfio_config_read(device, PCI_COMMAND, 2);
	if (bar == BARS || reg_read_sure(nic, GIGABIT_CTRL, &control) != 0)
		return false;
	if (!(command & PCI_COMMAND_IO) && vfio_config_write(device, PCI_COMMAND, 2, command | PCI_COMMAND_IO) != 0)
		return false;
	return io_write(device, bar, IO_ADDRESS, GIGABIT_CTRL) == 0 &&
	       io_write(device, bar, IO_DATA, control | GIGABIT_CTRL_RST) == 0;
}

static int reset(struct nic *nic)
{
	int ret = 0;
	if (reset_by_io(nic))
		clock_sleep_us(gigabit_times.reset_quiet);
	else
		ret = gigabit_reset_by_register(nic);
	if (ret)
		return ret;
	/* The card reads its EEPROM anew, and no bit says when it has finished */
	clock_sleep_us(gigabit_times.settle_82540);
	ret = gigabit_wait_reset(nic);
	if (ret)
		return ret;
	/* The card must not answer ARP requests by itself */
	reg_change(nic, GIGABIT_MANC, GIGABIT_MANC_ARP_EN, 0);
	return 0;
}

static int receive_start(struct nic *nic)
{
	/* Each descriptor is written back by itself */
	reg_write(nic, GIGABIT_RXDCTL, GIGABIT_RXDCTL_GRAN | GIGABIT_RXDCTL_WTHRESH_1);
	reg_write(nic, GIGABIT_RXCSUM, 0);
	return one_queue_receive_start(nic);
}

static int transmit_start(struct nic *nic)
{
	/* WTHRESH stays 0: only then does report-status alone bring a write-back */
	reg_write(nic, GIGABIT_TXDCTL, GIGABIT_TXDCTL_GRAN | GIGABIT_TXDCTL_PTHRESH | GIGABIT_TXDCTL_HTHRESH);
	one_queue_transmit_start(nic, 0);
	return 0;
}

const struct gigabit_chip gigabit_82540em = {
	.reset = reset,
	.read_mac = gigabit_nvm_read_mac,
	.receive_start = receive_start,
	.transmit_start = transmit_start,
	.ring = {.bursts[RING_PLAIN][PKT_SIMD_SCALAR] = {gigabit_rx_burst_legacy, gigabit_tx_burst_82540em},
		.rx_tail = one_queue_rx_tail,
		.tx_tail = one_queue_tx_tail,
		.rx_format = &gigabit_rx_legacy,
		.tx_format = &gigabit_tx_82540em,
		.rx_tail_writes_per_lap = GIGABIT_RX_TAIL_WRITES_PER_LAP},
	.tx_head = one_queue_tx_head,
	.bar_bytes = GIGABIT_BAR_BYTES,
	.packet_buffer_kib = 64,
	.eerd_done_bit = 4,
	.eerd_address_shift = 8,
	.max_frame_bytes = 16128,
	.max_queues = 1,
};
