/* SPDX-License-Identifier: BSD-2-Clause
 * The threads' side of packet pools: slots of threads, their caches, and taking and giving back packets through them.
 *
 * A cache fills when it is empty and spills when it is full, one block each, so between a fill and a spill lie more
 * than PKT_CACHE_MAX - 2 * PKT_BLOCK packets, and a thread that frees what it takes never comes to the depot. It spills
 * from the end that it takes from: those buffers were used last, and whoever gets them finds them in a shared cache;
 * moving the other end would cost a move of the whole array. */
#include "cache.h"

#include "depot.h"
#include "hot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PKT_CACHE_MAX >= 4 * PKT_BLOCK && PKT_CACHE_MAX % PKT_BLOCK == 0, "a cache is some blocks");
_Static_assert(sizeof(struct pkt) == 16 && offsetof(struct pkt, data) == 0, "a handle is a pointer and 8 bytes more");
_Static_assert(PKT_THREADS % 64 == 0, "slots are bits of whole words");

__thread unsigned pkt_thread;

/* The pool and cache that the calling thread freed packets to last: good for as long as no pool is closed. */
static __thread struct {
	struct pkt_pool *pool;
	struct pkt_cache *cache;
	uint64_t pools_closed;
} last = {.pools_closed = UINT64_MAX};

static uint64_t slots[PKT_THREADS / 64]; /* a bit per slot in use */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static void slot_release(unsigned slot)
{
	__atomic_fetch_and(&slots[slot / 64], ~(UINT64_C(1) << slot % 64), __ATOMIC_RELEASE);
}

/* At the end of a thread: what its caches hold goes back to the depots, and the slot, with the empty caches, to the
 * next thread. */
