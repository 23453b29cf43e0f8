/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the generator counts of numbered packets that come back. */
#include "../../apps/gen_sequence.c"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void sequence_tells_loss_reordering_and_duplicates(void)
{
	static struct gen_sequence s;

	gen_sequence_add(&s, 0, 0);
	gen_sequence_add(&s, 1, 0);
	gen_sequence_add(&s, 4, 0);
	gen_sequence_add(&s, 3, 0);
	gen_sequence_add(&s, 3, 0);
	gen_sequence_add(&s, 4, 0);
	ASSERT_NUMBER(s.arrivals[0].unique, 4);
	ASSERT_NUMBER(s.arrivals[0].reordered, 1);
	ASSERT_NUMBER(s.arrivals[0].duplicates, 2);
	/* Numbers that share a bit with older ones are new all the same. */
	gen_sequence_add(&s, GEN_SEQUENCE_WINDOW + 4, 0);
	gen_sequence_add(&s, GEN_SEQUENCE_WINDOW + 3, 0);
	ASSERT_NUMBER(s.arrivals[0].unique, 6);
	ASSERT_NUMBER(s.arrivals[0].reordered, 2);
	gen_sequence_add(&s, 4, 0);
	ASSERT_NUMBER(s.arrivals[0].stale, 1);
	/* The oldest number inside the window still can be told. */
	gen_sequence_add(&s, 5, 0);
	ASSERT_NUMBER(s.arrivals[0].unique, 7);
	gen_sequence_add(&s, UINT64_C(10) * GEN_SEQUENCE_WINDOW, 0);
	gen_sequence_add(&s, UINT64_C(10) * GEN_SEQUENCE_WINDOW - 1, 0);
	gen_sequence_add(&s, UINT64_MAX - 1, 0);
	ASSERT_NUMBER(s.arrivals[0].unique, 10);
	ASSERT_NUMBER(s.arrivals[0].duplicates, 2);
}

/* RFC 4737, word for word: a packet is reordered if one with a higher number has arrived before; its extent is the
 * distance to the first such. What has already arrived does not count. */
static void compare_with_definition(const unsigned *order, unsigned count)
{
	static struct gen_sequence s;
	static unsigned kept[4096];
	uint64_t reordered = 0, duplicates = 0, extent_sum = 0, extent_max = 0;
	unsigned n = 0;

	memset(&s, 0, sizeof(s));
	for (unsigned i = 0; i < count; i++) {
		unsigned first = 0, same = 0;
		gen_sequence_add(&s, order[i], order[i] % GEN_SIZES);
		while (same < n && kept[same] != order[i])
			same++;
		if (same < n) {
			duplicates++;
			continue;
		}
		while (first < n && kept[first] < order[i])
			first++;
		reordered += first < n;
		extent_sum += n - first;
		extent_max = n - first > extent_max ? n - first : extent_max;
		kept[n++] = order[i];
	}
	struct gen_arrivals sum = {0};
	for (unsigned i = 0; i < GEN_SIZES; i++) {
		sum.unique += s.arrivals[i].unique;
		sum.reordered += s.arrivals[i].reordered;
		sum.duplicates += s.arrivals[i].duplicates;
		sum.stale += s.arrivals[i].stale;
	}
	ASSERT_NUMBER(sum.unique, n);
	ASSERT_NUMBER(sum.reordered, reordered);
	ASSERT_NUMBER(sum.duplicates, duplicates);
	ASSERT_NUMBER(sum.stale, 0);
	ASSERT_NUMBER(s.extent_sum, extent_sum);
	ASSERT_NUMBER(s.extent_max, extent_max);
}

static void extents_are_as_rfc_4737_defines_them(void)
{
	static const unsigned example[] = {1, 2, 4, 5, 6, 3, 7, 9, 10, 8, 8, 11};
	unsigned order[4096], count = 0;

	compare_with_definition(example, sizeof(example) / sizeof(*example));
	/* lost, doubled, and displaced by up to so many places */
	srand(1);
	for (unsigned displaced = 1; displaced <= 1024; displaced *= 4) {
		count = 0;
		for (unsigned number = 0; number < 2000; number++)
			for (unsigned copies = (unsigned)rand() % 10 ? 1 : (unsigned)rand() % 3; copies > 0; copies--)
				order[count++] = number;
		for (unsigned i = 0; i < count; i++) {
			unsigned j = i + (unsigned)rand() % displaced, swapped = order[i];
			if (j >= count || rand() % 4)
				continue;
			order[i] = order[j];
			order[j] = swapped;
		}
		compare_with_definition(order, count);
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"sequence tells loss, reordering and duplicates", sequence_tells_loss_reordering_and_duplicates},
		{"extents are as RFC 4737 defines them", extents_are_as_rfc_4737_defines_them},
		CU_TEST_INFO_NULL,
	};
	static CU_SuiteInfo suites[] = {{.pName = "gen_sequence", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
