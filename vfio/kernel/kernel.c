/* SPDX-License-Identifier: BSD-2-Clause
 * Opens devices through the kernel's VFIO: finds a device, chooses between its own node and its group's, and knows
 * which devices are open. */
#include "kernel.h"

#include "../error.h"
#include "group.h"
#include "iommufd.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Taken before a DMA space's lock and a kernel space's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- What sysfs says before VFIO is asked ---- */

static int check_place(const struct vfio_pci *pci)
{
	int error = vfio_pci_check_iommu(pci);

	if (error)
		return error;
	if (strcmp(pci->driver, VFIO_PCI_DRIVER) != 0)
		return pollux_fail(ENODEV,
			"%s is bound to %s, not to " VFIO_PCI_DRIVER "; as root: pollux-bind bind %s", pci->address,
			pci->driver[0] ? pci->driver : "no driver", pci->address);
	return 0;
}

/* ---- Devices ---- */

/* Undoes as much of opening a device as was done. The lock is held. The calling thread's failure sentence stays: if
 * opening failed, that is the one to tell. */
static void release(struct kernel_device *device)
{
	if (device->joined)
		kernel_space_forget(device);
	/* The device goes first: memory is unmapped when nothing does DMA any more. */
	kernel_device_release(device);
	kernel_space_leave(device);
	if (device->group)
		group_leave(device);
	else if (device->kernel)
		iommufd_leave(device);
	free(device);
}

static void close_device(struct vfio_device *device)
{
	pthread_mutex_lock(&lock);
	release((struct kernel_device *)device);
	pthread_mutex_unlock(&lock);
}

static int refuse_twice(const struct vfio_pci *pci, const struct dma_space *space)
{
	const struct kernel_device *other;

	LIST_FOREACH (other, &kernel_devices, next) {
		if (strcmp(other->pci.address, pci->address) == 0)
			return pollux_fail(EBUSY, "%s is open in this process already; close it first", pci->address);
		if (other->pci.group == pci->group && other->device.space != space)
			return pollux_fail(EBUSY,
				"%s: another device of its IOMMU group %d is open with another DMA space, and a group "
				"cannot be in two; open both with one space",
				pci->address, pci->group);
	}
	return 0;
}

/* Another device of the group that is open; NULL: there is none. */
static const struct kernel_device *device_of_group(int group)
{
	const struct kernel_device *device;

	LIST_FOREACH (device, &kernel_devices, next)
		if (device->pci.group == group)
			break;
	return device;
}

/* Reaches the device by its own node if possible, else by its group. device.reached_by then says by which, and why. */
static int join(struct kernel_device *device, struct dma_space *space)
{
	const struct vfio_pci *pci = &device->pci;
	const struct kernel_device *other = device_of_group(pci->group);
	char why_not[IOMMUFD_WHY_BYTES] = "";
	struct pollux_failure refused = {.error = 0};
	int error;

	if (other && other->group) { /* which can be open only once */
		snprintf(why_not, sizeof(why_not), "its group is open");
	} else {
		error = iommufd_join(device, pci, space, why_not);
		pollux_failure_keep(&refused, error);
		snprintf(device->device.reached_by, sizeof(device->device.reached_by), "iommufd");
		/* Nobody can open the group while one of its devices is open by its own node. */
		if (!error || !why_not[0] || other)
			return error;
		kernel_device_release(device); /* its node may be open, and only /dev/iommu be missing */
	}
	snprintf(device->device.reached_by, sizeof(device->device.reached_by), "group %d (%s)", pci->group, why_not);
	error = group_join(device, pci, space);
	/* This kernel has no groups, so the remedy to tell is that for the device's own node. */
	return error == -ENOENT && refused.error == -EACCES ? pollux_failure_restore(&refused) : error;
}

int vfio_kernel_open(struct vfio_device **result, const char *address, struct dma_space *space)
{
	static const struct vfio_device_ops ops = {
		.access = kernel_device_access,
		.window = kernel_device_window,
		.set_irqs = kernel_device_set_irqs,
		.reset = kernel_device_reset,
		.check = kernel_device_check,
		.close = close_device,
	};
	struct kernel_device *device = calloc(1, sizeof(*device));
	int error;

	*result = NULL;
	if (!device)
		return pollux_fail(ENOMEM, "%s: no memory for a device", address);
	device->fd = device->device.event_fd = -1;
	device->device.ops = &ops;
	device->device.space = space;
	snprintf(device->device.address, sizeof(device->device.address), "%s", address);

	pthread_mutex_lock(&lock);
	error = vfio_pci_find(&device->pci, address);
	device->device.numa_node = device->pci.numa_node;
	if (!error)
		error = check_place(&device->pci);
	if (!error)
		error = refuse_twice(&device->pci, space);
	if (!error)
		error = join(device, space);
	if (!error)
		error = kernel_device_ask(device);
	if (!error)
		error = kernel_space_join(device);
	if (!error)
		error = kernel_device_watch(device);
	if (error)
		release(device);
	else
		*result = &device->device;
	pthread_mutex_unlock(&lock);
	return error;
}
