/* SPDX-License-Identifier: BSD-2-Clause
 * The inside of packet pools, for the data paths of drivers: a flat array of buffer pointers per thread, moved in bulk,
 * and a lock-free depot that threads exchange blocks of PKT_BLOCK pointers with. Applications use pkt.h. */
#ifndef POLLUX_MEMPOOL_POOL_H
#define POLLUX_MEMPOOL_POOL_H

#include "pkt.h"

#include <stdbool.h>

#define PKT_BLOCK     64u  /* pointers per exchange with the depot */
#define PKT_CACHE_MAX 512u /* pointers a thread's cache holds at most */
#define PKT_THREADS   128u /* threads that can use pools at the same time */

/**
 * One thread's share of one pool. A pointer in a cache is that of a buffer's data at its default position. Only its
 * thread writes it; others may read `count` (a snapshot).
 */
struct pkt_cache {
	unsigned count;
	uint8_t *free[PKT_CACHE_MAX] __attribute__((aligned(64))); /* so that bulk copies do not straddle cache lines */
} __attribute__((aligned(64)));

struct pkt_depot;
struct dma_memory;
struct pkt_pool;

/**
 * Moving pointers between a cache and packets, in bulk: once for each instruction set. n is 1 to PKT_BLOCK, and what is
 * read and what is written are different arrays.
 */
struct pkt_bulk {
	/** Makes handles of buffers: data, and the rest 0. */
	void (*hand_out)(struct pkt *pkts, uint8_t *const *data, unsigned n);
	/** Writes the default positions of n packets' buffers to `home`. False: not all of them are the pool's, and
	 * what was written means nothing. */
	bool (*bring_home)(const struct pkt_pool *pool, uint8_t **home, const struct pkt *pkts, unsigned n);
	/** The same for pointers, any into the buffers. */
	bool (*bring_home_data)(const struct pkt_pool *pool, uint8_t **home, uint8_t *const *data, unsigned n);
};

extern const struct pkt_bulk pkt_bulk_scalar, pkt_bulk_avx2, pkt_bulk_avx512;

/** The part of a pool that data paths touch; read-only after opening, but for the caches. */
struct pkt_pool {
	uint8_t *base;    /* first byte of buffer 0 */
	uint64_t outside; /* (pointer - base) & outside is 0 for every pointer into the pool's memory, and for no other
			   */
	uint32_t last;    /* offset of the last byte of the last buffer's place: the pages may reach beyond it */
	unsigned count;   /* buffers */
	const struct pkt_bulk *bulk;
	struct pkt_cache *caches[PKT_THREADS]; /* by thread slot; made at a thread's first use, freed with the pool */
	struct pkt_depot *depot;
	struct dma_memory *memory;
#ifdef POLLUX_DEBUG
	uint8_t *out; /* one byte per place of a buffer: 1 while somebody holds it */
#endif
};

/** The calling thread's slot + 1; 0 until it first uses a pool. */
extern __thread unsigned pkt_thread;

/** Makes the calling thread's cache; NULL when there are too many threads or no memory. Slow path of pkt_cache_get. */
struct pkt_cache *pkt_cache_open(struct pkt_pool *pool);

/** The calling thread's cache of a pool, or NULL. Look it up once per burst. */
static inline struct pkt_cache *pkt_cache_get(struct pkt_pool *pool)
{
	unsigned slot = pkt_thread;
	if (__builtin_expect(slot != 0 && pool->caches[slot - 1] != NULL, 1))
		return pool->caches[slot - 1];
	return pkt_cache_open(pool);
}

/** Brings at least n (at most PKT_BLOCK) pointers into the cache from the depot; false when the pool is empty. */
bool pkt_cache_fill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n);

/** Moves blocks to the depot until at least n (at most PKT_BLOCK) more pointers fit. Never fails. */
void pkt_cache_spill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n);

#ifdef POLLUX_DEBUG
/* Debug builds follow every buffer: a double or foreign free, or one handed out twice, ends the process with a
 * sentence. */
void pkt_debug_taken(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n);
void pkt_debug_freed(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n);
#else
static inline void pkt_debug_taken(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n)
{
	(void)pool, (void)buffers, (void)n;
}
static inline void pkt_debug_freed(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n)
{
	(void)pool, (void)buffers, (void)n;
}
#endif

/**
 * Takes exactly n (at most PKT_BLOCK) buffers: returns where their n pointers stand, to be copied before anything else
 * touches the cache; NULL, and nothing taken, when the pool cannot give n.
 */
static inline uint8_t **pkt_cache_take(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	unsigned count = cache->count;
	if (__builtin_expect(count < n, 0)) {
		if (!pkt_cache_fill(pool, cache, n))
			return NULL;
		count = cache->count;
	}
	__atomic_store_n(&cache->count, count - n, __ATOMIC_RELAXED);
	pkt_debug_taken(pool, &cache->free[count - n], n);
	return &cache->free[count - n];
}

/** Makes room for n (at most PKT_BLOCK) pointers and returns where to write them; pkt_cache_put then counts them. */
static inline uint8_t **pkt_cache_room(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	if (__builtin_expect(cache->count + n > PKT_CACHE_MAX, 0))
		pkt_cache_spill(pool, cache, n);
	return &cache->free[cache->count];
}

/** The n pointers written at pkt_cache_room are the cache's now. */
static inline void pkt_cache_put(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	pkt_debug_freed(pool, &cache->free[cache->count], n);
	__atomic_store_n(&cache->count, cache->count + n, __ATOMIC_RELAXED);
}

#define PKT_RECIPROCAL       UINT64_C(3926827243)
#define PKT_RECIPROCAL_SHIFT 43
#define PKT_DEFAULT_OFFSET   (PKT_METADATA_BYTES + PKT_HEADROOM_BYTES)

/** From any pointer into a buffer of the pool to that of its data at the default position. offset is pointer -
 * pool->base, at most pool->last. Two multiplications, no division, no memory. */
static inline uint8_t *pkt_default_data(const struct pkt_pool *pool, uint64_t offset)
{
	/* 2^43 / 2240 rounded up gives the quotient exactly for every offset of a pool */
	uint64_t index = (uint32_t)offset * PKT_RECIPROCAL >> PKT_RECIPROCAL_SHIFT;
	return pool->base + index * PKT_BUFFER_BYTES + PKT_DEFAULT_OFFSET;
}

/** Makes a handle, as a whole and not field by field: a burst function that loads 16 bytes soon after then finds them
 * in one store. */
static inline void pkt_hand_out(struct pkt *pkt, uint8_t *data)
{
	typedef uint64_t handle __attribute__((vector_size(sizeof(struct pkt))));
	handle bits = {(uint64_t)data, 0};
	__builtin_memcpy(pkt, &bits, sizeof(bits));
}

/** Gives n buffers back, each to its own pool, given any pointers into them. The path for packets of unknown origin. */
void pkt_free_data(uint8_t *const *data, unsigned n);

#endif
