/* SPDX-License-Identifier: BSD-2-Clause
 * Reaches a device by its own node and iommufd, the newer interface of the kernel's VFIO (Linux 6.6). Called under
 * kernel.c's lock. */
#pragma once

#include "../host/pci.h"
#include "space.h"

#define IOMMUFD_WHY_BYTES 96

/**
 * Opens the device's node, /dev/vfio/devices/vfioN, binds it to the DMA space's iommufd, and attaches it to its I/O
 * address space. After a failure, iommufd_leave undoes what was done by then.
 * @param why_not  receives, where a node is missing or the user may not open it, which one; otherwise untouched
 * @return 0 or -errno; -ENOENT or -EACCES with why_not written: the group may serve instead
 */
int iommufd_join(struct kernel_device *device, const struct vfio_pci *pci, struct dma_space *space,
	char why_not[IOMMUFD_WHY_BYTES]);

/** Lets go of the address space, after the device's descriptor was closed. */
void iommufd_leave(struct kernel_device *device);
