/* SPDX-License-Identifier: BSD-2-Clause
 * What every port on QEMU's cards must do, whatever the family: the e1000 and igb tests include this file and say which
 * card they mean in `card`. */
#include "../../driver/gigabit/gigabit.h"
#include "qtest_port.c"

struct card_traits {
	const char *name;      /* QEMU's */
	const char *described; /* the driver's */
	uint16_t device_id, max_mtu;
	unsigned unicast_filters;
	size_t sent_min; /* the shortest frame that it sends, shorter ones being padded */
	bool sends_fcs_uncounted, counts_dropped, loses, may_lose,
		may_count_packets_only; /* how QEMU's card differs: see the tests */
};
static const struct card_traits *card;

static void says_what_it_is(void)
{
	struct port p;
	struct nic_info info;
	port_open(&p, card->name);
	nic_get_info(p.nic, &info);
	CU_ASSERT_STRING_EQUAL(info.name, card->described);
	CU_ASSERT_EQUAL(info.device_id, card->device_id);
	CU_ASSERT_EQUAL(info.max_mtu, card->max_mtu);
	CU_ASSERT_EQUAL(info.max_link_mbps, 1000);
	CU_ASSERT_EQUAL(memcmp(info.mac, (const uint8_t[]){0x52, 0x54, 0, 0, 0, 0x10}, 6), 0);
	/* no DMA before start */
	CU_ASSERT(!(vfio_config_read(p.device, 4, 2) & 4));
	port_close(&p);
	char other[64];
	snprintf(other, sizeof(other), "%s,mac=02:a1:b2:c3:d4:e5", card->name);
	port_open(&p, other);
	nic_get_info(p.nic, &info);
	CU_ASSERT_EQUAL(memcmp(info.mac, (const uint8_t[]){0x02, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5}, 6), 0);
	port_close(&p);
}

/* QEMU 11.1's 82540EM counts neither bytes nor multicasts nor broadcasts; 7.2's does. */
static bool counts_packets_only(const struct nic_stats *stats)
{
	return card->may_count_packets_only && stats->rx_packets && !stats->rx_bytes && !stats->tx_bytes &&
	       !stats->rx_broadcast;
}

/* The longest with two VLAN tags, at an MTU of 1500. */
#define LONGEST 1522u

static void every_size_is_received(struct port *p)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	uint64_t packets = 0, bytes = 0;
	struct nic_stats before = port_stats(p);
	for (size_t size = 60; size <= LONGEST; size++) {
		packets++;
		bytes += size;
		port_frame(frame, (unsigned)size, size);
		port_put(p, frame, size);
		CU_ASSERT_EQUAL_FATAL(port_receive_frame(p, got, LIMIT_MS), size);
		CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, size), 0);
	}
	struct nic_stats stats = port_stats(p);
	CU_ASSERT_EQUAL(stats.rx_packets - before.rx_packets, packets);
	CU_ASSERT(stats.rx_bytes - before.rx_bytes == bytes || counts_packets_only(&stats));
	/* too long: the card drops it, or the driver does, where the card has no limit */
	port_put(p, frame, 2049);
	port_put(p, frame, 9000);
	port_frame(frame, 1, 100);
	port_put(p, frame, 100);
	CU_ASSERT_EQUAL(port_receive_frame(p, got, LIMIT_MS), 100);
}

/* QEMU's 82574L before 8.1 counts no FCS for sent frames, which the driver takes off as the hardware's. */
static void port_sent_bytes(struct port *p, uint64_t counted, uint64_t bytes, uint64_t packets)
{
	struct nic_stats stats = port_stats(p);
	if (counts_packets_only(&stats))
		return;
	if (counted != bytes && counted + 4 * packets != bytes)
		printf("\n    %llu bytes counted, %llu sent ", (unsigned long long)counted, (unsigned long long)bytes);
	CU_ASSERT(counted == bytes || (card->sends_fcs_uncounted && counted + 4 * packets == bytes));
}

static void every_size_is_sent(struct port *p)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	uint64_t packets = 0, bytes = 0;
	struct nic_stats before = port_stats(p);
	for (size_t size = 1; size <= LONGEST; size++, packets++) {
		struct pkt pkt;
		port_frame(frame, (unsigned)size, size);
		CU_ASSERT_EQUAL_FATAL(port_build(p, &pkt, frame, size), 1);
		port_send(p, &pkt, 1);
		size_t sent = qtest_receive(p->qtest, 0, got, sizeof(got), LIMIT_MS);
		size_t expected = size < card->sent_min ? card->sent_min : size;
		CU_ASSERT_FATAL(sent == expected || (sent == 60 && expected < 60));
		CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, size), 0);
		for (size_t i = size; i < sent; i++)
			CU_ASSERT_EQUAL_FATAL(got[i], 0);
		bytes += expected;
	}
	struct nic_stats stats = port_stats(p);
	CU_ASSERT_EQUAL(stats.tx_packets - before.tx_packets, packets);
	port_sent_bytes(p, stats.tx_bytes - before.tx_bytes, bytes, packets);
	struct pkt pkt = {0};
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(p->pool, &pkt, 1), 1);
	pkt.len = LONGEST + 1;
	CU_ASSERT_EQUAL(nic_tx(nic_txq(p->nic, 0), &pkt, 1), 1);
	CU_ASSERT_EQUAL(qtest_receive(p->qtest, 0, got, sizeof(got), QUIET_MS), 0);
	CU_ASSERT_EQUAL(port_stats(p).tx_bad_packets, 1);
}

