/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the descriptors by which the gigabit chips are told a frame's wishes: field by field, as the datasheets have
 * them, and what does not fit into a field is refused. */
#include "../../driver/gigabit/gigabit.h"
#include "../../driver/ring/offload.h"
#include "../../driver/ring/tx.h"

#include "unit.h"
#include <CUnit/Basic.h>

static uint64_t bits(uint64_t word, unsigned low, unsigned high)
{
	return word >> low & ((UINT64_C(1) << (high - low + 1)) - 1);
}

static const struct ring_tx_layout tcp = {.wishes = PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM,
	.l2_bytes = 14,
	.ip_bytes = 24,
	.l4_bytes = 32,
	.tcp = true,
	.first_bytes = 1000,
	.longest_bytes = 2176,
	.total = 1000};

static struct ring_tx_orders orders;

static bool order(const struct ring_tx_card *card, struct ring_tx_layout layout)
{
	orders = (struct ring_tx_orders){.last_bytes = 0};
	return card->orders(&layout, &orders);
}

static void checksums_by_a_tcp_ip_context(void)
{
	CU_ASSERT(order(&gigabit_orders_82574l, tcp));
	uint64_t q0 = orders.context.q0, q1 = orders.context.q1;
	CU_ASSERT_EQUAL(bits(q0, 0, 7), 14);     /* IPCSS */
	CU_ASSERT_EQUAL(bits(q0, 8, 15), 24);    /* IPCSO */
	CU_ASSERT_EQUAL(bits(q0, 16, 31), 37);   /* IPCSE: the last byte */
	CU_ASSERT_EQUAL(bits(q0, 32, 39), 38);   /* TUCSS */
	CU_ASSERT_EQUAL(bits(q0, 40, 47), 54);   /* TUCSO */
	CU_ASSERT_EQUAL(bits(q0, 48, 63), 0);    /* TUCSE: the frame's end */
	CU_ASSERT_EQUAL(bits(q1, 20, 23), 0);    /* DTYP */
	CU_ASSERT_EQUAL(bits(q1, 24, 31), 0x23); /* DEXT, IP, TCP */
	CU_ASSERT_EQUAL(bits(q1, 0, 19) | bits(q1, 32, 63), 0);
	CU_ASSERT_EQUAL(bits(orders.data, 0, 19), 0);
	CU_ASSERT_EQUAL(bits(orders.data, 20, 23), 1);
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0x22); /* DEXT, IFCS */
	CU_ASSERT_EQUAL(bits(orders.data, 40, 47), 3);    /* POPTS: TXSM, IXSM */
	CU_ASSERT_EQUAL(bits(orders.data, 48, 63), 0);
	/* UDP over IPv6, with a tag */
	struct ring_tx_layout udp = {.wishes = PKT_VLAN | PKT_TX_L4_CHECKSUM,
		.l2_bytes = 18,
		.ip_bytes = 48,
		.l4_bytes = 8,
		.ipv6 = true,
		.vlan = 0xA123,
		.total = 100};
	CU_ASSERT(order(&gigabit_orders_pci, udp));
	CU_ASSERT_EQUAL(bits(orders.context.q0, 0, 7), 18);
	CU_ASSERT_EQUAL(bits(orders.context.q0, 32, 39), 66);
	CU_ASSERT_EQUAL(bits(orders.context.q0, 40, 47), 72);
	CU_ASSERT_EQUAL(bits(orders.context.q1, 24, 31), 0x20);
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0x62); /* VLE */
	CU_ASSERT_EQUAL(bits(orders.data, 40, 47), 2);
	CU_ASSERT_EQUAL(bits(orders.data, 48, 63), 0xA123);
	CU_ASSERT_EQUAL(orders.last_bytes, 0);
	/* headers too long for an offset of 8 bits */
	udp.ip_bytes = 232;
	CU_ASSERT(!order(&gigabit_orders_pci, udp));
	udp.ip_bytes = 224;
	CU_ASSERT(order(&gigabit_orders_pci, udp));
	CU_ASSERT_EQUAL(bits(orders.context.q0, 40, 47), 248);
}

static void a_tag_alone_needs_no_context(void)
{
	struct ring_tx_layout tag = {.wishes = PKT_VLAN, .l2_bytes = 14, .vlan = 7, .total = 60};
	CU_ASSERT(order(&gigabit_orders_82574l, tag));
	CU_ASSERT_EQUAL(orders.context.q1, 0);
	CU_ASSERT_EQUAL(orders.data, UINT64_C(7) << 48 | UINT64_C(0x42) << 24); /* a legacy descriptor: VLE, IFCS */
	/* the 82576 has the tag in a context */
	CU_ASSERT(order(&gigabit_orders_82576, tag));
	CU_ASSERT_EQUAL(bits(orders.context.q0, 16, 31), 7);
	CU_ASSERT_EQUAL(bits(orders.context.q0, 9, 15), 14);
	CU_ASSERT_EQUAL(bits(orders.context.q0, 0, 8), 0);
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0x62);
	CU_ASSERT_EQUAL(bits(orders.data, 46, 63), 60);
	CU_ASSERT_EQUAL(bits(orders.data, 40, 45), 0);
}

