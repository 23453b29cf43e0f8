/* SPDX-License-Identifier: BSD-2-Clause
 * Ports of the ixgbe family with several queues, against the software cards: where RSS sends frames, VLANs, queues that
 * stop and start alone, and what each queue counts. */
#include "../../driver/driver.h"
#include "../model/local.h"

#include "unit.h"
#include "unit_wire.h"
#include <errno.h>
#include <string.h>

#define BUFFERS 24000u
#define RING    64u

static enum model_card card; /* the suite runs on each */
static uint32_t quirks;      /* of the card that is opened next */
static struct dma_space *space;
static struct pkt_pool *pool;
static struct vfio_device *device;
static struct nic *nic;
static struct nic_info info;
static struct wire wire;

static struct model *model(void)
{
	return model_local_model(device);
}

static void start_port(struct nic_config config)
{
	config.pool = pool;
	config.rx_ring = config.tx_ring = RING;
	config.promiscuous = true;
	int ret = nic_start(nic, &config);
	if (ret)
		printf("\n    nic_start: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	struct nic_link link = {0};
	model_set_partner(model(), true);
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
	}
	CU_ASSERT_TRUE_FATAL(link.up);
}

static void open_port(void)
{
	struct model_local_config config = {.model.card = card, .model.quirks = quirks};
	memset(&wire, 0, sizeof(wire));
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	CU_ASSERT_EQUAL_FATAL(pkt_pool_open(&pool, space, BUFFERS, -1), 0);
	CU_ASSERT_EQUAL_FATAL(model_local_open(&device, space, &config), 0);
	CU_ASSERT_EQUAL_FATAL(port_from_device(&nic, device), 0);
	nic_get_info(nic, &info);
}

static void open_and_start(struct nic_config config)
{
	open_port();
	start_port(config);
}

/* Everything back, and the driver did nothing that the model objects to. */
static void close_port(void)
{
	const struct model_faults *faults = model_faults(model());
	ASSERT_NUMBER(faults->bad_address, 0);
	ASSERT_NUMBER(faults->bad_ring, 0);
	ASSERT_NUMBER(faults->bad_descriptor, 0);
	ASSERT_NUMBER(faults->bad_register, 0);
	ASSERT_NUMBER(faults->bad_order, 0);
	nic_close(nic);
	ASSERT_NUMBER(pkt_pool_available(pool), BUFFERS);
	CU_ASSERT_EQUAL(pkt_pool_close(pool), 0);
	dma_space_unref(space);
	wire_forget(&wire);
}

static bool says(const char *part)
{
	bool found = strstr(nic_error(), part) != NULL;
	if (!found)
		printf("\n    it says: %s ", nic_error());
	return found;
}

/* ---- frames ---- */

enum { ICMP = 1, TCP = 6, UDP = 17 };

struct flow {
	bool ipv6;
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	uint32_t hash, hash_ports; /* as published, of the addresses, and with the ports too */
};

