/* SPDX-License-Identifier: BSD-2-Clause
 * Opens devices through the kernel's VFIO. */
#pragma once

#include "../device.h"

/**
 * vfio_device_open for PCI addresses, "dddd:bb:dd.f". The device is reached by its own node and iommufd where the
 * kernel has them and the user may open them, else by container and group; device->reached_by says which. Devices of
 * one DMA space share its I/O address space; an IOMMU group cannot be in two spaces. Thread-safe.
 */
int vfio_kernel_open(struct vfio_device **device, const char *address, struct dma_space *space);
