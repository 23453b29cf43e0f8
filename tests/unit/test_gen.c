/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the generator computes: which frames of a capture it sends and when. */
#define app_now_ns test_now_ns
#include "../../apps/gen_capture.c"
#include "../../apps/gen_fields.c"
#include "../../apps/gen_frame.c"
#include "../../apps/gen_headers.c"
#include "../../apps/gen_layers.c"
#include "../../apps/gen_match.c"
#include "../../apps/gen_progress.c"
#include "../../apps/gen_rate.c"
#include "../../apps/gen_reader.c"
#include "../../apps/gen_receive.c"
#include "../../apps/gen_replay.c"
#include "../../apps/gen_schedule.c"
#include "../../apps/gen_send.c"
#include "../../apps/gen_sequence.c"
#include "../../apps/gen_stall.c"
#include "../../apps/gen_stream.c"
#include "../../apps/gen_traffic.c"
#include "../../apps/gen_unique.c"
#include "../../apps/gen_values.c"

#include "unit.h"

static uint64_t now_s = 1000;
uint64_t test_now_ns(void)
{
	return now_s * 1000000000;
}

static void what_has_not_come_is_lost_only_when_overtaken_or_at_the_end(void)
{
	static struct gen_sequence s;
	static const struct gen_sender senders[1];
	static const struct gen_sending sending = {.senders = 1};
	const struct gen_receiver receiver = {.senders = senders, .sending = &sending, .sequences = &s};
	char *text = NULL;
	size_t size = 0;

	gen_sequence_add(&s, 0, 0);
	gen_sequence_add(&s, 5, 0);
	gen_sequence_add(&s, 2, 0);
	struct gen_received received = gen_received(&receiver, 1);
	ASSERT_NUMBER(received.missed, 3);
	for (unsigned end = 0; end < 2; end++) {
		FILE *out = open_memstream(&text, &size);
		gen_received_print(&received, out, true, end, 10);
		fclose(out);
		const char *wanted = end ? ",\"own\":3,\"in_flight\":0,\"echo\":true,\"lost\":7,"
					 : ",\"own\":3,\"in_flight\":4,\"echo\":true,\"lost\":3,";
		if (strncmp(text, wanted, strlen(wanted)) != 0) {
			printf("%s\n", text);
			CU_FAIL("other numbers were wanted");
		}
		free(text);
	}
}

static void rates_are_packets_bits_or_percent(void)
{
	static const struct {
		const char *text;
		double value;
		enum gen_rate_unit unit;
	} good[] = {
		{"1Mpps", 1e6, GEN_RATE_PACKETS},
		{"14.88M", 14.88e6, GEN_RATE_PACKETS},
		{"500kpps", 5e5, GEN_RATE_PACKETS},
		{"1000", 1000, GEN_RATE_PACKETS},
		{"10Gbit", 1e10, GEN_RATE_BITS},
		{"2.5Gbit/s", 2.5e9, GEN_RATE_BITS},
		{"100Mbps", 1e8, GEN_RATE_BITS},
		{"50%", 50, GEN_RATE_PERCENT},
		{"100%", 100, GEN_RATE_PERCENT},
		{".5%", 0.5, GEN_RATE_PERCENT},
		{"10Gpps", 1e10, GEN_RATE_PACKETS},
	};
	static const char *const bad[] = {"", "0", "0%", "101%", "-1M", "1Mfoo", "M", "%", "fast", "1 Mpps", "0x1M",
		"1e999", "nan", "inf", ".", ".%", "1e-9", "1e30pps", "1e30", "10G", ".5G", "1000M"};
	struct gen_rate rate;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		rate = (struct gen_rate){0};
		CU_ASSERT_PTR_NULL(gen_rate_parse(good[i].text, &rate));
		CU_ASSERT_DOUBLE_EQUAL(rate.value, good[i].value, 1e-6 * good[i].value);
		CU_ASSERT_EQUAL(rate.unit, good[i].unit);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!gen_rate_parse(bad[i], &rate))
			CU_FAIL("a wrong rate was taken");
	CU_ASSERT_PTR_NOT_NULL(strstr(gen_rate_parse("10G", &rate), "packets or bits"));
}