static void frames_of_every_size_pass_byte_for_byte(void)
{
	struct port p;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	every_size_is_received(&p);
	every_size_is_sent(&p);
	CU_ASSERT(port_stats(&p).rx_bad_packets == 0 || port_stats(&p).rx_bad_packets == 2); /* the long ones */
	CU_ASSERT_EQUAL(port_stats(&p).rx_missed, 0);
	port_close(&p);
}

/* Bursts of changing sizes, echoed, so that bursts begin and end anywhere in rings that wrap a hundred times. */
static void rings_wrap_many_times(void)
{
	enum { FRAMES = 6400 };
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct port p;
	struct pkt pkts[48];
	unsigned put = 0, echoed = 0, checked = 0;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	for (uint64_t end = port_now_ms() + 3 * LIMIT_MS; checked < FRAMES && port_now_ms() < end;) {
		unsigned burst = 1 + (echoed * 7 + checked) % 48;
		size_t bytes;
		while (put < FRAMES && put - checked < 96) {
			port_frame(frame, put, 60 + put % 200);
			if (qtest_send(p.qtest, 0, frame, 60 + put % 200))
				break;
			put++;
		}
		unsigned n = nic_rx(nic_rxq(p.nic, 0), pkts, burst);
		for (unsigned i = 0; i < n; i++)
			pkts[i].data[6] ^= 0xFF;
		port_send(&p, pkts, n);
		echoed += n;
		while (checked < echoed && (bytes = qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS)) > 0) {
			port_frame(frame, checked, 60 + checked % 200);
			frame[6] ^= 0xFF;
			CU_ASSERT_EQUAL_FATAL(bytes, 60 + checked % 200);
			CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, bytes), 0);
			checked++;
		}
	}
	CU_ASSERT_EQUAL(checked, FRAMES);
	struct nic_stats stats = port_stats(&p);
	CU_ASSERT_EQUAL(stats.rx_packets, FRAMES);
	CU_ASSERT_EQUAL(stats.tx_packets, FRAMES);
	port_sent_bytes(&p, stats.tx_bytes, stats.rx_bytes, FRAMES);
	CU_ASSERT_EQUAL(stats.rx_missed + stats.rx_errors + stats.rx_bad_descriptors + stats.tx_bad_packets, 0);
	port_close(&p);
}

static void filters_let_through_what_they_should(void)
{
	static const uint8_t own[6] = {0x52, 0x54, 0, 0, 0, 0x10}, other[6] = {0x02, 1, 2, 3, 4, 5},
			     third[6] = {0x02, 1, 2, 3, 4, 6};
	static const uint8_t group[6] = {0x01, 0, 0x5E, 0, 0, 0xFB}, twin[6] = {0x01, 0, 0x5E, 1, 0, 0xFB},
			     far[6] = {0x01, 0, 0x5E, 0, 0x10, 0xFB};
	struct port p;
	port_open(&p, card->name);
	/* added before the start, and kept over it */
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, other), 0);
	port_start(&p, &(struct nic_config){.rx_queues = 1});
	CU_ASSERT(port_accepts(&p, own));
	CU_ASSERT(port_accepts(&p, other));
	CU_ASSERT(!port_accepts(&p, third));
	CU_ASSERT(!port_accepts(&p, group));
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, third), 0);
	CU_ASSERT_EQUAL(nic_remove_mac(p.nic, other), 0);
	CU_ASSERT(port_accepts(&p, third));
	CU_ASSERT(!port_accepts(&p, other));
	/* the table has bits, not addresses */
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, group), 0);
	CU_ASSERT(port_accepts(&p, group));
	CU_ASSERT(port_accepts(&p, twin));
	CU_ASSERT(!port_accepts(&p, far));
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, twin), 0);
	CU_ASSERT_EQUAL(nic_remove_mac(p.nic, group), 0);
	CU_ASSERT(port_accepts(&p, group));
	CU_ASSERT_EQUAL(nic_remove_mac(p.nic, twin), 0);
	CU_ASSERT(!port_accepts(&p, group));
	struct nic_stats stats = port_stats(&p);
	/* QEMU's 82574L counts those too that its filter then drops */
	CU_ASSERT(counts_packets_only(&stats) || stats.rx_multicast == 3 ||
		  (card->counts_dropped && stats.rx_multicast == 6));
	CU_ASSERT(counts_packets_only(&stats) || stats.rx_broadcast == 11);
	/* all exact filters, and one more */
	for (unsigned i = 1; i < card->unicast_filters; i++)
		CU_ASSERT_EQUAL(nic_add_mac(p.nic, (const uint8_t[]){0x02, 9, 9, 9, 9, (uint8_t)i}), 0);
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, (const uint8_t[]){0x02, 9, 9, 9, 9, 99}), -ENOSPC);
	CU_ASSERT(port_accepts(&p, (const uint8_t[]){0x02, 9, 9, 9, 9, (uint8_t)(card->unicast_filters - 1)}));
	CU_ASSERT(port_accepts(&p, (const uint8_t[]){0x02, 9, 9, 9, 9, 1}));
	CU_ASSERT(!port_accepts(&p, (const uint8_t[]){0x02, 9, 9, 9, 9, 99}));
	port_close(&p);
}

static void promiscuous_modes_come_and_go(void)
{
	static const uint8_t other[6] = {0x02, 1, 2, 3, 4, 5}, group[6] = {0x01, 0, 0x5E, 0, 0, 0xFB};
	struct port p;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.promiscuous = true});
	CU_ASSERT(port_accepts(&p, other));
	CU_ASSERT(port_accepts(&p, group));
	CU_ASSERT_EQUAL(nic_set_promiscuous(p.nic, false), 0);
	CU_ASSERT(!port_accepts(&p, other));
	CU_ASSERT(!port_accepts(&p, group));
	CU_ASSERT_EQUAL(nic_set_all_multicast(p.nic, true), 0);
	CU_ASSERT(port_accepts(&p, group));
	CU_ASSERT(!port_accepts(&p, other));
	port_close(&p);
}

