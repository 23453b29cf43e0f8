/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-model: one or two ports of a software 82599, each behind a vfio-user socket and at the end of a wire. One
 * thread takes turns between the sockets and the queues. */
#include "control.h"
#include "options.h"
#include "report.h"
#include "wire/configure.h"

#include "../../apps/app_output.h"

#include <immintrin.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGES_AT_ONCE 64          /* of one client; then others and the queues have their turn */
#define POLL_NS          20000u      /* between looks at the sockets */
#define TALKING_NS       1000000u    /* after a message the sockets are looked at all the time, for so long */
#define YIELD_NS         50000u      /* idle for so long: the processor is yielded */
#define NAP_NS           10000000u   /* idle for so long: the program sleeps between steps, ... */
#define NAP_FOR_NS       100000u     /* ... briefly, since a tail in shared memory wakes nobody */
#define ABSENT_MS        200         /* no client: the program sleeps on its sockets for so long */
#define QUIET_NS         200000000u  /* nothing moved for so long: all frames have arrived */
#define GIVE_UP_NS       5000000000u /* the same, when more is expected */
#define HOUSE_NS         1000000u    /* between looks at what ends the program */
#define LINES_AT_ONCE    4           /* of the control FIFO */
#define FAILED           1
#define MISUSED          2

static volatile sig_atomic_t stop, release, tell;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		release = 1;
	else if (number == SIGUSR2)
		tell = 1;
	else
		stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** Looks at the sockets, and at what the wires wait for; sleeps there for up to timeout_ns. @return whether anything
 * happened at a socket. */
static bool look_at_sockets(struct model_port *ports, unsigned count, uint64_t timeout_ns)
{
	struct pollfd fds[3 * WIRE_PORTS];
	unsigned first[WIRE_PORTS + 1] = {0};
	bool happened = false;
	for (unsigned i = 0; i < count; i++)
		first[i + 1] = first[i] + server_poll_fds(ports[i].server, &fds[first[i]]);
	for (unsigned i = 0; i < count; i++)
		fds[first[count] + i] = (struct pollfd){.fd = wire_poll_fd(ports[i].wire), .events = POLLIN};
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (long)(timeout_ns % 1000000000u)};
	if (ppoll(fds, first[count] + count, &timeout, NULL) <= 0)
		return false;
	for (unsigned i = 0; i < count; i++) {
		bool ready = false;
		if (fds[first[count] + i].revents)
			wire_ready(ports[i].wire);
		for (unsigned f = first[i]; f < first[i + 1]; f++)
			ready |= fds[f].revents != 0;
		if (!ready)
			continue;
		/* Each register is read as of now: however long the sleep was, and when a driver counts on ten reads
		 * taking ten microseconds. */
		unsigned done = 0;
		do
			model_step(server_model(ports[i].server), now_ns());
		while (server_poll(ports[i].server, 1) && ++done < MESSAGES_AT_ONCE);
		if (!done)
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
		sent += wire->counts.out_frames - wire->counts.out_pause;
		done &= !wire_ends(wire) || wire_done(wire);
		/* A client that says nothing only looks whether somebody serves here. */
		served &= server_counts(ports[i].server)->messages && !server_connected(ports[i].server);
		/* A client that took its memory away sends nothing that would bring us to look. */
		if (server_poll(ports[i].server, 0))
			wire_look(ports[i].wire, server_model(ports[i].server), now);
	}
	if (options->duration > 0 && first && (double)(now - first) / 1e9 >= options->duration)
		return true;
	if (options->exit_when_done && done &&
		((options->expect && sent >= options->expect) ||
			(last && now - last >= (options->expect ? GIVE_UP_NS : QUIET_NS))))
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

/** A wire is pulled out or plugged in; what is at both ends of a cable loses the link, but not what is behind a device.
 */
static void switch_link(struct model_port *ports, unsigned count, unsigned port, bool up)
{
	for (unsigned i = 0; i < count; i++) {
		struct model *model = server_model(ports[i].server);
		if (i != port && (ports[port].wire->peer != ports[i].wire || ports[port].wire->device))
			continue;
		model_set_partner(model, up);
		wire_look(ports[i].wire, model, now_ns());
	}
}

/** @return false: it does not happen to this card, or the port has no meter. */
static bool execute(struct model_port *ports, unsigned count, struct control_command *command)
{
	struct model_port *port = &ports[command->port];
	struct model *model = server_model(port->server);
	bool possible = true;
	switch (command->what) {
	case CONTROL_LINK:
		switch_link(ports, count, command->port, command->up);
		break;
	case CONTROL_MODULE:
		model_set_module(model, command->module);
		wire_look(port->wire, model, now_ns());
		break;
	case CONTROL_PAUSE:
		wire_pause(port->wire, now_ns(), command->pause_ns);
		break;
	case CONTROL_PARTNER:
		model_set_partner_speeds(model, command->speeds);
		wire_look(port->wire, model, now_ns());
		break;
	case CONTROL_FAULT:
		if (command->incident == MODEL_INCIDENTS)
			command->incident = model_incident_random(model, command->number, &command->number);
		possible = model_incident_possible(model, command->incident, command->number);
		model_incident(model, command->incident, command->number);
		wire_look(port->wire, model, now_ns());
		break;
	case CONTROL_METER:
		possible = port->wire->meter != NULL;
		if (possible)
			meter_end_order(port->wire->meter, &command->meter, now_ns());
		break;
	}
	return possible;
}

