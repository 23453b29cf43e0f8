/* SPDX-License-Identifier: BSD-2-Clause
 * Containers and groups of the kernel's VFIO. A group can be opened only once, so all its devices share what is opened
 * here. Groups in one DMA space share a container. */
#include "../error.h"
#include "../host/files.h"
#include "../host/use.h"
#include "../transports.h"
#include "join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct group {
	LIST_ENTRY(group) next;
	unsigned number;
	int fd;                         /* -1: not open yet */
	struct kernel_space *container; /* NULL: it is in none yet */
	unsigned devices;               /* that are open, or being opened */
};

static LIST_HEAD(, group) groups;

/* The I/O addresses to use with kernels before 5.4, which do not tell: 39 bits, which every IOMMU has, without the
 * window of interrupt messages. */
static const struct vfio_iova_range safe_ranges[] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 39) - 1}};

/* ---- The container ---- */

static int open_container(struct kernel_space *kernel, const char *name)
{
	char path[PATH_MAX];

	vfio_path(path, "/dev/vfio/vfio");
	int error =
		kernel_node_open(&kernel->fd, name, path, "as root: modprobe vfio-pci (the kernel needs CONFIG_VFIO)",
			"chmod 0666", " (it gives access to no device by itself)");
	if (error)
		return error;
	if (ioctl(kernel->fd, VFIO_GET_API_VERSION) == VFIO_API_VERSION)
		return 0;
	close(kernel->fd);
	return pollux_fail(ENOTSUP,
		"%s: the kernel's VFIO speaks another version than %d, the only one that there has been", name,
		VFIO_API_VERSION);
}

/* Version 2, which Linux has since 3.17, does not unmap more than it was asked to. */
static int set_iommu(const struct kernel_space *container, const char *name)
{
	int has = ioctl(container->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU);

	if (has < 0)
		return pollux_fail(
			errno, "%s: the kernel does not tell which IOMMUs it knows: %s", name, strerror(errno));
	if (!has)
		return pollux_fail(ENOTSUP,
			"%s: the kernel's VFIO knows no type 1 IOMMU; as root: modprobe vfio_iommu_type1", name);
	if (ioctl(container->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return kernel_space_fail_iommu(container, name, errno, "the IOMMU cannot be used", "vfio_iommu_type1");
	return 0;
}

static int container_map(const struct kernel_space *container, uint64_t iova, void *address, size_t bytes)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)address,
		.iova = iova,
		.size = bytes,
	};

	return ioctl(container->fd, VFIO_IOMMU_MAP_DMA, &map);
}

static uint64_t container_unmap(const struct kernel_space *container, uint64_t iova, size_t bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = iova, .size = bytes};

	return ioctl(container->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) == 0 ? unmap.size : 0;
}

static int container_ranges(const struct kernel_space *container, const char *name, struct dma_reach *reach)
{
	struct {
		struct vfio_iommu_type1_info info;
		uint8_t caps[VFIO_CAPS_MAX];
	} answer = {.info = {.argsz = sizeof(answer)}};
	struct vfio_iommu_type1_info_cap_iova_range cap = {.nr_iovas = 0};

	if (ioctl(container->fd, VFIO_IOMMU_GET_INFO, &answer) < 0)
		return pollux_fail(errno, "%s: the kernel does not tell of the IOMMU: %s", name, strerror(errno));
	int at = vfio_info_find(&answer, sizeof(answer), sizeof(answer.info),
		answer.info.flags & VFIO_IOMMU_INFO_CAPS ? answer.info.cap_offset : 0,
		VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(cap));
	if (at < 0 || answer.info.argsz > sizeof(answer))
		return pollux_fail(EPROTO,
			"%s: the kernel's VFIO has the IOMMU's capabilities outside its answer or in a loop", name);
	const uint8_t *told = (const uint8_t *)&answer + at + sizeof(cap);
	if (at > 0) /* copied, because kernels before 6.6 do not align capabilities */
		memcpy(&cap, told - sizeof(cap), sizeof(cap));
	if (at == 0 || cap.header.version != 1)
		return kernel_space_take_ranges(safe_ranges, sizeof(safe_ranges) / sizeof(*safe_ranges), name, reach);
	if (cap.nr_iovas > (sizeof(answer) - (size_t)at - sizeof(cap)) / sizeof(struct vfio_iova_range))
		return pollux_fail(EPROTO,
			"%s: the kernel's VFIO reports more ranges of I/O addresses than its answer holds", name);
	return kernel_space_take_ranges(told, cap.nr_iovas, name, reach);
}

static const struct kernel_space_ops container_ops = {
	.locked_by = "what this process locks",
	.make = open_container,
	.map = container_map,
	.unmap = container_unmap,
	.ask_ranges = container_ranges,
};

/* ---- Groups ---- */

static struct group *group_numbered(unsigned number)
{
	struct group *group;

	LIST_FOREACH (group, &groups, next)
		if (group->number == number)
			break;
	return group;
}

