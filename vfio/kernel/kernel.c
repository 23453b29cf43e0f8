/* SPDX-License-Identifier: BSD-2-Clause
 * A device behind the kernel's VFIO: how it is opened, by its own node or by its group's, which devices are open, and
 * what struct vfio_device_ops asks for, which is the same whether it was reached by the one or the other. */
#include "../error.h"
#include "../removal.h"
#include "../transports.h"
#include "join.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define IRQS_MAX 2048 /* the most that MSI-X has */

/* Taken before a DMA space's lock and a kernel space's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct kernel_device *kernel_of(struct vfio_device *device)
{
	return (struct kernel_device *)device;
}

/* ---- Reads and writes ---- */

/* EIO, ENODEV, ENXIO and a short read or write (error 0) say that the device does not answer any more. Other errors say
 * that the kernel refuses this access. */
static int access_failed(struct vfio_device *device, const char *what, unsigned region, uint64_t offset, int error)
{
	if (error && error != EIO && error != ENODEV && error != ENXIO)
		return pollux_fail(error, "%s: the kernel refuses a %s at 0x%llx of region %u: %s", device->address,
			what, (unsigned long long)offset, region, strerror(error));
	pollux_lose(&device->loss, "a %s at 0x%llx of region %u failed: %s", what, (unsigned long long)offset, region,
		error ? strerror(error) : "it came up short");
	return vfio_fail_gone(device);
}

static int kernel_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	const struct kernel_device *kernel = kernel_of(device);
	const struct kernel_region *r = &kernel->regions[region];
	const off_t at = (off_t)(r->offset + offset);
	ssize_t done;

	if (!(r->flags & (in ? VFIO_REGION_INFO_FLAG_READ : VFIO_REGION_INFO_FLAG_WRITE)))
		return pollux_fail(EPERM, "%s: the kernel does not let region %u be %s", device->address, region,
			in ? "read" : "written");
	do {
		done = in ? pread(kernel->fd, in, bytes, at) : pwrite(kernel->fd, out, bytes, at);
	} while (done < 0 && errno == EINTR);
	if (done == (ssize_t)bytes)
		return 0;
	return access_failed(device, in ? "read" : "write", region, offset, done < 0 ? errno : 0);
}

/* ---- Windows ---- */

/* Maps the parts that are not mapped yet. A part that cannot be mapped is a failure: its registers could be reached by
 * system calls, but a hundred times slower, and nobody would notice why. */
static int map_parts(struct kernel_device *kernel, unsigned index)
{
	struct vfio_region *region = &kernel->device.regions[index];

	for (unsigned i = 0; i < region->part_count; i++) {
		struct vfio_part *part = &region->parts[i];

		if (part->at)
			continue;
		void *at = mmap(NULL, part->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kernel->fd,
			(off_t)(kernel->regions[index].offset + part->first));
		if (at == MAP_FAILED) {
			int error = errno;

			return pollux_fail(error, "%s: cannot map BAR%u (%llu KiB): %s%s", kernel->device.address,
				index, (unsigned long long)(part->bytes >> 10), strerror(error),
				error == ENOMEM ? "; raise ulimit -v and vm.max_map_count" : "");
		}
		madvise(at, part->bytes, MADV_DONTFORK);
		part->at = at;
		vfio_removal_watch(&kernel->device, at, part->bytes);
	}
	return 0;
}

static int kernel_window(struct vfio_device *device, unsigned region, struct vfio_window *window)
{
	int error = vfio_region_window(device, region, window);

	if (error || (error = map_parts(kernel_of(device), region)) != 0)
		return error;
	if (window->part_count && window->parts[0].first == 0 && window->parts[0].bytes == window->bytes)
		*window = (struct vfio_window){.memory = window->parts[0].at, .bytes = window->bytes};
	return 0;
}

/* ---- Interrupts and reset ---- */

/* Has the first `count` interrupts of a kind write to eventfds; count 0 turns the kind off. */
static int set_trigger(struct kernel_device *kernel, unsigned index, unsigned count, const int *eventfds)
{
	struct {
		struct vfio_irq_set head;
		int eventfds[IRQS_MAX];
	} set = {.head = {.argsz = (uint32_t)(sizeof(set.head) + count * sizeof(int)),
			 .flags = VFIO_IRQ_SET_ACTION_TRIGGER |
				  (count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
			 .index = index,
			 .count = count}};
	int result, error;

	for (unsigned i = 0; i < count; i++)
		set.eventfds[i] = eventfds[i];
	/* If there are vectors, but fewer, the kernel sets none and returns how many there are. */
	if ((result = ioctl(kernel->fd, VFIO_DEVICE_SET_IRQS, &set)) == 0)
		return 0;
	error = result < 0 ? errno : ENOSPC;
	return pollux_fail(error, "%s: cannot set %u interrupts of kind %u: %s%s", kernel->device.address, count, index,
		result > 0 ? "the kernel has vectors for fewer; give back other devices' first" : strerror(error),
		error == EINVAL && index <= VFIO_PCI_MSIX_IRQ_INDEX
			? "; only one of INTx, MSI and MSI-X can be on at a time"
			: "");
}

static int unmask_intx(struct kernel_device *kernel)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_NONE,
		.index = VFIO_PCI_INTX_IRQ_INDEX,
		.count = 1,
	};

	if (ioctl(kernel->fd, VFIO_DEVICE_SET_IRQS, &set) < 0)
		return pollux_fail(errno, "%s: cannot unmask INTx: %s", kernel->device.address, strerror(errno));
	return 0;
}

