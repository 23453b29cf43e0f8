/* SPDX-License-Identifier: BSD-2-Clause
 * The e1000 driver on QEMU's 82540EM, 82544GC, 82545EM and 82574L, without a guest. */
#include "qtest_port_tests.c"

#include "../model/local.h"
#include "unit_wire.h"

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

static int use_82545em(void)
{
	static const struct card_traits traits = {
		"e1000-82545em", "Intel 82545EM", 0x100F, 16102, 15, 60, .loses = true, .may_count_packets_only = true};
	card = &traits;
	return 0;
}

static int use_82544gc(void)
{
	static const struct card_traits traits = {
		"e1000-82544gc", "Intel 82544GC", 0x100C, 16102, 15, 60, .loses = true, .may_count_packets_only = true};
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

/* ---- Pipes between cards of different formats, in one space ---- */

static unsigned flooded;

static uint32_t to_first(void *context, struct pkt *pkt)
{
	(void)context;
	pkt->data[6] ^= 0xFF;
	return 1;
}

/* To both outputs: the 82599 sends what has 17 bytes as it is, the 82540EM gets 60. Every third packet is short, and at
 * the very end of its buffer, so that padding moves it. */
static uint32_t shorten_and_flood(void *context, struct pkt *pkt)
{
	(void)context;
	if (flooded++ % 3 == 0) {
		uint8_t *end = pkt->data + PKT_DATA_BYTES - 30;
		memmove(end, pkt->data, 30);
		pkt->data = end;
		pkt->len = 30;
	}
	return 3;
}

/* Ports of a software 82599 and of a card of QEMU's: what the one received the other sends. */
struct mixed {
	struct dma_space *space;
	struct pkt_pool *pool;
	struct qtest *qtest;
	struct vfio_device *device[2];
	struct nic *nic[2];
	struct wire wire; /* the 82599's */
};

static void mixed_open(struct mixed *m, const char *other, enum pkt_simd simd)
{
	struct model_local_config local = {.model.port = 0};
	struct nic_config config = {.rx_ring = 64, .tx_ring = 128, .promiscuous = true, .simd = simd};
	struct nic_link link = {.up = false};
	memset(m, 0, sizeof(*m));
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&m->space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&m->qtest, &other, 1), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&m->pool, m->space, nic_pool_count(&config, 2, 1), -1), 0);
	config.pool = m->pool;
	/* the machine first: it has few I/O addresses, the software 82599 takes any */
	CU_ASSERT_EQUAL_FATAL(qtest_device(m->qtest, 0, m->space, &m->device[1]), 0);
	CU_ASSERT_EQUAL_FATAL(model_local_open(&m->device[0], m->space, &local), 0);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(port_from_device(&m->nic[i], m->device[i]), 0);
		CU_ASSERT_EQUAL_FATAL(nic_start(m->nic[i], &config), 0);
	}
	model_set_partner(model_local_model(m->device[0]), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(m->device[0], 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(m->nic[0], &link), 0);
	}
	link.up = false;
	for (uint64_t end = port_now_ms() + LIMIT_MS; !link.up && port_now_ms() < end;)
		CU_ASSERT_EQUAL_FATAL(nic_get_link(m->nic[1], &link), 0);
}

static void mixed_close(struct mixed *m, unsigned first)
{
	nic_close(m->nic[first]);
	nic_close(m->nic[!first]);
	wire_forget(&m->wire);
	CU_ASSERT_EQUAL(pkt_pool_available(m->pool), pkt_pool_count(m->pool));
	CU_ASSERT_EQUAL(pkt_pool_close(m->pool), 0);
	CU_ASSERT(!qtest_strayed(m->qtest));
	qtest_close(m->qtest);
	dma_space_unref(m->space);
}

static struct nic_pipe *mixed_pipe(struct mixed *m, unsigned from, unsigned to, unsigned outputs)
{
	struct nic_queue input = {m->nic[from], 0}, output[2] = {{m->nic[to], 0}, {m->nic[!to], 0}};
	struct nic_pipe *pipe;
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &input, output, outputs), 0);
	return pipe;
}

/* A frame that came out of the card's wire, with what a pipe did to its seventh byte. */
static void mixed_receive(struct mixed *m, unsigned number, size_t bytes)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	wire_frame(frame, number, (uint32_t)bytes);
	frame[6] ^= 0xFF;
	CU_ASSERT_EQUAL_FATAL(qtest_receive(m->qtest, 0, got, sizeof(got), LIMIT_MS), bytes);
	CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, bytes), 0);
}

static void there_and_back(const char *other, enum pkt_simd simd, unsigned first)
{
	enum { FRAMES = 500 };
	static uint8_t frame[FRAME_MAX];
	struct mixed m;
	mixed_open(&m, other, simd);
	struct nic_pipe *there = mixed_pipe(&m, 0, 1, 1), *back = mixed_pipe(&m, 1, 0, 1);
	struct model *model = model_local_model(m.device[0]);
	for (unsigned i = 0; i < FRAMES;) {
		unsigned n = 1 + i % 40, seen = 0;
		for (unsigned k = 0; k < n; k++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model, i + k, 60 + (i + k) % 1400));
		CU_ASSERT_EQUAL_FATAL(nic_pipe_run(there, n, to_first, NULL), n);
		for (unsigned k = 0; k < n; k++)
			mixed_receive(&m, i + k, 60 + (i + k) % 1400);
		for (unsigned k = 0; k < n; k++) {
			wire_frame(frame, i + k, 60 + (i + k) % 1400);
			while (qtest_send(m.qtest, 0, frame, 60 + (i + k) % 1400) == -EAGAIN)
				seen += nic_pipe_run(back, 7, to_first, NULL);
		}
		for (uint64_t end = port_now_ms() + LIMIT_MS; seen < n && port_now_ms() < end;)
			seen += nic_pipe_run(back, 7, to_first, NULL);
		wire_send(&m.wire, model);
		i += n;
		CU_ASSERT_EQUAL_FATAL(m.wire.count, i);
	}
	for (unsigned i = 0; i < m.wire.count; i++) {
		m.wire.data[i][6] ^= 0xFF;
		CU_ASSERT_FATAL(wire_is_frame(m.wire.data[i], m.wire.len[i], i, 60 + i % 1400));
	}
	/* frames in both rings, packets on their way in both directions */
	for (unsigned i = 0; i < 20; i++) {
		wire_arrive(model, i, 100);
		qtest_send(m.qtest, 0, frame, 100);
	}
	nic_pipe_run(there, 13, to_first, NULL);
	nic_pipe_run(back, 13, to_first, NULL);
	if (first == 0) {
		nic_pipe_close(there);
		nic_pipe_close(back);
	}
	mixed_close(&m, first);
	if (first == 1) {
		nic_pipe_close(there);
		nic_pipe_close(back);
	}
}

