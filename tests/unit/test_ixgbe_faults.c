/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the ixgbe control path on a card that fails: every wait that runs out, a device that vanishes at any access,
 * every step of the transport and every allocation that fails. Nothing is left behind. */
#include "card_rings.c"

#include "card_ixgbe.c"
#include "card_port.c"
#include "unit.h"

#include "card_life.c"

static int stuck_open(struct card_stuck first, struct card_stuck second)
{
	card_init(&card, 0x10FB, space);
	card.stuck[0] = first;
	card.stuck[1] = second;
	unsigned fds = card_count_fds();
	int ret = port_from_device(&nic, &card.device);
	CU_ASSERT_EQUAL(card_count_fds(), fds);
	if (ret) {
		CU_ASSERT(card.closed);
		CU_ASSERT_EQUAL(card.mapped, 0);
		CU_ASSERT_PTR_NULL(nic);
		nothing_is_left();
	}
	return ret;
}

static void bits_stuck_at_open_are_named(void)
{
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST}, none), -ETIMEDOUT);
	CU_ASSERT(says("card: CTRL.RST did not clear within 1 ms: the card hangs after a reset; power"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_EEC, IXGBE_EEC_AUTO_RD, 0}, none), -ETIMEDOUT);
	CU_ASSERT(says("EEC.AUTO_RD was not set"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_EEC, IXGBE_EEC_EE_PRES, 0}, none), -EIO);
	CU_ASSERT(says("EEC.EE_PRES"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RDRXCTL, IXGBE_RDRXCTL_DMAIDONE, 0}, none), -ETIMEDOUT);
	CU_ASSERT(says("RDRXCTL.DMAIDONE was not set"));
}

static void addresses_no_port_can_have_are_refused(void)
{
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RAL, UINT32_MAX, 0x33221101}, none), -EIO);
	CU_ASSERT(says("no usable address"));
	CU_ASSERT_EQUAL(
		stuck_open((struct card_stuck){IXGBE_RAL, UINT32_MAX, 0}, (struct card_stuck){IXGBE_RAH, 0xFFFF, 0}),
		-EIO);
	CU_ASSERT(says("no usable address"));
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_RAH, IXGBE_RAH_AV, 0}, none), -EIO);
}

static void a_master_that_does_not_fall_silent_gets_two_resets(void)
{
	const struct card_stuck none = {.mask = 0};
	CU_ASSERT_EQUAL(stuck_open((struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO}, none), 0);
	CU_ASSERT_EQUAL(card.resets, 2);
	unsigned loop = written(0, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, IXGBE_HLREG0_LPBK);
	unsigned flush = written(0, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, IXGBE_GCR_EXT_BUFFERS_CLEAR);
	unsigned flushed = written(flush, IXGBE_GCR_EXT, IXGBE_GCR_EXT_BUFFERS_CLEAR, 0);
	unsigned unloop = written(loop, IXGBE_HLREG0, IXGBE_HLREG0_LPBK, 0);
	CU_ASSERT(loop < flush && flush < flushed && flushed < unloop);
	CU_ASSERT(unloop < written(0, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST));
	close_port();
}

static void pending_transactions_are_waited_for(void)
{
	card_init(&card, 0x10FB, space);
	card.stuck[0] = (struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO};
	/* capabilities: power management at 0x40, then PCIe at 0xA0, which has transactions pending for ever */
	card.config[0x06] = 0x10;
	card.config[0x34] = 0x40;
	card.config[0x40] = 0x01;
	card.config[0x41] = 0xA0;
	card.config[0xA0] = 0x10;
	card.config[0xAA] = 0x20;
	uint64_t before = clock_now_us();
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	CU_ASSERT(clock_now_us() - before >= ixgbe_times.pending);
	close_port();
	/* a list that loops does not hang it */
	card_init(&card, 0x10FB, space);
	card.stuck[0] = (struct card_stuck){IXGBE_STATUS, IXGBE_STATUS_GIO, IXGBE_STATUS_GIO};
	card.config[0x06] = 0x10;
	card.config[0x34] = 0x40;
	card.config[0x41] = 0x40;
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	close_port();
}

static void stuck_start(struct card_stuck stuck, const char *part)
{
	open_card(0x10FB);
	int mapped = card.mapped;
	card.stuck[0] = stuck;
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ETIMEDOUT);
	CU_ASSERT(says(part));
	CU_ASSERT_EQUAL(card.mapped, mapped);
	nothing_is_left();
	CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
	/* and it starts once the bit works */
	card.stuck[0].mask = 0;
	start();
	close_port();
}

