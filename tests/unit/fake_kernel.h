/* SPDX-License-Identifier: BSD-2-Clause
 * A scripted kernel VFIO for test_group.c and test_iommufd.c: containers, groups, iommufds and devices as descriptors
 * from FAKE_FD on, answers as the script says, and a record of what is open, mapped, and done in the wrong order.
 * Written from linux/vfio.h and linux/iommufd.h, and what vfio-pci and iommufd are known to do. */
#ifndef POLLUX_TESTS_FAKE_KERNEL_H
#define POLLUX_TESTS_FAKE_KERNEL_H

#include "../../vfio/kernel/iommufd_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAKE_FD     100000 /* descriptors from here on are the scripted kernel's */
#define OBJECTS     16
#define NODES       1000 /* device.number from here on: opened by a node of its own */
#define IOAS        5    /* the number of the address space of any iommufd */
#define DMA_MAPS    16
#define BAR_BYTES   0x4000u
#define FAIL(error) (errno = (error), -1)

#define UNKNOWN_VERSION 30 /* of break_ranges and break_region */

enum kind { FREE, CONTAINER, GROUP, IOMMUFD, DEVICE };

struct object {
	enum kind kind;
	unsigned number; /* group: its number; device: its group's, or of a node: NODES and its node's */
	int container;   /* group: the container's index; node: the iommufd's it is bound to; -1: none */
	bool iommu;      /* container: it has one; iommufd: it has an address space; node: it is attached to that */
	struct {
		uint64_t iova, bytes;
	} maps[DMA_MAPS];
	unsigned map_count;
	unsigned set_eventfds[VFIO_PCI_NUM_IRQS]; /* device: vectors the kernel holds */
	int request_fd, error_fd;                 /* device: eventfds of its events */
};

/* The script, and what was seen. */
static struct {
	const char *root;
	unsigned calls, fail_at; /* call number fail_at says fail_error */
	int fail_error;
	bool failed;
	unsigned opens, mmaps; /* alive */
	unsigned containers;   /* ever opened, and iommufds */
	char violation[160];
	/* answers */
	int open_group_error, open_container_error, set_iommu_error, map_error, device_fd_error, join_error,
		unmap_error;
	int pread_error, pwrite_error;
	int open_node_error, open_iommu_error, bind_error, attach_error, claim_error;
	bool conventional; /* no PCI Express capability, and no error reporting */
	bool not_viable, no_type1, no_reset, noresize, short_read, not_pci, unmap_short;
	unsigned long iommu_kind;
	struct vfio_iova_range ranges[4];
	unsigned range_count; /* 0: a kernel that does not tell */
	struct vfio_iova_range later[4];
	unsigned later_count;               /* what it says after a second group joined */
	int break_ranges;                   /* which way the chain of the IOMMU is broken, 0: not */
	int break_region;                   /* the same for BAR0 */
	const struct vfio_iova_range *many; /* instead of ranges, for iommufd */
	unsigned many_count;
	int break_ioas; /* iommufd's ranges: 1 never enough room, 2 none, 3 more than fit */
	struct vfio_region_sparse_mmap_area sparse[3];
	unsigned sparse_count;
	unsigned irq_calls, unmasks, resets;
	int vectors; /* MSI-X: all that the kernel has for a device; 0: as many as are asked for */
	struct vfio_irq_set last_irq;
} k;

static struct object objects[OBJECTS];

static void violate(const char *what)
{
	if (!k.violation[0])
		snprintf(k.violation, sizeof(k.violation), "%s", what);
}

static bool fails(void)
{
	if (++k.calls != k.fail_at)
		return false;
	k.failed = true;
	errno = k.fail_error;
	return true;
}

static int new_object(enum kind kind, unsigned number)
{
	for (int i = 0; i < OBJECTS; i++)
		if (objects[i].kind == FREE) {
			objects[i] = (struct object){.kind = kind, .number = number, .container = -1};
			k.opens++;
			return FAKE_FD + i;
		}
	return FAIL(EMFILE);
}

