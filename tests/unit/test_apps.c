/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of what the applications compute: values of options, rates, JSON. */
#include "../../apps/app_args.c"
#include "../../apps/app_base.c"
#include "../../apps/app_cpu.c"
#include "../../apps/app_figures.c"
#include "../../apps/app_output.c"
#include "../../apps/app_parse.c"
#include "../../apps/app_placement.c"

/* So many notes has a port, each its number. */
static uint64_t noted;
static unsigned note_of(uint64_t *next, struct nic_note *note)
{
	if (*next == noted)
		return 0;
	*note = (struct nic_note){.time_ns = app_now_ns()};
	snprintf(note->text, sizeof(note->text), "note %llu", (unsigned long long)(*next)++);
	return 1;
}
#define nic_get_notes(nic, next, notes, n) ((void)(nic), note_of(next, notes))

/* What serving a port says; nothing has happened. */
static int served;
#define nic_service(nic, events) (*(events) = 0, (void)(nic), served)

/* A card on which something happens between any two looks at its counters. */
static struct nic_stats counted;
static int count_on(struct nic_stats *stats)
{
	counted.rx_packets += 1000;
	counted.rx_bytes += 60000;
	counted.rx_missed += 10;
	counted.tx_packets += 100;
	counted.tx_bytes += 6000;
	*stats = counted;
	return 0;
}
#define nic_get_stats(nic, stats) count_on(stats)

/* Each wait for links brings a note, as long as there are any; all are up after the last. */
static struct {
	uint64_t notes;
	const char *state;
	char *told; /* what was said until now */
	unsigned late;
} waits;
static int wait_once(unsigned *missing)
{
	char text[32];

	snprintf(text, sizeof(text), "note %llu\n", (unsigned long long)noted - 1);
	fflush(stderr);
	waits.late += noted > 1 && !strstr(waits.told, text);
	*missing = 0;
	if (noted == waits.notes)
		return waits.state ? -ETIMEDOUT : 0;
	noted++;
	return -ETIMEDOUT;
}
static int link_of(struct nic_link *link)
{
	*link = (struct nic_link){.up = !waits.state && noted == waits.notes};
	snprintf(link->state, sizeof(link->state), "%s", waits.state ? waits.state : "");
	return 0;
}
#define nic_wait_links(nics, count, ms, missing) ((void)(nics), (void)(ms), wait_once(missing))
#define nic_get_link(nic, link)                  ((void)(nic), link_of(link))
#include "../../apps/app_links.c"
#include "../../apps/app_ports.c"
#include "../../apps/app_queues.c"
#include "../../apps/app_sample.c"
#include "../../apps/app_stats.c"
#undef nic_get_link
#undef nic_wait_links
#undef nic_get_stats
#undef nic_service
#undef nic_get_notes

#include "unit.h"

#include <sys/resource.h>
#include <sys/wait.h>

static void counts_have_suffixes_and_ranges(void)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {{"1", 1}, {"100", 100}, {"64k", 64000}, {"1.5M", 1500000}, {"2G", 2000000000}, {"1e3", 1000}};
	static const char *const bad[] = {
		"", "x", "-1", "+1", " 1", "1 ", "0", "0x10", "1.5", "inf", "nan", "1kk", "1m", "1e300", "3G"};
	uint64_t value;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		value = 0;
		CU_ASSERT_TRUE(app_parse_count(good[i].text, 1, 2000000000, &value));
		CU_ASSERT_EQUAL(value, good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = 77;
		if (app_parse_count(bad[i], 1, 2000000000, &value) || value != 77)
			CU_FAIL("a wrong count was taken");
	}
	CU_ASSERT_TRUE(app_parse_count("9007199254740992", 1, UINT64_MAX, &value));
	CU_ASSERT_EQUAL(value, UINT64_C(1) << 53);
	CU_ASSERT_TRUE(app_parse_count("9007199254740991", 1, UINT64_MAX, &value));
	CU_ASSERT_EQUAL(value, (UINT64_C(1) << 53) - 1);
}

