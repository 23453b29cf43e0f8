/* SPDX-License-Identifier: BSD-2-Clause
 * Several queues on QEMU's cards, without a guest: RSS by the published vectors, the filter for VLANs, queues that stop
 * alone, what is counted of each. */
#include "qtest_port.c"

#include <arpa/inet.h>

/* ---- frames ---- */

struct flow {
	const char *from, *to;
	uint16_t from_port, to_port;
	uint32_t hash, hash_of_ports; /* of the addresses; and with ports */
};

/* Microsoft's vectors for verifying the RSS hash, with its key. */
static const struct flow flows[] = {
	{"66.9.149.187", "161.142.100.80", 2794, 1766, 0x323E8FC2, 0x51CCC178},
	{"199.92.111.2", "65.69.140.83", 14230, 4739, 0xD718262A, 0xC626B0EA},
	{"24.19.198.95", "12.22.207.184", 12898, 38024, 0xD2D0A5DE, 0x5C2B394A},
	{"38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xAFC7327F},
	{"153.39.163.191", "202.188.127.2", 44251, 1303, 0x5D1809C5, 0x10E828A2},
	{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2CC18CD5, 0x40207D3D},
	{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0F0C461C, 0xDDE51BBF},
	{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024, 0x4B61E985, 0x02D1FEEF},
};
#define FLOWS (sizeof(flows) / sizeof(*flows))

#define FRAME_BYTES 100u
#define TCP         6u
#define UDP         17u

static void put_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8), at[1] = (uint8_t)value;
}

/* A TCP or UDP packet of a flow; with a tag if vlan is not 0. Checksums are 0, which no card here drops. */
static void build_flow(uint8_t *frame, const struct flow *flow, uint8_t protocol, unsigned vlan)
{
	uint8_t *at = frame + 12;
	port_frame(frame, 1, FRAME_BYTES);
	if (vlan) {
		put_16(at, 0x8100);
		put_16(at + 2, vlan);
		at += 4;
	}
	if (strchr(flow->from, ':')) {
		put_16(at, 0x86DD);
		at += 2;
		memset(at, 0, 8);
		at[0] = 0x60;
		put_16(at + 4, (unsigned)(frame + FRAME_BYTES - at) - 40);
		at[6] = protocol;
		at[7] = 64;
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, flow->from, at + 8), 1);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, flow->to, at + 24), 1);
		at += 40;
	} else {
		put_16(at, 0x0800);
		at += 2;
		memset(at, 0, 20);
		at[0] = 0x45;
		put_16(at + 2, (unsigned)(frame + FRAME_BYTES - at));
		at[8] = 64;
		at[9] = protocol;
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, flow->from, at + 12), 1);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, flow->to, at + 16), 1);
		at += 20;
	}
	put_16(at, flow->from_port);
	put_16(at + 2, flow->to_port);
	if (protocol == TCP) {
		memset(at + 4, 0, 16);
		at[12] = 0x50;
	} else {
		put_16(at + 4, (unsigned)(frame + FRAME_BYTES - at));
		put_16(at + 6, 0);
	}
}

/* Receives a handle on whatever queue it comes. @return its queue; -1: none came */
static int receive_on_any(struct port *p, unsigned queues, struct pkt *pkt, unsigned limit_ms)
{
	uint64_t end = port_now_ms() + limit_ms;
	do {
		for (unsigned i = 0; i < queues; i++)
			if (nic_rx(nic_rxq(p->nic, i), pkt, 1))
				return (int)i;
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	} while (port_now_ms() < end);
	return -1;
}

/* Sends a frame to the card. @return the queue that it comes on, its hash in *hash */
static int spread(struct port *p, unsigned queues, const struct flow *flow, uint8_t protocol, uint32_t *hash)
{
	uint8_t frame[FRAME_BYTES];
	struct pkt pkt;
	build_flow(frame, flow, protocol, 0);
	port_put(p, frame, sizeof(frame));
	int queue = receive_on_any(p, queues, &pkt, LIMIT_MS);
	CU_ASSERT_NOT_EQUAL_FATAL(queue, -1);
	CU_ASSERT_EQUAL(pkt.len, FRAME_BYTES);
	CU_ASSERT_EQUAL(memcmp(pkt.data, frame, FRAME_BYTES), 0);
	*hash = pkt.hash;
	pkt_free(&pkt, 1);
	return queue;
}

/* ---- the cards ---- */

static struct {
	const char *name;
	unsigned queues;
	bool udp; /* RSS over UDP's ports */
} card;

static int use_82576(void)
{
	card.name = "igb", card.queues = 16, card.udp = true;
	return 0;
}

static int use_82574l(void)
{
	card.name = "e1000e", card.queues = 2, card.udp = false;
	return 0;
}

