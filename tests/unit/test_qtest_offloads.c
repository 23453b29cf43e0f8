/* SPDX-License-Identifier: BSD-2-Clause
 * Wishes and findings on QEMU's cards, without a guest: checksums, segments and tags that the cards write are compared
 * with what a slow reference makes of the same frames (tests/fuzz/reference.h); and what the cards say of received
 * frames. POLLUX_WIRE names a capture file for what the cards send, for tests/judge_tshark.sh. */
#include "../fuzz/reference.h"
#include "qtest_port.c"

#include <arpa/inet.h>

static struct {
	const char *name;
	bool segments_ipv6; /* by the card */
	bool finds_checksums;
	/* QEMU's card finds the headers itself, behind one tag in the data at most, where hardware goes by the context
	 */
	unsigned tags;
	bool loses_fin; /* and in the last segment has no FIN and PSH, which hardware has (82583V datasheet, 7.3.6.2.3)
			 */
} card;

static int use_82576(void)
{
	card.name = "igb", card.segments_ipv6 = true, card.finds_checksums = true, card.tags = 1, card.loses_fin = true;
	return 0;
}

static int use_82574l(void)
{
	card.name = "e1000e", card.segments_ipv6 = true, card.finds_checksums = true, card.tags = 1,
	card.loses_fin = true;
	return 0;
}

static int use_82540em(void)
{
	card.name = "e1000", card.segments_ipv6 = false, card.finds_checksums = false, card.tags = 2,
	card.loses_fin = false;
	return 0;
}

/* ---- the capture ---- */

static FILE *wire;
static bool for_wire; /* all sums of the frames to come are to be right */

static void open_wire(void)
{
	const char *name = getenv("POLLUX_WIRE");
	const uint32_t header[] = {0xA1B2C3D4, 0x00040002, 0, 0, 262144, 1};
	wire = name ? fopen(name, "wb") : NULL;
	if (wire)
		fwrite(header, sizeof(header), 1, wire);
}

static void write_wire(const uint8_t *frame, size_t bytes)
{
	static uint32_t number;
	const uint32_t header[] = {number / 1000000, number % 1000000, (uint32_t)bytes, (uint32_t)bytes};
	number++;
	if (wire && for_wire) {
		fwrite(header, sizeof(header), 1, wire);
		fwrite(frame, bytes, 1, wire);
	}
}

/* ---- frames ---- */

struct shape {
	unsigned tags; /* in the data */
	bool ipv6, tcp, cwr;
	unsigned options; /* of IP, bytes: IPv4's options, or an extension header of IPv6 */
	unsigned payload;
};

static void put_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8), at[1] = (uint8_t)value;
}

/* A frame of that shape, with junk in its checksums. @return bytes */
static size_t build_shape(uint8_t *frame, const struct shape *shape)
{
	static unsigned number;
	uint8_t *at = frame + 12;
	size_t l4_bytes = (shape->tcp ? 32 : 8) + shape->payload;
	number++;
	port_frame(frame, number, 14 + 8 + 40 + shape->options + l4_bytes);
	for (unsigned i = 0; i < shape->tags; i++, at += 4)
		put_16(at, 0x8100), put_16(at + 2, 100 + i);
	put_16(at, shape->ipv6 ? 0x86DD : 0x0800);
	at += 2;
	uint8_t protocol = shape->tcp ? 6 : 17;
	if (shape->ipv6) {
		memset(at, 0, 40);
		at[0] = 0x60;
		put_16(at + 4, (unsigned)(shape->options + l4_bytes));
		at[6] = shape->options ? 0 : protocol;
		at[7] = 64;
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, "2001:db8::1", at + 8), 1);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, "2001:db8:ffff::2", at + 24), 1);
		at += 40;
		if (shape->options) {
			memset(at, 0, shape->options);
			at[0] = protocol;
			at[1] = (uint8_t)(shape->options / 8 - 1);
			at[2] = 1; /* PadN */
			at[3] = (uint8_t)(shape->options - 4);
		}
	} else {
		memset(at, 0, 20);
		at[0] = (uint8_t)(0x45 + shape->options / 4);
		put_16(at + 2, (unsigned)(20 + shape->options + l4_bytes));
		put_16(at + 4, 0xFFF0 + number);
		at[6] = 0x40;
		at[8] = 64;
		at[9] = protocol;
		put_16(at + 10, 0xDEAD);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, "192.0.2.1", at + 12), 1);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, "198.51.100.77", at + 16), 1);
		at += 20;
		memset(at, 1, shape->options); /* NOP */
	}
	at += shape->options;
	put_16(at, 1024 + number);
	put_16(at + 2, 9);
	if (shape->tcp) {
		put_16(at + 4, 0xFFFF), put_16(at + 6, 0xF000); /* wraps soon */
		put_16(at + 8, 1), put_16(at + 10, 2);
		at[12] = 0x80;
		at[13] = shape->cwr ? 0x99 : card.loses_fin ? 0x10 : 0x19; /* CWR, ACK, PSH, FIN */
		put_16(at + 14, 512);
		put_16(at + 16, 0xBEEF);
		put_16(at + 18, 0);
		memset(at + 20, 1, 12); /* NOP */
	} else {
		put_16(at + 4, (unsigned)l4_bytes);
		put_16(at + 6, 0xBEEF);
	}
	return (size_t)(at - frame) + l4_bytes;
}

