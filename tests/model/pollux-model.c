/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-model: one or two ports of a software 82599, each behind a vfio-user socket and at the end of a wire. One thread takes
 * turns between the sockets and the queues. */
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <immintrin.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGES_AT_ONCE 64         /* of one client, before the others and the queues have their turn */
#define POLL_NS          20000u     /* between looks at the sockets */
#define TALKING_NS       1000000u   /* for so long after a message the next is looked for at once */
#define YIELD_NS         50000u     /* idle for so long: others may have the processor */
#define NAP_NS           10000000u  /* idle for so long: sleep between steps, ... */
#define NAP_FOR_NS       100000u    /* ... but a tail in shared memory wakes nobody */
#define ABSENT_MS        200        /* no client at all: sleep until one comes */
#define QUIET_NS         200000000u /* nothing moved for so long: all is through */
#define HOUSE_NS         1000000u   /* between looks at what ends the program */
#define FAILED           1
#define MISUSED          2

#define MAX_WIRES 16

static const struct {
	const char *name;
	uint32_t breakage;
	const char *what;
} breakages[] = {
        {"reset-stuck", MODEL_RESET_STUCK, "CTRL.RST never clears"},
        {"master-stuck", MODEL_MASTER_STUCK, "STATUS.GIO never clears"},
        {"eeprom-stuck", MODEL_EEPROM_STUCK, "EEC.AUTO_RD never comes"},
        {"eeprom-absent", MODEL_EEPROM_ABSENT, "EEC.EE_PRES is 0"},
        {"dma-init-stuck", MODEL_DMA_INIT_STUCK, "RDRXCTL.DMAIDONE never comes"},
        {"rx-enable-stuck", MODEL_RX_ENABLE_STUCK, "RXDCTL.ENABLE never comes"},
        {"tx-enable-stuck", MODEL_TX_ENABLE_STUCK, "TXDCTL.ENABLE never comes"},
        {"rx-disable-stuck", MODEL_RX_DISABLE_STUCK, "RXDCTL.ENABLE never goes"},
        {"secrx-stuck", MODEL_SECRX_STUCK, "SECRXSTAT.SECRX_RDY never comes"},
        {"bad-mac", MODEL_BAD_MAC, "the address in RAL/RAH is a multicast one"},
        {"gone", MODEL_GONE, "every read is all ones"},
        {"bus-master-stuck", MODEL_BUS_MASTER_STUCK, "COMMAND.BusMaster cannot be set"},
        {"tx-stuck", MODEL_TX_STUCK, "transmit queues never advance"},
};

struct options {
	const char *paths[WIRE_PORTS], *wires[MAX_WIRES];
	unsigned ports, wire_count;
	uint32_t broken;
	bool hold, no_shared, link_down, sfp_absent, exit_when_done, once, stats, json;
	uint64_t lose, corrupt, expect;
	double duration;
};

static volatile sig_atomic_t stop, release;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		release = 1;
	else
		stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void help(void)
{
	printf("Usage: pollux-model --port SOCKET [--port SOCKET2] [--wire PORT:END]... [options]\n"
	       "A software 82599 with one or two ports, each a vfio-user device behind a UNIX socket.\n"
	       "A port serves one client at a time and is reset when it goes; a second one is refused.\n"
	       "\nWire ends (ports count from 0, in the order of --port; frames start when a driver has the port up):\n%s"
	       "  --hold               sources and captures wait for SIGUSR1 before their first frame\n"
	       "\nWhen to end (else at SIGINT or SIGTERM):\n"
	       "  --exit-when-done     when all frames of pcap-in and source,count=N were received and nothing moved for 200 ms\n"
	       "  --expect N           with --exit-when-done: as soon as the ports have sent N frames\n"
	       "  --duration SECONDS   counted from the first frame\n"
	       "  --once               when all ports had a client and none has one any more\n"
	       "\nWhat to say:\n"
	       "  --stats              live counters on stderr, once a second\n"
	       "  --json               the statistics at the end as JSON\n"
	       "\nFor tests:\n"
	       "  --lose N, --corrupt N  the N-th frame for a pcap-out is left out, or gets a bit flipped in its middle\n"
	       "  --no-shared          heads and tails are not shared as memory: every register access is a message, and exact.\n"
	       "                       For guests, whose drivers use more than heads and tails of those pages\n"
	       "  --link-down          nobody at the other end of the wires\n"
	       "  --sfp-absent         no module in the cage\n"
	       "  --break NAME         a device that is broken, as often as wanted:\n",
	        wire_help);
	for (unsigned i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++)
		printf("      %-18s %s\n", breakages[i].name, breakages[i].what);
	printf("\nExit status: 0; 1: something failed on the way; 2: the command line or a capture cannot be used.\n");
}

static bool broken_by_name(struct options *options, const char *name)
{
	for (unsigned i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++) {
		if (strcmp(breakages[i].name, name) == 0) {
			options->broken |= breakages[i].breakage;
			return true;
		}
	}
	fprintf(stderr, "pollux-model: --break does not know '%s': see --help\n", name);
	return false;
}