static void line_rate_of_small_packets_is_14_88_mpps(void)
{
	struct gen_rate percent = {100, GEN_RATE_PERCENT}, bits = {1e10, GEN_RATE_BITS}, none = {0, GEN_RATE_UNLIMITED};

	CU_ASSERT_DOUBLE_EQUAL(3e9 / gen_rate_gap(&percent, 60, 10000, 3e9), 14880952.38, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(3e9 / gen_rate_gap(&bits, 1514, 10000, 3e9), 812743.82, 0.01);
	CU_ASSERT_DOUBLE_EQUAL(gen_rate_gap(&none, 60, 10000, 3e9), 0, 0);
}

static void schedules_pace_and_catch_up_within_limits(void)
{
	struct gen_schedule s = {0};
	struct gen_rate rate = {1e6, GEN_RATE_PACKETS};
	double us = app_tsc_hz() / 1e6;

	s.bytes = 60;
	gen_schedule_pace(&s, &rate, 10000);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 0, 32), 1);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 0.5 * us, 32), 0);
	CU_ASSERT_DOUBLE_EQUAL(gen_schedule_wait(&s, 0.5 * us) / us, 0.5, 1e-6);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 10.5 * us, 32), 10);
	CU_ASSERT_EQUAL(gen_schedule_due(&s, 5000.5 * us, 10000), 4990);
	ASSERT_NUMBER(s.given_up_cycles, 0);
	unsigned late = gen_schedule_due(&s, 1e6 * us, 100000); /* a second: only 10 ms are made up for */
	CU_ASSERT_TRUE(late >= 9999 && late <= 10002);
	CU_ASSERT_DOUBLE_EQUAL((double)s.given_up_cycles / us, 1e6 - 5001 - 10000, 1);
	/* From here on a tenth as fast: a frame in 10 us; 10 ms are still all that is made up for. */
	gen_schedule_set_speed(&s, 1e6 * us, 0.1);
	s.given_up_cycles = s.held_up_cycles = 0;
	late = gen_schedule_due(&s, (1e6 + 95) * us, 100);
	CU_ASSERT_TRUE(late >= 9 && late <= 10);
	late = gen_schedule_due(&s, 2e6 * us, 100000);
	CU_ASSERT_TRUE(late >= 999 && late <= 1002);
	CU_ASSERT_DOUBLE_EQUAL((double)s.given_up_cycles / us, 1e5 - 1000, 100);
	CU_ASSERT_DOUBLE_EQUAL((double)s.held_up_cycles / us, 1e6 - 10000, 1000);
	s.next_due = 1e30;
	CU_ASSERT_DOUBLE_EQUAL(gen_schedule_wait(&s, 0), GEN_WAIT_MAX, 0);
}

static void what_the_card_pads_takes_its_time_on_the_wire(void)
{
	for (unsigned bytes = 42; bytes <= 60; bytes += 18) {
		struct gen_schedule s = {.bytes = bytes};
		gen_schedule_pace(&s, &(struct gen_rate){1e8, GEN_RATE_BITS}, 10000);
		CU_ASSERT_DOUBLE_EQUAL(app_tsc_hz() / s.gap, 148809.52, 0.01);
	}
}

static struct app_options app_options;
static struct app app;
static struct gen_traffic t;

/* One queue, and ports that are as the test says. */
static void traffic_without_ports(void)
{
	app_options = (struct app_options){.quiet = true, .queues = 1};
	app = (struct app){.options = &app_options};
	memset(&t, 0, sizeof(t));
	t.app = &app;
	t.target.schedule = &t.schedule;
	t.sending.on = true;
	t.sending.senders = 1;
}

static void rates_in_percent_follow_the_link(void)
{
	static const struct {
		struct nic_link link;
		double speed;
	} changes[] = {{{.up = true, .mbps = 1000}, 0.1}, {{.up = false}, 0.1}, {{.up = true, .mbps = 10000}, 1},
		{{.up = true, .mbps = 100}, 0.01}};

	for (unsigned percent = 0; percent < 2; percent++) {
		const struct gen_trial trial = {
			.rate = {percent ? 50 : 1e6, percent ? GEN_RATE_PERCENT : GEN_RATE_PACKETS}};
		traffic_without_ports();
		app.ports[0].link = (struct nic_link){.up = true, .mbps = 10000};
		t.schedule.bytes = 60;
		gen_traffic_begin(&t, &trial);
		CU_ASSERT_DOUBLE_EQUAL(app_tsc_hz() / t.schedule.gap, percent ? 7440476.19 : 1e6, 1);
		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
			app.ports[0].link = changes[i].link;
			CU_ASSERT_FALSE(gen_traffic_look(&t));
			CU_ASSERT_DOUBLE_EQUAL(t.sending.speed, percent ? changes[i].speed : 1, 1e-9);
			/* the sender takes it over, and is not late for it */
			t.senders[0].schedule.next_due = 1e18;
			CU_ASSERT_FALSE(prepare_burst(&t.senders[0], 1000 * i));
			CU_ASSERT_DOUBLE_EQUAL(t.senders[0].schedule.speed, t.sending.speed, 0);
		}
	}
}

