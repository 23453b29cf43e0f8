/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the generator's histogram of latencies, against sorted lists of the same values. */
#include "../../apps/gen_latency.c"

#include "unit.h"

#include <stdlib.h>

static struct gen_histogram histogram, other;

static void buckets_cover_all_values_and_are_less_than_a_hundredth_wide(void)
{
	unsigned wide = 0, gaps = 0;

	for (unsigned i = 0; i < GEN_HISTOGRAM_BUCKETS; i++) {
		uint64_t begin = gen_histogram_begin(i), end = gen_histogram_begin(i + 1);
		gaps += gen_histogram_bucket(begin) != i || gen_histogram_bucket(end - 1) != i;
		wide += end - begin > 1 && 100 * (end - begin) >= begin;
	}
	ASSERT_NUMBER(gaps, 0);
	ASSERT_NUMBER(wide, 0);
	ASSERT_NUMBER(gen_histogram_begin(0), 0);
	ASSERT_NUMBER(gen_histogram_begin(GEN_HISTOGRAM_BUCKETS), 1ll << 48);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The same pseudo-random numbers in each run. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void compare_with_sorted_list(uint64_t *values, unsigned count)
{
	static const unsigned shares[] = {0, 1, 1000, 25000, 50000, 90000, 99000, 99900, 99990, 99999, 100000};
	uint64_t sum = 0;

	gen_histogram_clear(&histogram);
	gen_histogram_clear(&other);
	for (unsigned i = 0; i < count; i++) {
		gen_histogram_add(i % 3 ? &histogram : &other, values[i], 1);
		sum += values[i];
	}
	gen_histogram_merge(&histogram, &other);
	qsort(values, count, sizeof(*values), by_value);
	ASSERT_NUMBER(gen_histogram_count(&histogram), count);
	ASSERT_NUMBER(histogram.sum, sum);
	ASSERT_NUMBER(histogram.least, values[0]);
	ASSERT_NUMBER(histogram.most, values[count - 1]);
	for (unsigned i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		/* the rank of the value that the share reaches, from 1 on */
		uint64_t rank = ((uint64_t)count * shares[i] + 99999) / 100000, exact = values[rank ? rank - 1 : 0];
		uint64_t got = gen_histogram_percentile(&histogram, shares[i]);
		ASSERT_NUMBER(gen_histogram_bucket(got), gen_histogram_bucket(exact));
		CU_ASSERT_TRUE(got >= exact);
	}
	ASSERT_NUMBER(gen_histogram_percentile(&histogram, 100000), values[count - 1]);
}

static void percentiles_are_exact_to_a_bucket(void)
{
	enum { MANY = 200003 };
	uint64_t *values = malloc(MANY * sizeof(*values));

	/* one value; equal ones; of each octave about as many; a narrow range; the extremes */
	for (unsigned shape = 0; shape < 5; shape++) {
		unsigned count = shape == 0 ? 1 : shape == 1 ? 1000 : MANY;
		for (unsigned i = 0; i < count; i++) {
			uint64_t random = next_random();
			values[i] = shape <= 1   ? 4711
				    : shape == 2 ? random >> (16 + random % 48)
				    : shape == 3 ? 1000 + random % 100
				    : random % 2 ? 0
						 : (UINT64_C(1) << 48) - 1 - random % 3;
		}
		compare_with_sorted_list(values, count);
	}
	free(values);
}

static void without_values_there_is_no_percentile(void)
{
	gen_histogram_clear(&histogram);
	gen_histogram_clear(&other);
	gen_histogram_merge(&histogram, &other);
	ASSERT_NUMBER(gen_histogram_count(&histogram), 0);
	ASSERT_NUMBER(gen_histogram_percentile(&histogram, 50000), 0);
	CU_ASSERT_EQUAL(histogram.least, UINT64_MAX);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"buckets cover all values and are less than a hundredth wide",
			buckets_cover_all_values_and_are_less_than_a_hundredth_wide},
		{"percentiles are exact to a bucket", percentiles_are_exact_to_a_bucket},
		{"without values there is no percentile", without_values_there_is_no_percentile},
		CU_TEST_INFO_NULL,
	};
	static CU_SuiteInfo suites[] = {{.pName = "gen_latency", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