static bool count_from_1(const char *name, const char *text, uint64_t *value)
{
	char *end;
	errno = 0;
	*value = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
	if (*value && !errno && !*end)
		return true;
	fprintf(stderr, "pollux-model: --%s takes a number from 1, not '%s'\n", name, text);
	return false;
}

/** @return false: said why. */
static bool understand(int argc, char **argv, struct options *options)
{
	enum { PORT = 256, WIRE, HOLD, DONE, EXPECT, DURATION, ONCE, STATS, JSON, LOSE, CORRUPT, NO_SHARED, LINK_DOWN, SFP_ABSENT, BREAK, HELP };
	static const struct option names[] = {
	        {"port", required_argument, NULL, PORT},
	        {"wire", required_argument, NULL, WIRE},
	        {"hold", no_argument, NULL, HOLD},
	        {"exit-when-done", no_argument, NULL, DONE},
	        {"expect", required_argument, NULL, EXPECT},
	        {"duration", required_argument, NULL, DURATION},
	        {"once", no_argument, NULL, ONCE},
	        {"stats", no_argument, NULL, STATS},
	        {"json", no_argument, NULL, JSON},
	        {"lose", required_argument, NULL, LOSE},
	        {"corrupt", required_argument, NULL, CORRUPT},
	        {"no-shared", no_argument, NULL, NO_SHARED},
	        {"link-down", no_argument, NULL, LINK_DOWN},
	        {"sfp-absent", no_argument, NULL, SFP_ABSENT},
	        {"break", required_argument, NULL, BREAK},
	        {"help", no_argument, NULL, HELP},
	        {0},
	};
	int c;
	char *end;
	while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		bool good = true;
		switch (c) {
		case PORT:
			good = options->ports < WIRE_PORTS;
			if (good)
				options->paths[options->ports++] = optarg;
			else
				fprintf(stderr, "pollux-model: two ports at most\n");
			break;
		case WIRE:
			good = options->wire_count < MAX_WIRES;
			if (good)
				options->wires[options->wire_count++] = optarg;
			else
				fprintf(stderr, "pollux-model: %u --wire options at most\n", MAX_WIRES);
			break;
		case DURATION:
			options->duration = strtod(optarg, &end);
			good = end != optarg && !*end && options->duration > 0 && options->duration < 1e9;
			if (!good)
				fprintf(stderr, "pollux-model: --duration takes seconds, not '%s'\n", optarg);
			break;
		case EXPECT:
			good = count_from_1("expect", optarg, &options->expect);
			break;
		case LOSE:
			good = count_from_1("lose", optarg, &options->lose);
			break;
		case CORRUPT:
			good = count_from_1("corrupt", optarg, &options->corrupt);
			break;
		case BREAK:
			good = broken_by_name(options, optarg);
			break;
		case HOLD:
			options->hold = true;
			break;
		case DONE:
			options->exit_when_done = true;
			break;
		case ONCE:
			options->once = true;
			break;
		case STATS:
			options->stats = true;
			break;
		case JSON:
			options->json = true;
			break;
		case NO_SHARED:
			options->no_shared = true;
			break;
		case LINK_DOWN:
			options->link_down = true;
			break;
		case SFP_ABSENT:
			options->sfp_absent = true;
			break;
		case 'h':
		case HELP:
			help();
			exit(EXIT_SUCCESS);
		default:
			good = false;
		}
		if (!good)
			return false;
	}
	if (optind < argc || !options->ports) {
		fprintf(stderr,
		        options->ports ? "pollux-model: what is '%s'? See --help\n" : "pollux-model: --port SOCKET is needed: see --help\n",
		        argv[optind]);
		return false;
	}
	return true;
}

/** Looks at the sockets; sleeps there for up to timeout_ns. @return whether anything happened. */
static bool look_at_sockets(struct model_port *ports, unsigned count, uint64_t timeout_ns)
{
	struct pollfd fds[2 * WIRE_PORTS];
	unsigned first[WIRE_PORTS + 1] = {0};
	bool happened = false;
	for (unsigned i = 0; i < count; i++)
		first[i + 1] = first[i] + server_poll_fds(ports[i].server, &fds[first[i]]);
	struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (long)(timeout_ns % 1000000000u)};
	if (ppoll(fds, first[count], &timeout, NULL) <= 0)
		return false;
	for (unsigned i = 0; i < count; i++) {
		bool ready = false;
		for (unsigned f = first[i]; f < first[i + 1]; f++)
			ready |= fds[f].revents != 0;
		if (!ready)
			continue;
		model_step(server_model(ports[i].server), now_ns()); /* a register is read as of now, however long the sleep was */
		if (!server_poll(ports[i].server, MESSAGES_AT_ONCE))
			continue;
		happened = true;
		wire_look(ports[i].wire, server_model(ports[i].server), now_ns());
	}
	return happened;
}

