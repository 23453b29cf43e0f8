/* SPDX-License-Identifier: BSD-2-Clause
 * What a client lets the card reach: its DMA mappings by I/O address. Each backing file is mapped into our process
 * once, whole, however many mappings lie in it, because a guest's IOMMU hands out thousands of 4 KiB pieces of the same
 * file. */
#ifndef POLLUX_TESTS_MODEL_SERVER_MEMORY_MAP_H
#define POLLUX_TESTS_MODEL_SERVER_MEMORY_MAP_H

#include "../card/model.h"

#define MEMORY_MAP_MAX   65535 /* mappings; what VERSION announces */
#define MEMORY_MAP_FILES 128
#define MEMORY_MAP_BYTES (1ull << 43) /* of all files: who lends us sparse ones leaves room for the other port's */

struct memory_map;

/** @return NULL: no memory. */
struct memory_map *memory_map_open(void);
void memory_map_close(struct memory_map *map);

/**
 * Adds a mapping: bytes at offset of a file stand for I/O address iova. iova, bytes and offset are multiples of 4096.
 * fd -1: the address range is taken, but the card cannot reach it. The descriptor stays the caller's and may be closed.
 *
 * Only memory files are taken (memfd, tmpfs, hugetlbfs): a page of any other could take its file system as long as it
 * likes.
 * @return -EINVAL (odd address, size or offset; wraps around; behind the file's end; no memory file), -EEXIST (overlaps
 * another mapping), -ENOSPC (MEMORY_MAP_MAX mappings, MEMORY_MAP_FILES files or MEMORY_MAP_BYTES), or what mmap said.
 */
int memory_map_add(struct memory_map *map, uint64_t iova, uint64_t bytes, int fd, uint64_t offset, bool writable);

/** Removes all mappings that lie in a range of I/O addresses: QEMU, before which a guest's IOMMU lies, maps piece by
 * piece and takes a stretch back at once. -ENOENT, and nothing is removed: there is none, or the range would cut one.
 */
int memory_map_remove(struct memory_map *map, uint64_t iova, uint64_t bytes);

/** Removes all mappings and files. */
void memory_map_clear(struct memory_map *map);

/** Finds the stretch of our memory around an I/O address; mappings that continue each other in both spaces are one
 * stretch. */
bool memory_map_find(const struct memory_map *map, uint64_t iova, struct model_extent *extent);

/** True when the client took pages of a mapped file away: what we read there is not its memory any more. */
bool memory_map_lost(const struct memory_map *map);

unsigned memory_map_count(const struct memory_map *map);
unsigned memory_map_file_count(const struct memory_map *map);

#endif
