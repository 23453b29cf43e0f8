/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of packet pools as one thread sees them: exact counts, distinct buffers, mixed pools, closing, and the caches.
 */
#include "../../mempool/cache.c"
#include "../../mempool/depot.c"
#include "../../mempool/open.c"

#include "../../vfio/space.h"

#include "unit.h"

static struct dma_space *space;

static int space_begin(void)
{
	return dma_space_open(&space);
}

static int space_end(void)
{
	dma_space_unref(space);
	return 0;
}

static struct pkt_pool *open_pool(unsigned count)
{
	struct pkt_pool *pool;
	int error = pkt_pool_open(&pool, space, count, -1);
	if (error)
		printf("\n    pkt_pool_open: %s ", pollux_error());
	CU_ASSERT_EQUAL_FATAL(error, 0);
	return pool;
}

/* A buffer's index, having checked that data is at the default position of one. */
static unsigned index_of(const struct pkt_pool *pool, const uint8_t *data)
{
	uint64_t offset = (uint64_t)(data - pool->base);
	CU_ASSERT_EQUAL(offset % PKT_BUFFER_BYTES, PKT_METADATA_BYTES + PKT_HEADROOM_BYTES);
	CU_ASSERT_FATAL(offset <= pool->last_offset);
	return (unsigned)(offset / PKT_BUFFER_BYTES);
}

static void every_packet_can_be_had_once(void)
{
	static const unsigned counts[] = {1, 2, 63, 64, 65, 500, 511, 512, 513, 1000, 4096, 5000};
	for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		unsigned count = counts[c];
		for (unsigned burst = 1; burst <= 200; burst = burst * 3 + 1) {
			struct pkt_pool *pool = open_pool(count);
			struct pkt *pkts = calloc(count + burst, sizeof(*pkts));
			bool *seen = calloc(pool->last_offset / PKT_BUFFER_BYTES + 1, sizeof(*seen));
			unsigned had = 0, n;
			CU_ASSERT_EQUAL(pkt_pool_available(pool), count);
			while ((n = pkt_alloc(pool, &pkts[had], burst)) > 0) {
				had += n;
				CU_ASSERT(n == burst || had == count);
				CU_ASSERT_EQUAL(pkt_pool_available(pool), count - had);
			}
			CU_ASSERT_EQUAL(had, count);
			for (unsigned i = 0; i < had; i++) {
				unsigned index = index_of(pool, pkts[i].data);
				CU_ASSERT_FALSE(seen[index]);
				seen[index] = true;
				CU_ASSERT(pkts[i].len == 0 && pkts[i].flags == 0 && pkts[i].hash == 0);
			}
			CU_ASSERT_EQUAL(pkt_pool_close(pool), -EBUSY);
			for (unsigned i = 0; i < had; i += burst)
				pkt_free(&pkts[i], had - i < burst ? had - i : burst);
			CU_ASSERT_EQUAL(pkt_pool_available(pool), count);
			CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
			free(pkts);
			free(seen);
		}
	}
}

static void a_new_pool_is_handed_out_from_the_front(void)
{
	struct pkt_pool *pool = open_pool(1000);
	struct pkt pkts[128];
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 128), 128);
	for (unsigned i = 0, place = 0; i < 128; i++, place++) {
		/* one that would lie across 64 KiB is left out */
		if (place * PKT_BUFFER_BYTES / BOUNDARY_BYTES != ((place + 1) * PKT_BUFFER_BYTES - 1) / BOUNDARY_BYTES)
			place++;
		CU_ASSERT_EQUAL(index_of(pool, pkts[i].data), place);
	}
	pkt_free(pkts, 128);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void any_pointer_into_a_buffer_leads_to_its_data(void)
{
	/* arithmetic only: no memory of the largest pool is touched */
	struct pkt_pool pool = {.base = (uint8_t *)(UINT64_C(1) << 40), .count = PKT_POOL_MAX};
	unsigned wrong = 0;
	for (uint64_t i = 0; i < PKT_POOL_MAX; i++) {
		static const unsigned places[] = {0, 1, 63, 64, 191, 192, 193, 1000, 2047, 2175, 2176, 2239};
		uint8_t *data = pool.base + i * PKT_BUFFER_BYTES + PKT_METADATA_BYTES + PKT_HEADROOM_BYTES;
		for (unsigned k = 0; k < sizeof(places) / sizeof(places[0]); k++)
			wrong += pkt_default_data(&pool, i * PKT_BUFFER_BYTES + places[k]) != data;
	}
	for (uint64_t i = 0; i < 3000; i++)
		for (uint64_t place = 0; place < PKT_BUFFER_BYTES; place++)
			wrong += pkt_default_data(&pool, i * PKT_BUFFER_BYTES + place) !=
				 pool.base + i * PKT_BUFFER_BYTES + PKT_METADATA_BYTES + PKT_HEADROOM_BYTES;
	CU_ASSERT_EQUAL(wrong, 0);
}

