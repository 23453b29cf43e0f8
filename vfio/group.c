/* SPDX-License-Identifier: BSD-2-Clause
 * The kernel's VFIO, container and group: opens devices, and keeps what several of them share. The kernel lets a group be opened
 * only once, so the process needs to know which it has; and devices that share a DMA space share a container. */
#include "group.h"

#include "container.h"
#include "error.h"
#include "group_find.h"
#include "kernel_device.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct group {
	struct group *next;
	unsigned number;
	int fd;
	struct container *container; /* NULL: not in one */
	unsigned devices;            /* open, or being opened */
};

struct group_device {
	struct kernel_device kernel; /* first: a handle is one of these */
	struct group_place place;
	struct group *group; /* NULL: not in one */
	struct container_member member;
	struct group_device *next;
};

/* Taken before a space's lock and a container's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct group *groups;
static struct container *containers;
static struct group_device *devices;

/* ---- Groups ---- */

static int fail_open_group(const struct group_place *place, const char *path, int error)
{
	char other[PATH_MAX];

	switch (error) {
	case EACCES:
	case EPERM:
		return pollux_fail(error, "%s: %s may not be opened; as root: chown %u %s", place->address, path, geteuid(), path);
	case EBUSY:
		return pollux_fail(
		        error, "%s: %s is open in another process (fuser -v %s tells which); end that first", place->address, path, path);
	case ENOENT:
		snprintf(other, sizeof(other), "%s/vfio/noiommu-%u", group_dev_root(), place->group);
		if (access(other, F_OK) == 0)
			return pollux_fail(ENOTSUP,
			        "%s is in VFIO's mode without IOMMU, which has no protection; switch the IOMMU on in the firmware and boot "
			        "with "
			        "intel_iommu=on",
			        place->address);
		return pollux_fail(
		        error, "%s: there is no %s; is /dev of this container or namespace the machine's?", place->address, path);
	default:
		return pollux_fail(error, "%s: cannot open %s: %s", place->address, path, strerror(error));
	}
}