static void jumbo_frames_take_several_buffers(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	const size_t longest = card->max_mtu + 14u;
	const size_t sizes[] = {60, 1518, 1519, 2043, 2044, 2047, 2048, 2049, 4096, 4097, 6144, 9000, 9014, longest};
	struct port p;
	port_open(&p, card->name);
	CU_ASSERT_EQUAL(nic_start(p.nic, &(struct nic_config){.mtu = (uint16_t)(card->max_mtu + 1)}), -EINVAL);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .mtu = card->max_mtu});
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct pkt pkts[16];
			port_frame(frame, i + round, sizes[i]);
			port_put(&p, frame, sizes[i]);
			CU_ASSERT_EQUAL_FATAL(port_receive_frame(&p, got, LIMIT_MS), sizes[i]);
			CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, sizes[i]), 0);
			unsigned pieces = port_build(&p, pkts, frame, sizes[i]);
			port_send(&p, pkts, pieces);
			CU_ASSERT_EQUAL_FATAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), sizes[i]);
			CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, sizes[i]), 0);
		}
	}
	CU_ASSERT_EQUAL(port_stats(&p).rx_bad_descriptors, 0);
	port_close(&p);
}

/* Of the room that a larger buffer has, the card uses as much as it can be told. */
static void jumbo_frames_take_one_larger_buffer(void)
{
	static const struct {
		unsigned room, used; /* used by cards that know of 2, 4, 8 and 16 KiB only */
	} rooms[] = {{3072, 2048}, {5120, 4096}, {9216, 8192}, {16384, 16384}};
	static const size_t sizes[] = {60, 2047, 2048, 2049, 3072, 3073, 4096, 4097, 8192, 8193, 9000, 9014};
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	for (unsigned k = 0; k < sizeof(rooms) / sizeof(*rooms); k++) {
		const unsigned used = strcmp(card->name, "igb") == 0 ? rooms[k].room : rooms[k].used;
		struct port p;
		port_open(&p, card->name);
		p.pool_count = nic_pool_count(&(struct nic_config){.rx_ring = 64, .tx_ring = 64}, 1, 1);
		CU_ASSERT_EQUAL_FATAL(pkt_pool_open_sized(&p.pool, p.space, p.pool_count, rooms[k].room, -1), 0);
		port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .mtu = 9000});
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct pkt pkts[8];
			unsigned pieces = 0;
			port_frame(frame, i + k, sizes[i]);
			port_put(&p, frame, sizes[i]);
			do {
				CU_ASSERT_EQUAL_FATAL(port_receive(&p, &pkts[pieces], 1, LIMIT_MS), 1);
			} while (pkts[pieces++].flags & PKT_MORE && pieces < 8);
			CU_ASSERT_EQUAL(pieces, (sizes[i] + used - 1) / used);
			port_send(&p, pkts, pieces);
			CU_ASSERT_EQUAL_FATAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), sizes[i]);
			CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, sizes[i]), 0);
		}
		CU_ASSERT_EQUAL(port_stats(&p).rx_bad_descriptors, 0);
		port_close(&p);
	}
}

/* QEMU's wire waits where the ring is full. But with its 82540EM a frame that is longer than what is left of the
 * ring is lost; its 82576 loses it when it comes while some of the ring is left, and does not count it. */
static void lost_frames_are_counted_once(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct port p;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .mtu = 9000});
	port_frame(frame, 1, 9000);
	for (unsigned i = 0; i < 62; i++)
		port_put(&p, frame, 60);
	port_put(&p, frame, 9000);
	for (uint64_t end = port_now_ms() + LIMIT_MS; card->loses && !port_stats(&p).rx_missed && port_now_ms() < end;)
		;
	for (unsigned i = 0; i < 62; i++)
		CU_ASSERT_EQUAL_FATAL(port_receive_frame(&p, got, LIMIT_MS), 60);
	/* where it may be lost without being counted, a frame behind it tells */
	if (card->may_lose)
		port_put(&p, frame, 60);
	size_t bytes = card->loses ? 0 : port_receive_frame(&p, got, LIMIT_MS);
	unsigned others = 62 + card->may_lose;
	bool lost = card->loses || bytes == 60;
	if (card->may_lose && !lost)
		CU_ASSERT_EQUAL(port_receive_frame(&p, got, LIMIT_MS), 60);
	if (lost) {
		CU_ASSERT(card->loses || card->may_lose);
		port_put(&p, frame, 9000);
		bytes = port_receive_frame(&p, got, LIMIT_MS);
	}
	CU_ASSERT_EQUAL(bytes, 9000);
	CU_ASSERT_EQUAL(port_receive_frame(&p, got, QUIET_MS), 0);
	/* looked at several times meanwhile, and counted once */
	CU_ASSERT_EQUAL(port_stats(&p).rx_missed, card->loses);
	CU_ASSERT_EQUAL(port_stats(&p).rx_packets, others + 1);
	port_close(&p);
}