static int kernel_set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds)
{
	struct kernel_device *kernel = kernel_of(device);
	const bool intx = index == VFIO_PCI_INTX_IRQ_INDEX && count;
	int error = 0;

	/* The same number may be another file by now, so it is set again. Not so for INTx: to set it again is how a
	 * caller unmasks it. */
	if (!(intx && device->irqs_on[index] && kernel->intx_eventfd == eventfds[0]))
		error = set_trigger(kernel, index, count, eventfds);
	if (!intx || error)
		return error;
	if (kernel->intx_eventfd != eventfds[0])
		kernel->intx_eventfd = eventfds[0];
	return kernel->irq_flags[index] & VFIO_IRQ_INFO_AUTOMASKED ? unmask_intx(kernel) : 0;
}

static int kernel_reset(struct vfio_device *device)
{
	struct kernel_device *kernel = kernel_of(device);

	if (!kernel->can_reset)
		return pollux_fail(ENOTTY, "%s: the kernel knows no way to reset this device alone", device->address);
	if (vfio_device_gone(device))
		return vfio_fail_gone(device);
	if (ioctl(kernel->fd, VFIO_DEVICE_RESET) < 0)
		return pollux_fail(errno, "%s: the reset failed: %s", device->address, strerror(errno));
	return 0;
}

/* ---- What the kernel says unasked: it wants the device back, or the device reported an error that it cannot mend ----
 */

/* Has the kernel tell through device.event_fd when it wants the device back, because somebody unplugs or unbinds it,
 * and of errors that the device cannot mend. Either way it is gone for us. */
static int watch(struct kernel_device *kernel)
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

static void kernel_check(struct vfio_device *device)
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

/* ---- What the kernel tells of a device ---- */

static int bad_answer(const struct kernel_device *kernel, const char *what)
{
	return pollux_fail(EPROTO, "%s: the kernel's VFIO %s; report this with the output of uname -r",
		kernel->device.address, what);
}

/* Which parts of a BAR may be mapped: all of it, or those around the MSI-X table, which the kernel may keep to itself.
 */
static int ask_region(struct kernel_device *kernel, unsigned index)
{
	struct {
		struct vfio_region_info info;
		uint8_t caps[VFIO_CAPS_MAX];
	} answer = {.info = {.argsz = sizeof(answer), .index = index}};
	const struct vfio_region_info *info = &answer.info;
	struct vfio_region *region = &kernel->device.regions[index];

	if (ioctl(kernel->fd, VFIO_DEVICE_GET_REGION_INFO, &answer) < 0)
		return pollux_fail(errno, "%s: the kernel does not tell of region %u: %s", kernel->device.address,
			index, strerror(errno));
	kernel->regions[index] = (struct kernel_region){.flags = info->flags, .offset = info->offset};
	if (info->argsz > sizeof(answer))
		return bad_answer(kernel, "has more to say of a region than there can be");
	const char *wrong =
		vfio_info_region(&kernel->device, index, &answer, sizeof(answer), region->parts, &region->part_count);
	if (!wrong && info->offset > INT64_MAX - info->size)
		wrong = "has a region of impossible size";
	if (wrong)
		return bad_answer(kernel, wrong);
	if (index > VFIO_PCI_BAR5_REGION_INDEX || !(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		region->part_count = 0;
	return 0;
}

static int ask_irq(struct kernel_device *kernel, unsigned index)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = index};

	if (ioctl(kernel->fd, VFIO_DEVICE_GET_IRQ_INFO, &info) < 0) {
		/* Of a conventional PCI device, which has no error reporting, the kernel does not know this kind. */
		if (errno == EINVAL && index > VFIO_PCI_MSIX_IRQ_INDEX)
			return 0;
		return pollux_fail(errno, "%s: the kernel does not tell of interrupts of kind %u: %s",
			kernel->device.address, index, strerror(errno));
	}
	if (info.count > IRQS_MAX)
		return bad_answer(kernel, "has an impossible number of interrupts");
	kernel->irq_flags[index] = info.flags;
	kernel->device.irq_count[index] = info.flags & VFIO_IRQ_INFO_EVENTFD ? info.count : 0;
	return 0;
}

