/* SPDX-License-Identifier: BSD-2-Clause
 * The whole life of a port on a scripted card that may vanish at any access, or fail at any step. Tests include this
 * file behind card_port.c; allocations of queues count as steps where they have step_calloc and step_hot_alloc make
 * them. */

#include <unistd.h>

static bool says(const char *part)
{
	if (strstr(nic_error(), part))
		return true;
	printf("\n    \"%s\" does not say \"%s\" ", nic_error(), part);
	return false;
}

static void *step_calloc(size_t count, size_t bytes)
{
	return card_step_fails(&card) ? NULL : calloc(count, bytes);
}

static void *step_hot_alloc(size_t bytes)
{
	return card_step_fails(&card) ? NULL : hot_alloc(bytes);
}

static unsigned before_close; /* accesses in the last life before nic_close, which has nobody to tell */

static struct nic_config life_config; /* of the lives to come */

/* Changes what there is of queues while they run. True when nothing failed. */
static bool change_queues(void)
{
	struct nic_queue_stats stats;
	bool good = nic_add_vlan(nic, 7) == 0;
	good &= nic_set_rss(nic, &(struct nic_rss){.symmetric = true}) == 0;
	if (nic->info.can & NIC_QUEUES_ALONE) {
		good &= nic_set_rxq(nic, 1, false) == 0;
		good &= nic_set_rxq(nic, 1, true) == 0;
		good &= nic_set_txq(nic, 1, false) == 0;
		good &= nic_set_txq(nic, 1, true) == 0;
	}
	good &= nic_get_rxq_stats(nic, 1, &stats) == 0;
	good &= nic_remove_vlan(nic, 7) == 0;
	return good;
}

/* The whole life of a port; true when nothing failed. What it leaves behind is looked at in any case. */
static bool live(void)
{
	bool good = true;
	unsigned fds = card_count_fds();
	const uint8_t unicast[6] = {2, 0, 0, 0, 0, 1}, multicast[6] = {1, 0, 0x5E, 0, 0, 1};
	struct nic_stats stats;
	if (port_from_device(&nic, &card.device) == 0) {
		int event_fd = nic_event_fd(nic);
		good &= event_fd >= 0 && close(event_fd) == 0;
		int mapped = card.mapped;
		struct nic_config config = life_config;
		config.rx_interrupt_us = 20;
		good &= nic_start(nic, &config) == 0;
		if (nic_rxq(nic, 0)) {
			good &= nic_add_mac(nic, unicast) == 0;
			good &= nic_add_mac(nic, multicast) == 0;
			good &= nic_set_promiscuous(nic, true) == 0;
			good &= life_config.rx_queues < 2 || change_queues();
			good &= nic_service(nic, NULL) == 0;
			good &= nic_get_stats(nic, &stats) == 0;
			/* a vanished card counts nothing */
			CU_ASSERT(stats.rx_packets < 1000 && stats.rx_errors < 1000 && stats.tx_bytes < 1000);
		} else {
			CU_ASSERT_EQUAL(card.mapped, mapped);
		}
		good &= nic_stop(nic) == 0;
		before_close = card.accesses;
		nic_close(nic);
	} else {
		good = false;
		before_close = card.accesses;
		CU_ASSERT(strlen(nic_error()) > 0);
		CU_ASSERT_PTR_NULL(nic);
	}
	CU_ASSERT(card.closed);
	CU_ASSERT(!card_bus_master(&card));
	CU_ASSERT_EQUAL(card.mapped, 0);
	CU_ASSERT_EQUAL(card_count_fds(), fds);
	CU_ASSERT_EQUAL(pkt_pool_available(pool), BUFFERS);
	return good;
}

/* A card of this id, gone from each access of a life on. */
static inline void vanish_at_any_access(uint16_t id)
{
	unsigned step = 1;
	for (unsigned access = 1; access < 100000; access += step) {
		card_init(&card, id, space);
		card.vanish = access;
		bool good = live();
		if (card.accesses < access) {
			CU_ASSERT(good);
			return;
		}
		/* the read that finds it gone looks at STATUS five times; after that it is let alone */
		CU_ASSERT(card.gone_reads <= 6);
		CU_ASSERT_EQUAL(card.late_writes, 0);
		/* tables of hundreds of words are all alike */
		step = access > 400 ? 7 : 1;
	}
	CU_FAIL("a life takes more than 100000 accesses");
}

