/* SPDX-License-Identifier: BSD-2-Clause
 * The threads' side of packet pools: numbers of threads, their caches, and packets taken and given back through them.
 *
 * A cache fills when it is empty and spills when it is full, one block each time. So between a fill and a spill lie
 * more than PKT_CACHE_MAX - 2 * PKT_BLOCK packets, and a thread that frees what it takes hardly ever comes to the
 * depot. A cache spills from the end that it takes from. Those buffers were used last, so another thread that gets them
 * finds them in a cache that the CPUs share; and spilling from the other end would move the whole array. */
#include "cache.h"

#include "bulk.h"
#include "depot.h"
#include "hot.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(PKT_CACHE_MAX >= 4 * PKT_BLOCK && PKT_CACHE_MAX % PKT_BLOCK == 0, "a cache is some blocks");
_Static_assert(sizeof(struct pkt) == 16 && offsetof(struct pkt, data) == 0, "a handle is a pointer and 8 bytes more");

__thread unsigned pkt_thread_number;

/* The pool and cache that the calling thread freed packets to last, which is where its next ones mostly belong. They
 * are valid while no further pool is closed. */
static __thread struct last_freed {
	struct pkt_pool *pool;
	struct pkt_cache *cache;
	uint64_t pools_closed; /* so many were closed then; UINT64_MAX: nothing was freed yet */
} last_freed = {.pools_closed = UINT64_MAX};

/* Of threads, under the registry's lock. */
static bool number_in_use[PKT_THREADS]; /* by number - 1 */
static pthread_key_t key;
static bool key_made;

/* Runs at the end of a thread. What its caches hold goes back to the depots; its number goes to the next thread, and
 * the empty caches with it. */
static void thread_end(void *value)
{
	unsigned number = (unsigned)(uintptr_t)value;
	pthread_mutex_lock(&pkt_registry_lock);
	for (unsigned i = 0; i < PKT_POOLS; i++) {
		struct pkt_pool *pool = pkt_registry_at(i);
		struct pkt_cache *cache = pool ? pool->caches[number - 1] : NULL;
		if (!cache)
			continue;
		pkt_depot_give(pool->depot, cache->buffers, cache->count);
		__atomic_store_n(&cache->count, 0, __ATOMIC_RELAXED);
	}
	number_in_use[number - 1] = false;
	pthread_mutex_unlock(&pkt_registry_lock);
	/* Destructors of others, which run later, may free packets. The thread then gets a number again, and this runs
	 * again. */
	pkt_thread_number = 0;
	last_freed.pools_closed = UINT64_MAX;
}

/* Gives the calling thread a number that no other has. False: there is none left. */
static bool thread_begin(void)
{
	unsigned number = 1;
	pthread_mutex_lock(&pkt_registry_lock);
	if (!key_made)
		key_made = pthread_key_create(&key, thread_end) == 0;
	while (number <= PKT_THREADS && number_in_use[number - 1])
		number++;
	if (key_made && number <= PKT_THREADS && pthread_setspecific(key, (void *)(uintptr_t)number) == 0) {
		number_in_use[number - 1] = true;
		pkt_thread_number = number;
	}
	pthread_mutex_unlock(&pkt_registry_lock);
	return pkt_thread_number != 0;
}

struct pkt_cache *pkt_cache_open(struct pkt_pool *pool)
{
	if (pkt_thread_number == 0 && !thread_begin())
		return NULL;
	struct pkt_cache *cache = pool->caches[pkt_thread_number - 1];
	if (!cache) {
		cache = hot_alloc(sizeof(*cache));
		if (!cache)
			return NULL;
		cache->count = 0;
		__atomic_store_n(&pool->caches[pkt_thread_number - 1], cache, __ATOMIC_RELEASE);
	}
	return cache;
}

bool pkt_cache_fill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	unsigned count = cache->count;
	while (count < n) {
		unsigned taken = pkt_depot_take(pool->depot, &cache->buffers[count]);
		if (taken == 0)
			break;
		count += taken;
	}
	__atomic_store_n(&cache->count, count, __ATOMIC_RELAXED);
	return count >= n;
}

void pkt_cache_spill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	unsigned count = cache->count;
	while (count + n > PKT_CACHE_MAX) {
		count -= PKT_BLOCK;
		pkt_depot_give(pool->depot, &cache->buffers[count], PKT_BLOCK);
	}
	__atomic_store_n(&cache->count, count, __ATOMIC_RELAXED);
}

/* Fewer packets than this are moved one by one: a bulk function would cost more than it saves. */
#define BULK_MIN 4u

/* Allocates any number of packets, whatever the cache holds. */
static __attribute__((noinline)) unsigned alloc_many(struct pkt_pool *pool, struct pkt *pkts, unsigned n)
{
	struct pkt_cache *cache = pkt_cache_get(pool);
	if (!cache)
		return 0;
	unsigned done = 0;
	while (done < n) {
		unsigned count = n - done < PKT_BLOCK ? n - done : PKT_BLOCK;
		uint8_t **buffers = pkt_cache_take(pool, cache, count);
		if (!buffers) {
			/* the depot is empty: the last buffers are those in the cache */
			count = cache->count;
			n = done + count;
			buffers = pkt_cache_take(pool, cache, count);
		}
		pool->bulk->make(&pkts[done], buffers, count);
		done += count;
	}
	return done;
}

