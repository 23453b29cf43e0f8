/* SPDX-License-Identifier: BSD-2-Clause
 * Devices' own nodes and iommufd: each device has a node, and /dev/iommu does what containers do for groups. */
#include "../error.h"
#include "../host/files.h"
#include "iommufd_abi.h"
#include "join.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RANGES_MAX    512
#define NEEDS_IOMMUFD "as root: modprobe iommufd (the kernel needs CONFIG_IOMMUFD)"

/* ---- The I/O address space ---- */

static int open_ioas(struct kernel_space *kernel, const char *name)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	char path[PATH_MAX];
	int error;

	vfio_path(path, "/dev/iommu");
	if ((error = kernel_node_open(&kernel->fd, name, path, NEEDS_IOMMUFD, "chmod 0666", "")) != 0)
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

static int ioas_ranges(const struct kernel_space *kernel, const char *name, struct dma_reach *reach)
{
	struct vfio_iova_range found[RANGES_MAX];
	struct iommu_ioas_iova_ranges ask = {
		.size = sizeof(ask),
		.ioas_id = kernel->ioas,
		.num_iovas = RANGES_MAX,
		.allowed_iovas = (uintptr_t)found,
	};

	if (ioctl(kernel->fd, IOMMU_IOAS_IOVA_RANGES, &ask) < 0 && errno != EMSGSIZE)
		return pollux_fail(errno, "%s: the kernel does not tell of the IOMMU: %s", name, strerror(errno));
	if (ask.num_iovas > RANGES_MAX)
		return pollux_fail(
			EPROTO, "%s: the kernel's iommufd reports more ranges than there was room for", name);
	return kernel_space_take_ranges(found, ask.num_iovas, name, reach);
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
static int fail_bind(const struct kernel_space *kernel, const struct vfio_pci *pci, int error)
{
	int other = error == EPERM ? group_fail_not_viable(pci) : 0;
	char opener[GROUP_OPENER_BYTES], path[PATH_MAX];

	if (!other)
		other = kernel_space_fail_demanded(pci->address, error);
	if (other)
		return other;
	if (error == EINVAL)
		vfio_path(path, "/dev/vfio/devices/%s", pci->cdev);
	else
		vfio_path(path, "/dev/vfio/%d", pci->group);
	if (error == EBUSY || error == EINVAL || error == EPERM) {
		bool known = group_name_opener(pci, path, opener);

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
	return kernel_space_fail_iommu(
		kernel, pci->address, error, "the device cannot be bound to the iommufd", "iommufd");
}

static int bind_and_attach(struct kernel_device *device)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = device->kernel->fd};
	struct vfio_device_attach_iommufd_pt attach = {.argsz = sizeof(attach), .pt_id = device->kernel->ioas};

	if (ioctl(device->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return fail_bind(device->kernel, &device->pci, errno);
	if (ioctl(device->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) == 0)
		return 0;
	return kernel_space_fail_iommu(device->kernel, device->pci.address, errno,
		"the device cannot be attached to an I/O address space", "iommufd");
}

int iommufd_join(struct kernel_device *device, char why_not[IOMMUFD_WHY_BYTES])
{
	const struct vfio_pci *pci = &device->pci;
	char path[PATH_MAX];
	int error;

	if (!pci->cdev[0]) {
		snprintf(why_not, IOMMUFD_WHY_BYTES, "the kernel has no node for the device alone");
		return pollux_fail(
			ENOENT, "%s: %s; that needs Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV", pci->address, why_not);
	}
	vfio_path(path, "/dev/vfio/devices/%s", pci->cdev);
	if ((error = kernel_node_open(&device->fd, pci->address, path, NEEDS_IOMMUFD, NULL, "")) == 0) {
		vfio_path(path, "/dev/iommu");
		error = kernel_space_get(device, &ioas_ops);
	}
	if (error == -ENOENT)
		snprintf(why_not, IOMMUFD_WHY_BYTES, "there is no %.72s", path);
	else if (error == -EACCES)
		snprintf(why_not, IOMMUFD_WHY_BYTES, "%.72s may not be opened", path);
	return error ? error : bind_and_attach(device);
}
