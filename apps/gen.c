/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-gen: sends numbered packets, or those of a capture file, at a chosen rate, and accounts for what comes back.
 */
#include "app_base.h"
#include "app_cpu.h"
#include "app_figures.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_run.h"
#include "gen_args.h"
#include "gen_capture.h"
#include "gen_dry.h"
#include "gen_report.h"
#include "gen_save.h"

#include <unistd.h>

#define WAIT_S 1.0 /* until the next frame: a longer wait is told */

static struct {
	struct gen_args args;
	struct gen_capture capture;
	struct gen_replay replay;
	struct gen_trial trial;
	struct gen_traffic traffic;
	struct gen_result result; /* as last reported */
	struct gen_save csv, svg;
	struct app app;
} gen;

static void work(unsigned thread)
{
	gen_traffic_work(&gen.traffic, thread);
}

/* ---- Statistics ---- */

static void print_wait(FILE *out, bool json)
{
	double wait_s = gen_traffic_wait_s(&gen.traffic);

	if (json)
		fprintf(out, ",\"next_frame_s\":%.6f", wait_s);
	else if (wait_s > WAIT_S)
		fprintf(out, "generator: nothing to send for %.0f s: until then no frame is due\n", wait_s);
}

struct totals {
	uint64_t sent, unsent, received, ring_full_times, count, seed;
	const char *as_known;
};

#define AT(member) APP_FIGURE(struct totals, member)
static const struct app_figure packets[] = {
	{"sent", "generator: %llu packets sent", AT(sent)},
	{"not_sent", ", %llu not sent by the card", AT(unsent), APP_ZERO_IS_NOTHING},
	{"received", ", %llu received", AT(received)},
	{"tx_ring_full", "; the transmit ring was full %llu times", AT(ring_full_times)},
	{"count", NULL, AT(count)},
	{"seed", NULL, AT(seed)},
	{NULL, "%s\n", AT(as_known)},
	{0},
};
#undef AT

static void print_more(FILE *out, bool json, bool total)
{
	static struct gen_moment last, now;
	static struct gen_outcome streams[GEN_STREAMS];
	struct gen_traffic *traffic = &gen.traffic;
	struct gen_outcome whole;

	gen_traffic_look_at(traffic, &now, total);
	gen_traffic_outcome(traffic, total ? NULL : &last, &now, streams, &whole);
	struct totals t = {
		.sent = now.sent,
		.unsent = app_unsent(&gen.app),
		.received = app_received(&gen.app),
		.ring_full_times = GEN_TRAFFIC_SUM(traffic, ring_full_times),
		.count = gen.capture.file ? gen.args.count : traffic->asked,
		.seed = gen.args.seed,
		.as_known = app_gone(&gen.app) ? APP_AS_KNOWN : "",
	};
	gen_traffic_result(traffic, &gen.result, t.sent);

	if (json || total)
		app_figures_print(out, json, packets, &t);
	if (!json && total && t.count > t.sent)
		fprintf(out, "generator: %llu were asked for%s\n", (unsigned long long)t.count,
			gen.capture.file && gen_replay_ended(&gen.replay)
				? ": the capture has no more, and --loop starts it again"
				: "");
	if (!json && total && gen_streams_are_random(&gen.args.streams))
		fprintf(out, "generator: --seed %llu makes the same packets again\n", (unsigned long long)t.seed);
	if (!gen.capture.file && (json || total))
		gen_report_print(traffic, &gen.result, streams, out, json);
	gen_outcome_print(&whole, out, json, "generator");
	if (!total)
		print_wait(out, json);
	else if (gen.capture.file)
		gen_capture_print(&gen.capture, out, json);
	if (total)
		app_cpu_print(out, json);
	last = now;
}

static void more_metrics(struct app_metrics *m)
{
	static struct gen_moment now;
	static struct gen_outcome streams[GEN_STREAMS];
	struct gen_outcome whole;

	gen_traffic_look_at(&gen.traffic, &now, false);
	gen_traffic_outcome(&gen.traffic, NULL, &now, streams, &whole);
	gen_traffic_result(&gen.traffic, &gen.result, now.sent);
	const struct gen_tally *r = &gen.result.all;
	const struct app_metric all[] = {
		{"gen_own", "packets", "Different frames of its own that came back as they were.", .count = r->own},
		{"gen_reordered", "packets", "Of these, those that came after one that was sent later.",
			.count = r->reordered},
		{"gen_duplicate", "packets", "Frames of its own that came again.", .count = r->duplicates},
		{"gen_stale", "packets", "Frames too late to tell whether they came before.", .count = r->stale},
		{"gen_corrupted", "packets", "Frames of its own that came back changed.", .count = r->corrupted},
		{"gen_foreign", "packets", "Frames of others.", .count = gen.result.foreign},
		{"gen_held_up", "seconds", "Time that could not be made up for: the rate was not kept.",
			.real = whole.held_up_s},
		{"gen_tx_ring_full", "events", "Times that the transmit ring was full.",
			.count = GEN_TRAFFIC_SUM(&gen.traffic, ring_full_times)},
	};

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		app_metrics_add_port(m, &all[i], 0);
}

/* ---- The run ---- */

static bool look(void)
{
	return gen_traffic_look(&gen.traffic);
}

