/* SPDX-License-Identifier: BSD-2-Clause
 * A device behind a descriptor of the kernel's VFIO: regions, interrupts, reset. They are the same whether the device
 * was reached by its own node or by its group's. */
#pragma once

#include "../device.h"
#include "../host/pci.h"

#include <sys/queue.h>

struct kernel_space;
struct group;

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

	/* The rest belongs to kernel.c and to how the device was reached. */
	struct vfio_pci pci;
	struct kernel_space *kernel; /* its I/O address space; NULL: none yet */
	struct group *group;         /* NULL: it was not reached by its group */
	bool joined;                 /* it counts as a user of the kernel space, and is in the list of devices */
	LIST_ENTRY(kernel_device) next;
};

/** Fills in all that the kernel tells of the device behind kernel->fd. -errno; whatever it returns,
 * kernel_device_release comes last. */
int kernel_device_ask(struct kernel_device *kernel);

/** Has the kernel tell through device.event_fd when it wants the device back, because somebody unplugs or unbinds it,
 * and of errors that the device cannot mend. Either way it is gone for us. To be called after kernel_device_ask;
 * kernel_device_release ends it. -errno. */
int kernel_device_watch(struct kernel_device *kernel);

/** Unmaps the windows and closes the descriptor: the kernel stops and resets the device with that. Does not free
 * kernel. */
void kernel_device_release(struct kernel_device *kernel);

/* What struct vfio_device_ops asks for. */
int kernel_device_access(
	struct vfio_device *device, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes);
int kernel_device_window(struct vfio_device *device, unsigned region, struct vfio_window *window);
int kernel_device_set_irqs(struct vfio_device *device, unsigned index, unsigned count, const int *eventfds);
int kernel_device_reset(struct vfio_device *device);
void kernel_device_check(struct vfio_device *device);
