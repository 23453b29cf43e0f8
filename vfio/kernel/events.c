/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel's VFIO has to say of a device without being asked: it wants it back (somebody unplugs or unbinds it),
 * or the device reported an error that it cannot mend. Either way it is gone for us. */
#include "events.h"

#include "../error.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int kernel_events_start(struct kernel_device *kernel)
{
	static const unsigned kinds[] = {VFIO_PCI_REQ_IRQ_INDEX, VFIO_PCI_ERR_IRQ_INDEX};
	struct vfio_device *device = &kernel->device;
	int error = 0;

	if ((device->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
		return pollux_fail(errno, "%s: no descriptor for events: %s", device->address, strerror(errno));
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !error; i++) {
		if (device->irq_count[kinds[i]]) /* a conventional PCI device has no error reporting */
			error = vfio_set_irqs(device, kinds[i], 1, &device->event_fd);
		device->irq_count[kinds[i]] = 0; /* it is not the driver's to use */
	}
	return error;
}

void kernel_events_check(struct vfio_device *device)
{
	uint64_t count;

	if (vfio_device_gone(device) || read(device->event_fd, &count, sizeof(count)) != sizeof(count))
		return;
	/* The kernel waits until we close the device, so it may still be there, and do DMA to buffers that are given
	 * back to their pool soon. */
	vfio_set_bus_master(device, false);
	pollux_lose(&device->loss,
		"the kernel wants it back, because somebody unbinds or unplugs it, or it reported an error that it "
		"cannot mend (dmesg tells)");
}
