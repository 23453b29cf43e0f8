/* SPDX-License-Identifier: BSD-2-Clause
 * Hot memory: objects that share nothing, in as few aligned MiB as they need; and that two ports, a pipe between them
 * and their thread's cache have no two lines that a way predictor takes for one another. */
#include "../../mempool/hot.h"

#include <stdlib.h>
#include <sys/mman.h>

static unsigned failing; /* of calloc and aligned_alloc, this call fails; 0: none */

__attribute__((unused)) static void *test_calloc(size_t count, size_t bytes)
{
	return failing && --failing == 0 ? NULL : calloc(count, bytes);
}

__attribute__((unused)) static void *test_aligned_alloc(size_t alignment, size_t bytes)
{
	return failing && --failing == 0 ? NULL : aligned_alloc(alignment, bytes);
}

#define calloc        test_calloc
#define aligned_alloc test_aligned_alloc
#include "../../mempool/hot.c"
#undef calloc
#undef aligned_alloc

#include "../../driver/driver.h"
#include "../../driver/pipe.h"
#include "../../driver/pipe/state.h"
#include "../../mempool/cache.h"
#include "../../mempool/pool.h"
#include "../model/local.h"

#include "unit.h"
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB 1024u
#define MIB (1024u * KIB)

static bool zero(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static void objects_are_zeroed_and_share_no_pair_of_lines(void)
{
	uint8_t *objects[100];
	for (unsigned i = 0; i < 100; i++) {
		objects[i] = hot_alloc(1 + i * 10);
		CU_ASSERT_PTR_NOT_NULL_FATAL(objects[i]);
		ASSERT_NUMBER((uintptr_t)objects[i] % 128, 0);
		CU_ASSERT(zero(objects[i], 1 + i * 10));
		memset(objects[i], 0xFF, 1 + i * 10);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT((uintptr_t)objects[i] / 128 > ((uintptr_t)objects[j] + j * 10) / 128 ||
				  (uintptr_t)objects[j] / 128 > ((uintptr_t)objects[i] + i * 10) / 128);
	}
	for (unsigned i = 0; i < 100; i++) {
		hot_free(objects[i]);
		/* another one, of the same size, is zeroed again wherever it lies */
		objects[i] = hot_alloc(1 + i * 10);
		CU_ASSERT_PTR_NOT_NULL_FATAL(objects[i]);
		CU_ASSERT(zero(objects[i], 1 + i * 10));
	}
	for (unsigned i = 0; i < 100; i++)
		hot_free(objects[i]);
	hot_free(NULL);
}

static void what_is_too_large_is_refused(void)
{
	CU_ASSERT_PTR_NULL(hot_alloc(MIB + 1));
	void *object = hot_alloc(MIB);
	CU_ASSERT_PTR_NOT_NULL(object);
	hot_free(object);
}

/* ---- what real ports have ---- */

#define PORTS 2u
#define SETS  64u

static struct dma_space *space;
static struct nic *nics[PORTS];

static void open_ports(struct nic_config *config)
{
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&config->pool, space, nic_pool_count(config, PORTS, 1), -1), 0);
	for (unsigned i = 0; i < PORTS; i++) {
		struct model_local_config local = {.model.port = i};
		struct vfio_device *device;
		CU_ASSERT_EQUAL_FATAL(model_local_open(&device, space, &local), 0);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&nics[i], device), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(nics[i], config), 0);
	}
}

static void close_ports(const struct nic_config *config)
{
	for (unsigned i = 0; i < PORTS; i++)
		nic_close(nics[i]);
	CU_ASSERT_EQUAL(pkt_pool_close(config->pool), 0);
	dma_space_unref(space);
}

static unsigned way_hash(uintptr_t address)
{
	static const unsigned low[] = {12, 13, 14, 15, 16, 17, 18, 19}, high[] = {27, 26, 25, 20, 21, 22, 23, 24};
	unsigned hash = 0;
	for (unsigned i = 0; i < 8; i++)
		hash |= (unsigned)((address >> low[i] ^ address >> high[i]) & 1) << i;
	return hash;
}

/* A receive ring and a transmit ring of the same size, gone through in step, of the same port and of two. */
static void rings_in_step_do_not_collide(void)
{
	for (uint16_t size = 64; size <= RING_SIZE_MAX; size *= 2) {
		struct nic_config config = {.rx_ring = size, .tx_ring = size, .promiscuous = true};
		unsigned collisions = 0;
		open_ports(&config);
		for (unsigned pair = 0; pair < PORTS * PORTS; pair++)
			for (unsigned i = 0; i < size; i++) {
				uintptr_t in = (uintptr_t)&nics[pair / PORTS]->rings.rxqs[0]->ring[i];
				uintptr_t out = (uintptr_t)&nics[pair % PORTS]->rings.txqs[0]->ring[i];
				collisions += in / 64 % SETS == out / 64 % SETS && way_hash(in) == way_hash(out);
			}
		ASSERT_NUMBER(collisions, 0);
		close_ports(&config);
	}
}

#ifdef HOT_SEPARATE /* the sanitizer's build has no blocks */
static CU_TestInfo block_tests[] = {CU_TEST_INFO_NULL};
#else

static uintptr_t mib(const void *address)
{
	return (uintptr_t)address / MIB;
}

static void no_object_lies_in_two_mib(void)
{
	void *objects[4];
	for (unsigned i = 0; i < 4; i++) {
		objects[i] = hot_alloc(700 * KIB);
		CU_ASSERT_PTR_NOT_NULL_FATAL(objects[i]);
		ASSERT_NUMBER(mib((uint8_t *)objects[i] + 700 * KIB - 1), mib(objects[i]));
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL(mib(objects[i]), mib(objects[j]));
	}
	void *small = hot_alloc(300 * KIB);
	ASSERT_NUMBER(mib(small), mib(objects[0]));
	hot_free(small);
	for (unsigned i = 0; i < 4; i++)
		hot_free(objects[i]);
}