static void counts_with_a_point_are_exact(void)
{
	static const char *const bad[] = {"1.0001k", "1.0000001M", "0.9999999k", "4.0000000001G", "1000.000001"};
	uint64_t value = 0, wrong = 0;
	char text[32];

	for (uint64_t n = 1; n < 200000; n++) {
		snprintf(text, sizeof(text), "%u.%03uk", (unsigned)n / 1000, (unsigned)n % 1000);
		wrong += !app_parse_count(text, 1, UINT64_MAX, &value) || value != n;
		snprintf(text, sizeof(text), "%u.%09uG", (unsigned)n, (unsigned)(999999937 * n % 1000000000));
		wrong += !app_parse_count(text, 1, UINT64_MAX, &value) ||
			 value != n * 1000000000 + 999999937 * n % 1000000000;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (app_parse_count(bad[i], 1, UINT64_MAX, &value))
			CU_FAIL("a wrong count was taken");
}

static void seconds_take_fractions(void)
{
	double s = 0;

	CU_ASSERT_TRUE(app_parse_seconds("0.5", 0, 10, &s));
	CU_ASSERT_DOUBLE_EQUAL(s, 0.5, 0);
	CU_ASSERT_TRUE(app_parse_seconds(".25", 0, 10, &s));
	CU_ASSERT_DOUBLE_EQUAL(s, 0.25, 0);
	CU_ASSERT_TRUE(app_parse_seconds("10s", 0, 10, &s));
	CU_ASSERT_DOUBLE_EQUAL(s, 10, 0);
	CU_ASSERT_FALSE(app_parse_seconds("10.1", 0, 10, &s));
	CU_ASSERT_FALSE(app_parse_seconds("-1", 0, 10, &s));
	CU_ASSERT_FALSE(app_parse_seconds("1x", 0, 10, &s));
	CU_ASSERT_DOUBLE_EQUAL(s, 10, 0);
}

static void mac_addresses_are_taken_whole_or_not(void)
{
	static const char *const bad[] = {"", "02:00:00:00:00", "02:00:00:00:00:1", "02:00:00:00:00:0g",
		"02-00-00-00-00-01", "02:00:00:00:00:01:", "+2:00:00:00:00:01"};
	uint8_t mac[6] = {9, 9, 9, 9, 9, 9};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (app_parse_mac(bad[i], mac))
			CU_FAIL("a wrong address was taken");
	CU_ASSERT_EQUAL(mac[0], 9);
	CU_ASSERT_TRUE(app_parse_mac("02:aB:cd:00:7f:ff", mac));
	CU_ASSERT_EQUAL(memcmp(mac, (uint8_t[]){0x02, 0xab, 0xcd, 0, 0x7f, 0xff}, 6), 0);
}

static void speeds_are_named_or_not(void)
{
	static const char *const bad[] = {
		"", ",", "1G,", ",1G", "1", "1000", "40G", "1G;10G", "1G 10G", "10", "2.5", "1Gx"};
	uint32_t speeds = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (app_parse_speeds(bad[i], &speeds))
			CU_FAIL("a wrong list of speeds was taken");
	CU_ASSERT_EQUAL(speeds, 77);
	CU_ASSERT_TRUE(app_parse_speeds("2.5g", &speeds));
	CU_ASSERT_EQUAL(speeds, NIC_SPEED_2_5G);
	CU_ASSERT_TRUE(app_parse_speeds("10M,100m,1G,1G,5G,10G", &speeds));
	CU_ASSERT_EQUAL(speeds, (NIC_SPEED_10M | NIC_SPEED_100M | NIC_SPEED_1G | NIC_SPEED_5G | NIC_SPEED_10G));
}

static void cpu_lists_have_ranges(void)
{
	static const char *const bad[] = {
		"", ",", "1,", "1-", "-1", "3-1", "x", "1 2", "1024", "0-16", "99999999999999999999"};
	unsigned cpus[16], count = 0;

	CU_ASSERT_TRUE(app_parse_cpus("2,4-6", cpus, 16, &count));
	CU_ASSERT_EQUAL(count, 4);
	CU_ASSERT_EQUAL(memcmp(cpus, (unsigned[]){2, 4, 5, 6}, 4 * sizeof(*cpus)), 0);
	CU_ASSERT_TRUE(app_parse_cpus("0-15", cpus, 16, &count));
	CU_ASSERT_EQUAL(count, 16);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (app_parse_cpus(bad[i], cpus, 16, &count))
			CU_FAIL("a wrong list was taken");
}

static void rates_count_framing_separately(void)
{
	struct app_port_sample from = {.card = {.rx_packets = 100, .rx_bytes = 6000}}, to = from;

	to.card.rx_packets += 29761904;
	to.card.rx_bytes += UINT64_C(29761904) * 60;
	struct port_report r = compare(&from, &to, 2);
	CU_ASSERT_DOUBLE_EQUAL(r.rx.mpps, 14.880952, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(r.rx.gbit, 7.142857, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(r.rx.framed_gbit, 10.0, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL(r.tx.mpps, 0, 0);
	r = compare(&from, &to, 0);
	CU_ASSERT_DOUBLE_EQUAL(r.rx.mpps, 0, 0);
	r = compare(&to, &from, 2); /* a counter that shrinks is no rate of 2^64 */
	CU_ASSERT_DOUBLE_EQUAL(r.rx.mpps, 0, 0);
}

static void empty_share_is_between_samples(void)
{
	struct app_port_sample from = {.own = {.busy_polls = 10, .empty_polls = 1000}},
			       to = {.own = {.busy_polls = 40, .empty_polls = 1010}};

	CU_ASSERT_DOUBLE_EQUAL(compare(&from, &to, 1).empty_poll_share, 0.25, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(compare(&from, &from, 1).empty_poll_share, 0, 0);
}

static void counters_are_named_after_what_they_count(void)
{
	struct app_port_sample from = {0}, to = {.card.rx_missed = 1,
						   .card.rx_no_descriptor = 2,
						   .card.rx_errors = 3,
						   .card.rx_bad_packets = 4,
						   .own.rx_broken = 5,
						   .own.tx_ring_full = 6,
						   .card.tx_bad_packets = 7,
						   .card.rx_left = 8,
						   .own.in_hand = 9,
						   .card.tx_unsent = 10};
	const struct port_report grown = compare(&from, &to, 1), shrunk = compare(&to, &from, 1);
	static const char *const names[] = {"rx_missed", "rx_no_descriptor", "rx_errors", "rx_bad_packets", "rx_broken",
		"tx_ring_full", "tx_bad_packets", "rx_left", "in_hand", "tx_unsent"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct app_figure *f = i < 7 ? dropped : not_handed_on;
		while (f[1].key && strcmp(f->key, names[i]) != 0)
			f++;
		CU_ASSERT_EQUAL(app_figure_count(f, &grown.grown), i + 1);
		CU_ASSERT_EQUAL(app_figure_count(f, &shrunk.grown), 0);
	}
	/* one sum of all that ports drop, whatever the cause */
	static struct app app = {.port_count = 2};
	app.latest.ports[0] = app.latest.ports[1] = to;
	CU_ASSERT_EQUAL(app_dropped(&app), 2 * (1 + 2 + 3 + 4 + 5 + 6 + 7));
}

/* A table with all that a figure may be. */
struct all_kinds {
	uint64_t count, none;
	double real, share, unknown;
	bool flag;
	const char *words, *no_words;
	char chars[8];
};
#define FIGURE(member) APP_FIGURE(struct all_kinds, member)
static const struct app_figure all_kinds[] = {
	{"count", "%llu packets", FIGURE(count)},
	{"none", "%llu lost", FIGURE(none), APP_ZERO_IS_NOTHING},
	{NULL, "%llu more", FIGURE(none)},
	{"real", "%.1f each", FIGURE(real), .decimals = 3},
	{"share", "%.0f %%", FIGURE(share), .decimals = 2, .scale = 100},
	{"unknown", "%.1f of them", FIGURE(unknown), APP_ZERO_IS_UNKNOWN, .decimals = 1},
	{"flag", NULL, FIGURE(flag)},
	{"words", "by %s", FIGURE(words)},
	{"no_words", "and %s", FIGURE(no_words), APP_ZERO_IS_UNKNOWN},
	{"chars", "in %s", FIGURE(chars), APP_ZERO_IS_UNKNOWN},
	{0},
};
#undef FIGURE

static void text_and_json_come_from_one_table(void)
{
	const struct all_kinds values = {
		.count = 7, .real = 1.25, .share = 0.5, .flag = true, .words = "a \"quoted\" one", .chars = "ring"};
	const struct all_kinds zeros = {.words = ""};
	static const char *const wanted[] = {
		"{\"count\":7,\"none\":0,\"real\":1.250,\"share\":0.50,\"unknown\":null,\"flag\":true,"
		"\"words\":\"a \\\"quoted\\\" one\",\"no_words\":null,\"chars\":\"ring\"",
		"{\"count\":0,\"none\":0,\"real\":0.000,\"share\":0.00,\"unknown\":null,\"flag\":false,"
		"\"words\":\"\",\"no_words\":null,\"chars\":null",
		"says 7 packets, 0 more, 1.2 each, 50 %, by a \"quoted\" one, in ring",
		"says 0 packets, 0 more, 0.0 each, 0 %, by ",
	};

	for (unsigned i = 0; i < 4; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		if (i < 2)
			app_figures_json(out, "{", all_kinds, i ? &zeros : &values);
		else
			ASSERT_NUMBER(app_figures_text(out, "says ", ", ", all_kinds, i > 2 ? &zeros : &values),
				i > 2 ? 5 : 6);
		fclose(out);
		if (strcmp(text, wanted[i]) != 0) {
			fprintf(stderr, "\n%s\n%s\n", text, wanted[i]);
			CU_FAIL("other figures were wanted");
		}
		free(text);
	}
}

/* What a program prints of a port that counts on between any two looks: twice in a run, and at its end. */
static char *report_of(bool json)
{
	static struct app app;
	static struct app_options options;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size), *before = stdout;

	memset(&counted, 0, sizeof(counted));
	options = (struct app_options){.json = json, .queues = 1, .addresses = {"here"}};
	app = (struct app){.options = &options, .port_count = 1, .text_out = out};
	if (json)
		stdout = out;
	app_take_sample(&app, &app.at_open); /* the first 1000 packets, beside 10 that were missed */
	app.start_ns = app_now_ns();
	app.any_interval = true;
	for (unsigned i = 0; i < 2; i++) {
		noted = i + 1;
		app_take_sample(&app, &app.latest);
		app.latest.ns = app.start_ns + (i + 1) * 100000000;
		print_report(&app, false, NULL);
	}
	noted = 3;
	app.end_ns = app.start_ns + 400000000;
	app_print_totals(&app, NULL);
	fclose(out);
	stdout = before;
	return text;
}

static void totals_begin_with_the_port_and_are_the_sum_of_the_intervals(void)
{
	unsigned long long packets, sum = 0, total = 0, missed = 0;
	char *text = report_of(true);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		CU_ASSERT_EQUAL(sscanf(strstr(line, "\"rx_packets\":"), "\"rx_packets\":%llu", &packets), 1);
		if (strstr(line, "\"interval\""))
			sum += packets;
		else
			total = packets;
		CU_ASSERT_EQUAL(
			sscanf(strstr(line, "\"rx_missed_starting\":"), "\"rx_missed_starting\":%llu", &missed), 1);
	}
	CU_ASSERT_EQUAL(total, 4000);
	CU_ASSERT_EQUAL(sum, 4000);
	CU_ASSERT_EQUAL(missed, 10);
	free(text);
	text = report_of(false);
	if (!strstr(text, "rx 4000 packets 240000 bytes, tx 400 packets 24000 bytes\n    mean  rx  10.000 kpps ") ||
		!strstr(text, "dropped: rx ring full 40 (10 of them while the program started)")) {
		fprintf(stderr, "\n%s\n", text);
		CU_FAIL("other totals were wanted");
	}
	free(text);
}

/* Each note is in one interval, and all are in the total. Text has them as they come, and says whose link is down. */
static void reports_have_the_link_and_its_notes(void)
{
	char *text = report_of(true);
	static const char *const wanted[] = {"[{note 0}]", "[{note 1}]", "[{note 2}]", "[{note 0},{note 1},{note 2}]"};
	unsigned lines = 0;

	for (char *line = strtok(text, "\n"); line && lines < 4; line = strtok(NULL, "\n"), lines++) {
		char got[128] = "[";
		CU_ASSERT_PTR_NOT_NULL(strstr(line, ",\"link_up\":false,\"link_mbps\":0,\"link_state\":\"\","));
		for (const char *at = line; (at = strstr(at, "\"text\":\"note ")) != NULL; at++)
			snprintf(
				got + strlen(got), sizeof(got) - strlen(got), "%s{note %c}", got[1] ? "," : "", at[13]);
		strcat(got, "]");
		CU_ASSERT_STRING_EQUAL(got, wanted[lines]);
	}
	CU_ASSERT_EQUAL(lines, 4);
	free(text);
	text = report_of(false);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n    link down\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "note 0"));
	free(text);
}

/* What a program says that waits so long for a link, of which there are so many notes; and whether there is a link. */
static char *said_waiting_at(uint32_t speeds, uint64_t notes, double limit_s, const char *state, bool *good)
{
	static struct app_options options;
	struct app app = {.options = &options, .port_count = 1, .text_out = stderr};
	FILE *before = stderr;
	size_t size;

	options = (struct app_options){.queues = 1, .addresses = {"here"}, .link_wait_s = limit_s, .speeds = speeds};
	waits.notes = notes;
	waits.state = state;
	waits.late = 0;
	noted = 1;
	stderr = open_memstream(&waits.told, &size);
	fflush(stderr);
	*good = app_wait_for_links(&app);
	fclose(stderr);
	stderr = before;
	return waits.told;
}

static char *said_waiting(uint64_t notes, double limit_s, const char *state, bool *good)
{
	return said_waiting_at(0, notes, limit_s, state, good);
}

static void a_wait_for_links_tells_each_note_as_it_comes(void)
{
	bool good;
	char *text = said_waiting(3, 10, NULL, &good);

	CU_ASSERT_TRUE(good);
	CU_ASSERT_STRING_EQUAL(text, "note: here: note 0\nnote: here: note 1\nnote: here: note 2\n");
	ASSERT_NUMBER(waits.late, 0);
	free(text);
	/* those of the start, too, if the link is there at once */
	text = said_waiting(1, 10, NULL, &good);
	CU_ASSERT_STRING_EQUAL(text, "note: here: note 0\n");
	free(text);
}

static void advice_does_not_contradict_what_is_known_of_a_link(void)
{
	static const struct {
		const char *state, *said;
	} cases[] = {
		{"no module in the cage",
			"test_apps: here: no link after 0.001 s: no module in the cage; unless that is the reason, "
			"check the cable and the other end; --link-wait 0.003 waits longer, --link-wait 0 starts "
			"without it\n"},
		{"", "test_apps: here: no link after 0.001 s; check the cable and the other end; --link-wait 0.003 "
		     "waits longer, --link-wait 0 starts without it\n"},
	};
	bool good = true;

	for (unsigned i = 0; i < 2; i++) {
		char *text = said_waiting(1, 0.001, cases[i].state, &good);
		CU_ASSERT_FALSE(good);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, cases[i].said));
		free(text);
	}
	/* where --speed may be why, it is named */
	char *text =
		said_waiting_at(NIC_SPEED_1G, 1, 0.001, "1000BASE-SX, but the configuration forbids its speed", &good);
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
		"; unless that is the reason, check the cable and the other end; --speed must leave a speed that "
		"the module and both ends have; "));
	free(text);
}

