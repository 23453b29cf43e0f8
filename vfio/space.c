/* SPDX-License-Identifier: BSD-2-Clause
 * The DMA space: a window of virtual addresses, a window of I/O addresses that is a constant away, and a list of memory
 * and one of I/O address spaces, which meet here. */
#include "space.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB              (1ull << 30)
#define WINDOW_BYTES     (64 * GIB) /* of virtual addresses; half of it, and so on, where they are limited */
#define WINDOW_BYTES_MIN (4 * GIB)
/* Both windows start at a multiple of the largest page size, so that a page of any size begins at a multiple of its
 * size in both. */
#define WINDOW_ALIGN   GIB
#define IOVA_PREFERRED (4 * GIB)    /* below it, every platform has reserved ranges */
#define IOVA_END       (1ull << 38) /* every IOMMU reaches up to here */

struct memory {
	struct memory *next; /* in the order of `at` */
	uint64_t at;         /* offset in the window */
	uint64_t bytes;
	uint64_t span; /* bytes rounded up to a power of two: so much of the window is taken */
	int fd; /* our duplicate, for devices that come later; -1: unmapped, but its place cannot be used again */
};

struct dma_space {
	pthread_mutex_t lock;
	unsigned references; /* atomic */
	uint8_t *base;
	uint64_t bytes;
	/* Set by the first attach, then constant while there is memory. */
	uint64_t iova, iova_bytes; /* iova_bytes 0: not chosen yet */
	uint64_t offset;           /* atomic: read without the lock */
	struct memory *memories;
	struct dma_mapper *mappers;
};

static uint64_t round_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/* Reserves addresses: the process cannot access them, and nobody else gets them. flags are MAP_FIXED_NOREPLACE or
 * MAP_FIXED, or 0 to let the kernel choose a place. */
