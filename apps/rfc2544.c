/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-rfc2544: measures a device between two ports as RFC 2544 says. The plan says which trial comes next, the
 * generator's engine makes it, and the report says what came of all. */
#include "app_base.h"
#include "app_figures.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_run.h"
#include "gen_delay.h"
#include "gen_traffic.h"
#include "rfc2544_args.h"
#include "rfc2544_report.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SPOILED_MAX 3u /* trials one after the other that say nothing, as a link went: then it ends */

static struct {
	struct rfc2544_args args;
	struct rfc2544_plan plan;
	struct rfc2544_report report;
	struct gen_traffic traffic;
	struct app app;

	/* The main thread's. */
	struct rfc2544_trial trial;
	bool sending;            /* a trial is under way */
	uint64_t began_ns;       /* when it began */
	uint64_t next_ns;        /* when the next may begin */
	uint64_t resets, missed; /* of both cards, when the trial began */
	unsigned spoiled;        /* trials that said nothing, one after the other */
} rfc;

/* ---- Trials ---- */

static uint64_t resets(void)
{
	return rfc.app.latest.ports[0].card.resets + rfc.app.latest.ports[1].card.resets;
}

/* What the second card has received and lost. */
static uint64_t missed(void)
{
	const struct nic_stats *card = &rfc.app.latest.ports[1].card;

	return card->rx_missed + card->rx_no_descriptor;
}

static void begin_trial(void)
{
	const struct rfc2544_trial *trial = &rfc.trial;

	gen_traffic_begin(&rfc.traffic, &(struct gen_trial){
						.stream = trial->size,
						.rate = {trial->pps, GEN_RATE_PACKETS},
						.count = trial->count,
						.duration_s = trial->count ? 0 : trial->seconds,
					});
	rfc.sending = true;
	rfc.began_ns = app_now_ns();
	rfc.resets = resets();
	rfc.missed = missed();
}

/* ---- What it says meanwhile ---- */

static void tell_left(const char *end)
{
	double left_s = rfc2544_plan_left_s(&rfc.plan);
	unsigned minutes = (unsigned)(left_s / 60);

	if (minutes)
		fprintf(stderr, "; about %u:%02u h left%s", minutes / 60, minutes % 60, end);
	else
		fprintf(stderr, "; about %.0f s left%s", left_s, end);
}

/* What came of a trial. */
static void tell_outcome(const struct rfc2544_outcome *o)
{
	const struct rfc2544_result *r = &rfc.plan.results[rfc.trial.size];

	if (rfc.args.app.quiet)
		return;
	fprintf(stderr, "%s, %s: %.0f packets/s (%.4g %% of the line rate), %llu lost (%.4g %%)", r->name,
		rfc2544_test_names[rfc.trial.test], o->sent_pps, 100 * o->sent_pps / r->line_pps,
		(unsigned long long)o->lost, 100 * rfc2544_loss(o));
	tell_left("\n");
}

/* On a terminal, a line that is written over while a trial lasts. */
static void tell_progress(void)
{
	if (rfc.args.app.quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s, %s: sends %.0f packets/s for %.0f s", rfc.plan.results[rfc.trial.size].name,
		rfc2544_test_names[rfc.trial.test], rfc.trial.pps, (double)(app_now_ns() - rfc.began_ns) / 1e9);
	tell_left("   \r");
}

/* ---- Ends of trials ---- */