/* Fills in all that the kernel tells of the device behind kernel->fd. */
static int ask_all(struct kernel_device *kernel)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	int error = 0;

	if (ioctl(kernel->fd, VFIO_DEVICE_GET_INFO, &info) < 0)
		return pollux_fail(errno, "%s: the kernel does not tell of the device: %s", kernel->device.address,
			strerror(errno));
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return pollux_fail(ENOTSUP, "%s: the device is not a PCI device", kernel->device.address);
	if (info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return bad_answer(kernel, "has no configuration space for the device");
	kernel->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	/* Not the VGA window behind the configuration space. */
	for (unsigned i = 0; i <= VFIO_PCI_CONFIG_REGION_INDEX && !error; i++)
		error = ask_region(kernel, i);
	for (unsigned i = 0; i < info.num_irqs && i < VFIO_PCI_NUM_IRQS && !error; i++)
		error = ask_irq(kernel, i);
	return error;
}

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

/* ---- Opening and closing ---- */

/* Unmaps the windows and closes the descriptors: the kernel stops and resets the device with that. */
static void close_descriptors(struct kernel_device *kernel)
{
	/* Mappings first: the kernel does not close the device while there is one. */
	vfio_unmap_parts(&kernel->device);
	if (kernel->fd >= 0)
		close(kernel->fd);
	kernel->fd = -1;
	if (kernel->device.event_fd >= 0)
		close(kernel->device.event_fd);
	kernel->device.event_fd = -1;
}

/* Undoes as much of opening a device as was done. The lock is held. The calling thread's failure sentence stays: if
 * opening failed, that is the one to tell. */
static void release(struct kernel_device *device)
{
	if (device->joined)
		kernel_space_forget(device);
	/* The device goes first: memory is unmapped when nothing does DMA any more. */
	close_descriptors(device);
	kernel_space_leave(device);
	if (device->group)
		group_leave(device);
	else if (device->kernel)
		kernel_space_put(device->kernel);
	free(device);
}

static void kernel_close(struct vfio_device *device)
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
static int join(struct kernel_device *device)
{
	const struct vfio_pci *pci = &device->pci;
	const struct kernel_device *other = device_of_group(pci->group);
	char why_not[IOMMUFD_WHY_BYTES] = "";
	struct pollux_failure refused = {.error = 0};
	int error;

	if (other && other->group) { /* which can be open only once */
		snprintf(why_not, sizeof(why_not), "its group is open");
	} else {
		error = iommufd_join(device, why_not);
		pollux_failure_keep(&refused, error);
		snprintf(device->device.reached_by, sizeof(device->device.reached_by), "iommufd");
		/* Nobody can open the group while one of its devices is open by its own node. */
		if (!error || !why_not[0] || other)
			return error;
		close_descriptors(device); /* its node may be open, and only /dev/iommu be missing */
	}
	snprintf(device->device.reached_by, sizeof(device->device.reached_by), "group %d (%s)", pci->group, why_not);
	error = group_join(device);
	/* This kernel has no groups, so the remedy to tell is that for the device's own node. */
	return error == -ENOENT && refused.error == -EACCES ? pollux_failure_restore(&refused) : error;
}

int vfio_kernel_open(struct vfio_device **result, const char *address, struct dma_space *space)
{
	static const struct vfio_device_ops ops = {
		.access = kernel_access,
		.window = kernel_window,
		.set_irqs = kernel_set_irqs,
		.reset = kernel_reset,
		.check = kernel_check,
		.close = kernel_close,
	};
	struct kernel_device *device = calloc(1, sizeof(*device));

	*result = NULL;
	if (!device)
		return pollux_fail(ENOMEM, "%s: no memory for a device", address);
	device->fd = device->device.event_fd = -1;
	device->device.ops = &ops;
	device->device.space = space;
	snprintf(device->device.address, sizeof(device->device.address), "%s", address);

	pthread_mutex_lock(&lock);
	int error = vfio_pci_find(&device->pci, address);
	device->device.numa_node = device->pci.numa_node;
	if (!error)
		error = check_place(&device->pci);
	if (!error)
		error = refuse_twice(&device->pci, space);
	if (!error)
		error = join(device);
	if (!error)
		error = ask_all(device);
	if (!error)
		error = kernel_space_join(device);
	if (!error)
		error = watch(device);
	if (error)
		release(device);
	else
		*result = &device->device;
	pthread_mutex_unlock(&lock);
	return error;
}
