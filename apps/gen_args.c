/* SPDX-License-Identifier: BSD-2-Clause
 * The generator's command line. */
#include "gen_args.h"

#include "app_frame.h"
#include "app_parse.h"
#include "gen_frame.h"

#include <string.h>

/* What a frame without VLAN tags has on top of what the MTU counts: Ethernet header and FCS. */
#define OVERHEAD_BYTES (NIC_HEADER_BYTES + NIC_FCS_BYTES)

#define DRY_COUNT     10u /* packets of each stream */
#define DRY_COUNT_MAX 10000000u

enum {
	KEY_REPLAY = 0x100,
	KEY_LOOP,
	KEY_TO,
	KEY_MAX_GAP,
	KEY_STRICT,
	KEY_SPEED,
	KEY_UNIQUE_IP,
	KEY_STREAM_CAPTURE,
	KEY_PAD,
	KEY_STREAM,
	KEY_SEED,
	KEY_DRY_RUN,
	KEY_DRY_RUN_FILE,
	KEY_LATENCY,
	KEY_CSV,
	KEY_SVG,
};

static const struct argp_option options[] = {
	{"size", 's', "BYTES", 0,
		"frame size with the FCS of 4 bytes, as it is on the wire: 64 to the MTU + 18; default 64", 0},
	{"rate", 'R', "RATE", 0,
		"packets per second (14.88M, 1Mpps, 500kpps), bits per second with framing, that is with FCS, preamble "
		"and gap (10Gbit, 2.5Gbit), or with the FCS alone (9Gbit-l2), or percent of the line rate (50%), which "
		"follows the link's speed; each stream without a rate of its own has this one; default: as fast as it "
		"can, for captures their own timing",
		0},
	{"count", 'n', "N", 0,
		"end after N packets of each stream that has no count of its own; as a failure, when the card sends "
		"none for 5 s though its link is up; default: "
		"no limit, for captures once through",
		0},
	{"flows", 'f', "N", 0, "number of flows, each with a source address and port of its own; default 1", 0},
	{"stream", KEY_STREAM, "TEXT", 0,
		"packets of this kind instead, see below; @FILE: of each line's kind; several send all of them", 0},
	{"seed", KEY_SEED, "N", 0, "number that random fields depend on; default: another one each time", 0},
	{"dry-run", KEY_DRY_RUN, "N", OPTION_ARG_OPTIONAL,
		"print the first N packets of each stream (default 10), one a line, and send nothing: needs no port",
		0},
	{"dry-run-file", KEY_DRY_RUN_FILE, "FILE", 0, "write them to a capture instead", 0},
	{"to", KEY_TO, "MAC", 0,
		"destination address where a stream has none, and of the headers that captures get; default: the "
		"second "
		"port's, or 02:00:00:00:00:01",
		0},
	{"replay", KEY_REPLAY, "FILE", 0, "send the frames of a capture file (pcap or pcapng; - is stdin) instead", 0},
	{"replay-speed", KEY_SPEED, "FACTOR", 0, "send a capture so many times as fast as it was captured (2x, 0.5x)",
		0},
	{"loop", KEY_LOOP, "N", OPTION_ARG_OPTIONAL,
		"--loop=N sends the capture N times, --loop again and again, until --count or --duration", 0},
	{"unique-ip", KEY_UNIQUE_IP, NULL, 0,
		"change the IP addresses with each loop: the lower one of a packet grows by 1, the other one shrinks, "
		"and checksums stay as they are",
		0},
	{"max-gap", KEY_MAX_GAP, "SECONDS", 0,
		"shorten longer gaps between a capture's frames to that; default: wait as long as they are", 0},
	{"stream-capture", KEY_STREAM_CAPTURE, NULL, 0,
		"read a capture while it is sent, from a pipe as it comes; default: all of it before, unless a file is "
		"larger than a quarter of the free memory",
		0},
	{"pad", KEY_PAD, NULL, 0, "give frames that were cut when captured their length again, with zeros", 0},
	{"strict", KEY_STRICT, NULL, 0,
		"send nothing, and fail, where frames of the capture are cut, too long for the MTU, of another link, "
		"or missing as the file is damaged; default: send the others, and tell",
		0},
	{"latency", KEY_LATENCY, "N", OPTION_ARG_OPTIONAL,
		"measure how long packets are under way: of each Nth that comes back; default N: 1, all of them", 0},
	{"csv", KEY_CSV, "FILE", 0, "write what came back of each stream and size, and all latencies, into a file", 0},
	{"svg", KEY_SVG, "FILE", 0, "draw latency by percentile into a file, with --latency", 0},
	{0},
};

