/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's arithmetic: how rounds are shared among processes, what several processes come to, and which figures
 * are marked as in doubt. */
#include "../bench/figures.c"
#include "../bench/options.c"
#include "../bench/pacing_report.c"
#include "../bench/processes.c"
#include "../bench/waiting_report.c"

#include "../../apps/app_base.h"
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

/* ---- pacing ---- */

/* The clock of the sender has 1 GHz, so that cycles are ns; frames are due each 1000 ns. */
static struct pacing_round reckoned(const struct pacing_look *looks, uint64_t count, double clock_hz)
{
	struct pacing_round round = {.frames = 0};

	pacing_reckon(&round, looks, count, NULL, 1e6, 1e9, clock_hz);
	return round;
}

static void lateness_is_from_due_to_handed_over(void)
{
	static struct pacing_look looks[1000];

	for (unsigned i = 0; i < 1000; i++)
		looks[i] = (struct pacing_look){.at = i * 1000 + 100, .frames = 1};
	looks[500].at += 800;
	struct pacing_round round = reckoned(looks, 1000, 1e9);
	ASSERT_NUMBER(round.frames, 1000);
	ASSERT_NUMBER(round.early, 0);
	ASSERT_NUMBER(round.p50, 100);
	ASSERT_NUMBER(round.p99, 100);
	ASSERT_NUMBER(round.p999, 100);
	ASSERT_NUMBER(round.most, 900);
	/* the gap in front of the late frame is longer by 800, the one behind it shorter */
	ASSERT_NUMBER(round.gap_off * 999, 1600);
	ASSERT_NUMBER(round.gap_off_p99, 0);
	looks[600].at -= 110;
	CU_ASSERT(reckoned(looks, 1000, 1e9).early == 1);
	/* 600, 391, 8 and 1 of 1000: in that order, so that three gaps are off */
	for (unsigned i = 0; i < 1000; i++)
		looks[i].at = i * 1000 + (i < 600 ? 10 : i < 991 ? 50 : i < 999 ? 100 : 120);
	round = reckoned(looks, 1000, 1e9);
	ASSERT_NUMBER(round.p50, 10);
	ASSERT_NUMBER(round.p99, 50);
	ASSERT_NUMBER(round.p999, 100);
	ASSERT_NUMBER(round.most, 120);
	for (unsigned i = 10; i < 990; i += 60)
		looks[i].at += 20;
	ASSERT_NUMBER(reckoned(looks, 1000, 1e9).gap_off_p99, 20);
}

static void frames_of_one_look_are_late_each_by_its_own(void)
{
	/* due at 0; at 1000, 2000 and 3000 */
	const struct pacing_look looks[] = {{.at = 50, .frames = 1}, {.at = 3050, .frames = 3}};
	struct pacing_round round = reckoned(looks, 2, 1e9);

	ASSERT_NUMBER(round.frames, 4);
	ASSERT_NUMBER(round.most, 2050);
	/* gaps of 3000, 0 and 0 instead of 1000 each */
	ASSERT_NUMBER(round.gap_off * 3, 4000);
	CU_ASSERT_DOUBLE_EQUAL(round.ppm, (3000.0 / 3050 - 1) * 1e6, 1);
}

