/* SPDX-License-Identifier: BSD-2-Clause
 * A client's DMA mappings: a table sorted by I/O address, and the files behind it. */
#include "memory_map.h"

#include "guarded.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PAGE_BYTES  4096u
#define STRETCH_MAX 1024 /* neighbours looked at in each direction: bounds a look-up */

/** A file that is mapped, whole. Gone with its last mapping. */
struct file {
	struct guarded memory;
	dev_t device;
	ino_t inode;
	bool writable;
	unsigned uses; /* 0: the slot is free */
};

struct mapping {
	uint64_t iova, bytes;
	uint8_t *at;       /* NULL: not reachable */
	struct file *file; /* NULL likewise */
};

struct memory_map {
	struct mapping *mappings; /* ascending, not overlapping */
	unsigned count, room;
	struct file files[MEMORY_MAP_FILES];
};

struct memory_map *memory_map_open(void)
{
	return calloc(1, sizeof(struct memory_map));
}

void memory_map_close(struct memory_map *map)
{
	if (!map)
		return;
	memory_map_clear(map);
	free(map->mappings);
	free(map);
}

static void file_release(struct file *file)
{
	if (file && --file->uses == 0)
		guarded_unmap(&file->memory);
}

static bool is_memory_file(int fd)
{
	struct statfs fs;
	if (fstatfs(fd, &fs))
		return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

/** The mapping of a file that reaches to `end`, made if it isn't there. Its use count is the caller's to raise. */
static int file_find(struct memory_map *map, int fd, uint64_t end, bool writable, struct file **found)
{
	struct stat status;
	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode) || !is_memory_file(fd) || end > (uint64_t)status.st_size)
		return -EINVAL;

	uint64_t mapped = 0;
	struct file *room = NULL;
	for (unsigned i = 0; i < MEMORY_MAP_FILES; i++) {
		struct file *file = &map->files[i];
		if (!file->uses) {
			room = room ? room : file;
			continue;
		}
		mapped += file->memory.bytes;
		/* A file that has grown since gets a second, longer mapping. */
		if (file->device == status.st_dev && file->inode == status.st_ino && file->writable == writable &&
			end <= file->memory.bytes) {
			*found = file;
			return 0;
		}
	}
	if (!room || (uint64_t)status.st_size > MEMORY_MAP_BYTES - mapped)
		return -ENOSPC;
	*room = (struct file){.device = status.st_dev, .inode = status.st_ino, .writable = writable};
	*found = room;
	return guarded_map(&room->memory, fd, (size_t)status.st_size, writable);
}

/** Index of the first mapping that ends behind iova. */
static unsigned first_behind(const struct memory_map *map, uint64_t iova)
{
	unsigned low = 0, high = map->count;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		const struct mapping *m = &map->mappings[middle];
		if (m->iova + (m->bytes - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int memory_map_add(struct memory_map *map, uint64_t iova, uint64_t bytes, int fd, uint64_t offset, bool writable)
{
	uint64_t last, end;
	if (!bytes || (iova | bytes | offset) % PAGE_BYTES)
		return -EINVAL;
	if (__builtin_add_overflow(iova, bytes - 1, &last) || __builtin_add_overflow(offset, bytes, &end))
		return -EINVAL;

	unsigned place = first_behind(map, iova);
	if (place < map->count && map->mappings[place].iova <= last)
		return -EEXIST;
	if (map->count == MEMORY_MAP_MAX)
		return -ENOSPC;
	if (map->count == map->room) {
		unsigned room = map->room ? map->room * 2 : 16;
		struct mapping *mappings = realloc(map->mappings, room * sizeof(*mappings));
		if (!mappings)
			return -ENOMEM;
		map->mappings = mappings;
		map->room = room;
	}

	struct file *file = NULL;
	if (fd >= 0) {
		int error = file_find(map, fd, end, writable, &file);
		if (error)
			return error;
		file->uses++;
	}
	struct mapping *mapping = &map->mappings[place];
	memmove(mapping + 1, mapping, (map->count - place) * sizeof(*mapping));
	*mapping = (struct mapping){
		.iova = iova, .bytes = bytes, .at = file ? file->memory.at + offset : NULL, .file = file};
	map->count++;
	return 0;
}

int memory_map_remove(struct memory_map *map, uint64_t iova, uint64_t bytes)
{
	uint64_t last;
	if (!bytes || __builtin_add_overflow(iova, bytes - 1, &last))
		return -ENOENT;
	unsigned first = first_behind(map, iova), end = first;
	while (end < map->count && map->mappings[end].iova <= last) {
		const struct mapping *m = &map->mappings[end++];
		if (m->iova < iova || m->iova + (m->bytes - 1) > last)
			return -ENOENT;
	}
	if (first == end)
		return -ENOENT;
	for (unsigned i = first; i < end; i++)
		file_release(map->mappings[i].file);
	memmove(map->mappings + first, map->mappings + end, (map->count - end) * sizeof(*map->mappings));
	map->count -= end - first;
	return 0;
}

void memory_map_clear(struct memory_map *map)
{
	for (unsigned i = 0; i < map->count; i++)
		file_release(map->mappings[i].file);
	map->count = 0;
}

static bool continues(const struct mapping *first, const struct mapping *second)
{
	return first->file == second->file && first->iova + first->bytes == second->iova &&
	       first->at + first->bytes == second->at;
}

bool memory_map_find(const struct memory_map *map, uint64_t iova, struct model_extent *extent)
{
	unsigned place = first_behind(map, iova);
	if (place == map->count || map->mappings[place].iova > iova || !map->mappings[place].file)
		return false;
	unsigned from = place, to = place;
	while (from > 0 && place - from < STRETCH_MAX && continues(&map->mappings[from - 1], &map->mappings[from]))
		from--;
	while (to + 1 < map->count && to - place < STRETCH_MAX && continues(&map->mappings[to], &map->mappings[to + 1]))
		to++;
	const struct mapping *first = &map->mappings[from], *last = &map->mappings[to];
	*extent = (struct model_extent){
		.iova = first->iova,
		.bytes = last->iova - first->iova + last->bytes,
		.at = first->at,
		.writable = first->file->writable,
	};
	return true;
}

bool memory_map_lost(const struct memory_map *map)
{
	for (unsigned i = 0; i < MEMORY_MAP_FILES; i++)
		if (map->files[i].uses && guarded_lost(&map->files[i].memory))
			return true;
	return false;
}

unsigned memory_map_count(const struct memory_map *map)
{
	return map->count;
}

unsigned memory_map_file_count(const struct memory_map *map)
{
	unsigned count = 0;
	for (unsigned i = 0; i < MEMORY_MAP_FILES; i++)
		count += map->files[i].uses > 0;
	return count;
}