static struct object *object_of(int fd, enum kind kind)
{
	struct object *object = fd >= FAKE_FD && fd < FAKE_FD + OBJECTS ? &objects[fd - FAKE_FD] : NULL;

	if (!object || object->kind != kind) {
		violate("a call on a wrong descriptor");
		return NULL;
	}
	return object;
}

static int fake_open_node(const char *name)
{
	unsigned number = NODES + (unsigned)atoi(name + 4);

	if (k.open_node_error)
		return FAIL(k.open_node_error);
	for (int i = 0; i < OBJECTS; i++)
		if (objects[i].kind == DEVICE && objects[i].number == number)
			violate("a node is opened twice");
	return new_object(DEVICE, number);
}

static int fake_open(const char *path, int flags)
{
	const char *name = strncmp(path, k.root, strlen(k.root)) == 0 ? path + strlen(k.root) : "";

	if (fails())
		return -1;
	if (!(flags & O_CLOEXEC))
		violate("a descriptor is inherited over exec");
	if (strcmp(name, "/dev/iommu") == 0) {
		k.containers++;
		return k.open_iommu_error ? FAIL(k.open_iommu_error) : new_object(IOMMUFD, 0);
	}
	if (strncmp(name, "/dev/vfio/devices/", 18) == 0)
		return fake_open_node(name + 18);
	if (strcmp(name, "/dev/vfio/vfio") == 0) {
		k.containers++;
		return k.open_container_error ? FAIL(k.open_container_error) : new_object(CONTAINER, 0);
	}
	if (strncmp(name, "/dev/vfio/", 10) == 0) {
		unsigned number = (unsigned)atoi(name + 10);

		if (k.open_group_error)
			return FAIL(k.open_group_error);
		for (int i = 0; i < OBJECTS; i++)
			if (objects[i].kind == GROUP && objects[i].number == number)
				return FAIL(EBUSY);
		return new_object(GROUP, number);
	}
	violate("a file is opened that is not VFIO's");
	return FAIL(ENOENT);
}

static int fake_eventfd(unsigned first, int flags)
{
	int fd = fails() ? -1 : eventfd(first, flags);

	k.opens += fd >= 0;
	return fd;
}

static int fake_close(int fd)
{
	k.opens--;
	if (fd < FAKE_FD)
		return close(fd);
	struct object *object = &objects[fd - FAKE_FD];
	for (int i = 0; i < OBJECTS; i++)
		if (object->kind == GROUP && objects[i].kind == DEVICE && objects[i].number == object->number)
			violate("a group is closed before its device");
	for (int i = 0; i < OBJECTS; i++)
		if (object->kind == IOMMUFD && objects[i].kind == DEVICE && objects[i].container == fd - FAKE_FD)
			violate("an iommufd is closed before its device");
	if (object->kind == FREE)
		violate("closed twice");
	if (object->kind == DEVICE && k.mmaps)
		violate("a device is closed with windows mapped");
	if ((object->kind == CONTAINER || object->kind == IOMMUFD) && object->map_count && !k.unmap_error)
		violate("a container or iommufd is closed with memory mapped");
	object->kind = FREE;
	return 0;
}

static unsigned users_of(int container, enum kind kind)
{
	unsigned n = 0;

	for (int i = 0; i < OBJECTS; i++)
		n += objects[i].kind == kind && objects[i].container == container &&
		     (kind == GROUP || objects[i].iommu);
	return n;
}

static unsigned groups_in(int container)
{
	return users_of(container, GROUP);
}

/* ---- Answers with capabilities ---- */

