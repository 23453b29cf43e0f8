/* SPDX-License-Identifier: BSD-2-Clause
 * How the software 82599 interrupts: causes, masks, vectors, auto-clear, auto-mask and moderation. */
#include "model_scene.c"

static void legacy_interrupts_are_set_masked_and_cleared(void)
{
	host_open(&h);
	wr(0x00808, 1u << 3); /* EICS, masked */
	CU_ASSERT_EQUAL(h.interrupts[0], 0);
	CU_ASSERT_EQUAL(rd(0x00808), 1u << 3);
	wr(0x00880, 1u << 3); /* unmasked */
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	CU_ASSERT_EQUAL(rd(0x00800), 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00800), 0);
	wr(0x00808, 1u << 20 | 1u << 3);
	wr(0x00800, 1u << 20); /* write one to clear */
	CU_ASSERT_EQUAL(rd(0x00800), 1u << 3);
	wr(0x00888, 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00880), 0);
	unsigned before = h.interrupts[0];
	wr(0x00808, 1u << 3);
	CU_ASSERT_EQUAL(h.interrupts[0], before);
	host_close(&h);
}

static void vectors_follow_ivar_clear_themselves_and_are_moderated(void)
{
	uint8_t frame[60];

	host_open(&h);
	host_link(&h);
	wr(0x00898, 1u << 4 | 1u << 31); /* MSI-X */
	wr(0x00900, 0x80 | 5);           /* receive queue 0: vector 5 */
	wr(0x00A00, (0x80 | 7) << 8);    /* other causes: vector 7 */
	wr(0x00810, 0xFFFF);
	wr(0x00AA0, 1u << 5);
	wr(0x00880, 1u << 20);
	wr(0x00820 + 4 * 5, 10 << 3); /* some 20 microseconds */
	host_receive_queue(&h, 0, 64);
	host_fill(frame, 60, 0);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	CU_ASSERT_EQUAL(rd(0x00808) & 1u << 5, 0); /* cleared by itself */
	host_arrive(&h, frame, 60);
	host_arrive(&h, frame, 60);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	host_wait(&h, 10 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	host_wait(&h, 15 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 2);
	wr(0x00A90, 1u << 5); /* EICS_EX */
	host_wait(&h, 30 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 3);
	wr(0x00AB0, 1u << 5);
	host_arrive(&h, frame, 60);
	host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 3);
	wr(0x00AA0, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 4);
	CU_ASSERT_EQUAL(h.interrupts[7], 1); /* the link came up before its cause was unmasked */
	model_set_partner(h.model, false);
	CU_ASSERT_EQUAL(h.interrupts[7], 2);
	CU_ASSERT_EQUAL(rd(0x00808) & 1u << 20, 1u << 20);
	host_close(&h);
}

static void vectors_mask_themselves_when_asked_to(void)
{
	host_open(&h);
	wr(0x00898, 1u << 4 | 1u << 30 | 1u << 31); /* MSI-X, EIAME */
	wr(0x00AD4, 1u << 3);                       /* EIAM_EX: vector 35 */
	wr(0x00AA4, 1u << 3);
	wr(0x00A94, 1u << 3);
	CU_ASSERT_EQUAL(h.interrupts[35], 1);
	CU_ASSERT_EQUAL(rd(0x00AA4), 0);
	wr(0x00A94, 1u << 3); /* EICS unmasks what EIAM names */
	CU_ASSERT_EQUAL(h.interrupts[35], 2);
	CU_ASSERT_EQUAL(rd(0x00AA4), 0);
	wr(0x00AA0, 1u << 7); /* without auto-mask one stays */
	wr(0x00A90, 1u << 7);
	CU_ASSERT_EQUAL(h.interrupts[7], 1);
	CU_ASSERT_EQUAL(rd(0x00AA0), 1u << 7);
	host_close(&h);
}

static void what_software_clears_is_masked_when_asked_to(void)
{
	host_open(&h);
	wr(0x00898, 1u << 4 | 1u << 5 | 1u << 31); /* MSI-X, OCD, no EIAME */
	wr(0x00890, 1u << 20 | 1u << 3);           /* EIAM: LSC, vector 3 */
	wr(0x00880, 1u << 20 | 1u << 22 | 1u << 3);
	wr(0x00808, 1u << 20 | 1u << 22 | 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00880), 1u << 20 | 1u << 22 | 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00800), 1u << 31 | 1u << 20 | 1u << 22 | 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00880), 1u << 22 | 1u << 3); /* with OCD reading clears bits 29:16 only */
	CU_ASSERT_EQUAL(rd(0x00800), 1u << 3);
	wr(0x00800, 1u << 3);
	CU_ASSERT_EQUAL(rd(0x00880), 1u << 22);
	host_close(&h);
}

