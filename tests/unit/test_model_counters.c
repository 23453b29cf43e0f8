/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the model's statistics registers: what each of them counts (X550 DS 8.2.2.17), and what it does at its
 * end. */
#include "model_scene.c"

#include "../model/card/state.h"

enum { UNICAST, MULTICAST, BROADCAST };

static void address(uint8_t *frame, unsigned to)
{
	static const uint8_t addresses[3][6] = {
		{2, 0, 0, 0, 0, 1}, {1, 0, 0x5E, 0, 0, 1}, {255, 255, 255, 255, 255, 255}};

	memcpy(frame, addresses[to], 6);
}

static void arrive(unsigned to, uint32_t len, unsigned times)
{
	address(rx_frame, to);
	for (unsigned i = 0; i < times; i++)
		host_arrive(&h, rx_frame, len);
}

/** Reads a row of counters. */
static void expect_row(uint32_t first, const unsigned *wanted, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ASSERT_NUMBER(rd(first + 4 * i), wanted[i]);
}

static void read_away(void)
{
	for (uint32_t at = 0x04000; at < 0x041C0; at += 4)
		rd(at);
	for (uint32_t at = 0x01030; at < 0x0103C; at += 4)
		rd(at);
	for (uint32_t at = 0x02F50; at < 0x02F5C; at += 4)
		rd(at);
}

static uint64_t wide(uint32_t low)
{
	uint64_t value = rd(low);

	return value | (uint64_t)rd(low + 4) << 32;
}

static void what_arrives_is_counted_by_size_and_address(void)
{
	static const unsigned sizes[] = {60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514};
	static const unsigned classes[] = {1, 2 + 3, 4 + 5, 6 + 7, 8 + 9, 10 + 11};
	uint64_t bytes = 0;

	start_receiving(128);
	for (unsigned i = 0; i < 11; i++) {
		arrive(i % 3, sizes[i], i + 1);
		bytes += (i + 1) * (sizes[i] + 4);
	}
	expect_row(0x0405C, classes, 6);
	ASSERT_NUMBER(rd(0x04074), 66);                                          /* GPRC */
	ASSERT_NUMBER(rd(0x0407C), 2 + 5 + 8 + 11);                              /* MPRC */
	ASSERT_NUMBER(rd(0x04078), 3 + 6 + 9);                                   /* BPRC */
	ASSERT_NUMBER(rd(0x040D0), 66);                                          /* TPR */
	ASSERT_NUMBER(wide(0x04088), bytes);                                     /* GORC */
	ASSERT_NUMBER(wide(0x040C0), bytes);                                     /* TOR */
	ASSERT_NUMBER(rd(0x041B0), 66);                                          /* RXNFGPC */
	ASSERT_NUMBER(wide(0x041B4), bytes);                                     /* RXNFGBC */
	ASSERT_NUMBER(rd(0x01030), 66);                                          /* QPRC */
	ASSERT_NUMBER(wide(0x01034), bytes - 4 * 66);                            /* QBRC */
	ASSERT_NUMBER(rd(0x02F50), 66);                                          /* RXDGPC */
	ASSERT_NUMBER(wide(0x02F54), bytes - 4 * 66);                            /* RXDGBC */
	ASSERT_NUMBER(rd(0x04074) + rd(0x040D0) + rd(0x041B0) + rd(0x01030), 0); /* read, and gone */
	host_close(&h);
}

