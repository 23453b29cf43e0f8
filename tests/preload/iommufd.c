/* SPDX-License-Identifier: BSD-2-Clause
 * /dev/iommu with one I/O address space, and the devices' own nodes as long as they are not ready: bound to it, and
 * attached. */
#include "../../vfio/kernel/iommufd_abi.h"
#include "preload.h"

#include <errno.h>
#include <string.h>

#define IOAS 7 /* the number of the address space, which a program has no business to guess */

static int ranges(struct iommu_ioas_iova_ranges *ask)
{
	uint32_t room = ask->num_iovas;
	ask->num_iovas = PRELOAD_RANGES;
	ask->out_iova_alignment = PRELOAD_PAGE;
	memcpy((void *)(uintptr_t)ask->allowed_iovas, preload_ranges,
		(room < PRELOAD_RANGES ? room : PRELOAD_RANGES) * sizeof(*preload_ranges));
	return room < PRELOAD_RANGES ? -EMSGSIZE : 0;
}

static int map(struct container *iommufd, const struct iommu_ioas_map *map)
{
	const uint32_t both = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE;
	if (map->flags & ~(both | IOMMU_IOAS_MAP_FIXED_IOVA))
		return -EOPNOTSUPP;
	if (!(map->flags & both) ||
		!(map->flags & IOMMU_IOAS_MAP_FIXED_IOVA)) /* the kernel would choose the address: not supported here */
		return -EOPNOTSUPP;
	uint32_t flags = (map->flags & IOMMU_IOAS_MAP_READABLE ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (map->flags & IOMMU_IOAS_MAP_WRITEABLE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
	return preload_dma_map(iommufd, map->user_va, map->iova, map->length, flags);
}

static int unmap(struct container *iommufd, struct iommu_ioas_unmap *unmap)
{
	bool all = unmap->iova == 0 && unmap->length == UINT64_MAX;
	uint64_t end = all ? UINT64_MAX : unmap->iova + unmap->length;
	if (!unmap->length || end < unmap->iova)
		return -EOVERFLOW;
	if (preload_dma_cuts(iommufd, unmap->iova, end))
		return -ENOENT;
	unmap->length = preload_dma_unmap(iommufd, unmap->iova, end);
	return unmap->length || all ? 0 : -ENOENT;
}

int preload_iommufd_ioctl(struct container *iommufd, unsigned long request, void *argument)
{
	/* Every request begins with its size; those for an address space continue with its number. */
	struct iommu_ioas_alloc *alloc = argument;
	struct iommu_ioas_iova_ranges *ask = argument;
	struct iommu_ioas_map *to_map = argument;
	struct iommu_ioas_unmap *to_unmap = argument;
	if (!argument)
		return -EFAULT;
	switch (request) {
	case IOMMU_IOAS_ALLOC:
		if (alloc->size < sizeof(*alloc) || alloc->flags)
			return alloc->flags ? -EOPNOTSUPP : -EINVAL;
		if (iommufd->type)
			return -ENOSPC;
		iommufd->type = 1;
		alloc->out_ioas_id = IOAS;
		return 0;
	case IOMMU_IOAS_IOVA_RANGES:
		if (ask->size < sizeof(*ask))
			return -EINVAL;
		return iommufd->type && ask->ioas_id == IOAS ? ranges(ask) : -ENOENT;
	case IOMMU_IOAS_MAP:
		if (to_map->size < sizeof(*to_map))
			return -EINVAL;
		return iommufd->type && to_map->ioas_id == IOAS ? map(iommufd, to_map) : -ENOENT;
	case IOMMU_IOAS_UNMAP:
		if (to_unmap->size < sizeof(*to_unmap))
			return -EINVAL;
		return iommufd->type && to_unmap->ioas_id == IOAS ? unmap(iommufd, to_unmap) : -ENOENT;
	default:
		return -ENOTTY;
	}
}

static int bind(struct device *device, struct vfio_device_bind_iommufd *bind)
{
	struct container *iommufd = preload_container_of(bind->iommufd);
	if (bind->argsz < sizeof(*bind) || bind->flags || device->bound)
		return -EINVAL;
	if (!iommufd || !iommufd->iommufd)
		return -EBADF;
	if (device->group->fd >= 0)
		return -EBUSY;
	int error = preload_device_connect(device);
	if (error)
		return error;
	device->bound = iommufd;
	iommufd->groups++;
	bind->out_devid = (uint32_t)(device - preload_devices) + 100;
	return 0;
}

static int attach(struct device *device, const struct vfio_device_attach_iommufd_pt *attach)
{
	if (attach->argsz < sizeof(*attach) || attach->flags || !device->bound || device->container)
		return -EINVAL;
	if (!device->bound->type || attach->pt_id != IOAS)
		return -ENOENT;
	int error = preload_dma_enter(device->bound, device);
	if (!error)
		device->container = device->bound;
	return error;
}

int preload_node_ioctl(struct device *device, unsigned long request, void *argument)
{
	if (!argument)
		return -EFAULT;
	switch (request) {
	case VFIO_DEVICE_BIND_IOMMUFD:
		return bind(device, argument);
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach(device, argument);
	default: /* a bound node that is not attached answers too, but can do no DMA */
		return device->bound ? preload_device_ioctl(device, request, argument) : -EINVAL;
	}
}

void preload_node_closed(struct device *device)
{
	struct container *iommufd = device->bound;
	if (!iommufd)
		return;
	preload_device_disconnect(device);
	device->bound = device->container = NULL;
	if (--iommufd->groups == 0 && iommufd->fd == -2) {
		preload_container_clear(iommufd);
		iommufd->fd = -1;
	}
}