static void moved_packets_come_back_at_the_default_position(void)
{
	struct pkt_pool *pool = open_pool(100);
	struct pkt pkts[100];
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 100), 100);
	bool before[PLACES(100, PKT_BUFFER_BYTES)] = {false}, after[PLACES(100, PKT_BUFFER_BYTES)] = {false};
	for (unsigned i = 0; i < 100; i++) {
		unsigned index = index_of(pool, pkts[i].data);
		before[index] = true;
		pkts[i].data = pool->base + index * PKT_BUFFER_BYTES + i * 2239 / 99;
	}
	pkt_free(pkts, 100);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), 100);
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 100), 100);
	for (unsigned i = 0; i < 100; i++)
		after[index_of(pool, pkts[i].data)] = true;
	CU_ASSERT_EQUAL(memcmp(before, after, sizeof(before)), 0);
	pkt_free(pkts, 100);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void packets_of_several_pools_each_find_their_own(void)
{
	enum { POOLS = 5, EACH = 333 };
	struct pkt_pool *pools[POOLS];
	static struct pkt pkts[POOLS * EACH];
	static uint8_t *data[POOLS * EACH];
	for (unsigned p = 0; p < POOLS; p++)
		pools[p] = open_pool(EACH + p * 1000);
	for (unsigned round = 0; round < 20; round++) {
		unsigned n = 0;
		for (unsigned p = 0; p < POOLS; p++) {
			CU_ASSERT_EQUAL_FATAL(pkt_alloc(pools[p], &pkts[n], EACH), EACH);
			n += EACH;
		}
		/* from long runs of one pool to a change at every packet */
		unsigned seed = round;
		for (unsigned i = n - 1; i > 0 && round > 0; i -= 1 + i % (21 - round) % i) {
			seed = seed * 1103515245 + 12345;
			unsigned other = (seed >> 8) % (i + 1);
			struct pkt swap = pkts[i];
			pkts[i] = pkts[other];
			pkts[other] = swap;
		}
		for (unsigned i = 0; i < n; i++)
			data[i] = pkts[i].data + i % 64;
		if (round % 2)
			pkt_free(pkts, n);
		else
			pkt_free_data(data, n);
		for (unsigned p = 0; p < POOLS; p++)
			CU_ASSERT_EQUAL(pkt_pool_available(pools[p]), EACH + p * 1000);
	}
	for (unsigned p = 0; p < POOLS; p++)
		CU_ASSERT_EQUAL(pkt_pool_close(pools[p]), 0);
}

static void closing_is_refused_while_packets_are_out(void)
{
	struct pkt_pool *pool = open_pool(700);
	struct pkt pkts[700];
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 3), 3);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "3 of the pool's 700 packets are out"));
	/* and nothing has changed */
	CU_ASSERT_EQUAL(pkt_pool_available(pool), 697);
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkts[3], 697), 697);
	pkt_free(pkts, 699);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "1 of the pool's 700 packets are out"));
	pkt_free(&pkts[699], 1);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	CU_ASSERT_EQUAL(pkt_pool_close(NULL), 0);
}