static const char doc[] =
	"Sends packets on the first port, and counts what comes back on that or on the second one.\n" APP_HELP_PORT "\v"
	"Packets are IPv4 and UDP, from 198.18.x.x to 198.19.0.1 port 9, and numbered: those that are lost, reordered "
	"or duplicated on their way back are counted, and those that come back changed, which count as lost, too; "
	"Ethernet addresses may change. What --count asks for waits in the card while the link is down. Once all "
	"are sent, it waits until nothing has come back for 0.25 s. Until then, what has not come and was not "
	"overtaken is in flight (\"in_flight\"); then it is lost. \"echo\":false "
	"says that nothing has come back at all, perhaps as nobody sends it.\n"
	"With --latency each frame's way is timed, from when it is made until it is taken. The receiving loop's own "
	"turns without traffic are timed first: no packet is seen sooner, so no time below that is claimed. Of few "
	"packets no far percentiles are told.\n"
	"A sender held up makes up for 10 ms; what is beyond is given up, counted (\"given_up\") and told with the "
	"cause (\"limited_by\").\n"
	"With two CPUs (--cpu 2,3), the first sends and the second receives; else one thread does both. With several "
	"queues each has a thread, or two with twice as many CPUs. They share the rate, the count and the flows: a "
	"flow "
	"leaves by one queue, in order, if there are as many flows as queues. Packets are reordered that came behind a "
	"later one of the same transmit queue, by the same receive queue. A capture leaves by the first queue, in "
	"order.\n"
	"Captures of IP packets without Ethernet headers (raw IP, BSD loopback, Linux cooked, as tcpdump -i any "
	"writes) "
	"get such headers, to 02:00:00:00:00:01 or --to. What of a capture is not sent as it was on the wire is "
	"counted and told. With --unique-ip, "
	"packets to groups, with IPv4 options or an IPv6 routing header, and those that are not IP keep their "
	"addresses; 16.7 million loops later all are as they were. A capture that is read too slowly while it is sent "
	"is a cause of a missed rate (\"capture_read\").\n"
	"\n"
	"A stream's text has layers in this order: eth, vlan up to twice, one of ip, ip6 and arp, one of udp, tcp and "
	"icmp (behind ip6 ICMPv6). Behind each of them stand fields of it:\n"
	"  eth      dst src type\n"
	"  vlan=ID  pcp dei tpid type\n"
	"  ip       src dst tos ttl id df mf frag proto\n"
	"  ip6      src dst tos ttl label proto\n"
	"  arp      op sha spa tha tpa\n"
	"  udp      src dst\n"
	"  tcp      src dst seq ack flags window urgent\n"
	"  icmp     type code id seq\n"
	"TCP flags are letters of FSRPAUEC. What is left out is eth, ip and udp; nothing follows type= or proto=. A "
	"field's value is A; A-B or A-B/STEP, "
	"counting; A,B,C, in turn; random; or random(A-B). Anywhere in the text stands what is of the whole stream:\n"
	"  size=    bytes with FCS: values as a field's; SIZE:WEIGHT,SIZE:WEIGHT...;\n"
	"           imix (64:7,594:4,1518:1), imix-csit (64:28,570:16,1518:4), or\n"
	"           imix-ip (40:7,576:4,1500:1 bytes of IP). Those of a named mix are\n"
	"           no less than headers and stamp. Default: as short as can be\n"
	"  rate=    as --rate, which is that of streams without\n"
	"  pace=    constant, poisson, or burst(N): N packets at once\n"
	"  count=   packets of it\n"
	"  flows=   as --flows: behind udp or tcp\n"
	"  name=    for reports\n"
	"  sum=     wrong: checksums that are not right\n"
	"  stamp=   no: without the stamp of 18 bytes (run, stream, number, time)\n"
	"           behind the headers. What comes back of a stream without stamps, or\n"
	"           whose shortest frame has no room for one, is others' packets.\n"
	"\n"
	"Examples:\n"
	"  pollux-gen --rate 1Mpps --duration 10 0000:03:00.0 0000:03:00.1\n"
	"  pollux-gen --queues 4 --flows 1000 0000:03:00.0 0000:03:00.1\n"
	"  pollux-gen -s 1518 -R 50% -f 1000 -d 5 --json vfio-user:/tmp/a\n"
	"  pollux-gen --stream 'vlan=5 ip6 udp dst=1-1024 size=imix rate=20%' 0000:03:00.0\n"
	"  pollux-gen --dry-run=20 --seed 1 --stream 'tcp flags=S src=random seq=random'\n"
	"  pollux-gen --latency --svg latency.svg -R 1M -d 10 0000:03:00.0 0000:03:00.1\n"
	"  pollux-gen --replay web.pcap --rate 10Gbit --loop -n 1M 0000:03:00.0\n"
	"  pollux-gen --replay web.pcap --replay-speed 2x --loop=100 --unique-ip 0000:03:00.0\n"
	"  gzip -dc huge.pcap.gz | pollux-gen --replay - --stream-capture 0000:03:00.0\n"
	"\n" APP_HELP_STATUS;

