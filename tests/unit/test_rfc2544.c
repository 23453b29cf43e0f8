/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of pollux-rfc2544's searches and plan, against devices that are simulated: what they can do is known. */
#include "../../apps/rfc2544_plan.c"
#include "../../apps/rfc2544_report.c"
#include "../../apps/rfc2544_search.c"
#include "../../apps/rfc2544_svg.c"

#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_PPS 14880952.0

/** A device, and the tester in front of it. */
struct simulation {
	double capacity_pps, queue;   /* frames */
	double loss;                  /* share that is lost always */
	double chance;                /* of a trial that one packet is lost for no reason */
	double noise;                 /* the capacity is so much higher or lower from trial to trial */
	double send_pps, receive_pps; /* that the tester can do; 0: all */
	double held_up;               /* chance of a trial in which the tester offers only 9 of 10 packets */
	uint32_t state;               /* of the generator of random numbers */
	unsigned trials;
	double seconds;
};

/** From 0 to 1. */
static double drawn(struct simulation *s)
{
	s->state = s->state * 1664525 + 1013904223;
	return (s->state >> 8) / (double)(1u << 24);
}

static struct rfc2544_outcome simulate(struct simulation *s, const struct rfc2544_trial *trial)
{
	struct rfc2544_outcome o = {.asked_pps = trial->pps, .sent_pps = trial->pps};
	double capacity = s->capacity_pps * (1 + s->noise * (2 * drawn(s) - 1)), queue = s->queue;

	if (s->send_pps > 0 && o.sent_pps > s->send_pps)
		o.sent_pps = s->send_pps;
	if (drawn(s) < s->held_up)
		o.sent_pps *= 0.9;
	o.sent = trial->count ? trial->count : (uint64_t)(o.sent_pps * trial->seconds);
	double seconds = (double)o.sent / o.sent_pps, in = (double)o.sent * (1 - s->loss),
	       out = capacity * seconds + queue;
	out = out < in ? out : in;
	if (drawn(s) < s->chance && out >= 1)
		out -= 1;
	if (s->receive_pps > 0 && out > s->receive_pps * seconds) {
		o.tester_lost = (uint64_t)(out - s->receive_pps * seconds);
		out -= (double)o.tester_lost;
	}
	o.received = (uint64_t)(out + 1e-6);
	o.lost = o.sent - o.received;
	o.received_pps = (double)o.received / seconds;
	s->trials++;
	s->seconds += trial->count ? seconds : trial->seconds;
	return o;
}

/** All tests of `tests`, with one size. */
static struct rfc2544_result measured(struct simulation *s, unsigned tests, double width, double loss)
{
	struct rfc2544_plan plan = {.tests = tests, .trial_s = 10, .width = width, .loss = loss, .sizes = 1};
	struct rfc2544_trial trial;

	s->state = s->state ? s->state : 1;
	s->trials = 0;
	plan.results[0].line_pps = LINE_PPS;
	while (rfc2544_plan_next(&plan, &trial) && s->trials < 1000) {
		struct rfc2544_outcome outcome = simulate(s, &trial);
		CU_ASSERT_TRUE(trial.pps <= LINE_PPS * 1.000001);
		rfc2544_plan_tell(&plan, &trial, &outcome);
	}
	CU_ASSERT_TRUE(s->trials < 200);
	return plan.results[0];
}

#define THROUGHPUT (1u << RFC2544_THROUGHPUT)

static void near(double found, double truth, double width)
{
	if (found < truth * (1 - width) || found > truth * (1 + width))
		printf("\n    found %.1f, which is not within %.2f %% of %.1f ", found, 100 * width, truth);
	CU_ASSERT_TRUE(found >= truth * (1 - width) && found <= truth * (1 + width));
}

static void a_throughput_is_found_within_its_width(void)
{
	static const double capacities[] = {500, 20000, 1e6, 1234567, 7440476, 14e6, 14880000},
			    widths[] = {0.1, 0.01, 0.001};

	for (unsigned c = 0; c < sizeof(capacities) / sizeof(*capacities); c++) {
		for (unsigned w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
			struct simulation s = {.capacity_pps = capacities[c], .queue = 10};
			struct rfc2544_result r = measured(&s, THROUGHPUT, widths[w], 0);
			/* In 10 s the queue takes one packet more in a second. */
			double width = widths[w] > 149 / capacities[c] ? widths[w] : 149 / capacities[c];
			near(r.throughput.sent_pps, capacities[c] + 1, width);
			CU_ASSERT_TRUE(r.throughput.sent_pps <= capacities[c] + 1.1);
			ASSERT_NUMBER(r.throughput.lost, 0);
			CU_ASSERT_FALSE(r.testers[RFC2544_THROUGHPUT]);
			CU_ASSERT_TRUE(s.trials < 35);
		}
	}
}