static void start_queues(struct port *p, const struct nic_rss *rss)
{
	port_open(p, card.name);
	port_start(p, &(struct nic_config){.rx_queues = (uint16_t)card.queues,
			      .tx_queues = (uint16_t)card.queues,
			      .rx_ring = 64,
			      .tx_ring = 64,
			      .rss = rss});
}

static void the_hash_is_the_published_one(void)
{
	struct port p;
	struct nic_rss rss;
	uint32_t hash;
	start_queues(&p, NULL);
	for (unsigned i = 0; i < FLOWS; i++) {
		int queue = spread(&p, card.queues, &flows[i], TCP, &hash);
		CU_ASSERT_EQUAL(hash, flows[i].hash_of_ports);
		CU_ASSERT_EQUAL(queue, flows[i].hash_of_ports % 128 % card.queues);
		/* UDP by its addresses only, unless it is asked for */
		queue = spread(&p, card.queues, &flows[i], UDP, &hash);
		CU_ASSERT_EQUAL(hash, flows[i].hash);
		CU_ASSERT_EQUAL(queue, flows[i].hash % 128 % card.queues);
	}
	/* another table, while it runs: the last queue, but for one entry */
	CU_ASSERT_EQUAL(nic_get_rss(p.nic, &rss), 0);
	memset(rss.table, (int)card.queues - 1, sizeof(rss.table));
	rss.table[flows[0].hash_of_ports % 128] = 0;
	CU_ASSERT_EQUAL(nic_set_rss(p.nic, &rss), 0);
	for (unsigned i = 0; i < FLOWS; i++)
		CU_ASSERT_EQUAL(spread(&p, card.queues, &flows[i], TCP, &hash), i ? (int)card.queues - 1 : 0);
	/* other headers and another key: both directions of a flow have one hash */
	rss.headers = NIC_RSS_IPV4 | (card.udp ? NIC_RSS_IPV4_UDP : 0);
	rss.symmetric = true;
	CU_ASSERT_EQUAL(nic_set_rss(p.nic, &rss), 0);
	const struct flow *flow = &flows[1];
	struct flow back = {flow->to, flow->from, flow->to_port, flow->from_port, 0, 0};
	uint32_t hash_back;
	spread(&p, card.queues, flow, UDP, &hash);
	spread(&p, card.queues, &back, UDP, &hash_back);
	CU_ASSERT_EQUAL(hash, hash_back);
	CU_ASSERT(hash != 0 && hash != flow->hash);
	CU_ASSERT_EQUAL(spread(&p, card.queues, &flows[5], TCP, &hash), 0);
	CU_ASSERT_EQUAL(hash, 0);
	port_close(&p);
	if (!card.udp)
		return;
	start_queues(&p, &(struct nic_rss){.headers = NIC_RSS_IPV4_UDP | NIC_RSS_IPV6_UDP});
	for (unsigned i = 0; i < FLOWS; i++) {
		spread(&p, card.queues, &flows[i], UDP, &hash);
		CU_ASSERT_EQUAL(hash, flows[i].hash_of_ports);
	}
	port_close(&p);
}

/* ---- VLANs ---- */

/* Puts a frame with this tag on the wire, and one without behind it, which tells that it would have been here. */
static bool passes(struct port *p, unsigned vlan)
{
	uint8_t frame[FRAME_BYTES], last[64];
	static unsigned number;
	struct pkt pkt;
	build_flow(frame, &flows[0], TCP, vlan);
	port_put(p, frame, sizeof(frame));
	port_frame(last, ++number, sizeof(last));
	port_put(p, last, sizeof(last));
	CU_ASSERT_NOT_EQUAL_FATAL(receive_on_any(p, 1, &pkt, LIMIT_MS), -1);
	bool passed = pkt.len == FRAME_BYTES;
	CU_ASSERT_EQUAL(memcmp(pkt.data, passed ? frame : last, pkt.len), 0);
	pkt_free(&pkt, 1);
	if (!passed)
		return false;
	CU_ASSERT_NOT_EQUAL_FATAL(receive_on_any(p, 1, &pkt, LIMIT_MS), -1);
	CU_ASSERT_EQUAL(memcmp(pkt.data, last, 64), 0);
	pkt_free(&pkt, 1);
	return true;
}

