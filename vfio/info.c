/* SPDX-License-Identifier: BSD-2-Clause
 * Reads answers of VFIO. What they say of sizes and offsets is checked before it is followed. */
#include "info.h"

#include <errno.h>
#include <string.h>

#define CONFIG_BYTES_MIN 256 /* conventional PCI; 4096 for PCI Express */
#define PAGE_BYTES       4096

int vfio_info_find(const void *answer, size_t bytes, size_t head_bytes, uint32_t first, uint16_t id, size_t cap_bytes)
{
	for (uint32_t at = first; at;) {
		struct vfio_info_cap_header cap;

		if (at < head_bytes || at > bytes || bytes - at < sizeof(cap))
			return -EPROTO;
		memcpy(&cap, (const uint8_t *)answer + at, sizeof(cap));
		if (cap.id == id)
			return bytes - at < cap_bytes ? -EPROTO : (int)at;
		if (cap.next && cap.next < at + sizeof(cap)) /* a chain that only goes forwards has no loop */
			return -EPROTO;
		at = cap.next;
	}
	return 0;
}

const char *vfio_info_region(struct vfio_device *device, unsigned index, const void *answer, size_t bytes,
	struct vfio_part parts[VFIO_WINDOW_PARTS], unsigned *count)
{
	struct vfio_region_info_cap_sparse_mmap sparse;
	struct vfio_region_info info;
	const uint8_t *list;
	int at;

	memcpy(&info, answer, sizeof(info));
	device->region_bytes[index] = info.size;
	if (info.size > INT64_MAX)
		return "has a region of impossible size";
	if (index == VFIO_PCI_CONFIG_REGION_INDEX && info.size < CONFIG_BYTES_MIN)
		return "has a configuration space of less than 256 bytes";
	at = vfio_info_find(answer, bytes, sizeof(info), info.flags & VFIO_REGION_INFO_FLAG_CAPS ? info.cap_offset : 0,
		VFIO_REGION_INFO_CAP_SPARSE_MMAP, sizeof(sparse));
	if (at < 0)
		return "has a region's capabilities outside its answer or in a loop";
	*count = at == 0 && info.size != 0;
	parts[0] = (struct vfio_part){.bytes = info.size};
	if (at == 0)
		return NULL;
	list = (const uint8_t *)answer + at + sizeof(sparse);
	memcpy(&sparse, list - sizeof(sparse), sizeof(sparse));
	/* A list of another version says nothing that we know. Nothing is mapped then: a register write stored to where
	 * the device does not look would be lost, while reads and writes by message or system call always arrive. */
	if (sparse.header.version != 1)
		return NULL;
	if (sparse.nr_areas > (bytes - (size_t)at - sizeof(sparse)) / sizeof(struct vfio_region_sparse_mmap_area))
		return "has more mappable areas than its answer holds";
	for (uint32_t i = 0; i < sparse.nr_areas; i++) {
		struct vfio_region_sparse_mmap_area area;

		memcpy(&area, list + i * sizeof(area), sizeof(area));
		if (area.offset > info.size || area.size > info.size - area.offset)
			return "has a mappable area outside its region";
		if (area.size && (area.offset | area.size) % PAGE_BYTES == 0 && *count < VFIO_WINDOW_PARTS)
			parts[(*count)++] = (struct vfio_part){.first = area.offset, .bytes = area.size};
	}
	return NULL;
}