static void room_is_used_again_and_empty_blocks_go(void)
{
	CU_ASSERT_PTR_NULL(blocks);
	void *first = hot_alloc(MIB), *second = hot_alloc(MIB);
	CU_ASSERT_PTR_NOT_NULL_FATAL(blocks);
	CU_ASSERT_PTR_NULL(blocks->next);
	void *third = hot_alloc(1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(blocks->next);
	hot_free(second);
	CU_ASSERT_PTR_EQUAL(hot_alloc(200), second);
	CU_ASSERT_PTR_EQUAL(hot_alloc(200), (uint8_t *)second + 256);
	hot_free(second);
	CU_ASSERT_PTR_EQUAL(hot_alloc(256), second);
	hot_free(first);
	hot_free((uint8_t *)second + 256);
	hot_free(second);
	CU_ASSERT_PTR_NOT_NULL_FATAL(blocks);
	CU_ASSERT_PTR_NULL(blocks->next);
	ASSERT_NUMBER(mib(blocks->base), mib(third));
	hot_free(third);
	CU_ASSERT_PTR_NULL(blocks);
}

static void without_memory_there_is_nothing_and_nothing_is_left(void)
{
	for (unsigned call = 1; call <= 2; call++) {
		failing = call;
		CU_ASSERT_PTR_NULL(hot_alloc(64));
		ASSERT_NUMBER(failing, 0);
		CU_ASSERT_PTR_NULL(blocks);
	}
	void *object = hot_alloc(64);
	CU_ASSERT_PTR_NOT_NULL(object);
	hot_free(object);
}

/* A child has a copy of its own. */
static void a_fork_may_go_on(void)
{
	uint32_t *object = hot_alloc(sizeof(*object));
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	*object = 1;
	pid_t child = fork();
	if (child == 0) {
		uint32_t *other = hot_alloc(sizeof(*other));
		bool good = other && other != object && *object == 1;
		*object = 2;
		hot_free(object);
		hot_free(other);
		_exit(good && !blocks ? 0 : 1);
	}
	int status = -1;
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	ASSERT_NUMBER(status, 0);
	ASSERT_NUMBER(*object, 1);
	hot_free(object);
	CU_ASSERT_PTR_NULL(blocks);
}

static uint8_t owner[SETS][256]; /* by set and hash: the object whose line it is, from 1 */

static void has_lines_of_its_own(uint8_t object, const void *begin, size_t bytes)
{
	for (uintptr_t line = (uintptr_t)begin / 64; line <= ((uintptr_t)begin + bytes - 1) / 64; line++) {
		uint8_t *who = &owner[line % SETS][way_hash(line * 64)];
		if (*who)
			printf("\n    a line of object %u collides with one of object %u ", object, *who);
		CU_ASSERT_EQUAL(*who, 0);
		*who = object;
	}
}

static void ports_pipe_and_cache_do_not_collide(void)
{
	struct nic_config config = {.rx_ring = 2048, .tx_ring = 4096, .promiscuous = true};
	struct nic_pipe *pipe;
	struct pkt pkt;
	uint8_t object = 0;
	open_ports(&config);
	struct nic_queue input = {nics[0], 0}, output = {nics[1], 0};
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &input, &output, 1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(config.pool, &pkt, 1), 1);
	pkt_free(&pkt, 1);

	memset(owner, 0, sizeof(owner));
	has_lines_of_its_own(++object, config.pool, sizeof(*config.pool));
	has_lines_of_its_own(++object, pkt_cache_get(config.pool), sizeof(struct pkt_cache));
	for (unsigned i = 0; i < PORTS; i++) {
		const struct ring_rxq *rxq = nics[i]->rings.rxqs[0];
		const struct ring_txq *txq = nics[i]->rings.txqs[0];
		has_lines_of_its_own(++object, rxq, sizeof(*rxq));
		has_lines_of_its_own(++object, rxq->buffers, 2048 * sizeof(*rxq->buffers));
		has_lines_of_its_own(++object, txq, sizeof(*txq));
		has_lines_of_its_own(++object, txq->buffers, 4096 * sizeof(*txq->buffers));
	}
	const struct pipe *inside = (const struct pipe *)pipe;
	has_lines_of_its_own(++object, inside, sizeof(*inside));
	has_lines_of_its_own(++object, inside->slot_init, 2048 * sizeof(*inside->slot_init));
	has_lines_of_its_own(++object, inside->outputs, sizeof(*inside->outputs));

	nic_pipe_close(pipe);
	close_ports(&config);
	CU_ASSERT_PTR_NULL(blocks);
}

static CU_TestInfo block_tests[] = {
	{"no object lies in two MiB", no_object_lies_in_two_mib},
	{"room is used again, and empty blocks go", room_is_used_again_and_empty_blocks_go},
	{"without memory there is nothing, and nothing is left", without_memory_there_is_nothing_and_nothing_is_left},
	{"a fork may go on", a_fork_may_go_on},
	{"ports, pipe and cache do not collide", ports_pipe_and_cache_do_not_collide},
	CU_TEST_INFO_NULL,
};
#endif

int main(void)
{
	CU_TestInfo tests[] = {
		{"objects are zeroed, and share no pair of lines", objects_are_zeroed_and_share_no_pair_of_lines},
		{"what is too large is refused", what_is_too_large_is_refused},
		{"rings in step do not collide", rings_in_step_do_not_collide},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"hot memory", NULL, NULL, NULL, NULL, tests},
		{"its blocks", NULL, NULL, NULL, NULL, block_tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
