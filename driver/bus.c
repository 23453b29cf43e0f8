/* SPDX-License-Identifier: BSD-2-Clause
 * A port and its bus: requests under way, and the end of all DMA, which includes the card's reset. */
#include "bus.h"
#include "../vfio/error.h"
#include "clock.h"
#include "fail.h"

#include <linux/pci_regs.h>

void bus_wait_transactions(struct nic *nic, uint32_t limit_us)
{
	unsigned pcie = vfio_find_capability(nic->device, PCI_CAP_ID_EXP);
	uint64_t deadline = clock_now_us() + limit_us;
	while (pcie && !port_gone(nic) && clock_now_us() < deadline &&
		(vfio_config_read(nic->device, pcie + PCI_EXP_DEVSTA, 2) & PCI_EXP_DEVSTA_TRPND))
		clock_sleep_us(100);
}

int bus_master_off(struct nic *nic)
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
	int ret = port_gone(nic) ? fail_gone(nic) : nic->driver->ops->reset(nic);
	pollux_failure_keep(&failure, fail_if_refused(nic, refusals, ret));
	/* A card whose registers read all ones may still reach memory, which is about to be used for other things. So
	 * its configuration space is written even then. */
	if (!vfio_device_gone(nic->device))
		pollux_failure_keep(&failure, bus_master_off(nic));
	nic->freshly_reset = failure.error == 0;
	return pollux_failure_restore(&failure);
}