/* Puts a chain into an answer if there is room: a strange capability first, then ours, not aligned (as before 6.6). */
static void put_caps(uint8_t *answer, size_t head, uint32_t argsz, uint32_t *cap_offset, uint16_t id, const void *body,
	size_t bytes, int broken)
{
	const uint32_t first = (uint32_t)head, second = first + 12;
	uint32_t need = (uint32_t)(second + bytes), cut;

	if (argsz < need) {
		memcpy(answer, &need, 4);
		return;
	}
	struct vfio_info_cap_header strange = {.id = 77, .version = 1, .next = second};
	struct vfio_info_cap_header ours = {.id = id, .version = 1};
	*cap_offset = first;
	memcpy(answer + second, body, bytes);
	switch (broken) {
	case 1: /* a loop */
		strange.next = first;
		break;
	case 2: /* outside */
		strange.next = argsz;
		break;
	case 3: /* inside the fixed part */
		*cap_offset = 8;
		break;
	case 4: /* far away */
		*cap_offset = UINT32_MAX;
		break;
	case 5: /* more elements than there is room for */
		cut = 1000000;
		memcpy(answer + second + 8, &cut, 4);
		break;
	case 6: /* never enough room */
		need = argsz + 8;
		memcpy(answer, &need, 4);
		break;
	case 7: /* impossible room */
		need = UINT32_MAX;
		memcpy(answer, &need, 4);
		break;
	case 8: /* a header cut off by the end */
		strange.next = argsz - 4;
		break;
	case UNKNOWN_VERSION:
		ours.version = 2;
		break;
	default:
		break;
	}
	memcpy(answer + first, &strange, sizeof(strange));
	memcpy(answer + second, &ours, sizeof(ours));
}

static int iommu_info(int container, struct vfio_iommu_type1_info *info)
{
	union {
		struct vfio_iommu_type1_info_cap_iova_range cap;
		uint8_t bytes[16 + sizeof(k.ranges)];
	} body = {0};
	const bool later = k.later_count && groups_in(container) > 1;
	const unsigned count = later ? k.later_count : k.range_count;

	if (info->argsz < 16)
		return FAIL(EINVAL);
	info->flags = VFIO_IOMMU_INFO_PGSIZES;
	info->iova_pgsizes = 4096;
	if (!count)
		return 0;
	info->flags |= VFIO_IOMMU_INFO_CAPS;
	body.cap.nr_iovas = k.break_ranges == 9 ? 0 : count;
	memcpy(body.bytes + sizeof(body.cap), later ? k.later : k.ranges, count * sizeof(k.ranges[0]));
	put_caps((uint8_t *)info, sizeof(*info), info->argsz, &info->cap_offset, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
		&body, sizeof(body.cap) + count * sizeof(k.ranges[0]), k.break_ranges);
	return 0;
}

static int region_info(struct vfio_region_info *info)
{
	union {
		struct vfio_region_info_cap_sparse_mmap cap;
		uint8_t bytes[16 + sizeof(k.sparse)];
	} body = {0};

	if (info->argsz < sizeof(*info) || info->index > VFIO_PCI_CONFIG_REGION_INDEX)
		return FAIL(EINVAL);
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->offset = (uint64_t)info->index << 40;
	info->size = 0;
	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX)
		info->size = 4096;
	if (info->index == VFIO_PCI_ROM_REGION_INDEX) {
		info->size = 4096;
		info->flags = VFIO_REGION_INFO_FLAG_READ;
	}
	if (info->index == 2)
		info->size = 32; /* I/O ports: no mapping */
	if (info->index != 0)
		return 0;
	info->size = k.break_region == 20 ? UINT64_MAX : BAR_BYTES;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (k.sparse_count) {
		info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		body.cap.nr_areas = k.sparse_count;
		memcpy(body.bytes + sizeof(body.cap), k.sparse, sizeof(k.sparse));
		put_caps((uint8_t *)info, sizeof(*info), info->argsz, &info->cap_offset,
			VFIO_REGION_INFO_CAP_SPARSE_MMAP, &body,
			sizeof(body.cap) + k.sparse_count * sizeof(k.sparse[0]), k.break_region);
	}
	return 0;
}

/* As vfio-pci does: nothing may be turned off that is not on, and a NORESIZE index takes no more than it was enabled
 * with. */