static void bits_stuck_at_start_are_named(void)
{
	stuck_start((struct card_stuck){IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, 0},
		"card: RXDCTL[0].ENABLE was not set within 1 ms: the receive queue does not start; close");
	stuck_start((struct card_stuck){IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, 0}, "TXDCTL[0].ENABLE was not set");
}

/* Linux and DPDK go on as well when the path does not drain, and when a former owner's queue does not stop: the reset
 * has ended what was under way. */
static void waits_that_endanger_nothing_do_not_fail_a_start(void)
{
	open_card(0x10FB);
	card.stuck[0] = (struct card_stuck){IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, 0};
	card.stuck[1] = (struct card_stuck){IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE};
	start();
	CU_ASSERT(notes("SECRXSTAT.SECRX_RDY was not set within 1 ms: frames are still on their way"));
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_RXCTRL), IXGBE_RXCTRL_RXEN);
	CU_ASSERT_EQUAL(*card_register(&card, IXGBE_SECRXCTRL) & IXGBE_SECRXCTRL_RX_DIS, 0);
	close_port();
}

/* What does not stop is reset, which is noted; only a reset that fails is a failure. */
static void stuck_stop(struct card_stuck stuck, const char *part, int error)
{
	open_card(0x10FB);
	start();
	*card_register(&card, IXGBE_LINKS) = IXGBE_LINKS_UP | 3u << IXGBE_LINKS_SPEED_SHIFT;
	card.stuck[0] = stuck;
	unsigned resets = card.resets;
	CU_ASSERT_EQUAL(nic_stop(nic), error);
	CU_ASSERT(error ? says(part) : notes(part));
	CU_ASSERT(card.resets > resets);
	CU_ASSERT_EQUAL(nic->freshly_reset, !error);
	nothing_is_left();
	card.stuck[0].mask = 0;
	/* the next start does not trust what a failed reset left: it resets once more, before bus mastering comes on */
	unsigned from = card.logged;
	start();
	if (stuck.offset == IXGBE_CTRL)
		CU_ASSERT(
			written(from, IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST) < written(from, CARD_COMMAND, 4, 4));
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	close_port();
}

static void bits_stuck_at_stop_are_noted(void)
{
	stuck_stop((struct card_stuck){IXGBE_RXDCTL, IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE},
		"RXDCTL[0].ENABLE did not clear within 1 ms: the queue does not stop; the card is reset", 0);
	stuck_stop((struct card_stuck){IXGBE_TXDCTL, IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE},
		"TXDCTL[0].ENABLE did not clear", 0);
	stuck_stop((struct card_stuck){IXGBE_SECRXSTAT, IXGBE_SECRXSTAT_SECRX_RDY, 0},
		"SECRXSTAT.SECRX_RDY was not set", 0);
	stuck_stop(
		(struct card_stuck){IXGBE_CTRL, IXGBE_CTRL_RST, IXGBE_CTRL_RST}, "CTRL.RST did not clear", -ETIMEDOUT);
}

static void a_bus_master_that_stays_on_gets_a_function_reset(void)
{
	open_card(0x10FB);
	start();
	card.command_stuck = true;
	CU_ASSERT_EQUAL(nic_stop(nic), -EIO);
	nothing_is_left();
	close_port();
	nothing_is_left();
	/* also when it was a former owner who left it on */
	card_init(&card, 0x10FB, space);
	card.command_stuck = true;
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -EIO);
	CU_ASSERT_EQUAL(card.accesses, 0);
	nothing_is_left();
}

static void queues_that_cannot_be_filled_give_everything_back(void)
{
	card_init(&card, 0x10FB, space);
	struct pkt_pool *small;
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&small, space, 200, -1), 0);
	struct nic port = {
		.device = &card.device, .driver = &ixgbe_driver, .id = &ixgbe_driver.ids[0], .interrupts.event_fd = -1};
	port.config = (struct nic_config){.rx_queues = 2,
		.tx_queues = 2,
		.rx_ring = 128,
		.tx_ring = 64,
		.mtu = 1500,
		.simd = PKT_SIMD_SCALAR,
		.pool = small};
	CU_ASSERT_EQUAL(card.device.ops->window(&card.device, 0, &port.bar), 0);
	int mapped = card.mapped;
	CU_ASSERT_EQUAL(rings_open(&port, &ixgbe_ring_ops), -ENOBUFS); /* one queue gets its 128, the other none */
	CU_ASSERT_EQUAL(pkt_pool_available(small), 200);
	CU_ASSERT_EQUAL(card.mapped, mapped);
	CU_ASSERT_PTR_NULL(port.rings.rxqs);
	/* and with enough they lie one after the other, a page between both kinds */
	port.config.rx_ring = 64;
	CU_ASSERT_EQUAL_FATAL(rings_open(&port, &ixgbe_ring_ops), 0);
	CU_ASSERT_PTR_EQUAL(port.rings.rxqs[1]->ring, port.rings.rxqs[0]->ring + 64);
	CU_ASSERT_PTR_EQUAL(port.rings.txqs[0]->ring, port.rings.rxqs[0]->ring + 128 + 256);
	CU_ASSERT_PTR_EQUAL(port.rings.txqs[1]->ring, port.rings.rxqs[0]->ring + 192 + 256);
	CU_ASSERT_EQUAL(port.rings.rxqs[1]->tail_register.offset, 0x01058);
	CU_ASSERT_EQUAL(port.rings.txqs[1]->tail_register.offset, 0x06058);
	rings_close(&port);
	CU_ASSERT_EQUAL(pkt_pool_close(small), 0);
	vfio_device_close(&card.device);
}

