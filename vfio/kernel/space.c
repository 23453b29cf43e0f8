/* SPDX-License-Identifier: BSD-2-Clause
 * An I/O address space of the kernel's VFIO: what container and iommufd have in common. */
#include "space.h"

#include "../error.h"
#include "../host/iommu.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static LIST_HEAD(, kernel_space) kernel_spaces;
struct kernel_device_list kernel_devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER; /* taken last */

static struct kernel_space *kernel_space_of(struct dma_mapper *mapper)
{
	return (struct kernel_space *)((char *)mapper - offsetof(struct kernel_space, mapper));
}

/* ---- DMA ---- */

/* What is locked already counts towards the limit too, but the kernel does not say how much that is. */
static int fail_locked(size_t bytes, uint64_t needed_kib, const char *locked_by)
{
	struct rlimit limit;
	char how[64] = "ulimit cannot raise it so far";

	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		limit.rlim_cur >> 10 < needed_kib) {
		if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >> 10 >= needed_kib)
			snprintf(how, sizeof(how), "raise it with ulimit -l %llu", (unsigned long long)needed_kib);
		return pollux_fail(ENOMEM,
			"cannot map %zu KiB of DMA memory: it is locked in memory, %llu KiB at least are needed in "
			"all, and the limit (RLIMIT_MEMLOCK) of %s is %llu; %s; as root: memlock in "
			"/etc/security/limits.conf (pollux-doctor says more)",
			bytes >> 10, (unsigned long long)needed_kib, locked_by,
			(unsigned long long)(limit.rlim_cur >> 10), how);
	}
	return pollux_fail(ENOMEM,
		"cannot map %zu KiB of DMA memory: the kernel has no memory left to lock it; %llu KiB are needed in "
		"all: use smaller pools, or raise ulimit -l, the limit of %s",
		bytes >> 10, (unsigned long long)needed_kib, locked_by);
}

static int fail_map(const struct kernel_space *kernel, uint64_t iova, size_t bytes, int error)
{
	static const struct {
		int error;
		const char *why;
	} known[] = {
		{EINVAL, "the IOMMU does not reach so far, or takes larger pages only; provide hugepages, or give the "
			 "device a space of its own"},
		{EEXIST, "that is in use already; close the space"},
		{ENOSPC, "the kernel takes no more mappings; use fewer, larger pools, or raise "
			 "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"},
	};
	const char *why = strerror(error);

	if (error == ENOMEM)
		return fail_locked(bytes, (kernel->mapped_bytes + bytes) >> 10, kernel->ops->locked_by);
	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].error == error)
			why = known[i].why;
	return pollux_fail(error, "cannot map %zu KiB of DMA memory at I/O address 0x%llx: %s", bytes >> 10,
		(unsigned long long)iova, why);
}

static int map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct kernel_space *kernel = kernel_space_of(mapper);

	(void)fd; /* the kernel takes the pages that are behind the address */
	/* The devices here are given up. That is no failure: other devices of the DMA space must still get memory. */
	if (__atomic_load_n(&kernel->broken, __ATOMIC_RELAXED))
		return 0;
	if (kernel->ops->map(kernel, iova, address, bytes) < 0)
		return fail_map(kernel, iova, bytes, errno);
	kernel->mapped_bytes += bytes;
	return 0;
}

static const char broken_why[] = "the kernel did not take memory back from the IOMMU (dmesg tells more)";

static void unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct kernel_space *kernel = kernel_space_of(mapper);

	if (__atomic_load_n(&kernel->broken, __ATOMIC_RELAXED))
		return;
	kernel->mapped_bytes -= bytes;
	if (kernel->ops->unmap(kernel, iova, bytes) == bytes)
		return;
	/* The kernel keeps the pages for the devices, so these overwrite no memory of others. But the I/O addresses are
	 * lost, and the devices may still do DMA to buffers that are given back to their pool soon. */
	__atomic_store_n(&kernel->broken, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&devices_lock);
	struct kernel_device *d;
	LIST_FOREACH (d, &kernel_devices, next) {
		if (d->kernel != kernel)
			continue;
		if (!vfio_device_gone(&d->device))
			vfio_set_bus_master(&d->device, false);
		pollux_lose(&d->device.loss, "%s", broken_why);
	}
	pthread_mutex_unlock(&devices_lock);
}

/* ---- Ranges ---- */

int kernel_space_take_ranges(const void *from, uint32_t count, const char *name, struct dma_reach *reach)
{
	struct vfio_iova_range range;

	if (count == 0)
		return pollux_fail(EPROTO, "%s: the kernel's VFIO reports no ranges of I/O addresses", name);
	reach->range_count = count < DMA_RANGES_MAX ? count : DMA_RANGES_MAX;
	for (uint32_t i = 0; i < reach->range_count; i++) {
		memcpy(&range, (const uint8_t *)from + i * sizeof(range), sizeof(range));
		reach->ranges[i] = (struct dma_range){range.start, range.end};
		if (range.start > range.end || (i && range.start <= reach->ranges[i - 1].last))
			return pollux_fail(
				EPROTO, "%s: the kernel's VFIO reports ranges of I/O addresses out of order", name);
	}
	return 0;
}

