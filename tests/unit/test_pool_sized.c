/* SPDX-License-Identifier: BSD-2-Clause
 * Pools with larger buffers: jumbo frames received into one buffer each and sent from it, whatever the instruction set,
 * on software 82599s; frames that are longer than such a buffer; and what is not to be had with them. */
#include "pipe_ways.c"

#include "../../mempool/cache.h"

#define JUMBO 9000u /* MTU */

static void start(struct fixture *f, unsigned room, uint16_t mtu)
{
	data_bytes = room;
	set_up(f, 2, &(struct nic_config){.rx_ring = RING, .tx_ring = RING, .mtu = mtu, .promiscuous = true});
}

/* Forwards what has come. @return handles */
static unsigned forward(struct fixture *f, struct pkt *pkts, unsigned n)
{
	unsigned got = nic_rx(nic_rxq(f->nic[0], 0), pkts, n);

	CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(f->nic[1], 0), pkts, got), got);
	return got;
}

static void frames_of_all_lengths_take_one_buffer(void)
{
	static const uint32_t lengths[] = {60, 9014, 2047, 2048, 2049, 1514, 4096, 9018, 64, 9000, 60, 60, 2048, 8191};
	const unsigned count = sizeof(lengths) / sizeof(*lengths);
	struct nic_stats stats;
	struct fixture f;

	start(&f, 9216, JUMBO);
	for (unsigned round = 0; round < 40; round++) {
		struct pkt pkts[32];

		wire_forget(&f.wire[1]);
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), round + i, lengths[i]));
		CU_ASSERT_EQUAL_FATAL(forward(&f, pkts, 32), count);
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT_TRUE(pkts[i].len == lengths[i] && pkts[i].flags == 0);
		CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), count);
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], round + i, lengths[i]));
	}
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_bad_descriptors, 0);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[1], &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 0);
	tear_down(&f);
}

static void longer_frames_take_several(void)
{
	struct pkt pkts[32];
	struct fixture f;

	start(&f, 4096, JUMBO);
	for (unsigned i = 0; i < 30; i++) {
		CU_ASSERT_TRUE_FATAL(wire_arrive(model(&f, 0), i, JUMBO));
		CU_ASSERT_EQUAL_FATAL(forward(&f, pkts, 32), 3);
		CU_ASSERT_TRUE(pkts[0].len == 4096 && pkts[1].len == 4096 && pkts[2].len == JUMBO - 8192);
		CU_ASSERT_TRUE(pkts[0].flags == PKT_MORE && pkts[1].flags == PKT_MORE && pkts[2].flags == 0);
		CU_ASSERT_EQUAL_FATAL(send_out(&f, 1), 1);
	}
	for (unsigned i = 0; i < 30; i++)
		CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[i], f.wire[1].len[i], i, JUMBO));
	tear_down(&f);
}

/* A device says that a frame is longer than its buffer, or than the MTU allows. */
static void impossible_lengths_are_dropped(void)
{
	static const struct {
		unsigned room;
		uint16_t mtu;
		uint32_t length, handed_out;
	} cases[] = {{9216, JUMBO, 9217, 0}, {9216, JUMBO, 65535, 0}, {9216, JUMBO, 9014, 1}, {9216, 1500, 9000, 0},
		{9216, 1500, 2049, 0}, {9216, 1500, 2048, 1}, {4096, JUMBO, 4097, 0}, {4096, JUMBO, 4096, 1}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nic_stats stats;
		struct pkt pkts[4];
		struct fixture f;

		start(&f, cases[i].room, cases[i].mtu);
		model_tamper_rx(model(&f, 0), ~(UINT64_C(0xffff) << 32), (uint64_t)cases[i].length << 32, 1);
		CU_ASSERT_TRUE(wire_arrive(model(&f, 0), 1, LEN));
		CU_ASSERT_TRUE(wire_arrive(model(&f, 0), 2, LEN));
		unsigned got = nic_rx(nic_rxq(f.nic[0], 0), pkts, 4);
		CU_ASSERT_EQUAL(got, 1 + cases[i].handed_out);
		pkt_free(pkts, got);
		CU_ASSERT_EQUAL(nic_get_stats(f.nic[0], &stats), 0);
		CU_ASSERT_EQUAL(stats.rx_bad_descriptors, !cases[i].handed_out);
		tear_down(&f);
	}
}

static void handles_have_the_room_of_a_buffer_at_most(void)
{
	struct nic_stats stats;
	struct fixture f;
	struct pkt pkt;

	start(&f, 4096, JUMBO);
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, &pkt, 1), 1);
	wire_frame(pkt.data - PKT_HEADROOM_BYTES, 7, PKT_HEADROOM_BYTES + 4096);
	pkt.data -= PKT_HEADROOM_BYTES;
	pkt.len = PKT_HEADROOM_BYTES + 4096;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(send_out(&f, 1), 1);
	CU_ASSERT_TRUE(wire_is_frame(f.wire[1].data[0], f.wire[1].len[0], 7, PKT_HEADROOM_BYTES + 4096));
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(f.pool, &pkt, 1), 1);
	pkt.len = PKT_HEADROOM_BYTES + 4096 + 1;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(f.nic[1], 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(send_out(&f, 1), 0);
	CU_ASSERT_EQUAL(nic_get_stats(f.nic[1], &stats), 0);
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 1);
	tear_down(&f);
}