/* The published vectors (82599 DS 7.1.2.8.3). */
static const struct flow published[] = {
	{false, {66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
	{false, {199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
	{false, {24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
	{false, {38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
	{false, {153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
	{true, {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, [15] = 7},
		{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03, [15] = 1}, 2794, 1766, 0x2cc18cd5, 0x40207d3d},
	{true, {0x3f, 0xfe, 0x05, 0x01, 0x00, 0x08, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef, 0xab},
		{0xff, 0x02, [15] = 1}, 14230, 4739, 0x0f0c461c, 0xdde51bbf},
	{true, {0x3f, 0xfe, 0x19, 0x00, 0x45, 0x45, 0x00, 0x03, 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
		{0xfe, 0x80, [8] = 0x02, 0x00, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf}, 44251, 38024, 0x4b61e985,
		0x02d1feef},
};
#define PUBLISHED (sizeof(published) / sizeof(*published))

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A frame of 100 bytes. vlan: -1, or its tag. */
static struct model_frame frame_of(uint8_t *data, const struct flow *flow, uint8_t protocol, int vlan)
{
	uint8_t *at = data + 12;
	memset(data, 0, 100);
	data[0] = 0x02;
	if (vlan >= 0) {
		put16(at, 0x8100);
		put16(at + 2, (unsigned)vlan);
		at += 4;
	}
	put16(at, flow->ipv6 ? 0x86DD : 0x0800);
	at += 2;
	unsigned bytes = (unsigned)(data + 100 - at), addresses = flow->ipv6 ? 16 : 4;
	if (flow->ipv6) {
		at[0] = 0x60;
		put16(at + 4, bytes - 40);
		at[6] = protocol;
		at += 8;
	} else {
		at[0] = 0x45;
		put16(at + 2, bytes);
		at[9] = protocol;
		at += 12;
	}
	memcpy(at, flow->source, addresses);
	memcpy(at + addresses, flow->destination, addresses);
	at += 2 * addresses;
	put16(at, flow->source_port);
	put16(at + 2, flow->destination_port);
	if (protocol == TCP)
		at[12] = 0x50;
	if (protocol == UDP)
		put16(at + 4, (unsigned)(data + 100 - at));
	return (struct model_frame){.data = data, .len = 100};
}

static void arrive(const struct flow *flow, uint8_t protocol, int vlan)
{
	uint8_t data[100];
	struct model_frame frame = frame_of(data, flow, protocol, vlan);
	CU_ASSERT_EQUAL(model_receive(model(), &frame, 1), 1);
}

/* A flow of its own for each number. */
static struct flow flow_number(unsigned number)
{
	struct flow flow = {.source = {10, 0, 0, 1}, .destination = {10, 1, (uint8_t)(number >> 8), (uint8_t)number}};
	flow.source_port = (uint16_t)(1000 + 37 * number);
	flow.destination_port = 80;
	return flow;
}

/* The frame that has come, from whichever queue. @return the queue, or -1: none has one */
static int take(struct pkt *pkt)
{
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		if (nic_rx(nic_rxq(nic, i), pkt, 1)) {
			pkt_free(pkt, 1);
			return (int)i;
		}
	return -1;
}

/* Toeplitz, bit by bit, as the datasheet writes it. */
static uint32_t toeplitz(const uint8_t *key, const struct flow *flow, bool ports)
{
	uint8_t input[36];
	unsigned addresses = flow->ipv6 ? 16 : 4, n = 2 * addresses;
	uint32_t hash = 0;
	memcpy(input, flow->source, addresses);
	memcpy(input + addresses, flow->destination, addresses);
	if (ports) {
		put16(input + n, flow->source_port);
		put16(input + n + 2, flow->destination_port);
		n += 4;
	}
	for (unsigned bit = 0; bit < 8 * n; bit++)
		for (unsigned k = 0; k < 32 && input[bit / 8] >> (7 - bit % 8) & 1; k++)
			hash ^= (uint32_t)(key[(bit + k) / 8] >> (7 - (bit + k) % 8) & 1) << (31 - k);
	return hash;
}

static void check_hash(const struct flow *flow, uint8_t protocol, uint32_t hash)
{
	struct nic_rss rss;
	struct pkt pkt = {.data = NULL};
	CU_ASSERT_EQUAL_FATAL(nic_get_rss(nic, &rss), 0);
	arrive(flow, protocol, -1);
	int queue = take(&pkt);
	ASSERT_NUMBER(queue, rss.table[hash % info.rss_entries]);
	ASSERT_NUMBER(pkt.hash, hash);
}

/* ---- RSS ---- */

static void frames_go_where_the_published_hashes_say(void)
{
	open_port();
	ASSERT_NUMBER(info.rss_queues, card == MODEL_X550 ? 64 : 16);
	ASSERT_NUMBER(info.rss_entries, card == MODEL_X550 ? 512 : 128);
	struct nic_rss all = {.headers = info.rss_headers};
	start_port((struct nic_config){.rx_queues = info.rss_queues, .rss = &all});
	for (unsigned i = 0; i < PUBLISHED; i++) {
		check_hash(&published[i], TCP, published[i].hash_ports);
		check_hash(&published[i], UDP, published[i].hash_ports);
		check_hash(&published[i], ICMP, published[i].hash);
	}
	close_port();
}

/* Fragments of UDP are usual, and have no ports: they must not overtake what is whole. */
static void ports_of_udp_count_only_on_request(void)
{
	open_and_start((struct nic_config){.rx_queues = 4});
	for (unsigned i = 0; i < PUBLISHED; i++) {
		check_hash(&published[i], UDP, published[i].hash);
		check_hash(&published[i], TCP, published[i].hash_ports);
	}
	close_port();
}

static void headers_that_are_not_asked_for_are_not_hashed(void)
{
	const struct nic_rss only = {.headers = NIC_RSS_IPV4_TCP | NIC_RSS_IPV6};
	open_and_start((struct nic_config){.rx_queues = 4, .rss = &only});
	check_hash(&published[0], TCP, published[0].hash_ports);
	check_hash(&published[0], ICMP, 0);
	check_hash(&published[5], TCP, published[5].hash);
	check_hash(&published[5], UDP, published[5].hash);
	close_port();
}

static void key_and_table_change_while_frames_come(void)
{
	open_and_start((struct nic_config){.rx_queues = 8});
	struct nic_rss rss, read;
	for (unsigned round = 0; round < 4; round++) {
		rss = (struct nic_rss){
			.headers = info.rss_headers, .key_bytes = NIC_RSS_KEY_BYTES, .entries = info.rss_entries};
		for (unsigned i = 0; i < NIC_RSS_KEY_BYTES; i++)
			rss.key[i] = (uint8_t)(i * 37 + round * 11 + 1);
		for (unsigned i = 0; i < info.rss_entries; i++)
			rss.table[i] = (uint8_t)((i * 3 + round) % 8);
		CU_ASSERT_EQUAL_FATAL(nic_set_rss(nic, &rss), 0);
		CU_ASSERT_EQUAL_FATAL(nic_get_rss(nic, &read), 0);
		CU_ASSERT_EQUAL(memcmp(&rss, &read, sizeof(rss)), 0);
		for (unsigned i = 0; i < 600; i++) {
			struct flow flow = flow_number(i);
			check_hash(&flow, i % 2 ? TCP : UDP, toeplitz(rss.key, &flow, true));
		}
		for (unsigned i = 0; i < PUBLISHED; i++)
			check_hash(&published[i], ICMP, toeplitz(rss.key, &published[i], false));
	}
	/* what is refused changes nothing */
	read.table[info.rss_entries - 1] = 8;
	CU_ASSERT_EQUAL(nic_set_rss(nic, &read), -EINVAL);
	check_hash(&published[0], TCP, toeplitz(rss.key, &published[0], true));
	close_port();
}

static void both_directions_meet_under_a_symmetric_key(void)
{
	const struct nic_rss symmetric = {.symmetric = true};
	open_and_start((struct nic_config){.rx_queues = 16, .rss = &symmetric});
	unsigned used = 0;
	for (unsigned i = 0; i < 200; i++) {
		struct flow there = flow_number(i), back = there;
		struct pkt pkt[2];
		memcpy(back.source, there.destination, 16);
		memcpy(back.destination, there.source, 16);
		back.source_port = there.destination_port;
		back.destination_port = there.source_port;
		arrive(&there, TCP, -1);
		int queue = take(&pkt[0]);
		arrive(&back, TCP, -1);
		ASSERT_NUMBER(take(&pkt[1]), queue);
		ASSERT_NUMBER(pkt[0].hash, pkt[1].hash);
		CU_ASSERT_FATAL(queue >= 0);
		used |= 1u << queue;
	}
	CU_ASSERT(__builtin_popcount(used) > 8);
	close_port();
}

/* ---- counters ---- */

/* Sends a frame of so many bytes. */
static void send_from(unsigned queue, uint16_t bytes)
{
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	memset(pkt.data, 2, bytes);
	pkt.len = bytes;
	CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(nic, queue), &pkt, 1), 1);
}

/* What queues count adds up to what the port does, and each queue has its own. */
static void check_sums(unsigned with_bytes_rx, unsigned with_bytes_tx)
{
	struct nic_stats port;
	struct nic_queue_stats queue, rx = {0}, tx = {0};
	CU_ASSERT_EQUAL(nic_get_stats(nic, &port), 0);
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, i, &queue), 0);
		rx.packets += queue.packets;
		rx.bytes += queue.bytes;
		rx.missed += queue.missed;
		if (i < with_bytes_rx)
			ASSERT_NUMBER(queue.bytes, 100 * queue.packets);
		else
			ASSERT_NUMBER(queue.bytes, 0);
	}
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		CU_ASSERT_EQUAL(nic_get_txq_stats(nic, i, &queue), 0);
		tx.packets += queue.packets;
		tx.bytes += queue.bytes;
		if (i < with_bytes_tx)
			ASSERT_NUMBER(queue.bytes, (60 + i) * queue.packets);
		else
			ASSERT_NUMBER(queue.bytes, 0);
	}
	ASSERT_NUMBER(rx.packets, port.rx_packets);
	ASSERT_NUMBER(tx.packets, port.tx_packets);
	if (with_bytes_rx == nic->config.rx_queues) {
		ASSERT_NUMBER(rx.bytes, port.rx_bytes);
		ASSERT_NUMBER(rx.missed, port.rx_no_descriptor);
	}
	if (with_bytes_tx == nic->config.tx_queues)
		ASSERT_NUMBER(tx.bytes, port.tx_bytes);
	ASSERT_NUMBER(port.rx_missed, 0);
}

static void each_queue_counts_its_own(void)
{
	open_and_start((struct nic_config){.rx_queues = 16, .tx_queues = 16});
	struct pkt pkt;
	unsigned of_queue[16] = {0};
	for (unsigned i = 0; i < 1000; i++) {
		struct flow flow = flow_number(i);
		arrive(&flow, TCP, -1);
		int queue = take(&pkt);
		CU_ASSERT_FATAL(queue >= 0);
		of_queue[queue]++;
		if (i % 300 == 0)
			CU_ASSERT_EQUAL(nic_service(nic, NULL), 0);
	}
	for (unsigned i = 0; i < 16; i++) {
		struct nic_queue_stats stats;
		CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, i, &stats), 0);
		ASSERT_NUMBER(stats.packets, of_queue[i]);
		CU_ASSERT(of_queue[i] > 30); /* of 62 */
		for (unsigned k = 0; k <= i; k++)
			send_from(i, (uint16_t)(60 + i));
	}
	wire_send(&wire, model());
	check_sums(16, 16);
	/* a full ring loses frames of its own queue, and of no other */
	struct flow flow = flow_number(0);
	struct nic_queue_stats before[16], after;
	for (unsigned i = 0; i < 16; i++)
		nic_get_rxq_stats(nic, i, &before[i]);
	arrive(&flow, TCP, -1);
	int full = take(&pkt);
	for (unsigned i = 0; i < RING + 20; i++)
		arrive(&flow, TCP, -1);
	for (unsigned i = 0; i < 16; i++) {
		nic_get_rxq_stats(nic, i, &after);
		CU_ASSERT_EQUAL(after.missed - before[i].missed > 0, (int)i == full);
	}
	while (take(&pkt) >= 0)
		;
	check_sums(16, 16);
	close_port();
}

/* The card has 128 receive queues, and 64 for transmit without DCB; RSS names the first ones. It has counters of bytes
 * for 15 of them, and one more that the others share. */
static void all_queues_of_the_card_work(void)
{
	open_port();
	ASSERT_NUMBER(info.max_rx_queues, 128);
	ASSERT_NUMBER(info.max_tx_queues, 64);
	struct nic_config more = {.rx_queues = 129, .rx_ring = RING, .tx_ring = RING, .pool = pool};
	CU_ASSERT_EQUAL(nic_start(nic, &more), -EINVAL);
	CU_ASSERT(says("129 receive queues, but the port has at most 128"));
	more.rx_queues = 128;
	more.tx_queues = 65;
	CU_ASSERT_EQUAL(nic_start(nic, &more), -EINVAL);
	CU_ASSERT(says("65 transmit queues, but the port has at most 64"));
	start_port((struct nic_config){.rx_queues = 128, .tx_queues = 64});
	struct pkt pkt;
	uint64_t used = 0;
	for (unsigned i = 0; i < 2000; i++) {
		struct flow flow = flow_number(i);
		arrive(&flow, TCP, -1);
		int queue = take(&pkt);
		CU_ASSERT_FATAL(queue >= 0 && queue < 64);
		used |= UINT64_C(1) << queue;
	}
	ASSERT_NUMBER(__builtin_popcountll(used), info.rss_queues);
	for (unsigned i = 0; i < 64; i++)
		send_from(i, (uint16_t)(60 + i));
	ASSERT_NUMBER(wire_send(&wire, model()), 64);
	check_sums(15, 15);
	/* the rings of the upper half are at other offsets */
	for (unsigned i = 0; i < 128; i++) {
		uint32_t at = i < 64 ? 0x01000 + 0x40 * i : 0x0D000 + 0x40 * (i - 64);
		ASSERT_NUMBER(model_read32(model(), at + 0x28) >> 25 & 1, 1);
		if (i >= 64)
			ASSERT_NUMBER(model_read32(model(), at + 0x18), RING - 1);
		ASSERT_NUMBER(model_read32(model(), at + 0x14) >> 28 & 1, 1); /* DROP_EN */
	}
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	/* and after it one queue as ever: without a hash, and frames wait for a full ring */
	start_port((struct nic_config){.rx_queues = 1});
	ASSERT_NUMBER(model_read32(model(), 0x01014) >> 28 & 1, 0);
	arrive(&published[0], TCP, -1);
	ASSERT_NUMBER(take(&pkt), 0);
	ASSERT_NUMBER(pkt.hash, 0);
	close_port();
}

/* ---- VLANs ---- */

static bool passes(int vlan)
{
	struct pkt pkt;
	arrive(&published[0], TCP, vlan);
	return take(&pkt) >= 0;
}

static void only_vlans_that_were_added_pass(void)
{
	open_and_start((struct nic_config){.rx_queues = 2});
	CU_ASSERT(passes(-1) && passes(5) && passes(4095));
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 5), 0);
	CU_ASSERT(passes(-1) && passes(5) && passes(5 | 7 << 13 | 1 << 12));
	CU_ASSERT(!passes(0) && !passes(4) && !passes(37) && !passes(4095));
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 4095), 0);
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 5), -EEXIST);
	CU_ASSERT(passes(4095) && passes(5) && !passes(4094));
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 5), 0);
	CU_ASSERT(passes(4095) && !passes(5) && passes(-1));
	/* they outlive a stop */
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	start_port((struct nic_config){.rx_queues = 2});
	CU_ASSERT(passes(4095) && !passes(5) && passes(-1));
	/* promiscuous is about addresses */
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, false), 0);
	CU_ASSERT_EQUAL(nic_set_promiscuous(nic, true), 0);
	CU_ASSERT(!passes(5));
	CU_ASSERT_EQUAL(nic_remove_vlan(nic, 4095), 0);
	CU_ASSERT(passes(4095) && passes(5) && passes(0) && passes(-1));
	close_port();
}

