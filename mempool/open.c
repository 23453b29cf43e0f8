/* SPDX-License-Identifier: BSD-2-Clause
 * Packet pools: opening, closing and counting them; and the open ones of the process, a small table that any thread may
 * search without a lock. */
#include "../vfio/error.h"
#include "bulk.h"
#include "cache.h"
#include "depot.h"
#include "hot.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(PKT_BUFFER_BYTES == 2240, "an odd number of cache lines; and pkt_default_data divides by it");

/* No buffer lies across a multiple of 64 KiB, so none in two hugepages either. An IOMMU would have to translate each
 * half of it, QEMU's PCI Express cards send nothing, and say nothing, where the halves are not adjacent in physical
 * memory, and the 82545EM may damage what it writes there. So a buffer's place stays empty at such a boundary: count
 * buffers need PLACES(count) places. */
#define BOUNDARY_BYTES              (UINT32_C(64) << 10)
#define PLACES(count, buffer_bytes) ((count) + (count) / (BOUNDARY_BYTES / (buffer_bytes)-1))
_Static_assert((uint64_t)PLACES(PKT_POOL_MAX, PKT_BUFFER_BYTES) * PKT_BUFFER_BYTES < UINT64_C(1) << 32,
	"offsets into a pool fit into 32 bits");
/* floor(x * r / 2^s) is floor(x / d) while x * (r * d - 2^s) < 2^s */
#define RECIPROCAL_ERROR (PKT_RECIPROCAL * PKT_BUFFER_BYTES - (UINT64_C(1) << PKT_RECIPROCAL_SHIFT))
_Static_assert(
	RECIPROCAL_ERROR < PKT_BUFFER_BYTES && (uint64_t)PLACES(PKT_POOL_MAX, PKT_BUFFER_BYTES) * PKT_BUFFER_BYTES <
						       (UINT64_C(1) << PKT_RECIPROCAL_SHIFT) / RECIPROCAL_ERROR,
	"pkt_default_data is exact");

/* ---- The open pools ---- */

/* An entry's addresses are in `base_and_shift`, so that a search touches no pool that another thread may be closing:
 * the memory's base, a multiple of 2^shift, and in its low bits the shift. 0: the entry is free. */
static struct {
	uint64_t base_and_shift;
	struct pkt_pool *pool;
} entries[PKT_POOLS];
#define SHIFT_MASK UINT64_C(63)

pthread_mutex_t pkt_registry_lock = PTHREAD_MUTEX_INITIALIZER;
uint64_t pkt_pools_closed;

static bool entry_has(unsigned i, const uint8_t *data)
{
	uint64_t base_and_shift = __atomic_load_n(&entries[i].base_and_shift, __ATOMIC_ACQUIRE);
	return base_and_shift != 0 && ((uint64_t)data ^ base_and_shift) >> (base_and_shift & SHIFT_MASK) == 0;
}

struct pkt_pool *pkt_registry_find(const uint8_t *data)
{
	for (unsigned i = 0; i < PKT_POOLS; i++)
		if (entry_has(i, data)) /* the caller holds a packet of this pool, therefore nobody is closing it */
			return __atomic_load_n(&entries[i].pool, __ATOMIC_RELAXED);
	return NULL;
}

struct pkt_pool *pkt_registry_at(unsigned i)
{
	return entries[i].base_and_shift ? entries[i].pool : NULL;
}

