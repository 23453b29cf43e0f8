/* SPDX-License-Identifier: BSD-2-Clause
 * nic_reset on a scripted card of any kind: the card comes back as it was, each step fails in turn and is made up for
 * by another call, and a device that vanishes or refuses meanwhile does no harm. Tests include this file behind
 * card_port.c. */

static const uint8_t reset_macs[2][6] = {{2, 0, 0, 0, 0, 1}, {1, 0, 0x5E, 0, 0, 1}};

/* A port with all that is to come back: addresses, a VLAN, receive mode, RSS, a stopped queue. */
static void open_full(uint16_t id)
{
	card_init(&card, id, space);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, &card.device), 0);
	unsigned queues = nic->info.max_rx_queues > 2 ? 3 : nic->info.max_rx_queues;
	start_with((struct nic_config){.rx_queues = (uint16_t)queues,
		.tx_queues = (uint16_t)queues,
		.rx_ring = 64,
		.tx_ring = 64,
		.offloads = NIC_RX_VLAN_STRIP});
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(nic_add_mac(nic, reset_macs[i]), 0);
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 77), 0);
	CU_ASSERT_EQUAL(nic_set_all_multicast(nic, true), 0);
	if (queues > 1)
		CU_ASSERT_EQUAL(nic_set_rss(nic, &(struct nic_rss){.symmetric = true}), 0);
	if (nic->info.can & NIC_RX_VLAN_STRIP_QUEUE)
		CU_ASSERT_EQUAL(
			nic_set_rxq(nic, 1, false) | nic_set_vlan_strip(nic, 1, false) | nic_set_rxq(nic, 1, true), 0);
	if (nic->info.can & NIC_QUEUES_ALONE) {
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
		CU_ASSERT_EQUAL(nic_set_txq(nic, 2, false), 0);
	}
}

/* Registers that differ from `before`, apart from those of the pins and locks that bring-up plays with. */
static unsigned differing(const uint32_t *before, uint32_t (*ignored)(uint32_t offset))
{
	unsigned count = 0;
	for (uint32_t i = 0; i < CARD_BYTES / 4; i++) {
		uint32_t mask = ~ignored(4 * i);
		if ((card.registers[i] & mask) == (before[i] & mask))
			continue;
		if (count++ < 8)
			printf("\n    0x%05x: %08x was %08x ", 4 * i, card.registers[i], before[i]);
	}
	return count;
}

/* The port is started and dead: bursts do nothing, and the application is told so. */
static void is_dead(void)
{
	struct pkt pkt;
	uint32_t events;
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(nic, 0), &pkt, 1), 0);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(nic, 0), &pkt, 1), 0);
	CU_ASSERT(!card_bus_master(&card));
	nic_service(nic, &events);
	CU_ASSERT(events & (card.vanish ? NIC_GONE : NIC_NEEDS_RESET));
}

static uint64_t resets(void)
{
	struct nic_stats stats;
	nic_get_stats(nic, &stats);
	return stats.resets;
}

static inline void come_back_as_it_was(uint16_t id, uint32_t (*ignored)(uint32_t offset))
{
	static uint32_t before[CARD_BYTES / 4];
	open_full(id);
	struct nic_rxq *rxq = nic_rxq(nic, 0);
	struct nic_txq *txq = nic_txq(nic, 0);
	unsigned available = pkt_pool_available(pool), done = card.resets + card.function_resets;
	memcpy(before, card.registers, sizeof(before));
	for (unsigned i = 1; i <= 2; i++) {
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
		CU_ASSERT(card.resets + card.function_resets > done);
		done = card.resets + card.function_resets;
		CU_ASSERT_EQUAL(differing(before, ignored), 0);
		CU_ASSERT(card_bus_master(&card));
		CU_ASSERT_PTR_EQUAL(nic_rxq(nic, 0), rxq);
		CU_ASSERT_PTR_EQUAL(nic_txq(nic, 0), txq);
		CU_ASSERT_EQUAL(pkt_pool_available(pool), available);
		CU_ASSERT_EQUAL(resets(), i);
		CU_ASSERT(noted("the port was reset, and goes on"));
	}
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_reset(nic), -EINVAL);
	CU_ASSERT_EQUAL(nic_reset(NULL), -EINVAL);
	close_port();
}

/* Each step of a reset fails in turn; another call makes up for it, or a stop ends it. */
static inline void fail_at_each_step_of_a_reset(uint16_t id)
{
	unsigned failed = 0;
	for (unsigned fail = 1;; fail++) {
		open_full(id);
		unsigned available = pkt_pool_available(pool), before = card.steps;
		card.fail = before + fail;
		int ret = nic_reset(nic);
		bool reached = card.steps >= card.fail;
		card.fail = 0;
		if (ret) {
			failed++;
			CU_ASSERT_EQUAL(resets(), 0);
			is_dead();
			if (fail % 2) {
				CU_ASSERT_EQUAL(nic_reset(nic), 0);
				CU_ASSERT_EQUAL(pkt_pool_available(pool), available);
				CU_ASSERT_EQUAL(resets(), 1);
			}
		}
		CU_ASSERT_EQUAL(nic_stop(nic), 0);
		nothing_is_left();
		close_port();
		if (!reached)
			break;
	}
	CU_ASSERT(failed >= 3);
}

/* The pool has no buffers for the rings, until it has. */
static inline void wait_for_buffers(uint16_t id)
{
	static struct pkt taken[BUFFERS];
	open_full(id);
	unsigned n = 0;
	while (pkt_alloc(pool, &taken[n], 1))
		n++;
	/* what the rings had is enough for all but the queue that is stopped */
	if (!(nic->info.can & NIC_QUEUES_ALONE)) {
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
	} else {
		uint32_t events;
		CU_ASSERT_EQUAL(nic_reset(nic), -ENOBUFS);
		is_dead();
		/* which is nobody else's doing */
		CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
		CU_ASSERT_EQUAL(events & ~(uint32_t)NIC_LINK_CHANGED, NIC_NEEDS_RESET);
		CU_ASSERT(!notes("not by us"));
		while (pkt_alloc(pool, &taken[n], 1))
			n++;
		pkt_free(taken, 100), n -= 100, memmove(taken, taken + 100, n * sizeof(*taken));
		CU_ASSERT_EQUAL(nic_reset(nic), 0);
	}
	pkt_free(taken, n);
	close_port();
}

static inline void vanish_or_refuse_during_a_reset(uint16_t id, bool refuse)
{
	for (unsigned access = 1;; access += access < 100 ? 1 : 19) {
		open_full(id);
		unsigned at = card.accesses + access;
		*(refuse ? &card.refuse : &card.vanish) = at;
		int ret = nic_reset(nic);
		bool reached = card.accesses >= at;
		if (!reached)
			card.vanish = card.refuse = 0;
		/* a write that went nowhere may be noticed a little later */
		if (!refuse)
			CU_ASSERT_EQUAL(ret ? ret : nic_service(nic, NULL), reached ? -ENODEV : 0);
		if (ret)
			is_dead();
		/* what is refused once is granted the next time */
		if (ret && refuse) {
			CU_ASSERT_EQUAL(ret, -EIO);
			CU_ASSERT_EQUAL(nic_reset(nic), 0);
			CU_ASSERT(card_bus_master(&card));
		}
		CU_ASSERT_EQUAL(card.late_writes, 0);
		CU_ASSERT_EQUAL(card.ones, 0);
		close_port();
		CU_ASSERT(!card_bus_master(&card));
		if (!reached)
			return;
	}
}