static void a_port_stops_and_starts_again(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	const uint16_t mtus[] = {1500, 9000, 1500};
	struct port p;
	struct pkt pkt;
	port_open(&p, card->name);
	for (unsigned round = 0; round < 3; round++) {
		port_start(&p, &(struct nic_config){.mtu = mtus[round]});
		port_frame(frame, round, 300);
		port_put(&p, frame, 300);
		CU_ASSERT_EQUAL_FATAL(port_receive(&p, &pkt, 1, LIMIT_MS), 1);
		CU_ASSERT_EQUAL(memcmp(pkt.data, frame, 300), 0);
		/* handed over when the port stops: it still goes out */
		port_send(&p, &pkt, 1);
		CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
		CU_ASSERT_EQUAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), 300);
		CU_ASSERT(!(vfio_config_read(p.device, 4, 2) & 4));
		CU_ASSERT_EQUAL(pkt_pool_available(p.pool), p.pool_count);
		CU_ASSERT_EQUAL(port_stats(&p).rx_packets, 1);
		CU_ASSERT_EQUAL(port_stats(&p).tx_packets, 1);
		/* a stopped port receives nothing */
		CU_ASSERT_EQUAL(qtest_send(p.qtest, 0, frame, 300), 0);
		CU_ASSERT_PTR_NULL(nic_rxq(p.nic, 0));
		CU_ASSERT(!qtest_strayed(p.qtest));
		if (round < 2)
			CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
	}
	port_close(&p);
}

static void link_changes_are_reported(void)
{
	struct port p;
	struct nic_link link;
	uint32_t events;
	port_open(&p, card->name);
	int fd = nic_event_fd(p.nic);
	CU_ASSERT_FATAL(fd >= 0);
	port_start(&p, &(struct nic_config){.rx_queues = 1});
	CU_ASSERT_EQUAL(nic_service(p.nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	/* more often than once: what fires must be armed again */
	for (unsigned round = 0; round < 3; round++) {
		while (qtest_wait_fd(p.qtest, fd, QUIET_MS))
			nic_service(p.nic, NULL);
		CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, false), 0);
		CU_ASSERT(qtest_wait_fd(p.qtest, fd, LIMIT_MS));
		CU_ASSERT_EQUAL(nic_service(p.nic, &events), 0);
		CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
		CU_ASSERT_EQUAL(nic_get_link(p.nic, &link), 0);
		CU_ASSERT(!link.up);
		CU_ASSERT_EQUAL(link.mbps, 0);
		CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, true), 0);
		for (events = 0; !events && qtest_wait_fd(p.qtest, fd, LIMIT_MS);)
			CU_ASSERT_EQUAL(nic_service(p.nic, &events), 0);
		CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
		CU_ASSERT_EQUAL(nic_get_link(p.nic, &link), 0);
		CU_ASSERT(link.up);
	}
	uint8_t own[6] = {0x52, 0x54, 0, 0, 0, 0x10};
	CU_ASSERT(port_accepts(&p, own));
	port_close(&p);
}

/* ---- waiting ---- */

/* Starts a port whose receive queues have interrupts, by this kind. False: the card has no such kind. */
static bool start_waiting(struct port *p, unsigned kind, unsigned queues, int *event_fd)
{
	port_open(p, card->name);
	bool conventional = p->device->irq_count[VFIO_PCI_MSIX_IRQ_INDEX] == 0;
	if (!p->device->irq_count[kind] || (conventional && kind != VFIO_PCI_INTX_IRQ_INDEX) ||
		queues > p->nic->info.max_rx_queues) {
		port_close(p);
		return false;
	}
	for (unsigned i = kind + 1; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++)
		p->device->irq_count[i] = 0;
	*event_fd = nic_event_fd(p->nic);
	CU_ASSERT_FATAL(*event_fd >= 0);
	port_start(p, &(struct nic_config){.rx_queues = (uint16_t)queues, .rx_ring = 64, .rx_interrupt_us = 20});
	CU_ASSERT_EQUAL(p->nic->interrupts.kind, kind);
	CU_ASSERT_EQUAL(p->nic->interrupts.vectors, kind == VFIO_PCI_MSIX_IRQ_INDEX ? queues + 1 : 1);
	do
		nic_service(p->nic, NULL); /* it tells that the link is up */
	while (qtest_wait_fd(p->qtest, *event_fd, QUIET_MS));
	return true;
}

/* Arms a queue in which nothing is, until no interrupt is left from before. */
static void arm_quietly(struct port *p, struct nic_rxq *queue, int fd)
{
	unsigned more = 0;
	CU_ASSERT_FATAL(nic_rxq_arm(queue));
	for (; qtest_wait_fd(p->qtest, fd, QUIET_MS) && more < 3; more++)
		CU_ASSERT_FATAL(nic_rxq_arm(queue));
	CU_ASSERT(more < 3);
}

