/* SPDX-License-Identifier: BSD-2-Clause
 * A container of the kernel's VFIO: one I/O address space, which is what lies behind a DMA space whose devices are the kernel's. */
#ifndef POLLUX_VFIO_CONTAINER_H
#define POLLUX_VFIO_CONTAINER_H

#include "device.h"
#include "space.h"

#include <pthread.h>

struct container {
	struct container *next; /* group.c's list */
	struct dma_space *space;
	int fd;
	unsigned groups; /* in it */
	bool attached;   /* to the space */
	struct dma_mapper mapper;
	struct dma_range *ranges; /* the mapper's */
	uint64_t mapped_bytes;    /* under the space's lock */
	bool broken;              /* atomic: memory could not be taken back */

	pthread_mutex_t lock; /* taken last */
	struct container_member *members;
};

/** A device in a container, so that it is marked gone with it. */
struct container_member {
	struct container_member *next;
	struct vfio_device *device;
};

/** Opens an empty container. name is the device's, for sentences. */
int container_open(struct container **result, const char *name);

/**
 * Makes a group part of the container and the container the mapper of space; the second time and later, lets the group join, which
 * is refused where its IOMMU cannot reach the space's window of I/O addresses. On failure the caller closes the group's descriptor,
 * which takes it out again.
 */
int container_add_group(struct container *container, int group_fd, const char *name, struct dma_space *space);

/** One group less. The last one: unmaps all; must come before that group's descriptor is closed, for the mappings vanish with it. */
void container_remove_group(struct container *container);

/** Closes a container without groups. */
void container_close(struct container *container);

void container_add_member(struct container *container, struct container_member *member);
void container_remove_member(struct container *container, struct container_member *member);

#endif
