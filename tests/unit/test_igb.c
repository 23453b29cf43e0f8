/* SPDX-License-Identifier: BSD-2-Clause
 * The igb driver on QEMU's 82576, without a guest. Which QEMU has that card: see tests/qtest/qtest.h. */
#include "qtest_port_tests.c"

static int use_82576(void)
{
	static const struct card_traits traits = {"igb", "Intel 82576", 0x10C9, 9706, 23, 17, .may_lose = true};
	card = &traits;
	return 0;
}

int main(void)
{
	const char *const igb = "igb";
	struct qtest *qtest;
	if (qtest_open(&qtest, &igb, 1) == -ENOTSUP) {
		printf("%s\n", pollux_error());
		return 77;
	}
	qtest_close(qtest);
	CU_TestInfo tests[] = {PORT_TESTS, CU_TEST_INFO_NULL};
	CU_SuiteInfo suites[] = {
		{"82576", use_82576, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