static void a_device_as_fast_as_the_line_needs_one_trial(void)
{
	struct simulation s = {.capacity_pps = 2e7};
	struct rfc2544_result r = measured(&s, THROUGHPUT, 0.005, 0);

	near(r.throughput.sent_pps, LINE_PPS, 1e-9);
	ASSERT_NUMBER(s.trials, 2); /* with the tester's own */
	CU_ASSERT_FALSE(r.testers[RFC2544_THROUGHPUT]);
}

static void losses_within_what_is_allowed_pass(void)
{
	struct simulation s = {.capacity_pps = 1e6, .loss = 0.01};
	struct rfc2544_result r = measured(&s, THROUGHPUT, 0.005, 0);

	/* At whatever rate something is lost. */
	ASSERT_NUMBER(r.throughput.sent, 0);
	CU_ASSERT_FALSE(r.testers[RFC2544_THROUGHPUT]);
	r = measured(&s, THROUGHPUT, 0.001, 0.02);
	near(r.throughput.sent_pps, 1e6 / (1 - 0.02), 0.001);
}

/** A packet that is lost for no reason, in one trial of ten, and a capacity that is not the same each time. */
static void noise_does_not_lead_a_search_astray(void)
{
	unsigned good = 0;

	for (uint32_t seed = 1; seed <= 100; seed++) {
		struct simulation s = {.capacity_pps = 1e6 + seed * 54321,
			.chance = 0.1,
			.noise = 0.001,
			.held_up = 0.05,
			.state = seed * 7919};
		struct rfc2544_result r = measured(&s, THROUGHPUT, 0.01, 0);
		good += r.throughput.sent_pps > s.capacity_pps * 0.985 &&
			r.throughput.sent_pps < s.capacity_pps * 1.0011;
	}
	printf("\n    %u of 100 ", good);
	CU_ASSERT_TRUE(good >= 90);
}

static void what_the_tester_cannot_do_is_marked(void)
{
	struct simulation slow_sender = {.capacity_pps = 5e6, .send_pps = 2e6},
			  slow_receiver = {.capacity_pps = 5e6, .receive_pps = 3e6},
			  slow_device = {.capacity_pps = 1e6, .send_pps = 2e6, .receive_pps = 3e6};
	struct rfc2544_result r = measured(&slow_sender, THROUGHPUT, 0.005, 0);

	near(r.throughput.sent_pps, 2e6, 0.005);
	CU_ASSERT_TRUE(r.testers[RFC2544_THROUGHPUT]);
	near(r.tester.sent_pps, 2e6, 1e-9);
	r = measured(&slow_receiver, THROUGHPUT, 0.005, 0);
	near(r.throughput.sent_pps, 3e6, 0.005);
	CU_ASSERT_TRUE(r.testers[RFC2544_THROUGHPUT]);
	r = measured(&slow_device, THROUGHPUT, 0.005, 0);
	near(r.throughput.sent_pps, 1e6, 0.005);
	CU_ASSERT_FALSE(r.testers[RFC2544_THROUGHPUT]);
}

static void latency_is_measured_at_shares_of_the_throughput(void)
{
	struct simulation s = {.capacity_pps = 1e6}, lossy = {.capacity_pps = 1e6, .loss = 0.1};
	struct rfc2544_result r = measured(&s, 1u << RFC2544_LATENCY, 0.005, 0);

	ASSERT_NUMBER(r.latency_count, 4);
	near(r.latency[0].sent_pps, 100, 1e-9);
	ASSERT_NUMBER(r.latency[0].sent, 200);
	near(r.latency[1].sent_pps, r.throughput.sent_pps / 10, 1e-9);
	near(r.latency[3].sent_pps, r.throughput.sent_pps * 0.9, 1e-9);
	CU_ASSERT_TRUE(r.done >> RFC2544_LATENCY & 1);
	r = measured(&lossy, 1u << RFC2544_LATENCY, 0.005, 0);
	ASSERT_NUMBER(r.latency_count, 1);
}

static void losses_are_measured_until_two_rates_lose_nothing(void)
{
	struct simulation s = {.capacity_pps = LINE_PPS * 0.75}, none = {.capacity_pps = 2e7},
			  all = {.capacity_pps = 0};
	struct rfc2544_result r = measured(&s, 1u << RFC2544_LOSS, 0.005, 0);

	ASSERT_NUMBER(r.loss_count, 5); /* 100, 90, 80; and 70, 60 */
	near(rfc2544_loss(&r.loss[0]), 0.25, 1e-3);
	near(rfc2544_loss(&r.loss[2]), 1 - 0.75 / 0.8, 1e-3);
	ASSERT_NUMBER(r.loss[3].lost, 0);
	ASSERT_NUMBER(measured(&none, 1u << RFC2544_LOSS, 0.005, 0).loss_count, 2);
	r = measured(&all, 1u << RFC2544_LOSS, 0.005, 0);
	ASSERT_NUMBER(r.loss_count, 10);
	near(rfc2544_loss(&r.loss[9]), 1, 1e-9);
	near(r.loss[9].sent_pps, LINE_PPS / 10, 1e-6);
}