static void a_pipe_leads_from_an_82599_and_back(void)
{
	for (enum pkt_simd simd = PKT_SIMD_SCALAR; simd <= PKT_SIMD_AVX512; simd++) {
		if (pkt_simd_choose(simd) != simd)
			continue; /* this CPU does not have it */
		there_and_back("e1000", simd, 0);
		there_and_back("e1000e", simd, 1);
	}
}

static void short_packets_are_the_same_on_both(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct mixed m;
	mixed_open(&m, "e1000", PKT_SIMD_AUTO);
	struct nic_pipe *pipe = mixed_pipe(&m, 0, 0, 2);
	struct model *model = model_local_model(m.device[0]);
	flooded = 0;
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_TRUE_FATAL(wire_arrive(model, i, 100));
	CU_ASSERT_EQUAL(nic_pipe_run(pipe, 40, shorten_and_flood, NULL), 40);
	CU_ASSERT_EQUAL_FATAL(wire_send(&m.wire, model), 40);
	for (unsigned i = 0; i < 40; i++) {
		size_t bytes = i % 3 ? 100 : 60;
		wire_frame(frame, i, 100);
		if (i % 3 == 0)
			memset(frame + 30, 0, 30);
		CU_ASSERT_EQUAL(m.wire.len[i], bytes);
		CU_ASSERT_EQUAL(memcmp(m.wire.data[i], frame, bytes), 0);
		CU_ASSERT_EQUAL_FATAL(qtest_receive(m.qtest, 0, got, sizeof(got), LIMIT_MS), bytes);
		CU_ASSERT_EQUAL(memcmp(got, frame, bytes), 0);
	}
	nic_pipe_close(pipe);
	mixed_close(&m, 0);
}

/* The two have different shortest frames, and the same longest: 1522 bytes at an MTU of 1500. */
static uint32_t lengthen_and_flood(void *longest, struct pkt *pkt)
{
	pkt->len = *(const uint16_t *)longest;
	return 3;
}

static void too_long_packets_go_to_neither(void)
{
	struct mixed m;
	mixed_open(&m, "e1000", PKT_SIMD_AUTO);
	struct nic_pipe *pipe = mixed_pipe(&m, 0, 0, 2);
	struct model *model = model_local_model(m.device[0]);
	struct nic_pipe_stats stats;
	for (unsigned burst = 1; burst <= 9; burst += 8) {
		for (uint16_t bytes = 1522; bytes <= 1566; bytes += 22) {
			struct nic_pipe_stats before;
			nic_pipe_get_stats(pipe, &before);
			for (unsigned i = 0; i < burst; i++)
				CU_ASSERT_TRUE_FATAL(wire_arrive(model, i, 100));
			CU_ASSERT_EQUAL(nic_pipe_run(pipe, burst, lengthen_and_flood, &bytes), burst);
			nic_pipe_get_stats(pipe, &stats);
			CU_ASSERT_EQUAL(stats.bad - before.bad, bytes > 1522 ? 2 * burst : 0);
			CU_ASSERT_EQUAL(wire_send(&m.wire, model), bytes > 1522 ? 0 : burst);
		}
	}
	nic_pipe_close(pipe);
	mixed_close(&m, 0);
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
	gigabit_times.microwire = 0;
	CU_TestInfo tests[] = {PORT_TESTS, CU_TEST_INFO_NULL};
	CU_TestInfo both[] = {
		{"two ports forward, and close in either order", two_ports_forward_and_close_in_either_order},
		CU_TEST_INFO_NULL};
	CU_TestInfo mixed[] = {{"a pipe leads from an 82599 and back", a_pipe_leads_from_an_82599_and_back},
		{"short packets are the same on both", short_packets_are_the_same_on_both},
		{"too long packets go to neither", too_long_packets_go_to_neither}, CU_TEST_INFO_NULL};
	CU_SuiteInfo one[] = {
		{"82540EM", use_82540em, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	CU_SuiteInfo two[] = {
		{"82545EM", use_82545em, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	CU_SuiteInfo three[] = {
		{"82544GC", use_82544gc, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	CU_SuiteInfo four[] = {
		{"82574L", use_82574l, NULL, NULL, NULL, tests},
		{"82540EM and 82574L", NULL, NULL, NULL, NULL, both},
		{"82540EM, 82574L and 82599", NULL, NULL, NULL, NULL, mixed},
		CU_SUITE_INFO_NULL,
	};
	/* each test starts a QEMU, which takes most of its time */
	return unit_run_beside((CU_SuiteInfo *const[]){one, two, three, four}, 4);
}