static void an_armed_queue_is_woken_by(unsigned kind, unsigned queues)
{
	uint8_t frame[64], got[FRAME_MAX];
	struct port p;
	int event_fd;
	uint32_t events;
	if (!start_waiting(&p, kind, queues, &event_fd))
		return;
	struct nic_rxq *queue = nic_rxq(p.nic, 0);
	int fd = nic_rxq_fd(queue);
	CU_ASSERT_FATAL(fd >= 0);
	port_frame(frame, 1, sizeof(frame));
	for (unsigned round = 0; round < 4; round++) {
		arm_quietly(&p, queue, fd);
		port_put(&p, frame, sizeof(frame));
		CU_ASSERT(qtest_wait_fd(p.qtest, fd, LIMIT_MS));
		CU_ASSERT_EQUAL(port_receive_frame(&p, got, LIMIT_MS), sizeof(frame));
		/* one that is there already is not waited for */
		port_put(&p, frame, sizeof(frame));
		while (nic_rxq_arm(queue) && qtest_wait_fd(p.qtest, fd, LIMIT_MS)) {
		}
		CU_ASSERT(!nic_rxq_arm(queue));
		CU_ASSERT_EQUAL(port_receive_frame(&p, got, LIMIT_MS), sizeof(frame));
	}
	/* The link changes while it is armed, which it stays, even where it is woken too */
	arm_quietly(&p, queue, fd);
	for (unsigned up = 0; up < 2; up++) {
		CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, up), 0);
		for (events = 0; !events && qtest_wait_fd(p.qtest, event_fd, LIMIT_MS);)
			CU_ASSERT_EQUAL(nic_service(p.nic, &events), 0);
		CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	}
	CU_ASSERT(kind != VFIO_PCI_MSIX_IRQ_INDEX || !qtest_wait_fd(p.qtest, fd, 0));
	if (kind != VFIO_PCI_MSIX_IRQ_INDEX)
		arm_quietly(&p, queue, fd);
	port_put(&p, frame, sizeof(frame));
	CU_ASSERT(qtest_wait_fd(p.qtest, fd, LIMIT_MS));
	CU_ASSERT_EQUAL(port_receive_frame(&p, got, LIMIT_MS), sizeof(frame));
	/* not armed, it is left in peace; and what comes for it does not keep the link's interrupt from coming */
	for (unsigned i = 0; i < 3; i++) {
		port_put(&p, frame, sizeof(frame));
		CU_ASSERT_EQUAL(port_receive_frame(&p, got, LIMIT_MS), sizeof(frame));
	}
	while (qtest_wait_fd(p.qtest, event_fd, QUIET_MS))
		nic_service(p.nic, NULL);
	CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, false), 0);
	CU_ASSERT(qtest_wait_fd(p.qtest, event_fd, LIMIT_MS));
	close(fd);
	close(event_fd);
	port_close(&p);
}

static void an_armed_queue_is_woken(void)
{
	an_armed_queue_is_woken_by(VFIO_PCI_INTX_IRQ_INDEX, 1);
	an_armed_queue_is_woken_by(VFIO_PCI_MSI_IRQ_INDEX, 1);
	an_armed_queue_is_woken_by(VFIO_PCI_MSI_IRQ_INDEX, 16); /* which share the vector */
	an_armed_queue_is_woken_by(VFIO_PCI_MSIX_IRQ_INDEX, 2);
}

/* ---- reset in place ---- */

static void wait_for_link(struct port *p)
{
	CU_ASSERT_EQUAL_FATAL(nic_wait_links(&p->nic, 1, LIMIT_MS, NULL), 0);
}

/* Sends a frame, and receives one. */
static void exchange(struct port *p, unsigned number)
{
	uint8_t frame[100], got[FRAME_MAX];
	struct pkt pkt;
	port_frame(frame, number, sizeof(frame));
	port_put(p, frame, sizeof(frame));
	CU_ASSERT_EQUAL_FATAL(port_receive_frame(p, got, LIMIT_MS), sizeof(frame));
	CU_ASSERT_EQUAL(memcmp(frame, got, sizeof(frame)), 0);
	CU_ASSERT_EQUAL_FATAL(port_build(p, &pkt, frame, sizeof(frame)), 1);
	port_send(p, &pkt, 1);
	CU_ASSERT_EQUAL_FATAL(qtest_receive(p->qtest, 0, got, sizeof(got), LIMIT_MS), sizeof(frame));
	CU_ASSERT_EQUAL(memcmp(frame, got, sizeof(frame)), 0);
}

/* Leaves frames in the receive ring, which the card has counted. */
static void leave(struct port *p, unsigned frames)
{
	uint8_t frame[100];
	uint64_t before = port_stats(p).rx_packets, end = port_now_ms() + LIMIT_MS;
	port_frame(frame, 1, sizeof(frame));
	for (unsigned i = 0; i < frames; i++)
		port_put(p, frame, sizeof(frame));
	while (port_stats(p).rx_packets < before + frames && port_now_ms() < end)
		usleep(1000);
}

static void a_port_is_reset_in_place(void)
{
	enum { RESETS = 3, EACH = 100, LEFT = 5 };
	static const uint8_t own[6] = {0x52, 0x54, 0, 0, 0, 0x10}, added[6] = {0x02, 1, 2, 3, 4, 5},
			     strange[6] = {0x02, 1, 2, 3, 4, 6}, group[6] = {0x01, 0, 0x5E, 0, 0, 0xFB};
	struct port p;
	uint32_t events;
	port_open(&p, card->name);
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, added), 0);
	int event_fd = nic_event_fd(p.nic);
	CU_ASSERT(event_fd >= 0);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .rx_interrupt_us = 20});
	CU_ASSERT_EQUAL(nic_add_mac(p.nic, group), 0);
	struct nic_rxq *rxq = nic_rxq(p.nic, 0);
	int fd = nic_rxq_fd(rxq);
	for (unsigned reset = 0; reset < RESETS; reset++) {
		for (unsigned i = 0; i < EACH; i++)
			exchange(&p, i);
		leave(&p, LEFT);
		CU_ASSERT_EQUAL(nic_reset(p.nic), 0);
		wait_for_link(&p);
		CU_ASSERT_PTR_EQUAL(nic_rxq(p.nic, 0), rxq);
	}
	struct nic_stats stats = port_stats(&p);
	CU_ASSERT_EQUAL(stats.resets, RESETS);
	CU_ASSERT_EQUAL(stats.rx_left, RESETS * LEFT);
	CU_ASSERT_EQUAL(stats.rx_packets, RESETS * (EACH + LEFT));
	CU_ASSERT_EQUAL(stats.tx_packets, RESETS * EACH);
	CU_ASSERT_EQUAL(stats.tx_unsent + stats.rx_bad_packets, 0);
	CU_ASSERT(port_accepts(&p, own));
	CU_ASSERT(port_accepts(&p, added));
	CU_ASSERT(port_accepts(&p, group));
	CU_ASSERT(!port_accepts(&p, strange));
	/* interrupts as before */
	arm_quietly(&p, rxq, fd);
	leave(&p, 1);
	CU_ASSERT(qtest_wait_fd(p.qtest, fd, LIMIT_MS));
	do
		nic_service(p.nic, NULL);
	while (qtest_wait_fd(p.qtest, event_fd, QUIET_MS));
	CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, false), 0);
	for (events = 0; !events && qtest_wait_fd(p.qtest, event_fd, LIMIT_MS);)
		CU_ASSERT_EQUAL(nic_service(p.nic, &events), 0);
	CU_ASSERT_EQUAL(events, NIC_LINK_CHANGED);
	CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
	CU_ASSERT_EQUAL(nic_reset(p.nic), -EINVAL);
	close(fd);
	close(event_fd);
	port_close(&p);
}