/* ---- wishes of packets to be sent ---- */

/* The Internet checksum of bytes, on top of a sum. */
static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return sum;
}

/* Whether all checksums of a frame from the wire are right; ip: its header. */
static bool sums_are_right(const uint8_t *ip, unsigned bytes, bool ipv6)
{
	unsigned header = ipv6 ? 40 : 20, protocol = ipv6 ? ip[6] : ip[9];
	unsigned length = ipv6 ? (unsigned)(ip[4] << 8 | ip[5]) : (unsigned)(ip[2] << 8 | ip[3]) - 20;
	if (length + header != bytes || (!ipv6 && sum_of(0, ip, 20) != 0xFFFF))
		return false;
	uint32_t sum = ipv6 ? sum_of(0, ip + 8, 32) : sum_of(0, ip + 12, 8);
	return sum_of(sum + length + protocol, ip + header, length) == 0xFFFF;
}

static void wish(const struct flow *flow, uint8_t protocol, unsigned flags, uint16_t mss)
{
	struct pkt pkt;
	CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
	frame_of(pkt.data, flow, protocol, -1);
	pkt.len = 100;
	pkt.flags = (uint16_t)flags;
	pkt.vlan = 0x3456;
	pkt.mss = mss;
	CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(nic, 1), &pkt, 1), 1);
}

