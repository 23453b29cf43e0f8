/* SPDX-License-Identifier: BSD-2-Clause
 * What happens to the software 82599 while it runs: hangs, errors, resets that nobody asked for. */
#include "model_scene.c"

#define RX_ENABLED (rd(0x01028) >> 25 & 1)
#define TX_ENABLED (rd(0x06028) >> 25 & 1)

/** Frames i to n - 1 in the transmit ring, each to be reported. */
static void hand_over(unsigned first, unsigned n)
{
	for (unsigned i = first; i < n; i++) {
		host_fill(host_tx_buffer(&h, i), 60, (uint8_t)i);
		host_tx_ring(&h)[i] = host_data(i, 60, 1u << 24 | 1u << 25 | 1u << 27); /* EOP, IFCS, RS */
	}
	wr(0x06018, n);
}

static bool reported(unsigned slot)
{
	return host_tx_ring(&h)[slot].q1 >> 32 & 1;
}

static void reset(void)
{
	wr(0x00000, 1u << 26);
	host_wait(&h, 20 * 1000 * 1000);
}

static void start_both(void)
{
	start_receiving(16);
	host_transmit_queue(&h, 0, 64);
}

static void start_again(void)
{
	host_link(&h);
	host_receive_queue(&h, 0, 16);
	host_transmit_queue(&h, 0, 64);
}

static void sends_again(void)
{
	unsigned before = h.sent_n;

	start_again();
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	CU_ASSERT_EQUAL(h.sent_n, before + 4);
	CU_ASSERT(reported(3));
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 1, 1);
}

static void a_hung_transmit_queue_stands_until_a_reset(void)
{
	start_both();
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	model_incident(h.model, MODEL_INCIDENT_TX_HANG, 0);
	hand_over(4, 8);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 0);
	CU_ASSERT_EQUAL(rd(0x06010), 4); /* TDH */
	wr(0x06028, 0);
	host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_EQUAL(TX_ENABLED, 1); /* it does not even end */
	CU_ASSERT_EQUAL(rd(0x00008) >> 19 & 1, 1);
	wr(0x00000, 1u << 2);
	CU_ASSERT_EQUAL(rd(0x00008) >> 19 & 1, 0); /* the others are not in the way of GIO_DIS */
	reset();
	sends_again();
	CU_ASSERT_EQUAL(model_incident_count(h.model, MODEL_INCIDENT_TX_HANG), 1);
	host_close(&h);
}

static void other_queues_than_the_hung_one_go_on(void)
{
	start_both();
	model_incident(h.model, MODEL_INCIDENT_TX_HANG, 1);
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	model_incident(h.model, MODEL_INCIDENT_RX_QUEUE_HANG, 1);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_FALSE(model_incident_possible(h.model, MODEL_INCIDENT_TX_HANG, 128));
	model_incident(h.model, MODEL_INCIDENT_TX_HANG, 128);
	CU_ASSERT_EQUAL(model_incident_count(h.model, MODEL_INCIDENT_TX_HANG), 1);
	host_close(&h);
}

static void transmit_as_a_whole_hangs_and_master_requests_with_it(void)
{
	start_both();
	model_incident(h.model, MODEL_INCIDENT_TX_DMA_HANG, 0);
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 0);
	wr(0x00000, 1u << 2); /* GIO_DIS */
	host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_EQUAL(rd(0x00008) >> 19 & 1, 1);
	reset();
	CU_ASSERT_EQUAL(rd(0x00008) >> 19 & 1, 1);
	wr(0x00000, 1u << 2);
	CU_ASSERT_EQUAL(rd(0x00008) >> 19 & 1, 0);
	wr(0x00000, 0);
	sends_again();
	host_close(&h);
}

static void a_dead_transmit_dma_needs_a_function_reset(void)
{
	uint16_t command = 0x0006;

	start_both();
	model_incident(h.model, MODEL_INCIDENT_TX_DEAD, 0);
	reset();
	start_again();
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 0);
	model_function_reset(h.model);
	model_region_write(h.model, 7, 4, &command, 2);
	host_wait(&h, 20 * 1000 * 1000);
	sends_again();
	host_close(&h);
}