/* ---- sending ---- */

struct expected {
	struct port *port;
	unsigned frames;
	bool differs;
};

static void compare(void *context, const uint8_t *frame, uint32_t bytes)
{
	static uint8_t got[FRAME_MAX];
	struct expected *expected = context;
	if (expected->differs)
		return;
	size_t sent = qtest_receive(expected->port->qtest, 0, got, sizeof(got), LIMIT_MS);
	write_wire(got, sent);
	/* padded, or not, by these cards, and a tag goes in after that */
	bool same = (sent == bytes || (bytes < 64 && sent >= bytes && sent <= 64)) && memcmp(got, frame, bytes) == 0;
	expected->differs = !same;
	if (!same)
		for (uint32_t i = 0; i <= bytes; i++)
			if (i == bytes || i >= sent || got[i] != frame[i]) {
				printf("\n    frame %u: %zu bytes for %u, from byte %u on: 0x%02x for 0x%02x ",
					expected->frames, sent, bytes, i, got[i], frame[i]);
				break;
			}
	expected->frames++;
}

static unsigned on_queue;    /* that frames are sent on */
static unsigned first_bytes; /* of them in the first buffer; 0: as many as it has room for */
static bool no_headroom;     /* in front of them */

static bool send_and_compare(struct port *p, const struct shape *shape, unsigned flags, unsigned mss)
{
	static uint8_t frame[65536 + 64];
	struct pkt pkts[40];
	struct expected expected = {.port = p};
	size_t bytes = build_shape(frame, shape);
	unsigned n = port_build(p, pkts, frame, first_bytes ? first_bytes : bytes);
	if (first_bytes) {
		pkts[0].flags = PKT_MORE;
		n += port_build(p, pkts + n, frame + first_bytes, bytes - first_bytes);
	}
	if (no_headroom) {
		pkts[0].data -= PKT_HEADROOM_BYTES;
		memcpy(pkts[0].data, frame, pkts[0].len);
	}
	const struct reference_wish wish = {flags, mss, 0xA042, p->nic->config.mtu + FRAME_OVERHEAD_BYTES};
	pkts[0].flags |= (uint16_t)flags;
	for_wire =
		flags & PKT_TX_SEGMENT || (flags & PKT_TX_L4_CHECKSUM && (shape->ipv6 || flags & PKT_TX_IP_CHECKSUM));
	if (flags & PKT_TX_SEGMENT)
		pkts[0].mss = (uint16_t)mss;
	if (flags & PKT_VLAN)
		pkts[0].vlan = 0xA042;
	CU_ASSERT_EQUAL_FATAL(nic_tx(nic_txq(p->nic, on_queue), pkts, n), n);
	CU_ASSERT(reference_send(frame, (uint32_t)bytes, &wish, compare, &expected));
	CU_ASSERT(!expected.differs);
	if (expected.differs)
		printf("\n    %s: %u tags, IPv%u, %s, options %u, payload %u, flags 0x%x, MSS %u ", card.name,
			shape->tags, shape->ipv6 ? 6 : 4, shape->tcp ? "TCP" : "UDP", shape->options, shape->payload,
			flags, mss);
	return !expected.differs;
}