/* The card does it: nothing is left to software. What was done is checked here. */
static void wishes_are_fulfilled_by_the_card(void)
{
	open_and_start(
		(struct nic_config){.tx_queues = 2, .offloads = NIC_TX_OFFLOAD | NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP});
	const uint32_t can =
		NIC_TX_IP_CHECKSUM | NIC_TX_L4_CHECKSUM | NIC_TX_VLAN | NIC_TX_SEGMENT_IPV4 | NIC_TX_SEGMENT_IPV6;
	CU_ASSERT_EQUAL(info.can & can, can);
	for (unsigned i = 0; i < PUBLISHED; i++) {
		bool ipv6 = published[i].ipv6;
		unsigned ip_wish = ipv6 ? 0 : PKT_TX_IP_CHECKSUM, header = ipv6 ? 40 : 20, first = wire.count;
		wish(&published[i], TCP, ip_wish | PKT_TX_L4_CHECKSUM, 0);
		wish(&published[i], UDP, ip_wish | PKT_TX_L4_CHECKSUM | PKT_VLAN, 0);
		wish(&published[i], TCP, PKT_TX_SEGMENT | PKT_VLAN, 9);
		unsigned payload = 86 - header - 20, segments = (payload + 8) / 9;
		ASSERT_NUMBER(wire_send(&wire, model()), 2 + segments);
		CU_ASSERT(sums_are_right(wire.data[first] + 14, 86, ipv6));
		for (unsigned k = first + 1; k < wire.count; k++) {
			const uint8_t *frame = wire.data[k];
			unsigned bytes = k == first + 1 ? 86 : header + 20 + (k + 1 < wire.count ? 9 : payload % 9);
			ASSERT_NUMBER(frame[12] << 8 | frame[13], 0x8100);
			ASSERT_NUMBER(frame[14] << 8 | frame[15], 0x3456);
			CU_ASSERT(sums_are_right(frame + 18, bytes, ipv6));
		}
	}
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_software_checksums + stats.tx_software_vlans + stats.tx_software_segmented, 0);
	ASSERT_NUMBER(stats.tx_packets, wire.count);
	ASSERT_NUMBER(stats.tx_segments_more, wire.count - 3 * PUBLISHED);
	close_port();
}

