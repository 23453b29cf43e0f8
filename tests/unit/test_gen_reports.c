/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the generator's reports: what is told of latencies, the picture of them, and files that cannot be written.
 */
#include "../../apps/gen_delay.c"
#include "../../apps/gen_latency.c"
#include "../../apps/gen_save.c"
#include "../../apps/gen_svg.c"

#include "unit.h"

static struct gen_latency latency;
static struct gen_histogram turns;

#define ASSERT_TEXT(got, wanted)                                                                                       \
	do {                                                                                                           \
		if (strcmp(got, wanted) != 0)                                                                          \
			printf("\n    line %d: got\n%s\n    not\n%s ", __LINE__, got, wanted);                         \
		CU_ASSERT_STRING_EQUAL(got, wanted);                                                                   \
	} while (0)

/* What is printed of the latencies, with a clock of 1 GHz. */
static char *printed(bool json, const struct gen_histogram *floor)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct gen_delays delays = gen_delays(&latency, floor, 1e9);

	gen_delays_print(&delays, out, json, "stream 1");
	fclose(out);
	return text;
}

static void check_print(bool json, const struct gen_histogram *floor, const char *wanted)
{
	char *text = printed(json, floor);

	ASSERT_TEXT(text, wanted);
	free(text);
}

static void latencies_are_told_as_far_as_they_are_known(void)
{
	gen_latency_clear(&latency);
	check_print(false, NULL, "stream 1: no latency, as nothing came back\n");
	check_print(true, NULL,
		"{\"packets\":0,\"min\":null,\"p50\":null,\"p90\":null,\"p99\":null,\"p99_9\":null,\"p99_99\":null,"
		"\"p99_999\":null,\"max\":null,\"mean\":null,\"jitter_mean\":null,\"jitter_max\":null}");
	/* ten packets, of 1 to 10 us: p90 is known, p99 is not */
	for (unsigned i = 1; i <= 10; i++) {
		gen_histogram_add(&latency.histogram, i * 1024, 1);
		if (i > 1)
			gen_latency_add_pairs(&latency, i * 1024, (i - 1) * 1024 + i, 1);
	}
	check_print(false, NULL,
		"stream 1: latency of 10 packets: min 1.02 us, p50 5.15 us, p90 9.28 us, max 10.2 us, mean 5.63 us; "
		"jitter 1.02 us, max 1.02 us\n");
	check_print(true, NULL,
		"{\"packets\":10,\"min\":1024.0,\"p50\":5151.0,\"p90\":9279.0,\"p99\":null,\"p99_9\":null,"
		"\"p99_99\":null,\"p99_999\":null,\"max\":10240.0,\"mean\":5632.0,\"jitter_mean\":1018.0,"
		"\"jitter_max\":1022.0}");
}

static void nothing_below_the_floor_is_claimed(void)
{
	gen_histogram_clear(&turns);
	for (unsigned i = 0; i < 100; i++)
		gen_histogram_add(&turns, i < 60 ? 5200 : 1000000, 1);
	check_print(false, &turns,
		"stream 1: latency of 10 packets: min below 5.21 us, p50 below 5.21 us, p90 9.28 us, max 10.2 us, mean "
		"5.63 us; jitter below 5.21 us, max below 5.21 us\n");
	check_print(true, &turns,
		"{\"packets\":10,\"min\":5215.0,\"p50\":5215.0,\"p90\":9279.0,\"p99\":null,\"p99_9\":null,"
		"\"p99_99\":null,\"p99_999\":null,\"max\":10240.0,\"mean\":5632.0,\"jitter_mean\":5215.0,"
		"\"jitter_max\":5215.0}");
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	gen_turns_print(&turns, 1e9, out, false);
	fclose(out);
	ASSERT_TEXT(text, "generator: a turn of its own loop takes 5.21 us, p99 1.00 ms, max 1.00 ms: no packet is "
			  "seen sooner\n");
}

