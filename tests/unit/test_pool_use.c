/* SPDX-License-Identifier: BSD-2-Clause
 * How often threads that share a pool write what they share: exact counts of blocks that went through the pool's depot,
 * while threads receive and send through the driver. `make bench` prints them. */
#include "../../driver/driver.h"
#include "../../mempool/depot.c"
#include "../model/local.h"

#include "unit.h"
#include <pthread.h>
#include <stdlib.h>

#define STEP    128u /* packets at a time: what changes threads, and what a port takes and gives */
#define WARMUP  40u  /* steps until rings and caches are in their steady state */
#define STEPS   500u
#define PACKETS (STEPS * STEP)
#define PORTS   4u

static struct dma_space *space;
static struct pkt_pool *pool;
static struct nic *nics[PORTS];
static struct vfio_device *devices[PORTS];

static void open_port(unsigned index, const struct nic_config *config)
{
	struct model_local_config local = {.model.port = index};
	struct nic_link link = {0};

	CU_ASSERT_EQUAL_FATAL(model_local_open(&devices[index], space, &local), 0);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nics[index], devices[index]), 0);
	CU_ASSERT_EQUAL_FATAL(nic_start(nics[index], config), 0);
	model_set_partner(model_local_model(devices[index]), true);
	while (!link.up) {
		model_local_advance(devices[index], 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nics[index], &link), 0);
	}
}

static void open_ports(void)
{
	struct nic_config config = {.promiscuous = true};

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, nic_pool_count(&config, PORTS, 3), -1), 0);
	config.pool = pool;
	for (unsigned i = 0; i < PORTS; i++)
		open_port(i, &config);
}

static void close_ports(void)
{
	for (unsigned i = 0; i < PORTS; i++)
		nic_close(nics[i]);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), pkt_pool_count(pool)); /* the threads have ended: nothing was lost */
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

/* ---- what a thread does in a step, with the port that it was given; and what it hands to its partner ---- */

struct worker {
	unsigned (*step)(struct worker *self);
	unsigned in, out, burst;
	struct worker *partner;  /* whose packets it takes, or NULL */
	struct pkt handed[STEP]; /* for the partner */
	unsigned wrong;          /* packets that got lost on the way, of all steps */
	pthread_t thread;
};

static pthread_barrier_t barrier;

static void arrive(const struct worker *self)
{
	uint8_t data[60] = {0x02};
	struct model_frame frames[STEP];

	for (unsigned i = 0; i < STEP; i++)
		frames[i] = (struct model_frame){.data = data, .len = sizeof(data)};
	model_receive(model_local_model(devices[self->in]), frames, STEP);
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context, (void)frames;
	return n;
}

static unsigned depart(const struct worker *self)
{
	static const struct model_sink sink = {.take = take_all, .lengths_only = true};
	unsigned taken = 0, n;

	while (taken < STEP && (n = model_transmit(model_local_model(devices[self->out]), &sink, STEP - taken)))
		taken += n;
	return taken;
}

static unsigned receive(struct worker *self, struct pkt *pkts)
{
	unsigned got = 0, n;

	arrive(self);
	while (got < STEP && (n = nic_rx(nic_rxq(nics[self->in], 0), pkts + got,
				      self->burst < STEP - got ? self->burst : STEP - got)))
		got += n;
	return got;
}

static unsigned transmit(struct worker *self, const struct pkt *pkts, unsigned count)
{
	unsigned sent = 0, n;

	while (sent < count && (n = nic_tx(nic_txq(nics[self->out], 0), pkts + sent,
					self->burst < count - sent ? self->burst : count - sent)))
		sent += n;
	pkt_free(pkts + sent, count - sent);
	return depart(self);
}

static unsigned forward(struct worker *self)
{
	struct pkt pkts[STEP];

	return transmit(self, pkts, receive(self, pkts));
}

static unsigned receive_and_free(struct worker *self)
{
	struct pkt pkts[STEP];
	unsigned got = receive(self, pkts);

	pkt_free(pkts, got);
	return got;
}

static unsigned allocate(struct pkt *pkts)
{
	unsigned got = pkt_alloc(pool, pkts, STEP);

	for (unsigned i = 0; i < got; i++)
		pkts[i].len = 60;
	return got;
}

static unsigned allocate_and_send(struct worker *self)
{
	struct pkt pkts[STEP];

	return transmit(self, pkts, allocate(pkts));
}