static int set_irqs(struct object *device, const struct vfio_irq_set *set)
{
	unsigned *held = &device->set_eventfds[set->index];

	k.irq_calls++;
	k.last_irq = *set;
	if (set->flags & VFIO_IRQ_SET_ACTION_UNMASK) {
		k.unmasks++;
		return *held ? 0 : FAIL(EINVAL);
	}
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!*held || set->count)
			return FAIL(EINVAL);
		*held = 0;
		return 0;
	}
	if (set->argsz != sizeof(*set) + set->count * sizeof(int) || !set->count)
		return FAIL(EINVAL);
	for (unsigned i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++)
		if (i != set->index && set->index <= VFIO_PCI_MSIX_IRQ_INDEX && device->set_eventfds[i])
			return FAIL(EINVAL);
	if (*held && k.noresize && set->start + set->count > *held)
		return FAIL(EINVAL);
	if (k.vectors && set->index == VFIO_PCI_MSIX_IRQ_INDEX && set->start + set->count > (unsigned)k.vectors)
		return k.vectors;
	if (*held < set->start + set->count)
		*held = set->start + set->count;
	if (set->index == VFIO_PCI_REQ_IRQ_INDEX)
		memcpy(&device->request_fd, set->data, sizeof(int));
	if (set->index == VFIO_PCI_ERR_IRQ_INDEX)
		memcpy(&device->error_fd, set->data, sizeof(int));
	return 0;
}

static int add_map(struct object *to, uint64_t iova, uint64_t bytes)
{
	if (to->map_count == DMA_MAPS)
		return FAIL(ENOSPC);
	to->maps[to->map_count].iova = iova;
	to->maps[to->map_count++].bytes = bytes;
	return 0;
}

static int remove_map(struct object *from, uint64_t iova, uint64_t *bytes)
{
	if (k.unmap_error)
		return FAIL(k.unmap_error);
	for (unsigned i = 0; i < from->map_count; i++)
		if (from->maps[i].iova == iova && from->maps[i].bytes == *bytes) {
			from->maps[i] = from->maps[--from->map_count];
			*bytes -= k.unmap_short ? 4096 : 0;
			return 0;
		}
	violate("memory is unmapped that is not mapped");
	*bytes = 0;
	return 0;
}

