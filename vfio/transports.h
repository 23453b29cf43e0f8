/* SPDX-License-Identifier: BSD-2-Clause
 * How vfio_device_open reaches the transports, and how these read answers of VFIO that consist of a fixed part and a
 * chain of capabilities. The kernel's and a vfio-user server's are laid out alike. */
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

/** Room for all capabilities of an answer of the kernel: enough for hundreds of ranges or areas. */
#define VFIO_CAPS_MAX 16384

/**
 * Finds a capability, of whatever version, in an answer.
 * @param first  offset of the chain's first capability, as the answer says; 0: none
 * @return the capability's offset, from which on at least cap_bytes are inside the answer, aligned to nothing. 0: the
 * answer has no such capability. -EPROTO, without a sentence: the chain leaves the answer or turns back.
 */
int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes);

/**
 * Reads a region's size, for device->region_bytes, and which parts of it may be mapped as memory: all of it, unless
 * there is a list (VFIO_REGION_INFO_CAP_SPARSE_MMAP). Whether the region may be mapped at all is up to the caller to
 * see.
 * @param answer  the answer about a region: a struct vfio_region_info with its capabilities
 * @param bytes   how much of the answer there is, at least a struct vfio_region_info
 * @param parts   receives those that are in whole pages; of more than there is room for, the first ones
 * @param count   receives how many these are
 * @return NULL, or what is wrong with the answer, which completes "the kernel's VFIO ..." or "the device process ..."
 */
const char *vfio_info_region(struct vfio_device *device, unsigned index, const void *answer, size_t bytes,
	struct vfio_part parts[VFIO_WINDOW_PARTS], unsigned *count);