static void all_ones_in_a_register_are_no_gone_device(void)
{
	open_card(0x10FB);
	start();
	*card_register(&card, IXGBE_QPRC) = UINT32_MAX;
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT_EQUAL(stats.rx_packets, UINT32_MAX);
	CU_ASSERT(!port_gone(nic));
	close_port();
}

static void any_access_may_be_refused(void)
{
	refuse_any_access(0x10FB);
	refuse_any_access(0x1528); /* X540: with semaphores */
}

static void a_refused_counter_counts_nothing_and_is_reported_once(void)
{
	refuse_counter(0x10FB, IXGBE_QPRC, "QPRC (0x01030)");
	refuse_counter(0x10FB, IXGBE_MPC, "MPC (0x03fa0)");
}

static void a_reset_with_a_refused_access_is_none(void)
{
	open_card(0x10FB);
	start();
	card.refused = IXGBE_EIMC;
	CU_ASSERT_EQUAL(nic_stop(nic), -EIO);
	CU_ASSERT(says("EIMC (0x00888) written"));
	CU_ASSERT(!nic->freshly_reset);
	nothing_is_left();
	card.refused = 0;
	start();
	close_port();
}

static void the_sentence_says_why_it_is_gone(void)
{
	tell_why_it_is_gone(0x10FB);
}

static void a_device_may_vanish_at_any_access(void)
{
	vanish_at_any_access(0x10FB);
}

static void a_vanished_device_is_left_alone(void)
{
	open_card(0x10FB);
	start();
	card.vanish = card.accesses + 1;
	struct nic_link link;
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), -ENODEV);
	CU_ASSERT(says("gone"));
	unsigned accesses = card.accesses;
	CU_ASSERT_EQUAL(accesses, card.vanish + 5); /* LINKS, and STATUS five times */
	uint32_t events = 0;
	CU_ASSERT_EQUAL(nic_service(nic, &events), -ENODEV);
	CU_ASSERT_EQUAL(events, NIC_GONE);
	/* its registers; what it might still send to memory that others get now is stopped where it can be */
	CU_ASSERT(card_bus_master(&card));
	CU_ASSERT_EQUAL(nic_stop(nic), -ENODEV);
	CU_ASSERT(!card_bus_master(&card));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	close_port();
	CU_ASSERT_EQUAL(card.accesses, accesses);
}

static void every_step_may_fail_and_leaves_nothing(void)
{
	fail_at_every_step(0x10FB);
}

/* Its packets stay where they are, as the card may still reach them, until the port is stopped. */
static void a_queue_that_does_not_stop_alone_is_named(void)
{
	open_card(0x10FB);
	start_with((struct nic_config){.rx_queues = 2, .tx_queues = 2});
	unsigned available = pkt_pool_available(pool);
	card.stuck[0] = (struct card_stuck){IXGBE_AT(RXDCTL, 1), IXGBE_RXDCTL_ENABLE, IXGBE_RXDCTL_ENABLE};
	card.stuck[1] = (struct card_stuck){IXGBE_AT(TXDCTL, 1), IXGBE_TXDCTL_ENABLE, IXGBE_TXDCTL_ENABLE};
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), -ETIMEDOUT);
	CU_ASSERT(says("RXDCTL[1].ENABLE did not clear within 1 ms: the queue does not stop; stop the port"));
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), -ETIMEDOUT);
	CU_ASSERT(says("TXDCTL[1].ENABLE did not clear within 1 ms: the queue does not stop; stop the port"));
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available);
	/* tried again */
	card.stuck[0].mask = 0;
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), available + 512);
	close_port();
}