int group_fail_not_viable(const struct vfio_pci *pci)
{
	struct vfio_pci *others;
	unsigned count;
	int error = vfio_pci_neighbours(pci, &others, &count);

	if (error)
		return error;
	for (unsigned i = 0; i < count && !error; i++)
		if (!vfio_pci_harmless(others[i].driver))
			error = pollux_fail(EPERM,
				"group %d of %s is not viable: %s is bound to %s; as root: pollux-bind --group bind "
				"%s binds it to " VFIO_PCI_DRIVER
				" too, echo %s > /sys/bus/pci/devices/%s/driver/unbind takes it out of use",
				pci->group, pci->address, others[i].address, others[i].driver, pci->address,
				others[i].address, others[i].address);
	free(others);
	return error;
}

bool group_name_opener(const struct vfio_pci *pci, const char *path, char text[GROUP_OPENER_BYTES])
{
	char name[32];
	struct vfio_pci *others;
	unsigned count = 0;
	pid_t pid = vfio_pci_opener(pci, name);

	if (pid)
		snprintf(text, GROUP_OPENER_BYTES, "%s, process %d", name, (int)pid);
	else if (vfio_pci_neighbours(pci, &others, &count) == 0)
		for (unsigned i = 0; i < count && !pid; i++)
			if ((pid = vfio_pci_opener(&others[i], name)) != 0)
				snprintf(text, GROUP_OPENER_BYTES, "%s, process %d, through %s", name, (int)pid,
					others[i].address);
	if (count)
		free(others);
	if (!pid)
		snprintf(text, GROUP_OPENER_BYTES, "another process (as root, fuser -v %s tells which)", path);
	return pid != 0;
}

static int open_group(const struct vfio_pci *pci, const char *path, int *fd)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	char opener[GROUP_OPENER_BYTES];
	int error = kernel_node_open(fd, pci->address, path, "is /dev of this container or namespace the machine's?",
		NULL, " (pollux-bind --user does that)");
	if (error == -EBUSY) {
		group_name_opener(pci, path, opener);
		return pollux_fail(EBUSY, "%s: %s is in use by %s; end that first", pci->address, path, opener);
	}
	if (error)
		return error;
	if (ioctl(*fd, VFIO_GROUP_GET_STATUS, &status) < 0)
		return pollux_fail(errno, "%s: the kernel does not tell of group %d: %s", pci->address, pci->group,
			strerror(errno));
	if (status.flags & VFIO_GROUP_FLAGS_VIABLE)
		return 0;
	if ((error = group_fail_not_viable(pci)) != 0)
		return error;
	return pollux_fail(EPERM,
		"group %d of %s is not viable: another device of the group is in use; ls -l "
		"/sys/kernel/iommu_groups/%d/devices/*/driver shows by whom",
		pci->group, pci->address, pci->group);
}

/* Makes a group part of the container; the first one chooses the kind of IOMMU. */
static int enter_container(struct kernel_space *container, int fd, const char *name)
{
	if (ioctl(fd, VFIO_GROUP_SET_CONTAINER, &container->fd) < 0)
		return kernel_space_fail_iommu(
			container, name, errno, "its group cannot join the container", "vfio_iommu_type1");
	return container->users ? 0 : set_iommu(container, name);
}

int group_join(struct kernel_device *device)
{
	const struct vfio_pci *pci = &device->pci;
	struct group *group = group_numbered((unsigned)pci->group);
	char opener[GROUP_OPENER_BYTES], path[PATH_MAX];
	int error;

	if (!group) {
		if (!(group = calloc(1, sizeof(*group))))
			return pollux_fail(ENOMEM, "%s: no memory for an IOMMU group", pci->address);
		group->number = (unsigned)pci->group;
		group->fd = -1;
		LIST_INSERT_HEAD(&groups, group, next);
	}
	group->devices++;
	device->group = group; /* from here on, group_leave undoes it */
	vfio_path(path, "/dev/vfio/%d", pci->group);
	if (group->fd < 0 && (error = open_group(pci, path, &group->fd)) != 0)
		return error;
	/* the container of a group that is open may be broken */
	if ((error = kernel_space_get(device, &container_ops)) != 0)
		return error;
	if (!group->container) {
		group->container = device->kernel;
		if ((error = enter_container(group->container, group->fd, pci->address)) != 0)
			return error;
	}
	if ((device->fd = ioctl(group->fd, VFIO_GROUP_GET_DEVICE_FD, pci->address)) >= 0)
		return 0;
	error = errno;
	if (error == EBUSY) {
		group_name_opener(pci, path, opener);
		return pollux_fail(error, "%s is in use by %s; end that first", pci->address, opener);
	}
	return pollux_fail(error, "%s: the kernel does not give the device out: %s%s", pci->address, strerror(error),
		error == ENODEV ? "; it was unbound from vfio-pci meanwhile: bind it again" : "");
}

void group_leave(struct kernel_device *device)
{
	struct group *group = device->group;

	if (--group->devices)
		return;
	LIST_REMOVE(group, next);
	if (group->fd >= 0) /* which takes it out of the container */
		close(group->fd);
	if (group->container)
		kernel_space_put(group->container);
	free(group);
}
