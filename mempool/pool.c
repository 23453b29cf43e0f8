/* SPDX-License-Identifier: BSD-2-Clause
 * Packet pools: opening, closing and counting them, and finding the pool that a pointer is from. */
#include "pool.h"

#include "../vfio/error.h"
#include "cache.h"
#include "depot.h"
#include "hot.h"
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

_Static_assert(PKT_BUFFER_BYTES == 2240, "an odd number of cache lines; and pkt_default_data divides by it");

/* No buffer lies in two hugepages: an IOMMU would have to translate each half, and QEMU's PCI Express cards send
 * nothing, and say nothing, where the halves are not adjacent in physical memory. So there is a spare place for each
 * end of a hugepage of 2 MiB. */
#define HUGEPAGE_BYTES (UINT32_C(2) << 20)
#define PLACES(count)  ((count) + (count) / (HUGEPAGE_BYTES / PKT_BUFFER_BYTES - 1))
_Static_assert(
	(uint64_t)PLACES(PKT_POOL_MAX) * PKT_BUFFER_BYTES < UINT64_C(1) << 32, "offsets into a pool fit into 32 bits");
/* floor(x * r / 2^s) is floor(x / d) while x * (r * d - 2^s) < 2^s */
#define RECIPROCAL_ERROR (PKT_RECIPROCAL * PKT_BUFFER_BYTES - (UINT64_C(1) << PKT_RECIPROCAL_SHIFT))
_Static_assert(RECIPROCAL_ERROR < PKT_BUFFER_BYTES && (uint64_t)PLACES(PKT_POOL_MAX) * PKT_BUFFER_BYTES <
							      (UINT64_C(1) << PKT_RECIPROCAL_SHIFT) / RECIPROCAL_ERROR,
	"pkt_default_data is exact");

/* The open pools. `place` says which addresses an entry has, and can be tested without touching a pool that another
 * thread may be closing: the memory's base, which is aligned to a power of two of bytes, and in its low bits that
 * power. 0: no pool. */
static struct {
	uint64_t place;
	struct pkt_pool *pool;
} entries[PKT_POOLS];
#define PLACE_SHIFT_MASK UINT64_C(63)

pthread_mutex_t pkt_pools_lock = PTHREAD_MUTEX_INITIALIZER;
uint64_t pkt_pools_closed;

/* Where the calling thread found a pool last. */
static __thread unsigned last_entry;

static bool entry_has(unsigned i, const uint8_t *data)
{
	uint64_t place = __atomic_load_n(&entries[i].place, __ATOMIC_ACQUIRE);
	return place != 0 && ((uint64_t)data ^ place) >> (place & PLACE_SHIFT_MASK) == 0;
}

struct pkt_pool *pkt_pool_of(const uint8_t *data)
{
	unsigned i = last_entry;
	if (__builtin_expect(!entry_has(i, data), 0)) {
		for (i = 0; i < PKT_POOLS && !entry_has(i, data); i++)
			;
		if (i == PKT_POOLS)
			return NULL;
		last_entry = i;
	}
	/* a packet of it is in the caller's hands, therefore it is not being closed */
	return __atomic_load_n(&entries[i].pool, __ATOMIC_RELAXED);
}

struct pkt_pool *pkt_pool_at(unsigned i)
{
	return entries[i].place ? entries[i].pool : NULL;
}

static int entry_add(struct pkt_pool *pool, uint64_t shift)
{
	int error = -ENFILE;
	pthread_mutex_lock(&pkt_pools_lock);
	for (unsigned i = 0; i < PKT_POOLS && error; i++) {
		if (entries[i].place)
			continue;
		__atomic_store_n(&entries[i].pool, pool, __ATOMIC_RELAXED);
		__atomic_store_n(&entries[i].place, (uint64_t)pool->base | shift, __ATOMIC_RELEASE);
		error = 0;
	}
	pthread_mutex_unlock(&pkt_pools_lock);
	return error ? pollux_fail(ENFILE, "%u packet pools are open already: close one, or share one between ports",
			       PKT_POOLS)
		     : 0;
}

static void pool_free(struct pkt_pool *pool)
{
	for (unsigned i = 0; i < PKT_THREADS; i++)
		hot_free(pool->caches[i]);
	pkt_depot_close(pool->depot);
	if (pool->memory)
		dma_memory_free(pool->memory);
	free(pool->memory);
#ifdef POLLUX_DEBUG
	free(pool->out);
#endif
	hot_free(pool);
}

