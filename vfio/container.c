/* SPDX-License-Identifier: BSD-2-Clause
 * A container of the kernel's VFIO: which I/O addresses it has, and mapping packet memory there. */
#include "container.h"

#include "error.h"
#include "group_find.h"
#include "kernel_info.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* For kernels before 5.4, which do not tell: 39 bits, which every IOMMU has, without the window of interrupt messages. */
static const struct dma_range safe_ranges[] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 39) - 1}};

static struct container *container_of_mapper(struct dma_mapper *mapper)
{
	return (struct container *)((char *)mapper - offsetof(struct container, mapper));
}

/* ---- DMA ---- */

static int fail_map(const struct container *container, uint64_t iova, size_t bytes, int error)
{
	struct rlimit limit;
	uint64_t needed = (container->mapped_bytes + bytes) >> 10;

	switch (error) {
	case ENOMEM:
		if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur >> 10 < needed)
			return pollux_fail(error,
			        "cannot map %zu KiB of DMA memory: it is locked in memory, %llu KiB at least are needed in all, and the "
			        "limit "
			        "(RLIMIT_MEMLOCK) is %llu; raise it with ulimit -l %llu, or memlock in /etc/security/limits.conf",
			        bytes >> 10, (unsigned long long)needed, (unsigned long long)(limit.rlim_cur >> 10),
			        (unsigned long long)needed);
		return pollux_fail(error,
		        "cannot map %zu KiB of DMA memory: the kernel has no memory left to lock it; %llu KiB are needed in all: use "
		        "smaller "
		        "pools, or raise ulimit -l if other memory of the process is locked",
		        bytes >> 10, (unsigned long long)needed);
	case EINVAL:
		return pollux_fail(error,
		        "cannot map %zu KiB of DMA memory at I/O address 0x%llx: the IOMMU does not reach so far, or takes larger pages "
		        "only; "
		        "provide hugepages, or give the device a space of its own",
		        bytes >> 10, (unsigned long long)iova);
	case EEXIST:
		return pollux_fail(error, "cannot map %zu KiB of DMA memory: its I/O address 0x%llx is in use already; close the space",
		        bytes >> 10, (unsigned long long)iova);
	case ENOSPC:
		return pollux_fail(error,
		        "cannot map %zu KiB of DMA memory: the kernel takes no more mappings; use fewer, larger pools, or raise "
		        "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
		        bytes >> 10);
	default:
		return pollux_fail(error, "cannot map %zu KiB of DMA memory at I/O address 0x%llx: %s", bytes >> 10,
		        (unsigned long long)iova, strerror(error));
	}
}

static int container_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct container *container = container_of_mapper(mapper);
	struct vfio_iommu_type1_dma_map map = {
	        .argsz = sizeof(map),
	        .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	        .vaddr = (uintptr_t)address,
	        .iova = iova,
	        .size = bytes,
	};

	(void)fd; /* the kernel takes the pages that are behind the address */
	/* Its devices are given up; the space's other devices must still be able to get memory. */
	if (__atomic_load_n(&container->broken, __ATOMIC_RELAXED))
		return 0;
	if (ioctl(container->fd, VFIO_IOMMU_MAP_DMA, &map) < 0)
		return fail_map(container, iova, bytes, errno);
	container->mapped_bytes += bytes;
	return 0;
}

static void container_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct container *container = container_of_mapper(mapper);
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = iova, .size = bytes};

	if (__atomic_load_n(&container->broken, __ATOMIC_RELAXED))
		return;
	container->mapped_bytes -= bytes;
	if (ioctl(container->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) == 0 && unmap.size == bytes)
		return;
	/* The kernel keeps the pages for the device, so nothing else is overwritten; but these addresses are lost. */
	__atomic_store_n(&container->broken, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&container->lock);
	for (struct container_member *m = container->members; m; m = m->next)
		__atomic_store_n(&m->device->gone, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&container->lock);
}

/* ---- Ranges ---- */

