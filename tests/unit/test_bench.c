/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's arithmetic: how rounds are shared among processes, what several processes come to, and which figures
 * are marked as in doubt. */
#include "../bench/figures.c"
#include "../bench/options.c"
#include "../bench/processes.c"
#include "../bench/waiting_report.c"

#include "unit.h"

/* Here a round is restless if nothing of it was calm. */
bool cell_was_restless(const struct cell *cell, unsigned round)
{
	return cell->calm[round] == 0;
}

static struct subject subjects[SUBJECTS_MAX] = {
	{.name = "one", .hugepages = true}, {.name = "other", .functions = "their own"}};
static struct figures processes[PROCESSES_MAX], all;

/* One process's figures of one cell with these rounds. */
static void measure(unsigned process, unsigned rounds, const double *cycles, const double *calm)
{
	struct cell cell = {.subject = 1, .job = BENCH_RX, .burst = 8, .instructions = 30, .rounds = rounds};

	for (unsigned round = 0; round < rounds; round++) {
		cell.cycles[round] = cycles[round];
		cell.calm[round] = calm ? calm[round] : 1;
		cell.polls[round] = 10 * cycles[round];
	}
	figures_take(&processes[process], &cell, 1, subjects);
}

static void rounds_are_shared_without_a_rest(void)
{
	ASSERT_NUMBER(processes_for(1), 1);
	ASSERT_NUMBER(processes_for(2), 2);
	ASSERT_NUMBER(processes_for(9), 3);
	for (unsigned rounds = 1; rounds <= ROUNDS_MAX; rounds++) {
		unsigned next = 0, first;

		for (unsigned number = 1; number <= processes_for(rounds); number++) {
			unsigned count = processes_rounds(rounds, number, &first);

			ASSERT_NUMBER(first, next);
			CU_ASSERT(count > 0);
			next += count;
		}
		ASSERT_NUMBER(next, rounds);
	}
}

static void one_process_has_its_median(void)
{
	measure(0, 3, (double[]){30, 10, 20}, NULL);
	const struct figure *figure = &processes[0].cells[0];

	CU_ASSERT_STRING_EQUAL(figure->driver, "other");
	ASSERT_NUMBER(figure->cycles_min, 10);
	ASSERT_NUMBER(figure->cycles_median, 20);
	ASSERT_NUMBER(figure->cycles_max, 30);
	ASSERT_NUMBER(figure->empty_poll, 200);
	ASSERT_NUMBER(figure->instructions, 30);
	ASSERT_NUMBER(processes[0].hugepages, true);
	figures_merge(&all, processes, 1);
	CU_ASSERT_STRING_EQUAL(figure_marks(&all.cells[0]), "");
	CU_ASSERT(!all.same_addresses);
}

static void the_median_is_the_middle_process_s(void)
{
	measure(0, 3, (double[]){50, 51, 52}, NULL);
	measure(1, 3, (double[]){20, 21, 29}, NULL);
	measure(2, 3, (double[]){19, 20, 20}, NULL);
	figures_merge(&all, processes, 3);
	const struct figure *figure = &all.cells[0];

	ASSERT_NUMBER(all.count, 1);
	ASSERT_NUMBER(all.processes, 3);
	ASSERT_NUMBER(figure->cycles_min, 19);
	ASSERT_NUMBER(figure->cycles_median, 21);
	ASSERT_NUMBER(figure->cycles_max, 52);
	ASSERT_NUMBER(figure->process_min, 20);
	ASSERT_NUMBER(figure->process_max, 51);
	ASSERT_NUMBER(figure->empty_poll, 210);
	ASSERT_NUMBER(figure->rounds, 9);
	CU_ASSERT_STRING_EQUAL(figure_marks(figure), "differ");
}

static void processes_differ_beyond_15_percent(void)
{
	for (unsigned above = 0; above < 2; above++) {
		measure(0, 1, (double[]){100}, NULL);
		measure(1, 1, (double[]){115 + above}, NULL);
		measure(2, 1, (double[]){105}, NULL);
		figures_merge(&all, processes, 3);
		ASSERT_NUMBER(all.cells[0].differs, above);
		ASSERT_NUMBER(all.cells[0].cycles_median, 105);
	}
}

static void half_of_a_process_s_rounds_make_a_cell_restless(void)
{
	static const double cycles[4] = {20, 20, 20, 20};

	measure(0, 4, cycles, NULL);
	measure(1, 4, cycles, (double[]){0, 0.5, 1, 1});
	figures_merge(&all, processes, 2);
	CU_ASSERT_STRING_EQUAL(figure_marks(&all.cells[0]), "");
	ASSERT_NUMBER(all.cells[0].restless_rounds, 1);
	measure(1, 4, cycles, (double[]){0, 0.5, 0, 1});
	figures_merge(&all, processes, 2);
	CU_ASSERT_STRING_EQUAL(figure_marks(&all.cells[0]), "restless");
	measure(0, 4, (double[]){40, 40, 40, 40}, NULL);
	figures_merge(&all, processes, 2);
	CU_ASSERT_STRING_EQUAL(figure_marks(&all.cells[0]), "differ, restless");
}

static void processes_at_the_same_addresses_are_told(void)
{
	for (unsigned p = 0; p < 3; p++) {
		measure(p, 1, (double[]){20}, NULL);
		processes[p].stack = 4096;
	}
	figures_merge(&all, processes, 3);
	CU_ASSERT(all.same_addresses);
	processes[2].stack = 8192;
	figures_merge(&all, processes, 3);
	CU_ASSERT(!all.same_addresses);
}