static void gone(struct port *p)
{
	static const uint8_t other[6] = {0x02, 1, 2, 3, 4, 5};
	struct pkt pkts[4];
	struct nic_link link;
	uint32_t events;
	CU_ASSERT_EQUAL(nic_service(p->nic, &events), -ENODEV);
	CU_ASSERT(events & NIC_GONE);
	CU_ASSERT_EQUAL(nic_get_link(p->nic, &link), -ENODEV);
	CU_ASSERT_EQUAL(nic_add_mac(p->nic, other), -ENODEV);
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(p->nic, 0), pkts, 4), 0);
	/* what is handed over is given back in the end */
	CU_ASSERT_EQUAL(pkt_alloc(p->pool, pkts, 4), 4);
	for (unsigned i = 0; i < 4; i++)
		pkts[i].len = 100;
	unsigned sent = nic_tx(nic_txq(p->nic, 0), pkts, 4);
	pkt_free(pkts + sent, 4 - sent);
	CU_ASSERT_EQUAL(nic_stop(p->nic), -ENODEV);
	CU_ASSERT_EQUAL(pkt_pool_available(p->pool), p->pool_count);
	CU_ASSERT_EQUAL(nic_start(p->nic, NULL), -ENODEV);
	port_close(p);
}

static void a_card_that_is_gone_ends_nothing_else(void)
{
	struct port p;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_queues = 1});
	qtest_kill(p.qtest);
	gone(&p);
	/* pulled out, and only the registers tell */
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_queues = 1});
	qtest_vanish(p.device);
	gone(&p);
}

static void each_step_of_the_transport_can_fail(void)
{
	struct qtest *qtest;
	struct dma_space *space;
	struct vfio_device *device;
	struct nic *nic;
	int ret = -EIO;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(qtest_open(&qtest, &card->name, 1), 0);
	for (unsigned step = 1; ret && step < 100; step++) {
		CU_ASSERT_EQUAL_FATAL(qtest_device(qtest, 0, space, &device), 0);
		qtest_fail(device, step);
		ret = port_from_device(&nic, device);
		if (ret)
			CU_ASSERT_PTR_NULL(nic);
	}
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	ret = -EIO;
	for (unsigned step = 1; ret && step < 100; step++) {
		qtest_fail(device, step);
		ret = nic_start(nic, &(struct nic_config){.rx_ring = 64, .tx_ring = 64});
		qtest_fail(device, 0);
		CU_ASSERT(!qtest_strayed(qtest));
		if (ret)
			CU_ASSERT_PTR_NULL(nic_rxq(nic, 0));
	}
	CU_ASSERT_EQUAL(ret, 0);
	nic_close(nic);
	CU_ASSERT(!qtest_strayed(qtest));
	qtest_close(qtest);
	dma_space_unref(space);
}

/* A register access costs microseconds here as it does in a guest: the data path makes none but one tail write a burst.
 */
static void bursts_write_no_register_but_tails(void)
{
	static uint8_t frame[FRAME_MAX];
	struct port p;
	struct pkt pkts[32];
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_queues = 1});
	port_frame(frame, 0, 60);
	unsigned before = qtest_accesses(p.device), bursts = 0, received = 0;
	while (received < 256) {
		for (unsigned i = 0; i < 32; i++)
			port_put(&p, frame, 60);
		for (unsigned have = 0, n; have < 32; have += n, received += n) {
			n = port_receive(&p, pkts, 32, LIMIT_MS);
			CU_ASSERT_FATAL(n > 0);
			pkt_free(pkts, n);
		}
	}
	/* one refill for each 32 */
	CU_ASSERT(qtest_accesses(p.device) - before <= 256 / 32);
	before = qtest_accesses(p.device);
	for (; bursts < 8; bursts++) {
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(p.pool, pkts, 32), 32);
		for (unsigned i = 0; i < 32; i++)
			pkts[i].len = 60;
		CU_ASSERT_EQUAL(nic_tx(nic_txq(p.nic, 0), pkts, 32), 32);
	}
	CU_ASSERT_EQUAL(qtest_accesses(p.device) - before, bursts);
	before = qtest_accesses(p.device);
	CU_ASSERT_EQUAL(nic_rx(nic_rxq(p.nic, 0), pkts, 32), 0);
	CU_ASSERT_EQUAL(nic_tx(nic_txq(p.nic, 0), pkts, 0), 0);
	CU_ASSERT_EQUAL(qtest_accesses(p.device), before);
	port_close(&p);
}