static void pipes_refuse_them(void)
{
	struct nic_pipe *pipe;
	struct fixture f;

	start(&f, 4096, 1500);
	struct nic_queue input = {f.nic[0], 0}, output = {f.nic[1], 0};
	CU_ASSERT_EQUAL(nic_pipe_open(&pipe, &input, &output, 1), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "buffers for 4096 bytes"));
	tear_down(&f);
}

/* Any pointer into a buffer leads to it, few and many, of pools of several sizes in one call. */
static void packets_find_their_pools(void)
{
	enum { POOLS = 4, EACH = 300 };
	static const unsigned sizes[POOLS] = {PKT_DATA_BYTES, 3072, 9216, PKT_DATA_BYTES_MAX};
	struct pkt_pool *pools[POOLS];
	struct pkt pkts[POOLS * EACH];
	struct dma_space *space;
	uint8_t *data[POOLS];

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	for (unsigned p = 0; p < POOLS; p++) {
		CU_ASSERT_EQUAL_FATAL(pkt_pool_open_sized(&pools[p], space, EACH, sizes[p], -1), 0);
		if (simd != PKT_SIMD_AUTO)
			CU_ASSERT_EQUAL(pkt_pool_use_simd(pools[p], simd), 0);
		CU_ASSERT_EQUAL(pkt_pool_data_bytes(pools[p]), sizes[p]);
	}
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned p = 0; p < POOLS; p++)
			CU_ASSERT_EQUAL_FATAL(pkt_alloc(pools[p], &pkts[p * EACH], EACH), EACH);
		for (unsigned p = 0; p < POOLS; p++) {
			CU_ASSERT_EQUAL(pkt_pool_available(pools[p]), 0);
			for (unsigned i = 0; i < EACH; i++) {
				uint8_t *first = pkts[p * EACH + i].data - PKT_HEADROOM_BYTES - PKT_METADATA_BYTES;
				size_t bytes = PKT_HEADROOM_BYTES + PKT_METADATA_BYTES + sizes[p];

				CU_ASSERT_EQUAL((uintptr_t)first / 65536, ((uintptr_t)first + bytes - 1) / 65536);
				memset(first, (int)p, bytes);
				pkts[p * EACH + i].data = first + (round * 977 + i * 31) % bytes;
			}
		}
		for (unsigned i = round % 2 ? POOLS * EACH : 0; i-- > 1;) { /* mixed */
			struct pkt pkt = pkts[i];
			unsigned other = (i * 7919u) % i;

			pkts[i] = pkts[other];
			pkts[other] = pkt;
		}
		for (unsigned i = 0, n; i < POOLS * EACH; i += n) {
			n = 1 + (i + round) % 70;
			n = n < POOLS * EACH - i ? n : POOLS * EACH - i;
			pkt_free(&pkts[i], n);
		}
		for (unsigned p = 0; p < POOLS; p++)
			CU_ASSERT_EQUAL(pkt_pool_available(pools[p]), EACH);
	}
	for (unsigned p = 0; p < POOLS; p++) {
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pools[p], &pkts[p], 1), 1);
		data[p] = pkts[p].data + sizes[p] - 1;
	}
	pkt_free_data(data, POOLS);
	for (unsigned p = 0; p < POOLS; p++)
		CU_ASSERT_EQUAL(pkt_pool_close(pools[p]), 0);
	dma_space_unref(space);
}

static void senseless_sizes_are_refused(void)
{
	static const unsigned sizes[] = {
		0, 1024, 2047, 2049, 9000, PKT_DATA_BYTES_MAX + 1024, 1u << 31, UINT32_MAX - 1023};
	struct dma_space *space;
	struct pkt_pool *pool;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		CU_ASSERT_EQUAL(pkt_pool_open_sized(&pool, space, 1, sizes[i], -1), -EINVAL);
	CU_ASSERT_EQUAL(pkt_pool_open_sized(&pool, space, 400000, 9216, -1), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "4 GiB"));
	dma_space_unref(space);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"frames of all lengths take one buffer", frames_of_all_lengths_take_one_buffer},
		{"longer frames take several", longer_frames_take_several},
		{"impossible lengths are dropped", impossible_lengths_are_dropped},
		{"handles have the room of a buffer at most", handles_have_the_room_of_a_buffer_at_most},
		{"pipes refuse them", pipes_refuse_them},
		{"packets find their pools", packets_find_their_pools},
		{"senseless sizes are refused", senseless_sizes_are_refused},
		CU_TEST_INFO_NULL,
	};
	return run_all_ways(tests);
}