int pkt_pool_open(struct pkt_pool **result, struct dma_space *space, unsigned count, int numa_node)
{
	*result = NULL;
	if (count == 0 || count > PKT_POOL_MAX)
		return pollux_fail(EINVAL, "a pool of %u packets cannot be: ask for 1 to %u", count, PKT_POOL_MAX);

	int error;
	uint64_t shift;
	struct pkt_pool *pool = hot_alloc(sizeof(*pool));
	if (!pool)
		return pollux_fail(ENOMEM, "no memory for a packet pool");
	pool->memory = calloc(1, sizeof(*pool->memory));
	if (!pool->memory)
		goto no_memory;
	const unsigned places = PLACES(count);
	error = dma_memory_alloc(pool->memory, space, (size_t)places * PKT_BUFFER_BYTES, numa_node);
	if (error)
		goto failed;

	pool->base = pool->memory->base;
	pool->count = count;
	pool->last = places * PKT_BUFFER_BYTES - 1;
	pkt_pool_use_simd(pool, PKT_SIMD_AUTO);
	/* the space puts memory at a multiple of its size's next power of two, and leaves the rest of that unused */
	shift = 64 - (uint64_t)__builtin_clzll(pool->memory->bytes - 1);
	pool->outside = ~((UINT64_C(1) << shift) - 1);
	/* ordinary pages are too small for that */
	size_t page_bytes = pool->memory->page_bytes < HUGEPAGE_BYTES ? 0 : HUGEPAGE_BYTES;
	pool->depot = pkt_depot_open(pool->base + PKT_DEFAULT_OFFSET, PKT_BUFFER_BYTES, page_bytes, count);
#ifdef POLLUX_DEBUG
	pool->out = calloc(places, 1);
	if (!pool->out)
		goto no_memory;
#endif
	if (!pool->depot)
		goto no_memory;
	error = entry_add(pool, shift);
	if (error)
		goto failed;
	*result = pool;
	return 0;

no_memory:
	error = pollux_fail(ENOMEM, "no memory for the administration of %u packets", count);
failed:
	pool_free(pool);
	return error;
}

/* Can be more than the pool has: a thread between cache and depot counts twice, and so does, in release builds, a
 * double free. */
static uint64_t available(const struct pkt_pool *pool)
{
	uint64_t sum = pkt_depot_available(pool->depot);
	for (unsigned i = 0; i < PKT_THREADS; i++) {
		const struct pkt_cache *cache = __atomic_load_n(&pool->caches[i], __ATOMIC_ACQUIRE);
		if (cache)
			sum += __atomic_load_n(&cache->count, __ATOMIC_RELAXED);
	}
	return sum;
}

int pkt_pool_close(struct pkt_pool *pool)
{
	if (!pool)
		return 0;
	/* the lock keeps threads that are ending, and still have a cache to empty, out of the pool */
	pthread_mutex_lock(&pkt_pools_lock);
	uint64_t home = available(pool);
	if (home < pool->count) {
		pthread_mutex_unlock(&pkt_pools_lock);
		return pollux_fail(EBUSY,
			"%u of the pool's %u packets are out: free them and close the ports that use them, then the "
			"pool",
			pool->count - (unsigned)home, pool->count);
	}
	for (unsigned i = 0; i < PKT_POOLS; i++)
		if (entries[i].place && entries[i].pool == pool)
			__atomic_store_n(&entries[i].place, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&pkt_pools_closed, pkt_pools_closed + 1, __ATOMIC_RELAXED); /* under the lock */
	pthread_mutex_unlock(&pkt_pools_lock);
	pool_free(pool);
	return 0;
}

int pkt_pool_use_simd(struct pkt_pool *pool, enum pkt_simd simd)
{
	static const struct pkt_bulk *const bulks[] = {NULL, &pkt_bulk_scalar, &pkt_bulk_avx2, &pkt_bulk_avx512};
	enum pkt_simd chosen = pkt_simd_choose(simd);
	if (chosen == PKT_SIMD_AUTO)
		return pollux_fail(ENOTSUP, "this CPU does not have %s: choose another instruction set, or none",
			pkt_simd_name(simd));
	pool->bulk = bulks[chosen];
	return 0;
}

unsigned pkt_pool_count(const struct pkt_pool *pool)
{
	return pool->count;
}

unsigned pkt_pool_available(const struct pkt_pool *pool)
{
	uint64_t home = available(pool);
	return home < pool->count ? (unsigned)home : pool->count;
}

size_t pkt_pool_page_bytes(const struct pkt_pool *pool)
{
	return pool->memory->page_bytes;
}

unsigned pkt_pool_slack(unsigned threads)
{
	return threads < PKT_THREADS ? threads * PKT_CACHE_MAX : PKT_THREADS * PKT_CACHE_MAX;
}