static void bit_31_tells_of_other_causes_that_are_enabled(void)
{
	host_open(&h);
	wr(0x00808, 1u << 22 | 1u << 31);
	CU_ASSERT_EQUAL(rd(0x00808), 1u << 22);
	wr(0x00880, 1u << 22);
	CU_ASSERT_EQUAL(rd(0x00808), 1u << 31 | 1u << 22);
	CU_ASSERT_EQUAL(rd(0x00800), 1u << 31 | 1u << 22);
	CU_ASSERT_EQUAL(rd(0x00800), 0);
	host_close(&h);
}

static void all_queues_reach_the_vectors_that_ivar_names(void)
{
	host_open(&h);
	host_link(&h);
	wr(0x00898, 1u << 4 | 1u << 31);
	wr(0x00900 + 4 * (127 / 2), 0x80u << 16 | 63u << 16); /* receive queue 127: vector 63 */
	wr(0x00900 + 4 * (63 / 2), 0x80u << 24 | 40u << 24);  /* transmit queue 63: vector 40 */
	wr(0x00AA4, 1u << 31 | 1u << 8);
	host_receive_queue(&h, 127, 16);
	wr(0x05128, 1u << 31 | 0x88B5);     /* ETQF: the EtherType ... */
	wr(0x0EC00, 1u << 31 | 127u << 16); /* ... goes to queue 127 */
	host_fill(rx_frame, 60, 1);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(h.interrupts[63], 1);
	host_transmit_queue(&h, 63, 16);
	host_fill(host_tx_buffer(&h, 0), 60, 1);
	host_tx_ring(&h)[0] = host_data(0, 60, 1u << 24 | 1u << 25 | 1u << 27);
	wr(0x06018 + 0x40 * 63, 1);
	CU_ASSERT_EQUAL(model_transmit(h.model, &h.sink, 8), 1);
	CU_ASSERT_EQUAL(h.interrupts[40], 1);
	host_close(&h);
}

