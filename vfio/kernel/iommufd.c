/* SPDX-License-Identifier: BSD-2-Clause
 * Devices' own nodes and iommufd: each device has a node, and /dev/iommu does what containers do for groups. */
#include "iommufd.h"

#include "../error.h"
#include "../host/files.h"
#include "group.h"
#include "iommufd_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RANGES_MAX 4096
#define TRIES      4 /* there can be more ranges from one call to the next, when another device joins */

/* Opens a node. If it is not there, or this user may not open it, that is -ENOENT or -EACCES, and why_not says so.
 * @param mend  the command that lets the user open it */
static int open_node(int *fd, const char *path, const char *name, char why_not[IOMMUFD_WHY_BYTES], const char *mend)
{
	int error;

	if ((*fd = open(path, O_RDWR | O_CLOEXEC)) >= 0)
		return 0;
	error = errno;
	if (error == ENOENT || error == ENODEV || error == ENXIO) {
		snprintf(why_not, IOMMUFD_WHY_BYTES, "there is no %s", path);
		return pollux_fail(ENOENT,
			"%s: there is no %s; as root: modprobe iommufd (the kernel needs CONFIG_IOMMUFD)", name, path);
	}
	if (error == EACCES || error == EPERM) {
		snprintf(why_not, IOMMUFD_WHY_BYTES, "%s may not be opened", path);
		return pollux_fail(EACCES, "%s: %s may not be opened; as root: %s %s", name, path, mend, path);
	}
	return pollux_fail(error, "%s: cannot open %s: %s", name, path, strerror(error));
}

/* ---- The I/O address space ---- */

/* Why open_ioas could not open /dev/iommu: it has no argument to say it with. */
static _Thread_local char open_why_not[IOMMUFD_WHY_BYTES];

static int open_ioas(struct kernel_space *kernel, const char *name)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	char path[PATH_MAX];
	int error;

	vfio_path(path, "/dev/iommu");
	if ((error = open_node(&kernel->fd, path, name, open_why_not, "chmod 0666")) != 0)
		return error;
	if (ioctl(kernel->fd, IOMMU_IOAS_ALLOC, &alloc) < 0) {
		error = pollux_fail(
			errno, "%s: the kernel's iommufd makes no I/O address space: %s", name, strerror(errno));
		close(kernel->fd);
		return error;
	}
	kernel->ioas = alloc.out_ioas_id;
	return 0;
}

static int ioas_map(const struct kernel_space *kernel, uint64_t iova, void *address, size_t bytes)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = kernel->ioas,
		.user_va = (uintptr_t)address,
		.length = bytes,
		.iova = iova,
	};

	return ioctl(kernel->fd, IOMMU_IOAS_MAP, &map);
}

static uint64_t ioas_unmap(const struct kernel_space *kernel, uint64_t iova, size_t bytes)
{
	struct iommu_ioas_unmap unmap = {.size = sizeof(unmap), .ioas_id = kernel->ioas, .iova = iova, .length = bytes};

	return ioctl(kernel->fd, IOMMU_IOAS_UNMAP, &unmap) == 0 ? unmap.length : 0;
}

static int ioas_ranges(const struct kernel_space *kernel, const char *name, struct dma_range **ranges, unsigned *count)
{
	struct iommu_ioas_iova_ranges ask = {.num_iovas = 16};

	*ranges = NULL;
	for (unsigned i = 0; i < TRIES && ask.num_iovas <= RANGES_MAX; i++) {
		uint32_t room = ask.num_iovas;
		struct vfio_iova_range *found = calloc(room, sizeof(*found));
		int error;

		if (!found)
			return pollux_fail(ENOMEM, "%s: no memory for the ranges of I/O addresses", name);
		ask = (struct iommu_ioas_iova_ranges){.size = sizeof(ask),
			.ioas_id = kernel->ioas,
			.num_iovas = room,
			.allowed_iovas = (uintptr_t)found};
		error = ioctl(kernel->fd, IOMMU_IOAS_IOVA_RANGES, &ask) < 0 ? errno : 0;
		if (error && error != EMSGSIZE)
			error = pollux_fail(
				error, "%s: the kernel does not tell of the IOMMU: %s", name, strerror(error));
		else if (!error && ask.num_iovas && ask.num_iovas <= room)
			error = kernel_space_take_ranges(found, ask.num_iovas, name, ranges, count);
		free(found);
		if (error < 0 || *ranges)
			return error;
		if (ask.num_iovas <= room)
			break;
	}
	return pollux_fail(
		EPROTO, "%s: the kernel's iommufd reports no I/O addresses, or never the same number of ranges", name);
}

