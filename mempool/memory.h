/* SPDX-License-Identifier: BSD-2-Clause
 * DMA memory: hugepages on a NUMA node, in a DMA space. Rings and packet pools live in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma_space;

/** A piece of DMA memory: zeroed, populated, and not inherited over fork; its file cannot shrink. It belongs to who
 * allocated it. */
struct dma_memory {
	uint8_t *base;
	size_t bytes;      /* a multiple of page_bytes, at least what was asked for */
	size_t page_bytes; /* 1 GiB, 2 MiB or 4096 */
	struct dma_space *space;
};

/**
 * Allocates DMA memory in the largest pages that are to be had and would not mostly be wasted: 1 GiB, 2 MiB, or
 * ordinary ones. All pages are taken before this returns, so a shortage is an error here, and never a SIGBUS later. (A
 * vfio-user peer, which gets the file too, could take pages out of it again: so far it must be trusted.) The limits of
 * memory cgroups are looked at first, because beyond them the kernel would not refuse ordinary pages, but kill the
 * process.
 * @param numa_node  the device's node; -1: any. Preferred, not enforced: memory of another node is slower, but serves.
 * Errors: -ENOMEM (the sentence gives the bytes and the command that provides hugepages), -EINVAL, and those of
 * dma_space_map. Thread-safe. memory->base is NULL after a failure.
 */
int dma_memory_alloc(struct dma_memory *memory, struct dma_space *space, size_t bytes, int numa_node);

/** Whether this machine has this NUMA node, and this process may use its memory. False for -1. */
bool dma_memory_node_exists(int numa_node);

/** Frees it; memory with base NULL is ignored. No device may still use it. Thread-safe. */
void dma_memory_free(struct dma_memory *memory);