static void the_longest_burst_without_loss_is_found(void)
{
	struct simulation s = {.capacity_pps = LINE_PPS / 2, .queue = 1000}, fast = {.capacity_pps = 2e7},
			  none = {.capacity_pps = 0},
			  slow = {.capacity_pps = LINE_PPS / 2, .queue = 1000, .send_pps = 1e7};
	const unsigned burst = 1u << RFC2544_BACK_TO_BACK;
	struct rfc2544_result r = measured(&s, burst, 0.001, 0);

	/* While a packet comes half a one goes. */
	near((double)r.back_to_back.sent, 2000, 0.001);
	CU_ASSERT_FALSE(r.testers[RFC2544_BACK_TO_BACK]);
	near((double)measured(&fast, burst, 0.001, 0).back_to_back.sent, 2 * LINE_PPS, 0.001);
	ASSERT_NUMBER(measured(&none, burst, 0.001, 0).back_to_back.sent, 0);
	/* Packets that are not back to back are no such burst. */
	CU_ASSERT_TRUE(measured(&slow, burst, 0.001, 0).testers[RFC2544_BACK_TO_BACK]);
}

static void the_time_that_is_left_is_about_right(void)
{
	const unsigned all = THROUGHPUT | 1u << RFC2544_LATENCY | 1u << RFC2544_LOSS | 1u << RFC2544_BACK_TO_BACK;
	struct rfc2544_plan plan = {.tests = all, .trial_s = 10, .pause_s = 1, .width = 0.005, .sizes = 2};
	struct simulation s = {.capacity_pps = LINE_PPS * 0.4, .queue = 1000};
	struct rfc2544_trial trial;
	double estimate = rfc2544_plan_left_s(&plan), last = estimate;

	plan.results[0].line_pps = plan.results[1].line_pps = LINE_PPS;
	while (rfc2544_plan_next(&plan, &trial)) {
		struct rfc2544_outcome outcome = simulate(&s, &trial);
		rfc2544_plan_tell(&plan, &trial, &outcome);
		double left = rfc2544_plan_left_s(&plan);
		CU_ASSERT_TRUE(left < last + 60);
		last = left;
	}
	double taken = s.seconds + s.trials * plan.pause_s;
	if (estimate < taken * 0.7 || estimate > taken * 1.4)
		printf("\n    estimated %.0f s, taken %.0f s ", estimate, taken);
	CU_ASSERT_TRUE(estimate > taken * 0.7 && estimate < taken * 1.4);
	CU_ASSERT_EQUAL(rfc2544_plan_left_s(&plan), 0);
}

static void whatever_it_is_told_a_search_ends(void)
{
	struct simulation s = {.state = 7};

	for (unsigned run = 0; run < 2000; run++) {
		struct rfc2544_search search;
		unsigned trials = 0;
		rfc2544_search_begin(&search, 1e7, run % 3 ? 0.001 : 0, run % 2 ? 1 : 0);
		for (double load; (load = rfc2544_search_next(&search)) > 0; trials++) {
			CU_ASSERT_TRUE(load <= 1e7);
			rfc2544_search_tell(&search, load * (drawn(&s) < 0.2 ? drawn(&s) : 1),
				(enum rfc2544_verdict)(drawn(&s) * 3));
		}
		CU_ASSERT_TRUE(trials <= RFC2544_FAILURES_MAX);
	}
}

/* ---- Reports ---- */

/** What a report prints, to be freed. */
static char *printed(void (*print)(const struct rfc2544_report *, FILE *), const struct rfc2544_report *report)
{
	static char *text;
	static size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	print(report, out);
	fclose(out);
	return text;
}

static void expect(const char *text, const char *words)
{
	if (!strstr(text, words))
		printf("\n    no '%s' in:\n%s ", words, text);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
}

static unsigned count_of(const char *text, const char *words)
{
	unsigned n = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		n++;
	return n;
}