static void a_pool_keeps_its_space(void)
{
	struct dma_space *own;
	struct pkt_pool *pool;
	struct pkt pkts[10];
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&own), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, own, 10, -1), 0);
	dma_space_unref(own);
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 10), 10);
	for (unsigned i = 0; i < 10; i++)
		memset(pkts[i].data - PKT_HEADROOM_BYTES - PKT_METADATA_BYTES, 0xff, PKT_BUFFER_BYTES);
	pkt_free(pkts, 10);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void one_pool_too_many_is_refused(void)
{
	struct pkt_pool *pools[PKT_POOLS], *beyond;
	struct pkt pkts[PKT_POOLS];
	for (unsigned p = 0; p < PKT_POOLS; p++) {
		pools[p] = open_pool(p + 1);
		CU_ASSERT_EQUAL(pkt_alloc(pools[p], &pkts[p], 1), 1);
	}
	CU_ASSERT_EQUAL(pkt_pool_open(&beyond, space, 1, -1), -ENFILE);
	CU_ASSERT_PTR_NULL(beyond);
	pkt_free(pkts, PKT_POOLS);
	for (unsigned p = 0; p < PKT_POOLS; p++)
		CU_ASSERT_EQUAL(pkt_pool_close(pools[p]), 0);
	beyond = open_pool(1);
	CU_ASSERT_EQUAL(pkt_pool_close(beyond), 0);
}

static void senseless_pools_are_refused(void)
{
	struct pkt_pool *pool = (struct pkt_pool *)&space;
	CU_ASSERT_EQUAL(pkt_pool_open(&pool, space, 0, -1), -EINVAL);
	CU_ASSERT_PTR_NULL(pool);
	CU_ASSERT_EQUAL(pkt_pool_open(&pool, space, PKT_POOL_MAX + 1, -1), -EINVAL);
	CU_ASSERT_EQUAL(pkt_pool_open(&pool, space, 1, -2), -EINVAL);
	CU_ASSERT_EQUAL(pkt_pool_open(&pool, NULL, 1, -1), -EINVAL);
	CU_ASSERT_PTR_NULL(pool);
}

static void the_mask_holds_the_memory_and_nothing_else(void)
{
	static const unsigned counts[] = {1, 2, 100, 1000, 3000};
	for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct pkt_pool *pool = open_pool(counts[c]);
		uint64_t base = (uint64_t)pool->base, span = ~pool->outside_mask + 1;
		CU_ASSERT_EQUAL(span & (span - 1), 0);
		CU_ASSERT_EQUAL(base % span, 0);
		CU_ASSERT(span >= pool->memory.bytes && span / 2 < pool->memory.bytes);
		CU_ASSERT_PTR_EQUAL(pkt_registry_find(pool->base), pool);
		CU_ASSERT_PTR_EQUAL(pkt_registry_find(pool->base + span - 1), pool);
		CU_ASSERT_PTR_NULL(pkt_registry_find(pool->base - 1));
		CU_ASSERT_PTR_NULL(pkt_registry_find(pool->base + span));
		CU_ASSERT_PTR_NULL(pkt_registry_find(NULL));
		CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	}
}

static void a_thread_that_frees_what_it_takes_leaves_the_depot_alone(void)
{
	struct pkt_pool *pool = open_pool(4096);
	struct pkt pkts[64];
	unsigned exchanges = 0;
	for (unsigned burst = 1; burst <= 64; burst++) {
		CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, burst), burst);
		pkt_free(pkts, burst);
		unsigned before = pkt_depot_available(pool->depot);
		for (unsigned i = 0; i < 1000; i++) {
			CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, burst), burst);
			pkt_free(pkts, burst);
			exchanges += pkt_depot_available(pool->depot) != before;
		}
	}
	CU_ASSERT_EQUAL(exchanges, 0);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