static void *reserve(void *at, uint64_t bytes, int flags)
{
	return mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

int dma_space_open(struct dma_space **result)
{
	struct dma_space *space = calloc(1, sizeof(*space));
	uint8_t *found;

	*result = NULL;
	if (!space)
		return pollux_fail(ENOMEM, "no memory for a DMA space");
	space->bytes = WINDOW_BYTES;
	while ((found = reserve(NULL, space->bytes + WINDOW_ALIGN, 0)) == MAP_FAILED) {
		if (space->bytes == WINDOW_BYTES_MIN) {
			free(space);
			return pollux_fail(ENOMEM,
				"no %llu GiB of address space for a DMA space; raise the limit with ulimit -v "
				"unlimited (RLIMIT_AS)",
				(WINDOW_BYTES_MIN + WINDOW_ALIGN) / GIB);
		}
		space->bytes /= 2;
	}
	space->base = (uint8_t *)round_up((uintptr_t)found, WINDOW_ALIGN);
	if (space->base > found)
		munmap(found, (size_t)(space->base - found));
	if (found + WINDOW_ALIGN > space->base)
		munmap(space->base + space->bytes, (size_t)(found + WINDOW_ALIGN - space->base));
	pthread_mutex_init(&space->lock, NULL);
	space->references = 1;
	*result = space;
	return 0;
}

struct dma_space *dma_space_ref(struct dma_space *space)
{
	__atomic_fetch_add(&space->references, 1, __ATOMIC_RELAXED);
	return space;
}

void dma_space_unref(struct dma_space *space)
{
	if (!space || __atomic_fetch_sub(&space->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	munmap(space->base, space->bytes);
	while (space->memories) { /* only places that cannot be used again: memory in use would hold a reference */
		struct memory *next = space->memories->next;

		free(space->memories);
		space->memories = next;
	}
	pthread_mutex_destroy(&space->lock);
	free(space);
}

uint64_t dma_space_offset(const struct dma_space *space)
{
	return __atomic_load_n(&space->offset, __ATOMIC_ACQUIRE);
}

/* ---- I/O addresses ---- */

static void set_iova_window(struct dma_space *space, uint64_t iova, uint64_t bytes)
{
	space->iova = iova;
	space->iova_bytes = bytes;
	__atomic_store_n(&space->offset, bytes ? iova - (uintptr_t)space->base : 0, __ATOMIC_RELEASE);
}

/* How a mapper's device is called where its reach is the reason. */
static const char *reach_of(const struct dma_mapper *mapper)
{
	return mapper->reach.below_4gib ? "a conventional PCI device below 4 GiB" : "the device's IOMMU";
}

static int fail_no_window(const struct dma_mapper *mapper, uint64_t needed, uint64_t largest)
{
	return pollux_fail(ENOSPC,
		"there is no range of I/O addresses of %s for the %llu MiB of memory already in the DMA space (the "
		"largest has %llu MiB); open the device first and use smaller pools, or give it a space of its own",
		reach_of(mapper), (unsigned long long)(needed >> 20), (unsigned long long)(largest >> 20));
}

static int fail_outside(const struct dma_space *space, const struct dma_mapper *mapper)
{
	return pollux_fail(ERANGE,
		"the DMA space's I/O addresses 0x%llx-0x%llx, chosen for an earlier device, are outside what this "
		"device%s; open this device first, or give it a space of its own",
		(unsigned long long)space->iova, (unsigned long long)(space->iova + space->iova_bytes - 1),
		mapper->reach.below_4gib ? ", which is conventional PCI, is given: addresses below 4 GiB"
					 : "'s IOMMU allows");
}

/* A window of I/O addresses; 0 bytes: none. */
struct window {
	uint64_t iova, bytes;
};

/* The largest part from `from` on of what a mapper reaches, or the first that has room for all of the DMA space. */
static struct window largest_window(const struct dma_space *space, const struct dma_reach *reach, uint64_t from)
{
	const uint64_t end = reach->below_4gib ? 4 * GIB : IOVA_END;
	struct window best = {0, 0};

	for (unsigned i = 0; i < (reach->range_count ? reach->range_count : 1) && best.bytes < space->bytes; i++) {
		struct dma_range range = reach->range_count ? reach->ranges[i] : (struct dma_range){0, UINT64_MAX};
		const uint64_t first = range.first < from ? from : range.first;
		const uint64_t last = range.last < end ? range.last : end - 1;
		const uint64_t start = round_up(first, WINDOW_ALIGN);
		const uint64_t bytes = first <= last && start <= last ? (last + 1 - start) & ~4095ull : 0;

		if (bytes > best.bytes)
			best = (struct window){start, bytes};
	}
	return best;
}

/* So much of the window has memory in it, from its beginning on. */
static uint64_t memory_end(const struct dma_space *space)
{
	uint64_t end = 0;

	for (const struct memory *m = space->memories; m; m = m->next)
		if (m->fd >= 0)
			end = m->at + m->bytes;
	return end;
}

/* Looks for room for all of the window from IOVA_PREFERRED on, else for the largest room anywhere. I/O address 0 is
 * never used, because many who read a descriptor take 0 for "none". */
static int choose_iova_window(struct dma_space *space, const struct dma_mapper *mapper)
{
	struct window best = largest_window(space, &mapper->reach, IOVA_PREFERRED);
	const uint64_t needed = memory_end(space);

	if (best.bytes < space->bytes) {
		const struct window anywhere = largest_window(space, &mapper->reach, WINDOW_ALIGN);

		best = anywhere.bytes > best.bytes ? anywhere : best;
	}
	if (!best.bytes || best.bytes < needed)
		return fail_no_window(mapper, needed, best.bytes);
	set_iova_window(space, best.iova, best.bytes < space->bytes ? best.bytes : space->bytes);
	return 0;
}

static bool reaches_window(const struct dma_space *space, const struct dma_reach *reach)
{
	const uint64_t last = space->iova + space->iova_bytes - 1;

	if (reach->below_4gib && last >= 4 * GIB)
		return false;
	for (unsigned i = 0; i < reach->range_count; i++)
		if (reach->ranges[i].first <= space->iova && last <= reach->ranges[i].last)
			return true;
	return reach->range_count == 0;
}

/* Has the window where the mapper reaches it. A window that others use already is moved only if they reach the new one,
 * and no I/O address was given out yet. */
static int fit_window(struct dma_space *space, const struct dma_mapper *mapper)
{
	const uint64_t iova = space->iova, bytes = space->iova_bytes;

	if (bytes && reaches_window(space, &mapper->reach))
		return 0;
	if (bytes && memory_end(space) > 0)
		return fail_outside(space, mapper);
	int error = choose_iova_window(space, mapper);
	for (const struct dma_mapper *other = space->mappers; other && !error; other = other->next)
		if (!reaches_window(space, &other->reach)) {
			set_iova_window(space, iova, bytes);
			error = fail_outside(space, mapper);
		}
	return error;
}

/* Unmaps from mapper all memory before `end` in the list. The calling thread's failure stays its last one: it is what
 * led here. */
static void unmap_until(struct dma_space *space, struct dma_mapper *mapper, const struct memory *end)
{
	const struct pollux_failure led_here = pollux_failure_last();

	for (struct memory *m = space->memories; m && m != end; m = m->next)
		if (m->fd >= 0)
			mapper->unmap(mapper, space->iova + m->at, m->bytes);
	pollux_failure_restore(&led_here);
}

int dma_space_attach(struct dma_space *space, struct dma_mapper *mapper)
{
	pthread_mutex_lock(&space->lock);
	bool first = space->iova_bytes == 0;
	int error = fit_window(space, mapper);
	for (struct memory *m = space->memories; m && !error; m = m->next) {
		if (m->fd < 0)
			continue;
		error = mapper->map(mapper, space->iova + m->at, space->base + m->at, m->bytes, m->fd);
		if (error)
			unmap_until(space, mapper, m);
	}
	if (!error) {
		mapper->next = space->mappers;
		space->mappers = mapper;
		dma_space_ref(space);
	} else if (first) {
		set_iova_window(space, 0, 0);
	}
	pthread_mutex_unlock(&space->lock);
	return error;
}

int dma_space_restrict(struct dma_space *space, struct dma_mapper *mapper, const struct dma_reach *reach)
{
	int error;

	pthread_mutex_lock(&space->lock);
	const struct dma_reach before = mapper->reach;
	mapper->reach = *reach;
	mapper->reach.below_4gib = before.below_4gib || reach->below_4gib;
	if ((error = fit_window(space, mapper)) != 0)
		mapper->reach = before;
	pthread_mutex_unlock(&space->lock);
	return error;
}

void dma_space_detach(struct dma_space *space, struct dma_mapper *mapper)
{
	struct dma_mapper **link;

	pthread_mutex_lock(&space->lock);
	for (link = &space->mappers; *link && *link != mapper; link = &(*link)->next)
		;
	bool attached = *link != NULL;
	if (attached) {
		*link = mapper->next;
		unmap_until(space, mapper, NULL);
	}
	pthread_mutex_unlock(&space->lock);
	if (attached)
		dma_space_unref(space);
}

/* ---- Memory ---- */

/* Finds the lowest free place, as the window of I/O addresses may be smaller than that of virtual ones. @return where
 * in the list the memory belongs; NULL: there is no place */
static struct memory **find_place(struct dma_space *space, struct memory *memory)
{
	const uint64_t base = (uintptr_t)space->base;
	struct memory **link;
	uint64_t end = 0;

	for (link = &space->memories;; link = &(*link)->next) {
		uint64_t limit = *link ? (*link)->at : space->bytes;

		memory->at = round_up(base + end, memory->span) - base;
		if (memory->at <= limit && memory->span <= limit - memory->at)
			break;
		if (!*link)
			return NULL;
		end = (*link)->at + (*link)->span;
	}
	if (space->iova_bytes && memory->at + memory->bytes > space->iova_bytes)
		return NULL;
	return link;
}

/* Maps the file into the process, at its place in the window. After a fork, a write would give the process a copy of
 * the page, while devices go on using the old one. So a child does not inherit this memory. */
static int map_here(const struct dma_space *space, const struct memory *memory)
{
	void *at = space->base + memory->at;
	const bool mapped = mmap(at, memory->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
				    memory->fd, 0) != MAP_FAILED;

	if (mapped && madvise(at, memory->bytes, MADV_DONTFORK) == 0)
		return 0;
	const int error = errno;
	/* mmap may have removed the reservation before it failed, and somebody else may be there by now. */
	reserve(at, memory->bytes, mapped ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	return pollux_fail(error, "cannot %s %llu KiB of DMA memory%s: %s", mapped ? "keep" : "map",
		(unsigned long long)(memory->bytes >> 10), mapped ? " from being inherited" : "", strerror(error));
}

/* Maps memory for every mapper, or for none. */
static int map_for_all(struct dma_space *space, const struct memory *memory)
{
	for (struct dma_mapper *mapper = space->mappers; mapper; mapper = mapper->next) {
		int error = mapper->map(
			mapper, space->iova + memory->at, space->base + memory->at, memory->bytes, memory->fd);

		if (!error)
			continue;
		const struct pollux_failure led_here = pollux_failure_last();
		for (struct dma_mapper *done = space->mappers; done != mapper; done = done->next)
			done->unmap(done, space->iova + memory->at, memory->bytes);
		pollux_failure_restore(&led_here);
		return error;
	}
	return 0;
}

/* Takes memory out of the process. The addresses are never given up: another mapping of the process could take them,
 * and our next MAP_FIXED would destroy it. @return false: they cannot be reserved again, so the place stays in the list
 * as one that is taken */
static bool vacate(const struct dma_space *space, struct memory *memory)
{
	close(memory->fd);
	memory->fd = -1;
	return reserve(space->base + memory->at, memory->bytes, MAP_FIXED) != MAP_FAILED;
}

static int check_file(int fd, size_t bytes, size_t page_bytes)
{
	struct stat stat;

	if (bytes == 0 || page_bytes < 4096 || page_bytes > WINDOW_ALIGN || (page_bytes & (page_bytes - 1)) ||
		bytes % page_bytes)
		return pollux_fail(EINVAL, "DMA memory of %zu bytes is not in whole pages of %zu", bytes, page_bytes);
	if (fstat(fd, &stat) != 0)
		return pollux_fail(errno, "DMA memory needs a file descriptor: %s", strerror(errno));
	/* Pages beyond the end of the file would be a SIGBUS at the first touch. */
	if (stat.st_size < 0 || (uint64_t)stat.st_size < bytes)
		return pollux_fail(
			EINVAL, "a file of %lld bytes cannot back DMA memory of %zu", (long long)stat.st_size, bytes);
	return 0;
}

static int fail_no_place(const struct dma_space *space, uint64_t bytes)
{
	const bool limited = space->iova_bytes && space->iova_bytes < space->bytes;

	return pollux_fail(ENOSPC,
		"no room for %llu KiB of DMA memory in a DMA space of %llu MiB%s; free some, or use smaller pools",
		(unsigned long long)(bytes >> 10),
		(unsigned long long)((limited ? space->iova_bytes : space->bytes) >> 20),
		limited && space->iova < 4 * GIB ? ", which its first device keeps below 4 GiB" : "");
}

int dma_space_map(struct dma_space *space, int fd, size_t bytes, size_t page_bytes, void **address)
{
	struct memory *memory = NULL;
	int error;

	*address = NULL;
	if ((error = check_file(fd, bytes, page_bytes)) != 0)
		return error;
	if (bytes > space->bytes)
		return pollux_fail(ENOSPC, "%zu MiB of DMA memory do not fit into a space of %llu MiB", bytes >> 20,
			(unsigned long long)(space->bytes >> 20));
	if (!(memory = calloc(1, sizeof(*memory))))
		return pollux_fail(ENOMEM, "no memory for a DMA mapping");
	memory->bytes = bytes;
	memory->span = page_bytes;
	while (memory->span < bytes)
		memory->span *= 2;
	memory->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (memory->fd < 0) {
		error = pollux_fail(
			errno, "cannot keep a DMA memory's file descriptor: %s; raise ulimit -n", strerror(errno));
		free(memory);
		return error;
	}

	pthread_mutex_lock(&space->lock);
	struct memory **link = find_place(space, memory);
	error = link ? map_here(space, memory) : fail_no_place(space, bytes);
	bool placed = !error;
	if (error)
		close(memory->fd);
	else if ((error = map_for_all(space, memory)) != 0)
		placed = !vacate(space, memory);
	if (placed) {
		memory->next = *link;
		*link = memory;
	} else {
		free(memory);
	}
	if (!error) {
		*address = space->base + memory->at;
		dma_space_ref(space);
	}
	pthread_mutex_unlock(&space->lock);
	return error;
}

void dma_space_unmap(struct dma_space *space, void *address)
{
	struct memory *memory, **link;

	pthread_mutex_lock(&space->lock);
	for (link = &space->memories; (memory = *link); link = &memory->next)
		if (space->base + memory->at == address && memory->fd >= 0)
			break;
	if (!memory) {
		pthread_mutex_unlock(&space->lock);
		return;
	}
	for (struct dma_mapper *mapper = space->mappers; mapper; mapper = mapper->next)
		mapper->unmap(mapper, space->iova + memory->at, memory->bytes);
	if (vacate(space, memory)) {
		*link = memory->next;
		free(memory);
	}
	pthread_mutex_unlock(&space->lock);
	dma_space_unref(space);
}
