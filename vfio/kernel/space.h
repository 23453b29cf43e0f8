/* SPDX-License-Identifier: BSD-2-Clause
 * An I/O address space of the kernel's VFIO, which lies behind a DMA space: a container's, or an iommufd's. What the
 * two have in common: the ranges that it reaches, mapping packet memory, and the devices that are lost with it. Its
 * functions but map and unmap are called under kernel.c's lock. */
#ifndef POLLUX_VFIO_KERNEL_SPACE_H
#define POLLUX_VFIO_KERNEL_SPACE_H

#include "../space.h"
#include "device.h"

#include <pthread.h>

struct kernel_space;

/** What container and iommufd do differently. name is a device's, for sentences. */
struct kernel_space_ops {
	/** Opens the descriptor. -errno with a sentence. */
	int (*make)(struct kernel_space *kernel, const char *name);
	/** As ioctl: -1 and errno. */
	int (*map)(const struct kernel_space *kernel, uint64_t iova, void *address, size_t bytes);
	/** @return bytes unmapped, 0: it failed */
	uint64_t (*unmap)(const struct kernel_space *kernel, uint64_t iova, size_t bytes);
	/** The I/O addresses that all devices in it can use: kernel_space_take_ranges. -errno with a sentence. */
	int (*ask_ranges)(
		const struct kernel_space *kernel, const char *name, struct dma_range **ranges, unsigned *count);
};

struct kernel_space {
	struct kernel_space *next;
	const struct kernel_space_ops *ops;
	struct dma_space *space;
	int fd;
	uint32_t ioas;  /* iommufd: the address space's number */
	unsigned users; /* groups or devices in it */
	struct dma_mapper mapper;
	struct dma_range *ranges; /* the mapper's */
	uint64_t mapped_bytes;    /* under the DMA space's lock */
	bool broken;              /* atomic: memory could not be taken back */

	pthread_mutex_t lock; /* taken last */
	struct kernel_device *devices;
};

/** The DMA space's kernel space of this kind, or a new one without users. -EIO: it is broken. */
int kernel_space_get(
	struct kernel_space **result, const struct kernel_space_ops *ops, struct dma_space *space, const char *name);

/**
 * To be called when the kernel has put a user's IOMMU behind it. The first makes it the mapper of its DMA space; later
 * ones are refused where they cannot reach the DMA space's window of I/O addresses: -ERANGE, and the caller takes the
 * user out again.
 */
int kernel_space_join(struct kernel_space *kernel, const char *name);

/** One user less; the last one's leaving unmaps all. The caller takes the user out of it after that, and then calls
 * kernel_space_put. */
void kernel_space_leave(struct kernel_space *kernel);

/** Closes it if nothing is in it. */
void kernel_space_put(struct kernel_space *kernel);

/** Devices that are to lose their bus mastering and be marked gone if it breaks. One that comes after that is gone at
 * once: its bus mastering was not switched on yet. */
void kernel_space_add_device(struct kernel_space *kernel, struct kernel_device *device);
void kernel_space_remove_device(struct kernel_space *kernel, struct kernel_device *device);

/** Copies ranges that the kernel told: struct vfio_iova_range, aligned to nothing. The caller frees *ranges. -EPROTO:
 * they are out of order. */
int kernel_space_take_ranges(
	const void *from, uint32_t count, const char *name, struct dma_range **ranges, unsigned *range_count);

/** Says why the IOMMU cannot be used; for EPERM, that it does not remap interrupts, and which module's parameter
 * accepts that. */
int kernel_space_fail_unsafe(const char *name, int error, const char *what, const char *module);

#endif