static void stop(bool good)
{
	gen_traffic_end(&gen.traffic, good);
	gen_replay_stop(&gen.replay);
	gen_traffic_stop(&gen.traffic);
}

static bool open_traffic(void)
{
	const struct gen_args *args = &gen.args;
	const uint64_t frames = gen.capture.file ? gen_replay_total(&gen.replay) : 0;

	if (frames && (!gen.trial.count || gen.trial.count > frames)) {
		if (gen.trial.count && !args->app.quiet)
			app_error("--count %llu: %s has %llu frames to send in all; --loop starts again at its end",
				(unsigned long long)gen.trial.count, gen.capture.name, (unsigned long long)frames);
		gen.trial.count = frames;
	}
	return gen_traffic_open(&gen.traffic, &gen.app,
		&(struct gen_traffic_options){.streams = args->streams.each,
			.stream_count = args->streams.count,
			.seed = args->seed,
			.to = args->has_to ? args->to : NULL,
			.replay = gen.capture.file ? &gen.replay : NULL,
			.latency_each = args->latency_each});
}

static bool run(void)
{
	gen_traffic_begin(&gen.traffic, &gen.trial);
	bool good = app_run(&gen.app, &(struct app_work){.thread_count = gen_traffic_threads(&gen.args.app),
					      .thread_work = work,
					      .stop_threads = stop,
					      .print_more = print_more,
					      .more_metrics = more_metrics,
					      .is_done = look});
	/* Packets that stay in the card for want of a link are a failure where so many were asked for. What a reset
	 * has lost is told as by all programs, and is none: packets get lost. */
	const struct nic_stats *card = &gen.app.latest.ports[0].card;
	bool has_end = gen.trial.count || (gen.capture.file && gen.replay.loops);
	unsigned long long unsent = has_end && !card->resets ? card->tx_unsent : 0,
			   asked = gen.trial.count ? gen.trial.count : gen_traffic_made(&gen.traffic);
	if (unsent && good && !gen.traffic.stall.ended)
		app_error("%s: not all of the %llu packets asked for were sent: %llu stayed in the card",
			gen.args.app.addresses[0], asked, unsent);
	return good && !gen.traffic.stall.ended && !unsent && !gen.replay.failed;
}

/* Writes the reports that go into files. */
static bool save(void)
{
	FILE *instead = gen.app.text_out ? gen.app.text_out : stderr;

	bool measured = gen.result.count > 0;

	if (measured && gen.csv.text)
		gen_report_csv(&gen.traffic, &gen.result, gen.csv.text);
	if (measured && gen.svg.text)
		gen_report_svg(&gen.traffic, &gen.result, gen.svg.text);
	bool good = gen_save_end(&gen.csv, instead);
	return gen_save_end(&gen.svg, instead) && good;
}

/* Reads the capture, if one is to be replayed, and opens the files of reports. */
static bool load(void)
{
	const struct gen_args *args = &gen.args;

	gen.trial = (struct gen_trial){.stream = GEN_ALL_STREAMS, .count = args->count};
	if (args->replay)
		gen.trial.rate = args->rate;
	double speed = args->replay_speed > 0 ? args->replay_speed : 1;
	gen.capture = (struct gen_capture){
		.file = args->replay,
		.mtu = gen_mtu(args),
		.own_timing = args->rate.unit == GEN_RATE_UNLIMITED,
		.pad = args->pad,
		.unique_ip = args->unique_ip,
		.speed = speed,
		.max_gap_ns = (double)args->max_gap_ns * speed,
		.streamed = args->stream_capture,
	};
	gen.replay = (struct gen_replay){
		.capture = &gen.capture,
		.loops = args->loops,
		.to = args->has_to ? args->to : NULL,
		.ahead_bytes = GEN_REPLAY_AHEAD_BYTES,
	};
	return gen_save_open(&gen.csv, args->csv) && gen_save_open(&gen.svg, args->svg) &&
	       (!args->replay || gen_replay_open(&gen.replay, args->strict, args->app.quiet));
}

/* Shows what would be sent. The addresses that ports would have are made up. */
static bool dry_run(void)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	static struct gen_makers makers;
	const struct gen_args *args = &gen.args;

	gen_makers_init(
		&makers, args->streams.each, args->streams.count, args->seed, 1, args->has_to ? args->to : to, from);
	FILE *out = args->dry_file ? NULL : app_output_open(STDOUT_FILENO, "stdout", true);
	if (out)
		gen_dry_print(&makers, args->dry_count, out);
	bool good = out ? app_output_end(out) : gen_dry_write(&makers, args->dry_count, args->dry_file);
	gen_makers_free(&makers);
	return good;
}

int main(int argc, char **argv)
{
	gen_parse(&gen.args, argc, argv);
	if (gen.args.dry_count)
		return dry_run() ? APP_OK : APP_FAILED;
	app_catch_signals();
	bool good = load(), early = app_stopping();
	if (early && !gen.args.app.quiet)
		app_error("ended before any port was opened: nothing was sent");
	good = early || (good && app_open(&gen.app, &gen.args.app, gen_traffic_threads(&gen.args.app)) &&
				open_traffic() && run());

	good = save() && good;
	gen_traffic_close(&gen.traffic);
	gen_replay_close(&gen.replay);
	gen_streams_free(&gen.args.streams);
	good = app_close(&gen.app) && good;
	return good ? APP_OK : APP_FAILED;
}