/* ---- what the card finds ---- */

/* Lets a frame with right checksums come, but for what `spoil` adds to its IPv4 and to its TCP or UDP checksum. */
static void arrive_with_sums(const struct flow *flow, uint8_t protocol, int vlan, uint16_t spoil_ip, uint16_t spoil_l4)
{
	uint8_t data[100];
	struct model_frame frame = frame_of(data, flow, protocol, vlan);
	uint8_t *ip = data + (vlan < 0 ? 14 : 18), *l4 = ip + (flow->ipv6 ? 40 : 20);
	unsigned length = (unsigned)(data + 100 - l4);
	uint8_t *l4_sum = l4 + (protocol == TCP ? 16 : 6);
	uint32_t sum = flow->ipv6 ? sum_of(0, ip + 8, 32) : sum_of(0, ip + 12, 8);
	put16(l4_sum, (uint16_t)~sum_of(sum + length + protocol, l4, length) + spoil_l4);
	if (!flow->ipv6)
		put16(ip + 10, (uint16_t)~sum_of(0, ip, 20) + spoil_ip);
	CU_ASSERT_EQUAL(model_receive(model(), &frame, 1), 1);
}

static void check_flags(uint16_t flags)
{
	struct pkt pkt = {.flags = 0};
	CU_ASSERT(take(&pkt) >= 0);
	ASSERT_NUMBER(pkt.flags, flags);
}