/* As many offloads as the card has, or none. */
static void start(struct port *p, uint32_t offloads, uint16_t mtu)
{
	port_open(p, card.name);
	port_start(p, &(struct nic_config){
			      .rx_ring = 64, .tx_ring = 512, .mtu = mtu, .offloads = offloads & p->nic->info.can});
}

#define CHOICES (NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP | NIC_TX_OFFLOAD)

/* QEMU's e1000e and igb before 8.1 write the tag that they are to insert over the one that a frame has in its data,
 * where hardware (and QEMU's e1000) puts it in front of that. */
static bool qemu_keeps_tags(struct port *p)
{
	static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
	struct shape shape = {.tcp = true, .tags = 1, .payload = 100};
	struct pkt pkt;
	size_t bytes = build_shape(frame, &shape);
	CU_ASSERT_EQUAL_FATAL(port_build(p, &pkt, frame, bytes), 1);
	pkt.flags |= PKT_VLAN;
	pkt.vlan = 0xA042;
	port_send(p, &pkt, 1);
	size_t sent = qtest_receive(p->qtest, 0, got, sizeof(got), LIMIT_MS);
	put_16(frame + 14, 0xA042);
	bool over = sent == bytes && memcmp(got, frame, bytes) == 0;
	if (over)
		printf("\n    this QEMU's %s inserts a tag over the one in the data: name a newer one in POLLUX_QEMU ",
			card.name);
	return !over;
}

static void checksums_are_written(uint32_t offloads)
{
	static const unsigned payloads[] = {1, 2, 17, 100, 1001, 1400};
	struct port p;
	start(&p, offloads, 0);
	unsigned in_data = p.nic->config.offloads & NIC_RX_VLAN_STRIP ? 0 : 1; /* of a tag that is inserted */
	unsigned insert_behind = in_data || qemu_keeps_tags(&p) ? 1 : 0;       /* tags in the data, at most */
	for (unsigned i = 0; i < 2 * 2 * 2 * 3 * 6; i++) {
		struct shape shape = {.ipv6 = i & 1,
			.tcp = i & 2,
			.options = i & 4 ? 8 : 0,
			.tags = i / 8 % 3,
			.payload = payloads[i / 24]};
		unsigned flags = PKT_TX_L4_CHECKSUM | (shape.ipv6 ? 0 : PKT_TX_IP_CHECKSUM);
		if (shape.tags > card.tags)
			continue;
		if (!send_and_compare(&p, &shape, flags, 0))
			break;
		send_and_compare(&p, &shape, PKT_TX_L4_CHECKSUM, 0);
		if (!shape.ipv6)
			send_and_compare(&p, &shape, PKT_TX_IP_CHECKSUM, 0);
		if (shape.tags <= insert_behind && shape.tags + in_data <= card.tags)
			send_and_compare(&p, &shape, flags | PKT_VLAN, 0);
		/* and without any wish: the last context must not stick */
		if (i % 5 == 0)
			send_and_compare(&p, &shape, 0, 0);
	}
	struct nic_stats stats = port_stats(&p);
	CU_ASSERT_EQUAL(stats.tx_software_checksums, 0);
	CU_ASSERT_EQUAL(stats.tx_software_vlans != 0, !(p.nic->config.offloads & NIC_RX_VLAN_STRIP));
	CU_ASSERT_EQUAL(stats.tx_bad_packets, 0);
	port_close(&p);
}

static void checksums_and_tags_are_written(void)
{
	checksums_are_written(0);
	checksums_are_written(CHOICES);
}

