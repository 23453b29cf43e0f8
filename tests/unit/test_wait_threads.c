/* SPDX-License-Identifier: BSD-2-Clause
 * Three threads use one port: one waits for packets and receives them, one services the port, one reads the queue's
 * counters; the last two take turns, as control calls do. The main thread is the card. For TSan. */
#include "unit_local.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define FRAMES  3000u
#define BURST   8u
#define GIVE_UP 20000u /* turns of the card, of a millisecond or more */

static struct nic *nic;
static struct vfio_device *device;
static struct vfio_window registers; /* the port's own */
static atomic_bool stop;
static atomic_uint received;
static unsigned looks, services; /* of the threads below; read when they have ended */

/* The software card is no card in that it bears one access at a time. */
static pthread_mutex_t card = PTHREAD_MUTEX_INITIALIZER, control = PTHREAD_MUTEX_INITIALIZER;

static uint32_t read_register(void *context, uint32_t offset)
{
	pthread_mutex_lock(&card);
	uint32_t value = registers.read32(context, offset);
	pthread_mutex_unlock(&card);
	return value;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	pthread_mutex_lock(&card);
	registers.write32(context, offset, value);
	pthread_mutex_unlock(&card);
}

static void *wait_and_receive(void *argument)
{
	struct nic_rxq *queue = nic_rxq(nic, 0);
	struct pkt pkts[32];
	unsigned wrong = 0;

	(void)argument;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		unsigned n = nic_rx(queue, pkts, 32);

		pkt_free(pkts, n);
		atomic_fetch_add_explicit(&received, n, memory_order_relaxed);
		if (!n)
			wrong += nic_wait(&queue, 1, 10000) < 0;
	}
	return wrong ? &received : NULL;
}

static void *service(void *argument)
{
	unsigned wrong = 0;

	(void)argument;
	for (; !atomic_load_explicit(&stop, memory_order_relaxed); services++) {
		pthread_mutex_lock(&control);
		wrong += nic_service(nic, NULL) != 0;
		pthread_mutex_unlock(&control);
		usleep(50);
	}
	return wrong ? &received : NULL;
}

static void *look(void *argument)
{
	struct nic_queue_stats stats = {.packets = 0};
	unsigned wrong = 0;

	(void)argument;
	for (; !atomic_load_explicit(&stop, memory_order_relaxed); looks++) {
		uint64_t last = stats.packets;

		pthread_mutex_lock(&control);
		wrong += nic_get_rxq_stats(nic, 0, &stats) != 0 || stats.packets < last;
		pthread_mutex_unlock(&control);
		usleep(20);
	}
	return wrong ? &received : NULL;
}

static void a_queue_waits_while_others_look_at_its_port(void)
{
	/* scalar: TSan does not know vector loads for what they are, reads of memory that a device writes */
	const struct nic_config start = {.promiscuous = true, .simd = PKT_SIMD_SCALAR, .rx_interrupt_us = 2};
	static uint8_t data[60] = {0x02};
	static void *(*const work[])(void *) = {wait_and_receive, service, look};
	struct model_frame frames[BURST];
	struct nic_queue_stats stats;
	struct dma_space *space;
	pthread_t threads[3];
	unsigned arrived = 0;

	for (unsigned i = 0; i < BURST; i++)
		frames[i] = (struct model_frame){.data = data, .len = sizeof(data)};
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	local_port_open(&nic, &device, space, &start);
	registers = nic->bar;
	nic->bar.read32 = read_register;
	nic->bar.write32 = write_register;
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work[i], NULL), 0);
	for (unsigned turn = 0; turn < GIVE_UP && atomic_load(&received) < FRAMES; turn++) {
		pthread_mutex_lock(&card);
		model_local_advance(device, 0);
		if (arrived < FRAMES)
			arrived += model_receive(model_local_model(device), frames, 1 + turn % BURST);
		pthread_mutex_unlock(&card);
		usleep(turn % 4 ? 100 : 1000); /* now and then the queue falls asleep */
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 3; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		CU_ASSERT_PTR_NULL(wrong);
	}
	CU_ASSERT(looks > 0 && services > 0);
	CU_ASSERT(arrived >= FRAMES);
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 0, &stats), 0);
	CU_ASSERT(stats.packets >= FRAMES && stats.packets == atomic_load(&received));
	nic_close(nic);
	dma_space_unref(space);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a queue waits while others look at its port", a_queue_waits_while_others_look_at_its_port},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "wait, threads", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
