/* SPDX-License-Identifier: BSD-2-Clause
 * DMA memory: hugepages on a NUMA node, in a DMA space. Rings and packet pools live in it. */
#ifndef POLLUX_MEMPOOL_MEMORY_H
#define POLLUX_MEMPOOL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma_space;

/** A piece of DMA memory. Zeroed, populated, sealed against shrinking, not inherited over fork. Owned by who allocated
 * it. */
struct dma_memory {
	uint8_t *base;
	size_t bytes;      /* a multiple of page_bytes, at least what was asked for */
	size_t page_bytes; /* 1 GiB, 2 MiB or 4096 */
	struct dma_space *space;
};

/**
 * Allocates DMA memory of the largest pages that can be had without wasting more than they hold: 1 GiB, 2 MiB, ordinary
 * ones. All of it is populated before this returns, so a shortage is an error here and never a SIGBUS later; unless a
 * vfio-user peer, which gets the file too, punches pages out of it: as far as that it must be trusted. A memory
 * cgroup's limit is an error too: it is looked at first, for beyond it the kernel would not refuse the pages, but kill.
 * @param numa_node  the device's node; -1: any. Preferred, not enforced: another node's memory is slow, none is worse.
 * Errors: -ENOMEM (the sentence gives the bytes and the command that provides hugepages), -EINVAL, and those of
 * dma_space_map. Thread-safe. memory->base is NULL after a failure.
 */
int dma_memory_alloc(struct dma_memory *memory, struct dma_space *space, size_t bytes, int numa_node);

/** Whether this machine has such a node, and this process may ask for its memory. -1 is none. */
bool dma_memory_node_exists(int numa_node);

/** As dma_memory_alloc, with pages no larger than max_page_bytes (1 GiB, 2 MiB or 4096). */
int dma_memory_alloc_pages(
	struct dma_memory *memory, struct dma_space *space, size_t bytes, int numa_node, size_t max_page_bytes);

/** Frees it; memory with base NULL is ignored. No device may still use it. Thread-safe. */
void dma_memory_free(struct dma_memory *memory);

#endif
