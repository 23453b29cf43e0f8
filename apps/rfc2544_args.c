/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-rfc2544's command line. */
#include "rfc2544_args.h"

#include "app_frame.h"
#include "app_parse.h"

#include <string.h>

#define SIZES_DEFAULT  "64,128,256,512,1024,1280,1518" /* RFC 2544, 9.1 */
#define OVERHEAD_BYTES (NIC_HEADER_BYTES + NIC_FCS_BYTES)

enum {
	KEY_TESTS = 0x100,
	KEY_STREAM,
	KEY_TRIAL,
	KEY_WAIT,
	KEY_SETTLE,
	KEY_LOSS,
	KEY_WIDTH,
	KEY_DEVICE,
	KEY_CSV,
	KEY_SVG,
	KEY_TO
};

static const struct argp_option options[] = {
	{"tests", KEY_TESTS, "LIST", 0,
		"of throughput, latency (which needs the throughput), loss and back-to-back; default: all", 0},
	{"sizes", 's', "LIST", 0,
		"of frames in bytes with FCS, and of imix, imix-csit and imix-ip; default " SIZES_DEFAULT, 0},
	{"stream", KEY_STREAM, "TEXT", 0,
		"what the frames are, in pollux-gen's words, but for their size and rate; default: IPv4 and UDP", 0},
	{"rate", 'R', "RATE", 0, "the highest rate that is offered, in pollux-gen's words; default: the line rate", 0},
	{"trial", KEY_TRIAL, "SECONDS", 0, "how long each trial sends; default 60, the least that the RFC accepts", 0},
	{"wait", KEY_WAIT, "SECONDS", 0, "wait so long for packets that are still under way; default 2", 0},
	{"settle", KEY_SETTLE, "SECONDS", 0, "leave the device alone for so long between two trials; default 5", 0},
	{"loss", KEY_LOSS, "PERCENT", 0, "of packets that may be lost where the throughput is looked for; default 0",
		0},
	{"width", KEY_WIDTH, "PERCENT", 0,
		"how exact a throughput or a longest burst is to be, in percent of itself, 0.01 to 50; default 0.5", 0},
	{"device", KEY_DEVICE, "NAME", 0, "what is tested, for the report", 0},
	{"csv", KEY_CSV, "FILE", 0, "write the report as CSV, too", 0},
	{"svg", KEY_SVG, "FILE", 0, "write the report as a picture, too", 0},
	{"to", KEY_TO, "MAC", 0, "destination address; default: the second port's", 0},
	{0},
};

static const char doc[] =
	"Measures a device between two ports as RFC 2544 says: packets go out of the first port, and come back by the "
	"second.\n" APP_HELP_PORT "\v"
	"For each size: what the tester can do by itself; throughput, the highest rate at which no more than --loss is "
	"lost, by a binary search, in which the rate that failed last is tried twice; latency at 0 (a few packets), "
	"10, 50 and 90 % of "
	"it; frame loss at 100, 90, ... % of the highest rate, until two rates lose nothing; and the longest burst at "
	"that rate of which nothing is lost, of at most 2 s.\n"
	"A result's limit is the device, the line, the trial (no longer burst was tried), or the tester: it could not "
	"send faster, or its own card lost what came back; the device may do more. A trial in which a link goes, or a "
	"card is reset, is made again.\n"
	"A report is printed at the end, also after Ctrl-C, which marks it as incomplete. It goes to stdout, with "
	"--json "
	"as \"rfc2544\" in the object of type \"total\", and what cannot be written to a file is printed instead.\n"
	"\n"
	"Examples:\n"
	"  pollux-rfc2544 --device 'switch X, firmware 1.2' --svg x.svg 0000:03:00.0 0000:03:00.1\n"
	"  pollux-rfc2544 --tests throughput --sizes 64,imix --trial 10 0000:03:00.0 0000:03:00.1\n"
	"  pollux-rfc2544 --stream 'ip6 udp dst=1-1024' --loss 0.001 0000:03:00.0 0000:03:00.1\n"
	"\n" APP_HELP_STATUS;

