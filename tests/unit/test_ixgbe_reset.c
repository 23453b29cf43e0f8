/* SPDX-License-Identifier: BSD-2-Clause
 * Recovery of a started port on the scripted 82599, X540 and X550. */
#include "card_ixgbe.c"
#include "card_port.c"
#include "unit.h"

#include "card_reset.c"

static uint32_t ignored(uint32_t offset)
{
	return offset == IXGBE_SWSM || offset == IXGBE_SW_FW_SYNC || offset == IXGBE_I2CCTL || offset == IXGBE_EICR
		       ? UINT32_MAX
		       : 0;
}

static void a_card_comes_back_as_it_was(void)
{
	come_back_as_it_was(0x10FB, ignored);
	come_back_as_it_was(0x1528, ignored);
	come_back_as_it_was(0x1563, ignored);
}

static void each_step_may_fail(void)
{
	fail_at_each_step_of_a_reset(0x10FB);
	fail_at_each_step_of_a_reset(0x1563);
}

static void buffers_may_be_short(void)
{
	wait_for_buffers(0x10FB);
}

static void the_device_may_vanish_or_refuse(void)
{
	vanish_or_refuse_during_a_reset(0x10FB, false);
	vanish_or_refuse_during_a_reset(0x10FB, true);
}

/* A bit is cleared by writing 1, which the scripted card does not do by itself. */
static void clear_stopped_queues(void)
{
	for (uint32_t i = 0; i < IXGBE_WQBR_RX_COUNT; i++)
		*card_register(&card, IXGBE_AT(WQBR_RX, i)) = *card_register(&card, IXGBE_AT(WQBR_TX, i)) = 0;
}

static void a_queue_that_the_x550_has_stopped_is_told(void)
{
	uint32_t events;
	open_full(0x1563);
	clear_stopped_queues();
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events & NIC_NEEDS_RESET, 0);
	*card_register(&card, IXGBE_AT(WQBR_TX, 0)) = 2;
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_NEEDS_RESET | NIC_MALICIOUS);
	CU_ASSERT_EQUAL(nic_reset(nic), 0);
	clear_stopped_queues();
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(events, 0);
	close_port();
}

static void heat_is_told_and_needs_no_reset(void)
{
	uint32_t events;
	open_full(0x1528);
	for (unsigned i = 0; i < 3; i++) {
		*card_register(&card, IXGBE_EICR) = IXGBE_EICR_TS;
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		CU_ASSERT_EQUAL(events, NIC_OVERHEATED);
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		CU_ASSERT_EQUAL(events, 0);
	}
	CU_ASSERT_EQUAL(count_notes("too hot"), 1);
	close_port();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a card comes back as it was", a_card_comes_back_as_it_was},
		{"each step may fail, and is made up for", each_step_may_fail},
		{"buffers may be short", buffers_may_be_short},
		{"the device may vanish or refuse", the_device_may_vanish_or_refuse},
		{"a queue that the X550 has stopped is told", a_queue_that_the_x550_has_stopped_is_told},
		{"heat is told, and needs no reset", heat_is_told_and_needs_no_reset},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "ixgbe recovery", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