static void frames_go_out_without_a_report(void)
{
	start_both();
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	CU_ASSERT_TRUE(reported(3));
	model_incident(h.model, MODEL_INCIDENT_TX_SILENT, 0);
	hand_over(4, 10);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 6);
	CU_ASSERT_EQUAL(h.sent_n, 10);
	CU_ASSERT_EQUAL(rd(0x06010), 10); /* TDH goes on */
	CU_ASSERT_FALSE(reported(4));
	CU_ASSERT_FALSE(reported(9));
	CU_ASSERT_EQUAL(model_tx_unreported(h.model), 0); /* they might still be */
	reset();
	CU_ASSERT_EQUAL(model_tx_unreported(h.model), 6);
	sends_again();
	reset();
	CU_ASSERT_EQUAL(model_tx_unreported(h.model), 6); /* those behind were reported */
	host_close(&h);
}

static void frames_behind_the_last_report_count_as_unreported(void)
{
	start_both();
	hand_over(0, 4);
	host_tx_ring(&h)[2].q1 &= ~(1ull << 27); /* RS in slots 0 and 1 only */
	host_tx_ring(&h)[3].q1 &= ~(1ull << 27);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	wr(0x06028, 0);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(TX_ENABLED, 0);
	CU_ASSERT_EQUAL(model_tx_unreported(h.model), 2);
	host_close(&h);
}

static void a_hung_receive_side_fills_the_packet_buffer(void)
{
	const struct model_frame frame = {rx_frame, 60, false};

	start_both();
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	model_incident(h.model, MODEL_INCIDENT_RX_HANG, 0);
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60)); /* it waits */
	CU_ASSERT_EQUAL(model_deliver(h.model, &frame, 1), 0);
	CU_ASSERT_EQUAL(rd(0x01010), 1); /* RDH, far from the tail */
	model_miss(h.model, &frame, 1);
	CU_ASSERT_EQUAL(rd(0x03FA0), 1);
	CU_ASSERT_TRUE(model_receiving(h.model));
	wr(0x01028, 0);
	host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_EQUAL(RX_ENABLED, 1);
	reset();
	sends_again();
	host_close(&h);
}

static void a_hung_receive_queue_is_like_one_without_descriptors(void)
{
	start_both();
	model_incident(h.model, MODEL_INCIDENT_RX_QUEUE_HANG, 0);
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60));
	reset();
	start_again();
	wr(0x01014, rd(0x01014) | 1u << 28); /* DROP_EN */
	model_incident(h.model, MODEL_INCIDENT_RX_QUEUE_HANG, 0);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(rd(0x01430), 1); /* QPRDC */
	CU_ASSERT_EQUAL(rd(0x01010), 0);
	reset();
	sends_again();
	host_close(&h);
}

static void a_damaged_memory_is_told_and_stops_dma(void)
{
	start_both();
	wr(0x00880, 1u << 28);
	model_incident(h.model, MODEL_INCIDENT_ECC, 0);
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	CU_ASSERT_EQUAL(rd(0x00808) & 1u << 28, 1u << 28);
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 0);
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60));
	reset();
	CU_ASSERT_EQUAL(rd(0x00800) & 1u << 28, 0);
	sends_again();
	host_close(&h);
}

static void a_card_resets_itself(void)
{
	start_both();
	wr(0x00880, 1u << 20);
	model_incident(h.model, MODEL_INCIDENT_SELF_RESET, 0);
	CU_ASSERT_EQUAL(rd(0x00880), 0);
	CU_ASSERT_EQUAL(RX_ENABLED, 0);
	CU_ASSERT_EQUAL(TX_ENABLED, 0);
	CU_ASSERT_EQUAL(rd(0x03000), 0);
	CU_ASSERT_EQUAL(rd(0x06010), 0);
	CU_ASSERT_EQUAL(model_faults(h.model)->bad_order, 0); /* nobody could have known that it is in reset */
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(model_fate_count(h.model, MODEL_NOT_UP), 1);
	host_wait(&h, 20 * 1000 * 1000);
	sends_again();
	host_close(&h);
}