/* Makes a stream of each size of a list. */
static void make_streams(struct rfc2544_args *args, struct argp_state *state, const char *sizes)
{
	static char names[1024]; /* args keep parts of it */
	char *list = names;
	unsigned largest = (args->app.mtu ? args->app.mtu : APP_MTU_DEFAULT) + OVERHEAD_BYTES;

	if (strlen(sizes) >= sizeof(names))
		argp_error(state, "--sizes: at most %zu characters", sizeof(names) - 1);
	strcpy(names, sizes);
	for (char *name; (name = strsep(&list, ","));) {
		struct gen_stream *stream = &args->streams[args->sizes];
		struct gen_stream_error error;
		char text[4096];
		if (args->sizes == RFC2544_SIZES_MAX)
			argp_error(state, "--sizes: at most %u", RFC2544_SIZES_MAX);
		args->size_names[args->sizes++] = name;
		if (snprintf(text, sizeof(text), "%s size=%s", args->stream, name) >= (int)sizeof(text))
			argp_error(state, "--stream: at most %zu characters", sizeof(text) - 32);
		if (gen_stream_parse(stream, text, &error))
			;
		else if (error.offset < strlen(args->stream))
			argp_error(state, "--stream, byte %u, at '%s': expected %s", error.offset + 1,
				args->stream + error.offset, error.expected);
		else
			argp_error(state, "--sizes %s: %s", name, error.expected);
		if (stream->rate.unit != GEN_RATE_UNLIMITED || stream->count || stream->pace != GEN_PACE_CONSTANT)
			argp_error(state, "--stream: without rate=, pace= and count=, which each trial has of its own");
		if (gen_stream_longest(stream) > largest)
			argp_error(state, "--sizes %s: at most %u with this MTU; larger ones need --mtu %u", name,
				largest, gen_stream_longest(stream) - OVERHEAD_BYTES);
	}
}

static double percent_option(struct argp_state *state, const char *option, const char *text, double min, double max)
{
	double value;
	const char *rest;

	if (!app_parse_number(text, &value, &rest) || (*rest && strcmp(rest, "%") != 0) || value < min || value > max)
		argp_error(state, "--%s %s: percent, from %g to %g, are wanted", option, text, min, max);
	return value;
}

static void check(struct rfc2544_args *args, struct argp_state *state)
{
	if (args->app.address_count != 2)
		argp_error(state, "two ports are wanted");
	app_check_cpus(&args->app, state, 2 * args->app.queues);
	if (args->app.cpu_count % args->app.queues)
		argp_error(state, "--cpu: %u or %u CPUs are wanted with so many queues", args->app.queues,
			2 * args->app.queues);
	make_streams(args, state, args->size_list);
	/* Whole runs are reported, not intervals. */
	args->app.interval_s = 1e9;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct rfc2544_args *args = state->input;
	const char *wanted;

	switch (key) {
	case ARGP_KEY_INIT:
		*args = (struct rfc2544_args){.size_list = SIZES_DEFAULT,
			.stream = "udp",
			.tests = ~0u,
			.trial_s = 60,
			.wait_s = 2,
			.settle_s = 5,
			.width = 0.005};
		state->child_inputs[0] = &args->app;
		return 0;
	case KEY_TESTS:
		if (!app_parse_words(text, rfc2544_test_names + 1, RFC2544_TESTS - 1, &args->tests))
			argp_error(state, "--tests %s: a list of throughput, latency, loss and back-to-back is wanted",
				text);
		args->tests <<= 1;
		return 0;
	case 's':
		args->size_list = text;
		return 0;
	case KEY_STREAM:
		args->stream = text;
		return 0;
	case 'R':
		wanted = gen_rate_parse(text, &args->most);
		if (wanted)
			argp_error(state, "--rate %s: %s", text, wanted);
		return 0;
	case KEY_TRIAL:
		args->trial_s = app_seconds_option(state, "trial", text, 0.05, 86400);
		return 0;
	case KEY_WAIT:
		args->wait_s = app_seconds_option(state, "wait", text, 0, 60);
		return 0;
	case KEY_SETTLE:
		args->settle_s = app_seconds_option(state, "settle", text, 0, 3600);
		return 0;
	case KEY_LOSS:
		args->loss = percent_option(state, "loss", text, 0, 99) / 100;
		return 0;
	case KEY_WIDTH:
		args->width = percent_option(state, "width", text, 0.01, 50) / 100;
		return 0;
	case KEY_DEVICE:
		args->device = text;
		return 0;
	case KEY_CSV:
		args->csv = text;
		return 0;
	case KEY_SVG:
		args->svg = text;
		return 0;
	case KEY_TO:
		args->has_to = app_parse_mac(text, args->to);
		if (!args->has_to)
			argp_error(state, "--to %s: an address such as 02:00:00:00:00:01 is wanted", text);
		return 0;
	case ARGP_KEY_ARG:
		app_add_port(&args->app, state, text);
		return 0;
	case ARGP_KEY_END:
		check(args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rfc2544_parse(struct rfc2544_args *args, int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT PORT", doc, app_common_options, NULL, NULL};

	app_parse(&argp, argc, argv, args);
}