/* Copies out of the answer what it reads: before 6.6 kernels put no capability's end at a multiple of 8. */
static int take_ranges(const void *answer, size_t bytes, size_t at, const char *name, struct dma_range **ranges, unsigned *count)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;
	struct vfio_iova_range range;

	memcpy(&cap, (const uint8_t *)answer + at, sizeof(cap));
	at += sizeof(cap);
	if (cap.nr_iovas == 0 || cap.nr_iovas > (bytes - at) / sizeof(range))
		return pollux_fail(EPROTO, "%s: the kernel's VFIO reports no I/O addresses, or more ranges than its answer holds", name);
	if (!(*ranges = calloc(cap.nr_iovas, sizeof(**ranges))))
		return pollux_fail(ENOMEM, "%s: no memory for the ranges of I/O addresses", name);
	for (uint32_t i = 0; i < cap.nr_iovas; i++) {
		memcpy(&range, (const uint8_t *)answer + at + i * sizeof(range), sizeof(range));
		(*ranges)[i] = (struct dma_range){range.start, range.end};
		if ((*ranges)[i].first > (*ranges)[i].last || (i && (*ranges)[i].first <= (*ranges)[i - 1].last)) {
			free(*ranges);
			*ranges = NULL;
			return pollux_fail(EPROTO, "%s: the kernel's VFIO reports ranges of I/O addresses out of order", name);
		}
	}
	*count = cap.nr_iovas;
	return 0;
}

/* Asks which I/O addresses all devices of the container can use. The caller frees *ranges. */
static int ask_ranges(const struct container *container, const char *name, struct dma_range **ranges, unsigned *count)
{
	const struct vfio_iommu_type1_info head = {.argsz = sizeof(head)};
	const struct vfio_iommu_type1_info *info;
	void *answer;
	size_t bytes;
	int at, error = kernel_info_ask(container->fd, VFIO_IOMMU_GET_INFO, &head, sizeof(head), &answer, &bytes);

	*ranges = NULL;
	if (error)
		return pollux_fail(-error, "%s: the kernel does not tell of the IOMMU: %s", name, strerror(-error));
	info = answer;
	at = kernel_info_find(answer, bytes, sizeof(head), info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0,
	        VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(struct vfio_iommu_type1_info_cap_iova_range));
	if (at < 0) {
		error = pollux_fail(EPROTO, "%s: the kernel's VFIO has the IOMMU's capabilities outside its answer or in a loop", name);
	} else if (at > 0) {
		error = take_ranges(answer, bytes, (size_t)at, name, ranges, count);
	} else if (!(*ranges = malloc(sizeof(safe_ranges)))) {
		error = pollux_fail(ENOMEM, "%s: no memory for the ranges of I/O addresses", name);
	} else {
		memcpy(*ranges, safe_ranges, sizeof(safe_ranges));
		*count = sizeof(safe_ranges) / sizeof(safe_ranges[0]);
	}
	free(answer);
	return error;
}

/* ---- Life ---- */

