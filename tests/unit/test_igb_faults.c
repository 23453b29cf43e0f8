/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the igb control path on a scripted 82576: what its boards differ in, firmware that keeps what it has, every
 * wait that runs out, a device that vanishes or refuses at any access, and every step and allocation that fails. */
#include "card_rings.c"

#include "card_e1000.c"
#include "card_port.c"
#include "unit.h"

#include "card_life.c"

#define PCIE 0xA0u /* where the card's PCIe capability is */

static void init_card(void)
{
	card_init(&card, ID_82576, space);
	card.config[0x34] = PCIE;
	card.config[0x06] = card.config[PCIE] = 0x10;
}

static void open_82576(void)
{
	init_card();
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
}

static void boards_without_copper_are_refused_by_name(void)
{
	static const char *const media[] = {"", "1000BASE-KX", "SGMII", "SerDes"};
	for (uint8_t mode = 1; mode < 4; mode++) {
		init_card();
		card.link_mode = mode;
		card.kind->reset(&card);
		CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -ENOTSUP);
		CU_ASSERT(says(media[mode]));
		CU_ASSERT(says("on copper only"));
		CU_ASSERT(card.closed);
		nothing_is_left();
	}
}

static void a_late_read_of_memory_has_time_before_it_is_given_up(void)
{
	/* in configuration space, where the capability is of version 2 */
	open_82576();
	start();
	CU_ASSERT_EQUAL(card.config[PCIE + 0x28] & 15, 5);
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_GCR), IGB_GCR_CAP_VER2);
	CU_ASSERT_EQUAL(card.function_resets, 0);
	close_port();
	/* what somebody has chosen stays */
	open_82576();
	card.config[PCIE + 0x28] = 6;
	start();
	CU_ASSERT_EQUAL(card.config[PCIE + 0x28], 6);
	close_port();
	/* and where it cannot be written, that is noted */
	open_82576();
	card.config_kept = PCIE + 0x28;
	start();
	CU_ASSERT(noted("completion timeout cannot be set (DEVCTL2 0000)"));
	close_port();
	/* in a register, where it is of version 1 */
	open_82576();
	card.stuck[0] = (struct card_stuck){GIGABIT_GCR, IGB_GCR_CAP_VER2, 0};
	start();
	CU_ASSERT_EQUAL(*card_register(&card, GIGABIT_GCR), IGB_GCR_CMPL_TMOUT_10MS);
	CU_ASSERT_EQUAL(card.config[PCIE + 0x28], 0);
	close_port();
}

/* Firmware that has the PHY's bit, or SWSM, for ever. */
static void firmware_that_keeps_the_phy_is_taken_for_dead(void)
{
	const struct card_stuck keeps[] = {
		{IGB_SW_FW_SYNC, IGB_SW_FW_SYNC_PHY0 << IGB_SW_FW_SYNC_FW_SHIFT,
			IGB_SW_FW_SYNC_PHY0 << IGB_SW_FW_SYNC_FW_SHIFT},
		{IGB_SWSM, IGB_SWSM_SWESMBI, 0},
		{IGB_SWSM, IGB_SWSM_SMBI, IGB_SWSM_SMBI},
	};
	const char *const notes[] = {"the PHY's bits in SW_FW_SYNC", "SWSM.SWESMBI", "SWSM.SMBI"};
	for (unsigned i = 0; i < 3; i++) {
		open_82576();
		card.stuck[0] = keeps[i];
		start();
		CU_ASSERT_EQUAL(count_notes("taken for dead"), 1);
		CU_ASSERT(noted(notes[i]));
		close_port();
	}
}

static void bits_stuck_are_named(void)
{
	init_card();
	card.stuck[0] = (struct card_stuck){GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST};
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST did not clear"));
	const struct {
		uint32_t offset, value;
		const char *sentence;
	} queues[] = {{IGB_RXDCTL, IGB_XXDCTL_ENABLE, "RXDCTL[0].ENABLE did not clear"},
		{IGB_RXDCTL, 0, "RXDCTL[0].ENABLE was not set"},
		{IGB_TXDCTL, IGB_XXDCTL_ENABLE, "TXDCTL[0].ENABLE did not clear"},
		{IGB_TXDCTL, 0, "TXDCTL[0].ENABLE was not set"}};
	for (unsigned i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		open_82576();
		card.stuck[0] = (struct card_stuck){queues[i].offset, IGB_XXDCTL_ENABLE, queues[i].value};
		CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ETIMEDOUT);
		CU_ASSERT(says(queues[i].sentence));
		nothing_is_left();
		close_port();
	}
	init_card();
	card.stuck[0] = (struct card_stuck){GIGABIT_RAH, GIGABIT_RAH_AV, 0};
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -EIO);
	CU_ASSERT(says("no usable address"));
}

/* Stops a port with a packet that the card does not take. */
static int stop_stuck(unsigned fail)
{
	struct pkt pkt;
	open_82576();
	CU_ASSERT(nic_event_fd(nic) >= 0);
	start();
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	card.sends = false;
	card.fail = fail ? card.steps + fail : 0;
	return nic_stop(nic);
}