/* Frames of other headers on each queue, in turn: none is sent by the context of another queue. */
static void each_queue_has_its_context(void)
{
	struct port p;
	port_open(&p, card.name);
	uint16_t queues = p.nic->info.max_tx_queues < 3 ? p.nic->info.max_tx_queues : 3;
	port_start(&p, &(struct nic_config){.rx_ring = 64, .tx_ring = 64, .tx_queues = queues});
	for (unsigned i = 0; i < 300; i++) {
		on_queue = i % queues;
		/* each queue by itself: the same headers again and again, and now and then others */
		struct shape shape = {.tcp = on_queue & 1, .options = i % 50 == 49 ? 8 : 4 * on_queue, .payload = 50};
		if (!send_and_compare(&p, &shape, PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM, 0))
			break;
	}
	on_queue = 0;
	CU_ASSERT_EQUAL(port_stats(&p).tx_software_checksums, 0);
	port_close(&p);
}

/* QEMU's e1000e and igb before 8.0 fragment where they should segment. */
static bool qemu_segments(struct port *p)
{
	static uint8_t frame[FRAME_MAX];
	struct shape shape = {.tcp = true, .payload = 3000};
	struct pkt pkts[4];
	size_t bytes = build_shape(frame, &shape);
	unsigned n = port_build(p, pkts, frame, bytes);
	pkts[0].flags |= PKT_TX_SEGMENT;
	pkts[0].mss = 1400;
	port_send(p, pkts, n);
	bool fragments = false;
	for (unsigned i = 0; i < 3 && qtest_receive(p->qtest, 0, frame, sizeof(frame), LIMIT_MS); i++)
		fragments = fragments || (frame[20] & 0x3F) || frame[21];
	while (fragments && qtest_receive(p->qtest, 0, frame, sizeof(frame), QUIET_MS))
		;
	if (fragments)
		printf("\n    this QEMU's %s makes IP fragments of segments: name a newer one in POLLUX_QEMU ",
			card.name);
	return !fragments;
}

static void tcp_is_segmented(void)
{
	static const unsigned payloads[] = {1, 700, 1399, 1400, 1401, 2801, 9000, 20000, 64000},
			      sizes[] = {1400, 513, 100};
	for (unsigned round = 0; round < 2; round++) {
		struct port p;
		start(&p, round ? CHOICES : 0, 0);
		if (!qemu_segments(&p)) {
			port_close(&p);
			return;
		}
		struct nic_stats before = port_stats(&p);
		uint64_t frames = 0, segments = 0, in_software = 0;
		for (unsigned i = 0; i < 9 * 3 * 4; i++) {
			struct shape shape = {.tcp = true,
				.ipv6 = i & 1,
				.tags = i / 2 % 2,
				.options = i & 2 ? 16 : 0,
				.payload = payloads[i / 4 % 9],
				.cwr = i % 7 == 0};
			unsigned mss = sizes[i / 36], flags = PKT_TX_SEGMENT | (i % 4 == 1 ? PKT_VLAN : 0);
			if (mss == 100 && shape.payload > 2800)
				continue;
			if (!send_and_compare(&p, &shape, flags, mss))
				break;
			frames++;
			segments += (shape.payload + mss - 1) / mss;
			/* a frame of one segment is none that is to be segmented */
			bool small = mss < 513 && strcmp(card.name, "igb") != 0;
			in_software +=
				shape.payload > mss && (shape.cwr || small || (shape.ipv6 && !card.segments_ipv6));
		}
		struct nic_stats stats = port_stats(&p);
		if (!card.loses_fin) /* which counts what it segments as one packet */
			CU_ASSERT_EQUAL(stats.tx_packets - before.tx_packets, segments);
		CU_ASSERT_EQUAL(stats.tx_segments_more - before.tx_segments_more, segments - frames);
		CU_ASSERT_EQUAL(stats.tx_software_segmented, in_software);
		CU_ASSERT_EQUAL(stats.tx_bad_packets, 0);
		CU_ASSERT_EQUAL(nic_stop(p.nic), 0);
		CU_ASSERT(port_stats(&p).tx_unsent == 0 || card.loses_fin);
		port_close(&p);
	}
}

