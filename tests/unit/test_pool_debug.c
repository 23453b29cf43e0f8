/* SPDX-License-Identifier: BSD-2-Clause
 * Tests that debug builds end the process, with a sentence, at double and foreign frees. They die in child processes.
 */
#ifndef POLLUX_DEBUG
#define POLLUX_DEBUG
#endif
#include "../../mempool/cache.c"
#include "../../mempool/depot.c"
#include "../../mempool/open.c"

#include "../../vfio/space.h"

#include "unit.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct dma_space *space;
static struct pkt_pool *pool, *other;
static struct pkt pkts[200];

static int pools_begin(void)
{
	return dma_space_open(&space) || pkt_pool_open(&pool, space, 500, -1) ||
	       pkt_pool_open(&other, space, 300, -1) || pkt_alloc(pool, pkts, 100) != 100 ||
	       pkt_alloc(other, &pkts[100], 100) != 100;
}

static int pools_end(void)
{
	pkt_free(pkts, 200);
	int error = pkt_pool_close(pool) || pkt_pool_close(other);
	dma_space_unref(space);
	return error;
}

/* Runs something in a child process that must abort and say why. */
static void dies(void (*function)(void), const char *sentence)
{
	char said[1024] = "";
	size_t length = 0;
	ssize_t n;
	int ends[2], status = 0;
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		function();
		_exit(0);
	}
	close(ends[1]);
	while (length < sizeof(said) - 1 && (n = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)n;
	close(ends[0]);
	CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	if (!strstr(said, sentence))
		printf("\n    said: %s ", said);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, sentence));
}

static void free_twice(void)
{
	pkt_free(pkts, 10);
	pkt_free(&pkts[7], 1);
}

static void free_twice_in_one_call(void)
{
	uint8_t *data[] = {pkts[0].data, pkts[1].data, pkts[0].data + 100};
	pkt_free_data(data, 3);
}

static void free_what_was_never_taken(void)
{
	struct pkt stranger = {.data = pool->base + 499u * PKT_BUFFER_BYTES + 200};
	pkt_free(&stranger, 1);
}

static void free_the_stack(void)
{
	uint8_t byte;
	struct pkt mixed[] = {pkts[0], {.data = &byte}};
	pkt_free(mixed, 2);
}

static void free_null(void)
{
	pkt_free(&(struct pkt){0}, 1);
}

static void free_behind_the_last_buffer(void)
{
	pkt_free(&(struct pkt){.data = pool->base + pool->last_offset + 1}, 1);
}

static void put_into_another_pool(void)
{
	struct pkt_cache *cache = pkt_cache_get(pool);
	pkt_cache_room(pool, cache, 1)[0] = pkts[100].data;
	pkt_cache_put(pool, cache, 1);
}

static void put_a_moved_pointer(void)
{
	struct pkt_cache *cache = pkt_cache_get(pool);
	pkt_cache_room(pool, cache, 1)[0] = pkts[0].data + 4;
	pkt_cache_put(pool, cache, 1);
}

static void take_what_is_out(void)
{
	struct pkt_cache *cache = pkt_cache_get(pool);
	cache->buffers[cache->count++] = pkts[0].data;
	pkt_cache_take(pool, cache, 1);
}

static void double_frees_end_the_process(void)
{
	dies(free_twice, "was freed twice");
	dies(free_twice_in_one_call, "was freed twice");
	dies(free_what_was_never_taken, "packet 499 of the pool of 500");
}

static void foreign_frees_end_the_process(void)
{
	dies(free_the_stack, "in no packet of an open pool");
	dies(free_null, "in no packet of an open pool");
	dies(free_behind_the_last_buffer, "in no packet of an open pool");
	dies(put_into_another_pool, "not where a packet of this pool starts");
	dies(put_a_moved_pointer, "not where a packet of this pool starts");
}

static void a_packet_handed_out_twice_ends_the_process(void)
{
	dies(take_what_is_out, "handed out twice");
}

static void correct_programs_are_left_alone(void)
{
	for (unsigned i = 0; i < 100; i++) {
		pkt_free(pkts, 200);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(other, pkts, 100), 100);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkts[100], 100), 100);
		pkt_free(pkts, 200);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, pkts, 100), 100);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(other, &pkts[100], 100), 100);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"double frees end the process", double_frees_end_the_process},
		{"foreign frees end the process", foreign_frees_end_the_process},
		{"a packet handed out twice ends the process", a_packet_handed_out_twice_ends_the_process},
		{"correct programs are left alone", correct_programs_are_left_alone},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "pool debug", .pInitFunc = pools_begin, .pCleanupFunc = pools_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