static void checksums_are_judged(void)
{
	open_and_start((struct nic_config){.rx_queues = 4, .offloads = NIC_RX_CHECKSUM});
	for (unsigned i = 0; i < PUBLISHED; i++) {
		const uint16_t ip = published[i].ipv6 ? 0 : PKT_IP_CHECKED;
		arrive_with_sums(&published[i], TCP, -1, 0, 0);
		check_flags(ip | PKT_L4_CHECKED);
		arrive_with_sums(&published[i], UDP, 7, 0, 0);
		check_flags(ip | PKT_L4_CHECKED);
		arrive_with_sums(&published[i], TCP, -1, 0, 1);
		check_flags(ip | PKT_L4_CHECKED | PKT_L4_BAD);
		/* an erratum of the 82599: a wrong checksum of UDP may be none at all, and is not believed */
		arrive_with_sums(&published[i], UDP, -1, 0, 1);
		check_flags(ip);
		if (ip) {
			arrive_with_sums(&published[i], TCP, -1, 1, 0);
			check_flags(ip | PKT_IP_BAD | PKT_L4_CHECKED);
		}
	}
	close_port();
	/* and not where nobody asked */
	open_and_start((struct nic_config){.rx_queues = 4});
	arrive_with_sums(&published[0], TCP, -1, 0, 0);
	check_flags(0);
	close_port();
}

/* An erratum of the 82599: the header of a fragment is found wrong. */
static void a_right_header_of_a_fragment_is_right(void)
{
	quirks = MODEL_QUIRK_CHECKSUM;
	open_and_start((struct nic_config){.rx_queues = 4, .offloads = NIC_RX_CHECKSUM});
	quirks = 0;
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		uint8_t data[100];
		struct model_frame frame = frame_of(data, &published[0], UDP, -1);
		data[14 + 6] = 0x20;
		put16(data + 14 + 10, (uint16_t)~sum_of(0, data + 14, 20) + wrong);
		CU_ASSERT_EQUAL(model_receive(model(), &frame, 1), 1);
		check_flags(wrong ? PKT_IP_CHECKED | PKT_IP_BAD : PKT_IP_CHECKED);
	}
	close_port();
}

static void has_tag(const struct flow *flow, int vlan, bool stripped)
{
	struct pkt pkt = {.flags = 0};
	arrive(flow, TCP, vlan);
	CU_ASSERT(take(&pkt) >= 0);
	bool inside = pkt.data[12] == 0x81 && pkt.data[13] == 0x00;
	ASSERT_NUMBER(pkt.len, stripped ? 96 : 100);
	CU_ASSERT_EQUAL(inside, vlan >= 0 && !stripped);
	CU_ASSERT_EQUAL((pkt.flags & PKT_VLAN) != 0, stripped);
	if (stripped)
		ASSERT_NUMBER(pkt.vlan, vlan);
}