static void the_rate_is_by_the_systems_clock(void)
{
	const struct pacing_look looks[] = {{.at = 0, .frames = 1}, {.at = 1000, .frames = 999999}, {999999000, 0, 1}};

	/* second: what the sender takes for a second is 10 us less */
	CU_ASSERT_DOUBLE_EQUAL(reckoned(looks, 3, 1e9).ppm, 1.0, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(reckoned(looks, 3, 1.00001e9).ppm, 11.0, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(reckoned(looks, 3, 2e9).ppm, 1e6, 3);
	ASSERT_NUMBER(reckoned(looks, 1, 1e9).ppm, 0);
	ASSERT_NUMBER(reckoned(looks, 0, 1e9).frames, 0);
}

static void what_was_given_up_is_late_once(void)
{
	const struct pacing_look looks[] = {{.at = 10, .frames = 1}, {.at = 21000, .given_up = 10000, .frames = 1},
		{.at = 12010 + 10000, .given_up = 10000, .frames = 11}};
	struct pacing_round round = reckoned(looks, 3, 1e9);

	ASSERT_NUMBER(round.most, 10010);
	/* off by 19990, 10, and ten times by 1000 */
	ASSERT_NUMBER(round.gap_off * 12, 30000);
	CU_ASSERT_DOUBLE_EQUAL(round.ppm, (12000.0 / 22010 - 1) * 1e6, 1);
}

static void random_distances_are_those_of_the_schedule(void)
{
	static const uint8_t address[6] = {2};
	static struct gen_makers makers;
	struct pacing_look looks[100];
	struct gen_stream stream;
	struct gen_stream_error error;
	struct gen_schedule both, sends, due;
	const double hz = app_tsc_hz();

	CU_ASSERT_FATAL(gen_stream_parse(&stream, "udp pace=poisson", &error));
	gen_makers_init(&makers, &stream, 1, 1, 1, address, address);
	gen_schedule_init(&both, &makers.each[0], NULL, &(struct gen_rate){1000, GEN_RATE_PACKETS}, 10000);
	gen_schedule_share(&sends, &both, 0, 0);
	gen_schedule_share(&due, &both, 0, 0);
	for (unsigned i = 0; i < 100; i++) {
		looks[i] = (struct pacing_look){.at = (uint64_t)gen_schedule_wait(&sends, 0) + 100, .frames = 1};
		ASSERT_NUMBER(gen_schedule_due(&sends, looks[i].at, 1), 1);
	}
	struct pacing_round round = {.frames = 0};
	pacing_reckon(&round, looks, 100, &due, 1000, hz, hz);
	CU_ASSERT_DOUBLE_EQUAL(round.p50 * hz / 1e9, 99.5, 1);
	CU_ASSERT_DOUBLE_EQUAL(round.most * hz / 1e9, 99.5, 1);
	gen_makers_free(&makers);
	gen_stream_free(&stream);
}

static void paces_are_chosen_by_name(void)
{
	static struct pacing cells[PACING_CELLS];
	struct options options = {.only = NULL};
	char name[PACING_NAME_BYTES];

	ASSERT_NUMBER(pacing_plan(&options, cells), PACING_CELLS);
	options.only = "(constant|poisson) (1|90%)$";
	CU_ASSERT_FATAL(!regcomp(&options.pattern, options.only, REG_EXTENDED | REG_NOSUB));
	ASSERT_NUMBER(pacing_plan(&options, cells), 3);
	regfree(&options.pattern);
	pacing_name(&cells[2], name);
	CU_ASSERT_STRING_EQUAL(name, "poisson 90%");
	ASSERT_NUMBER(pacing_pps(&cells[0]), 1);
	ASSERT_NUMBER(pacing_pps(&cells[2]), 13392857);
}

static char *pacing_said(const struct pacing *pacing, void (*say)(const struct pacing *, unsigned, FILE *))
{
	static char text[4096];
	FILE *file = fmemopen(text, sizeof(text), "w");

	say(pacing, 1, file);
	fclose(file);
	return text;
}

static void pacing_is_reported(void)
{
	static struct pacing pacing = {.rate = {1000, GEN_RATE_PACKETS},
		.rounds = 2,
		.round = {{.away_share = 0.02}, {.frames = 801,
							.ppm = -2.5,
							.p50 = 40,
							.p99 = 50,
							.p999 = 60,
							.most = 7000,
							.gap_off = 12.25,
							.gap_off_p99 = 30,
							.look = 11,
							.away_times = 3,
							.away_share = 0.005,
							.away_most = 50000,
							.calm_share = 0.75}}};

	pacing_choose(&pacing);
	CU_ASSERT_PTR_NOT_NULL(strstr(pacing_said(&pacing, pacing_json),
		"{\"pace\":\"constant\",\"asked_pps\":1000.000,\"frames\":801,\"early\":0,"
		"\"achieved_pps\":999.997500,\"ppm_off\":-2.500000,"
		"\"late_ns\":{\"p50\":40,\"p99\":50,\"p99_9\":60,\"max\":7000},"
		"\"gap_off_mean_ns\":12.250000,\"gap_off_p99_ns\":30.000000,\"look_ns\":11.0,\"card_share\":0.00000,"
		"\"given_up_share\":0.00000,\"away_times\":3,\"away_share\":0.00500,\"away_longest_ns\":50000,"
		"\"calm_share\":0.750,\"rounds\":2,\"restless\":false}\n]}\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(pacing_said(&pacing, pacing_table), "  constant       801      -2.5    0.04"));
	pacing.chosen.calm_share = 0.4;
	pacing.chosen.given_up_share = 0.25;
	pacing.chosen.early = 2;
	CU_ASSERT_PTR_NOT_NULL(strstr(pacing_said(&pacing, pacing_table), "  restless  given up: 25.0 %  early: 2\n"));
	pacing.poisson = true;
	CU_ASSERT_PTR_NOT_NULL(strstr(pacing_said(&pacing, pacing_json), "\"achieved_pps\":null,\"ppm_off\":null,"));
	pacing.chosen = pacing.round[0];
	pacing.chosen.calm_share = 1;
	CU_ASSERT(pacing_restless(&pacing));
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
		{"lateness is from due to handed over", lateness_is_from_due_to_handed_over},
		{"frames of one look are late each by its own", frames_of_one_look_are_late_each_by_its_own},
		{"the rate is by the system's clock", the_rate_is_by_the_systems_clock},
		{"what was given up is late once", what_was_given_up_is_late_once},
		{"random distances are those of the schedule", random_distances_are_those_of_the_schedule},
		{"paces are chosen by name", paces_are_chosen_by_name},
		{"pacing is reported", pacing_is_reported},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{"the benchmark", NULL, NULL, NULL, NULL, tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