static bool ended(const struct options *options, struct model_port *ports, uint64_t now)
{
	uint64_t first = 0, last = 0, sent = 0;
	bool done = true, served = true;
	for (unsigned i = 0; i < options->ports; i++) {
		const struct wire *wire = ports[i].wire;
		if (wire->first_ns && (!first || wire->first_ns < first))
			first = wire->first_ns;
		if (wire->moved_ns > last)
			last = wire->moved_ns;
		sent += wire->counts.out_frames;
		done &= !wire_ends(wire) || wire_done(wire);
		served &= server_counts(ports[i].server)->clients && !server_connected(ports[i].server);
		/* A client that took its memory away sends nothing that would bring us to look. */
		if (server_poll(ports[i].server, MESSAGES_AT_ONCE))
			wire_look(ports[i].wire, server_model(ports[i].server), now);
	}
	if (options->duration > 0 && first && (double)(now - first) / 1e9 >= options->duration)
		return true;
	if (options->exit_when_done && done && ((options->expect && sent >= options->expect) || (last && now - last >= QUIET_NS)))
		return true;
	return options->once && served;
}

static bool anyone(struct model_port *ports, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (server_connected(ports[i].server))
			return true;
	return false;
}

static void run(const struct options *options, struct model_port *ports)
{
	uint64_t now = now_ns(), polled = 0, talked = 0, moved = now, housed = 0, shown = now;
	while (!stop) {
		now = now_ns();
		if (now - talked < TALKING_NS || now - polled >= POLL_NS) {
			uint64_t idle = now - (moved > talked ? moved : talked);
			uint64_t sleep_ns = idle < NAP_NS ? 0 : anyone(ports, options->ports) ? NAP_FOR_NS : ABSENT_MS * 1000000u;
			bool happened = look_at_sockets(ports, options->ports, sleep_ns);
			now = now_ns();
			polled = now;
			if (happened)
				talked = now;
		}
		unsigned frames = 0;
		for (unsigned i = 0; i < options->ports; i++) {
			ports[i].wire->held = options->hold && !release;
			struct model *model = server_model(ports[i].server);
			model_step(model, now);
			frames += wire_step(ports[i].wire, model, now);
		}
		if (frames)
			moved = now;
		else if (now - moved > YIELD_NS)
			sched_yield();
		else
			_mm_pause();
		if (now - housed >= HOUSE_NS) {
			housed = now;
			if (ended(options, ports, now))
				return;
			if (options->stats && now - shown >= 1000000000u) {
				report_live(stderr, ports, options->ports, (double)(now - shown) / 1e9);
				shown = now;
			}
		}
	}
}

/** @return 0 or the exit status; said why. */
static int open_all(const struct options *options, struct model_port *ports, struct wire *wires)
{
	char error[512] = "";
	bool ends = false;
	int status = 0;
	for (unsigned i = 0; i < options->wire_count && !status; i++)
		if (wire_configure(wires, options->ports, options->wires[i], error, sizeof(error)))
			status = MISUSED;
	for (unsigned i = 0; i < options->ports && !status; i++) {
		ends |= wire_ends(&wires[i]);
		wires[i].lose = options->lose;
		wires[i].corrupt = options->corrupt;
		ports[i].wire = &wires[i];
		struct server_config config = {
		        .path = options->paths[i],
		        .model = {.port = i, .sfp_absent = options->sfp_absent},
		        .no_shared = options->no_shared,
		};
		if (server_open(&ports[i].server, &config, error, sizeof(error))) {
			status = FAILED;
			break;
		}
		model_set_partner(server_model(ports[i].server), !options->link_down);
		model_break(server_model(ports[i].server), options->broken);
		fprintf(stderr, "pollux-model: port %u is vfio-user:%s\n", i, options->paths[i]);
	}
	if (!status && options->exit_when_done && !ends) {
		snprintf(error, sizeof(error), "--exit-when-done needs a pcap-in, or a source with a count");
		status = MISUSED;
	}
	if (status)
		fprintf(stderr, "pollux-model: %s\n", error);
	return status;
}

static int close_all(const struct options *options, struct model_port *ports, struct wire *wires)
{
	char error[512];
	int status = 0;
	for (unsigned i = 0; i < options->ports; i++)
		server_close(ports[i].server);
	for (unsigned i = 0; i < WIRE_PORTS; i++) {
		if (!wire_close(&wires[i], error, sizeof(error)))
			continue;
		fprintf(stderr, "pollux-model: %s\n", error);
		status = FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	static struct wire wires[WIRE_PORTS];
	struct model_port ports[WIRE_PORTS] = {0};
	struct options options = {0};
	if (!understand(argc, argv, &options))
		return MISUSED;

	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);

	int status = open_all(&options, ports, wires);
	if (!status) {
		run(&options, ports);
		if (options.json)
			report_json(stdout, ports, options.ports);
		else
			report_end(stdout, ports, options.ports);
		fflush(stdout);
	}
	int closed = close_all(&options, ports, wires);
	return status ? status : closed;
}
