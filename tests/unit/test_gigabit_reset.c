/* SPDX-License-Identifier: BSD-2-Clause
 * Recovery of a started port on the scripted 82540EM, 82574L and 82576. */
#include "../../driver/recovery.h"
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

/* Services the port until the reset is asked for. */
static uint32_t serve(void)
{
	uint32_t events = 0;
	for (unsigned i = 0; i < 100 && !(events & NIC_NEEDS_RESET); i++) {
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		clock_sleep_us(1000);
	}
	return events & ~(uint32_t)NIC_LINK_CHANGED;
}

/* The card takes no descriptors; an 82576 needs a function reset then, for which its interrupts are set anew. */
static void transmit_that_hangs_is_told_and_mended(void)
{
	recovery_times.hang = 20000;
	for (unsigned i = 0; i < 3; i++) {
		bool wedges = ids[i] == ID_82576;
		open_full(ids[i]);
		CU_ASSERT(nic_event_fd(nic) >= 0);
		ASSERT_NUMBER(serve(), 0);
		struct pkt pkt;
		CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
		pkt.len = 60;
		card.sends = false;
		CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
		ASSERT_NUMBER(serve(), NIC_NEEDS_RESET | NIC_TX_HANG | (wedges ? NIC_DMA_FAULT : 0));
		CU_ASSERT(noted("transmit queue 0 stands still"));
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		CU_ASSERT_EQUAL(card.function_resets, wedges);
		CU_ASSERT(card.irq_fd >= 0);
		struct nic_stats stats;
		CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
		ASSERT_NUMBER(stats.tx_unsent, 1);
		card.sends = true;
		ASSERT_NUMBER(serve(), 0);
		close_port();
	}
}

/* Frames are missed, though the ring has room. */
static void receive_that_hangs_is_told(void)
{
	recovery_times.hang = 20000;
	for (unsigned i = 0; i < 2; i++) {
		open_full(ids[i]);
		uint32_t events = 0;
		for (unsigned n = 0; n < 100 && !events; n++) {
			*card_register(&card, GIGABIT_MPC) = 1;
			nic_service(nic, &events);
			events &= ~(uint32_t)NIC_LINK_CHANGED;
			clock_sleep_us(1000);
		}
		ASSERT_NUMBER(events, NIC_NEEDS_RESET | NIC_RX_HANG);
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		/* a ring without room is the application's affair */
		for (unsigned q = 0; q < nic->config.rx_queues; q++)
			*card_register(&card, GIGABIT_AT(RDH, q)) = *card_register(&card, GIGABIT_AT(RDT, q));
		for (unsigned n = 0; n < 60; n++) {
			*card_register(&card, GIGABIT_MPC) = 1;
			nic_service(nic, &events);
			CU_ASSERT_EQUAL(events & NIC_NEEDS_RESET, 0);
			clock_sleep_us(1000);
		}
		close_port();
	}
}

static void a_card_that_was_reset_is_told(void)
{
	for (unsigned i = 0; i < 3; i++) {
		open_full(ids[i]);
		ASSERT_NUMBER(serve(), 0);
		card.kind->reset(&card);
		ASSERT_NUMBER(serve(), NIC_NEEDS_RESET | NIC_WAS_RESET);
		CU_ASSERT(noted("RCTL.EN is 0"));
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		ASSERT_NUMBER(serve(), 0);
		close_port();
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a card comes back as it was", a_card_comes_back_as_it_was},
		{"each step may fail, and is made up for", each_step_may_fail},
		{"buffers may be short", buffers_may_be_short},
		{"the device may vanish or refuse", the_device_may_vanish_or_refuse},
		{"transmit that hangs is told, and mended", transmit_that_hangs_is_told_and_mended},
		{"receive that hangs is told", receive_that_hangs_is_told},
		{"a card that was reset is told", a_card_that_was_reset_is_told},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "gigabit recovery", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