static void vlans_are_filtered(void)
{
	struct port p;
	port_open(&p, card.name);
	CU_ASSERT_EQUAL(nic_add_vlan(p.nic, 0x123), 0); /* before the start, too */
	port_start(&p, &(struct nic_config){.rx_ring = 64});
	CU_ASSERT(passes(&p, 0xE123)); /* priority and DEI do not matter */
	CU_ASSERT(!passes(&p, 0x124));
	CU_ASSERT(!passes(&p, 0x103));
	CU_ASSERT_EQUAL(nic_add_vlan(p.nic, 0xFFF), 0);
	CU_ASSERT(passes(&p, 0xFFF));
	CU_ASSERT_EQUAL(nic_remove_vlan(p.nic, 0x123), 0);
	CU_ASSERT(!passes(&p, 0x123));
	CU_ASSERT_EQUAL(nic_remove_vlan(p.nic, 0xFFF), 0);
	CU_ASSERT(passes(&p, 0x123));
	port_close(&p);
}

/* ---- queues ---- */

static uint64_t rxq_packets(struct port *p, unsigned index)
{
	struct nic_queue_stats stats;
	CU_ASSERT_EQUAL(nic_get_rxq_stats(p->nic, index, &stats), 0);
	return stats.packets;
}

static void each_queue_sends_and_is_counted(void)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct port p;
	struct nic_queue_stats stats;
	start_queues(&p, NULL);
	/* more than a ring has, so that each is used all around */
	for (unsigned round = 0; round < 150; round++)
		for (unsigned i = 0; i < card.queues; i++) {
			struct pkt pkt;
			size_t bytes = 60 + (round * 13 + i * 7) % 1000;
			port_frame(frame, round + i, bytes);
			CU_ASSERT_EQUAL_FATAL(port_build(&p, &pkt, frame, bytes), 1);
			CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(p.nic, i), &pkt, 1), 1);
			CU_ASSERT_EQUAL_FATAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), bytes);
			CU_ASSERT_EQUAL_FATAL(memcmp(frame, got, bytes), 0);
		}
	for (unsigned i = 0; i < card.queues; i++) {
		CU_ASSERT_EQUAL(nic_get_txq_stats(p.nic, i, &stats), 0);
		CU_ASSERT_EQUAL(stats.packets, 150);
		CU_ASSERT_EQUAL(stats.bad_packets, 0);
	}
	uint64_t expected[16] = {0};
	uint32_t hash;
	for (unsigned i = 0; i < FLOWS * 20; i++)
		expected[spread(&p, card.queues, &flows[i % FLOWS], TCP, &hash)]++;
	for (unsigned i = 0; i < card.queues; i++)
		CU_ASSERT_EQUAL(rxq_packets(&p, i), expected[i]);
	CU_ASSERT_EQUAL(port_stats(&p).rx_packets, FLOWS * 20);
	CU_ASSERT_EQUAL(port_stats(&p).tx_packets, 150 * card.queues);
	CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
	CU_ASSERT_EQUAL(port_stats(&p).tx_unsent + port_stats(&p).rx_left, 0);
	port_close(&p);
}

static void a_queue_stops_and_starts_alone(void)
{
	struct port p;
	struct pkt pkt;
	uint8_t frame[FRAME_BYTES], got[FRAME_MAX];
	uint32_t hash;
	start_queues(&p, NULL);
	if (!(p.nic->info.can & NIC_QUEUES_ALONE)) {
		CU_ASSERT_EQUAL(nic_set_rxq(p.nic, 1, false), -ENOTSUP);
		port_close(&p);
		return;
	}
	unsigned stopped = flows[0].hash_of_ports % 128 % card.queues;
	for (unsigned round = 0; round < 3; round++) {
		CU_ASSERT_EQUAL(spread(&p, card.queues, &flows[0], TCP, &hash), (int)stopped);
		unsigned available = pkt_pool_available(p.pool);
		CU_ASSERT_EQUAL(nic_set_rxq(p.nic, stopped, false), 0);
		CU_ASSERT(pkt_pool_available(p.pool) > available + 32);
		build_flow(frame, &flows[0], TCP, 0);
		port_put(&p, frame, sizeof(frame)); /* lost */
		CU_ASSERT_NOT_EQUAL(spread(&p, card.queues, &flows[1], TCP, &hash), (int)stopped);
		CU_ASSERT_EQUAL(nic_set_rxq(p.nic, stopped, true), 0);
		CU_ASSERT_EQUAL(receive_on_any(&p, card.queues, &pkt, QUIET_MS), -1);
	}
	CU_ASSERT_EQUAL(spread(&p, card.queues, &flows[0], TCP, &hash), (int)stopped);
	CU_ASSERT_EQUAL(rxq_packets(&p, stopped), 4);
	for (unsigned round = 0; round < 3; round++) {
		port_frame(frame, round, sizeof(frame));
		CU_ASSERT_EQUAL_FATAL(port_build(&p, &pkt, frame, sizeof(frame)), 1);
		CU_ASSERT_EQUAL(nic_tx(nic_txq(p.nic, 3), &pkt, 1), 1);
		CU_ASSERT_EQUAL(nic_set_txq(p.nic, 3, false), 0);
		CU_ASSERT_EQUAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), sizeof(frame));
		CU_ASSERT_EQUAL(nic_set_txq(p.nic, 3, true), 0);
	}
	CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
	CU_ASSERT_EQUAL(port_stats(&p).tx_packets, 3);
	CU_ASSERT_EQUAL(port_stats(&p).tx_unsent, 0);
	port_close(&p);
}