/* The worst a program can do: it may not cost more than one exchange per PKT_BLOCK packets that pass. */
static void exchanges_are_at_most_one_per_block(void)
{
	enum { COUNT = 4096 };
	struct pkt_pool *pool = open_pool(COUNT);
	static struct pkt pkts[COUNT];
	unsigned out = 0, seed = 1, exchanges = 0, passed = 0;
	for (unsigned i = 0; i < 100000; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned n = 1 + (seed >> 16) % PKT_BLOCK, before = pkt_depot_available(pool->depot);
		bool take = (seed >> 24) & 1;
		if (take ? out + n > COUNT : out < n)
			continue;
		if (take) {
			CU_ASSERT_EQUAL(pkt_alloc(pool, &pkts[out], n), n);
			out += n;
		} else {
			out -= n;
			pkt_free(&pkts[out], n);
		}
		passed += n;
		exchanges += pkt_depot_available(pool->depot) != before;
		CU_ASSERT_EQUAL(pkt_pool_available(pool), COUNT - out);
		CU_ASSERT(pool->caches[pkt_thread_number - 1]->count <= PKT_CACHE_MAX);
	}
	CU_ASSERT(exchanges <= passed / PKT_BLOCK + 1);
	pkt_free(pkts, out);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void bulk_taking_is_all_or_nothing(void)
{
	struct pkt_pool *pool = open_pool(100);
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint8_t *mine[100], **at;
	CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
	at = pkt_cache_take(pool, cache, 60);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memcpy(mine, at, 60 * sizeof(*at));
	CU_ASSERT_PTR_NULL(pkt_cache_take(pool, cache, 41));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), 40);
	at = pkt_cache_take(pool, cache, 40);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memcpy(&mine[60], at, 40 * sizeof(*at));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), 0);
	CU_ASSERT_PTR_NULL(pkt_cache_take(pool, cache, 1));
	for (unsigned i = 0; i < 100; i += 50) {
		memcpy(pkt_cache_room(pool, cache, 50), &mine[i], 50 * sizeof(*mine));
		pkt_cache_put(pool, cache, 50);
	}
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void leftovers_are_merged_into_whole_blocks(void)
{
	struct pkt_depot *depot = pkt_depot_open((uint8_t *)4096, PKT_BUFFER_BYTES, 0, 10000);
	uint8_t *all[10000], *block[PKT_BLOCK];
	unsigned had = 0, n;
	CU_ASSERT_PTR_NOT_NULL_FATAL(depot);
	while ((n = pkt_depot_take(depot, block)) > 0) {
		memcpy(&all[had], block, n * sizeof(block[0]));
		had += n;
	}
	CU_ASSERT_EQUAL(had, 10000);
	CU_ASSERT_EQUAL(pkt_depot_available(depot), 0);
	for (unsigned i = 0; i < had; i += 10)
		pkt_depot_give(depot, &all[i], 10);
	CU_ASSERT_EQUAL(pkt_depot_available(depot), 10000);
	for (unsigned i = 0; i < 10000 / PKT_BLOCK; i++)
		CU_ASSERT_EQUAL(pkt_depot_take(depot, block), PKT_BLOCK);
	CU_ASSERT_EQUAL(pkt_depot_take(depot, block), 10000 % PKT_BLOCK);
	CU_ASSERT_EQUAL(pkt_depot_take(depot, block), 0);
	pkt_depot_close(depot);
}