static void a_sender_that_starts_late_was_without_its_cpu(void)
{
	const uint64_t second = (uint64_t)app_tsc_hz();

	traffic_without_ports();
	t.sending.away_limit = second / 1000;
	for (unsigned late = 0; late < 2; late++) {
		t.sending.begun_tsc = app_tsc() - (late ? second : 0);
		t.sending.start_tsc = 0;
		CU_ASSERT_EQUAL(gen_traffic_progress(&t, false).seconds, 0);
		start(&t.sending, t.sending.begun_tsc + (late ? second : second / 1000));
		ASSERT_NUMBER(t.sending.start_tsc - t.sending.begun_tsc, late ? 0 : second / 1000);
	}
	CU_ASSERT_TRUE(gen_traffic_progress(&t, false).seconds >= 1);
}

/* The transmit ring is full: with a link, a count is waited for in vain after 5 s in which nothing was sent. */
static void a_card_that_sends_nothing_is_not_waited_for(void)
{
	traffic_without_ports();
	app.ports[0].link = (struct nic_link){.up = true, .mbps = 10000};
	for (unsigned counted = 0; counted < 2; counted++) {
		t.trial.count = counted;
		for (unsigned i = 0; i < 40; i++, now_s++) {
			app_add(&app.ports[0].queues[0].counters.sent, i < 10); /* it sends */
			if (i == 10 || i == 20)
				app.ports[0].link.up = i == 20; /* the link is down */
			if (i != 24) /* for a moment the ring had room, but nothing was due */
				app_add(&t.senders[0].ring_full_cycles, 1);
			ASSERT_NUMBER(gen_traffic_look(&t), counted && i >= 29);
			ASSERT_NUMBER(t.stall.ended, counted && i >= 29);
		}
		app_add(&app.ports[0].queues[0].counters.sent, 1);
	}
}

/* What is told of a second at 1 Mpps of which a tenth was given up. */
static void causes_of_missed_rates_are_what_took_the_time(void)
{
	struct gen_schedule s = {0};
	struct gen_progress from = {0}, to = {.seconds = 1, .clock_s = 1};
	uint64_t tenth = (uint64_t)(app_tsc_hz() / 10);
	const struct {
		uint64_t full, away, frames;
		unsigned mbps;
		double down_s;
		const char *cause;
		unsigned slower; /* the schedule's clock, so many times */
	} cases[] = {
		{0, 0, 900000, 10000, 0, "\"cpu\"", 1}, {0, tenth, 900000, 10000, 0, "\"cpu_lost\"", 1},
		{tenth, 0, 900000, 10000, 0, "\"tx_ring_full\"", 1}, {tenth, 0, 900000, 671, 0, "\"line_rate\"", 1},
		{tenth, 0, 800000, 671, 0, "\"tx_ring_full\"", 1}, /* the line is not full either */
		{tenth, 0, 900000, 673, 0, "\"tx_ring_full\"", 1},
		{tenth, tenth, 900000, 10000, 0.1, "\"link_down\"", 1},
		{tenth, 0, 900000, 10000, 0.06, "\"link_down\"", 1},
		{tenth, 0, 900000, 10000, 0.04, "\"tx_ring_full\"", 1},
		{tenth / 4, tenth / 2, 900000, 10000, 0, "\"cpu_lost\"", 1},
		{tenth / 3, 0, 900000, 10000, 0, "\"cpu\"", 10}, {0, tenth, 900000, 10000, 0, "\"capture_read\"", 1},
		{tenth, 0, 900000, 10000, 0, "null", 1000000}, /* not one packet was given up */
	};

	s.bytes = 60;
	gen_schedule_pace(&s, &(struct gen_rate){1e6, GEN_RATE_PACKETS}, 10000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gen_target target = {
			.schedule = &s, .has_rate = true, .clock_speed = 1, .link_mbps = cases[i].mbps};
		char *text = NULL, wanted[400];
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		unsigned slower = cases[i].slower;
		to.given_up_cycles = tenth / slower;
		to.held_up_cycles = tenth;
		to.frames = cases[i].frames;
		to.ring_full_cycles = cases[i].full;
		to.cpu_lost_cycles = cases[i].away;
		to.unread_cycles = strstr(cases[i].cause, "capture_read") ? tenth : 0;
		to.link_down_s = cases[i].down_s;
		gen_progress_print(&target, &from, &to, out, true);
		fclose(out);
		snprintf(wanted, sizeof(wanted),
			",\"asked_pps\":1000000.000,\"asked_framed_gbit_s\":0.672000,\"achieved_pps\":%.3f,\"achieved_"
			"framed_gbit_s\":%.6f,\"given_up\":%u,\"held_up_s\":0.100000,\"limited_by\":%s",
			(double)cases[i].frames, (double)cases[i].frames * 672e-9, 100000 / slower, cases[i].cause);
		if (strcmp(text, wanted) != 0) {
			printf("\n%s\n%s\n", text, wanted);
			CU_FAIL("another report was wanted");
		}
		free(text);
	}
}

