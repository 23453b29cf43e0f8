/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the generator computes: which frames of a capture it sends and when, and its numbered packets. */
#include "../../apps/app_args.c"
#include "../../apps/app_ports.c"
#include "../../apps/app_run.c"
#include "../../apps/app_stats.c"
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_udp.c"

#include "unit.h"

/* Sums to 0xffff with its own checksum in it, as any receiver would check. */
static uint16_t verify(const uint8_t *frame, unsigned bytes, bool udp)
{
	uint32_t sum = udp ? sum16(frame + 26, 8) + 17 + (bytes - 34) + sum16(frame + 34, bytes - 34) : sum16(frame + 14, 20);

	return (uint16_t)~finish(sum);
}

static void packets_are_valid_and_come_back_with_their_number(void)
{
	static const uint64_t numbers[] = {0, 1, 65535, 65536, 999999, 1 << 30, UINT64_C(0x123456789abcdef), UINT64_MAX};
	static const unsigned sizes[] = {60, 61, 64, 65, 511, 1514, 2048};
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	static struct gen_udp udp, other;
	static uint8_t frame[PKT_DATA_BYTES];

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		gen_udp_init(&udp, sizes[s], mac, mac, 1000003, 42);
		gen_udp_init(&other, sizes[s], mac, mac, 1000003, 43);
		memcpy(frame, udp.frame, sizeof(frame));
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			uint64_t number = 0;
			gen_udp_write(&udp, frame, numbers[i]);
			CU_ASSERT_EQUAL(verify(frame, sizes[s], false), 0xffff);
			CU_ASSERT_EQUAL(verify(frame, sizes[s], true), 0xffff);
			CU_ASSERT_NOT_EQUAL(frame[40] | frame[41], 0);
			CU_ASSERT_EQUAL((unsigned)(frame[16] << 8 | frame[17]), sizes[s] - 14);
			CU_ASSERT_TRUE(gen_udp_read(&udp, frame, sizes[s], &number));
			CU_ASSERT_EQUAL(number, numbers[i]);
			CU_ASSERT_FALSE(gen_udp_read(&other, frame, sizes[s], &number));
			CU_ASSERT_FALSE(gen_udp_read(&udp, frame, 59, &number));
			CU_ASSERT_TRUE(gen_udp_intact(&udp, frame, sizes[s], number));
			CU_ASSERT_FALSE(gen_udp_intact(&udp, frame, sizes[s] - 1, number));
			CU_ASSERT_FALSE(gen_udp_intact(&udp, frame, sizes[s], number + 1));
			for (unsigned byte = 0; byte < sizes[s]; byte++) {
				frame[byte] ^= 0x10;
				CU_ASSERT_EQUAL(gen_udp_intact(&udp, frame, sizes[s], number), byte < 12);
				frame[byte] ^= 0x10;
			}
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void flows_differ_in_address_or_port(void)
{
	enum { FLOWS = 300000 };
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	static struct gen_udp udp;
	uint8_t frame[64];
	uint64_t *seen = calloc(FLOWS, sizeof(*seen));
	unsigned same = 0;

	gen_udp_init(&udp, 60, mac, mac, FLOWS, 1);
	for (unsigned i = 0; i < FLOWS; i++) {
		gen_udp_write(&udp, frame, i);
		memcpy(&seen[i], frame + 26, 4);
		memcpy((uint8_t *)&seen[i] + 4, frame + 34, 2);
	}
	qsort(seen, FLOWS, sizeof(*seen), compare);
	for (unsigned i = 1; i < FLOWS; i++)
		same += seen[i] == seen[i - 1];
	CU_ASSERT_EQUAL(same, 0);
	free(seen);
}

static void sequence_tells_loss_reordering_and_duplicates(void)
{
	static struct gen_sequence s;

	gen_sequence_add(&s, 0);
	gen_sequence_add(&s, 1);
	gen_sequence_add(&s, 4);
	gen_sequence_add(&s, 3);
	gen_sequence_add(&s, 3);
	gen_sequence_add(&s, 4);
	CU_ASSERT_EQUAL(s.unique, 4);
	CU_ASSERT_EQUAL(s.reordered, 1);
	CU_ASSERT_EQUAL(s.duplicates, 2);
	/* Numbers that share a bit with older ones are new all the same. */
	gen_sequence_add(&s, GEN_SEQUENCE_WINDOW + 4);
	gen_sequence_add(&s, GEN_SEQUENCE_WINDOW + 3);
	CU_ASSERT_EQUAL(s.unique, 6);
	CU_ASSERT_EQUAL(s.reordered, 2);
	gen_sequence_add(&s, 4);
	CU_ASSERT_EQUAL(s.stale, 1);
	/* The oldest number inside the window still can be told. */
	gen_sequence_add(&s, 5);
	CU_ASSERT_EQUAL(s.unique, 7);
	gen_sequence_add(&s, UINT64_C(10) * GEN_SEQUENCE_WINDOW);
	gen_sequence_add(&s, UINT64_C(10) * GEN_SEQUENCE_WINDOW - 1);
	gen_sequence_add(&s, UINT64_MAX - 1);
	CU_ASSERT_EQUAL(s.unique, 10);
	CU_ASSERT_EQUAL(s.duplicates, 2);
}

static void schedules_pace_and_catch_up_within_limits(void)
{
	struct gen_schedule s = {0};
	uint8_t frame[100] = {0};
	struct app_rate rate = {1e6, APP_RATE_PACKETS};
	double us = app_tsc_hz() / 1e6;

	CU_ASSERT_TRUE(gen_schedule_add(&s, NULL, 60, 0));
	gen_schedule_pace(&s, &rate, false, 10000);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 0, 32), 1);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 0.5 * us, 32), 0);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 10.5 * us, 32), 10);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 5000.5 * us, 10000), 4990);
	unsigned late = gen_schedule_due(&s, 1e6 * us, 100000); /* a second: only 10 ms are made up for */
	CU_ASSERT_TRUE(late >= 9999 && late <= 10002);
	gen_schedule_free(&s);

	/* Its own timing: 10 us, 20 us, backwards, and around again after the mean. */
	uint64_t at[] = {1000000, 1010000, 1030000, 1020000};
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_TRUE(gen_schedule_add(&s, frame, 60 + i, at[i]));
	gen_schedule_pace(&s, &(struct app_rate){0}, true, 10000);
	CU_ASSERT_DOUBLE_EQUAL(s.frames[0].gap / us, 10, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(s.frames[1].gap / us, 20, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(s.frames[2].gap, 0, 0);
	CU_ASSERT_DOUBLE_EQUAL(s.frames[3].gap / us, 6.666, 1e-6);
	for (unsigned i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(gen_schedule_next(&s)->bytes, 60 + i % 4);
	gen_schedule_free(&s);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"packets are valid and come back with their number", packets_are_valid_and_come_back_with_their_number},
		{"flows differ in address or port", flows_differ_in_address_or_port},
		{"sequence tells loss, reordering and duplicates", sequence_tells_loss_reordering_and_duplicates},
		{"schedules pace and catch up within limits", schedules_pace_and_catch_up_within_limits},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
