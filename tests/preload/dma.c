/* SPDX-License-Identifier: BSD-2-Clause
 * An address space for DMA, which a container or an iommufd has: what is mapped where, for all devices in it. */
#include "preload.h"

#include <errno.h>
#include <stdlib.h>

const struct vfio_iova_range preload_ranges[PRELOAD_RANGES] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 48) - 1}};

void preload_container_clear(struct container *container)
{
	for (unsigned i = 0; i < container->mapping_count; i++)
		preload_mapping_free(&container->mappings[i]);
	free(container->mappings);
	container->mappings = NULL;
	container->mapping_count = 0;
	container->type = 0;
}

static bool is_in(const struct device *device, const struct container *container)
{
	return device->fd >= 0 && preload_container_of_device(device) == container;
}

static void unmap_everywhere(const struct container *container, const struct piece *piece, const struct device *until)
{
	for (unsigned i = 0; i < preload_device_count && &preload_devices[i] != until; i++)
		if (is_in(&preload_devices[i], container))
			preload_device_unmap(&preload_devices[i], piece);
}

static int map_everywhere(struct container *container, const struct piece *piece)
{
	for (unsigned i = 0; i < preload_device_count; i++) {
		struct device *device = &preload_devices[i];
		if (!is_in(device, container))
			continue;
		int error = preload_device_map(device, piece);
		if (error) {
			unmap_everywhere(container, piece, device);
			return error;
		}
	}
	return 0;
}

static bool in_reach(uint64_t iova, uint64_t bytes)
{
	for (unsigned i = 0; i < PRELOAD_RANGES; i++)
		if (iova >= preload_ranges[i].start && iova <= preload_ranges[i].end &&
			bytes - 1 <= preload_ranges[i].end - iova)
			return true;
	return false;
}

int preload_dma_map(struct container *container, uint64_t address, uint64_t iova, uint64_t bytes, uint32_t flags)
{
	struct mapping mapping;
	if (!bytes || (address | iova | bytes) % PRELOAD_PAGE || !in_reach(iova, bytes) || address + bytes < address)
		return -EINVAL;
	for (unsigned i = 0; i < container->mapping_count; i++) {
		const struct mapping *other = &container->mappings[i];
		if (iova < other->iova + other->bytes && other->iova < iova + bytes)
			return -EEXIST;
	}
	int error = preload_memory_find(address, bytes, iova, flags, &mapping);
	if (error)
		return error;
	struct mapping *more = realloc(container->mappings, (container->mapping_count + 1) * sizeof(*more));
	if (!more) {
		preload_mapping_free(&mapping);
		return -ENOMEM;
	}
	container->mappings = more;
	for (unsigned i = 0; i < mapping.piece_count; i++) {
		error = map_everywhere(container, &mapping.pieces[i]);
		if (!error)
			continue;
		while (i--)
			unmap_everywhere(container, &mapping.pieces[i], NULL);
		preload_mapping_free(&mapping);
		return error;
	}
	container->mappings[container->mapping_count++] = mapping;
	return 0;
}

bool preload_dma_cuts(const struct container *container, uint64_t first, uint64_t end)
{
	for (unsigned i = 0; i < container->mapping_count; i++) {
		const struct mapping *m = &container->mappings[i];
		if ((m->iova < first && m->iova + m->bytes > first) || (m->iova < end && m->iova + m->bytes > end))
			return true;
	}
	return false;
}

uint64_t preload_dma_unmap(struct container *container, uint64_t first, uint64_t end)
{
	uint64_t done = 0;
	for (unsigned i = 0; i < container->mapping_count;) {
		struct mapping *m = &container->mappings[i];
		if (m->iova < first || m->iova >= end) {
			i++;
			continue;
		}
		for (unsigned p = 0; p < m->piece_count; p++)
			unmap_everywhere(container, &m->pieces[p], NULL);
		done += m->bytes;
		preload_mapping_free(m);
		*m = container->mappings[--container->mapping_count];
	}
	return done;
}

int preload_dma_enter(const struct container *container, struct device *device)
{
	int error = 0;
	for (unsigned m = 0; !error && m < container->mapping_count; m++)
		for (unsigned p = 0; !error && p < container->mappings[m].piece_count; p++)
			error = preload_device_map(device, &container->mappings[m].pieces[p]);
	/* Pieces that are not mapped yet are unmapped too: the device refuses, which does not matter. */
	for (unsigned m = 0; error && m < container->mapping_count; m++)
		for (unsigned p = 0; p < container->mappings[m].piece_count; p++)
			preload_device_unmap(device, &container->mappings[m].pieces[p]);
	return error;
}