static void a_malicious_queue_is_stopped_until_it_is_released(void)
{
	host_open_card(&h, &(struct model_config){.card = MODEL_X550});
	host_link(&h);
	host_wait(&h, 1000 * 1000 * 1000);
	host_receive_queue(&h, 0, 16);
	host_transmit_queue(&h, 0, 64);
	host_fill(rx_frame, 60, 1);
	CU_ASSERT_FALSE(model_incident_possible(h.model, MODEL_INCIDENT_MDD_TX, 0)); /* detection is off */
	wr(0x04A80, rd(0x04A80) | 1u << 5 | 1u << 6);
	wr(0x02F00, rd(0x02F00) | 1u << 28 | 1u << 29);
	wr(0x00880, 1u << 19);
	model_incident(h.model, MODEL_INCIDENT_MDD_TX, 0);
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	CU_ASSERT_EQUAL(rd(0x00800) & 1u << 19, 1u << 19);
	CU_ASSERT_EQUAL(rd(0x08130), 1);        /* WQBR_TX */
	CU_ASSERT_EQUAL(rd(0x08124), 1u << 17); /* LMVM_TX: queue 0 of the PF */
	CU_ASSERT_EQUAL(rd(0x08108), 1u << 19); /* LVMMC_TX */
	CU_ASSERT_EQUAL(rd(0x08108), 0);
	CU_ASSERT_EQUAL(TX_ENABLED, 0);
	wr(0x06028, 1u << 25);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(TX_ENABLED, 0);
	wr(0x08130, 1);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(TX_ENABLED, 1);
	hand_over(0, 4);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	model_incident(h.model, MODEL_INCIDENT_MDD_RX, 70);
	CU_ASSERT_EQUAL(rd(0x02FB8), 1u << 6);
	CU_ASSERT_EQUAL(rd(0x02FA4), 1u << 17 | 70);
	CU_ASSERT_EQUAL(rd(0x02FA8), 1);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	model_incident(h.model, MODEL_INCIDENT_MDD_RX, 0);
	CU_ASSERT_EQUAL(RX_ENABLED, 0);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(model_fate_count(h.model, MODEL_QUEUE_OFF), 1);
	wr(0x01028, 1u << 25);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(RX_ENABLED, 0);
	wr(0x02FB0, 1);
	host_wait(&h, 1000 * 1000);
	CU_ASSERT_EQUAL(RX_ENABLED, 1);
	host_close(&h);

	host_open(&h); /* the 82599 has nothing of it */
	wr(0x04A80, 1u << 5 | 1u << 6);
	CU_ASSERT_EQUAL(rd(0x04A80) & 3u << 5, 0);
	CU_ASSERT_FALSE(model_incident_possible(h.model, MODEL_INCIDENT_MDD_TX, 0));
	host_close(&h);
}

static void a_hot_card_has_no_link_until_it_is_cool(void)
{
	host_open_card(&h, &(struct model_config){.card = MODEL_X540});
	host_link(&h);
	host_wait(&h, 1000 * 1000 * 1000);
	wr(0x00880, 1u << 23);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_incident(h.model, MODEL_INCIDENT_HEAT, 50);
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	CU_ASSERT_EQUAL(rd(0x00800) & 1u << 23, 1u << 23);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_wait(&h, 49 * 1000 * 1000);
	host_wait(&h, 10 * 1000);
	CU_ASSERT_FALSE(model_link_up(h.model));
	for (unsigned i = 0; i < 20; i++)
		host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_TRUE(model_link_up(h.model));
	model_incident(h.model, MODEL_INCIDENT_HEAT, 50);
	model_set_partner(h.model, false); /* whoever pulls the wire decides when it comes back */
	for (unsigned i = 0; i < 20; i++)
		host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_FALSE(model_link_up(h.model));
	host_close(&h);

	host_open(&h);
	CU_ASSERT_FALSE(model_incident_possible(h.model, MODEL_INCIDENT_HEAT, 0)); /* the 82599's board does that */
	host_close(&h);
}

static void a_link_is_lost_with_frames_pending(void)
{
	start_both();
	hand_over(0, 4);
	model_incident(h.model, MODEL_INCIDENT_LINK_LOSS, 0);
	CU_ASSERT_FALSE(model_link_up(h.model));
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 0);
	CU_ASSERT_TRUE(reported(3)); /* fetched, and not sent */
	CU_ASSERT_EQUAL(h.sent_n, 0);
	host_wait(&h, 100 * 1000 * 1000);
	host_wait(&h, 100 * 1000 * 1000);
	CU_ASSERT_TRUE(model_link_up(h.model));
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 64), 4);
	model_set_partner(h.model, false); /* another time it is as kind as ever */
	hand_over(4, 8);
	model_transmit(h.model, &h.sink, 64);
	CU_ASSERT_FALSE(reported(7));
	host_close(&h);
}