static void far_percentiles_need_packets_enough(void)
{
	ASSERT_NUMBER(gen_percentile_is_known(0, 1), 0);
	ASSERT_NUMBER(gen_percentile_is_known(0, 2), 1);
	ASSERT_NUMBER(gen_percentile_is_known(2, 99), 0);
	ASSERT_NUMBER(gen_percentile_is_known(2, 100), 1);
	ASSERT_NUMBER(gen_percentile_is_known(5, 99999), 0);
	ASSERT_NUMBER(gen_percentile_is_known(5, 100000), 1);
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, word)); at++)
		n++;
	return n;
}

static void the_picture_has_a_line_for_each_curve_with_values(void)
{
	static struct gen_histogram none, once;
	const struct gen_curve curves[] = {{"a<b&c", &latency.histogram}, {"nothing", &none}, {"once", &once}};
	char *text = NULL;
	size_t bytes;

	gen_histogram_clear(&none);
	gen_histogram_clear(&once);
	gen_histogram_add(&once, 0, 1);
	for (unsigned count = 0; count <= 3; count++) {
		FILE *out = open_memstream(&text, &bytes);
		gen_svg_draw(out, "title", curves, count, count == 3 ? 100 : 0, 1e9);
		fclose(out);
		ASSERT_NUMBER(count_of(text, "<polyline"), count == 3 ? 2 : count > 0);
		ASSERT_NUMBER(count_of(text, "a&lt;b&amp;c"), count > 0);
		ASSERT_NUMBER(count_of(text, "nothing"), 0);
		ASSERT_NUMBER(count_of(text, "nan") + count_of(text, "inf"), 0);
		ASSERT_NUMBER(count_of(text, "not told: "), count == 3);
		ASSERT_NUMBER(count_of(text, "</svg>"), 1);
		free(text);
	}
	for (double v = 1e-3; v < 1e15; v *= 7) {
		double got = log10_of(v), back = 1;
		for (; got > 1; got--)
			back *= 10;
		CU_ASSERT_TRUE(got < 1.0000001 && v / back < 10.00001);
	}
	CU_ASSERT_DOUBLE_EQUAL(log10_of(1000), 3, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(log10_of(2), 0.30102999566, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(log10_of(0.05), -1.30102999566, 1e-6);
}

static void what_cannot_be_saved_is_printed(void)
{
	char path[] = "/tmp/pollux-save-XXXXXX", data[64] = "";
	struct gen_save save;
	FILE *instead = fmemopen(data, sizeof(data), "w");

	CU_ASSERT_TRUE(gen_save_open(&save, NULL));
	CU_ASSERT_PTR_NULL(save.text);
	CU_ASSERT_TRUE(gen_save_end(&save, instead));
	CU_ASSERT_FALSE(gen_save_open(&save, "/nowhere/at/all"));
	CU_ASSERT_TRUE_FATAL(gen_save_open(&save, "/dev/full"));
	fputs("what was measured\n", save.text);
	CU_ASSERT_FALSE(gen_save_end(&save, instead));
	fclose(instead);
	ASSERT_TEXT(data, "what was measured\n");
	close(mkstemp(path));
	CU_ASSERT_TRUE_FATAL(gen_save_open(&save, path));
	fputs("kept\n", save.text);
	CU_ASSERT_TRUE(gen_save_end(&save, NULL));
	FILE *in = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL(fgets(data, sizeof(data), in));
	ASSERT_TEXT(data, "kept\n");
	fclose(in);
	unlink(path);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"latencies are told as far as they are known", latencies_are_told_as_far_as_they_are_known},
		{"nothing below the floor is claimed", nothing_below_the_floor_is_claimed},
		{"far percentiles need packets enough", far_percentiles_need_packets_enough},
		{"the picture has a line for each curve with values",
			the_picture_has_a_line_for_each_curve_with_values},
		{"what cannot be saved is printed", what_cannot_be_saved_is_printed},
		CU_TEST_INFO_NULL,
	};
	static CU_SuiteInfo suites[] = {{.pName = "gen_reports", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