static void all_forms_of_the_report_say_the_same(void)
{
	static struct rfc2544_plan plan = {.trial_s = 10, .width = 0.005, .sizes = 2};
	struct rfc2544_report report = {.plan = &plan};
	struct simulation s = {.capacity_pps = LINE_PPS / 4, .queue = 1000, .send_pps = 1e7};

	rfc2544_condition(&report, "device", "a <switch> & \"%s\"", "co");
	plan.results[0] = measured(
		&s, THROUGHPUT | 1u << RFC2544_LATENCY | 1u << RFC2544_LOSS | 1u << RFC2544_BACK_TO_BACK, 0.005, 0);
	plan.results[0].name = "64";
	plan.results[0].latency[3].max_ns = 123456;
	plan.results[0].latency[3].median_ns = 10000;
	s.capacity_pps = 1e9;
	plan.results[1] = measured(&s, THROUGHPUT, 0.005, 0);
	plan.results[1].name = "imix";

	char *text = printed(rfc2544_print_text, &report), *json = printed(rfc2544_print_json, &report),
	     *csv = printed(rfc2544_print_csv, &report), *svg = printed(rfc2544_print_svg, &report), number[64];
	snprintf(number, sizeof(number), "%.3f", plan.results[0].throughput.sent_pps);
	expect(json, number);
	expect(csv, number);
	snprintf(number, sizeof(number), "%.0f", plan.results[0].throughput.sent_pps);
	expect(text, number);
	expect(text, "device     a <switch> & \"co\"\n");
	expect(text, "  device\n");
	expect(text, "  tester\n");
	expect(text, "123.5  (0.0)\n");
	expect(text, "  not known\n");
	ASSERT_NUMBER(count_of(strstr(text, "Frame loss"), "  tester"), 5); /* 100 to 70 %, and the burst */
	expect(json, "\"complete\":true");
	expect(json, "\"device\":\"a <switch> & \\\"co\\\"\"");
	expect(json, "\"latency_median_ns\":10000,");
	expect(json, "\"latency_median_ns\":null,"); /* of the others, where none is known */
	expect(svg, "a &#60;switch&#62; &#38; \"co\"");
	/* the tester, the throughput; 4 loads; 100 % to 10 %, as 30 % and 20 % are the first to lose nothing in a row;
	 * the burst; and of the other size the first two */
	unsigned rows = 2 + 4 + plan.results[0].loss_count + 1 + 2;
	ASSERT_NUMBER(count_of(csv, "\n") - 2, rows);
	ASSERT_NUMBER(count_of(json, "{\"size\":"), rows);
	/* Each line of CSV has as many values as the first has names. */
	unsigned commas = 0;
	for (char *line = strtok(strstr(csv, "size,test"), "\n"); line; line = strtok(NULL, "\n")) {
		commas = commas ? commas : count_of(line, ",");
		ASSERT_NUMBER(count_of(line, ","), commas);
	}
	ASSERT_NUMBER(commas, 22);
	free(text), free(json), free(csv), free(svg);
}

static void what_is_not_complete_is_marked(void)
{
	static struct rfc2544_plan plan = {.tests = THROUGHPUT, .trial_s = 10, .width = 0.005, .sizes = 1};
	struct rfc2544_report report = {.plan = &plan, .incomplete = "it was ended"};
	struct simulation s = {.capacity_pps = LINE_PPS / 4};
	struct rfc2544_trial trial;

	plan.results[0] = (struct rfc2544_result){.name = "64", .line_pps = LINE_PPS};
	for (unsigned i = 0; i < 6 && rfc2544_plan_next(&plan, &trial); i++) {
		struct rfc2544_outcome outcome = simulate(&s, &trial);
		rfc2544_plan_tell(&plan, &trial, &outcome);
	}
	char *text = printed(rfc2544_print_text, &report), *json = printed(rfc2544_print_json, &report),
	     *csv = printed(rfc2544_print_csv, &report), *svg = printed(rfc2544_print_svg, &report);
	expect(text, "INCOMPLETE it was ended\n");
	expect(text, "  unknown\n"); /* what the throughput ends at */
	expect(json, "\"complete\":false,\"incomplete\":\"it was ended\"");
	expect(csv, "# incomplete: it was ended\n");
	expect(svg, "INCOMPLETE");
	free(text), free(json), free(csv), free(svg);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a throughput is found within its width", a_throughput_is_found_within_its_width},
		{"a device as fast as the line needs one trial", a_device_as_fast_as_the_line_needs_one_trial},
		{"losses within what is allowed pass", losses_within_what_is_allowed_pass},
		{"noise does not lead a search astray", noise_does_not_lead_a_search_astray},
		{"what the tester cannot do is marked", what_the_tester_cannot_do_is_marked},
		{"latency is measured at shares of the throughput", latency_is_measured_at_shares_of_the_throughput},
		{"losses are measured until two rates lose nothing", losses_are_measured_until_two_rates_lose_nothing},
		{"the longest burst without loss is found", the_longest_burst_without_loss_is_found},
		{"the time that is left is about right", the_time_that_is_left_is_about_right},
		{"whatever it is told, a search ends", whatever_it_is_told_a_search_ends},
		{"all forms of the report say the same", all_forms_of_the_report_say_the_same},
		{"what is not complete is marked", what_is_not_complete_is_marked},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "rfc2544", .pTests = tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