static int open_group(const struct group_place *place, int *fd)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	char path[PATH_MAX];
	int error = 0;

	snprintf(path, sizeof(path), "%s/vfio/%u", group_dev_root(), place->group);
	if ((*fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
		return fail_open_group(place, path, errno);
	if (ioctl(*fd, VFIO_GROUP_GET_STATUS, &status) < 0)
		error = pollux_fail(errno, "%s: the kernel does not tell of group %u: %s", place->address, place->group, strerror(errno));
	else if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		error = group_fail_not_viable(place);
	if (error)
		close(*fd);
	return error;
}

/* The space's container, or a new one, not yet in the list. */
static int find_container(struct container **result, const char *name, struct dma_space *space)
{
	for (struct container *c = containers; c; c = c->next)
		if (c->space == space) {
			*result = c;
			return 0;
		}
	return container_open(result, name);
}

static void forget_container(struct container *container)
{
	struct container **link;

	for (link = &containers; *link && *link != container; link = &(*link)->next)
		;
	if (*link)
		*link = container->next;
	container_close(container);
}

/* Opens a group and puts it into the space's container. */
static int make_group(struct group **result, const struct group_place *place, struct dma_space *space)
{
	struct group *group = calloc(1, sizeof(*group));
	struct container *container;
	int error;

	if (!group)
		return pollux_fail(ENOMEM, "%s: no memory for an IOMMU group", place->address);
	group->number = place->group;
	if ((error = open_group(place, &group->fd)) != 0)
		goto fail_open;
	if ((error = find_container(&container, place->address, space)) != 0)
		goto fail_container;
	if ((error = container_add_group(container, group->fd, place->address, space)) != 0)
		goto fail_add;
	if (container->groups == 1) {
		container->next = containers;
		containers = container;
	}
	group->container = container;
	group->next = groups;
	groups = group;
	*result = group;
	return 0;

fail_add:
	close(group->fd); /* takes it out of the container */
	if (container->groups == 0)
		container_close(container);
	free(group);
	return error;
fail_container:
	close(group->fd);
fail_open:
	free(group);
	return error;
}

static int join_group(struct group_device *device, struct dma_space *space)
{
	const struct group_place *place = &device->place;
	struct group *group;
	int error;

	for (struct group_device *other = devices; other; other = other->next)
		if (strcmp(other->place.address, place->address) == 0)
			return pollux_fail(EBUSY, "%s is open in this process already; close it first", place->address);
	for (group = groups; group && group->number != place->group; group = group->next)
		;
	if (group && group->container->space != space)
		return pollux_fail(EBUSY,
		        "%s: another device of its IOMMU group %u is open with another DMA space, and a group cannot be in two; open both "
		        "with "
		        "one space",
		        place->address, place->group);
	if (group && __atomic_load_n(&group->container->broken, __ATOMIC_RELAXED))
		return pollux_fail(EIO,
		        "%s: the kernel did not take memory back from this DMA space's devices; close them and open them again",
		        place->address);
	if (!group && (error = make_group(&group, place, space)) != 0)
		return error;
	group->devices++;
	device->group = group;
	return 0;
}

static void leave_group(struct group *group)
{
	struct container *container = group->container;
	struct group **link;

	if (--group->devices)
		return;
	for (link = &groups; *link != group; link = &(*link)->next)
		;
	*link = group->next;
	container_remove_group(container);
	close(group->fd);
	if (container->groups == 0)
		forget_container(container);
	free(group);
}

/* ---- Devices ---- */

/* Undoes as much as was done, under the lock. Keeps the calling thread's sentence: the failure that led here is the one to tell. */
static void release(struct group_device *device)
{
	struct group_device **link;

	for (link = &devices; *link && *link != device; link = &(*link)->next)
		;
	if (*link)
		*link = device->next;
	if (device->group)
		container_remove_member(device->group->container, &device->member);
	/* The device first: without it nothing does DMA to what is unmapped then. */
	kernel_device_release(&device->kernel);
	if (device->group)
		leave_group(device->group);
	free(device);
}

static void group_close(struct vfio_device *device)
{
	pthread_mutex_lock(&lock);
	release((struct group_device *)device);
	pthread_mutex_unlock(&lock);
}

static int open_device(struct group_device *device)
{
	const char *address = device->place.address;

	device->kernel.fd = ioctl(device->group->fd, VFIO_GROUP_GET_DEVICE_FD, address);
	if (device->kernel.fd < 0) {
		int error = errno;

		return pollux_fail(error, "%s: the kernel does not give the device out: %s%s", address, strerror(error),
		        error == EBUSY    ? "; another process has it: end that first"
		        : error == ENODEV ? "; it was unbound from vfio-pci meanwhile: bind it again"
		                          : "");
	}
	return kernel_device_ask(&device->kernel);
}

int vfio_group_open(struct vfio_device **result, const char *address, struct dma_space *space)
{
	static const struct vfio_device_ops ops = {
	        .read = kernel_device_read,
	        .write = kernel_device_write,
	        .window = kernel_device_window,
	        .set_irqs = kernel_device_set_irqs,
	        .reset = kernel_device_reset,
	        .close = group_close,
	};
	struct group_device *device = calloc(1, sizeof(*device));
	int error;

	*result = NULL;
	if (!device)
		return pollux_fail(ENOMEM, "%s: no memory for a device", address);
	device->kernel.fd = -1;
	device->kernel.device.ops = &ops;
	device->kernel.device.space = space;
	snprintf(device->kernel.device.address, sizeof(device->kernel.device.address), "%s", address);
	device->member.device = &device->kernel.device;

	pthread_mutex_lock(&lock);
	error = group_find(&device->place, address);
	device->kernel.device.numa_node = device->place.numa_node;
	if (!error)
		error = join_group(device, space);
	if (!error) {
		container_add_member(device->group->container, &device->member);
		error = open_device(device);
	}
	if (error) {
		release(device);
	} else {
		device->next = devices;
		devices = device;
	}
	pthread_mutex_unlock(&lock);
	if (!error)
		*result = &device->kernel.device;
	return error;
}
