/* SPDX-License-Identifier: BSD-2-Clause
 * An I/O address space of the kernel's VFIO behind a DMA space: a container's, or an iommufd's. Here is what the two
 * have in common: the ranges that the IOMMU reaches, mapping packet memory, and the devices that are lost together. All
 * functions are called under kernel.c's lock, except the mapper's map and unmap. */
#ifndef POLLUX_VFIO_KERNEL_SPACE_H
#define POLLUX_VFIO_KERNEL_SPACE_H

#include "../space.h"
#include "device.h"

#include <pthread.h>

struct kernel_space;

/** What container and iommufd do differently. name is that of a device, for sentences. */
struct kernel_space_ops {
	/** What counts towards the limit of locked memory, for sentences. */
	const char *locked_by;
	/** Opens the descriptor. -errno with a sentence. */
	int (*make)(struct kernel_space *kernel, const char *name);
	/** 0; or -1 and errno, as ioctl. */
	int (*map)(const struct kernel_space *kernel, uint64_t iova, void *address, size_t bytes);
	/** @return how many bytes were unmapped; 0: it failed */
	uint64_t (*unmap)(const struct kernel_space *kernel, uint64_t iova, size_t bytes);
	/** Asks which I/O addresses all its devices can use, and hands them to kernel_space_take_ranges. -errno with a
	 * sentence. */
	int (*ask_ranges)(
		const struct kernel_space *kernel, const char *name, struct dma_range **ranges, unsigned *count);
};

struct kernel_space {
	struct kernel_space *next;
	const struct kernel_space_ops *ops;
	struct dma_space *space;
	int fd;
	uint32_t ioas;  /* iommufd's number of the address space */
	unsigned users; /* devices */
	struct dma_mapper mapper;
	struct dma_range *ranges; /* the mapper's */
	uint64_t mapped_bytes;    /* under the DMA space's lock */
	bool broken;              /* atomic: memory could not be taken back */

	pthread_mutex_t lock; /* taken last */
	struct kernel_device *devices;
};

/** Finds the DMA space's kernel space of this kind, or makes one without users. -EIO: it is broken. */
int kernel_space_get(
	struct kernel_space **result, const struct kernel_space_ops *ops, struct dma_space *space, const char *name);

/**
 * Counts a device that the kernel has put into the address space, and that answers reads of its configuration space.
 * With the first device, it becomes the mapper of its DMA space. A later device that cannot reach the DMA space's
 * window of I/O addresses is refused with -ERANGE, and the caller takes it out again.
 */
int kernel_space_join(struct kernel_device *device);

/** Counts a device less, if it was counted, and unmaps all memory with the last one. The caller then takes the device
 * out of the address space and calls kernel_space_put. */
void kernel_space_leave(struct kernel_device *device);

/** Closes it if it has no device. */
void kernel_space_put(struct kernel_space *kernel);

/** Adds and removes a device that loses its bus mastering and is marked gone if the address space breaks. A device that
 * is added after that is marked gone at once; its bus mastering was not switched on yet. */
void kernel_space_add_device(struct kernel_space *kernel, struct kernel_device *device);
void kernel_space_remove_device(struct kernel_space *kernel, struct kernel_device *device);

/** Copies ranges as the kernel tells them: struct vfio_iova_range, aligned to nothing. The caller frees *ranges.
 * -EPROTO: they are out of order. */
int kernel_space_take_ranges(
	const void *from, uint32_t count, const char *name, struct dma_range **ranges, unsigned *range_count);

/** Records why the IOMMU cannot be used: the firmware may demand a 1:1 mapping (EPERM or EINVAL, by the kernel and the
 * call). Else EPERM means that it does not remap interrupts; the sentence says which parameter of `module` accepts
 * that. @return -error */
int kernel_space_fail_iommu(const char *name, int error, const char *what, const char *module);

/** The first half of that. @return -error with the sentence; 0: that is not the cause */
int kernel_space_fail_demanded(const char *name, int error);

#endif