static int map_dma(struct object *container, const struct vfio_iommu_type1_dma_map *map)
{
	if (k.map_error)
		return FAIL(k.map_error);
	if (!container->iommu || map->argsz != sizeof(*map) ||
		map->flags != (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return FAIL(EINVAL);
	return add_map(container, map->iova, map->size);
}

static int unmap_dma(int index, struct vfio_iommu_type1_dma_unmap *unmap)
{
	uint64_t bytes = unmap->size;
	int error;

	if (groups_in(index) == 0) {
		violate("memory is unmapped from a container without groups");
		return FAIL(EINVAL);
	}
	error = remove_map(&objects[index], unmap->iova, &bytes);
	unmap->size = bytes;
	return error;
}

/* ---- iommufd ---- */

static int fake_ioas_ranges(int index, struct iommu_ioas_iova_ranges *ask)
{
	const bool later = k.later_count && users_of(index, DEVICE) > 1;
	const struct vfio_iova_range *from = later ? k.later : k.many ? k.many : k.ranges;
	uint32_t room = ask->num_iovas, count = later ? k.later_count : k.many ? k.many_count : k.range_count;

	if (ask->size != sizeof(*ask) || ask->ioas_id != IOAS)
		return FAIL(EINVAL);
	ask->num_iovas = k.break_ioas == 1 ? room + 1 : k.break_ioas == 2 ? 0 : k.break_ioas == 3 ? 1000000 : count;
	if (k.break_ioas != 3 && ask->num_iovas > room)
		return FAIL(EMSGSIZE);
	memcpy((void *)(uintptr_t)ask->allowed_iovas, from, (count < room ? count : room) * sizeof(*from));
	return 0;
}

static int iommufd_ioctl(int index, unsigned long request, void *argument)
{
	struct object *iommufd = &objects[index];
	struct iommu_ioas_alloc *alloc = argument;
	const struct iommu_ioas_map *map = argument;
	struct iommu_ioas_unmap *unmap = argument;
	uint64_t bytes;
	int error;

	switch (request) {
	case IOMMU_IOAS_ALLOC:
		if (alloc->size != sizeof(*alloc) || iommufd->iommu)
			return FAIL(EINVAL);
		iommufd->iommu = true;
		alloc->out_ioas_id = IOAS;
		return 0;
	case IOMMU_IOAS_IOVA_RANGES:
		return fake_ioas_ranges(index, argument);
	case IOMMU_IOAS_MAP:
		if (k.map_error)
			return FAIL(k.map_error);
		if (map->size != sizeof(*map) || map->ioas_id != IOAS ||
			map->flags != (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE))
			return FAIL(EINVAL);
		return add_map(iommufd, map->iova, map->length);
	case IOMMU_IOAS_UNMAP:
		if (unmap->size != sizeof(*unmap) || unmap->ioas_id != IOAS)
			return FAIL(EINVAL);
		bytes = unmap->length;
		error = remove_map(iommufd, unmap->iova, &bytes);
		unmap->length = bytes;
		return error;
	default:
		return FAIL(ENOTTY);
	}
}

/* What a node takes before it is bound, which is nothing else. */
static int node_ioctl(struct object *node, unsigned long request, void *argument)
{
	const struct vfio_device_bind_iommufd *bind = argument;
	const struct vfio_device_attach_iommufd_pt *attach = argument;

	if (request == VFIO_DEVICE_BIND_IOMMUFD) {
		if (k.bind_error)
			return FAIL(k.bind_error);
		if (bind->argsz != sizeof(*bind) || bind->flags || node->container >= 0 ||
			!object_of(bind->iommufd, IOMMUFD))
			return FAIL(EINVAL);
		node->container = bind->iommufd - FAKE_FD;
		return 0;
	}
	if (node->container < 0) {
		violate("a node is used before it is bound");
		return FAIL(EINVAL);
	}
	if (k.attach_error)
		return FAIL(k.attach_error);
	if (attach->argsz != sizeof(*attach) || attach->flags || attach->pt_id != IOAS ||
		!objects[node->container].iommu)
		return FAIL(EINVAL);
	node->iommu = true;
	return 0;
}

static int container_ioctl(int index, unsigned long request, void *argument)
{
	struct object *container = &objects[index];
	unsigned long kind = (unsigned long)argument;

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return !k.no_type1 && (kind == VFIO_TYPE1_IOMMU || kind == VFIO_TYPE1v2_IOMMU);
	case VFIO_SET_IOMMU:
		if (k.set_iommu_error)
			return FAIL(k.set_iommu_error);
		if (groups_in(index) == 0 || container->iommu)
			return FAIL(EINVAL);
		k.iommu_kind = kind;
		container->iommu = true;
		return 0;
	case VFIO_IOMMU_GET_INFO:
		return container->iommu ? iommu_info(index, argument) : FAIL(EINVAL);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(container, argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(index, argument);
	default:
		return FAIL(ENOTTY);
	}
}

static int group_ioctl(struct object *group, unsigned long request, void *argument)
{
	struct vfio_group_status *status = argument;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = k.not_viable ? 0 : VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		if (!object_of(*(int *)argument, CONTAINER) || group->container >= 0)
			return FAIL(EINVAL);
		if (k.claim_error)
			return FAIL(k.claim_error);
		if (k.join_error && groups_in(*(int *)argument - FAKE_FD))
			return FAIL(k.join_error);
		group->container = *(int *)argument - FAKE_FD;
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		if (group->container < 0 || !objects[group->container].iommu)
			return FAIL(EINVAL);
		return k.device_fd_error ? FAIL(k.device_fd_error) : new_object(DEVICE, group->number);
	default:
		return FAIL(ENOTTY);
	}
}

static int device_ioctl(struct object *device, unsigned long request, void *argument)
{
	static const unsigned counts[VFIO_PCI_NUM_IRQS] = {1, 1, 64, 1, 1};
	struct vfio_device_info *info = argument;
	struct vfio_irq_info *irq = argument;

	if (device->number >= NODES &&
		(!device->iommu || request == VFIO_DEVICE_BIND_IOMMUFD || request == VFIO_DEVICE_ATTACH_IOMMUFD_PT))
		return node_ioctl(device, request, argument);
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = (k.not_pci ? 0 : VFIO_DEVICE_FLAGS_PCI) | (k.no_reset ? 0 : VFIO_DEVICE_FLAGS_RESET);
		info->num_regions = VFIO_PCI_NUM_REGIONS + 3;
		info->num_irqs = VFIO_PCI_NUM_IRQS + 3;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		if (irq->index >= VFIO_PCI_NUM_IRQS || (irq->index == VFIO_PCI_ERR_IRQ_INDEX && k.conventional))
			return FAIL(EINVAL);
		irq->flags = VFIO_IRQ_INFO_EVENTFD |
			     (irq->index == VFIO_PCI_INTX_IRQ_INDEX ? VFIO_IRQ_INFO_AUTOMASKED : 0) |
			     (k.noresize ? VFIO_IRQ_INFO_NORESIZE : 0);
		irq->count = counts[irq->index];
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(device, argument);
	case VFIO_DEVICE_RESET:
		k.resets++;
		return 0;
	default:
		return FAIL(ENOTTY);
	}
}