/** Does what was written to the control FIFO: a few lines at a time, so that a writer without end does not stop the
 * ports. @return whether anything was */
static bool obey(struct control *control, struct model_port *ports, unsigned count)
{
	char line[CONTROL_LINE_MAX];
	unsigned i = 0;
	for (; i < LINES_AT_ONCE && control_line(control, line); i++) {
		struct control_command command;
		bool good = control_understand(line, count, &command);
		if (good && !execute(ports, count, &command))
			fprintf(stderr, "pollux-model: control: %s: %s\n", line,
				command.what == CONTROL_METER ? "this port has no meter: see --wire PORT:meter=FILE"
							      : "this card has no such fault");
		else if (good && command.what == CONTROL_FAULT)
			fprintf(stderr, "pollux-model: control: %s: %s %u\n", line,
				model_incident_name(command.incident), command.number);
		else
			fprintf(stderr, "pollux-model: control: %s%s%s\n", line,
				good               ? ""
				: command.error[0] ? ": "
						   : ": no such command, or no such port: see --help",
				good ? "" : command.error);
	}
	return i > 0;
}

static void run(const struct options *options, struct control *control, struct model_port *ports)
{
	uint64_t now = now_ns(), polled = 0, talked = 0, moved = now, housed = 0, shown = now;
	while (!stop) {
		now = now_ns();
		if (now - talked < TALKING_NS || now - polled >= POLL_NS) {
			uint64_t idle = now - (moved > talked ? moved : talked);
			uint64_t sleep_ns = idle < NAP_NS                   ? 0
					    : anyone(ports, options->ports) ? NAP_FOR_NS
									    : ABSENT_MS * 1000000u;
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
			if (obey(control, ports, options->ports))
				talked = now; /* more may wait there */
			if (tell) {
				tell = 0;
				report_json(stdout, ports, options->ports);
				fflush(stdout);
			}
			if (options->stats && now - shown >= 1000000000u) {
				report_live(stderr, ports, options->ports, (double)(now - shown) / 1e9);
				shown = now;
			}
		}
	}
}

/** @return 0, or the exit status when the reason was printed. */
static int open_all(
	const struct options *options, struct control *control, struct model_port *ports, struct wire *wires)
{
	char error[512] = "";
	bool ends = false;
	int status = 0;
	for (unsigned i = 0; i < options->wire_count && !status; i++)
		if (wire_configure(wires, options->ports, options->wires[i], error, sizeof(error)))
			status = MISUSED;
	for (unsigned i = 0; i < options->ports && !status; i++) {
		if (wires[i].tap && tap_down(wires[i].tap))
			fprintf(stderr,
				"pollux-model: %s is down, and this user may not set it up; root: ip link set %s up\n",
				tap_down(wires[i].tap), tap_down(wires[i].tap));
		ends |= wire_ends(&wires[i]);
		wires[i].lose = options->lose;
		wires[i].corrupt = options->corrupt;
		ports[i].wire = &wires[i];
		struct server_config config = {
			.path = options->paths[i],
			.model = options->model,
			.no_shared = options->no_shared,
		};
		config.model.port = i;
		memcpy(config.model.mac, options->macs[i], sizeof(config.model.mac));
		if (server_open(&ports[i].server, &config, error, sizeof(error))) {
			status = FAILED;
			break;
		}
		model_set_partner(server_model(ports[i].server), !options->link_down);
		model_break(server_model(ports[i].server), options->broken);
		const uint8_t *mac = options->macs[i];
		fprintf(stderr, "pollux-model: port %u is vfio-user:%s, %02x:%02x:%02x:%02x:%02x:%02x\n", i,
			options->paths[i], mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	if (!status && options->control && control_open(control, options->control, error, sizeof(error)))
		status = MISUSED;
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
	app_output_descriptors();
	if (!options_understand(argc, argv, &options))
		return MISUSED;
	if (options.help) {
		options_help(stdout);
		return EXIT_SUCCESS;
	}
	if (options.version) {
		puts("pollux-model (Pollux) " POLLUX_VERSION);
		return EXIT_SUCCESS;
	}

	struct sigaction action = {.sa_handler = on_signal}, before;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	app_output_unblock();

	struct control control = {.fd = -1};
	int status = open_all(&options, &control, ports, wires);
	if (!status) {
		run(&options, &control, ports);
		if (options.json)
			report_json(stdout, ports, options.ports);
		else
			report_end(stdout, ports, options.ports);
	}
	control_close(&control);
	int closed = close_all(&options, ports, wires);
	if (!app_output_end(stdout) || !app_output_end(stderr))
		closed = FAILED;
	return status ? status : closed;
}
