/* SPDX-License-Identifier: BSD-2-Clause
 * The kernel's VFIO, character device and iommufd (Linux 6.6): the newer way to a device. Called under kernel.c's lock.
 */
#ifndef POLLUX_VFIO_KERNEL_IOMMUFD_H
#define POLLUX_VFIO_KERNEL_IOMMUFD_H

#include "../host/pci.h"
#include "space.h"

#define IOMMUFD_WHY_BYTES 96

/**
 * Opens the device's node, /dev/vfio/devices/vfioN, binds it to the DMA space's iommufd, and attaches it to its I/O
 * address space. What was done by then when it fails, iommufd_leave undoes.
 * @param why_not  receives why this way cannot be taken here, when it is not there or the user may not; untouched
 * otherwise
 * @return 0, -errno; -ENOENT or -EACCES with why_not written: the group may serve
 */
int iommufd_join(struct kernel_device *device, const struct vfio_pci *pci, struct dma_space *space,
	char why_not[IOMMUFD_WHY_BYTES]);

/** Lets go of the address space, after the device's descriptor was closed. */
void iommufd_leave(struct kernel_device *device);

#endif