/* Of any number of buffers: all are there, none lies across 64 KiB, and the places that a pool has suffice. */
static void no_buffer_lies_across_64_kib(void)
{
	unsigned wrong = 0;

	for (unsigned count = 1; count < 12000; count += count < 900 ? 1 : 31) {
		struct pkt_depot *depot =
			pkt_depot_open((uint8_t *)BOUNDARY_BYTES, PKT_BUFFER_BYTES, BOUNDARY_BYTES, count);
		uint8_t *block[PKT_BLOCK];
		uint64_t begin = 0, before = 0;
		unsigned had = 0, n;
		CU_ASSERT_PTR_NOT_NULL_FATAL(depot);
		while ((n = pkt_depot_take(depot, block)) > 0) {
			had += n;
			for (unsigned i = 0; i < n; i++) {
				begin = (uint64_t)block[i];
				wrong += begin / BOUNDARY_BYTES != (begin + PKT_BUFFER_BYTES - 1) / BOUNDARY_BYTES;
				wrong += begin % PKT_BUFFER_BYTES != BOUNDARY_BYTES % PKT_BUFFER_BYTES ||
					 begin <= before;
				before = begin;
			}
		}
		wrong += had != count || (begin - BOUNDARY_BYTES) / PKT_BUFFER_BYTES >= PLACES(count, PKT_BUFFER_BYTES);
		pkt_depot_close(depot);
	}
	CU_ASSERT_EQUAL(wrong, 0);

	/* I/O addresses are a multiple of a gigabyte away from the pointers */
	struct pkt_pool *pool = open_pool(3000);
	CU_ASSERT_EQUAL((uintptr_t)pool->base % BOUNDARY_BYTES, 0);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

static void more_pointers_than_a_depot_ever_had_do_not_hang_it(void)
{
	struct pkt_depot *depot = pkt_depot_open((uint8_t *)4096, PKT_BUFFER_BYTES, 0, 100);
	uint8_t *block[PKT_BLOCK] = {NULL};
	for (unsigned i = 0; i < 10 * SPARE_BLOCKS; i++)
		pkt_depot_give(depot, block, i % PKT_BLOCK + 1);
	CU_ASSERT(pkt_depot_available(depot) >= 100);
	pkt_depot_close(depot);
}

static void a_stack_that_went_away_and_came_back_is_not_taken_for_the_same(void)
{
	struct pkt_depot *depot = pkt_depot_open((uint8_t *)4096, PKT_BUFFER_BYTES, 0, 1000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(depot);
	uint64_t seen = depot->full;
	struct block *first = pop(depot, &depot->full), *second = pop(depot, &depot->full);
	push(depot, &depot->full, first);
	/* first is on top again, but second no longer below it */
	CU_ASSERT_EQUAL(seen & HEAD_INDEX_MASK, depot->full & HEAD_INDEX_MASK);
	CU_ASSERT_NOT_EQUAL(seen, depot->full);
	push(depot, &depot->full, second);
	pkt_depot_close(depot);
}

static void slack_is_what_caches_can_hold_back(void)
{
	CU_ASSERT_EQUAL(pkt_pool_slack(0), 0);
	CU_ASSERT_EQUAL(pkt_pool_slack(1), PKT_CACHE_MAX);
	CU_ASSERT_EQUAL(pkt_pool_slack(8), 8 * PKT_CACHE_MAX);
	CU_ASSERT_EQUAL(pkt_pool_slack(1000000000), PKT_THREADS * PKT_CACHE_MAX);
	struct pkt_pool *pool = open_pool(77);
	CU_ASSERT_EQUAL(pkt_pool_count(pool), 77);
	CU_ASSERT_EQUAL(pkt_pool_page_bytes(pool), pool->memory.page_bytes);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

#ifndef POLLUX_DEBUG
static void a_pointer_of_no_pool_is_left_alone(void)
{
	struct pkt_pool *pool = open_pool(5);
	uint8_t elsewhere[64];
	struct pkt pkts[5];
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 5), 5);
	/* beyond the last buffer, but within the pages; on the stack; nowhere; and true ones among them */
	uint8_t *data[] = {pkts[0].data, pool->base + 5 * PKT_BUFFER_BYTES, elsewhere, pkts[1].data, NULL, pkts[2].data,
		pkts[3].data, pool->base - 1, pkts[4].data};
	pkt_free_data(data, sizeof(data) / sizeof(data[0]));
	CU_ASSERT_EQUAL(available(pool), 5);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}
#endif

int main(void)
{
	CU_TestInfo tests[] = {
		{"every packet can be had once", every_packet_can_be_had_once},
		{"a new pool is handed out from the front", a_new_pool_is_handed_out_from_the_front},
		{"any pointer into a buffer leads to its data", any_pointer_into_a_buffer_leads_to_its_data},
		{"moved packets come back at the default position", moved_packets_come_back_at_the_default_position},
		{"packets of several pools each find their own", packets_of_several_pools_each_find_their_own},
		{"closing is refused while packets are out", closing_is_refused_while_packets_are_out},
		{"a pool keeps its space", a_pool_keeps_its_space},
		{"one pool too many is refused", one_pool_too_many_is_refused},
		{"senseless pools are refused", senseless_pools_are_refused},
		{"the mask holds the memory and nothing else", the_mask_holds_the_memory_and_nothing_else},
		{"a thread that frees what it takes leaves the depot alone",
			a_thread_that_frees_what_it_takes_leaves_the_depot_alone},
		{"exchanges are at most one per block", exchanges_are_at_most_one_per_block},
		{"bulk taking is all or nothing", bulk_taking_is_all_or_nothing},
		{"leftovers are merged into whole blocks", leftovers_are_merged_into_whole_blocks},
		{"no buffer lies across 64 KiB", no_buffer_lies_across_64_kib},
		{"more pointers than a depot ever had do not hang it",
			more_pointers_than_a_depot_ever_had_do_not_hang_it},
		{"a stack that went away and came back is not taken for the same",
			a_stack_that_went_away_and_came_back_is_not_taken_for_the_same},
		{"slack is what caches can hold back", slack_is_what_caches_can_hold_back},
#ifndef POLLUX_DEBUG
		{"a pointer of no pool is left alone", a_pointer_of_no_pool_is_left_alone},
#endif
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "pool", .pInitFunc = space_begin, .pCleanupFunc = space_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
