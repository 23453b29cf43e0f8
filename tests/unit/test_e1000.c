/* SPDX-License-Identifier: BSD-2-Clause
 * The e1000 driver on QEMU's 82540EM and 82574L, without a guest. */
#include "qtest_port_tests.c"

#include "../../driver/e1000/e1000.h"

static int use_82540em(void)
{
	static const struct card_traits traits = {"e1000", "Intel 82540EM", 0x100E, 16110, 15, 60,
		.loses = true, .may_count_packets_only = true};
	card = &traits;
	return 0;
}

static int use_82574l(void)
{
	static const struct card_traits traits = {"e1000e", "Intel 82574L", 0x10D3, 9216, 15, 17,
		.sends_fcs_uncounted = true, .counts_dropped = true};
	card = &traits;
	return 0;
}

int main(void)
{
	const char *const e1000 = "e1000";
	struct qtest *qtest;
	if (qtest_open(&qtest, &e1000, 1) == -ENOTSUP) {
		printf("%s\n", pollux_error());
		return 77;
	}
	qtest_close(qtest);
	/* QEMU's cards need no time for these */
	e1000_times.quiesce = e1000_times.settle_82540 = e1000_times.settle_82574 = 100;
	CU_TestInfo tests[] = {PORT_TESTS, CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {
		{"82540EM", use_82540em, NULL, NULL, NULL, tests},
		{"82574L", use_82574l, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