/* Of a port that is reset while it is started: how frames are spread, and to which VLANs; which queue is stopped. */
static void queues_come_back_from_a_reset(void)
{
	static const uint8_t key[NIC_RSS_KEY_BYTES] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
	struct nic_rss rss;
	struct nic_queue_stats stats;
	struct port p;
	struct pkt pkt;
	uint8_t frame[FRAME_BYTES];
	uint32_t hash[FLOWS], again;
	int queue[FLOWS];
	port_open(&p, card.name);
	CU_ASSERT_EQUAL(nic_add_vlan(p.nic, 0x123), 0);
	port_start(&p, &(struct nic_config){.rx_queues = (uint16_t)card.queues, .rx_ring = 64, .tx_ring = 64});
	CU_ASSERT_EQUAL(nic_get_rss(p.nic, &rss), 0);
	memcpy(rss.key, key, sizeof(key));
	memset(rss.table, 0, sizeof(rss.table) / 2);
	CU_ASSERT_EQUAL(nic_set_rss(p.nic, &rss), 0);
	for (unsigned i = 0; i < FLOWS; i++)
		queue[i] = spread(&p, card.queues, &flows[i], TCP, &hash[i]);
	bool alone = p.nic->info.can & NIC_QUEUES_ALONE;
	CU_ASSERT(!alone || nic_set_rxq(p.nic, 15, false) == 0);
	CU_ASSERT_EQUAL(nic_reset(p.nic), 0);
	CU_ASSERT_EQUAL_FATAL(nic_wait_links(&p.nic, 1, LIMIT_MS, NULL), 0);
	for (unsigned i = 0; i < FLOWS; i++) {
		if (alone && queue[i] == 15)
			continue;
		CU_ASSERT_EQUAL(spread(&p, card.queues, &flows[i], TCP, &again), queue[i]);
		CU_ASSERT_EQUAL(again, hash[i]);
	}
	const unsigned vlans[] = {0x124, 0x123};
	for (unsigned i = 0; i < 2; i++) {
		build_flow(frame, &flows[0], TCP, vlans[i]);
		port_put(&p, frame, sizeof(frame));
	}
	CU_ASSERT_NOT_EQUAL_FATAL(receive_on_any(&p, card.queues, &pkt, LIMIT_MS), -1);
	CU_ASSERT_EQUAL(memcmp(pkt.data, frame, FRAME_BYTES), 0);
	pkt_free(&pkt, 1);
	uint64_t packets = 0;
	for (unsigned i = 0; i < card.queues; i++) {
		CU_ASSERT_EQUAL(nic_get_rxq_stats(p.nic, i, &stats), 0);
		packets += stats.packets;
	}
	CU_ASSERT(packets >= FLOWS + 1 && packets <= 2 * FLOWS + 1);
	/* the stopped one still is, and can be started */
	CU_ASSERT(!alone || nic_rx(nic_rxq(p.nic, 15), &pkt, 1) == 0);
	CU_ASSERT(!alone || nic_set_rxq(p.nic, 15, true) == 0);
	rss.entries = 0;
	CU_ASSERT_EQUAL(nic_get_rss(p.nic, &rss), 0);
	CU_ASSERT_EQUAL(memcmp(rss.key, key, sizeof(key)), 0);
	port_close(&p);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"the hash is the published one", the_hash_is_the_published_one},
		{"VLANs are filtered", vlans_are_filtered},
		{"each queue sends, and is counted", each_queue_sends_and_is_counted},
		{"a queue stops and starts alone", a_queue_stops_and_starts_alone},
		{"queues come back from a reset", queues_come_back_from_a_reset},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[3] = {{.pName = NULL}};
	unsigned count = 0;
	const char *names[] = {"igb", "e1000e"};
	int (*uses[])(void) = {use_82576, use_82574l};
	for (unsigned i = 0; i < 2; i++) {
		struct qtest *qtest;
		if (qtest_open(&qtest, &names[i], 1) == 0)
			suites[count++] = (CU_SuiteInfo){names[i], uses[i], NULL, NULL, NULL, tests};
		else
			printf("%s\n", pollux_error());
		qtest_close(qtest);
	}
	return count ? unit_run(suites) : 77;
}
