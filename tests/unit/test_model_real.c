/* SPDX-License-Identifier: BSD-2-Clause
 * What the software card does only where it is asked to be like a real one: its quirks, each by itself. */
#include "model_scene.c"

static void open_with(uint32_t quirks, unsigned time_scale, enum model_card card)
{
	host_open_card(&h, &(struct model_config){.card = card, .quirks = quirks, .time_scale = time_scale});
}

static void nvm_and_dma_take_as_long_as_on_a_card(void)
{
	open_with(MODEL_QUIRK_SLOW, 0, MODEL_82599);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0); /* EEC.AUTO_RD */
	ASSERT_NUMBER(rd(0x0A204), 0);          /* RAH[0] */
	host_wait(&h, 29 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0);
	ASSERT_NUMBER(rd(0x02F00) >> 3 & 1, 0); /* RDRXCTL.DMAIDONE */
	host_wait(&h, 2 * 1000 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 1);
	ASSERT_NUMBER(rd(0x02F00) >> 3 & 1, 1);
	ASSERT_NUMBER(rd(0x0A204), 0x80000000);
	host_close(&h);
}

static void a_scale_shortens_a_cards_times(void)
{
	open_with(MODEL_QUIRK_SLOW, 100, MODEL_X540);
	wr(0, 1u << 26);
	host_wait(&h, 790 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 0);
	host_wait(&h, 20 * 1000);
	ASSERT_NUMBER(rd(0x10010) >> 9 & 1, 1);
	host_close(&h);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"NVM and DMA take as long as on a card", nvm_and_dma_take_as_long_as_on_a_card},
		{"a scale shortens a card's times", a_scale_shortens_a_cards_times},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "model, as real as a card", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