static unsigned only_receive(struct worker *self)
{
	return receive(self, self->handed);
}

static unsigned only_allocate(struct worker *self)
{
	return allocate(self->handed);
}

static unsigned only_send(struct worker *self)
{
	return transmit(self, self->partner->handed, STEP);
}

static unsigned only_free(struct worker *self)
{
	pkt_free(self->partner->handed, STEP);
	return STEP;
}

/* A step has two halves: who takes a partner's packets does so in the second. */
static void *work(void *argument)
{
	struct worker *self = argument;

	for (unsigned step = 0; step < WARMUP + STEPS; step++) {
		pthread_barrier_wait(&barrier);
		if (!self->partner)
			self->wrong += self->step(self) != STEP;
		pthread_barrier_wait(&barrier);
		if (self->partner)
			self->wrong += self->step(self) != STEP;
		pthread_barrier_wait(&barrier);
	}
	pthread_barrier_wait(
		&barrier); /* until the main thread has counted: a thread's end gives back what its cache holds */
	return NULL;
}

static uint64_t changes(const uint64_t *stack)
{
	return __atomic_load_n(stack, __ATOMIC_RELAXED) >> HEAD_INDEX_BITS;
}

/* Twice the blocks taken and given so far, which is how often threads have written what they share: an exchange pops
 * one block and pushes one, and the tags count that. */
static uint64_t pops_and_pushes(const struct pkt_depot *depot)
{
	return changes(&depot->full) + changes(&depot->partial) + changes(&depot->empty);
}

/* @return blocks that went through the depot while each of two threads handled PACKETS */
static unsigned exchanges(struct worker *workers)
{
	uint64_t before = 0, after;

	pthread_barrier_init(&barrier, NULL, 3);
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned step = 0; step < WARMUP + STEPS; step++) {
		if (step == WARMUP)
			before = pops_and_pushes(pool->depot);
		for (unsigned half = 0; half < 3; half++)
			pthread_barrier_wait(&barrier);
	}
	after = pops_and_pushes(pool->depot);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		ASSERT_NUMBER(workers[i].wrong, 0);
	}
	pthread_barrier_destroy(&barrier);
	return (unsigned)(after - before) / 2;
}

/* Both threads of the job at several bursts. @return the most exchanges that one burst took */
static unsigned most_exchanges(
	const char *what, unsigned (*first)(struct worker *), unsigned (*second)(struct worker *), bool hand_over)
{
	static const unsigned bursts[] = {1, 7, 32, STEP};
	unsigned most = 0;

	for (unsigned i = 0; i < sizeof(bursts) / sizeof(*bursts); i++) {
		struct worker workers[2] = {{.step = first, .in = 0, .out = 1, .burst = bursts[i]},
			{.step = second, .in = 2, .out = 3, .burst = bursts[i]}};
		unsigned count;

		workers[1].partner = hand_over ? &workers[0] : NULL;
		open_ports();
		count = exchanges(workers);
		close_ports();
		most = count > most ? count : most;
	}
	printf("\n    %-72s %.3f ", what, most / 2.0 / PACKETS * PKT_BLOCK);
	return most;
}

static void threads_in_balance_share_nothing(void)
{
	printf("\n    depot exchanges per thread and %u packets:", PKT_BLOCK);
	ASSERT_NUMBER(most_exchanges("two threads forward, each on ports of its own", forward, forward, false), 0);
	ASSERT_NUMBER(most_exchanges("one receives and frees, the other allocates and sends", receive_and_free,
			      allocate_and_send, false),
		0);
}

/* One block per PKT_BLOCK packets and thread, and what a cache may have had in it at the beginning and not at the end.
 */
static void threads_out_of_balance_share_a_block_at_a_time(void)
{
	const unsigned blocks = 2 * PACKETS / PKT_BLOCK;
	unsigned count;

	count = most_exchanges("one receives, the other sends those packets", only_receive, only_send, true);
	CU_ASSERT(count >= blocks - 16 && count <= blocks);
	count = most_exchanges("one allocates, the other frees those packets", only_allocate, only_free, true);
	CU_ASSERT(count >= blocks - 16 && count <= blocks);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"threads in balance share nothing", threads_in_balance_share_nothing},
		{"threads out of balance share a block at a time", threads_out_of_balance_share_a_block_at_a_time},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "pool use", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
