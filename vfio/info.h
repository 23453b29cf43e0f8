/* SPDX-License-Identifier: BSD-2-Clause
 * Answers of VFIO that consist of a fixed part and a chain of capabilities. The kernel's and a vfio-user server's are
 * laid out alike. */
#ifndef POLLUX_VFIO_INFO_H
#define POLLUX_VFIO_INFO_H

#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>

/** Room for all capabilities of an answer of the kernel: enough for hundreds of ranges or areas. */
#define VFIO_CAPS_MAX 16384

/**
 * Finds a capability, of whatever version, in an answer.
 * @param first  offset of the chain's first capability, as the answer says; 0: none
 * @return the capability's offset, from which on at least cap_bytes are inside the answer, aligned to nothing. 0: the
 * answer has no such capability. -EPROTO, without a sentence: the chain leaves the answer or turns back.
 */
int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes);

/** Which areas of a region may be mapped as memory. */
struct vfio_areas {
	uint32_t count;        /* 0: none, or which ones is not known */
	const uint8_t *list;   /* in the answer, aligned to nothing; NULL: the only area is the whole region */
	uint64_t region_bytes; /* the whole region's size */
};

/**
 * Reads the list of mappable areas (VFIO_REGION_INFO_CAP_SPARSE_MMAP) in the answer about a region: a struct
 * vfio_region_info with its capabilities. Whether the region may be mapped at all is up to the caller to see.
 * @param bytes  how much of the answer there is, at least a struct vfio_region_info
 * @param areas  valid as long as the answer
 * @return NULL, or what is wrong with the answer, which completes "the kernel's VFIO ..." or "the device process ..."
 */
const char *vfio_info_areas(const void *answer, size_t bytes, struct vfio_areas *areas);

/** Area i, below areas->count. It lies inside the region. */
struct vfio_region_sparse_mmap_area vfio_info_area(const struct vfio_areas *areas, uint32_t i);

#endif
