/* SPDX-License-Identifier: BSD-2-Clause
 * Containers, groups and devices as their descriptors show them: who may open what, in which order, and what DMA is
 * mapped where. */
#include "../../vfio/kernel/iommufd_abi.h"
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct device preload_devices[PRELOAD_DEVICES];
struct group preload_groups[PRELOAD_DEVICES];
struct container preload_containers[PRELOAD_CONTAINERS];
unsigned preload_device_count, preload_group_count;
bool preload_has_nodes;

struct container *preload_container_of(int fd)
{
	for (unsigned i = 0; fd >= 0 && i < PRELOAD_CONTAINERS; i++)
		if (preload_containers[i].fd == fd)
			return &preload_containers[i];
	return NULL;
}

struct group *preload_group_of(int fd)
{
	for (unsigned i = 0; fd >= 0 && i < preload_group_count; i++)
		if (preload_groups[i].fd == fd)
			return &preload_groups[i];
	return NULL;
}

struct device *preload_device_of(int fd)
{
	for (unsigned i = 0; fd >= 0 && i < preload_device_count; i++)
		if (preload_devices[i].fd == fd)
			return &preload_devices[i];
	return NULL;
}

struct container *preload_container_of_device(const struct device *device)
{
	return device->node ? device->container : device->group->container;
}

static int placeholder(int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));
	return fd < 0 ? -errno : fd;
}

static int open_container(int flags, bool iommufd)
{
	for (unsigned i = 0; i < PRELOAD_CONTAINERS; i++) {
		if (preload_containers[i].fd != -1)
			continue;
		int fd = placeholder(flags);
		if (fd >= 0)
			preload_containers[i] = (struct container){.fd = fd, .iommufd = iommufd};
		return fd;
	}
	return -ENFILE;
}

/** The kernel lets a node be opened again and again, and only the first be bound; here the second is refused at once.
 */
static int open_node(const char *name, int flags)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	if (!*name || *end || number >= preload_device_count)
		return -ENOENT;
	int error = preload_fail("open-node");
	if (error)
		return error;
	struct device *device = &preload_devices[number];
	if (device->fd >= 0)
		return -EBUSY;
	int fd = placeholder(flags);
	if (fd >= 0) {
		device->fd = fd;
		device->node = true;
		device->container = NULL;
		device->bound = NULL;
	}
	return fd;
}

static bool has_bound_node(const struct group *group)
{
	for (unsigned i = 0; i < preload_device_count; i++)
		if (preload_devices[i].group == group && preload_devices[i].fd >= 0 && preload_devices[i].bound)
			return true;
	return false;
}

int preload_open_iommu(int flags)
{
	int fail = preload_fail("open-iommu");
	return fail ? fail : open_container(flags, true);
}

int preload_open(const char *path, int flags)
{
	char *end;
	if (preload_has_nodes && strncmp(path, "devices/vfio", 12) == 0)
		return open_node(path + 12, flags);
	if (strcmp(path, "vfio") == 0) {
		int fail = preload_fail("open-container");
		return fail ? fail : open_container(flags, false);
	}
	unsigned long number = strtoul(path, &end, 10);
	for (unsigned i = 0; *path && !*end && i < preload_group_count; i++) {
		struct group *group = &preload_groups[i];
		if (group->number != number)
			continue;
		int fail = preload_fail("open-group");
		if (fail)
			return fail;
		if (group->fd >= 0 || has_bound_node(group))
			return -EBUSY;
		group->fd = placeholder(flags);
		int fd = group->fd;
		if (fd < 0)
			group->fd = -1;
		return fd;
	}
	return -ENOENT;
}

static void leave_container(struct group *group)
{
	struct container *container = group->container;
	if (!container)
		return;
	group->container = NULL;
	if (--container->groups)
		return;
	preload_container_clear(container);
	if (container->fd == -2)
		container->fd = -1;
}

/** Group and container live until the last descriptor in them goes, whatever order a program closes them in. */
static void group_review(struct group *group)
{
	if (group->fd < 0 && !group->open_devices)
		leave_container(group);
}

void preload_closed(int fd)
{
	struct device *device = preload_device_of(fd);
	struct group *group = preload_group_of(fd);
	struct container *container = preload_container_of(fd);
	if (device && device->node) {
		device->fd = -1;
		preload_node_closed(device);
	} else if (device) {
		device->fd = -1;
		preload_device_disconnect(device);
		device->group->open_devices--;
		group_review(device->group);
	}
	if (group) {
		group->fd = -1;
		group_review(group);
	}
	if (container)
		container->fd = container->groups ? -2 : -1;
	if (container && container->fd == -1)
		preload_container_clear(container);
}

/* ---- Containers ---- */

