/* SPDX-License-Identifier: BSD-2-Clause
 * The descriptors by which the ixgbe family is told a packet's wishes: bit by bit, from the register facts. */
#include "../../driver/ixgbe/bursts.h"
#include "../../driver/ring/offload.h"

#include "unit.h"

static void writes(const struct ring_tx_layout *layout, uint64_t q0, uint64_t q1, uint64_t data)
{
	struct ring_tx_orders orders = {.last_bytes = 99};
	CU_ASSERT_TRUE_FATAL(ixgbe_tx_card.orders(layout, &orders));
	CU_ASSERT_EQUAL(orders.context.q0, q0);
	CU_ASSERT_EQUAL(orders.context.q1, q1);
	CU_ASSERT_EQUAL(orders.data, data);
	ASSERT_NUMBER(orders.last_bytes, 0);
}

/* DTYP 2 and DEXT; DTYP 3, IFCS and DEXT. */
#define CONTEXT 0x20200000u
#define DATA    UINT64_C(0x22300000)

static void each_wish_has_its_bits(void)
{
	const uint16_t both = PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM;
	/* TCP over IPv4: lengths, IPV4 and L4T; IXSM and TXSM, PAYLEN 100 */
	struct ring_tx_layout layout = {
		.wishes = both, .l2_bytes = 14, .ip_bytes = 20, .l4_bytes = 32, .tcp = true, .total = 100};
	writes(&layout, 20 | 14 << 9, CONTEXT | 1 << 10 | 1 << 11, DATA | UINT64_C(3) << 40 | UINT64_C(100) << 46);
	layout.wishes = PKT_TX_L4_CHECKSUM;
	writes(&layout, 20 | 14 << 9, CONTEXT | 1 << 10 | 1 << 11, DATA | UINT64_C(2) << 40 | UINT64_C(100) << 46);
	/* UDP, with options and a tag in the data */
	layout = (struct ring_tx_layout){.wishes = both, .l2_bytes = 18, .ip_bytes = 60, .l4_bytes = 8, .total = 1522};
	writes(&layout, 60 | 18 << 9, CONTEXT | 1 << 10, DATA | UINT64_C(3) << 40 | UINT64_C(1522) << 46);
	/* the IPv4 header alone */
	layout = (struct ring_tx_layout){.wishes = PKT_TX_IP_CHECKSUM, .l2_bytes = 14, .ip_bytes = 20, .total = 60};
	writes(&layout, 20 | 14 << 9, CONTEXT | 1 << 10, DATA | UINT64_C(1) << 40 | UINT64_C(60) << 46);
	/* UDP over IPv6 with extension headers */
	layout = (struct ring_tx_layout){.wishes = PKT_TX_L4_CHECKSUM,
		.l2_bytes = 14,
		.ip_bytes = 511 - 14 - 8,
		.l4_bytes = 8,
		.ipv6 = true,
		.total = 1000};
	writes(&layout, 489 | 14 << 9, CONTEXT, DATA | UINT64_C(2) << 40 | UINT64_C(1000) << 46);
	/* a tag alone: VLE */
	layout = (struct ring_tx_layout){.wishes = PKT_VLAN, .l2_bytes = 14, .vlan = 0xE123, .total = 60};
	writes(&layout, 14 << 9 | 0xE1230000u, CONTEXT, DATA | 1 << 30 | UINT64_C(60) << 46);
	/* a tag that is not wished is none */
	layout.wishes = PKT_TX_IP_CHECKSUM;
	layout.ip_bytes = 20;
	writes(&layout, 20 | 14 << 9, CONTEXT | 1 << 10, DATA | UINT64_C(1) << 40 | UINT64_C(60) << 46);
}

static void segments_have_lengths_of_their_own(void)
{
	/* L4LEN and MSS; TSE, PAYLEN without headers */
	struct ring_tx_layout layout = {.wishes = PKT_TX_SEGMENT | PKT_TX_IP_CHECKSUM | PKT_TX_L4_CHECKSUM,
		.l2_bytes = 14,
		.ip_bytes = 20,
		.l4_bytes = 32,
		.tcp = true,
		.mss = 1448,
		.total = 14 + 20 + 32 + 64000};
	writes(&layout, 20 | 14 << 9, CONTEXT | 1 << 10 | 1 << 11 | UINT64_C(32) << 40 | UINT64_C(1448) << 48,
		DATA | UINT64_C(1) << 31 | UINT64_C(3) << 40 | UINT64_C(64000) << 46);
	layout = (struct ring_tx_layout){.wishes = PKT_TX_SEGMENT | PKT_TX_L4_CHECKSUM | PKT_VLAN,
		.l2_bytes = 14,
		.ip_bytes = 40,
		.l4_bytes = 20,
		.ipv6 = true,
		.tcp = true,
		.mss = 1,
		.vlan = 5,
		.total = 14 + 40 + 20 + 262143};
	writes(&layout, 40 | 14 << 9 | 5 << 16, CONTEXT | 1 << 11 | UINT64_C(20) << 40 | UINT64_C(1) << 48,
		DATA | UINT64_C(3) << 30 | UINT64_C(2) << 40 | UINT64_C(262143) << 46);
}

static bool refused(struct ring_tx_layout layout)
{
	struct ring_tx_orders orders;
	return !ixgbe_tx_card.orders(&layout, &orders);
}

static void lengths_that_do_not_fit_are_refused(void)
{
	struct ring_tx_layout fits = {.wishes = PKT_TX_SEGMENT | PKT_TX_L4_CHECKSUM,
		.l2_bytes = 14,
		.ip_bytes = 240 - 14 - 20, /* headers that segments have copies of: X550 DS 7.2.4 */
		.l4_bytes = 20,
		.ipv6 = true,
		.tcp = true,
		.mss = 1000,
		.total = 240 + 262143};
	CU_ASSERT(!refused(fits));
	struct ring_tx_layout longer = fits;
	longer.total++;
	CU_ASSERT(refused(longer));
	longer = fits;
	longer.ip_bytes++;
	CU_ASSERT(refused(longer));
	longer = (struct ring_tx_layout){
		.wishes = PKT_TX_L4_CHECKSUM, .l2_bytes = 14, .ip_bytes = 489, .l4_bytes = 8, .total = 1000};
	CU_ASSERT(!refused(longer));
	longer.ip_bytes++;
	CU_ASSERT(refused(longer));
	longer = (struct ring_tx_layout){.wishes = PKT_VLAN, .l2_bytes = 14, .total = 262143};
	CU_ASSERT(!refused(longer));
	longer.total++;
	CU_ASSERT(refused(longer));
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"each wish has its bits", each_wish_has_its_bits},
		{"segments have lengths of their own", segments_have_lengths_of_their_own},
		{"lengths that do not fit are refused", lengths_that_do_not_fit_are_refused},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"ixgbe's offloads", NULL, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