static void tags_are_taken_out_by_queue(void)
{
	open_and_start((struct nic_config){.rx_queues = 4, .offloads = NIC_RX_VLAN_STRIP});
	struct flow of_queue[4];
	for (unsigned i = 0, found = 0; i < 100 && found != 15; i++) {
		struct flow flow = flow_number(i);
		struct pkt pkt;
		arrive(&flow, TCP, -1);
		int queue = take(&pkt);
		CU_ASSERT_FATAL(queue >= 0);
		of_queue[queue] = flow;
		found |= 1u << queue;
	}
	for (unsigned i = 0; i < 4; i++) {
		has_tag(&of_queue[i], 0xE123, true);
		has_tag(&of_queue[i], -1, false);
	}
	CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 2, false), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(nic_error(), "receive queue 2 is running"));
	has_tag(&of_queue[2], 5, true);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
	for (unsigned i = 0; i < 4; i++)
		has_tag(&of_queue[i], 5, i != 2);
	/* a queue that was stopped is as it was */
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, true), 0);
	for (unsigned i = 0; i < 4; i++)
		has_tag(&of_queue[i], 4095, i != 2);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_set_vlan_strip(nic, 2, true), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
	has_tag(&of_queue[2], 1, true);
	/* bytes are those of the wire, with tags */
	struct nic_stats stats;
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.rx_bytes, 100 * stats.rx_packets);
	/* the filter and the insertion do not mind */
	CU_ASSERT_EQUAL(nic_add_vlan(nic, 5), 0);
	has_tag(&of_queue[1], 5, true);
	CU_ASSERT(!passes(6));
	close_port();
}

/* ---- queues alone ---- */

static void a_stopped_receive_queue_stops_no_other(void)
{
	unsigned taken = 0;
	open_and_start((struct nic_config){.rx_queues = 4, .tx_queues = 1});
	struct nic_stats stats;
	struct nic_queue_stats queue_stats;
	struct pkt pkt;
	unsigned lost = 0, got = 0, available = pkt_pool_available(pool);
	for (unsigned round = 0; round < 3; round++) {
		/* something is in its ring when it stops */
		for (unsigned i = 0; i < 40; i++) {
			struct flow flow = flow_number(i);
			arrive(&flow, TCP, -1);
		}
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
		ASSERT_NUMBER(nic_rx(nic_rxq(nic, 2), &pkt, 1), 0);
		while (take(&pkt) >= 0)
			taken++;
		CU_ASSERT(pkt_pool_available(pool) >= available + RING);
		for (unsigned i = 0; i < 400; i++) {
			struct flow flow = flow_number(i);
			struct nic_rss rss;
			CU_ASSERT_EQUAL(nic_get_rss(nic, &rss), 0);
			unsigned queue = rss.table[toeplitz(rss.key, &flow, true) % info.rss_entries];
			arrive(&flow, TCP, -1);
			ASSERT_NUMBER(take(&pkt), queue == 2 ? -1 : (int)queue);
			lost += queue == 2;
			got += queue != 2;
			taken += queue != 2;
		}
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
		CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, true), 0);
		ASSERT_NUMBER(nic_rx(nic_rxq(nic, 2), &pkt, 1), 0);
		unsigned again = 0;
		for (unsigned i = 0; i < 400; i++) {
			struct flow flow = flow_number(i);
			arrive(&flow, TCP, -1);
			int queue = take(&pkt);
			again += queue == 2;
			taken += queue >= 0;
		}
		CU_ASSERT(again > 50);
	}
	CU_ASSERT(lost > 150 && got > 600);
	CU_ASSERT_EQUAL(nic_get_rxq_stats(nic, 2, &queue_stats), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(queue_stats.missed, lost);
	ASSERT_NUMBER(stats.rx_no_descriptor, lost);
	ASSERT_NUMBER(stats.rx_missed, 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 2, false), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 4, false), -EINVAL);
	/* each frame was taken, lost, or is counted as left */
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	CU_ASSERT(stats.rx_left > 0);
	ASSERT_NUMBER(stats.rx_packets, taken + stats.rx_left);
	ASSERT_NUMBER(stats.rx_packets + lost, 3 * 840);
	close_port();
}

static void a_stopped_transmit_queue_stops_no_other(void)
{
	open_and_start((struct nic_config){.rx_queues = 1, .tx_queues = 4});
	struct nic_stats stats;
	struct pkt pkt;
	unsigned sent = 0;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 50; i++)
			send_from(i % 4, 60), sent++;
		wire_send(&wire, model());
		CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
		CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
		CU_ASSERT_EQUAL_FATAL(pkt_alloc(pool, &pkt, 1), 1);
		pkt.len = 60;
		ASSERT_NUMBER(nic_tx(nic_txq(nic, 1), &pkt, 1), 0);
		pkt_free(&pkt, 1);
		for (unsigned i = 0; i < 200; i++)
			if (i % 4 != 1) {
				send_from(i % 4, 60);
				ASSERT_NUMBER(wire_send(&wire, model()), 1);
				sent++;
			}
		CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
		for (unsigned i = 0; i < 100; i++) { /* around its ring */
			send_from(1, 60);
			ASSERT_NUMBER(wire_send(&wire, model()), 1);
			sent++;
		}
	}
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_packets, sent);
	ASSERT_NUMBER(wire.count, sent);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_unsent, 0);
	close_port();
}

