/* SPDX-License-Identifier: BSD-2-Clause
 * How vfio_device_open reaches the kernel's VFIO, through container and group. */
#ifndef POLLUX_VFIO_GROUP_H
#define POLLUX_VFIO_GROUP_H

#include "device.h"

/**
 * vfio_device_open for PCI addresses, "dddd:bb:dd.f". Thread-safe. Devices of one space share a container, devices of one IOMMU group
 * share its descriptor; a group cannot be in two spaces.
 */
int vfio_group_open(struct vfio_device **device, const char *address, struct dma_space *space);

#endif
