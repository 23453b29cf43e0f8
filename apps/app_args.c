/* SPDX-License-Identifier: BSD-2-Clause
 * The options that all programs share, and how a wrong command line ends a program. */
#include "app_args.h"

#include "app_base.h"
#include "app_output.h"
#include "app_parse.h"

#include <stdlib.h>
#include <string.h>

uint64_t app_count_option(struct argp_state *state, const char *option, const char *text, uint64_t min, uint64_t max)
{
	uint64_t value = 0;

	if (!app_parse_count(text, min, max, &value))
		argp_error(state, "--%s %s: a whole number from %llu to %llu is wanted", option, text,
			(unsigned long long)min, (unsigned long long)max);
	return value;
}

double app_seconds_option(struct argp_state *state, const char *option, const char *text, double min, double max)
{
	double value = 0;

	if (!app_parse_seconds(text, min, max, &value))
		argp_error(state, "--%s %s: seconds from %g to %g are wanted", option, text, min, max);
	return value;
}

static enum pkt_simd simd_option(struct argp_state *state, const char *text)
{
	static const char *const names[] = {[PKT_SIMD_AUTO] = "auto", "scalar", "avx2", "avx512"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum pkt_simd)i;
	argp_error(state, "--simd %s: auto, scalar, avx2 or avx512 is wanted", text);
	return PKT_SIMD_AUTO;
}

static const char *const rss_words[] = {"symmetric", "udp"}; /* in the order of the bits */
_Static_assert(APP_RSS_SYMMETRIC == 1 && APP_RSS_UDP == 2, "bits are counted");

static const char *const pause_words[] = {"rx", "tx"}; /* likewise */
_Static_assert(NIC_PAUSE_RX == 1 && NIC_PAUSE_TX == 2, "bits are counted");

enum { KEY_QUEUES = 0x1000, KEY_RSS, KEY_MTU, KEY_LINK_WAIT, KEY_SPEED, KEY_SIMD, KEY_METRICS, KEY_POLL, KEY_PAUSE };

static const struct argp_option common_options[] = {
	{"burst", 'b', "N", 0, "packets per call of the driver, 1 to 256; default 32", 0},
	{"ring", 'r', "N", 0, "descriptors per ring, a power of two from 64 to 4096; default 512", 0},
	{"mtu", KEY_MTU, "BYTES", 0, "largest payload of an Ethernet frame, from 68; default 1500", 0},
	{"no-promiscuous", 'p', NULL, 0,
		"receive only frames for the port's own address, and broadcasts; default: all frames", 0},
	{"queues", KEY_QUEUES, "N", 0,
		"receive and transmit queues of each port, each served by a thread of its own on a CPU of its own; "
		"the cards spread what they receive by addresses and ports (RSS); default 1",
		0},
	{"rss", KEY_RSS, "LIST", 0,
		"how queues share what is received, of symmetric (both directions of a flow go to one queue) and udp "
		"(UDP ports count, too: fragments of a packet go elsewhere then); wants several queues; default: by "
		"addresses and TCP ports",
		0},
	{"cpu", 'c', "LIST", 0,
		"CPUs for the threads that move packets, such as 2,4-6; default: one thread, not pinned; with several "
		"queues cores of the first card's NUMA node",
		0},
	{"link-wait", KEY_LINK_WAIT, "SECONDS", 0, "how long to wait for the links; 0: start without; default 10", 0},
	{"speed", KEY_SPEED, "LIST", 0,
		"speeds that the links may have, such as 1G or 100M,1G: of 10M, 100M, 1G, 2.5G, 5G and 10G; default: "
		"all that the card can",
		0},
	{"simd", KEY_SIMD, "SET", 0,
		"instruction set of the burst functions: auto, scalar, avx2 or avx512; default auto, the best that the "
		"CPU and the driver have, and scalar on a CPU that QEMU emulates",
		0},
	{"duration", 'd', "SECONDS", 0, "end after that time, fractions allowed; default: run until SIGINT or SIGTERM",
		0},
	{"interval", 'i', "SECONDS", 0, "time between two reports, 0.05 to 30; default 1", 0},
	{"json", 'j', NULL, 0,
		"report on stdout as JSON, one object per line: \"type\":\"interval\", at last \"type\":\"total\"; "
		"what is for people goes to stderr",
		0},
	{"poll", KEY_POLL, "HOW", 0,
		"busy: threads look for packets without pause; adaptive: a thread that has found none for 0.1 ms "
		"sleeps "
		"until the card raises an interrupt; default busy",
		0},
	{"pause", KEY_PAUSE, "LIST", 0,
		"flow control by pause frames, of rx (obey those of the other end) and tx (send them when the card's "
		"packet buffer fills up), where both ends can; default: none",
		0},
	{"metrics", KEY_METRICS, "FILE", 0,
		"write all counters to a file each second, in Prometheus' text format: pollux-stats and "
		"node_exporter's "
		"textfile collector read it",
		0},
	{"quiet", 'q', NULL, 0, "no reports while running, no notices: only the totals", 0},
	{0},
};