/* Adds a pool whose memory lies at pool->base, at a multiple of 2^shift bytes, and has that many bytes to itself. */
static int pkt_registry_add(struct pkt_pool *pool, unsigned shift)
{
	unsigned i = 0;
	pthread_mutex_lock(&pkt_registry_lock);
	while (i < PKT_POOLS && entries[i].base_and_shift)
		i++;
	if (i < PKT_POOLS) {
		__atomic_store_n(&entries[i].pool, pool, __ATOMIC_RELAXED);
		__atomic_store_n(&entries[i].base_and_shift, (uint64_t)pool->base | shift, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&pkt_registry_lock);
	return i < PKT_POOLS
		       ? 0
		       : pollux_fail(ENFILE, "%u packet pools are open already: close one, or share one between ports",
				 PKT_POOLS);
}

/* Removes a pool, which counts as closed then. The caller holds pkt_registry_lock. */
static void pkt_registry_remove(const struct pkt_pool *pool)
{
	for (unsigned i = 0; i < PKT_POOLS; i++)
		if (entries[i].base_and_shift && entries[i].pool == pool)
			__atomic_store_n(&entries[i].base_and_shift, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&pkt_pools_closed, pkt_pools_closed + 1, __ATOMIC_RELAXED);
}

/* ---- Opening and closing ---- */

static void pool_free(struct pkt_pool *pool)
{
	for (unsigned i = 0; i < PKT_THREADS; i++)
		hot_free(pool->caches[i]);
	pkt_depot_close(pool->depot);
	dma_memory_free(&pool->memory);
#ifdef POLLUX_DEBUG
	free(pool->out);
#endif
	hot_free(pool);
}

int pkt_pool_open_sized(
	struct pkt_pool **result, struct dma_space *space, unsigned count, unsigned data_bytes, int numa_node)
{
	const uint32_t buffer_bytes = PKT_DEFAULT_OFFSET + data_bytes; /* an odd number of cache lines, too */
	*result = NULL;
	if (count == 0 || count > PKT_POOL_MAX)
		return pollux_fail(EINVAL, "a pool of %u packets cannot be: ask for 1 to %u", count, PKT_POOL_MAX);
	if (data_bytes < PKT_DATA_BYTES || data_bytes > PKT_DATA_BYTES_MAX || data_bytes % 1024)
		return pollux_fail(EINVAL, "buffers for %u bytes cannot be: ask for a multiple of 1024, %u to %u",
			data_bytes, PKT_DATA_BYTES, PKT_DATA_BYTES_MAX);
	const uint64_t places = PLACES((uint64_t)count, buffer_bytes);
	if (places * buffer_bytes > UINT32_MAX)
		return pollux_fail(EINVAL,
			"%u packets of %u bytes need more than 4 GiB: ask for fewer, or smaller ones", count,
			data_bytes);

	unsigned shift;
	struct pkt_pool *pool = hot_alloc(sizeof(*pool));
	if (!pool)
		return pollux_fail(ENOMEM, "no memory for a packet pool");
	int error = dma_memory_alloc(&pool->memory, space, places * buffer_bytes, numa_node);
	if (error)
		goto failed;

	pool->base = pool->memory.base;
	pool->count = count;
	pool->last_offset = (uint32_t)(places * buffer_bytes) - 1;
	pool->buffer_bytes = buffer_bytes;
	pkt_pool_use_simd(pool, PKT_SIMD_AUTO);
	/* The space puts memory of up to 2^shift bytes at a multiple of 2^shift, and leaves the rest of them unused. */
	shift = 64 - (unsigned)__builtin_clzll(pool->memory.bytes - 1);
	pool->outside_mask = ~((UINT64_C(1) << shift) - 1);
	pool->depot = pkt_depot_open(pool->base + PKT_DEFAULT_OFFSET, buffer_bytes, BOUNDARY_BYTES, count);
#ifdef POLLUX_DEBUG
	pool->out = calloc(places, 1);
	if (!pool->out)
		goto no_memory;
#endif
	if (!pool->depot)
		goto no_memory;
	error = pkt_registry_add(pool, shift);
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

int pkt_pool_open(struct pkt_pool **pool, struct dma_space *space, unsigned count, int numa_node)
{
	return pkt_pool_open_sized(pool, space, count, PKT_DATA_BYTES, numa_node);
}

/* Buffers that nobody holds. The sum can be more than the pool has: buffers that a thread is moving between its cache
 * and the depot count twice, and so does, in release builds, a buffer that was freed twice. */
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
	/* The lock keeps out threads that are ending and empty their cache of this pool. */
	pthread_mutex_lock(&pkt_registry_lock);
	uint64_t free_buffers = available(pool);
	if (free_buffers < pool->count) {
		pthread_mutex_unlock(&pkt_registry_lock);
		return pollux_fail(EBUSY,
			"%u of the pool's %u packets are out: free them and close the ports that use them, then the "
			"pool",
			pool->count - (unsigned)free_buffers, pool->count);
	}
	pkt_registry_remove(pool);
	pthread_mutex_unlock(&pkt_registry_lock);
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
	pool->bulk = pool->buffer_bytes == PKT_BUFFER_BYTES ? bulks[chosen] : &pkt_bulk_sized;
	return 0;
}

unsigned pkt_pool_count(const struct pkt_pool *pool)
{
	return pool->count;
}

unsigned pkt_pool_available(const struct pkt_pool *pool)
{
	uint64_t free_buffers = available(pool);
	return free_buffers < pool->count ? (unsigned)free_buffers : pool->count;
}

unsigned pkt_pool_data_bytes(const struct pkt_pool *pool)
{
	return pool->buffer_bytes - PKT_DEFAULT_OFFSET;
}

size_t pkt_pool_page_bytes(const struct pkt_pool *pool)
{
	return pool->memory.page_bytes;
}

unsigned pkt_pool_slack(unsigned threads)
{
	return threads < PKT_THREADS ? threads * PKT_CACHE_MAX : PKT_THREADS * PKT_CACHE_MAX;
}