/* ---- Life ---- */

int kernel_space_get(struct kernel_device *device, const struct kernel_space_ops *ops)
{
	struct kernel_space *kernel;
	const char *name = device->pci.address;
	int error;

	LIST_FOREACH (kernel, &kernel_spaces, next) {
		if (kernel->space != device->device.space || kernel->ops != ops)
			continue;
		if (__atomic_load_n(&kernel->broken, __ATOMIC_RELAXED))
			return pollux_fail(EIO,
				"%s: the kernel did not take memory back from this DMA space's devices; close them and "
				"open them again",
				name);
		device->kernel = kernel;
		return 0;
	}
	if (!(kernel = calloc(1, sizeof(*kernel))))
		return pollux_fail(ENOMEM, "%s: no memory for an I/O address space", name);
	kernel->ops = ops;
	kernel->space = device->device.space;
	kernel->mapper = (struct dma_mapper){.map = map, .unmap = unmap};
	if ((error = ops->make(kernel, name)) != 0) {
		free(kernel);
		return error;
	}
	LIST_INSERT_HEAD(&kernel_spaces, kernel, next);
	device->kernel = kernel;
	return 0;
}

int kernel_space_join(struct kernel_device *device)
{
	struct kernel_space *kernel = device->kernel;
	struct dma_reach reach;
	int error = vfio_is_conventional(&device->device, &reach.below_4gib);

	/* The ranges are those that all devices have in common, the newcomer too: the kernel has mapped all memory for
	 * its IOMMU already. */
	if (error || (error = kernel->ops->ask_ranges(kernel, device->device.address, &reach)) != 0)
		return error;
	if (kernel->users) {
		error = dma_space_restrict(kernel->space, &kernel->mapper, &reach);
	} else {
		kernel->mapper.reach = reach;
		error = dma_space_attach(kernel->space, &kernel->mapper);
	}
	if (error)
		return error;
	device->joined = true;
	kernel->users++;
	pthread_mutex_lock(&devices_lock);
	LIST_INSERT_HEAD(&kernel_devices, device, next);
	if (__atomic_load_n(&kernel->broken, __ATOMIC_RELAXED)) /* its bus mastering was not switched on yet */
		pollux_lose(&device->device.loss, "%s", broken_why);
	pthread_mutex_unlock(&devices_lock);
	return 0;
}

void kernel_space_forget(struct kernel_device *device)
{
	pthread_mutex_lock(&devices_lock);
	LIST_REMOVE(device, next);
	pthread_mutex_unlock(&devices_lock);
}

void kernel_space_leave(struct kernel_device *device)
{
	struct kernel_space *kernel = device->kernel;

	if (device->joined && --kernel->users == 0)
		dma_space_detach(kernel->space, &kernel->mapper);
}

void kernel_space_put(struct kernel_space *kernel)
{
	if (kernel->users)
		return;
	LIST_REMOVE(kernel, next);
	close(kernel->fd);
	free(kernel);
}

/* ---- Failures ---- */

int kernel_node_open(
	int *fd, const char *name, const char *path, const char *missing, const char *mend, const char *note)
{
	char chown[32];

	if ((*fd = open(path, O_RDWR | O_CLOEXEC)) >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return pollux_fail(ENOENT, "%s: there is no %s; %s", name, path, missing);
	case EACCES:
	case EPERM:
		snprintf(chown, sizeof(chown), "chown %u", geteuid());
		return pollux_fail(EACCES, "%s: %s may not be opened; as root: %s %s%s", name, path,
			mend ? mend : chown, path, note);
	default:
		return pollux_fail(errno, "%s: cannot open %s: %s", name, path, strerror(errno));
	}
}

int kernel_space_fail_demanded(const char *name, int error)
{
	char why[256], remedy[256];

	if ((error != EPERM && error != EINVAL) || !vfio_firmware_demands(name, why, remedy))
		return 0;
	return pollux_fail(error, "%s: %s; %s", name, why, remedy);
}

int kernel_space_fail_iommu(
	const struct kernel_space *kernel, const char *name, int error, const char *what, const char *module)
{
	if (kernel_space_fail_demanded(name, error) != 0)
		return -error;
	if (kernel->users && (error == EINVAL || error == EADDRINUSE))
		return pollux_fail(error,
			"%s: its IOMMU cannot share the DMA space of the devices opened before it; give it a space of "
			"its own",
			name);
	if (error == EPERM)
		return pollux_fail(error,
			"%s: %s: the IOMMU does not remap interrupts, so the device could forge them; switch "
			"interrupt remapping on (x2APIC or VT-d in the firmware, no intremap=off), or accept that: "
			"echo 1 > /sys/module/%s/parameters/allow_unsafe_interrupts",
			name, what, module);
	return pollux_fail(error, "%s: %s: %s", name, what, strerror(error));
}