/* The cards want the headers of what they segment in one buffer, also when software puts a tag in front of them. */
static void headers_in_two_buffers_are_segmented_in_software(void)
{
	static const struct shape shape = {.tcp = true, .payload = 3001};
	const unsigned headers = 14 + 20 + 32;
	struct port p;
	start(&p, 0, 0);
	if (!qemu_segments(&p)) {
		port_close(&p);
		return;
	}
	struct {
		unsigned first_bytes, flags;
		bool no_headroom, in_software;
	} cases[] = {
		{headers, PKT_TX_SEGMENT, false, false},
		{headers - 1, PKT_TX_SEGMENT, false, true},
		{20, PKT_TX_SEGMENT, false, true},
		{0, PKT_TX_SEGMENT | PKT_VLAN, false, false},
		{0, PKT_TX_SEGMENT | PKT_VLAN, true, true},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t before = port_stats(&p).tx_software_segmented;
		first_bytes = cases[i].first_bytes, no_headroom = cases[i].no_headroom;
		send_and_compare(&p, &shape, cases[i].flags, 1400);
		CU_ASSERT_EQUAL(port_stats(&p).tx_software_segmented - before, cases[i].in_software);
		/* checksums are the card's wherever the headers are */
		send_and_compare(&p, &(struct shape){.tcp = true, .payload = 300},
			PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM | (cases[i].flags & PKT_VLAN), 0);
	}
	first_bytes = 0, no_headroom = false;
	CU_ASSERT_EQUAL(port_stats(&p).tx_software_checksums, 0);
	port_close(&p);
}

/* ---- receiving ---- */

/* Makes the checksums of a frame right, by the reference. @return bytes */
static void keep(void *context, const uint8_t *frame, uint32_t bytes)
{
	memcpy(context, frame, bytes);
}

static size_t build_right(uint8_t *frame, const struct shape *shape)
{
	static uint8_t junk[FRAME_MAX];
	size_t bytes = build_shape(junk, shape);
	const struct reference_wish wish = {
		PKT_TX_L4_CHECKSUM | (shape->ipv6 ? 0 : PKT_TX_IP_CHECKSUM), 0, 0, FRAME_MAX};
	CU_ASSERT_FATAL(reference_send(junk, (uint32_t)bytes, &wish, keep, frame));
	return bytes;
}

/* What the card says of a frame, in a buffer or two. */
static void expect_found(struct port *p, uint8_t *frame, size_t bytes, unsigned flags, unsigned tag)
{
	struct pkt pkts[8];
	unsigned n = 0;
	size_t got = 0, skipped = flags & PKT_VLAN ? 4 : 0;
	port_put(p, frame, bytes);
	do {
		CU_ASSERT_EQUAL_FATAL(port_receive(p, &pkts[n], 1, LIMIT_MS), 1);
	} while (pkts[n++].flags & PKT_MORE);
	if ((pkts[0].flags & ~PKT_MORE) != flags)
		printf("\n    %s: flags 0x%x for 0x%x ", card.name, pkts[0].flags, flags);
	CU_ASSERT_EQUAL(pkts[0].flags & ~PKT_MORE, flags);
	if (flags & PKT_VLAN)
		CU_ASSERT_EQUAL(pkts[0].vlan, tag);
	memmove(frame + 12, frame + 12 + skipped, bytes - 12 - skipped);
	for (unsigned i = 0; i < n; got += pkts[i++].len) {
		CU_ASSERT_FATAL(got + pkts[i].len <= bytes);
		CU_ASSERT_EQUAL(memcmp(pkts[i].data, frame + got, pkts[i].len), 0);
		CU_ASSERT(i == 0 || (pkts[i].flags & ~PKT_MORE) == 0);
	}
	CU_ASSERT_EQUAL(got, bytes - skipped);
	pkt_free(pkts, n);
}