static void check(struct gen_args *args, struct argp_state *state)
{
	unsigned largest = gen_mtu(args) + OVERHEAD_BYTES;

	if ((args->app.address_count < 1 && !args->dry_count) || args->app.address_count > 2)
		argp_error(state, "one or two ports are wanted");
	if (args->size > largest)
		argp_error(state, "--size %u: at most %u with this MTU; larger ones need --mtu %u", args->size, largest,
			args->size - OVERHEAD_BYTES);
	if ((args->looped || args->strict || args->max_gap_ns || args->replay_speed > 0 || args->unique_ip ||
		    args->stream_capture || args->pad) &&
		!args->replay)
		argp_error(state,
			"--loop, --strict, --max-gap, --replay-speed, --unique-ip, --stream-capture and --pad "
			"need --replay");
	if ((args->max_gap_ns || args->replay_speed > 0) && args->rate.unit != GEN_RATE_UNLIMITED)
		argp_error(state, "--max-gap and --replay-speed are about a capture's own timing: without --rate");
	if (args->unique_ip && !args->looped)
		argp_error(state, "--unique-ip changes addresses with each loop: it needs --loop");
	if (args->strict && args->stream_capture)
		argp_error(state, "--strict wants to know all of the capture before it is sent: without "
				  "--stream-capture");
	if ((args->has_shape || args->streams.count || args->dry_count) && args->replay)
		argp_error(state, "--replay sends frames as they are: without --stream, --size, --flows and --dry-run");
	if (args->has_shape && args->streams.count)
		argp_error(state, "--stream says sizes and flows itself: without --size and --flows");
	if (!args->replay && !args->streams.count) {
		char text[64];
		snprintf(text, sizeof(text), "size=%u flows=%llu", args->size, (unsigned long long)args->flows);
		gen_streams_add(&args->streams, text);
	}
	for (unsigned i = 0; i < args->streams.count; i++)
		if (args->streams.each[i].rate.unit == GEN_RATE_UNLIMITED)
			args->streams.each[i].rate = args->rate;
	if (!gen_streams_fit(&args->streams, gen_mtu(args)))
		argp_error(state, "%s", args->streams.error);
	if ((args->latency_each || args->csv) && args->replay)
		argp_error(state, "--latency and --csv are about frames of its own: without --replay");
	if (args->svg && !args->latency_each)
		argp_error(state, "--svg draws latencies: it needs --latency");
	if (args->app.queues == 1 && args->app.cpu_count > 2)
		argp_error(state, "--cpu: one or two CPUs are wanted");
	app_check_cpus(&args->app, state, 2 * args->app.queues);
	if (args->app.cpu_count % args->app.queues)
		argp_error(state, "--cpu: %u or %u CPUs are wanted with so many queues", args->app.queues,
			2 * args->app.queues);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct gen_args *args = state->input;
	const char *wanted, *rest;

	switch (key) {
	case ARGP_KEY_INIT:
		*args = (struct gen_args){
			.size = NIC_FRAME_MIN_BYTES + NIC_FCS_BYTES, .flows = 1, .loops = 1, .seed = gen_random_seed()};
		state->child_inputs[0] = &args->app;
		return 0;
	case 's':
		args->has_shape = true;
		args->size = (unsigned)app_count_option(
			state, "size", text, NIC_FRAME_MIN_BYTES + NIC_FCS_BYTES, APP_FRAME_MAX);
		return 0;
	case 'R':
		wanted = gen_rate_parse(text, &args->rate);
		if (wanted)
			argp_error(state, "--rate %s: %s", text, wanted);
		return 0;
	case 'n':
		args->count = app_count_option(state, "count", text, 1, UINT64_C(1) << 53);
		return 0;
	case 'f':
		args->has_shape = true;
		args->flows = app_count_option(state, "flows", text, 1, GEN_FLOWS_MAX);
		return 0;
	case KEY_TO:
		args->has_to = app_parse_mac(text, args->to);
		if (!args->has_to)
			argp_error(state, "--to %s: an address such as 02:00:00:00:00:01 is wanted", text);
		return 0;
	case KEY_STREAM:
		if (!gen_streams_add(&args->streams, text))
			argp_error(state, "%s", args->streams.error);
		return 0;
	case KEY_SEED:
		args->seed = app_count_option(state, "seed", text, 0, UINT64_C(1) << 53);
		return 0;
	case KEY_DRY_RUN:
		args->dry_count = app_count_option(state, "dry-run", text ? text : "10", 1, DRY_COUNT_MAX);
		return 0;
	case KEY_DRY_RUN_FILE:
		args->dry_file = text;
		args->dry_count = args->dry_count ? args->dry_count : DRY_COUNT;
		return 0;
	case KEY_REPLAY:
		args->replay = text;
		return 0;
	case KEY_MAX_GAP:
		args->max_gap_ns = (uint64_t)(app_seconds_option(state, "max-gap", text, 0.000001, 1e9) * 1e9);
		return 0;
	case KEY_STRICT:
		args->strict = true;
		return 0;
	case KEY_LATENCY:
		args->latency_each = text ? (unsigned)app_count_option(state, "latency", text, 1, 1000000000) : 1;
		return 0;
	case KEY_CSV:
		args->csv = text;
		return 0;
	case KEY_SVG:
		args->svg = text;
		return 0;
	case KEY_LOOP:
		args->looped = true;
		args->loops = text ? app_count_option(state, "loop", text, 1, 1000000000) : 0;
		return 0;
	case KEY_SPEED:
		if (!app_parse_number(text, &args->replay_speed, &rest) || (*rest && strcmp(rest, "x") != 0) ||
			args->replay_speed < 1e-6 || args->replay_speed > 1e6)
			argp_error(state, "--replay-speed %s: a factor such as 2x or 0.5x is wanted, 0.000001x to 1Mx",
				text);
		return 0;
	case KEY_UNIQUE_IP:
		args->unique_ip = true;
		return 0;
	case KEY_STREAM_CAPTURE:
		args->stream_capture = true;
		return 0;
	case KEY_PAD:
		args->pad = true;
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

void gen_parse(struct gen_args *args, int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PORT [PORT]", doc, app_common_options, NULL, NULL};

	app_parse(&argp, argc, argv, args);
}