/* What a pipe's function does with the n-th packet: drops each seventh, cuts every fifth to less than a frame has, at
 * the very end of its buffer, and marks the others. */
static size_t piped_bytes(unsigned n)
{
	return n % 7 == 0 ? 0 : n % 5 == 0 ? 1 + n % 59 : 60 + n % 200;
}

static uint32_t mark_or_cut(void *context, struct pkt *pkt)
{
	unsigned n = (*(unsigned *)context)++;
	size_t bytes = piped_bytes(n);
	if (bytes > 0 && bytes < 60) {
		uint8_t *end = pkt->data + PKT_DATA_BYTES - bytes;
		memmove(end, pkt->data, bytes);
		pkt->data = end;
		pkt->len = (uint16_t)bytes;
	} else {
		pkt->data[6] ^= 0xFF;
	}
	return bytes > 0;
}

static void piped_frame(uint8_t *frame, unsigned n)
{
	memset(frame, 0, 60);
	port_frame(frame, n, 60 + n % 200);
	if (n % 5)
		frame[6] ^= 0xFF;
	else
		memset(frame + piped_bytes(n), 0, 200);
}

/* Receives from the wire what the pipe made of frames [*checked, seen), except for what it dropped. */
static void check_piped(struct port *p, unsigned *checked, unsigned seen)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	for (; *checked < seen; ++*checked) {
		size_t bytes = piped_bytes(*checked), sent;
		if (!bytes)
			continue;
		piped_frame(frame, *checked);
		sent = qtest_receive(p->qtest, 0, got, sizeof(got), LIMIT_MS);
		CU_ASSERT_FATAL(sent == bytes || (bytes < 60 && (sent == card->sent_min || sent == 60)));
		CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, sent), 0);
	}
}

/* The card's own transmit ring sends what its receive ring has, from where it lies; both wrap many times. */
static void a_pipe_forwards_in_place(void)
{
	enum { FRAMES = 3200 };
	static uint8_t frame[FRAME_MAX];
	struct port p;
	struct nic_pipe *pipe;
	struct nic_pipe_stats piped;
	unsigned put = 0, seen = 0, checked = 0;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64});
	struct nic_queue queue = {p.nic, 0};
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
	for (uint64_t end = port_now_ms() + 3 * LIMIT_MS; checked < FRAMES && port_now_ms() < end;) {
		while (put < FRAMES && put - checked < 96) {
			port_frame(frame, put, 60 + put % 200);
			if (qtest_send(p.qtest, 0, frame, 60 + put % 200))
				break;
			put++;
		}
		nic_pipe_run(pipe, 1 + (seen * 7 + checked) % 48, mark_or_cut, &seen);
		check_piped(&p, &checked, seen);
	}
	CU_ASSERT_EQUAL(checked, FRAMES);
	/* too long: the card drops it, or the pipe does */
	port_put(&p, frame, 2049);
	port_put(&p, frame, 9000);
	port_frame(frame, seen, 60 + seen % 200);
	port_put(&p, frame, 60 + seen % 200);
	for (uint64_t end = port_now_ms() + LIMIT_MS; seen == FRAMES && port_now_ms() < end;)
		nic_pipe_run(pipe, 8, mark_or_cut, &seen);
	check_piped(&p, &checked, FRAMES + 1);
	nic_pipe_get_stats(pipe, &piped);
	CU_ASSERT_EQUAL(piped.packets, FRAMES + 1);
	CU_ASSERT_EQUAL(piped.dropped, FRAMES / 7 + 1);
	CU_ASSERT_EQUAL(piped.bad + piped.blocked, 0);
	struct nic_stats stats = port_stats(&p);
	CU_ASSERT_EQUAL(stats.tx_packets, piped.packets - piped.dropped);
	CU_ASSERT_EQUAL(stats.rx_missed + stats.tx_bad_packets, 0);
	nic_pipe_close(pipe);
	port_close(&p);
}

static uint32_t as_it_is(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 1;
}

/* The longest frames that a pipe takes, of which the last fills its buffer, and one that is a byte too long. */
static void a_pipe_s_frames_fill_their_buffers(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct port p;
	struct nic_pipe *pipe;
	port_open(&p, card->name);
	port_start(&p, &(struct nic_config){
			       .rx_ring = 64, .tx_ring = 64, .mtu = (uint16_t)(PKT_DATA_BYTES - FRAME_OVERHEAD_BYTES)});
	struct nic_queue queue = {p.nic, 0};
	CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
	for (unsigned i = 0; i < 200; i++) {
		size_t bytes = PKT_DATA_BYTES - 8 + i % 10, seen = 0;
		port_frame(frame, i, bytes);
		port_put(&p, frame, bytes);
		if (bytes > PKT_DATA_BYTES)
			continue;
		for (uint64_t end = port_now_ms() + LIMIT_MS; !seen && port_now_ms() < end;)
			seen = nic_pipe_run(pipe, 1 + i % 40, as_it_is, NULL);
		CU_ASSERT_EQUAL_FATAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), bytes);
		CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, bytes), 0);
	}
	nic_pipe_close(pipe);
	port_close(&p);
}

