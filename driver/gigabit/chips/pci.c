/* SPDX-License-Identifier: BSD-2-Clause
 * What the chips for conventional PCI and PCI-X share: reset through I/O space, legacy descriptors, and what PCI-X asks
 * for. */
#include "pci.h"
#include "../../access.h"
#include "../../clock.h"

#include <linux/pci_regs.h>

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
	return vfio_access(device, bar, offset, NULL, bytes, sizeof(bytes));
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

int gigabit_pci_reset(struct nic *nic)
{
	if (!reset_by_io(nic))
		return gigabit_reset_by_register(nic);
	clock_sleep_us(gigabit_times.reset_quiet);
	return 0;
}

int gigabit_pci_settle(struct nic *nic)
{
	/* The card reads its EEPROM anew, and no bit says when it has finished */
	clock_sleep_us(gigabit_times.settle_82540);
	return gigabit_wait_reset(nic);
}

int gigabit_pci_reset_82540(struct nic *nic)
{
	int ret = gigabit_pci_reset(nic);
	if (!ret)
		ret = gigabit_pci_settle(nic);
	if (ret)
		return ret;
	/* The card must not answer ARP requests by itself */
	reg_change(nic, GIGABIT_MANC, GIGABIT_MANC_ARP_EN, 0);
	return 0;
}

int gigabit_pci_receive_start(struct nic *nic)
{
	/* Each descriptor is written back by itself */
	reg_write(nic, GIGABIT_RXDCTL, GIGABIT_RXDCTL_GRAN | GIGABIT_RXDCTL_WTHRESH_1);
	reg_write(nic, GIGABIT_RXCSUM, GIGABIT_RXCSUM_IPOFLD | GIGABIT_RXCSUM_TUOFLD);
	return gigabit_receive_start(nic);
}

int gigabit_pci_transmit_start(struct nic *nic)
{
	/* WTHRESH stays 0: only then does report-status alone bring a write-back */
	reg_write(nic, GIGABIT_TXDCTL, GIGABIT_TXDCTL_GRAN | GIGABIT_TXDCTL_PTHRESH | GIGABIT_TXDCTL_HTHRESH);
	gigabit_transmit_start(nic, 0);
	return 0;
}

void gigabit_pci_tune_pcix(struct nic *nic)
{
	/* Some firmware lets PCI-X cards ask for 4096 bytes at once, more than these chips can hold (erratum) */
	struct vfio_device *device = nic->device;
	unsigned pcix = vfio_find_capability(device, PCI_CAP_ID_PCIX);
	uint32_t command = pcix ? vfio_config_read(device, pcix + PCI_X_CMD, 2) : 0;
	if ((command & PCI_X_CMD_MAX_READ) == PCI_X_CMD_READ_4K && !port_gone(nic))
		vfio_config_write(
			device, pcix + PCI_X_CMD, 2, (command & ~(uint32_t)PCI_X_CMD_MAX_READ) | PCI_X_CMD_READ_2K);
}
