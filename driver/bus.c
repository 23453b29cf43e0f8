/* SPDX-License-Identifier: BSD-2-Clause
 * A port and its bus: no DMA any more, requests that are still under way, and the address that the card's NVM gave the
 * port. */
#include "../vfio/error.h"
#include "driver.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

unsigned bus_find_capability(struct vfio_device *device, unsigned id)
{
	if (!(vfio_config_read(device, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	unsigned at = vfio_config_read(device, PCI_CAPABILITY_LIST, 1) & 0xFC;
	/* 48 capabilities fill configuration space: a longer list is a loop */
	for (unsigned i = 0; i < 48 && at >= 0x40 && at <= 0xF0; i++) {
		uint32_t head = vfio_config_read(device, at, 2);
		if ((head & 0xFF) == id)
			return at;
		at = (head >> 8) & 0xFC;
	}
	return 0;
}

void bus_wait_transactions(struct nic *nic, uint32_t limit_us)
{
	unsigned pcie = bus_find_capability(nic->device, PCI_CAP_ID_EXP);
	uint64_t deadline = clock_now_us() + limit_us;
	while (pcie && !port_gone(nic) && clock_now_us() < deadline &&
		(vfio_config_read(nic->device, pcie + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_TRPND))
		clock_sleep_us(100);
}

int bus_leave(struct nic *nic)
{
	struct vfio_device *device = nic->device;
	struct pollux_failure failure = {.error = 0};
	pollux_failure_keep(&failure, vfio_set_bus_master(device, false));
	/* the last resort: a function reset clears COMMAND too */
	if (failure.error && !port_gone(nic) && device->ops->reset)
		device->ops->reset(device);
	return pollux_failure_restore(&failure);
}

int bus_halt(struct nic *nic)
{
	struct pollux_failure failure = {.error = 0};
	uint64_t refusals = vfio_refusals();
	pollux_failure_keep(
		&failure, reg_end_call(nic, refusals, port_gone(nic) ? fail_gone(nic) : nic->driver->ops->reset(nic)));
	/* Registers that read all ones do not prove that it cannot reach memory any more, and that is about to be used
	 * for other things. Configuration space is not among the registers that are let alone. */
	if (!vfio_device_gone(nic->device))
		pollux_failure_keep(&failure, bus_leave(nic));
	nic->clean = failure.error == 0;
	return pollux_failure_restore(&failure);
}

bool mac_is_usable(const uint8_t mac[6])
{
	static const uint8_t zero[6];
	return memcmp(mac, zero, 6) != 0 && !(mac[0] & 1);
}