static void a_refused_register_does_not_end_a_program_but_is_no_success(void)
{
	static struct app_options options = {.queues = 1, .addresses = {"here"}};
	struct app app = {.options = &options, .port_count = 1, .text_out = stderr};

	served = 0;
	CU_ASSERT_TRUE(app_service(&app));
	CU_ASSERT_TRUE(app_stop_ports(&app));
	served = -EIO;
	CU_ASSERT_TRUE(app_service(&app));
	served = 0;
	CU_ASSERT_TRUE(app_service(&app));
	CU_ASSERT_FALSE(app_stop_ports(&app));
	served = -ENODEV;
	CU_ASSERT_FALSE(app_service(&app));
}

static void units_scale(void)
{
	static const struct {
		double value;
		const char *prefix;
		double unit;
	} cases[] = {{0, "", 1}, {0.5, "", 1}, {999, "", 1}, {999.9996, "k", 1e3}, {1000, "k", 1e3},
		{14.88e6, "M", 1e6}, {999999499, "M", 1e6}, {1e10, "G", 1e9}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *prefix;
		CU_ASSERT_EQUAL(scale(cases[i].value, &prefix), cases[i].unit);
		CU_ASSERT_STRING_EQUAL(prefix, cases[i].prefix);
	}
}

static void json_strings_are_escaped(void)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"", "\"\""},
		{"vfio-user:/tmp/a", "\"vfio-user:/tmp/a\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
		{"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
		{"\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff"
		 "b",
			"\"a\\ufffdb\""},
		{"\xc3", "\"\\ufffd\""},
		{"\xe2\x82", "\"\\ufffd\\ufffd\""},
		{"\xc0\xaf", "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
		{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		app_json_string(out, cases[i].text);
		fclose(out);
		if (strcmp(text, cases[i].json) != 0) {
			fprintf(stderr, "\n%zu: %s\n", i, text);
			CU_FAIL("escaped otherwise");
		}
		free(text);
	}
}

static void frames_of_several_handles_are_counted_and_kept_whole(void)
{
	struct pkt pkts[6] = {{.flags = 0}, {.flags = PKT_MORE}, {.flags = PKT_MORE}, {.flags = 0}, {.flags = PKT_MORE},
		{.flags = PKT_MORE}};

	CU_ASSERT_EQUAL(app_frames(pkts, 4), 2);
	CU_ASSERT_EQUAL(app_whole(pkts, 6), 4);
	CU_ASSERT_EQUAL(app_whole(pkts, 4), 4);
	CU_ASSERT_EQUAL(app_whole(pkts, 3), 1);
	CU_ASSERT_EQUAL(app_whole(pkts + 1, 2), 0);
	CU_ASSERT_EQUAL(app_whole(pkts, 0), 0);
}

/* How a program ends that gets the signal twice, so many milliseconds apart. */
static int status_after_two(int number, unsigned ms)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		signal(number, SIG_DFL); /* nohup may have started the tests */
		app_catch_signals();
		raise(number);
		nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
		raise(number);
		_exit(app_stopping() ? 0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	return status;
}

static void a_signal_sent_twice_at_once_is_one(void)
{
	CU_ASSERT_EQUAL(status_after_two(SIGTERM, 0), 0);
	CU_ASSERT_EQUAL(status_after_two(SIGHUP, 0), 0);
	CU_ASSERT_EQUAL(status_after_two(SIGINT, 600), SIGINT); /* killed by it: not answered soon enough */
}

/* One that stands still, and cannot be opened again: here for want of descriptors. */
static void a_full_terminal_or_pipe_keeps_nobody(void)
{
	static const char text[80] = {[79] = '\n'};

	for (unsigned terminal = 0; terminal < 2; terminal++) {
		struct output out = {.lossless = false};
		struct rlimit before, none;
		int fds[2] = {posix_openpt(O_RDWR | O_NOCTTY), -1};

		if (terminal) {
			CU_ASSERT_FATAL(grantpt(fds[0]) == 0 && unlockpt(fds[0]) == 0);
			fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY);
		} else {
			close(fds[0]);
			CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
		}
		getrlimit(RLIMIT_NOFILE, &before);
		none = (struct rlimit){0, before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &none);
		choose_method(&out, fds[1]);
		setrlimit(RLIMIT_NOFILE, &before);
		ASSERT_NUMBER(out.fd, fds[1]);
		alarm(20); /* who waits in write() is killed */
		while (write_some(&out, text, sizeof(text)) > 0)
			;
		ASSERT_NUMBER(errno, EAGAIN);
		alarm(0);
		close(fds[0]);
		close(fds[1]);
	}
}

static void what_is_offered_waits_for_no_reader(void)
{
	enum { PAGE = 4096, BYTES = 9000 };
	uint8_t sent[BYTES], got[BYTES + 2 * PAGE];
	int fds[2];
	FILE *file;

	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	ASSERT_NUMBER(fcntl(fds[1], F_SETPIPE_SZ, 2 * PAGE), 2 * PAGE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(file = app_output_open(fds[1], "test", false));
	for (unsigned i = 0; i < BYTES; i++)
		sent[i] = (uint8_t)(i / 7);
	alarm(20); /* who waits is killed */
	fwrite(sent, 1, BYTES, file);
	ASSERT_NUMBER(app_output_offer(file), 0);
	ASSERT_NUMBER(app_output_offer(file), 0);
	ssize_t first = read(fds[0], got, sizeof(got));
	ASSERT_NUMBER(app_output_offer(file), 1);
	ssize_t second = read(fds[0], got + first, sizeof(got) - (size_t)first);
	alarm(0);
	ASSERT_NUMBER(first + second, BYTES);
	CU_ASSERT_EQUAL(memcmp(got, sent, BYTES), 0);
	/* the reader goes while there still is a rest */
	fwrite(sent, 1, BYTES, file);
	ASSERT_NUMBER(app_output_offer(file), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_NUMBER(app_output_offer(file), -1);
	CU_ASSERT_TRUE(app_output_end(file));
	fclose(file);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"counts have suffixes and ranges", counts_have_suffixes_and_ranges},
		{"counts with a point are exact", counts_with_a_point_are_exact},
		{"seconds take fractions", seconds_take_fractions},
		{"MAC addresses are taken whole or not", mac_addresses_are_taken_whole_or_not},
		{"speeds are named or not", speeds_are_named_or_not},
		{"CPU lists have ranges", cpu_lists_have_ranges},
		{"rates count framing separately", rates_count_framing_separately},
		{"empty share is between samples", empty_share_is_between_samples},
		{"counters are named after what they count", counters_are_named_after_what_they_count},
		{"text and JSON come from one table", text_and_json_come_from_one_table},
		{"totals begin with the port and are the sum of the intervals",
			totals_begin_with_the_port_and_are_the_sum_of_the_intervals},
		{"reports have the link and its notes", reports_have_the_link_and_its_notes},
		{"a wait for links tells each note as it comes", a_wait_for_links_tells_each_note_as_it_comes},
		{"advice does not contradict what is known of a link",
			advice_does_not_contradict_what_is_known_of_a_link},
		{"a refused register does not end a program, but is no success",
			a_refused_register_does_not_end_a_program_but_is_no_success},
		{"units scale", units_scale},
		{"JSON strings are escaped", json_strings_are_escaped},
		{"frames of several handles are counted and kept whole",
			frames_of_several_handles_are_counted_and_kept_whole},
		{"a signal sent twice at once is one", a_signal_sent_twice_at_once_is_one},
		{"a full terminal or pipe keeps nobody", a_full_terminal_or_pipe_keeps_nobody},
		{"what is offered waits for no reader", what_is_offered_waits_for_no_reader},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "apps", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