static void segments_by_a_tcp_ip_context(void)
{
	struct ring_tx_layout layout = tcp;
	layout.wishes |= PKT_TX_SEGMENT;
	layout.mss = 1400;
	layout.total = 20070;
	CU_ASSERT(order(&gigabit_orders_82574l, layout));
	CU_ASSERT_EQUAL(bits(orders.context.q1, 0, 19), 20000); /* PAYLEN */
	CU_ASSERT_EQUAL(bits(orders.context.q1, 24, 31), 0x27); /* TSE too */
	CU_ASSERT_EQUAL(bits(orders.context.q1, 40, 47), 70);   /* HDRLEN */
	CU_ASSERT_EQUAL(bits(orders.context.q1, 48, 63), 1400); /* MSS */
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0x26);
	CU_ASSERT_EQUAL(bits(orders.data, 40, 47), 3);
	CU_ASSERT_EQUAL(orders.last_bytes, 0);
	/* conventional PCI: what is looked at is the last four bytes' descriptor, and no IPv6 */
	CU_ASSERT(order(&gigabit_orders_pci, layout));
	CU_ASSERT_EQUAL(orders.last_bytes, 4);
	CU_ASSERT_EQUAL(gigabit_orders_pci.can & RING_TX_CAN_SEGMENT_IPV6, 0);
	CU_ASSERT_EQUAL(gigabit_orders_82574l.can & RING_TX_CAN_SEGMENT_IPV6, RING_TX_CAN_SEGMENT_IPV6);
	/* headers in two buffers */
	layout.first_bytes = 69;
	CU_ASSERT(!order(&gigabit_orders_82574l, layout));
	CU_ASSERT(!order(&gigabit_orders_pci, layout));
	CU_ASSERT(!order(&gigabit_orders_82576, layout));
	layout.first_bytes = 70;
	CU_ASSERT(order(&gigabit_orders_82576, layout));
	layout.first_bytes = 1000;
	/* a buffer in more than four segments, and headers of more than 240 bytes */
	layout.mss = 544;
	CU_ASSERT(order(&gigabit_orders_82574l, layout));
	layout.mss = 543;
	CU_ASSERT(!order(&gigabit_orders_82574l, layout));
	layout.longest_bytes = 2172;
	CU_ASSERT(order(&gigabit_orders_82574l, layout));
	layout.mss = 1400;
	layout.ipv6 = true;
	layout.ip_bytes = 194;
	CU_ASSERT(order(&gigabit_orders_82574l, layout));
	CU_ASSERT_EQUAL(bits(orders.context.q0, 16, 31), 0);
	CU_ASSERT_EQUAL(bits(orders.context.q1, 24, 31), 0x25); /* not IPv4 */
	layout.ip_bytes = 195;
	CU_ASSERT(!order(&gigabit_orders_82574l, layout));
}

static void an_82576_has_advanced_descriptors(void)
{
	struct ring_tx_layout layout = tcp;
	layout.wishes |= PKT_VLAN;
	layout.vlan = 0xFFFF;
	CU_ASSERT(order(&gigabit_orders_82576, layout));
	uint64_t q0 = orders.context.q0, q1 = orders.context.q1;
	CU_ASSERT_EQUAL(bits(q0, 0, 8), 24);
	CU_ASSERT_EQUAL(bits(q0, 9, 15), 14);
	CU_ASSERT_EQUAL(bits(q0, 16, 31), 0xFFFF);
	CU_ASSERT_EQUAL(bits(q0, 32, 63), 0);
	CU_ASSERT_EQUAL(bits(q1, 0, 19), 0xC00); /* TUCMD: IPV4, L4T 1 */
	CU_ASSERT_EQUAL(bits(q1, 20, 23), 2);
	CU_ASSERT_EQUAL(bits(q1, 24, 31), 0x20);
	CU_ASSERT_EQUAL(bits(q1, 32, 63), 0);
	CU_ASSERT_EQUAL(bits(orders.data, 0, 15), 0);
	CU_ASSERT_EQUAL(bits(orders.data, 20, 23), 3);
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0x62);
	CU_ASSERT_EQUAL(bits(orders.data, 40, 45), 3);
	CU_ASSERT_EQUAL(bits(orders.data, 46, 63), 1000);
	/* segments */
	layout.wishes = PKT_TX_SEGMENT | PKT_TX_L4_CHECKSUM;
	layout.ipv6 = true;
	layout.ip_bytes = 40;
	layout.mss = 1;
	layout.total = 20086;
	CU_ASSERT(order(&gigabit_orders_82576, layout));
	CU_ASSERT_EQUAL(bits(orders.context.q0, 16, 31), 0);
	CU_ASSERT_EQUAL(bits(orders.context.q1, 0, 19), 0x800);
	CU_ASSERT_EQUAL(bits(orders.context.q1, 40, 47), 32);
	CU_ASSERT_EQUAL(bits(orders.context.q1, 48, 63), 1);
	CU_ASSERT_EQUAL(bits(orders.data, 24, 31), 0xA2); /* TSE */
	CU_ASSERT_EQUAL(bits(orders.data, 40, 45), 2);
	CU_ASSERT_EQUAL(bits(orders.data, 46, 63), 20000);
	/* what does not fit */
	layout.wishes = PKT_TX_L4_CHECKSUM;
	layout.ip_bytes = 511;
	CU_ASSERT(order(&gigabit_orders_82576, layout));
	layout.ip_bytes = 512;
	CU_ASSERT(!order(&gigabit_orders_82576, layout));
	layout.wishes |= PKT_TX_SEGMENT;
	layout.ip_bytes = 200;
	CU_ASSERT(!order(&gigabit_orders_82576, layout));
}

