/* SPDX-License-Identifier: BSD-2-Clause
 * The e1000 driver on QEMU's 82540EM and 82574L, without a guest. */
#include "qtest_port_tests.c"

#include "../../driver/gigabit/gigabit.h"

static int use_82540em(void)
{
	static const struct card_traits traits = {
		"e1000", "Intel 82540EM", 0x100E, 16102, 15, 60, .loses = true, .may_count_packets_only = true};
	card = &traits;
	return 0;
}

static int use_82574l(void)
{
	static const struct card_traits traits = {
		"e1000e", "Intel 82574L", 0x10D3, 9208, 15, 17, .sends_fcs_uncounted = true, .counts_dropped = true};
	card = &traits;
	return 0;
}

/* Ports of two chips in one space: what one received the other sends as it is; and either may be closed first, under
 * traffic. */
static void forward(bool second_first)
{
	static const char *const cards[] = {"e1000,mac=52:54:00:00:00:10", "e1000e"};
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	const unsigned frames = 200;
	struct qtest *qtest;
	struct dma_space *space;
	struct pkt_pool *pool;
	struct vfio_device *device;
	struct nic *nics[2];
	struct nic_config config = {.rx_ring = 64, .tx_ring = 64, .promiscuous = true};
	struct pkt pkts[32];
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&qtest, cards, 2), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, nic_pool_count(&config, 2, 1), -1), 0);
	config.pool = pool;
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(qtest_device(qtest, i, space, &device), 0);
		CU_ASSERT_EQUAL_FATAL(port_from_device(&nics[i], device), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(nics[i], &config), 0);
	}
	for (unsigned to = 0; to < 2; to++) {
		unsigned put = 0, seen = 0;
		for (uint64_t end = port_now_ms() + LIMIT_MS; seen < frames && port_now_ms() < end;) {
			size_t bytes;
			for (; put < frames && put - seen < 64; put++) {
				port_frame(frame, put, 60 + 7 * put);
				if (qtest_send(qtest, !to, frame, 60 + 7 * put))
					break;
			}
			unsigned n = nic_rx(nic_rxq(nics[!to], 0), pkts, 32);
			for (unsigned sent = 0; sent < n;)
				sent += nic_tx(nic_txq(nics[to], 0), pkts + sent, n - sent);
			while ((bytes = qtest_receive(qtest, to, got, sizeof(got), n ? 5 : 0)) > 0) {
				port_frame(frame, seen, 60 + 7 * seen);
				CU_ASSERT_EQUAL_FATAL(bytes, 60 + 7 * seen);
				CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, bytes), 0);
				seen++;
			}
		}
		CU_ASSERT_EQUAL(seen, frames);
	}
	/* frames in both rings, packets on their way in both directions */
	for (unsigned i = 0; i < 40; i++) {
		qtest_send(qtest, 0, frame, 100);
		qtest_send(qtest, 1, frame, 100);
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned n = nic_rx(nic_rxq(nics[i], 0), pkts, 32), sent = nic_tx(nic_txq(nics[!i], 0), pkts, n);
		pkt_free(pkts + sent, n - sent);
	}
	nic_close(nics[second_first]);
	CU_ASSERT_EQUAL(nic_service(nics[!second_first], NULL), 0);
	nic_close(nics[!second_first]);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), pkt_pool_count(pool));
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	CU_ASSERT(!qtest_strayed(qtest));
	qtest_close(qtest);
	dma_space_unref(space);
}

static void two_ports_forward_and_close_in_either_order(void)
{
	forward(false);
	forward(true);
}

int main(void)
{
	const char *const e1000 = "e1000";
	struct qtest *qtest;
	if (qtest_open(&qtest, &e1000, 1) == -ENOTSUP) {
		printf("%s\n", pollux_error());
		return 77;
	}
	qtest_close(qtest);
	/* QEMU's cards need no time for these */
	gigabit_times.quiesce = gigabit_times.settle_82540 = gigabit_times.settle_82574 = 100;
	CU_TestInfo tests[] = {PORT_TESTS, CU_TEST_INFO_NULL};
	CU_TestInfo both[] = {
		{"two ports forward, and close in either order", two_ports_forward_and_close_in_either_order},
		CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {
		{"82540EM", use_82540em, NULL, NULL, NULL, tests},
		{"82574L", use_82574l, NULL, NULL, NULL, tests},
		{"82540EM and 82574L", NULL, NULL, NULL, NULL, both},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
