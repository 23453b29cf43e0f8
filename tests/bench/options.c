/* SPDX-License-Identifier: BSD-2-Clause
 * The benchmark's command line. */
#include "options.h"

#include "processes.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void print_help(void)
{
	puts("Usage: bench [--all] [--far] [--only REGEX] [--latency | --threads | --waiting | --pacing] [--rounds N]\n"
	     "             [--json] [--save FILE] [--svg FILE]\n"
	     "Cycles and instructions per packet of receive, transmit and forward, in lock-step with the\n"
	     "software 82599: the model publishes 128 packets, the driver handles exactly those, timed. \"pipe\"\n"
	     "forwards in place (driver/pipe.h): with the function inlined; \"+5\", its bursts start at slots that\n"
	     "are no multiple of 8; \"call\", the function called by its pointer. \"+\": with offloads on;\n"
	     "\"tso\": per segment that the card makes; \"gen\": makes frames and sends them, \"gen-rx\": checks "
	     "them.\n\n"
	     "  -a, --all        bursts of 1, 4, 8, 32, 128 (else 1, 8, 32); 64 and 1518 bytes (else 64); --far\n"
	     "  -f, --far        with the model on another core, too\n"
	     "  -o, --only REGEX only cells whose name matches; names are like \"pollux AVX2 fwd 32 far\"\n"
	     "  -r, --rounds N   interleaved rounds, 1 .. 99 (9)\n"
	     "  -j, --json       one JSON object instead of the table\n"
	     "  -l, --latency    instead: how long packets take through the forwarder, at bursts of 1 to 128 and\n"
	     "                   10 to 99 % load\n"
	     "  -t, --threads    instead: what two threads cost that forward at once, each with a queue of its own,\n"
	     "                   beside each alone\n"
	     "  -w, --waiting    instead: how long packets take to a program that polls, that polls and sleeps as the\n"
	     "                   programs do with --poll adaptive, or that sleeps after each look without packets,\n"
	     "                   and what its thread takes of a core; at 0 to 1,000,000 packets a second. Names are\n"
	     "                   like \"adaptive 1000\", ways poll, adaptive and wait. Of the rounds the calmest "
	     "counts;\n"
	     "                   \"restless\": others had more than 1 % of the cores; chrt -f 1 in front helps\n"
	     "  -P, --pacing     instead: how late the generator hands over frames, and how exact its gaps and its "
	     "rate\n"
	     "                   are, at 1, 1000 and 1,000,000 packets a second and at 90 % of 10 Gbit/s. Names are "
	     "like\n"
	     "                   \"constant 1000\", \"poisson 90%\". Of the rounds the calmest counts; one packet a "
	     "second\n"
	     "                   has one round, of 5 s\n"
	     "  -s, --save FILE  the JSON into a file too\n"
	     "  -v, --svg FILE   a picture of bursts of 32\n"
	     "  -h, --help       this text\n\n"
	     "A figure also depends on where code, stack and memory lie, which is new in each start: two lines\n"
	     "may not fit into a cache together. So three processes share the rounds, one after the other, each\n"
	     "with addresses of its own, and each round moves the stack by another multiple of 256 bytes. A\n"
	     "median is that of the middle process. A cell is marked \"differ\" if the medians of its processes\n"
	     "differ by more than 15 %, and \"restless\" if something else had a share of the core in half of a\n"
	     "process's rounds or more: then the figure says more of luck or of the machine than of the driver.\n"
	     "JSON has the marks as well, the picture draws such bars paler, and bench-compare does not judge\n"
	     "their cycles.\n\n"
	     "Exit status: 0 measured, 1 something failed, 2 wrong command line.");
}

static int misused(const char *sentence)
{
	fprintf(stderr, "bench: %s; see --help\n", sentence);
	return 2;
}

static bool read_number(const char *text, unsigned *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*number = value <= ROUNDS_MAX ? (unsigned)value : 0;
	return *text >= '0' && *text <= '9' && !*end && *number > 0;
}

int options_read(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'}, {"save", required_argument, NULL, 's'},
		{"svg", required_argument, NULL, 'v'}, {"latency", no_argument, NULL, 'l'},
		{"all", no_argument, NULL, 'a'}, {"far", no_argument, NULL, 'f'}, {"threads", no_argument, NULL, 't'},
		{"only", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'},
		{"waiting", no_argument, NULL, 'w'}, {"pacing", no_argument, NULL, 'P'},
		{PROCESSES_OPTION, required_argument, NULL, 'p'}, {0}};
	int option;

	*options = (struct options){.rounds = 9};
	while ((option = getopt_long(argc, argv, "r:js:v:laftwPo:h", known, NULL)) != -1) {
		switch (option) {
		case 'r':
			if (!read_number(optarg, &options->rounds))
				return misused("rounds go from 1 to 99");
			break;
		case 'j':
			options->json = true;
			break;
		case 's':
			options->save = optarg;
			break;
		case 'v':
			options->svg = optarg;
			break;
		case 'l':
			options->latency = options->all = options->far = true;
			break;
		case 'a':
			options->all = options->far = true;
			break;
		case 't':
			options->threads = options->far = true;
			break;
		case 'w':
			options->waiting = options->far = true;
			break;
		case 'P':
			options->pacing = true;
			break;
		case 'f':
			options->far = true;
			break;
		case 'o':
			options->only = optarg;
			break;
		case 'p':
			if (!processes_read_option(optarg, &options->process, &options->figures_fd))
				return misused(
					"--" PROCESSES_OPTION " is for processes that the benchmark starts itself");
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	if (options->only && regcomp(&options->pattern, options->only, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "bench: '%s' is no regular expression\n", options->only);
		return 2;
	}
	return optind == argc ? -1 : misused("there are no other arguments");
}
