/* SPDX-License-Identifier: BSD-2-Clause
 * Understanding `--wire` options, and opening the wire ends that they name. */
#include "configure.h"

#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char wire_help[] =
	"Wire ends (ports count from 0, in the order of --port; frames start when a driver has the port up):\n"
	"  PORT:pcap-in=FILE[,rate=PPS|,timing][,ignore-pause]\n"
	"                       the port receives the frames of a capture (read whole at start), once. Without more "
	"each waits\n"
	"                       for a descriptor and none is lost (with several receive queues: see below); with a "
	"rate,\n"
	"                       or the capture's own timing, frames that find no descriptor wait in the packet buffer\n"
	"                       (512 KiB, 384 on the others), and those it has no room for are missed\n"
	"  PORT:source[,size=BYTES][,rate=PPS][,count=N][,flows=N][,dst=own|broadcast|MAC][,seq][,ignore-pause]\n"
	"                       the port receives UDP frames made from a template. size is with FCS (default 64); "
	"without a\n"
	"                       rate at full speed, each waiting for a descriptor; flows (default 1) differ in source "
	"address\n"
	"                       and port; dst is the port's own address (default), all, or the one given; seq numbers "
	"the\n"
	"                       frames in the first 8 bytes of their data, which costs speed\n"
	"  PORT:peer=PORT[,lossless][,damage=N]\n"
	"                       a cable between two ports, both ways. lossless: senders wait while the other port has "
	"no\n"
	"                       descriptor, instead of overflowing its packet buffer. damage: every N-th frame each "
	"way\n"
	"                       arrives with a wrong FCS (with --hold: from SIGUSR1 on)\n"
	"  PORT:device=PORT[,rate=PPS][,queue=FRAMES][,loss=SHARE][,delay=TIME]\n"
	"                       a device to be tested between two ports, the same both ways: it serves one frame after "
	"the\n"
	"                       other, rate in a second (without: at once); what comes when queue frames (default "
	"1000) "
	"wait\n"
	"                       or are served is lost, before that a SHARE of all, as 0.01; what is left is delayed "
	"by\n"
	"                       TIME on top (as 20us; ns, us, ms or s, 10 s at most). It obeys no pause frames\n"
	"  PORT:tap=NAME[,mtu=BYTES]\n"
	"                       the host: a TAP interface, made if there is none of that name. What the host sends "
	"there "
	"comes\n"
	"                       to the port as over a cable, and it gets what the port sends; its carrier follows the "
	"link.\n"
	"                       Needs CAP_NET_ADMIN (as with 'unshare -rn'), or an interface that root made for the "
	"user:\n"
	"                       ip tuntap add dev NAME mode tap user USER; ip link set NAME up\n"
	"  PORT:meter=FILE      the peer of the comparison (tests/compare/README.md): answers ARP requests for "
	"198.18.0.1, "
	"and\n"
	"                       measures an echo when --control says so; each measurement adds a line of JSON to FILE\n"
	"  PORT:meter-far=PORT  what the port sends comes, through a forwarder, to that other port's meter, whose "
	"--wire "
	"is\n"
	"                       given before\n"
	"  PORT:pcap-out=FILE   what the port sends is written to a capture with times in nanoseconds; besides a cable "
	"too\n"
	"  PORT:sink            what the port sends is counted (also without saying so)\n"
	"Pause frames of the port (IEEE 802.3x) stop the other port, and a source that has a rate, as they stop a "
	"switch:\n"
	"its frames come later. On copper only if that was negotiated; ignore-pause: never.\n"
	"Frames wait for a descriptor where the driver lets them. With several receive queues a driver has the card\n"
	"drop at once what finds its queue's ring full (SRRCTL.DROP_EN), lest one queue blocks the others: then\n"
	"nothing waits, with lossless neither, and what is lost is reported as no_descriptor.\n"
	"PPS, 0.001 to 1000M, may end in k or M. A FILE cannot have a comma in its name; that of pcap-in may be -, for "
	"standard input.\n";