/* What progress() says of a time in which the link was down at its beginning: no look after it is needed. */
static void time_without_a_link_is_told_of_every_interval(void)
{
	struct gen_schedule s = {0};
	struct gen_target target = {.schedule = &s, .clock_speed = 1, .link_mbps = 10000};
	struct gen_progress from, to;
	char *text = NULL;
	size_t size = 0;

	traffic_without_ports();
	t.sending.on = false;
	t.target.clock_speed = 1;
	gen_traffic_progress(&t, false);
	for (unsigned i = 1; i < 4; i++) {
		from = gen_traffic_progress(&t, false);
		t.sending.ended_at = i * (uint64_t)app_tsc_hz();
		app.ports[0].link.up = i >= 2;
		to = gen_traffic_progress(&t, false);
		CU_ASSERT_DOUBLE_EQUAL(to.link_down_s - from.link_down_s, i < 3, 1e-6);
		FILE *out = open_memstream(&text, &size);
		gen_progress_print(&target, &from, &to, out, false);
		fclose(out);
		CU_ASSERT_STRING_EQUAL(text, i < 3 ? "generator: the link was down for 1.000 s\n" : "");
		free(text);
	}
	/* a cause that has not all of what was given up is not told as if it had */
	s.bytes = 60;
	gen_schedule_pace(&s, &(struct gen_rate){1e6, GEN_RATE_PACKETS}, 10000);
	target.has_rate = true;
	from = to = (struct gen_progress){0};
	to.seconds = to.clock_s = 1;
	to.given_up_cycles = to.held_up_cycles = (uint64_t)app_tsc_hz() / 10;
	to.link_down_s = 0.06;
	FILE *out = open_memstream(&text, &size);
	gen_progress_print(&target, &from, &to, out, false);
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "; 100000 given up, mostly: the link was down\n"));
	free(text);
	/* a wait for the link when all is in the ring is of no schedule */
	to.given_up_cycles = to.held_up_cycles = 0;
	to.waited = true;
	out = open_memstream(&text, &size);
	gen_progress_print(&target, &from, &to, out, false);
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " of 1e+06 asked; 0 given up: the link was down\n"));
	free(text);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"what has not come is lost only when overtaken, or at the end",
			what_has_not_come_is_lost_only_when_overtaken_or_at_the_end},
		{"rates are packets, bits or percent", rates_are_packets_bits_or_percent},
		{"line rate of small packets is 14.88 Mpps", line_rate_of_small_packets_is_14_88_mpps},
		{"schedules pace and catch up within limits", schedules_pace_and_catch_up_within_limits},
		{"what the card pads takes its time on the wire", what_the_card_pads_takes_its_time_on_the_wire},
		{"rates in percent follow the link", rates_in_percent_follow_the_link},
		{"a sender that starts late was without its CPU", a_sender_that_starts_late_was_without_its_cpu},
		{"a card that sends nothing is not waited for", a_card_that_sends_nothing_is_not_waited_for},
		{"causes of missed rates are what took the time", causes_of_missed_rates_are_what_took_the_time},
		{"time without a link is told of every interval", time_without_a_link_is_told_of_every_interval},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "generator", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
