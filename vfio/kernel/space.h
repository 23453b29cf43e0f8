/* SPDX-License-Identifier: BSD-2-Clause
 * An I/O address space of the kernel's VFIO behind a DMA space: a container's, or an iommufd's. Here is what the two
 * have in common: the ranges that the IOMMU reaches, mapping packet memory, and the devices that are lost together. All
 * functions are called under kernel.c's lock, except the mapper's map and unmap. */
#pragma once

#include "../device.h"
#include "../host/pci.h"
#include "../space.h"

#include <sys/queue.h>

struct group;
struct kernel_space;

/** What is known of a region beside device.regions. In those, a part that may be mapped has `at` NULL until somebody
 * asks for the window. */
struct kernel_region {
	uint32_t flags;  /* VFIO_REGION_INFO_FLAG_... */
	uint64_t offset; /* in the descriptor */
};

struct kernel_device {
	struct vfio_device device; /* first: a handle is one of these */
	int fd;                    /* -1: none */
	bool can_reset;
	struct kernel_region regions[VFIO_PCI_NUM_REGIONS];
	uint32_t irq_flags[VFIO_PCI_NUM_IRQS]; /* VFIO_IRQ_INFO_... */
	int intx_eventfd;                      /* where INTx was directed to last */

	/* how it was reached */
	struct vfio_pci pci;
	struct kernel_space *kernel; /* its I/O address space; NULL: none yet */
	struct group *group;         /* NULL: it was not reached by its group */
	bool joined;                 /* it counts as a user of the kernel space, and is in the list of devices */
	LIST_ENTRY(kernel_device) next;
};

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
	int (*ask_ranges)(const struct kernel_space *kernel, const char *name, struct dma_reach *reach);
};

struct kernel_space {
	LIST_ENTRY(kernel_space) next;
	const struct kernel_space_ops *ops;
	struct dma_space *space;
	int fd;
	uint32_t ioas;  /* iommufd's number of the address space */
	unsigned users; /* devices */
	struct dma_mapper mapper;
	uint64_t mapped_bytes; /* under the DMA space's lock */
	bool broken;           /* atomic: memory could not be taken back */
};

/** All devices that have joined a kernel space and were not removed: changed under kernel.c's lock and another, so
 * either is enough to read it. */
extern LIST_HEAD(kernel_device_list, kernel_device) kernel_devices;

/** Finds the kernel space of this kind that the device's DMA space has, or makes one without users: device->kernel
 * then. -EIO: it is broken. */
int kernel_space_get(struct kernel_device *device, const struct kernel_space_ops *ops);

/**
 * Counts a device that the kernel has put into the address space, and that answers reads of its configuration space.
 * With the first device, it becomes the mapper of its DMA space. A later device that cannot reach the DMA space's
 * window of I/O addresses is refused with -ERANGE, and the caller takes it out again. From now on the device loses its
 * bus mastering, and is marked gone, if the address space breaks.
 */
int kernel_space_join(struct kernel_device *device);

/** Takes a device that has joined out of the list, before its descriptor is closed. */
void kernel_space_forget(struct kernel_device *device);

/** Counts a device less, if it was counted, and unmaps all memory with the last one. The caller then takes the device
 * out of the address space and calls kernel_space_put. */
void kernel_space_leave(struct kernel_device *device);

/** Closes it if it has no device. */
void kernel_space_put(struct kernel_space *kernel);

/** Takes ranges as the kernel tells them: struct vfio_iova_range, aligned to nothing. -EPROTO: there are none, or they
 * are out of order. */
int kernel_space_take_ranges(const void *from, uint32_t count, const char *name, struct dma_reach *reach);

/** Opens a node of /dev. -ENOENT: there is none, `missing` says what to do. -EACCES: the user may not open it; root
 * changes that with `mend`, or with chown where that is NULL; `note` follows it. */
int kernel_node_open(
	int *fd, const char *name, const char *path, const char *missing, const char *mend, const char *note);

/** Records why the IOMMU cannot be used for another device: the firmware may demand a 1:1 mapping (EPERM or EINVAL, by
 * the kernel and the call); beside other devices, it may be another kind of IOMMU. Else EPERM means that it does not
 * remap interrupts; the sentence says which parameter of `module` accepts that. @return -error */
int kernel_space_fail_iommu(
	const struct kernel_space *kernel, const char *name, int error, const char *what, const char *module);

/** The first half of that. @return -error with the sentence; 0: that is not the cause */
int kernel_space_fail_demanded(const char *name, int error);