struct sentence {
	char *at;
	size_t bytes;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct sentence s, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(s.at, s.bytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static bool rate(const char *text, double *pps)
{
	char *end;
	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	*pps = strtod(text, &end);
	if (*end == 'k')
		*pps *= 1e3, end++;
	else if (*end == 'M')
		*pps *= 1e6, end++;
	return !*end && isfinite(*pps) && *pps >= 0.001 && *pps <= 1e9;
}

/** A time with its unit, 10 s at most, in ns. */
static bool time_text(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	char *unit;
	if (text[0] < '0' || text[0] > '9')
		return false;
	double value = strtod(text, &unit);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0 && value * units[i].ns <= 10e9) {
			*ns = (uint64_t)(value * units[i].ns + 0.5);
			return true;
		}
	}
	return false;
}

/** A share from 0 to 1. */
static bool share(const char *text, double *value)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	*value = strtod(text, &end);
	return !*end && *value >= 0 && *value <= 1;
}

/** Cuts the next "key" or "key=value" off the option. @return NULL: no more. */
static char *next_part(char **rest, char **value)
{
	char *part = strsep(rest, ",");
	*value = part ? strchr(part, '=') : NULL;
	if (*value)
		*(*value)++ = '\0';
	return part;
}

static bool is(const char *part, const char *key, const char *value, bool wants_value)
{
	return strcmp(part, key) == 0 && (value != NULL) == wants_value;
}

static int open_fifo(struct wire *wire, struct sentence s)
{
	if (!wire->fifo)
		wire->fifo = fifo_open();
	return wire->fifo ? 0 : refuse(s, "no memory for a packet buffer");
}

static int pcap_in(struct wire *wire, const char *path, char *rest, struct sentence s)
{
	char *part, *value;
	while ((part = next_part(&rest, &value))) {
		if (is(part, "timing", value, false))
			wire->timed = true;
		else if (is(part, "ignore-pause", value, false))
			wire->ignores_pause = true;
		else if (!is(part, "rate", value, true) || !rate(value, &wire->rate_pps))
			return refuse(s,
				"pcap-in takes rate=PPS (0.001 to 1000M) or timing, and ignore-pause, not '%s%s%s'",
				part, value ? "=" : "", value ? value : "");
	}
	if (wire->timed && wire->rate_pps > 0)
		return refuse(s, "pcap-in takes a rate or timing, not both");
	int state = capture_load(&wire->capture, path, s.at, s.bytes);
	if (state)
		return state;
	if (!wire->capture.count)
		return refuse(s, "%s holds no frames: nothing to receive", path);
	for (uint32_t i = 1; wire->timed && i < wire->capture.count; i++)
		if (wire->capture.time_ns[i] < wire->capture.time_ns[i - 1])
			return refuse(s, "%s: frame %u is older than the one before it: give a rate instead of timing",
				path, i + 1);
	wire->limit = wire->capture.count;
	wire->source_kind = WIRE_CAPTURE;
	return wire->timed || wire->rate_pps > 0 ? open_fifo(wire, s) : 0;
}