static void an_option_of_others_is_refused(void)
{
	unsigned number;
	int fd;

	CU_ASSERT(processes_read_option("3,2", &number, &fd));
	ASSERT_NUMBER(number, 3);
	ASSERT_NUMBER(fd, 2);
	CU_ASSERT(!processes_read_option("0,2", &number, &fd));
	CU_ASSERT(!processes_read_option("4,2", &number, &fd));
	CU_ASSERT(!processes_read_option("1,-1", &number, &fd));
	CU_ASSERT(!processes_read_option("1,1000000", &number, &fd));
	CU_ASSERT(!processes_read_option("1,2x", &number, &fd));
	CU_ASSERT(!processes_read_option("1", &number, &fd));
	CU_ASSERT(!processes_read_option("", &number, &fd));
}

static bool read_words(struct options *options, const char *name, const char *value)
{
	char *words[] = {"bench", "--waiting", (char *)(uintptr_t)name, (char *)(uintptr_t)value, NULL};

	optind = 1;
	return options_read(options, value ? 4 : name ? 3 : 2, words) == -1;
}

static void ways_of_waiting_are_chosen_by_name(void)
{
	static struct waiting cells[WAITING_CELLS];
	struct options options;
	char name[WAITING_NAME_BYTES];

	CU_ASSERT_FATAL(read_words(&options, NULL, NULL));
	CU_ASSERT(options.waiting && options.far);
	ASSERT_NUMBER(waiting_plan(&options, cells), WAITING_CELLS);
	CU_ASSERT_FATAL(read_words(&options, "--only", "(adaptive|poll) 1000$"));
	ASSERT_NUMBER(waiting_plan(&options, cells), 2);
	regfree(&options.pattern);
	waiting_name(&cells[1], name);
	CU_ASSERT_STRING_EQUAL(name, "adaptive 1000");
	CU_ASSERT_FATAL(read_words(&options, "--only", "sleep"));
	ASSERT_NUMBER(waiting_plan(&options, cells), 0);
	regfree(&options.pattern);
	CU_ASSERT(!read_words(&options, "--rounds", "0"));
}

static void the_calmest_round_of_waiting_counts(void)
{
	struct waiting waiting = {.rounds = 3,
		.round = {{.away_share = 0.3, .p50_ns = 1}, {.away_share = 0.011, .p50_ns = 9},
			{.away_share = 0.2, .p50_ns = 2}}};

	waiting_choose(&waiting);
	ASSERT_NUMBER(waiting.chosen.p50_ns, 9);
	CU_ASSERT(waiting_restless(&waiting));
	waiting.round[2].away_share = 0.009;
	waiting_choose(&waiting);
	ASSERT_NUMBER(waiting.chosen.p50_ns, 2);
	CU_ASSERT(!waiting_restless(&waiting));
}

static void latencies_are_percentiles(void)
{
	static uint32_t samples[1001];
	struct waiting_round round = {.p50_ns = 0};

	waiting_quantiles(&round, samples, 0, 1e9);
	ASSERT_NUMBER(round.p50_ns, 0);
	for (unsigned i = 0; i <= 1000; i++)
		samples[i] = 1000 - i;
	waiting_quantiles(&round, samples, 1001, 2e9);
	ASSERT_NUMBER(round.p50_ns, 250);
	ASSERT_NUMBER(round.p99_ns, 495);
	ASSERT_NUMBER(round.p999_ns * 2, 999);
}

static void waiting_is_reported(void)
{
	struct waiting waiting = {.way = WAITING_ADAPTIVE,
		.pps = 1000,
		.rounds = 2,
		.chosen = {.packets = 998,
			.lost = 1,
			.p50_ns = 5000,
			.p99_ns = 6000,
			.p999_ns = 7000,
			.core_share = 0.25,
			.waits_per_s = 999,
			.away_share = 0.02}};
	char text[2048] = "";
	FILE *file = fmemopen(text, sizeof(text) - 1, "w");

	waiting_json(&waiting, 1, file);
	fclose(file);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"way\":\"adaptive\",\"offered_pps\":1000,\"packets\":998,\"lost\":1,"
					    "\"p50_ns\":5000,\"p99_ns\":6000,\"p999_ns\":7000,\"core_share\":0.25000,"
					    "\"waits_per_s\":999.0,\"rounds\":2,\"away_share\":0.02000,"
					    "\"restless\":true}\n]}\n"));
	waiting.chosen = (struct waiting_round){.core_share = 1};
	file = fmemopen(text, sizeof(text) - 1, "w");
	waiting_json(&waiting, 1, file);
	waiting_table(&waiting, 1, file);
	fclose(file);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"p50_ns\":null,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"restless\":false"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "     1000  adaptive         -         -         -   100.00 %"));
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"rounds are shared without a rest", rounds_are_shared_without_a_rest},
		{"one process has its median", one_process_has_its_median},
		{"the median is the middle process's", the_median_is_the_middle_process_s},
		{"processes differ beyond 15 percent", processes_differ_beyond_15_percent},
		{"half of a process's rounds make a cell restless", half_of_a_process_s_rounds_make_a_cell_restless},
		{"processes at the same addresses are told", processes_at_the_same_addresses_are_told},
		{"an option of others is refused", an_option_of_others_is_refused},
		{"ways of waiting are chosen by name", ways_of_waiting_are_chosen_by_name},
		{"the calmest round of waiting counts", the_calmest_round_of_waiting_counts},
		{"latencies are percentiles", latencies_are_percentiles},
		{"waiting is reported", waiting_is_reported},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"the benchmark", NULL, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