/* After a DMA read that faults the card sends nothing any more, and CTRL.RST does not help: only a function reset. */
static void transmit_that_stands_still_has_the_function_reset(void)
{
	CU_ASSERT_EQUAL(stop_stuck(0), 0);
	CU_ASSERT_EQUAL(card.function_resets, 1);
	CU_ASSERT(noted("transmit stands still"));
	CU_ASSERT(noted("the function was reset"));
	CU_ASSERT_EQUAL(card.irq_fd, nic->interrupts.eventfds[0]);
	nothing_is_left();
	/* once, and not at each reset from then on */
	card.sends = true;
	unsigned asks = card.irq_asks;
	start();
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(card.function_resets, 1);
	CU_ASSERT_EQUAL(card.irq_asks, asks);
	close_port();
	/* whatever of it fails */
	bool unable = false;
	for (unsigned fail = 1; fail < 20; fail++) {
		stop_stuck(fail);
		unable = unable || noted("the function cannot be reset");
		nothing_is_left();
		close_port();
	}
	CU_ASSERT(unable);
	/* without a link it is no wonder that nothing is sent */
	open_82576();
	start();
	struct pkt pkt;
	CU_ASSERT_EQUAL(pkt_alloc(pool, &pkt, 1), 1);
	pkt.len = 100;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 1);
	card.sends = false;
	e1000_set_speed(&card, 0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(card.function_resets, 0);
	close_port();
}

static void facts_leave_the_semaphore_as_it_was(void)
{
	struct nic_fact facts[40];
	open_82576();
	CU_ASSERT(nic_get_facts(nic, facts, 40) > 10);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_SWSM) & IGB_SWSM_SMBI, 0);
	CU_ASSERT_EQUAL(*card_register(&card, IGB_SW_FW_SYNC), 0);
	close_port();
}

/* The order that the datasheet's section 8.10.10 asks for. */
static void queues_are_enabled_before_their_heads_are_written(void)
{
	open_82576();
	unsigned off = written(0, CARD_COMMAND, 6, 2), from = card.logged;
	CU_ASSERT(off < written(0, GIGABIT_CTRL, GIGABIT_CTRL_RST, GIGABIT_CTRL_RST));
	start();
	unsigned master = written(from, CARD_COMMAND, 4, 4);
	unsigned receive = written(from, GIGABIT_RCTL, GIGABIT_RCTL_EN, GIGABIT_RCTL_EN);
	unsigned transmit = written(from, GIGABIT_TCTL, GIGABIT_TCTL_EN, GIGABIT_TCTL_EN);
	CU_ASSERT(written(from, IGB_RXDCTL, IGB_XXDCTL_ENABLE, IGB_XXDCTL_ENABLE) < receive);
	CU_ASSERT(master < receive && receive < written(from, IGB_RDT, UINT32_MAX, 511));
	CU_ASSERT(written(from, IGB_TXDCTL, IGB_XXDCTL_ENABLE, IGB_XXDCTL_ENABLE) < transmit);
	CU_ASSERT(transmit < written(from, IGB_TDT, UINT32_MAX, 0));
	close_port();
}

static void a_refused_counter_counts_nothing(void)
{
	refuse_counter(ID_82576, GIGABIT_GPRC, "GPRC (0x04074)");
}

static void the_sentence_says_why_it_is_gone(void)
{
	tell_why_it_is_gone(ID_82576);
}

static void a_bus_master_that_does_not_come_on_is_named(void)
{
	refuse_bus_mastering(ID_82576);
}

static const struct nic_config one, several = {.rx_queues = 3, .tx_queues = 2, .rx_ring = 64, .tx_ring = 64};

static void any_access_may_be_refused(void)
{
	refuse_any_access(ID_82576);
	e1000_phy_has_link = false; /* so that the PHY is set up */
	refuse_any_access(ID_82576);
	e1000_phy_has_link = true;
	life_config = several;
	refuse_any_access(ID_82576);
	life_config = one;
}

static void a_device_may_vanish_at_any_access(void)
{
	vanish_at_any_access(ID_82576);
	e1000_phy_has_link = false; /* so that the PHY is set up */
	vanish_at_any_access(ID_82576);
	e1000_phy_has_link = true;
	life_config = several;
	vanish_at_any_access(ID_82576);
	life_config = one;
}

static void every_step_may_fail_and_leaves_nothing(void)
{
	fail_at_every_step(ID_82576);
	life_config = several;
	fail_at_every_step(ID_82576);
	life_config = one;
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"boards without copper are refused by name", boards_without_copper_are_refused_by_name},
		{"a late read of memory has time before it is given up",
			a_late_read_of_memory_has_time_before_it_is_given_up},
		{"firmware that keeps the PHY is taken for dead", firmware_that_keeps_the_phy_is_taken_for_dead},
		{"bits stuck are named", bits_stuck_are_named},
		{"queues are enabled before their heads are written",
			queues_are_enabled_before_their_heads_are_written},
		{"a refused counter counts nothing", a_refused_counter_counts_nothing},
		{"the sentence says why it is gone", the_sentence_says_why_it_is_gone},
		{"a bus master that does not come on is named", a_bus_master_that_does_not_come_on_is_named},
		{"transmit that stands still has the function reset",
			transmit_that_stands_still_has_the_function_reset},
		{"facts leave the semaphore as it was", facts_leave_the_semaphore_as_it_was},
		{"any access may be refused", any_access_may_be_refused},
		{"a device may vanish at any access", a_device_may_vanish_at_any_access},
		{"every step may fail and leaves nothing", every_step_may_fail_and_leaves_nothing},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"82576", begin, end, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