/* A context is remembered where the card has one for each queue, and not where the queues share it. */
static void contexts_are_remembered_as_the_card_does(void)
{
	const struct ring_descriptor context = {1, 2}, other = {3, 4};
	struct ring_txq queue = {.offload.card = &gigabit_orders_82574l};
	bool known;
	CU_ASSERT_EQUAL(ring_tx_context(&queue, &context, &known), 0);
	CU_ASSERT(!known);
	CU_ASSERT_EQUAL(ring_tx_context(&queue, &context, &known), 0);
	CU_ASSERT(known);
	ring_tx_context(&queue, &other, &known);
	CU_ASSERT(!known);
	ring_tx_context(&queue, &context, &known);
	CU_ASSERT(!known);
	queue.offload.card = &gigabit_orders_82574l_two;
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(ring_tx_context(&queue, &context, &known), 0);
		CU_ASSERT(!known);
	}
}

/* The erratum of conventional PCI chips: the last four bytes of a segmented frame have a descriptor of their own, and a
 * frame of one descriptor behind it is never the one by whose report a batch is freed. */
static void a_report_never_comes_too_early(void)
{
	static struct ring_descriptor ring[128];
	static uint8_t *buffers[128], data[2048];
	struct ring_tx_layout layout = tcp;
	const struct pkt pkts[3] = {
		{.data = data, .len = 2000}, {.data = data, .len = 2000}, {.data = data, .len = 70}};
	layout.wishes |= PKT_TX_SEGMENT;
	layout.mss = 1400;
	for (uint32_t next = 0; next < 64; next++)
		for (unsigned pieces = 1; pieces <= 3; pieces++) {
			struct ring_txq queue = {.ring = ring, .buffers = buffers, .mask = 127, .next = next};
			CU_ASSERT(order(&gigabit_orders_pci, layout));
			ring_tx_append_frame(&queue, &orders, pkts, pieces, 1);
			CU_ASSERT_NOT_EQUAL(queue.next % RING_BATCH, RING_BATCH - 1);
			CU_ASSERT_EQUAL(queue.extra_slots, queue.next - next - 1);
			CU_ASSERT_EQUAL(ring[queue.next - 1].q1 & 0xFFFFF, 4);
			CU_ASSERT_EQUAL(bits(ring[queue.next - 1].q1, 24, 24), 1); /* EOP */
			CU_ASSERT_EQUAL(ring[queue.next - 2].q1 & 0xFFFFF, pkts[pieces - 1].len - 4u);
			CU_ASSERT_PTR_NULL(buffers[queue.next - 2]);
			CU_ASSERT_PTR_EQUAL(buffers[queue.next - 1], data);
			uint32_t contexts = queue.next - next - pieces - 1;
			CU_ASSERT_EQUAL(contexts, (next + pieces + 2) % RING_BATCH == RING_BATCH - 1 ? 2 : 1);
			for (uint32_t i = next; i < next + contexts; i++)
				CU_ASSERT(ring[i].q0 == orders.context.q0 && ring[i].q1 == orders.context.q1);
		}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"checksums by a TCP/IP context", checksums_by_a_tcp_ip_context},
		{"a tag alone needs no context", a_tag_alone_needs_no_context},
		{"segments by a TCP/IP context", segments_by_a_tcp_ip_context},
		{"an 82576 has advanced descriptors", an_82576_has_advanced_descriptors},
		{"contexts are remembered as the card does", contexts_are_remembered_as_the_card_does},
		{"a report never comes too early", a_report_never_comes_too_early},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"orders", NULL, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
