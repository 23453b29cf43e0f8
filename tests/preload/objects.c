/* SPDX-License-Identifier: BSD-2-Clause
 * Containers, groups and devices as their descriptors show them: who may open what, in which order, and what DMA is mapped where. */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

struct device preload_devices[PRELOAD_DEVICES];
struct group preload_groups[PRELOAD_DEVICES];
struct container preload_containers[PRELOAD_CONTAINERS];
unsigned preload_device_count, preload_group_count;

/* What an IOMMU of 48 bits reaches: all but the window where interrupts are messages. */
static const struct {
	uint64_t start, end;
} ranges[] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 48) - 1}};

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

static int placeholder(int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC));
	return fd < 0 ? -errno : fd;
}

static int open_container(int flags)
{
	for (unsigned i = 0; i < PRELOAD_CONTAINERS; i++) {
		if (preload_containers[i].fd >= 0)
			continue;
		int fd = placeholder(flags);
		if (fd >= 0)
			preload_containers[i] = (struct container){.fd = fd};
		return fd;
	}
	return -ENFILE;
}

int preload_open(const char *path, int flags)
{
	char *end;
	if (strcmp(path, "vfio") == 0) {
		int fail = preload_fail("open-container");
		return fail ? fail : open_container(flags);
	}
	unsigned long number = strtoul(path, &end, 10);
	for (unsigned i = 0; *path && !*end && i < preload_group_count; i++) {
		struct group *group = &preload_groups[i];
		if (group->number != number)
			continue;
		int fail = preload_fail("open-group");
		if (fail)
			return fail;
		if (group->fd >= 0)
			return -EBUSY;
		group->fd = placeholder(flags);
		int fd = group->fd;
		if (fd < 0)
			group->fd = -1;
		return fd;
	}
	return -ENOENT;
}