static void what_is_not_received_is_counted_where_it_was_lost(void)
{
	start_receiving(8);
	read_away();
	/* Filtered: all of the MAC's own counters have it, and none of those behind the filters. */
	filter(0);
	arrive(UNICAST, 60, 3);
	ASSERT_NUMBER(rd(0x040D0), 3);
	ASSERT_NUMBER(rd(0x041B0), 3);
	ASSERT_NUMBER(rd(0x04074) + rd(0x0405C), 0);
	/* The driver does not receive. */
	wr(0x05080, 0x700);
	wr(0x03000, 0);
	arrive(UNICAST, 60, 2);
	ASSERT_NUMBER(rd(0x040D0), 2);
	ASSERT_NUMBER(rd(0x04074), 2);
	ASSERT_NUMBER(rd(0x041B0), 2);
	ASSERT_NUMBER(rd(0x01030), 0);
	ASSERT_NUMBER(model_fate_count(h.model, MODEL_NOT_UP), 2);
	/* A wrong FCS: it is no good frame, and with SBP it reaches a queue all the same. */
	filter(0x702);
	struct model_frame bad = {rx_frame, 60, true};
	model_receive(h.model, &bad, 1);
	ASSERT_NUMBER(rd(0x04000), 1);
	ASSERT_NUMBER(rd(0x040D0), 1);
	ASSERT_NUMBER(rd(0x04074) + rd(0x041B0), 0);
	ASSERT_NUMBER(rd(0x01030), 1);
	ASSERT_NUMBER(rd(0x02F50), 0);
	/* Nothing is counted without a link. */
	model_set_partner(h.model, false);
	read_away();
	arrive(UNICAST, 60, 1);
	ASSERT_NUMBER(rd(0x040D0) + rd(0x04074), 0);
	host_close(&h);
}

static void wrong_sums_and_lengths_are_counted(void)
{
	/* IPv4 to UDP, with the checksum of neither */
	static const uint8_t ip[] = {0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0,
		1, 0, 2, 0, 26, 0x12, 0x34};

	start_receiving(64);
	read_away();
	memcpy(rx_frame + 12, ip, sizeof(ip));
	arrive(UNICAST, 60, 2);
	ASSERT_NUMBER(rd(0x04120), 2); /* XEC */
	ASSERT_NUMBER(rd(0x04074), 2);
	struct model_frame bad = {rx_frame, 60, true};
	model_receive(h.model, &bad, 1);
	ASSERT_NUMBER(rd(0x04120), 0);
	/* A length field: what it says, what is there, and whether that is wrong. */
	static const struct {
		unsigned said, payload, wrong;
	} lengths[] = {{46, 46, 0}, {3, 46, 0}, {0, 46, 0}, {47, 46, 1}, {100, 100, 0}, {99, 100, 1}, {1500, 1500, 0},
		{0x5FF, 46, 1}, {0x600, 46, 0}};
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		rx_frame[12] = (uint8_t)(lengths[i].said >> 8);
		rx_frame[13] = (uint8_t)lengths[i].said;
		arrive(UNICAST, 14 + lengths[i].payload, 1);
		ASSERT_NUMBER(rd(0x04040), lengths[i].wrong); /* RLEC */
		ASSERT_NUMBER(rd(0x04074), 1);
	}
	rx_frame[12] = rx_frame[13] = 0x05;
	wr(0x04240, rd(0x04240) & ~(1u << 27));
	arrive(UNICAST, 60, 1);
	ASSERT_NUMBER(rd(0x04040), 0);
	host_close(&h);
}

static void dma_counters_count_the_chosen_queues(void)
{
	static const struct {
		uint32_t chosen;
		unsigned counted;
	} ways[] = {{0, 0}, {3, 1}, {16, 1}, {2, 0}};

	start_receiving(64);
	wr(0x02300, 3); /* RQSMR: queue 0 has counter 3 */
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		wr(0x02F40, ways[i].chosen);
		arrive(UNICAST, 60, 1);
		ASSERT_NUMBER(rd(0x02F50), ways[i].counted);
		ASSERT_NUMBER(wide(0x02F54), ways[i].counted * 60);
		ASSERT_NUMBER(rd(0x01030 + 3 * 0x40), 1);
	}
	host_close(&h);
}