int container_open(struct container **result, const char *name)
{
	struct container *container = calloc(1, sizeof(*container));
	char path[PATH_MAX];
	int error;

	*result = NULL;
	if (!container)
		return pollux_fail(ENOMEM, "%s: no memory for a container", name);
	snprintf(path, sizeof(path), "%s/vfio/vfio", group_dev_root());
	if ((container->fd = open(path, O_RDWR | O_CLOEXEC)) < 0) {
		error = errno;
		free(container);
		if (error == EACCES || error == EPERM)
			return pollux_fail(error,
			        "%s: %s may not be opened; as root: chmod 0666 %s (it gives access to no device by itself)", name, path,
			        path);
		return pollux_fail(error, "%s: cannot open %s: %s%s", name, path, strerror(error),
		        error == ENOENT || error == ENODEV ? "; as root: modprobe vfio-pci (the kernel needs CONFIG_VFIO)" : "");
	}
	pthread_mutex_init(&container->lock, NULL);
	container->mapper = (struct dma_mapper){.map = container_map, .unmap = container_unmap};
	if (ioctl(container->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION) {
		container_close(container);
		return pollux_fail(ENOTSUP, "%s: the kernel's VFIO speaks another version than %d, the only one that there has been", name,
		        VFIO_API_VERSION);
	}
	*result = container;
	return 0;
}

void container_close(struct container *container)
{
	close(container->fd);
	free(container->ranges);
	pthread_mutex_destroy(&container->lock);
	free(container);
}

static int fail_unsafe(const char *name, int error, const char *what)
{
	if (error == EPERM)
		return pollux_fail(error,
		        "%s: %s: the IOMMU does not remap interrupts, so the device could forge them; switch interrupt remapping on "
		        "(x2APIC or "
		        "VT-d in the firmware, no intremap=off), or accept that: echo 1 > "
		        "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		        name, what);
	return pollux_fail(error, "%s: %s: %s", name, what, strerror(error));
}

/* The better of the two kinds: version 2 does not unmap more than it was asked to. */
static int set_iommu(const struct container *container, const char *name)
{
	static const unsigned long kinds[] = {VFIO_TYPE1v2_IOMMU, VFIO_TYPE1_IOMMU};

	for (unsigned i = 0; i < 2; i++) {
		int has = ioctl(container->fd, VFIO_CHECK_EXTENSION, kinds[i]);

		if (has < 0)
			return pollux_fail(errno, "%s: the kernel does not tell which IOMMUs it knows: %s", name, strerror(errno));
		if (has && ioctl(container->fd, VFIO_SET_IOMMU, kinds[i]) < 0)
			return fail_unsafe(name, errno, "the IOMMU cannot be used");
		if (has)
			return 0;
	}
	return pollux_fail(ENOTSUP, "%s: the kernel's VFIO knows no type 1 IOMMU; as root: modprobe vfio_iommu_type1", name);
}

static int map_nothing(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	(void)mapper, (void)iova, (void)address, (void)bytes, (void)fd;
	return 0;
}

static void unmap_nothing(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	(void)mapper, (void)iova, (void)bytes;
}

/* The kernel has put all mappings of the container into the newcomer's IOMMU. Whether what is mapped later will fit too, the space
 * says of a mapper that has the ranges left over. */
static int check_reach(const struct container *container, const char *name)
{
	struct dma_mapper probe = {.map = map_nothing, .unmap = unmap_nothing};
	struct dma_range *ranges;
	int error = ask_ranges(container, name, &ranges, &probe.range_count);

	probe.ranges = ranges;
	if (!error && (error = dma_space_attach(container->space, &probe)) == 0)
		dma_space_detach(container->space, &probe);
	free(ranges);
	return error;
}

int container_add_group(struct container *container, int group_fd, const char *name, struct dma_space *space)
{
	int error;

	if (__atomic_load_n(&container->broken, __ATOMIC_RELAXED))
		return pollux_fail(
		        EIO, "%s: the kernel did not take memory back from this DMA space's devices; close them and open them again", name);
	if (ioctl(group_fd, VFIO_GROUP_SET_CONTAINER, &container->fd) < 0) {
		error = errno;
		if (error == EINVAL && container->groups)
			return pollux_fail(error,
			        "%s: its IOMMU cannot share the DMA space of the devices opened before it; give it a space of its own",
			        name);
		return fail_unsafe(name, error, "its group cannot join the container");
	}
	if (container->groups) {
		if ((error = check_reach(container, name)) != 0)
			return error;
	} else {
		if ((error = set_iommu(container, name)) != 0 ||
		        (error = ask_ranges(container, name, &container->ranges, &container->mapper.range_count)) != 0)
			return error;
		container->mapper.ranges = container->ranges;
		if ((error = dma_space_attach(space, &container->mapper)) != 0)
			return error;
		container->space = space;
		container->attached = true;
	}
	container->groups++;
	return 0;
}

void container_remove_group(struct container *container)
{
	if (--container->groups == 0 && container->attached) {
		container->attached = false;
		dma_space_detach(container->space, &container->mapper);
	}
}

void container_add_member(struct container *container, struct container_member *member)
{
	pthread_mutex_lock(&container->lock);
	member->next = container->members;
	container->members = member;
	pthread_mutex_unlock(&container->lock);
}

void container_remove_member(struct container *container, struct container_member *member)
{
	struct container_member **link;

	pthread_mutex_lock(&container->lock);
	for (link = &container->members; *link && *link != member; link = &(*link)->next)
		;
	if (*link)
		*link = member->next;
	pthread_mutex_unlock(&container->lock);
}
