/* SPDX-License-Identifier: BSD-2-Clause
 * The DMA space: where devices and memory meet. Memory in a space is mapped for every device in it, whichever came
 * first, at the same I/O address, so that what one port received another can send as it is.
 *
 * A space reserves one window of virtual addresses when it is opened, and one window of I/O addresses of the same size
 * at the first attach, inside the ranges that the first device's IOMMU reports. All memory of the space lies in that
 * window, therefore I/O address = pointer + one constant. */
#ifndef POLLUX_VFIO_SPACE_H
#define POLLUX_VFIO_SPACE_H

#include "api.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_space;

/**
 * Opens an empty DMA space with one reference, the caller's.
 * Errors: -ENOMEM (no address space for the window; the sentence says how much and which limit).
 */
int dma_space_open(struct dma_space **space) POLLUX_API(dma_space_open);

/** Takes another reference. Thread-safe. @return space */
struct dma_space *dma_space_ref(struct dma_space *space) POLLUX_API(dma_space_ref);

/** Drops a reference; the last one frees the space. Devices and memory each hold one, so none is in it then.
 * Thread-safe. NULL is ignored. */
void dma_space_unref(struct dma_space *space) POLLUX_API(dma_space_unref);

/* ---- For transports: one IOMMU address space that must know the memory of a DMA space ---- */

/** Usable I/O addresses, both ends included. */
struct dma_range {
	uint64_t first, last;
};

/**
 * One I/O address space behind a DMA space: a VFIO container, an iommufd address space, a vfio-user connection. The
 * transport fills it in and keeps it until dma_space_detach. Its functions are called with the space's lock held, never
 * concurrently.
 */
struct dma_mapper {
	/** Maps bytes of file descriptor fd from offset 0 (also visible at address) for reading and writing by the
	 * device. -errno. */
	int (*map)(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd);
	/** Removes a mapping made by map, whole. Must succeed or mark the device gone. */
	void (*unmap)(struct dma_mapper *mapper, uint64_t iova, size_t bytes);
	/** Ascending, not overlapping; range_count 0 means all 64-bit addresses. */
	const struct dma_range *ranges;
	unsigned range_count;
	/** Belongs to the space. */
	struct dma_mapper *next;
};

/**
 * Attaches an I/O address space: maps all memory that the space already has, and all that comes later. Takes a
 * reference to the space. The first attach fixes the window of I/O addresses: below 2^38, from 4 GiB upwards where the
 * ranges allow it. Errors: -ENOSPC (no range is large enough for what is already mapped), -ERANGE (the window chosen
 * for an earlier device is outside this one's ranges; remedy in the sentence), or what map returned. On failure nothing
 * stays mapped. Thread-safe.
 */
int dma_space_attach(struct dma_space *space, struct dma_mapper *mapper) POLLUX_API(dma_space_attach);

/** Unmaps everything from mapper and drops its reference. The device must not be able to DMA any more. Thread-safe. */
void dma_space_detach(struct dma_space *space, struct dma_mapper *mapper) POLLUX_API(dma_space_detach);

/* ---- For memory ---- */

/**
 * Brings a populated file descriptor into the space: chooses virtual addresses for it inside the window, mmaps it there
 * (shared, populated, not inherited over fork) and maps it for every attached device.
 *
 * The place is aligned to bytes rounded up to a power of two, and the rest up to that power of two stays unused, so
 * that
 * `(pointer - base) < that power of two` says whether a pointer belongs to this memory.
 *
 * @param fd          stays the caller's; the space keeps a duplicate for devices that come later
 * @param bytes       a multiple of page_bytes, > 0
 * @param page_bytes  4096, 2 MiB or 1 GiB: the page size behind fd
 * @param address     receives the base
 * Takes a reference to the space. Errors: -ENOSPC (window full), -ENOMEM, or what a device's map returned. Thread-safe.
 */
int dma_space_map(struct dma_space *space, int fd, size_t bytes, size_t page_bytes, void **address)
	POLLUX_API(dma_space_map);

/** Takes memory out of the space again: from every device first, then from the process. address is what dma_space_map
 * gave. Drops its reference. No device may still DMA to it. Thread-safe. */
void dma_space_unmap(struct dma_space *space, void *address) POLLUX_API(dma_space_unmap);

/** The constant: I/O address = (uint64_t)pointer + dma_space_offset(space). Fixed by the first attach; before it, 0. */
uint64_t dma_space_offset(const struct dma_space *space) POLLUX_API(dma_space_offset);

#ifdef __cplusplus
}
#endif
#endif