static void thread_end(void *value)
{
	unsigned slot = (unsigned)(uintptr_t)value - 1;
	pthread_mutex_lock(&pkt_pools_lock);
	for (unsigned i = 0; i < PKT_POOLS; i++) {
		struct pkt_pool *pool = pkt_pool_at(i);
		struct pkt_cache *cache = pool ? pool->caches[slot] : NULL;
		if (!cache)
			continue;
		pkt_depot_give(pool->depot, cache->free, cache->count);
		__atomic_store_n(&cache->count, 0, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&pkt_pools_lock);
	/* destructors of others that run later may free packets: they then get a slot anew, and this runs again */
	pkt_thread = 0;
	last.pools_closed = UINT64_MAX;
	slot_release(slot);
}

static void key_make(void)
{
	key_made = pthread_key_create(&key, thread_end) == 0;
}

/* @return a slot that nobody uses; PKT_THREADS: there is none */
static unsigned slot_take(void)
{
	for (unsigned word = 0; word < PKT_THREADS / 64; word++) {
		uint64_t bits = __atomic_load_n(&slots[word], __ATOMIC_RELAXED);
		while (~bits) {
			unsigned bit = (unsigned)__builtin_ctzll(~bits);
			if (__atomic_compare_exchange_n(&slots[word], &bits, bits | UINT64_C(1) << bit, false,
				    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return word * 64 + bit;
		}
	}
	return PKT_THREADS;
}

static bool thread_begin(void)
{
	pthread_once(&key_once, key_make);
	unsigned slot = key_made ? slot_take() : PKT_THREADS;
	if (slot == PKT_THREADS)
		return false;
	if (pthread_setspecific(key, (void *)(uintptr_t)(slot + 1)) != 0) {
		slot_release(slot);
		return false;
	}
	pkt_thread = slot + 1;
	return true;
}

struct pkt_cache *pkt_cache_open(struct pkt_pool *pool)
{
	if (pkt_thread == 0 && !thread_begin())
		return NULL;
	struct pkt_cache *cache = pool->caches[pkt_thread - 1];
	if (!cache) {
		cache = hot_alloc(sizeof(*cache));
		if (!cache)
			return NULL;
		cache->count = 0;
		__atomic_store_n(&pool->caches[pkt_thread - 1], cache, __ATOMIC_RELEASE);
	}
	return cache;
}

bool pkt_cache_fill(struct pkt_pool *pool, struct pkt_cache *cache, unsigned n)
{
	unsigned count = cache->count;
	while (count < n) {
		unsigned taken = pkt_depot_take(pool->depot, &cache->free[count]);
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
		pkt_depot_give(pool->depot, &cache->free[count], PKT_BLOCK);
	}
	__atomic_store_n(&cache->count, count, __ATOMIC_RELAXED);
}

/* Less than these take a short way of their own: the bulk functions cost more than they save. */
#define FEW 4u

/* Any number, and whatever the cache holds. */
static __attribute__((noinline)) unsigned alloc_many(struct pkt_pool *pool, struct pkt *pkts, unsigned n)
{
	struct pkt_cache *cache = pkt_cache_get(pool);
	if (!cache)
		return 0;
	unsigned done = 0;
	while (done < n) {
		unsigned count = n - done < PKT_BLOCK ? n - done : PKT_BLOCK;
		uint8_t **data = pkt_cache_take(pool, cache, count);
		if (!data) {
			/* the depot is empty: what the cache has is the last */
			count = cache->count;
			if (count == 0)
				break;
			data = pkt_cache_take(pool, cache, count);
			n = done + count;
		}
		pool->bulk->hand_out(&pkts[done], data, count);
		done += count;
	}
	return done;
}

/* A few that are in the cache need neither a call nor a saved register. */
unsigned pkt_alloc(struct pkt_pool *pool, struct pkt *pkts, unsigned n)
{
	struct pkt_cache *cache = pkt_thread != 0 ? pool->caches[pkt_thread - 1] : NULL;
	if (n >= FEW || !cache || cache->count < n)
		return alloc_many(pool, pkts, n);
	uint8_t **data = pkt_cache_take(pool, cache, n);
	for (unsigned i = 0; i < n; i++)
		pkt_hand_out(&pkts[i], data[i]);
	return n;
}

/* A pointer of no pool is nobody's to free: debug builds end the process, others leave it alone. */
static void free_foreign(const uint8_t *data)
{
#ifdef POLLUX_DEBUG
	fprintf(stderr, "pollux: %p was freed, but is in no packet of an open pool\n", (const void *)data);
	abort();
#else
	(void)data;
#endif
}

/**
 * Frees packets from the front of an array, up to PKT_BLOCK and as many as are of one pool. stride_bytes from one data
 * pointer to the next serves arrays of handles and of pointers alike.
 * @return how many it is done with, at least 1
 */
static unsigned free_run(const void *first, size_t stride_bytes, unsigned n)
{
	const uint8_t *at = first;
	uint8_t *const *data = (uint8_t *const *)at;
	const uint64_t pools_closed = __atomic_load_n(&pkt_pools_closed, __ATOMIC_RELAXED);
	struct pkt_pool *pool = pkt_pool_of(*data);
	if (!pool || (uint64_t)*data - (uint64_t)pool->base > pool->last) {
		free_foreign(*data);
		return 1;
	}

	if (n > PKT_BLOCK)
		n = PKT_BLOCK;
	/* without a cache (too many threads) the pointers go straight to the depot */
	uint8_t *straight[PKT_BLOCK];
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint8_t **room = cache ? pkt_cache_room(pool, cache, n) : straight;
	unsigned i = 0;
	for (; i < n; i++, at += stride_bytes) {
		data = (uint8_t *const *)at;
		uint64_t offset = (uint64_t)*data - (uint64_t)pool->base;
		if (offset > pool->last)
			break;
		room[i] = pkt_default_data(pool, offset);
	}
	if (cache) {
		pkt_cache_put(pool, cache, i);
		last.pool = pool;
		last.cache = cache;
		last.pools_closed = pools_closed;
	} else {
		pkt_debug_freed(pool, straight, i);
		pkt_depot_give(pool->depot, straight, i);
	}
	return i;
}

/* Whether the pool that the thread freed packets to last is still the one to look at first. */
static inline bool last_is_open(void)
{
	return __builtin_expect(last.pools_closed == __atomic_load_n(&pkt_pools_closed, __ATOMIC_RELAXED), 1);
}

/* Any number, of any pools. */
static __attribute__((noinline)) void free_many(const struct pkt *pkts, unsigned n)
{
	while (n > 0) {
		unsigned run = n < PKT_BLOCK ? n : PKT_BLOCK;
		struct pkt_pool *pool = last.pool;
		if (last_is_open() && pool->bulk->bring_home(pool, pkt_cache_room(pool, last.cache, run), pkts, run))
			pkt_cache_put(pool, last.cache, run);
		else
			run = free_run(&pkts[0].data, sizeof(pkts[0]), run);
		pkts += run;
		n -= run;
	}
}

/* A few of the pool that was last need neither a call nor a saved register. */
void pkt_free(const struct pkt *pkts, unsigned n)
{
	struct pkt_pool *pool = last.pool;
	struct pkt_cache *cache = last.cache;
	if (n >= FEW || !last_is_open() || cache->count + n > PKT_CACHE_MAX) {
		free_many(pkts, n);
		return;
	}
	uint8_t **room = &cache->free[cache->count];
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)pkts[i].data - (uint64_t)pool->base;
		if (__builtin_expect(offset > pool->last, 0)) {
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

#ifdef POLLUX_DEBUG
static void follow(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n, uint8_t out, const char *wrong)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = (uint64_t)buffers[i] - (uint64_t)pool->base;
		uint64_t index = offset / PKT_BUFFER_BYTES;
		if (offset > pool->last || offset % PKT_BUFFER_BYTES != PKT_DEFAULT_OFFSET) {
			fprintf(stderr, "pollux: %p is not where a packet of this pool starts (%s)\n",
				(void *)buffers[i], wrong);
			abort();
		}
		/* releasing and acquiring, so that a buffer's way through other threads is ordered for who follows it
		 */
		if (__atomic_exchange_n(&pool->out[index], out, __ATOMIC_ACQ_REL) == out) {
			fprintf(stderr, "pollux: packet %llu of the pool of %u, at %p, was %s\n",
				(unsigned long long)index, pool->count, (void *)buffers[i], wrong);
			abort();
		}
	}
}

void pkt_debug_taken(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n)
{
	follow(pool, buffers, n, 1, "handed out twice");
}

void pkt_debug_freed(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n)
{
	follow(pool, buffers, n, 0, "freed twice");
}
#endif
