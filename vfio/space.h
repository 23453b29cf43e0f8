/* SPDX-License-Identifier: BSD-2-Clause
 * The DMA space: where devices and memory meet. Memory in a space is mapped for every device in it, whichever came
 * first, at the same I/O address. So what one port received, another can send as it is.
 *
 * When a space is opened, it reserves one window of virtual addresses. At the first attach it chooses one window of I/O
 * addresses, of the same size or smaller, inside the ranges that the first device's IOMMU reports. As long as there is
 * no memory in the space, a later device can move the window to where all reach it. All memory of the space lies in
 * both windows, therefore I/O address = pointer + one constant. */
#ifndef POLLUX_VFIO_SPACE_H
#define POLLUX_VFIO_SPACE_H

#include "api.h"

#include <stdbool.h>
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

/** Takes another reference to the space. Thread-safe. @return space */
struct dma_space *dma_space_ref(struct dma_space *space) POLLUX_API(dma_space_ref);

/** Drops a reference to the space; the last one frees it. Each device and each piece of memory in the space holds one,
 * so it is empty then. Thread-safe. NULL is ignored. */
void dma_space_unref(struct dma_space *space) POLLUX_API(dma_space_unref);

/* ---- For transports: one IOMMU address space that must know the memory of a DMA space ---- */

/** Usable I/O addresses, both ends included. */
struct dma_range {
	uint64_t first, last;
};

#define DMA_RANGES_MAX 64

/** The I/O addresses that devices can use. */
struct dma_reach {
	/** Ascending, not overlapping. Of more, the first ones are enough. range_count 0: all of 64 bits. */
	struct dma_range ranges[DMA_RANGES_MAX];
	unsigned range_count;
	/** Set for conventional PCI and PCI-X. Such cards, and bridges before them, are known to fail with addresses
	 * of more than 32 bits. */
	bool below_4gib;
};

/**
 * One I/O address space behind a DMA space: a VFIO container, an iommufd address space, a vfio-user connection. The
 * transport fills it in and keeps it until dma_space_detach. Its functions are called with the space's lock held, never
 * concurrently.
 */
struct dma_mapper {
	/** Lets the device read and write the first bytes of fd's file, which the process has mapped at address.
	 * -errno. */
	int (*map)(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd);
	/** Removes a mapping that map has made, as a whole. Succeeds, or marks the device gone. */
	void (*unmap)(struct dma_mapper *mapper, uint64_t iova, size_t bytes);
	/** What its devices have in common. */
	struct dma_reach reach;
	/** For the space only. */
	struct dma_mapper *next;
};

/**
 * Attaches an I/O address space, and maps all memory of the DMA space for it, now and later. Takes a reference to the
 * space. The first attach chooses the window of I/O addresses: below 2^38, from 4 GiB upwards where the ranges allow
 * it, or as much as there is below 4 GiB for mapper->reach.below_4gib. Errors: -ENOSPC (no range is large enough for
 * what is already mapped), -ERANGE (the window chosen for earlier devices is outside this one's ranges, and it cannot
 * be moved; the sentence has the remedy), or what map returned. On failure nothing stays mapped. Thread-safe.
 */
int dma_space_attach(struct dma_space *space, struct dma_mapper *mapper) POLLUX_API(dma_space_attach);

/** Another device joins an attached I/O address space, which now reaches this only. Errors as above, and then the
 * mapper's reach is what it was. Thread-safe. */
int dma_space_restrict(struct dma_space *space, struct dma_mapper *mapper, const struct dma_reach *reach)
	POLLUX_API(dma_space_restrict);

/** Detaches an I/O address space: unmaps everything from it and drops its reference. Its devices must not be able to do
 * DMA any more. Thread-safe. */
void dma_space_detach(struct dma_space *space, struct dma_mapper *mapper) POLLUX_API(dma_space_detach);

/* ---- For memory ---- */

/**
 * Brings a populated file into the space: chooses virtual addresses for it inside the window, maps it there (shared,
 * populated, not inherited over fork), and maps it for every attached device.
 *
 * The memory begins at a multiple of bytes rounded up to a power of two, and what follows it up to that power of two
 * stays unused. So `(pointer - base) < that power of two` says whether a pointer is into this memory.
 *
 * @param fd          the file's descriptor, which stays the caller's; the space keeps a duplicate for later devices
 * @param bytes       a multiple of page_bytes, > 0
 * @param page_bytes  4096, 2 MiB or 1 GiB: the size of the file's pages
 * @param address     receives the base
 * Takes a reference to the space. Errors: -ENOSPC (the window is full), -ENOMEM, or what a device's map returned.
 * Thread-safe.
 */
int dma_space_map(struct dma_space *space, int fd, size_t bytes, size_t page_bytes, void **address)
	POLLUX_API(dma_space_map);

/** Takes memory out of the space: unmaps it from every device, then from the process, and drops its reference. address
 * is the base that dma_space_map gave. No device may still do DMA to the memory. Thread-safe. */
void dma_space_unmap(struct dma_space *space, void *address) POLLUX_API(dma_space_unmap);

/** The constant in I/O address = (uint64_t)pointer + dma_space_offset(space), 0 before the first attach. It does not
 * change while a device and memory are in the space. */
uint64_t dma_space_offset(const struct dma_space *space) POLLUX_API(dma_space_offset);

#ifdef __cplusplus
}
#endif
#endif