static int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	/* read even where none was passed, as the C library's own does on this machine */
	argument = request == VFIO_GET_API_VERSION || request == VFIO_DEVICE_RESET ? NULL : va_arg(arguments, void *);
	va_end(arguments);
	if (fails())
		return -1;
	if (fd < FAKE_FD || fd >= FAKE_FD + OBJECTS) {
		violate("an ioctl on no descriptor");
		return FAIL(EBADF);
	}
	switch (objects[fd - FAKE_FD].kind) {
	case CONTAINER:
		return container_ioctl(fd - FAKE_FD, request, argument);
	case GROUP:
		return group_ioctl(&objects[fd - FAKE_FD], request, argument);
	case IOMMUFD:
		return iommufd_ioctl(fd - FAKE_FD, request, argument);
	case DEVICE:
		return device_ioctl(&objects[fd - FAKE_FD], request, argument);
	default:
		violate("an ioctl on a closed descriptor");
		return FAIL(EBADF);
	}
}

static void *fake_mmap(size_t bytes, int fd, off_t offset)
{
	void *at;

	if (fails())
		return MAP_FAILED;
	if (!object_of(fd, DEVICE) || offset % 4096)
		return errno = EINVAL, MAP_FAILED;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	k.mmaps += at != MAP_FAILED;
	return at;
}

static int fake_munmap(void *at, size_t bytes)
{
	k.mmaps--;
	return munmap(at, bytes);
}

static uint8_t config[4096];

/** As the kernel does, of any region: nothing beyond its end, and the fake's are all that small. */
static bool outside(size_t bytes, off_t offset)
{
	return bytes > sizeof(config) - (offset & 0xfff);
}

static ssize_t fake_pread(int fd, void *data, size_t bytes, off_t offset)
{
	if (fails() || !object_of(fd, DEVICE))
		return -1;
	if (k.pread_error)
		return FAIL(k.pread_error);
	if (k.short_read)
		return 0;
	if (outside(bytes, offset))
		return FAIL(EINVAL);
	config[PCI_STATUS] = k.conventional ? 0 : PCI_STATUS_CAP_LIST;
	config[PCI_CAPABILITY_LIST] = 0x40;
	config[0x40] = PCI_CAP_ID_EXP;
	memset(data, 0x5a, bytes);
	if (offset >> 40 == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(data, config + (offset & 0xfff), bytes);
	return (ssize_t)bytes;
}

static ssize_t fake_pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	if (fails() || !object_of(fd, DEVICE))
		return -1;
	if (k.pwrite_error)
		return FAIL(k.pwrite_error);
	if (outside(bytes, offset))
		return FAIL(EINVAL);
	if (offset >> 40 == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(config + (offset & 0xfff), data, bytes);
	return (ssize_t)bytes;
}

#endif