static int template(struct wire *wire, char *rest, struct sentence s)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint64_t size = 64, flows = 1;
	uint8_t mac[6] = {0};
	char *part, *value;
	wire->own_address = true;
	while ((part = next_part(&rest, &value))) {
		bool good = (is(part, "size", value, true) && text_number(value, 64, MODEL_FRAME_MAX, &size)) ||
			    (is(part, "rate", value, true) && rate(value, &wire->rate_pps)) ||
			    (is(part, "count", value, true) && text_number(value, 1, UINT64_MAX / 2, &wire->limit)) ||
			    (is(part, "flows", value, true) && text_number(value, 1, SOURCE_FLOWS_MAX, &flows));
		if (is(part, "seq", value, false)) {
			wire->numbered = good = true;
		} else if (is(part, "ignore-pause", value, false)) {
			wire->ignores_pause = good = true;
		} else if (is(part, "dst", value, true)) {
			wire->own_address = strcmp(value, "own") == 0;
			if (strcmp(value, "broadcast") == 0)
				memcpy(mac, all, sizeof(mac));
			good = wire->own_address || strcmp(value, "broadcast") == 0 || text_mac_address(value, mac);
		}
		if (!good)
			return refuse(s,
				"source takes size=64..%u, rate=PPS (0.001 to 1000M), count=N, flows=1..%u, "
				"dst=own|broadcast|MAC, seq and ignore-pause, not '%s%s%s'",
				MODEL_FRAME_MAX, SOURCE_FLOWS_MAX, part, value ? "=" : "", value ? value : "");
	}
	if (!source_open(&wire->source, (uint32_t)size - 4, (uint32_t)flows, wire->numbered))
		return refuse(s, "no memory for %u flows of %u bytes", (unsigned)flows, (unsigned)size);
	source_address(&wire->source, mac);
	wire->source_kind = WIRE_TEMPLATE;
	return wire->rate_pps > 0 ? open_fifo(wire, s) : 0;
}

/** Joins two ports, which may be the same. */
static int join(struct wire *wires, unsigned port, unsigned other, struct sentence s)
{
	struct wire *ends[2] = {&wires[port], &wires[other]};
	for (unsigned i = 0; i < 2; i++) {
		if (ends[i]->peer || (i == 1 && port != other && ends[i]->source_kind != WIRE_NOTHING))
			return refuse(s, "port %u has a source or a cable already", i ? other : port);
		if (open_fifo(ends[i], s))
			return -ENOMEM;
		ends[i]->source_kind = WIRE_PEER;
		if (port == other)
			break;
	}
	ends[0]->peer = ends[1];
	ends[1]->peer = ends[0];
	return 0;
}

static int cable(struct wire *wires, unsigned ports, unsigned port, const char *to, char *rest, struct sentence s)
{
	uint64_t other, damage = 0;
	bool lossless = false, good = text_number(to, 0, ports - 1, &other);
	char *value, *part;
	while (good && (part = next_part(&rest, &value))) {
		if (is(part, "lossless", value, false) && !lossless)
			lossless = true;
		else
			good = is(part, "damage", value, true) && !damage &&
			       text_number(value, 1, UINT64_MAX / 2, &damage);
	}
	if (!good)
		return refuse(s, "peer takes one of the %u ports, counted from 0, lossless, and damage=N", ports);
	wires[port].lossless = wires[other].lossless = lossless;
	wires[port].damage = wires[other].damage = damage;
	return join(wires, port, (unsigned)other, s);
}

static int device(struct wire *wires, unsigned ports, unsigned port, const char *to, char *rest, struct sentence s)
{
	struct device_config config = {.queue = DEVICE_QUEUE_DEFAULT};
	uint64_t other;
	char *value, *part;
	bool good = text_number(to, 0, ports - 1, &other);
	while (good && (part = next_part(&rest, &value)))
		good = (is(part, "rate", value, true) && rate(value, &config.rate_pps)) ||
		       (is(part, "queue", value, true) && text_number(value, 1, DEVICE_FRAMES_MAX, &config.queue)) ||
		       (is(part, "loss", value, true) && share(value, &config.loss)) ||
		       (is(part, "delay", value, true) && time_text(value, &config.delay_ns));
	if (!good)
		return refuse(s,
			"device takes one of the %u ports, counted from 0, rate=PPS (0.001 to 1000M), "
			"queue=1..%u, loss=SHARE (0 to 1) and delay=TIME (as 20us, 10s at most)",
			ports, DEVICE_FRAMES_MAX);
	for (unsigned i = 0; i < 2; i++) {
		struct wire *wire = &wires[i ? other : port];
		if (!wire->device && !(wire->device = device_open(&config)))
			return refuse(s, "no memory for a device");
	}
	return join(wires, port, (unsigned)other, s);
}