static const struct kernel_space_ops ioas_ops = {
	.locked_by = "what all processes of this user lock together by iommufd, io_uring and AF_XDP",
	.make = open_ioas,
	.map = ioas_map,
	.unmap = ioas_unmap,
	.ask_ranges = ioas_ranges,
};

/* ---- Devices ---- */

/* Finds out why a device cannot be bound, as each error number has several causes. EBUSY: somebody has the group's node
 * open. EINVAL: or the device's own. EPERM: or another iommufd than ours has a device of the group. Who that is, sysfs
 * and /proc may show. */
static int fail_bind(const struct vfio_pci *pci, const char *path, int error)
{
	int other = error == EPERM ? group_fail_not_viable(pci) : 0;
	char opener[GROUP_OPENER_BYTES], group[PATH_MAX];

	if (!other)
		other = kernel_space_fail_demanded(pci->address, error);
	if (other)
		return other;
	vfio_path(group, "/dev/vfio/%d", pci->group);
	if (error == EBUSY || error == EINVAL || error == EPERM) {
		bool known = group_name_opener(pci, error == EINVAL ? path : group, opener);

		if (known || error == EBUSY)
			return pollux_fail(EBUSY,
				"%s: IOMMU group %d is in use by %s, and a group belongs to one process; end that "
				"first",
				pci->address, pci->group, opener);
		if (error == EINVAL)
			return pollux_fail(error,
				"%s is in use by %s, or its IOMMU does not keep caches coherent; end that first",
				pci->address, opener);
	}
	return kernel_space_fail_iommu(pci->address, error, "the device cannot be bound to the iommufd", "iommufd");
}

static int bind_and_attach(struct kernel_device *device, const struct vfio_pci *pci, const char *path)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = device->kernel->fd};
	struct vfio_device_attach_iommufd_pt attach = {.argsz = sizeof(attach), .pt_id = device->kernel->ioas};
	int error;

	if (ioctl(device->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return fail_bind(pci, path, errno);
	if (ioctl(device->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) == 0)
		return 0;
	error = errno;
	if (kernel_space_fail_demanded(pci->address, error) != 0)
		return -error;
	if (device->kernel->users && (error == EINVAL || error == EADDRINUSE))
		return pollux_fail(error,
			"%s: its IOMMU cannot share the DMA space of the devices opened before it; give it a space of "
			"its own",
			pci->address);
	return pollux_fail(
		error, "%s: the device cannot be attached to an I/O address space: %s", pci->address, strerror(error));
}

int iommufd_join(struct kernel_device *device, const struct vfio_pci *pci, struct dma_space *space,
	char why_not[IOMMUFD_WHY_BYTES])
{
	char path[PATH_MAX], mend[32];
	int error;

	if (!pci->cdev[0]) {
		snprintf(why_not, IOMMUFD_WHY_BYTES, "the kernel has no node for the device alone");
		return pollux_fail(
			ENOENT, "%s: %s; that needs Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV", pci->address, why_not);
	}
	vfio_path(path, "/dev/vfio/devices/%s", pci->cdev);
	snprintf(mend, sizeof(mend), "chown %u", geteuid());
	if ((error = open_node(&device->fd, path, pci->address, why_not, mend)) != 0)
		return error;
	open_why_not[0] = '\0';
	if ((error = kernel_space_get(&device->kernel, &ioas_ops, space, pci->address)) != 0) {
		if (open_why_not[0])
			memcpy(why_not, open_why_not, sizeof(open_why_not));
		device->kernel = NULL;
		return error;
	}
	return bind_and_attach(device, pci, path);
}

void iommufd_leave(struct kernel_device *device)
{
	kernel_space_put(device->kernel);
}