static void what_the_card_finds_is_told(void)
{
	static uint8_t frame[FRAME_MAX];
	struct port p;
	start(&p, NIC_RX_CHECKSUM, 9000);
	for (unsigned i = 0; i < 2 * 2 * 2 * 2; i++) {
		struct shape shape = {.ipv6 = i & 1, .tcp = i & 2, .tags = i / 4 % 2, .payload = i & 8 ? 5000 : 100};
		unsigned right = PKT_L4_CHECKED | (shape.ipv6 ? 0 : PKT_IP_CHECKED);
		unsigned finds = card.finds_checksums ? ~0u : 0;
		size_t bytes = build_right(frame, &shape);
		expect_found(&p, frame, bytes, right & finds, 0);
		bytes = build_right(frame, &shape);
		frame[bytes - 1] ^= 1;
		expect_found(&p, frame, bytes, (right | PKT_L4_BAD) & finds, 0);
		if (shape.ipv6)
			continue;
		bytes = build_right(frame, &shape);
		frame[14 + 4 * shape.tags + 8]--; /* time to live */
		expect_found(&p, frame, bytes, (right | PKT_IP_BAD) & finds, 0);
	}
	/* neither IP nor a sum: nothing is said */
	port_frame(frame, 1, 100);
	expect_found(&p, frame, 100, 0, 0);
	struct shape udp = {.payload = 100};
	size_t bytes = build_right(frame, &udp);
	put_16(frame + 14 + 20 + 6, 0);
	expect_found(&p, frame, bytes, card.finds_checksums ? PKT_IP_CHECKED : 0, 0);
	port_close(&p);
}

static void tags_are_taken_out(void)
{
	static uint8_t frame[FRAME_MAX];
	struct port p;
	start(&p, NIC_RX_VLAN_STRIP, 9000);
	for (unsigned i = 0; i < 8; i++) {
		struct shape shape = {.tcp = true, .tags = i % 4 == 3 ? 2 : i % 2, .payload = i & 4 ? 5000 : 60};
		size_t bytes = build_right(frame, &shape);
		if (shape.tags)
			put_16(frame + 14, 0xF042 + i);
		expect_found(&p, frame, bytes, shape.tags ? PKT_VLAN : 0, 0xF042 + i);
	}
	/* a packet that is sent as it came has its tag again */
	struct shape shape = {.tcp = true, .tags = 1, .payload = 300};
	static uint8_t got[FRAME_MAX];
	struct pkt pkt;
	size_t bytes = build_right(frame, &shape);
	port_put(&p, frame, bytes);
	CU_ASSERT_EQUAL_FATAL(port_receive(&p, &pkt, 1, LIMIT_MS), 1);
	port_send(&p, &pkt, 1);
	CU_ASSERT_EQUAL(qtest_receive(p.qtest, 0, got, sizeof(got), LIMIT_MS), bytes);
	CU_ASSERT_EQUAL(memcmp(got, frame, bytes), 0);
	CU_ASSERT_EQUAL(port_stats(&p).tx_software_vlans, 0);
	/* it is one bit for all queues */
	CU_ASSERT_EQUAL(nic_set_vlan_strip(p.nic, 0, false), -ENOTSUP);
	port_close(&p);
}

int main(void)
{
	setenv("POLLUX_QEMU", "build/guest/qemu.sh", 0); /* if it is there: newer than most distributions' */
	open_wire();
	CU_TestInfo tests[] = {
		{"checksums and tags are written", checksums_and_tags_are_written},
		{"each queue has its context", each_queue_has_its_context},
		{"TCP is segmented", tcp_is_segmented},
		{"headers in two buffers are segmented in software", headers_in_two_buffers_are_segmented_in_software},
		{"what the card finds is told", what_the_card_finds_is_told},
		{"tags are taken out", tags_are_taken_out},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[4] = {{.pName = NULL}};
	unsigned count = 0;
	const char *names[] = {"igb", "e1000e", "e1000"};
	int (*uses[])(void) = {use_82576, use_82574l, use_82540em};
	for (unsigned i = 0; i < 3; i++) {
		struct qtest *qtest;
		if (qtest_open(&qtest, &names[i], 1) == 0)
			suites[count++] = (CU_SuiteInfo){names[i], uses[i], NULL, NULL, NULL, tests};
		else
			printf("%s\n", pollux_error());
		qtest_close(qtest);
	}
	int ret = count ? unit_run(suites) : 77;
	if (wire)
		fclose(wire);
	return ret;
}