static int tap(struct wire *wire, const char *name, char *rest, struct sentence s)
{
	uint64_t mtu = 0;
	char *value, *part;
	while ((part = next_part(&rest, &value)))
		if (!is(part, "mtu", value, true) || !text_number(value, 68, 65521, &mtu))
			return refuse(s, "tap takes mtu=BYTES (68 to 65521), not '%s%s%s'", part, value ? "=" : "",
				value ? value : "");
	wire->tap = tap_open(name, (unsigned)mtu, s.at, s.bytes);
	if (!wire->tap)
		return -EINVAL;
	wire->source_kind = WIRE_TAP;
	return open_fifo(wire, s);
}

static int meter(struct wire *wire, const char *path, struct sentence s)
{
	wire->meter = meter_end_open(path, s.at, s.bytes);
	if (!wire->meter)
		return -EINVAL;
	wire->source_kind = WIRE_METER;
	return open_fifo(wire, s);
}

static int meter_far(struct wire *wires, unsigned ports, unsigned port, const char *of, struct sentence s)
{
	uint64_t other;
	if (!text_number(of, 0, ports - 1, &other) || other == port || !wires[other].meter)
		return refuse(s, "meter-far takes the number of another port, whose meter was given before");
	wires[port].far_from = &wires[other];
	return 0;
}

static int pcap_out(struct wire *wire, const char *path, struct sentence s)
{
	if (wire->dumper)
		return refuse(s, "a port has one pcap-out at most");
	if (strcmp(path, "-") == 0)
		return refuse(s, "pcap-out takes the name of a file: the report goes to standard output");
	wire->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, MODEL_FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO);
	wire->out_path = strdup(path);
	wire->dumper = wire->pcap ? pcap_dump_open(wire->pcap, path) : NULL;
	return wire->dumper
		       ? 0
		       : refuse(s, "cannot write the capture: %s", wire->pcap ? pcap_geterr(wire->pcap) : "no memory");
}

int wire_configure(struct wire *wires, unsigned ports, const char *option, char *error, size_t error_bytes)
{
	struct sentence s = {error, error_bytes};
	char text[4096];
	uint64_t port;
	if (strlen(option) >= sizeof(text))
		return refuse(s, "a wire option has %zu bytes at most", sizeof(text) - 1);
	strcpy(text, option);
	char *rest = text, *value, *name = strsep(&rest, ":");
	if (!rest || !text_number(name, 0, ports - 1, &port))
		return refuse(s,
			"'%s' does not start with the number of a port and a colon; there %s %u, counted from 0",
			option, ports == 1 ? "is" : "are", ports);
	struct wire *wire = &wires[port];
	char *kind = next_part(&rest, &value);
	if (is(kind, "sink", value, false) && !rest)
		return 0;
	if (is(kind, "pcap-out", value, true) && !rest)
		return pcap_out(wire, value, s);
	if (is(kind, "meter-far", value, true) && !rest)
		return meter_far(wires, ports, (unsigned)port, value, s);
	bool meters = is(kind, "meter", value, true) && !rest;
	bool source = meters || is(kind, "pcap-in", value, true) || is(kind, "source", value, false) ||
		      is(kind, "peer", value, true) || is(kind, "tap", value, true) || is(kind, "device", value, true);
	if (!source)
		return refuse(s, "'%s' is no wire end: see --help", option);
	if (wire->source_kind != WIRE_NOTHING)
		return refuse(s, "port %u has a source already", (unsigned)port);
	if (meters)
		return meter(wire, value, s);
	if (strcmp(kind, "pcap-in") == 0)
		return pcap_in(wire, value, rest, s);
	if (strcmp(kind, "source") == 0)
		return template(wire, rest, s);
	if (strcmp(kind, "tap") == 0)
		return tap(wire, value, rest, s);
	return strcmp(kind, "peer") == 0 ? cable(wires, ports, (unsigned)port, value, rest, s)
					 : device(wires, ports, (unsigned)port, value, rest, s);
}