static void pins_rise(void)
{
	host_open(&h);
	wr(0x00020, 1u << 9); /* SDP1 is an output */
	wr(0x00898, 7);       /* GPIE: all three */
	model_incident(h.model, MODEL_INCIDENT_GPI, 0);
	model_incident(h.model, MODEL_INCIDENT_GPI, 1);
	CU_ASSERT_EQUAL(rd(0x00800) & 7u << 24, 1u << 24);
	wr(0x00898, 0);
	model_incident(h.model, MODEL_INCIDENT_GPI, 0);
	CU_ASSERT_EQUAL(rd(0x00800) & 7u << 24, 0);
	CU_ASSERT_FALSE(model_incident_possible(h.model, MODEL_INCIDENT_GPI, 3));
	host_close(&h);
	host_open_card(&h, &(struct model_config){.card = MODEL_X540});
	wr(0x00898, 7u << 1);
	model_incident(h.model, MODEL_INCIDENT_GPI, 2);
	CU_ASSERT_EQUAL(rd(0x00800) & 0xFu << 24, 1u << 27);
	host_close(&h);
}

static void an_incident_happens_at_the_access_it_is_wanted_at(void)
{
	uint64_t before;

	start_both();
	before = model_accesses(h.model);
	model_incident_at(h.model, 3, MODEL_INCIDENT_SELF_RESET, 0);
	CU_ASSERT_EQUAL(RX_ENABLED, 1);
	CU_ASSERT_EQUAL(RX_ENABLED, 1);
	CU_ASSERT_EQUAL(RX_ENABLED, 0);
	CU_ASSERT_EQUAL(model_accesses(h.model) - before, 3);
	model_incident_at(h.model, 1, MODEL_INCIDENT_TX_HANG, 0);
	model_incident_at(h.model, 0, MODEL_INCIDENT_TX_HANG, 0);
	CU_ASSERT_EQUAL(RX_ENABLED, 0);
	CU_ASSERT_EQUAL(model_incident_count(h.model, MODEL_INCIDENT_TX_HANG), 0);
	host_close(&h);
}

static void seeds_choose_among_what_is_possible(void)
{
	unsigned chosen[MODEL_INCIDENTS] = {0};

	start_both();
	for (unsigned seed = 0; seed < 1000; seed++) {
		unsigned argument, again;
		enum model_incident what = model_incident_random(h.model, seed, &argument);

		CU_ASSERT_TRUE_FATAL(model_incident_possible(h.model, what, argument));
		CU_ASSERT_EQUAL(argument, 0); /* the queue that is enabled, or what is usual */
		CU_ASSERT_EQUAL(model_incident_random(h.model, seed, &again), what);
		chosen[what]++;
	}
	CU_ASSERT_EQUAL(chosen[MODEL_INCIDENT_TX_DEAD], 0); /* CTRL.RST does not end it */
	CU_ASSERT(chosen[MODEL_INCIDENT_TX_HANG] > 20);
	CU_ASSERT(chosen[MODEL_INCIDENT_SELF_RESET] > 20);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"a hung transmit queue stands until a reset", a_hung_transmit_queue_stands_until_a_reset},
		{"other queues than the hung one go on", other_queues_than_the_hung_one_go_on},
		{"transmit as a whole hangs, and master requests with it",
			transmit_as_a_whole_hangs_and_master_requests_with_it},
		{"a dead transmit DMA needs a function reset", a_dead_transmit_dma_needs_a_function_reset},
		{"frames go out without a report", frames_go_out_without_a_report},
		{"frames behind the last report count as unreported",
			frames_behind_the_last_report_count_as_unreported},
		{"a hung receive side fills the packet buffer", a_hung_receive_side_fills_the_packet_buffer},
		{"a hung receive queue is like one without descriptors",
			a_hung_receive_queue_is_like_one_without_descriptors},
		{"a damaged memory is told, and stops DMA", a_damaged_memory_is_told_and_stops_dma},
		{"a card resets itself", a_card_resets_itself},
		{"a malicious queue is stopped until it is released",
			a_malicious_queue_is_stopped_until_it_is_released},
		{"a hot card has no link until it is cool", a_hot_card_has_no_link_until_it_is_cool},
		{"a link is lost with frames pending", a_link_is_lost_with_frames_pending},
		{"pins rise", pins_rise},
		{"an incident happens at the access it is wanted at",
			an_incident_happens_at_the_access_it_is_wanted_at},
		{"seeds choose among what is possible", seeds_choose_among_what_is_possible},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model incidents", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