/* A card of this id that refuses one access of a life in turn: a call fails and says so, none takes all ones for data,
 * nothing is left. */
static inline void refuse_any_access(uint16_t id)
{
	unsigned step = 1;
	for (unsigned access = 1; access < 100000; access += step) {
		card_init(&card, id, space);
		card.refuse = access;
		bool good = live();
		CU_ASSERT(!good || before_close < access);
		if (!good)
			CU_ASSERT(says("the device refuses to have"));
		CU_ASSERT(!vfio_device_gone(&card.device));
		CU_ASSERT_EQUAL(card.ones, 0);
		if (card.accesses < access)
			return;
		step = access > 400 ? 7 : 1;
	}
	CU_FAIL("a life takes more than 100000 accesses");
}

/* A card of this id that refuses a counter: it adds nothing, is reported once by nic_service and again by nic_stop, and
 * does not keep the port from its work. */
static inline void refuse_counter(uint16_t id, uint32_t counter, const char *name)
{
	const uint32_t other = 0x4040; /* RLEC, of all families */
	struct nic_stats stats;
	uint32_t events;
	open_card(id);
	start();
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	card.refused = counter;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -EIO);
	CU_ASSERT(says(name));
	CU_ASSERT_EQUAL(nic_service(nic, &events), -EIO);
	CU_ASSERT(says(name));
	CU_ASSERT(says("read: Invalid argument"));
	CU_ASSERT_EQUAL(events, 0);
	CU_ASSERT_EQUAL(nic_service(nic, &events), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -EIO);
	CU_ASSERT_EQUAL(memcmp(&stats, &(struct nic_stats){.time_ns = stats.time_ns}, sizeof(stats)), 0);
	/* final counters that lack what the card counted are reported once more: that is no success */
	CU_ASSERT_EQUAL(nic_stop(nic), -EIO);
	CU_ASSERT(says(name));
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), -EIO);
	CU_ASSERT(says(name));
	/* of a port that was never serviced, stop tells */
	card.refused = 0;
	start();
	card.refused = other;
	CU_ASSERT_EQUAL(nic_stop(nic), -EIO);
	CU_ASSERT(says("RLEC (0x04040)"));
	nothing_is_left();
	close_port();
}

/* The sentence for a device that is gone says what happened, and asks for no port to be stopped that was never started.
 */
static inline void tell_why_it_is_gone(uint16_t id)
{
	struct nic_link link;
	open_card(id);
	card.vanish = card.accesses + 1;
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -ENODEV);
	CU_ASSERT(says("its registers read all ones"));
	CU_ASSERT_PTR_NULL(strstr(nic_error(), "stop"));
	close_port();
	open_card(id);
	start();
	pollux_lose(&card.device.loss, "the device process did not answer REGION_READ within 5000 ms");
	CU_ASSERT_EQUAL(nic_get_link(nic, &link), -ENODEV);
	CU_ASSERT(says("the device is gone: the device process did not answer REGION_READ within 5000 ms"));
	close_port();
}

/* A card of this id, each step of a life failing in turn. */
static inline void fail_at_every_step(uint16_t id)
{
	unsigned failed = 0;
	for (unsigned fail = 1; fail < 1000; fail++) {
		card_init(&card, id, space);
		card.fail = fail;
		card.config[4] = 0;
		bool good = live();
		CU_ASSERT(!card_bus_master(&card)); /* by function reset, where COMMAND cannot be written */
		if (card.steps < fail) {
			CU_ASSERT(good);
			CU_ASSERT(failed > 10); /* else the steps were not where this test looks for them */
			return;
		}
		failed += !good;
	}
	CU_FAIL("a life takes more than 1000 steps");
}

/* A card whose bus mastering cannot be switched on does not start, says so, and starts when it can. */
static inline void refuse_bus_mastering(uint16_t id)
{
	unsigned fds = card_count_fds();
	open_card(id);
	int mapped = card.mapped;
	card.master_refused = true;
	CU_ASSERT_EQUAL(nic_start(nic, &(struct nic_config){.pool = pool}), -EIO);
	CU_ASSERT(says("bus mastering cannot be switched on"));
	CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
	CU_ASSERT_EQUAL(card.mapped, mapped);
	nothing_is_left();
	card.master_refused = false;
	start();
	CU_ASSERT(card_bus_master(&card));
	close_port();
	CU_ASSERT_EQUAL(card_count_fds(), fds);
}