/* In traffic, when its device has gone, and after its pipe: what it sent is counted, and every buffer comes back. */
static void a_pipe_s_port_stops(void)
{
	static uint8_t frame[FRAME_MAX];
	for (unsigned round = 0; round < 3; round++) {
		struct port p;
		struct nic_pipe *pipe;
		unsigned seen = 1, done = 0;
		port_open(&p, card->name);
		port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64});
		struct nic_queue queue = {p.nic, 0};
		CU_ASSERT_EQUAL_FATAL(nic_pipe_open(&pipe, &queue, &queue, 1), 0);
		port_frame(frame, 1, 100);
		for (unsigned i = 0; i < 40; i++)
			port_put(&p, frame, 100);
		for (uint64_t end = port_now_ms() + LIMIT_MS; done < 35 && port_now_ms() < end;)
			done += nic_pipe_call(pipe, 35 - done, mark_or_cut, &seen);
		CU_ASSERT_EQUAL(done, 35);
		CU_ASSERT_EQUAL(nic_rx(nic_rxq(p.nic, 0), NULL, 1), 0);
		if (round == 1)
			qtest_vanish(p.device);
		if (round == 2)
			nic_pipe_close(pipe);
		CU_ASSERT_EQUAL(nic_stop(p.nic), round == 1 ? -ENODEV : 0);
		CU_ASSERT_EQUAL(pkt_pool_available(p.pool), p.pool_count);
		if (round < 2) {
			CU_ASSERT_EQUAL(nic_pipe_run(pipe, 8, mark_or_cut, &seen), 0);
			nic_pipe_close(pipe);
		}
		if (round != 1)
			CU_ASSERT_EQUAL(port_stats(&p).tx_packets, 30);
		port_close(&p);
	}
}

static void expect_fact(struct port *p, const char *name, const char *part)
{
	struct nic_fact facts[40];
	unsigned count = nic_get_facts(p->nic, facts, 40);
	CU_ASSERT(count < 40);
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(facts[i].name, name) != 0)
			continue;
		CU_ASSERT_PTR_NOT_NULL(strstr(facts[i].value, part));
		if (!strstr(facts[i].value, part))
			printf("\n    %s: %s ", name, facts[i].value);
		return;
	}
	CU_FAIL("a fact is missing");
}

/* QEMU's PHY is one that the driver knows, and has the registers that it is set up by. */
static void the_phy_is_known_and_set_up(void)
{
	struct port p;
	struct nic_link link;
	struct nic_note note;
	bool set_up = false, told = false;
	port_open(&p, card->name);
	/* as a former owner may leave it */
	CU_ASSERT_EQUAL(gigabit_phy_write(p.nic, GIGABIT_PHY_BMCR, GIGABIT_BMCR_AUTONEG | GIGABIT_BMCR_POWERDOWN), 0);
	port_start(&p, &(struct nic_config){.speeds = NIC_SPEED_100M | NIC_SPEED_1G});
	CU_ASSERT_EQUAL(nic_service(p.nic, NULL), 0);
	CU_ASSERT_EQUAL(nic_get_link(p.nic, &link), 0);
	CU_ASSERT_EQUAL(strncmp(link.state, "partner offers", 14), 0);
	expect_fact(&p, "PHY offers", "100 Mbit/s, 1 Gbit/s");
	expect_fact(&p, "PHY control", "(negotiates)");
	expect_fact(&p, "STATUS", "link up, 1000 Mbit/s, full duplex");
	expect_fact(&p, "NVM", "sum baba (right)");
	CU_ASSERT_EQUAL(qtest_set_link(p.qtest, 0, false), 0);
	for (uint64_t end = port_now_ms() + LIMIT_MS; link.up && port_now_ms() < end;)
		CU_ASSERT_EQUAL_FATAL(nic_get_link(p.nic, &link), 0);
	CU_ASSERT(strlen(link.state) > 0);
	for (uint64_t next = 0; nic_get_notes(p.nic, &next, &note, 1) == 1;) {
		set_up = set_up || strstr(note.text, "is set up");
		told = told || strstr(note.text, "link lost");
		CU_ASSERT_PTR_NULL(strstr(note.text, "unknown"));
		CU_ASSERT_PTR_NULL(strstr(note.text, "cannot be read"));
		CU_ASSERT_PTR_NULL(strstr(note.text, "taken for dead"));
		CU_ASSERT_PTR_NULL(strstr(note.text, "add up"));
	}
	CU_ASSERT(set_up && told);
	port_close(&p);
}

#define PORT_TESTS                                                                                                     \
	{"says what it is", says_what_it_is},                                                                          \
		{"frames of every size pass byte for byte", frames_of_every_size_pass_byte_for_byte},                  \
		{"rings wrap many times", rings_wrap_many_times},                                                      \
		{"filters let through what they should", filters_let_through_what_they_should},                        \
		{"promiscuous modes come and go", promiscuous_modes_come_and_go},                                      \
		{"jumbo frames take several buffers", jumbo_frames_take_several_buffers},                              \
		{"jumbo frames take one larger buffer", jumbo_frames_take_one_larger_buffer},                          \
		{"lost frames are counted once", lost_frames_are_counted_once},                                        \
		{"a port stops and starts again", a_port_stops_and_starts_again},                                      \
		{"link changes are reported", link_changes_are_reported},                                              \
		{"an armed queue is woken", an_armed_queue_is_woken},                                                  \
		{"a port is reset in place", a_port_is_reset_in_place},                                                \
		{"a card that is gone ends nothing else", a_card_that_is_gone_ends_nothing_else},                      \
		{"each step of the transport can fail", each_step_of_the_transport_can_fail},                          \
		{"bursts write no register but tails", bursts_write_no_register_but_tails},                            \
		{"the PHY is known, and set up", the_phy_is_known_and_set_up},                                         \
		{"a pipe forwards in place", a_pipe_forwards_in_place},                                                \
		{"a pipe's frames fill their buffers", a_pipe_s_frames_fill_their_buffers},                            \
	{                                                                                                              \
		"a pipe's port stops", a_pipe_s_port_stops                                                             \
	}