/* Nothing goes out: the packets come back, and are counted. Cards whose queues stop late, and without link only when
 * they are flushed, do so too. */
static void a_transmit_queue_stops_without_link(void)
{
	quirks = MODEL_QUIRK_ENABLE;
	open_and_start((struct nic_config){.rx_queues = 2, .tx_queues = 2});
	quirks = 0;
	unsigned available = pkt_pool_available(pool);
	struct nic_stats stats;
	model_set_partner(model(), false);
	for (unsigned i = 0; i < 5; i++)
		send_from(1, 60);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, false), 0);
	ASSERT_NUMBER(pkt_pool_available(pool), available);
	CU_ASSERT_EQUAL(nic_set_txq(nic, 1, true), 0);
	model_set_partner(model(), true);
	struct nic_link link = {0};
	for (unsigned ms = 0; !link.up && ms < 10000; ms++) {
		model_local_advance(device, 1000000);
		CU_ASSERT_EQUAL_FATAL(nic_get_link(nic, &link), 0);
	}
	for (unsigned i = 0; i < 7; i++)
		send_from(1, 60);
	ASSERT_NUMBER(wire_send(&wire, model()), 7);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, false), 0);
	CU_ASSERT_EQUAL(nic_set_rxq(nic, 1, true), 0);
	CU_ASSERT_EQUAL(nic_stop(nic), 0);
	CU_ASSERT_EQUAL(nic_get_stats(nic, &stats), 0);
	ASSERT_NUMBER(stats.tx_packets, 7);
	ASSERT_NUMBER(stats.tx_unsent, 5);
	close_port();
}

static void frames_may_be_as_long_as_the_card_takes(void)
{
	static uint8_t data[16000];
	struct pkt pkts[16];
	open_and_start((struct nic_config){.mtu = 15846});
	ASSERT_NUMBER(info.max_mtu, 15846);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	data[0] = 2;
	data[12] = 0x88;                                /* of no meaning */
	for (unsigned round = 0; round < 20; round++) { /* around the ring */
		uint32_t bytes = 15846 + 22 - round;
		struct model_frame frame = {.data = data, .len = bytes};
		CU_ASSERT_EQUAL(model_receive(model(), &frame, 1), 1);
		ASSERT_NUMBER(nic_rx(nic_rxq(nic, 0), pkts, 16), 8);
		ASSERT_NUMBER(nic_tx(nic_txq(nic, 0), pkts, 8), 8);
		ASSERT_NUMBER(wire_send(&wire, model()), 1);
		ASSERT_NUMBER(wire.len[round], bytes);
		CU_ASSERT_EQUAL(memcmp(wire.data[round], data, bytes), 0);
	}
	close_port();
}

static int on_82599(void)
{
	card = MODEL_82599;
	return 0;
}

static int on_x540(void)
{
	card = MODEL_X540;
	return 0;
}

static int on_x550(void)
{
	card = MODEL_X550;
	return 0;
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"frames go where the published hashes say", frames_go_where_the_published_hashes_say},
		{"ports of UDP count only on request", ports_of_udp_count_only_on_request},
		{"headers that are not asked for are not hashed", headers_that_are_not_asked_for_are_not_hashed},
		{"key and table change while frames come", key_and_table_change_while_frames_come},
		{"both directions meet under a symmetric key", both_directions_meet_under_a_symmetric_key},
		{"each queue counts its own", each_queue_counts_its_own},
		{"all queues of the card work", all_queues_of_the_card_work},
		{"only VLANs that were added pass", only_vlans_that_were_added_pass},
		{"checksums are judged", checksums_are_judged},
		{"a right header of a fragment is right", a_right_header_of_a_fragment_is_right},
		{"tags are taken out by queue", tags_are_taken_out_by_queue},
		{"wishes are fulfilled by the card", wishes_are_fulfilled_by_the_card},
		{"a transmit queue stops without link", a_transmit_queue_stops_without_link},
		{"frames may be as long as the card takes", frames_may_be_as_long_as_the_card_takes},
		{"a stopped receive queue stops no other", a_stopped_receive_queue_stops_no_other},
		{"a stopped transmit queue stops no other", a_stopped_transmit_queue_stops_no_other},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"queues of the 82599", on_82599, NULL, NULL, NULL, tests},
		{"queues of the X540", on_x540, NULL, NULL, NULL, tests},
		{"queues of the X550", on_x550, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
