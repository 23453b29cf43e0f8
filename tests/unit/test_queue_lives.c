/* SPDX-License-Identifier: BSD-2-Clause
 * Queues that stop and start alone, beside pipes, counters and VLAN stripping, on the software 82599. */
#include "../../driver/pipe.h"

#include "unit_local.h"
#include <errno.h>
#include <string.h>

static struct nic *nic;
static struct vfio_device *device;
static struct dma_space *space;
static struct pkt_pool *pool;
static uint8_t sent[128];
static unsigned sent_bytes, sent_count;

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context;
	for (unsigned i = 0; i < n; i++, sent_count++) {
		sent_bytes = frames[i].len;
		memcpy(sent, frames[i].data, sent_bytes < sizeof(sent) ? sent_bytes : sizeof(sent));
	}
	return n;
}

static void collect(void)
{
	struct model_sink sink = {.take = take_all};

	sent_count = 0;
	while (model_transmit(model_local_model(device), &sink, 64))
		;
}

static void open_port(uint32_t offloads)
{
	struct nic_config start = {.promiscuous = true,
		.rx_queues = 2,
		.tx_queues = 2,
		.rx_ring = 64,
		.tx_ring = 64,
		.offloads = offloads};

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, 4096, -1), 0);
	start.pool = pool;
	local_port_open(&nic, &device, space, &start);
}

static void close_port(void)
{
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	nic_close(nic);
	ASSERT_NUMBER(pkt_pool_available(pool), 4096);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
}

static uint64_t received(unsigned queue)
{
	struct nic_queue_stats stats;

	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, queue, &stats), 0);
	return stats.packets;
}

/* Frames that RSS does not hash come to queue 0. */
static void receive(unsigned n)
{
	uint8_t data[60] = {2};
	struct model_frame frame = {.data = data, .len = sizeof(data)};
	struct pkt pkts[32];

	for (unsigned i = 0; i < n; i++)
		CU_ASSERT_EQUAL(model_receive(model_local_model(device), &frame, 1), 1);
	ASSERT_NUMBER(nic_rx(nic_rxq(nic, 0), pkts, 32), n);
	pkt_free(pkts, n);
}

static void a_stopped_queue_counts_none_of_its_buffers(void)
{
	open_port(0);
	receive(10);
	for (unsigned turn = 1; turn <= 3; turn++) {
		for (unsigned queue = 0; queue < 2; queue++)
			CU_ASSERT_EQUAL(nic_set_rxq(nic, queue, false), 0);
		ASSERT_NUMBER(received(0), 10 * turn);
		ASSERT_NUMBER(received(1), 0);
		for (unsigned queue = 0; queue < 2; queue++)
			CU_ASSERT_EQUAL(nic_set_rxq(nic, queue, true), 0);
		receive(10);
		ASSERT_NUMBER(received(0), 10 * (turn + 1));
	}
	close_port();
}

static void a_pipe_wants_queues_that_run(void)
{
	struct nic_queue input, output;
	struct nic_pipe *pipe;

	open_port(0);
	input = output = (struct nic_queue){nic, 0};
	CU_ASSERT_EQUAL(nic_set_txq(nic, 0, false), 0);
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &input, &output, 1), -EBUSY);
	CU_ASSERT(strstr(nic_error(), "transmit queue 0 is stopped: start it first") != NULL);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 0, true), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), 0);
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &input, &output, 1), -EBUSY);
	CU_ASSERT(strstr(nic_error(), "receive queue 0 is stopped: start it first") != NULL);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, true), 0);
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &input, &output, 1), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), -EBUSY);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 0, false), -EBUSY);
	nic_pipe_close(pipe);
	close_port();
}

/* What is left in the ring of a queue that was a pipe's once comes back at the end, as close_port sees. */
static void a_renewed_queue_is_no_pipes_any_more(void)
{
	struct nic_queue input, output;
	struct nic_pipe *pipe;
	struct pkt pkts[40];

	open_port(0);
	input = (struct nic_queue){nic, 0};
	output = (struct nic_queue){nic, 1};
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &input, &output, 1), 0);
	nic_pipe_close(pipe);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
	ASSERT_NUMBER(pkt_alloc(pool, pkts, 40), 40);
	for (unsigned i = 0; i < 40; i++) {
		memset(pkts[i].data, 2, 60);
		pkts[i].len = 60;
	}
	ASSERT_NUMBER(nic_tx(nic_txq(nic, 1), pkts, 40), 40);
	collect();
	ASSERT_NUMBER(sent_count, 40);
	close_port();
}

/* The inner of two equal tags must not be taken for the outer, which the card has taken out. */
static void to_strip_once_more_changes_nothing(void)
{
	static const uint8_t twice[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 100, 0x81, 0, 0, 100, 8, 0};
	struct model_frame frame = {.data = twice, .len = sizeof(twice)};
	struct pkt pkt;

	open_port(NIC_RX_VLAN_STRIP);
	for (unsigned turn = 0; turn < 2; turn++) {
		CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 0, true), 0);
		CU_ASSERT_EQUAL(model_receive(model_local_model(device), &frame, 1), 1);
		CU_ASSERT_EQUAL_FATAL(nic_rx(nic_rxq(nic, 0), &pkt, 1), 1);
		ASSERT_NUMBER(pkt.len, 56);
		CU_ASSERT(pkt.flags & PKT_VLAN);
		ASSERT_NUMBER(pkt.vlan, 100);
		ASSERT_NUMBER(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
		collect();
		ASSERT_NUMBER(sent_bytes, sizeof(twice));
		CU_ASSERT_EQUAL(memcmp(sent, twice, sizeof(twice)), 0);
		/* off and on again, while the queue is stopped: nothing of before is left in its ring */
		CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 0, false), -EBUSY);
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, false), 0);
		CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 0, false), 0);
		CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 0, true), 0);
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 0, true), 0);
	}
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a stopped queue counts none of its buffers", a_stopped_queue_counts_none_of_its_buffers},
		{"a pipe wants queues that run", a_pipe_wants_queues_that_run},
		{"a renewed queue is no pipe's any more", a_renewed_queue_is_no_pipes_any_more},
		{"to strip once more changes nothing", to_strip_once_more_changes_nothing},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "lives of queues", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
