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
	wr(0x00A94, 1u << 3);
	CU_ASSERT_EQUAL(h.interrupts[35], 1);
	wr(0x00AA4, 1u << 3);
	CU_ASSERT_EQUAL(h.interrupts[35], 2);
	host_close(&h);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"legacy interrupts are set, masked and cleared", legacy_interrupts_are_set_masked_and_cleared},
		{"vectors follow IVAR, clear themselves and are moderated",
			vectors_follow_ivar_clear_themselves_and_are_moderated},
		{"vectors mask themselves when asked to", vectors_mask_themselves_when_asked_to},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model interrupts", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