static void counters_stick_at_their_ends(void)
{
	uint8_t pause[MODEL_PAUSE_BYTES];
	const struct model_frame xoff = {pause, sizeof(pause), false};

	start_receiving(64);
	h.model->reg[0x04074 / 4] = UINT32_MAX - 2;
	h.model->wide[WIDE_GORC].value = 0xFFFFFFFFFull - 100;
	arrive(UNICAST, 60, 4);
	ASSERT_NUMBER(rd(0x04074), UINT32_MAX);
	ASSERT_NUMBER(rd(0x04088), UINT32_MAX);
	ASSERT_NUMBER(rd(0x0408C), 0xF);
	arrive(UNICAST, 60, 1);
	ASSERT_NUMBER(rd(0x04074), 1);
	ASSERT_NUMBER(wide(0x04088), 64);
	/* Those of pause frames have 16 bits. */
	wr(0x04294, 1u << 3 | 1u << 1);
	model_pause_frame((const uint8_t[6]){2, 0, 0, 0, 0, 9}, 1, pause);
	for (unsigned i = 0; i < 65540; i++)
		model_receive(h.model, &xoff, 1);
	ASSERT_NUMBER(rd(0x041A8), 0xFFFF);
	host_close(&h);
}

static void a_lost_signal_is_a_local_fault(void)
{
	start_receiving(8);
	rd(0x04034);
	wr(0x042A0, rd(0x042A0) | 1u << 12); /* the card restarts its link by itself */
	host_wait(&h, 10 * 1000 * 1000);
	CU_ASSERT_TRUE(model_link_up(h.model));
	ASSERT_NUMBER(rd(0x04034), 0);
	model_set_partner(h.model, false);
	ASSERT_NUMBER(rd(0x04034), 1); /* MLFC */
	host_close(&h);
}

static void what_is_sent_is_counted_by_size_and_address(void)
{
	static const unsigned sizes[] = {60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514};
	static const unsigned classes[] = {1, 2, 2, 2, 2, 2};
	uint64_t bytes = 0;

	start_receiving(8);
	host_transmit_queue(&h, 0, 64);
	for (unsigned i = 0; i < 11; i++) {
		host_fill(host_tx_buffer(&h, i), sizes[i], 1);
		address(host_tx_buffer(&h, i), i % 3);
		host_tx_ring(&h)[i] = host_data(i, sizes[i], 1ull << 24 | 1ull << 25);
		bytes += sizes[i] + 4;
	}
	wr(0x06018, 11);
	while (model_transmit(h.model, &h.sink, 32))
		;
	expect_row(0x040D8, classes, 6);
	ASSERT_NUMBER(rd(0x04080), 11);               /* GPTC */
	ASSERT_NUMBER(rd(0x040D4), 11);               /* TPT */
	ASSERT_NUMBER(rd(0x040F0), 4);                /* MPTC */
	ASSERT_NUMBER(rd(0x040F4), 3);                /* BPTC */
	ASSERT_NUMBER(wide(0x04090), bytes);          /* GOTC */
	ASSERT_NUMBER(rd(0x06030), 11);               /* QPTC */
	ASSERT_NUMBER(rd(0x08680), 0);                /* the same register */
	ASSERT_NUMBER(wide(0x08700), bytes - 4 * 11); /* QBTC */
	ASSERT_NUMBER(rd(0x087A0), 11);               /* TXDGPC */
	ASSERT_NUMBER(wide(0x087A4), bytes - 4 * 11); /* TXDGBC */
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"what arrives is counted by size and address", what_arrives_is_counted_by_size_and_address},
		{"what is not received is counted where it was lost",
			what_is_not_received_is_counted_where_it_was_lost},
		{"wrong sums and lengths are counted", wrong_sums_and_lengths_are_counted},
		{"DMA counters count the chosen queues", dma_counters_count_the_chosen_queues},
		{"counters stick at their ends", counters_stick_at_their_ends},
		{"a lost signal is a local fault", a_lost_signal_is_a_local_fault},
		{"what is sent is counted by size and address", what_is_sent_is_counted_by_size_and_address},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "model counters", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