static int map_dma(struct container *container, const struct vfio_iommu_type1_dma_map *map)
{
	const uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	if (map->argsz < sizeof(*map) || !(map->flags & known) || (map->flags & ~known))
		return -EINVAL;
	uint32_t flags = (map->flags & VFIO_DMA_MAP_FLAG_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (map->flags & VFIO_DMA_MAP_FLAG_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
	return preload_dma_map(container, map->vaddr, map->iova, map->size, flags);
}

/** Type 1v2 removes whole mappings inside the range, and refuses to cut one; type 1 removes whole ones that begin
 * there. */
static int unmap_dma(struct container *container, struct vfio_iommu_type1_dma_unmap *unmap)
{
	uint64_t end = unmap->iova + unmap->size;
	if (unmap->argsz < offsetof(struct vfio_iommu_type1_dma_unmap, data) || unmap->flags || !unmap->size ||
		(unmap->iova | unmap->size) % PRELOAD_PAGE || end < unmap->iova)
		return -EINVAL;
	if (container->type == VFIO_TYPE1v2_IOMMU && preload_dma_cuts(container, unmap->iova, end))
		return -EINVAL;
	unmap->size = preload_dma_unmap(container, unmap->iova, end);
	return 0;
}

static int iommu_info(struct vfio_iommu_type1_info *info)
{
	struct {
		struct vfio_iommu_type1_info info;
		struct {
			struct vfio_info_cap_header header;
			uint32_t nr_iovas, reserved;
		} range; /* struct vfio_iommu_type1_info_cap_iova_range, whose array is the next member */
		struct vfio_iova_range ranges[PRELOAD_RANGES];
	} all = {0};
	uint32_t room = info->argsz;
	if (room < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	all.info.argsz = sizeof(all);
	all.info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	all.info.iova_pgsizes = ~(uint64_t)(PRELOAD_PAGE - 1);
	all.info.cap_offset = room >= sizeof(all) ? offsetof(__typeof__(all), range) : 0;
	all.range.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	all.range.header.version = 1;
	all.range.nr_iovas = PRELOAD_RANGES;
	memcpy(all.ranges, preload_ranges, sizeof(all.ranges));
	memcpy(info, &all, room < sizeof(all) ? (room < sizeof(all.info) ? room : sizeof(all.info)) : sizeof(all));
	return 0;
}

static int container_ioctl(struct container *container, unsigned long request, void *argument)
{
	uintptr_t value = (uintptr_t)argument;
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return value == VFIO_TYPE1_IOMMU || value == VFIO_TYPE1v2_IOMMU;
	case VFIO_SET_IOMMU:
		if (!container->groups || container->type)
			return -EINVAL;
		if (value != VFIO_TYPE1_IOMMU && value != VFIO_TYPE1v2_IOMMU)
			return -ENODEV;
		container->type = (unsigned)value;
		return 0;
	default:
		break;
	}
	if (!container->type)
		return -EINVAL;
	if (!argument)
		return -EFAULT;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return iommu_info(argument);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(container, argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(container, argument);
	default:
		return -ENOTTY;
	}
}

/* ---- Groups ---- */

static int get_device(struct group *group, const char *name)
{
	if (!group->container || !group->container->type)
		return -EINVAL;
	for (unsigned i = 0; i < preload_device_count; i++) {
		struct device *device = &preload_devices[i];
		if (device->group != group || strcmp(device->name, name) != 0)
			continue;
		/* The kernel gives out a second descriptor of the same device; a socket serves one client. */
		if (device->fd >= 0)
			return -EBUSY;
		int error = preload_device_connect(device);
		if (error)
			return error;
		error = preload_dma_enter(group->container, device);
		int fd = error ? error : placeholder(O_CLOEXEC);
		if (fd < 0) {
			preload_device_disconnect(device);
			return fd;
		}
		device->fd = fd;
		device->node = false;
		group->open_devices++;
		return fd;
	}
	return -ENODEV;
}

static int group_ioctl(struct group *group, unsigned long request, void *argument)
{
	struct vfio_group_status *status = argument;
	struct container *container;
	if (request == VFIO_GROUP_UNSET_CONTAINER) {
		if (!group->container)
			return -EINVAL;
		if (group->open_devices)
			return -EBUSY;
		leave_container(group);
		return 0;
	}
	if (!argument)
		return -EFAULT;
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		if (status->argsz < sizeof(*status))
			return -EINVAL;
		status->flags = VFIO_GROUP_FLAGS_VIABLE | (group->container ? VFIO_GROUP_FLAGS_CONTAINER_SET : 0);
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		container = preload_container_of(*(const int *)argument);
		if (!container || container->iommufd)
			return -EBADF;
		if (group->container)
			return -EINVAL;
		group->container = container;
		container->groups++;
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device(group, argument);
	default:
		return -ENOTTY;
	}
}

/* Requests share numbers: of a device these are PCI_HOT_RESET_INFO, PCI_HOT_RESET and QUERY_GFX_PLANE. */
static const char *name_of(int fd, unsigned long request)
{
	bool shared =
		request == VFIO_IOMMU_GET_INFO || request == VFIO_IOMMU_MAP_DMA || request == VFIO_IOMMU_UNMAP_DMA;
	return shared && !preload_container_of(fd) ? NULL : preload_ioctl_name(request);
}

int preload_ioctl(int fd, unsigned long request, void *argument)
{
	struct container *container = preload_container_of(fd);
	struct group *group = preload_group_of(fd);
	struct device *device = preload_device_of(fd);
	int fail = preload_fail(name_of(fd, request));
	if (fail)
		return fail;
	if (container && container->iommufd)
		return preload_iommufd_ioctl(container, request, argument);
	if (container)
		return container_ioctl(container, request, argument);
	if (group)
		return group_ioctl(group, request, argument);
	if (device->node &&
		(!device->container || request == VFIO_DEVICE_BIND_IOMMUFD || request == VFIO_DEVICE_ATTACH_IOMMUFD_PT))
		return preload_node_ioctl(device, request, argument);
	return preload_device_ioctl(device, request, argument);
}
