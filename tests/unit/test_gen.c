/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the generator computes: rates. */
#include "../../apps/gen_rate.h"

#include "unit.h"

#include <stdlib.h>

static void rates_are_packets_bits_or_percent(void)
{
	static const struct {
		const char *text;
		double value;
		enum gen_rate_unit unit;
	} good[] = {
		{"1Mpps", 1e6, GEN_RATE_PACKETS},
		{"14.88M", 14.88e6, GEN_RATE_PACKETS},
		{"500kpps", 5e5, GEN_RATE_PACKETS},
		{"1000", 1000, GEN_RATE_PACKETS},
		{"10Gbit", 1e10, GEN_RATE_BITS},
		{"2.5Gbit/s", 2.5e9, GEN_RATE_BITS},
		{"100Mbps", 1e8, GEN_RATE_BITS},
		{"50%", 50, GEN_RATE_PERCENT},
		{"100%", 100, GEN_RATE_PERCENT},
		{".5%", 0.5, GEN_RATE_PERCENT},
		{"10Gpps", 1e10, GEN_RATE_PACKETS},
		{"9Gbit-l2", 9e9, GEN_RATE_L2_BITS},
		{"500Mbit/s-l2", 5e8, GEN_RATE_L2_BITS},
	};
	static const char *const bad[] = {"", "0", "0%", "101%", "-1M", "1Mfoo", "M", "%", "fast", "1 Mpps", "0x1M",
		"1e999", "nan", "inf", ".", ".%", "1e-9", "1e30pps", "1e30", "10G", ".5G", "1000M", "9Gpps-l2",
		"9Gbit-l3", "-l2"};
	struct gen_rate rate;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		rate = (struct gen_rate){0};
		CU_ASSERT_PTR_NULL(gen_rate_parse(good[i].text, &rate));
		CU_ASSERT_DOUBLE_EQUAL(rate.value, good[i].value, 1e-6 * good[i].value);
		CU_ASSERT_EQUAL(rate.unit, good[i].unit);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!gen_rate_parse(bad[i], &rate))
			CU_FAIL("a wrong rate was taken");
	CU_ASSERT_PTR_NOT_NULL(strstr(gen_rate_parse("10G", &rate), "packets or bits"));
}

static double pps(const struct gen_rate *rate, unsigned bytes)
{
	struct gen_gap gap = gen_rate_gap(rate, 10000, 3e9);

	return 3e9 / (gap.per_frame + gap.per_bit * gen_wire_bits(bytes));
}

static void line_rate_of_small_packets_is_14_88_mpps(void)
{
	struct gen_rate percent = {100, GEN_RATE_PERCENT}, bits = {1e10, GEN_RATE_BITS}, l2 = {1e10, GEN_RATE_L2_BITS},
			none = {0, GEN_RATE_UNLIMITED};

	CU_ASSERT_DOUBLE_EQUAL(pps(&percent, 60), 14880952.38, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(pps(&bits, 1514), 812743.82, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(pps(&bits, 42), 14880952.38, 0.01); /* which the card pads */
	CU_ASSERT_DOUBLE_EQUAL(pps(&l2, 1514), 823451.91, 0.01);   /* 1518 bytes and no more */
	struct gen_gap gap = gen_rate_gap(&none, 10000, 3e9);
	CU_ASSERT_DOUBLE_EQUAL(gap.per_frame + gap.per_bit, 0, 0);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"rates are packets, bits or percent", rates_are_packets_bits_or_percent},
		{"line rate of small packets is 14.88 Mpps", line_rate_of_small_packets_is_14_88_mpps},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
