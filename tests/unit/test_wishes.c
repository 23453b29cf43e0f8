/* SPDX-License-Identifier: BSD-2-Clause
 * Wishes of packets to be sent: random frames with random wishes against the reference, as the fuzzer compares them;
 * and the limits, one by one. */
#include "../fuzz/fuzz_wishes.c"

#include "unit.h"

/* ---- random ones ---- */

static uint64_t random_state;

static uint8_t random_byte(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint8_t)(random_state >> 24);
}

static void run_random(uint8_t how, unsigned inputs)
{
	static uint8_t bytes[8192];

	random_state = UINT64_C(0x9e3779b97f4a7c15) + how;
	for (unsigned i = 0; i < inputs; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = random_byte();
		bytes[0] = (uint8_t)(how | (bytes[0] & 0x17)); /* MTU, instruction set and ring are any */
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	CU_PASS("else it has ended the program");
}

static void random_frames_leave_as_the_reference_has_them(void)
{
	run_random(0x08, 100);
	run_random(0x00, 100);
}

static void the_same_where_the_card_can_a_part(void)
{
	run_random(0x40, 100);
}

static void the_same_where_the_card_can_nothing(void)
{
	run_random(0x20, 100);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"random frames leave as the reference has them", random_frames_leave_as_the_reference_has_them},
		{"the same where the card can a part", the_same_where_the_card_can_a_part},
		{"the same where the card can nothing", the_same_where_the_card_can_nothing},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"wishes", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
