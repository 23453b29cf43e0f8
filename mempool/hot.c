/* SPDX-License-Identifier: BSD-2-Clause
 * Hot memory: a list of blocks, each as large as a transparent hugepage and therefore of two aligned MiB. An object
 * takes the first place where it fits, in one MiB. So ports that are opened together, and the caches of the threads
 * that use them, lie in the same MiB. Their NUMA node is left alone: what is hot is in its core's own cache anyway. */
#include "hot.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT_BYTES  128u
#define MIB_UNITS   ((unsigned)(HOT_BYTES_MAX / UNIT_BYTES))
#define BLOCK_UNITS (2 * MIB_UNITS)
#define BLOCK_BYTES (2 * HOT_BYTES_MAX)

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HOT_SEPARATE
#endif

#ifdef HOT_SEPARATE

/* The sanitizer notices an overrun between objects of malloc only. */
void *hot_alloc(size_t bytes)
{
	void *object;
	return bytes <= HOT_BYTES_MAX && posix_memalign(&object, UNIT_BYTES, bytes) == 0 ? memset(object, 0, bytes)
											 : NULL;
}

void hot_free(void *object)
{
	free(object);
}

#else

struct block {
	struct block *next;
	uint8_t *base;
	unsigned objects;
	uint16_t units[BLOCK_UNITS]; /* the size of the object that begins at this unit; 0: none begins here */
};

static struct block *blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for all of this */

static struct block *block_open(void)
{
	struct block *block = calloc(1, sizeof(*block));
	uint8_t *base = block ? aligned_alloc(BLOCK_BYTES, BLOCK_BYTES) : NULL;
	if (!base) {
		free(block);
		return NULL;
	}
	/* one entry of the TLB for all; a kernel without such pages gives others */
	madvise(base, BLOCK_BYTES, MADV_HUGEPAGE);
	block->base = base;
	return block;
}

/* @return the first of so many free units in one MiB; BLOCK_UNITS: there are none */
static unsigned find_room(const struct block *block, unsigned wanted)
{
	unsigned at = 0, first_free = 0;
	while (at < BLOCK_UNITS) {
		if (at % MIB_UNITS == 0)
			first_free = at;
		if (block->units[at]) {
			at += block->units[at];
			first_free = at;
		} else if (++at - first_free == wanted) {
			return first_free;
		}
	}
	return BLOCK_UNITS;
}

void *hot_alloc(size_t bytes)
{
	if (bytes == 0 || bytes > HOT_BYTES_MAX)
		return NULL;
	unsigned wanted = (unsigned)((bytes + UNIT_BYTES - 1) / UNIT_BYTES), at = 0;
	struct block **link = &blocks;
	void *object = NULL;
	pthread_mutex_lock(&lock);
	while (*link && (at = find_room(*link, wanted)) == BLOCK_UNITS) {
		link = &(*link)->next;
		at = 0;
	}
	if (!*link)
		*link = block_open();
	if (*link) {
		(*link)->units[at] = (uint16_t)wanted;
		(*link)->objects++;
		object = memset((*link)->base + (size_t)at * UNIT_BYTES, 0, (size_t)wanted * UNIT_BYTES);
	}
	pthread_mutex_unlock(&lock);
	return object;
}

void hot_free(void *object)
{
	if (!object)
		return;
	size_t offset = (uintptr_t)object % BLOCK_BYTES;
	struct block **link = &blocks;
	pthread_mutex_lock(&lock);
	while ((*link)->base != (uint8_t *)object - offset)
		link = &(*link)->next;
	struct block *block = *link;
	block->units[offset / UNIT_BYTES] = 0;
	if (--block->objects == 0) {
		*link = block->next;
		free(block->base);
		free(block);
	}
	pthread_mutex_unlock(&lock);
}

#endif