static void the_interval_counts_down_and_can_be_cut_short(void)
{
	uint32_t eitr = 0x00820 + 4 * 5;

	host_open(&h);
	wr(0x00898, 1u << 4 | 1u << 31);
	wr(0x00AA0, 1u << 5);
	wr(eitr, 100u << 3 | 1u << 31); /* 204.8 us; CNT_WDIS */
	CU_ASSERT_EQUAL(rd(eitr), 100u << 3);
	wr(0x00A90, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	CU_ASSERT_EQUAL(rd(eitr) >> 21, 100 / 4);
	host_wait(&h, 104 * 1000);
	CU_ASSERT_EQUAL(rd(eitr) >> 21, 49 / 4);
	wr(0x00A90, 1u << 5);
	wr(eitr, 50u << 3 | 1u << 31); /* a new interval, for the time behind the one that runs */
	host_wait(&h, 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	CU_ASSERT_EQUAL(rd(0x00808) & 1u << 5, 1u << 5); /* the cause waits */
	wr(eitr, 50u << 3);                              /* the counter too: 0 */
	host_wait(&h, 1);
	CU_ASSERT_EQUAL(h.interrupts[5], 2);
	wr(0x00A90, 1u << 5);
	host_wait(&h, 102 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 2);
	host_wait(&h, 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 3);
	wr(0x00898, 1u << 4 | 1u << 6 | 1u << 31); /* EIMEN: what software sets waits for nothing */
	wr(0x00A90, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 4);
	host_close(&h);
}

static void at_100_mbits_intervals_are_ten_times_as_long(void)
{
	host_open_card(&h, &(struct model_config){.card = MODEL_X540, .partner_speeds = MODEL_SPEED_100M});
	host_link(&h);
	host_wait(&h, 1000 * 1000 * 1000);
	CU_ASSERT_EQUAL(model_link_mbps(h.model), 100);
	wr(0x00820, 10u << 3); /* the only interval without MSI-X */
	wr(0x00880, 1u << 3 | 1u << 4);
	wr(0x00808, 1u << 3);
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	wr(0x00808, 1u << 4);
	host_wait(&h, 204 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[0], 1);
	host_wait(&h, 1000);
	CU_ASSERT_EQUAL(h.interrupts[0], 2);
	host_close(&h);
}

static void interrupts_get_lost(void)
{
	host_open(&h);
	wr(0x00898, 1u << 4 | 1u << 31);
	wr(0x00810, 0xFFFF);
	wr(0x00AA0, 1u << 5);
	model_incident(h.model, MODEL_INCIDENT_INTERRUPT_LOSS, 2);
	wr(0x00A90, 1u << 5);
	wr(0x00A90, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 0);
	CU_ASSERT_EQUAL(rd(0x00808) & 1u << 5, 0); /* the card thinks that it has told */
	wr(0x00A90, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	model_incident(h.model, MODEL_INCIDENT_INTERRUPT_LOSS, 0);
	wr(0x00A90, 1u << 5);
	wr(0x00A90, 1u << 5);
	CU_ASSERT_EQUAL(h.interrupts[5], 2);
	host_close(&h);
}

static void interrupts_come_without_end(void)
{
	host_open(&h);
	wr(0x00898, 1u << 4 | 1u << 30 | 1u << 31); /* MSI-X, EIAME */
	wr(0x00AD0, 1u << 6);
	wr(0x00AA0, 1u << 5 | 1u << 6);
	wr(0x00A00, (0x80 | 7) << 8);
	wr(0x00880, 1u << 20);
	model_incident(h.model, MODEL_INCIDENT_INTERRUPT_STORM, 20);
	for (unsigned i = 0; i < 10; i++)
		host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 10);
	CU_ASSERT_EQUAL(h.interrupts[6], 1); /* it has masked itself */
	CU_ASSERT_EQUAL(h.interrupts[7], 10);
	CU_ASSERT_EQUAL(h.interrupts[0], 0);
	CU_ASSERT_EQUAL(rd(0x00808), 0); /* for no reason */
	wr(0x00AA0, 1u << 6);
	for (unsigned i = 0; i < 100; i++)
		host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[5], 20);
	CU_ASSERT_EQUAL(h.interrupts[6], 2);
	wr(0x00898, 0);
	model_incident(h.model, MODEL_INCIDENT_INTERRUPT_STORM, 0);
	for (unsigned i = 0; i < 2000; i++)
		host_wait(&h, 100 * 1000);
	CU_ASSERT_EQUAL(h.interrupts[0], 1000); /* INTx and MSI have one only */
	host_close(&h);
}

static void an_interrupt_comes_before_its_frame(void)
{
	start_receiving(16);
	wr(0x00898, 1u << 4 | 1u << 31);
	wr(0x00900, 0x80 | 5);
	wr(0x00810, 0xFFFF);
	wr(0x00AA0, 1u << 5);
	model_incident(h.model, MODEL_INCIDENT_INTERRUPT_EARLY, 0);
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(h.interrupts[5], 1);
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 1, 0);
	host_wait(&h, 49 * 1000);
	CU_ASSERT_FALSE(host_arrive(&h, rx_frame, 60));
	host_wait(&h, 1000);
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(host_rx_ring(&h)[0].q1 & 1, 1);
	CU_ASSERT_EQUAL(h.interrupts[5], 1); /* and no other one */
	CU_ASSERT_TRUE(host_arrive(&h, rx_frame, 60));
	CU_ASSERT_EQUAL(h.interrupts[5], 2);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"legacy interrupts are set, masked and cleared", legacy_interrupts_are_set_masked_and_cleared},
		{"vectors follow IVAR, clear themselves and are moderated",
			vectors_follow_ivar_clear_themselves_and_are_moderated},
		{"vectors mask themselves when asked to", vectors_mask_themselves_when_asked_to},
		{"what software clears is masked when asked to", what_software_clears_is_masked_when_asked_to},
		{"bit 31 tells of other causes that are enabled", bit_31_tells_of_other_causes_that_are_enabled},
		{"all queues reach the vectors that IVAR names", all_queues_reach_the_vectors_that_ivar_names},
		{"the interval counts down, and can be cut short", the_interval_counts_down_and_can_be_cut_short},
		{"at 100 Mbit/s intervals are ten times as long", at_100_mbits_intervals_are_ten_times_as_long},
		{"interrupts get lost", interrupts_get_lost},
		{"interrupts come without end", interrupts_come_without_end},
		{"an interrupt comes before its frame", an_interrupt_comes_before_its_frame},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model interrupts", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
