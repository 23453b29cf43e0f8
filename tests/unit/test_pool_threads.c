/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of packet pools under many threads: no packet is lost or handed out twice, and counts are exact afterwards.
 * Every holder writes plainly into its packets, so that a thread sanitizer sees it if two hold one, or if a hand-over
 * is not ordered. */
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
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, count, -1), 0);
	return pool;
}

static void start(pthread_t *thread, void *(*function)(void *), void *argument)
{
	CU_ASSERT_EQUAL_FATAL(pthread_create(thread, NULL, function, argument), 0);
}

/* What a holder writes into its packet, and finds there at the end. */
static void mark(const struct pkt *pkts, unsigned n, uint64_t value)
{
	for (unsigned i = 0; i < n; i++)
		memcpy(pkts[i].data, &value, sizeof(value));
}

static unsigned unmarked(const struct pkt *pkts, unsigned n, uint64_t value)
{
	unsigned wrong = 0;
	for (unsigned i = 0; i < n; i++)
		wrong += memcmp(pkts[i].data, &value, sizeof(value)) != 0;
	return wrong;
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* ---- Some threads only take, others only give back ---- */

#define RING 256u

struct pipe {
	struct pkt_pool *pool;
	unsigned total, wrong;
	struct pkt ring[RING];
	unsigned head __attribute__((aligned(64))); /* the taker's */
	unsigned tail __attribute__((aligned(64))); /* the giver's */
};

static void *taker(void *argument)
{
	struct pipe *pipe = argument;
	struct pkt pkts[48];
	for (unsigned done = 0, seed = 1; done < pipe->total;) {
		unsigned room = RING - (pipe->head - __atomic_load_n(&pipe->tail, __ATOMIC_ACQUIRE));
		unsigned n = 1 + next_random(&seed) % 48;
		n = n < room ? n : room;
		n = n < pipe->total - done ? n : pipe->total - done;
		n = pkt_alloc(pipe->pool, pkts, n);
		if (n == 0)
			sched_yield();
		mark(pkts, n, (uint64_t)pipe);
		for (unsigned i = 0; i < n; i++)
			pipe->ring[(pipe->head + i) % RING] = pkts[i];
		__atomic_store_n(&pipe->head, pipe->head + n, __ATOMIC_RELEASE);
		done += n;
	}
	return NULL;
}

static void *giver(void *argument)
{
	struct pipe *pipe = argument;
	struct pkt pkts[48];
	for (unsigned done = 0, seed = 2; done < pipe->total;) {
		unsigned n = 1 + next_random(&seed) % 48,
			 there = __atomic_load_n(&pipe->head, __ATOMIC_ACQUIRE) - pipe->tail;
		n = n < there ? n : there;
		if (n == 0)
			sched_yield();
		for (unsigned i = 0; i < n; i++)
			pkts[i] = pipe->ring[(pipe->tail + i) % RING];
		pipe->wrong += unmarked(pkts, n, (uint64_t)pipe);
		__atomic_store_n(&pipe->tail, pipe->tail + n, __ATOMIC_RELEASE);
		pkt_free(pkts, n);
		done += n;
	}
	return NULL;
}

static void packets_that_change_threads_are_never_lost(void)
{
	enum { PIPES = 3 };
	static struct pipe pipes[PIPES];
	pthread_t takers[PIPES], givers[PIPES];
	unsigned count = PIPES * RING + pkt_pool_slack(2 * PIPES);
	struct pkt_pool *pool = open_pool(count);
	for (unsigned i = 0; i < PIPES; i++) {
		pipes[i].pool = pool;
		pipes[i].total = 200000;
		start(&givers[i], giver, &pipes[i]);
		start(&takers[i], taker, &pipes[i]);
	}
	for (unsigned i = 0; i < PIPES; i++) {
		pthread_join(takers[i], NULL);
		pthread_join(givers[i], NULL);
		CU_ASSERT_EQUAL(pipes[i].wrong, 0);
	}
	CU_ASSERT_EQUAL(pkt_pool_available(pool), count);
	CU_ASSERT_EQUAL(pkt_depot_available(pool->depot), count);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

/* ---- Threads in each other's way: pools too small for all, packets of several pools at once ---- */

struct crowd {
	struct pkt_pool *pools[3];
	unsigned rounds, id, wrong, had;
};

static void *crowd_member(void *argument)
{
	struct crowd *self = argument;
	struct pkt pkts[512];
	unsigned out = 0, seed = self->id;
	for (unsigned i = 0; i < self->rounds; i++) {
		unsigned n = 1 + next_random(&seed) % 100;
		if (next_random(&seed) % 2) {
			n = n < 512 - out ? n : 512 - out;
			n = pkt_alloc(self->pools[next_random(&seed) % 3], &pkts[out], n);
			mark(&pkts[out], n, self->id);
			out += n;
			self->had += n;
		} else {
			n = n < out ? n : out;
			out -= n;
			self->wrong += unmarked(&pkts[out], n, self->id);
			pkt_free(&pkts[out], n);
		}
	}
	self->wrong += unmarked(pkts, out, self->id);
	pkt_free(pkts, out);
	return NULL;
}

static void a_pool_too_small_for_its_threads_stays_exact(void)
{
	enum { MEMBERS = 8 };
	static const unsigned counts[3] = {5, 200, 1500};
	struct crowd crowd[MEMBERS] = {0};
	struct pkt_pool *pools[3];
	pthread_t threads[MEMBERS];
	uint64_t had = 0;
	for (unsigned p = 0; p < 3; p++)
		pools[p] = open_pool(counts[p]);
	for (unsigned i = 0; i < MEMBERS; i++) {
		crowd[i] = (struct crowd){.pools = {pools[0], pools[1], pools[2]}, .rounds = 20000, .id = i + 1};
		start(&threads[i], crowd_member, &crowd[i]);
	}
	/* counting meanwhile is allowed, and gives something sensible */
	for (unsigned i = 0; i < 1000; i++)
		for (unsigned p = 0; p < 3; p++)
			CU_ASSERT(pkt_pool_available(pools[p]) <= counts[p]);
	for (unsigned i = 0; i < MEMBERS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(crowd[i].wrong, 0);
		had += crowd[i].had;
	}
	CU_ASSERT(had > 0);
	for (unsigned p = 0; p < 3; p++) {
		CU_ASSERT_EQUAL(pkt_pool_available(pools[p]), counts[p]);
		CU_ASSERT_EQUAL(pkt_pool_close(pools[p]), 0);
	}
}

/* ---- Threads that come and go ---- */

static unsigned highest_slot;

static void *visitor(void *argument)
{
	struct pkt_pool *pool = argument;
	struct pkt pkts[100];
	unsigned n = pkt_alloc(pool, pkts, 100);
	mark(pkts, n, 1);
	pkt_free(pkts, n);
	unsigned highest = __atomic_load_n(&highest_slot, __ATOMIC_RELAXED);
	while (pkt_thread_number > highest && !__atomic_compare_exchange_n(&highest_slot, &highest, pkt_thread_number,
						      false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return NULL;
}

static void threads_that_end_leave_their_packets_and_slots(void)
{
	enum { AT_ONCE = 4, TIMES = 1000 };
	struct pkt_pool *pool = open_pool(1000);
	highest_slot = 0;
	for (unsigned i = 0; i < TIMES; i += AT_ONCE) {
		pthread_t threads[AT_ONCE];
		for (unsigned k = 0; k < AT_ONCE; k++)
			start(&threads[k], visitor, pool);
		for (unsigned k = 0; k < AT_ONCE; k++)
			pthread_join(threads[k], NULL);
		CU_ASSERT_EQUAL(pkt_depot_available(pool->depot), 1000);
	}
	/* the main thread may have one too */
	CU_ASSERT(highest_slot <= AT_ONCE + 1);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

/* ---- More threads than there are slots ---- */

struct guest {
	struct pkt_pool *pool;
	pthread_barrier_t *barrier;
	struct pkt pkts[8]; /* to be freed, whether it has a slot or not */
	unsigned had, slotless;
};

static void *guest(void *argument)
{
	struct guest *self = argument;
	struct pkt pkts[8];
	self->had = pkt_alloc(self->pool, pkts, 8);
	self->slotless = pkt_thread_number == 0;
	pthread_barrier_wait(self->barrier);
	pkt_free(self->pkts, 8);
	pkt_free(pkts, self->had);
	pthread_barrier_wait(self->barrier);
	return NULL;
}

static void threads_beyond_the_slots_get_nothing_but_lose_nothing(void)
{
	enum { GUESTS = PKT_THREADS + 20, COUNT = GUESTS * 16 + GUESTS * PKT_BLOCK };
	static struct guest guests[GUESTS];
	static pthread_t threads[GUESTS];
	pthread_barrier_t barrier;
	struct pkt_pool *pool = open_pool(COUNT);
	unsigned slotless = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_barrier_init(&barrier, NULL, GUESTS), 0);
	for (unsigned i = 0; i < GUESTS; i++) {
		guests[i] = (struct guest){.pool = pool, .barrier = &barrier};
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, guests[i].pkts, 8), 8);
	}
	for (unsigned i = 0; i < GUESTS; i++)
		start(&threads[i], guest, &guests[i]);
	for (unsigned i = 0; i < GUESTS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(guests[i].had, guests[i].slotless ? 0 : 8);
		slotless += guests[i].slotless;
	}
	CU_ASSERT_EQUAL(slotless, GUESTS - (PKT_THREADS - 1));
	pthread_barrier_destroy(&barrier);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), COUNT);
	/* the slots are free again */
	start(&threads[0], visitor, pool);
	pthread_join(threads[0], NULL);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

/* ---- Pools that come and go beside threads that use others ---- */

static bool stop;

static void *opener(void *argument)
{
	unsigned *wrong = argument;
	struct pkt pkts[100];
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct pkt_pool *pools[4];
		for (unsigned p = 0; p < 4; p++) {
			if (pkt_pool_open(&pools[p], space, 50 * (p + 1), -1) != 0) {
				(*wrong)++;
				return NULL;
			}
			pkt_free(pkts, pkt_alloc(pools[p], pkts, 100));
		}
		for (unsigned p = 0; p < 4; p++)
			*wrong += pkt_pool_close(pools[p]) != 0;
	}
	return NULL;
}