static error_t parse_common(int key, char *text, struct argp_state *state)
{
	struct app_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*o = (struct app_options){
			.burst = 32,
			.ring = 512,
			.queues = 1,
			.interval_s = 1,
			.link_wait_s = 10,
			.adaptive = o->adaptive, /* that a program is so by default */
		};
		return 0;
	case 'b':
		o->burst = (unsigned)app_count_option(state, "burst", text, 1, APP_BURST_MAX);
		return 0;
	case 'r':
		o->ring = (unsigned)app_count_option(state, "ring", text, 64, 4096);
		if (o->ring & (o->ring - 1))
			argp_error(state, "--ring %s: a power of two from 64 to 4096 is wanted", text);
		return 0;
	case KEY_QUEUES:
		o->queues = (unsigned)app_count_option(state, "queues", text, 1, APP_QUEUES);
		return 0;
	case KEY_RSS:
		if (!app_parse_words(text, rss_words, sizeof(rss_words) / sizeof(*rss_words), &o->rss))
			argp_error(state, "--rss %s: a list of symmetric and udp is wanted", text);
		return 0;
	case KEY_MTU:
		o->mtu = (unsigned)app_count_option(state, "mtu", text, 68, APP_MTU_MAX);
		return 0;
	case 'p':
		o->no_promiscuous = true;
		return 0;
	case 'c':
		if (!app_parse_cpus(text, o->cpus, APP_CPUS, &o->cpu_count))
			argp_error(state, "--cpu %s: a list of at most %u CPU numbers such as 2,4-6 is wanted", text,
				APP_CPUS);
		for (unsigned i = 0; i < o->cpu_count; i++)
			for (unsigned j = 0; j < i; j++)
				if (o->cpus[i] == o->cpus[j])
					argp_error(state,
						"--cpu %s: CPU %u is there twice: each thread polls without pause and "
						"wants its own",
						text, o->cpus[i]);
		return 0;
	case KEY_LINK_WAIT:
		o->link_wait_s = app_seconds_option(state, "link-wait", text, 0, 3600);
		return 0;
	case KEY_SPEED:
		if (!app_parse_speeds(text, &o->speeds))
			argp_error(state,
				"--speed %s: a list of 10M, 100M, 1G, 2.5G, 5G and 10G such as 1G,10G is wanted", text);
		return 0;
	case KEY_SIMD:
		o->simd = simd_option(state, text);
		return 0;
	case 'd':
		o->duration_s = app_seconds_option(state, "duration", text, 0.001, 1e9);
		return 0;
	case 'i':
		/* At most 30: the ports want service at least that often. */
		o->interval_s = app_seconds_option(state, "interval", text, 0.05, 30);
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case KEY_POLL:
		o->adaptive = strcmp(text, "adaptive") == 0;
		if (!o->adaptive && strcmp(text, "busy") != 0)
			argp_error(state, "--poll %s: busy or adaptive is wanted", text);
		return 0;
	case KEY_PAUSE:
		if (!app_parse_words(text, pause_words, sizeof(pause_words) / sizeof(*pause_words), &o->pause))
			argp_error(state, "--pause %s: a list of rx and tx is wanted", text);
		return 0;
	case KEY_METRICS:
		o->metrics = text;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_END:
		if (o->rss && o->queues == 1)
			argp_error(state, "--rss wants --queues from 2 on: one queue receives all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp common_argp = {.options = common_options, .parser = parse_common};
const struct argp_child app_common_options[] = {{&common_argp, 0, "What all Pollux programs understand:", 1}, {0}};

bool app_is_address(const char *text)
{
	int end = 0;

	if (strncmp(text, "vfio-user:", 10) == 0)
		return true;
	if (strlen(text) == strlen("03:00.0")) /* lspci leaves the domain out where there is no other */
		sscanf(text, "%*2x:%*2x.%*1x%n", &end);
	else
		sscanf(text, "%*8x:%*2x:%*2x.%*1x%n", &end);
	return end && !text[end];
}

void app_add_port(struct app_options *options, struct argp_state *state, const char *address)
{
	if (options->address_count == APP_PORTS)
		argp_error(state, "too many ports: at most %u", APP_PORTS);
	if (!*address)
		argp_error(state, "an empty PORT");
	if (!app_is_address(address))
		argp_error(state, APP_NO_ADDRESS, address);
	for (unsigned i = 0; i < options->address_count; i++)
		if (strcmp(options->addresses[i], address) == 0)
			argp_error(state, "%s is there twice", address);
	options->addresses[options->address_count++] = address;
}

void app_check_cpus(const struct app_options *o, struct argp_state *state, unsigned most)
{
	if (o->cpu_count > 0 && o->cpu_count < o->queues)
		argp_error(state, "--cpu: %u CPUs for %u queues: each queue's thread wants its own", o->cpu_count,
			o->queues);
	if (o->cpu_count > most)
		argp_error(state, most == 1 ? "--cpu: one CPU is wanted" : "--cpu: at most %u CPUs are wanted", most);
}

static void print_version(FILE *to, struct argp_state *state)
{
	fprintf(to, "%s (Pollux) %s\n", state->name, POLLUX_VERSION);
}

void app_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	app_output_descriptors();
	argp_err_exit_status = APP_USAGE;
	argp_program_version_hook = print_version;
	/* argp itself reports a wrong command line, and ends the program. It returns an error for want of memory only.
	 */
	if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
		exit(APP_FAILED);
}
