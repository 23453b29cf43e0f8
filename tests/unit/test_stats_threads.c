/* SPDX-License-Identifier: BSD-2-Clause
 * A port used by two threads: one in bursts, one that reads statistics and services the port, while the model is at
 * work. For TSan. */
#include "unit_local.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FRAMES 20000u

static struct nic *nic;
static atomic_bool stop;
static atomic_uint forwarded;

static void *reflect(void *argument)
{
	struct nic_rxq *rxq = nic_rxq(nic, 0);
	struct nic_txq *txq = nic_txq(nic, 0);
	struct pkt pkts[32];

	(void)argument;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		unsigned n = nic_rx(rxq, pkts, 32), sent = 0;

		for (unsigned i = 0; i < n; i++)
			pkts[i].data[20]++;
		while (sent < n && !atomic_load_explicit(&stop, memory_order_relaxed))
			sent += nic_tx(txq, pkts + sent, n - sent);
		pkt_free(pkts + sent, n - sent);
		atomic_fetch_add_explicit(&forwarded, sent, memory_order_relaxed);
	}
	return NULL;
}

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	uint64_t *sum = context;

	for (unsigned i = 0; i < n; i++)
		*sum += frames[i].data[20];
	return n;
}

static void statistics_are_read_while_packets_move(void)
{
	/* scalar: TSan does not know vector loads for what they are, reads of memory that a device writes */
	struct nic_config start = {.promiscuous = true, .simd = PKT_SIMD_SCALAR};
	uint8_t data[60] = {0x02};
	struct model_frame frames[16];
	struct vfio_device *device;
	struct dma_space *space;
	struct nic_stats stats, last = {0};
	uint64_t sum = 0;
	struct model_sink sink = {.context = &sum, .take = take_all};
	unsigned arrived = 0, sent = 0;
	pthread_t thread;

	for (unsigned i = 0; i < 16; i++)
		frames[i] = (struct model_frame){.data = data, .len = sizeof(data)};
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	local_port_open(&nic, &device, space, &start);
	pthread_create(&thread, NULL, reflect, NULL);
	for (unsigned turn = 0; sent < FRAMES; turn++) {
		if (arrived < FRAMES)
			arrived += model_receive(
				model_local_model(device), frames, FRAMES - arrived < 16 ? FRAMES - arrived : 16);
		sent += model_transmit(model_local_model(device), &sink, 32);
		if (turn % 64 == 0) {
			CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
			CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
			CU_ASSERT_TRUE(stats.rx_packets >= last.rx_packets && stats.tx_packets >= last.tx_packets);
			last = stats;
		}
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, FRAMES);
	CU_ASSERT_EQUAL(stats.tx_packets, FRAMES);
	CU_ASSERT_EQUAL(atomic_load(&forwarded), FRAMES);
	CU_ASSERT_EQUAL(sum, FRAMES);
	nic_close(nic);
	dma_space_unref(space);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"statistics are read while packets move", statistics_are_read_while_packets_move},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "threads", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