static void pools_open_and_close_beside_others_in_use(void)
{
	enum { OPENERS = 2, MEMBERS = 3 };
	struct crowd crowd[MEMBERS] = {0};
	pthread_t openers[OPENERS], members[MEMBERS];
	unsigned wrong[OPENERS] = {0};
	struct pkt_pool *pool = open_pool(3000), *other = open_pool(2000);
	stop = false;
	for (unsigned i = 0; i < OPENERS; i++)
		start(&openers[i], opener, &wrong[i]);
	/* threads end while pools that they never knew are closing */
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < MEMBERS; i++) {
			crowd[i] = (struct crowd){.pools = {pool, other, pool}, .rounds = 300, .id = i + 1};
			start(&members[i], crowd_member, &crowd[i]);
		}
		for (unsigned i = 0; i < MEMBERS; i++) {
			pthread_join(members[i], NULL);
			CU_ASSERT_EQUAL(crowd[i].wrong, 0);
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < OPENERS; i++) {
		pthread_join(openers[i], NULL);
		CU_ASSERT_EQUAL(wrong[i], 0);
	}
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	CU_ASSERT_EQUAL(pkt_pool_close(other), 0);
}

/* ---- Threads whose own clean-up frees packets after the pool's ---- */

static pthread_key_t late_key;

