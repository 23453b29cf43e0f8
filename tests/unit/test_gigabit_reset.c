/* SPDX-License-Identifier: BSD-2-Clause
 * Recovery of a started port on the scripted 82540EM, 82574L and 82576. */
#include "card_e1000.c"
#include "card_port.c"
#include "unit.h"

#include "card_reset.c"

static uint32_t ignored(uint32_t offset)
{
	return offset == GIGABIT_MDIC || offset == GIGABIT_EERD || offset == IGB_SWSM ||
			       offset == GIGABIT_EXTCNF_CTRL || offset == GIGABIT_ICR
		       ? UINT32_MAX
		       : 0;
}

static const uint16_t ids[] = {ID_82540EM, ID_82574L, ID_82576};

static void a_card_comes_back_as_it_was(void)
{
	for (unsigned i = 0; i < 3; i++)
		come_back_as_it_was(ids[i], ignored);
}

static void each_step_may_fail(void)
{
	for (unsigned i = 0; i < 3; i++)
		fail_at_each_step_of_a_reset(ids[i]);
}

static void buffers_may_be_short(void)
{
	for (unsigned i = 0; i < 3; i++)
		wait_for_buffers(ids[i]);
}

static void the_device_may_vanish_or_refuse(void)
{
	for (unsigned i = 0; i < 3; i++) {
		vanish_or_refuse_during_a_reset(ids[i], false);
		vanish_or_refuse_during_a_reset(ids[i], true);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a card comes back as it was", a_card_comes_back_as_it_was},
		{"each step may fail, and is made up for", each_step_may_fail},
		{"buffers may be short", buffers_may_be_short},
		{"the device may vanish or refuse", the_device_may_vanish_or_refuse},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "gigabit recovery", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