/* A few packets that are in the cache need neither a call nor a saved register. */
unsigned pkt_alloc(struct pkt_pool *pool, struct pkt *pkts, unsigned n)
{
	struct pkt_cache *cache = pkt_thread_number != 0 ? pool->caches[pkt_thread_number - 1] : NULL;
	if (n >= BULK_MIN || !cache || cache->count < n)
		return alloc_many(pool, pkts, n);
	uint8_t **buffers = pkt_cache_take(pool, cache, n);
	for (unsigned i = 0; i < n; i++)
		pkt_make(&pkts[i], buffers[i]);
	return n;
}

/* Frees packets from the front of an array: at most PKT_BLOCK, and only as many as are of one pool. The array is of
 * handles or of pointers: stride_bytes lie from one data pointer to the next. A pointer into no open pool is skipped;
 * it ends the process in debug builds. @return how many are done, at least 1 */
static unsigned free_run(const void *first, size_t stride_bytes, unsigned n)
{
	const uint8_t *at = first;
	uint8_t *const *data = (uint8_t *const *)at;
	const uint64_t pools_closed = __atomic_load_n(&pkt_pools_closed, __ATOMIC_RELAXED);
	struct pkt_pool *pool = pkt_registry_find(*data);
	if (!pool || (uint64_t)*data - (uint64_t)pool->base > pool->last_offset) {
		pkt_debug_foreign(*data);
		return 1;
	}

	if (n > PKT_BLOCK)
		n = PKT_BLOCK;
	/* without a cache (there are too many threads) the buffers go straight to the depot */
	uint8_t *uncached[PKT_BLOCK];
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint8_t **room = cache ? pkt_cache_room(pool, cache, n) : uncached;
	unsigned i = 0;
	for (; i < n; i++, at += stride_bytes) {
		data = (uint8_t *const *)at;
		uint64_t offset = (uint64_t)*data - (uint64_t)pool->base;
		if (offset > pool->last_offset)
			break;
		room[i] = pkt_default_data_sized(pool, offset);
	}
	if (cache) {
		pkt_cache_put(pool, cache, i);
		if (pool->buffer_bytes == PKT_BUFFER_BYTES) /* pkt_free knows no others */
			last_freed = (struct last_freed){pool, cache, pools_closed};
	} else {
		pkt_debug_follow(pool, uncached, i, false);
		pkt_depot_give(pool->depot, uncached, i);
	}
	return i;
}

static inline bool last_freed_is_valid(void)
{
	return __builtin_expect(last_freed.pools_closed == __atomic_load_n(&pkt_pools_closed, __ATOMIC_RELAXED), 1);
}

/* Frees any number of packets, of any pools. */
static __attribute__((noinline)) void free_many(const struct pkt *pkts, unsigned n)
{
	while (n > 0) {
		unsigned run = n < PKT_BLOCK ? n : PKT_BLOCK;
		struct pkt_pool *pool = last_freed.pool;
		struct pkt_cache *cache = last_freed.cache;
		if (last_freed_is_valid() &&
			pool->bulk->buffers_of_pkts(pool, pkt_cache_room(pool, cache, run), pkts, run))
			pkt_cache_put(pool, cache, run);
		else
			run = free_run(&pkts[0].data, sizeof(pkts[0]), run);
		pkts += run;
		n -= run;
	}
}

/* A few packets of the pool that packets were freed to last need neither a call nor a saved register. */
void pkt_free(const struct pkt *pkts, unsigned n)
{
	struct pkt_pool *pool = last_freed.pool;
	struct pkt_cache *cache = last_freed.cache;
	if (n >= BULK_MIN || !last_freed_is_valid() || cache->count + n > PKT_CACHE_MAX) {
		free_many(pkts, n);
		return;
	}
	uint8_t **room = &cache->buffers[cache->count];
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)pkts[i].data - (uint64_t)pool->base;
		if (__builtin_expect(offset > pool->last_offset, 0)) {
			free_many(pkts, n);
			return;
		}
		room[i] = pkt_default_data(pool, offset);
	}
	pkt_cache_put(pool, cache, n);
}

void pkt_free_data(uint8_t *const *data, unsigned n)
{
	for (unsigned done = 0; done < n;)
		done += free_run(&data[done], sizeof(data[0]), n - done);
}

/* ---- Debug builds ---- */

#ifdef POLLUX_DEBUG
void pkt_debug_follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, bool out)
{
	const char *wrong = out ? "handed out twice" : "freed twice";

	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)buffers[i] - (uint64_t)pool->base;
		uint64_t index = offset / pool->buffer_bytes;
		if (offset > pool->last_offset || offset % pool->buffer_bytes != PKT_DEFAULT_OFFSET) {
			fprintf(stderr, "pollux: %p is not where a packet of this pool starts (%s)\n",
				(void *)buffers[i], wrong);
			abort();
		}
		/* Releasing and acquiring: what threads do with a buffer one after the other is in order for tools that
		 * look for races. */
		if (__atomic_exchange_n(&pool->out[index], out, __ATOMIC_ACQ_REL) == out) {
			fprintf(stderr, "pollux: packet %llu of the pool of %u, at %p, was %s\n",
				(unsigned long long)index, pool->count, (void *)buffers[i], wrong);
			abort();
		}
	}
}

void pkt_debug_foreign(const uint8_t *data)
{
	fprintf(stderr, "pollux: %p was freed, but is in no packet of an open pool\n", (const void *)data);
	abort();
}
#endif