static void late_free(void *value)
{
	struct pkt *pkt = value;
	pkt_free(pkt, 1);
}

static void *late(void *argument)
{
	struct pkt *pkt = argument;
	pthread_setspecific(late_key, pkt);
	return NULL;
}

static void a_packet_freed_while_its_thread_ends_is_not_lost(void)
{
	struct pkt_pool *pool = open_pool(100);
	struct pkt pkts[10];
	CU_ASSERT_EQUAL_FATAL(pthread_key_create(&late_key, late_free), 0);
	CU_ASSERT_EQUAL(pkt_alloc(pool, pkts, 10), 10);
	for (unsigned i = 0; i < 10; i++) {
		pthread_t thread;
		start(&thread, late, &pkts[i]);
		pthread_join(thread, NULL);
		CU_ASSERT_EQUAL(pkt_pool_available(pool), 91 + i);
	}
	pthread_key_delete(late_key);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"packets that change threads are never lost", packets_that_change_threads_are_never_lost},
		{"a pool too small for its threads stays exact", a_pool_too_small_for_its_threads_stays_exact},
		{"threads that end leave their packets and slots", threads_that_end_leave_their_packets_and_slots},
		{"threads beyond the slots get nothing but lose nothing",
			threads_beyond_the_slots_get_nothing_but_lose_nothing},
		{"pools open and close beside others in use", pools_open_and_close_beside_others_in_use},
		{"a packet freed while its thread ends is not lost", a_packet_freed_while_its_thread_ends_is_not_lost},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "pool threads", .pInitFunc = space_begin, .pCleanupFunc = space_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