/* Waits for packets that are still under way, as 23 of the RFC wants. */
static void wait_for_stragglers(void)
{
	uint64_t until_ns = app_now_ns() + (uint64_t)(rfc.args.wait_s * 1e9);

	gen_traffic_end(&rfc.traffic, true);
	while (app_now_ns() < until_ns && !app_stopping() &&
		gen_result_own(rfc.traffic.receivers, rfc.args.app.queues) < gen_traffic_made(&rfc.traffic))
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void find_latency(struct rfc2544_outcome *o)
{
	static struct gen_latency latency;
	static struct gen_histogram turns;

	gen_traffic_turns(&rfc.traffic, &turns);
	gen_traffic_latency(&rfc.traffic, rfc.trial.size, &latency);
	const struct gen_delays delays = gen_delays(&latency, &turns, app_tsc_hz());
	o->min_ns = delays.least;
	o->mean_ns = delays.mean;
	o->max_ns = delays.most;
	o->floor_ns = delays.floor;
	for (unsigned i = 0; i < GEN_PERCENTILES; i++) {
		if (gen_percentiles[i].share == 50000)
			o->median_ns = delays.percentiles[i];
		if (gen_percentiles[i].share == 99000)
			o->p99_ns = delays.percentiles[i];
	}
}

/* What came of the trial. False: it says nothing about the device. */
static bool find_outcome(struct rfc2544_outcome *o)
{
	static struct gen_moment end;
	static struct gen_outcome streams[GEN_STREAMS];
	static struct gen_result result;
	struct gen_outcome sent;

	app_take_sample(&rfc.app, &rfc.app.latest);
	gen_traffic_look_at(&rfc.traffic, &end, true);
	gen_traffic_outcome(&rfc.traffic, NULL, &end, streams, &sent);
	gen_traffic_result(&rfc.traffic, &result, end.sent);
	const struct gen_tally *all = &result.all;
	double cpu_lost_s = (double)end.streams[rfc.trial.size].cpu_lost_cycles / app_tsc_hz();

	*o = (struct rfc2544_outcome){
		.asked_pps = rfc.trial.pps,
		.sent_pps = sent.achieved_pps,
		.received_pps = sent.achieved_pps * app_ratio((double)all->own, (double)end.sent),
		.sent = end.sent,
		.received = all->own,
		.lost = end.sent - all->own,
		.tester_lost = missed() - rfc.missed,
		.held_up_s = sent.held_up_s > cpu_lost_s ? sent.held_up_s : cpu_lost_s,
		.reordered = all->reordered,
		.duplicates = all->duplicates,
		.corrupted = all->corrupted,
	};
	find_latency(o);
	bool link_went = sent.link_down_s > 0 || !rfc.app.ports[1].link.up, was_reset = rfc.resets != resets();
	if ((link_went || was_reset) && !rfc.args.app.quiet)
		app_note("a %s: this trial is made again", link_went ? "link was down" : "card was reset");
	return end.sent && !link_went && !was_reset;
}

/* Ends a trial. False: no more makes sense. */
static bool end_trial(void)
{
	struct rfc2544_outcome outcome;

	wait_for_stragglers();
	rfc.sending = false;
	rfc.next_ns = app_now_ns() + (uint64_t)(rfc.args.settle_s * 1e9);
	if (app_stopping())
		return true;
	if (find_outcome(&outcome)) {
		rfc.spoiled = 0;
		rfc2544_plan_tell(&rfc.plan, &rfc.trial, &outcome);
		tell_outcome(&outcome);
		return true;
	}
	if (++rfc.spoiled < SPOILED_MAX)
		return true;
	rfc.report.incomplete = outcome.sent ? "a link or a card failed in three trials one after the other"
					     : "nothing was sent in three trials one after the other";
	return false;
}

/* The main thread's look at the run. @return whether it is time to end */
static bool look(void)
{
	for (;;) {
		if (rfc.sending)
			tell_progress();
		if (rfc.sending && (!gen_traffic_look(&rfc.traffic) || app_stopping()))
			return false;
		if (rfc.sending && !end_trial())
			return true;
		if (app_now_ns() < rfc.next_ns || app_stopping())
			return false;
		if (!rfc2544_plan_next(&rfc.plan, &rfc.trial)) {
			rfc.report.incomplete = NULL;
			return true;
		}
		begin_trial();
	}
}

static void work(unsigned thread)
{
	gen_traffic_work(&rfc.traffic, thread);
}

static void stop(bool good)
{
	if (!good)
		rfc.report.incomplete = "a device is gone";
	gen_traffic_end(&rfc.traffic, false);
	gen_traffic_stop(&rfc.traffic);
}

/* ---- The report ---- */

static void print_more(FILE *out, bool json, bool total)
{
	if (!total)
		return;
	if (!json)
		return rfc2544_print_text(&rfc.report, out);
	fputs(",\"rfc2544\":", out);
	rfc2544_print_json(&rfc.report, out);
}

/* Writes a form of the report to a file; prints it where that cannot be. */
static bool write_report(const char *file, void (*print)(const struct rfc2544_report *, FILE *), bool is_text)
{
	FILE *out = file ? fopen(file, "we") : NULL;
	bool good = out;

	if (!file)
		return true;
	if (out) {
		print(&rfc.report, out);
		good = !ferror(out);
		good = fclose(out) == 0 && good;
	}
	if (good)
		return true;
	app_error("%s cannot be written: %s; %s", file, strerror(errno),
		is_text ? "here is what was to be in it" : "all that it was to show is in the tables");
	if (is_text)
		print(&rfc.report, rfc.args.app.json ? stderr : stdout);
	return false;
}

/* Says what mixes of sizes are: sizes of frames with FCS, and how many of each. */
static void describe_mixes(void)
{
	char text[512] = "";

	for (unsigned i = 0; i < rfc.args.sizes; i++) {
		const struct gen_values *size = &rfc.args.streams[i].size;
		for (uint64_t n = 0; size->order == GEN_LIST && n < size->count; n++) {
			uint64_t first = 0, times = 0;
			while (size->list[first] != size->list[n])
				first++;
			for (uint64_t j = n; j < size->count; j++)
				times += size->list[j] == size->list[n];
			size_t used = strlen(text);
			if (n == 0)
				snprintf(text + used, sizeof(text) - used, "%s%s is ", used ? "; " : "",
					rfc.args.size_names[i]);
			used = strlen(text);
			if (first == n)
				snprintf(text + used, sizeof(text) - used, "%s%llu:%llu", n ? "," : "",
					(unsigned long long)size->list[n], (unsigned long long)times);
		}
	}
	if (text[0])
		rfc2544_condition(&rfc.report, "mixes", "%s", text);
}

static void describe(int argc, char **argv)
{
	const struct rfc2544_args *args = &rfc.args;
	const struct app_port *ports = rfc.app.ports;
	struct utsname machine = {.sysname = "?"};
	char command[1000] = "", date[64];
	time_t now = time(NULL);

	for (int i = 0; i < argc; i++) {
		bool plain = argv[i][0] && !argv[i][strcspn(argv[i], " \t\n'\"\\$&;|<>()*?#")];
		size_t used = strlen(command);
		snprintf(command + used, sizeof(command) - used, "%s%s%s%s", i ? " " : "", plain ? "" : "'", argv[i],
			plain ? "" : "'");
	}
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
	uname(&machine);
	rfc2544_condition(&rfc.report, "device", "%s", args->device ? args->device : "not named (--device)");
	rfc2544_condition(&rfc.report, "tester", "Pollux %s, %s %s %s", POLLUX_VERSION, machine.sysname,
		machine.release, machine.machine);
	rfc2544_condition(&rfc.report, "command", "%s", command);
	rfc2544_condition(&rfc.report, "began", "%s", date);
	for (unsigned i = 0; i < 2; i++)
		rfc2544_condition(&rfc.report, i ? "receives" : "sends", "%s, %s, link of %u Mbit/s",
			args->app.addresses[i], ports[i].info.name, ports[i].link.mbps);
	rfc2544_condition(&rfc.report, "frames", "%s, in one direction", args->stream);
	describe_mixes();
	rfc2544_condition(&rfc.report, "trials",
		"of %g s (the RFC: at least 60), waited %g s for the last packets, %g s apart", args->trial_s,
		args->wait_s, args->settle_s);
	rfc2544_condition(
		&rfc.report, "passes", "at most %g %% lost; as exact as %g %%", 100 * args->loss, 100 * args->width);
}

/* ---- The run ---- */

static void plan(void)
{
	const struct app_port *port = &rfc.app.ports[0];
	const struct gen_rate *most = &rfc.args.most;
	double link_mbps = port->link.up && port->link.mbps ? port->link.mbps : port->info.max_link_mbps;

	rfc.plan = (struct rfc2544_plan){
		.tests = rfc.args.tests,
		.trial_s = rfc.args.trial_s,
		.pause_s = rfc.args.settle_s,
		.loss = rfc.args.loss,
		.width = rfc.args.width,
		.sizes = rfc.args.sizes,
	};
	for (unsigned i = 0; i < rfc.args.sizes; i++) {
		double bits = gen_maker_mean_bits(&rfc.traffic.makers.each[i]), line_pps = link_mbps * 1e6 / bits;
		rfc.plan.results[i] = (struct rfc2544_result){
			.name = rfc.args.size_names[i],
			.line_pps = line_pps,
			.most_pps = most->unit == GEN_RATE_PACKETS ? most->value
				    : most->unit == GEN_RATE_BITS  ? most->value / bits
								   : line_pps * most->value / 100,
		};
	}
	rfc.report.plan = &rfc.plan;
	rfc.report.incomplete = "it was ended";
}

static bool run(void)
{
	const struct gen_traffic_options options = {
		.streams = rfc.args.streams,
		.stream_count = rfc.args.sizes,
		.seed = 2544,
		.latency_each = 1,
		.to = rfc.args.has_to ? rfc.args.to : NULL,
	};
	const struct app_work todo = {
		.thread_count = gen_traffic_threads(&rfc.args.app),
		.thread_work = work,
		.stop_threads = stop,
		.print_more = print_more,
		.is_done = look,
	};

	if (!gen_traffic_open(&rfc.traffic, &rfc.app, &options))
		return false;
	for (unsigned i = 0; i < rfc.args.sizes; i++)
		if (!gen_maker_is_stamped(&rfc.traffic.makers.each[i]))
			return app_error(
				"--sizes %s: frames of --stream '%s' have no room for the %u bytes behind their "
				"headers by which they are known when they come back",
				rfc.args.size_names[i], rfc.args.stream, GEN_STAMP_BYTES);
	plan();
	return app_run(&rfc.app, &todo);
}

int main(int argc, char **argv)
{
	rfc2544_parse(&rfc.args, argc, argv);
	app_catch_signals();
	bool good = app_open(&rfc.app, &rfc.args.app, gen_traffic_threads(&rfc.args.app));
	if (good) {
		describe(argc, argv);
		good = run();
	}
	if (rfc.plan.results[0].tester.sent) {
		good = write_report(rfc.args.csv, rfc2544_print_csv, true) && good;
		good = write_report(rfc.args.svg, rfc2544_print_svg, false) && good;
	}
	gen_traffic_close(&rfc.traffic);
	for (unsigned i = 0; i < rfc.args.sizes; i++)
		gen_stream_free(&rfc.args.streams[i]);
	good = app_close(&rfc.app) && good;
	return good && rfc.spoiled < SPOILED_MAX ? APP_OK : APP_FAILED;
}