static void a_bus_master_that_does_not_come_on_is_named(void)
{
	refuse_bus_mastering(0x10FB);
}

static int small_window(struct vfio_device *device, unsigned region, struct vfio_window *filled)
{
	(void)device, (void)region;
	*filled = (struct vfio_window){.memory = (volatile uint8_t *)card.registers, .bytes = 0x10000};
	return 0;
}

static void a_register_window_that_is_too_small_is_refused(void)
{
	card_init(&card, 0x10FB, space);
	struct vfio_device_ops small = *card.device.ops;
	small.window = small_window;
	card.device.ops = &small;
	CU_ASSERT_EQUAL(port_from_device(&nic, &card.device), -EPROTO);
	CU_ASSERT(says("BAR0 has 65536 bytes"));
	CU_ASSERT(card.closed);
	nothing_is_left();
}

static void memory_that_never_reacts_is_given_up(void)
{
	card_init(&card, 0x10FB, space);
	struct nic port = {
		.device = &card.device,
		.id = &ixgbe_driver.ids[0],
		.driver = &ixgbe_driver,
		.interrupts.event_fd = -1,
		.bar = {.memory = (volatile uint8_t *)card.registers, .bytes = sizeof(card.registers)},
	};
	CU_ASSERT_EQUAL(ixgbe_reset(&port), -ETIMEDOUT);
	CU_ASSERT(says("CTRL.RST"));
	vfio_device_close(&card.device);
}

/* What was read of a device that vanished meanwhile is half of a moment: neither the port nor its queues have it. */
static void counters_of_a_vanishing_device_stay_of_one_moment(void)
{
	struct nic_queue_stats queue;
	struct nic_stats stats;

	for (unsigned after = 1; after < 40; after++) {
		open_card(0x10FB);
		start_with((struct nic_config){.rx_queues = 2});
		for (unsigned i = 0; i < 2; i++)
			*card_register(&card, IXGBE_AT(QPRDC, i)) = 5;
		card.vanish = card.accesses + after;
		(void)nic_get_stats(nic, &stats);
		uint64_t lost = 0;
		for (unsigned i = 0; i < 2; i++) {
			(void)nic_get_rxq_stats(nic, i, &queue);
			lost += queue.missed;
		}
		(void)nic_get_stats(nic, &stats);
		CU_ASSERT_EQUAL(lost, stats.rx_no_descriptor);
		close_port();
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"bits stuck at open are named", bits_stuck_at_open_are_named},
		{"addresses no port can have are refused", addresses_no_port_can_have_are_refused},
		{"a master that does not fall silent gets two resets",
			a_master_that_does_not_fall_silent_gets_two_resets},
		{"pending transactions are waited for", pending_transactions_are_waited_for},
		{"bits stuck at start are named", bits_stuck_at_start_are_named},
		{"waits that endanger nothing do not fail a start", waits_that_endanger_nothing_do_not_fail_a_start},
		{"bits stuck at stop are noted", bits_stuck_at_stop_are_noted},
		{"a bus master that stays on gets a function reset", a_bus_master_that_stays_on_gets_a_function_reset},
		{"a queue that does not stop alone is named", a_queue_that_does_not_stop_alone_is_named},
		{"a bus master that does not come on is named", a_bus_master_that_does_not_come_on_is_named},
		{"queues that cannot be filled give everything back",
			queues_that_cannot_be_filled_give_everything_back},
		{"all ones in a register are no gone device", all_ones_in_a_register_are_no_gone_device},
		{"any access may be refused", any_access_may_be_refused},
		{"counters of a vanishing device stay of one moment",
			counters_of_a_vanishing_device_stay_of_one_moment},
		{"a refused counter counts nothing, is reported once",
			a_refused_counter_counts_nothing_and_is_reported_once},
		{"a reset with a refused access is none", a_reset_with_a_refused_access_is_none},
		{"the sentence says why it is gone", the_sentence_says_why_it_is_gone},
		{"a device may vanish at any access", a_device_may_vanish_at_any_access},
		{"a vanished device is left alone", a_vanished_device_is_left_alone},
		{"every step may fail and leaves nothing", every_step_may_fail_and_leaves_nothing},
		{"a register window that is too small is refused", a_register_window_that_is_too_small_is_refused},
		{"memory that never reacts is given up", memory_that_never_reacts_is_given_up},
		CU_TEST_INFO_NULL,
	};
	/* several queues, which stop, start and change */
	life_config = (struct nic_config){.rx_queues = 2, .tx_queues = 2};
	CU_SuiteInfo suites[] = {
		{.pName = "ixgbe faults", .pInitFunc = begin, .pCleanupFunc = end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