void preload_container_clear(struct container *container)
{
	for (unsigned i = 0; i < container->mapping_count; i++)
		preload_mapping_free(&container->mappings[i]);
	free(container->mappings);
	container->mappings = NULL;
	container->mapping_count = 0;
	container->type = 0;
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
	if (device) {
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
		container->fd = container->groups ? -2 : -1; /* -2: closed, but groups are in it */
	if (container && container->fd == -1)
		preload_container_clear(container);
}

/* ---- DMA ---- */

static int unmap_everywhere(struct container *container, const struct piece *piece, const struct device *until)
{
	for (unsigned i = 0; i < preload_device_count && &preload_devices[i] != until; i++)
		if (preload_devices[i].fd >= 0 && preload_devices[i].group->container == container)
			preload_device_unmap(&preload_devices[i], piece);
	return 0;
}

static int map_everywhere(struct container *container, const struct piece *piece)
{
	for (unsigned i = 0; i < preload_device_count; i++) {
		struct device *device = &preload_devices[i];
		if (device->fd < 0 || device->group->container != container)
			continue;
		int error = preload_device_map(device, piece);
		if (error) {
			unmap_everywhere(container, piece, device);
			return error;
		}
	}
	return 0;
}

static bool in_reach(uint64_t iova, uint64_t bytes)
{
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (iova >= ranges[i].start && iova <= ranges[i].end && bytes - 1 <= ranges[i].end - iova)
			return true;
	return false;
}

static int map_dma(struct container *container, const struct vfio_iommu_type1_dma_map *map)
{
	const uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	struct mapping mapping;
	if (map->argsz < sizeof(*map) || !map->size || (map->vaddr | map->iova | map->size) % PAGE_BYTES || !(map->flags & known) ||
	        (map->flags & ~known) || !in_reach(map->iova, map->size) || map->vaddr + map->size < map->vaddr)
		return -EINVAL;
	for (unsigned i = 0; i < container->mapping_count; i++) {
		const struct mapping *other = &container->mappings[i];
		if (map->iova < other->iova + other->bytes && other->iova < map->iova + map->size)
			return -EEXIST;
	}
	uint32_t flags = (map->flags & VFIO_DMA_MAP_FLAG_READ ? VFIO_USER_DMA_READABLE : 0) |
	        (map->flags & VFIO_DMA_MAP_FLAG_WRITE ? VFIO_USER_DMA_WRITEABLE : 0);
	int error = preload_memory_find(map->vaddr, map->size, map->iova, flags, &mapping);
	if (error)
		return error;
	struct mapping *more = realloc(container->mappings, (container->mapping_count + 1) * sizeof(*more));
	if (!more) {
		preload_mapping_free(&mapping);
		return -ENOMEM;
	}
	container->mappings = more;
	for (unsigned i = 0; i < mapping.piece_count; i++) {
		error = map_everywhere(container, &mapping.pieces[i]);
		if (!error)
			continue;
		while (i--)
			unmap_everywhere(container, &mapping.pieces[i], NULL);
		preload_mapping_free(&mapping);
		return error;
	}
	container->mappings[container->mapping_count++] = mapping;
	return 0;
}

/** Type 1v2 removes whole mappings inside the range, and refuses to cut one; type 1 removes whole ones that begin there. */
static int unmap_dma(struct container *container, struct vfio_iommu_type1_dma_unmap *unmap)
{
	uint64_t first = unmap->iova, end = first + unmap->size, done = 0;
	if (unmap->argsz < offsetof(struct vfio_iommu_type1_dma_unmap, data) || unmap->flags || !unmap->size ||
	        (unmap->iova | unmap->size) % PAGE_BYTES || end < first)
		return -EINVAL;
	for (unsigned i = 0; container->type == VFIO_TYPE1v2_IOMMU && i < container->mapping_count; i++) {
		const struct mapping *m = &container->mappings[i];
		bool cut = (m->iova < first && m->iova + m->bytes > first) || (m->iova < end && m->iova + m->bytes > end);
		if (cut)
			return -EINVAL;
	}
	for (unsigned i = 0; i < container->mapping_count;) {
		struct mapping *m = &container->mappings[i];
		if (m->iova < first || m->iova >= end) {
			i++;
			continue;
		}
		for (unsigned p = 0; p < m->piece_count; p++)
			unmap_everywhere(container, &m->pieces[p], NULL);
		done += m->bytes;
		preload_mapping_free(m);
		*m = container->mappings[--container->mapping_count];
	}
	unmap->size = done;
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
		struct vfio_iova_range ranges[sizeof(ranges) / sizeof(ranges[0])];
	} all = {0};
	uint32_t room = info->argsz;
	if (room < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	all.info.argsz = sizeof(all);
	all.info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	all.info.iova_pgsizes = ~(uint64_t)(PAGE_BYTES - 1);
	all.info.cap_offset = room >= sizeof(all) ? offsetof(__typeof__(all), range) : 0;
	all.range.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	all.range.header.version = 1;
	all.range.nr_iovas = sizeof(ranges) / sizeof(ranges[0]);
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		all.ranges[i] = (struct vfio_iova_range){.start = ranges[i].start, .end = ranges[i].end};
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
		if (error) {
			fprintf(stderr, "pollux-preload: %s: nobody serves at %s: %s\n", name, device->path, strerror(-error));
			return -ENODEV;
		}
		const struct container *container = group->container;
		for (unsigned m = 0; !error && m < container->mapping_count; m++)
			for (unsigned p = 0; !error && p < container->mappings[m].piece_count; p++)
				error = preload_device_map(device, &container->mappings[m].pieces[p]);
		int fd = error ? error : placeholder(O_CLOEXEC);
		if (fd < 0) {
			preload_device_disconnect(device);
			return fd;
		}
		device->fd = fd;
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
		if (!container)
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

/* Requests share numbers between the three kinds, so the name of one is looked for per kind. */
static const char *name_of(int fd, unsigned long request)
{
	if (request == VFIO_IOMMU_GET_INFO) /* the same number as VFIO_DEVICE_GET_PCI_HOT_RESET_INFO */
		return preload_container_of(fd) ? "VFIO_IOMMU_GET_INFO" : NULL;
	return preload_ioctl_name(request);
}

int preload_ioctl(int fd, unsigned long request, void *argument)
{
	struct container *container = preload_container_of(fd);
	struct group *group = preload_group_of(fd);
	struct device *device = preload_device_of(fd);
	int fail = preload_fail(name_of(fd, request));
	if (fail)
		return fail;
	if (container)
		return container_ioctl(container, request, argument);
	if (group)
		return group_ioctl(group, request, argument);
	return preload_device_ioctl(device, request, argument);
}
