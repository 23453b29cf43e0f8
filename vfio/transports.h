/* SPDX-License-Identifier: BSD-2-Clause
 * How vfio_device_open reaches the transports. */
#pragma once

#include "device.h"

#define VFIO_USER_PREFIX "vfio-user:"

/** vfio_device_open for addresses that start with VFIO_USER_PREFIX. */
int vfio_user_open(struct vfio_device **device, const char *address, struct dma_space *space);

/**
 * vfio_device_open for PCI addresses, "dddd:bb:dd.f". The device is reached by its own node and iommufd where the
 * kernel has them and the user may open them, else by container and group; device->reached_by says which. Devices of
 * one DMA space share its I/O address space; an IOMMU group cannot be in two spaces. Thread-safe.
 */
int vfio_kernel_open(struct vfio_device **device, const char *address, struct dma_space *space);
