/* SPDX-License-Identifier: BSD-2-Clause
 * The calling thread's cache of a packet pool: a flat array of buffer pointers, from which the data paths of drivers
 * take and to which they give, without locks or atomic operations. */
#pragma once

#include "pool.h"

/* Debug builds follow every buffer of a pool: one that is freed twice, handed out twice, or of another pool ends the
 * process with a sentence. Other builds do nothing here. */
#ifdef POLLUX_DEBUG
/** n free buffers of the pool go out, or come back. */
void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out);
/** Somebody frees a pointer that is in no buffer of an open pool. */
void pkt_debug_foreign(const uint8_t *data);
#else
static inline void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out)
{
	(void)pool, (void)buffers, (void)n, (void)out;
}
static inline void pkt_debug_foreign(const uint8_t *data)
{
	(void)data;
}
#endif

/** One thread's cache of one pool. Only its thread writes it; others may read `count`, which may change at once. */
struct pkt_cache {
	unsigned count;
	uint8_t *buffers[PKT_CACHE_MAX] __attribute__((aligned(64))); /* aligned for bulk copies of whole cache lines */
} __attribute__((aligned(64)));

/** The calling thread's number among those that use pools, from 1 to PKT_THREADS; 0 until it first uses one. */
extern __thread unsigned pkt_thread_number;

/** Makes the calling thread's cache; NULL when there are too many threads or no memory. What pkt_cache_get does at a
 * thread's first use of a pool. */
struct pkt_cache *pkt_cache_open(struct pkt_pool *pool);

/** The calling thread's cache of a pool, or NULL. Look it up once per burst. */
static inline struct pkt_cache *pkt_cache_get(struct pkt_pool *pool)
{
	unsigned number = pkt_thread_number;
	if (__builtin_expect(number != 0 && pool->caches[number - 1] != NULL, 1))
		return pool->caches[number - 1];
	return pkt_cache_open(pool);
}

/** Brings at least n (at most PKT_BLOCK) buffers into the cache from the depot; false when the pool is empty. */
bool pkt_cache_fill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n);

/** Moves blocks to the depot until at least n (at most PKT_BLOCK) more buffers fit. Never fails. */
void pkt_cache_spill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n);

/**
 * Takes exactly n (at most PKT_BLOCK) buffers. Returns where their pointers stand, which are to be copied before
 * anything else touches the cache; NULL, and nothing is taken, when the pool cannot give n.
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
	pkt_debug_follow(pool, &cache->buffers[count - n], n, true);
	return &cache->buffers[count - n];
}

/** Makes room for n (at most PKT_BLOCK) buffer pointers and returns where to write them. They are free once
 * pkt_cache_put was called. */
static inline uint8_t **pkt_cache_room(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	if (__builtin_expect(cache->count + n > PKT_CACHE_MAX, 0))
		pkt_cache_spill(pool, cache, n);
	return &cache->buffers[cache->count];
}

/** Adds the n buffer pointers that were written at pkt_cache_room. */
static inline void pkt_cache_put(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	pkt_debug_follow(pool, &cache->buffers[cache->count], n, false);
	__atomic_store_n(&cache->count, cache->count + n, __ATOMIC_RELAXED);
}

/** Gives n buffers back, each to its own pool, given pointers to anywhere in them. For packets of any pool. */
void pkt_free_data(uint8_t *const *data, unsigned n);
