/* SPDX-License-Identifier: BSD-2-Clause
 * Printing the software 82599's counters. */
#include "report.h"

#include <inttypes.h>

#define UNKNOWN_LINES 64
/* A client that has tails mapped writes so many by messages: each of 256 queues twice, as it is set up. */
#define SETUP_TAILS 512

static double share(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static double seconds_busy(const struct wire *wire)
{
	return (double)(wire->moved_ns - wire->first_ns) / 1e9;
}

static double mpps(uint64_t frames, double seconds)
{
	return seconds > 0 ? (double)frames / seconds / 1e6 : 0;
}

/** What came over the wire and did not get to the driver. */
static uint64_t lost_frames(const struct wire *wire)
{
	uint64_t lost = 0;
	for (unsigned fate = 0; fate < MODEL_FATES; fate++)
		lost += fate == MODEL_RECEIVED || fate == MODEL_PAUSE ? 0 : wire_fate_count(wire, fate);
	return lost;
}

/** Who kept the frames from flowing faster. */
static const char *limit(const struct model_port *port)
{
	return server_counts(port->server)->clients ? wire_limit(port->wire) : "there was no client";
}

void report_live(FILE *to, struct model_port *ports, unsigned count, double seconds)
{
	for (unsigned i = 0; i < count; i++) {
		struct wire_counts now = ports[i].wire->counts, *old = &ports[i].shown;
		uint64_t lost = lost_frames(ports[i].wire);
		fprintf(to,
			"port %u: in %.3f Mpps, out %.3f Mpps, lost %" PRIu64
			", busy %.0f %%, without descriptors %.0f %%%s\n",
			i, mpps(now.in_frames - old->in_frames, seconds),
			mpps(now.out_frames - old->out_frames, seconds), lost - ports[i].shown_lost,
			share(now.busy_steps - old->busy_steps, now.steps - old->steps),
			share(now.blocked - old->blocked, now.offered - old->offered),
			server_connected(ports[i].server) ? "" : ", no client");
		*old = now;
		ports[i].shown_lost = lost;
	}
	fflush(to);
}

/** What became of the frames that came in: those received, and whatever else there was. Together they are all that
 * came. */
static void fates(FILE *to, const struct wire *wire)
{
	for (unsigned fate = 0; fate < MODEL_FATES; fate++) {
		uint64_t n = wire_fate_count(wire, fate);
		if (fate == MODEL_RECEIVED)
			fprintf(to, "        of what came in: received %" PRIu64, n);
		else if (n)
			fprintf(to, ", %s %" PRIu64, model_fate_name(fate), n);
	}
	if (wire_waiting(wire))
		fprintf(to, ", waiting in the packet buffer %" PRIu64, wire_waiting(wire));
	fputs("\n", to);
}

/** What the device that is tested has done to what the port sent. */
static void device(FILE *to, const struct wire *wire)
{
	struct device_counts d = wire_device_counts(wire);
	if (d.in)
		fprintf(to,
			"        the device took %" PRIu64 " frames: lost %" PRIu64 ", and %" PRIu64
			" for a full queue, handed on %" PRIu64 ", has %" PRIu64 "\n",
			d.in, d.lost, d.full, d.out, d.in - d.lost - d.full - d.out);
}

/** What has gone from and to the host. */
static void tap(FILE *to, const struct wire *wire)
{
	struct tap_counts t = wire_tap_counts(wire);
	if (wire->tap)
		fprintf(to, "        the host sent %" PRIu64 " frames, took %" PRIu64 " and refused %" PRIu64 "%s\n",
			t.in, t.out, t.refused, t.gone ? "; its interface is gone" : "");
}

/** Pause frames, where there were any. */
static void pauses(FILE *to, struct model_port *port)
{
	struct model_pauses p = model_pause_counts(server_model(port->server));
	if (p.in_xoff + p.in_xon)
		fprintf(to,
			"        told to pause %" PRIu64 " times, and to go on %" PRIu64
			" times: was silent for %.3f s\n",
			p.in_xoff, p.in_xon, (double)p.paused_ns / 1e9);
	if (p.out_xoff + p.out_xon)
		fprintf(to,
			"        asked for a pause %" PRIu64 " times, and for its end %" PRIu64
			" times: its source was silent for %.3f s\n",
			p.out_xoff, p.out_xon, (double)port->wire->counts.held_ns / 1e9);
}

/** Which rules of order were broken, what was wrong with descriptors, and which registers are missing: a line each. */
static void faults_in_detail(FILE *to, const struct model *model)
{
	const struct model_faults *f = model_faults(model);
	struct model_unknown unknown;
	unsigned lines = 0;
	for (unsigned i = 0; i < MODEL_ORDERS; i++) {
		const char *rule, *name = model_order_name(i, &rule);
		if (f->order[i])
			fprintf(to, "        order %s: %" PRIu64 " times not so: %s\n", name, f->order[i], rule);
	}
	for (unsigned i = 0; i < MODEL_MISUSES; i++) {
		const char *rule, *name = model_misuse_name(i, &rule);
		if (f->misuse[i])
			fprintf(to, "        descriptor %s: %" PRIu64 " times not so: %s\n", name, f->misuse[i], rule);
	}
	for (uint32_t at = 0; lines < UNKNOWN_LINES && model_unknown(model, at, &unknown);
		at = unknown.last + 4, lines++)
		fprintf(to,
			"        no register at %05" PRIx32 "..%05" PRIx32 ": read %" PRIu64 " times, written %" PRIu64
			"\n",
			unknown.first, unknown.last, unknown.reads, unknown.writes);
}

/** What happened to the card. */
static void incidents(FILE *to, const struct model *model)
{
	unsigned kinds = 0;
	for (unsigned i = 0; i < MODEL_INCIDENTS; i++)
		if (model_incident_count(model, i))
			fprintf(to, "%s %s %" PRIu64,
				kinds++ ? "," : "        happened to the card:", model_incident_name(i),
				model_incident_count(model, i));
	if (kinds)
		fputs("\n", to);
}

void report_end(FILE *to, struct model_port *ports, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct wire *wire = ports[i].wire;
		const struct wire_counts *c = &wire->counts;
		const struct server_counts *s = server_counts(ports[i].server);
		const struct model_faults *f = model_faults(server_model(ports[i].server));
		double seconds = seconds_busy(wire);
		fprintf(to,
			"port %u: in %" PRIu64 " frames (%.3f Mpps), missed %" PRIu64 ", out %" PRIu64
			" frames (%.3f Mpps), in %.3f s\n",
			i, c->in_frames, mpps(c->in_frames, seconds), wire_fate_count(wire, MODEL_MISSED),
			c->out_frames, mpps(c->out_frames, seconds), seconds);
		fates(to, wire);
		if (model_tx_unreported(server_model(ports[i].server)))
			fprintf(to, "        sent, and never reported: %" PRIu64 " frames\n",
				model_tx_unreported(server_model(ports[i].server)));
		device(to, wire);
		tap(to, wire);
		pauses(to, &ports[i]);
		if (model_tx_lost(server_model(ports[i].server)))
			fprintf(to, "        reported sent, and lost in the card: %" PRIu64 " frames\n",
				model_tx_lost(server_model(ports[i].server)));
		fprintf(to,
			"        busy %.1f %% of the steps, without descriptors %.1f %% of those with frames; limit: "
			"%s\n",
			share(c->busy_steps, c->steps), share(c->blocked, c->offered), limit(&ports[i]));
		if (wire_late(wire) || c->stalled_ns)
			fprintf(to,
				"        the model did not get the CPU in time, or was too slow: it stood still for "
				"%.3f s, and %" PRIu64 " frames did not come when they were due\n",
				(double)c->stalled_ns / 1e9, wire_late(wire));
		fprintf(to,
			"        faults: address %" PRIu64 ", ring %" PRIu64 ", descriptor %" PRIu64
			", register %" PRIu64 ", order %" PRIu64 "\n",
			f->bad_address, f->bad_ring, f->bad_descriptor, f->bad_register, f->bad_order);
		faults_in_detail(to, server_model(ports[i].server));
		incidents(to, server_model(ports[i].server));
		if (c->damaged)
			fprintf(to, "        %" PRIu64 " frames came with a wrong FCS\n", c->damaged);
		fprintf(to,
			"        clients %" PRIu64 ", refused %" PRIu64 ", messages %" PRIu64 " (%" PRIu64
			" answered with an error), ended by us %" PRIu64
			", interrupts that found their eventfd full %" PRIu64 "\n",
			s->clients, s->refused, s->messages, s->errors, s->broken, s->full);
		if (s->tails > SETUP_TAILS * s->clients)
			fprintf(to,
				"        %" PRIu64
				" tails written by a message each, which is slow: heads and tails were not mapped\n",
				s->tails);
	}
}

static void json_incident(FILE *to, const struct model *model, unsigned what)
{
	fputs("\"incident_", to);
	for (const char *c = model_incident_name(what); *c; c++)
		fputc(*c == '-' ? '_' : *c, to);
	fprintf(to, "\":%" PRIu64 ",", model_incident_count(model, what));
}

static void json_port(FILE *to, unsigned index, struct model_port *port)
{
	const struct wire_counts *c = &port->wire->counts;
	const struct server_counts *s = server_counts(port->server);
	const struct model_faults *f = model_faults(server_model(port->server));
	const struct model_pauses p = model_pause_counts(server_model(port->server));
	const struct device_counts d = wire_device_counts(port->wire);
	const struct tap_counts t = wire_tap_counts(port->wire);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"port", index},
		{"in_frames", c->in_frames},
		{"in_bytes", c->in_bytes},
		{"waiting", wire_waiting(port->wire)},
		{"received_bytes", model_received_bytes(server_model(port->server))},
		{"out_frames", c->out_frames},
		{"out_bytes", c->out_bytes},
		{"lost_unsent", model_tx_lost(server_model(port->server))},
		{"sent_unreported", model_tx_unreported(server_model(port->server))},
		{"in_xoff", p.in_xoff},
		{"in_xon", p.in_xon},
		{"paused_ns", p.paused_ns},
		{"out_xoff", p.out_xoff},
		{"out_xon", p.out_xon},
		{"held_ns", c->held_ns},
		{"captured", c->captured},
		{"damaged", c->damaged},
		{"partner_pauses", c->partner_pauses},
		{"device_in", d.in},
		{"device_lost", d.lost},
		{"device_full", d.full},
		{"device_out", d.out},
		{"tap_in", t.in},
		{"tap_out", t.out},
		{"tap_refused", t.refused},
		{"steps", c->steps},
		{"busy_steps", c->busy_steps},
		{"offered_steps", c->offered},
		{"blocked_steps", c->blocked},
		{"full_steps", c->full},
		{"stalled_ns", c->stalled_ns},
		{"late_frames", wire_late(port->wire)},
		{"fault_address", f->bad_address},
		{"fault_ring", f->bad_ring},
		{"fault_descriptor", f->bad_descriptor},
		{"fault_register", f->bad_register},
		{"fault_order", f->bad_order},
		{"clients", s->clients},
		{"refused", s->refused},
		{"messages", s->messages},
		{"message_errors", s->errors},
		{"tail_messages", s->tails},
		{"broken", s->broken},
		{"interrupts_full", s->full},
	};
	fputs("{", to);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(to, "\"%s\":%" PRIu64 ",", numbers[i].name, numbers[i].value);
	for (unsigned fate = 0; fate < MODEL_FATES; fate++)
		fprintf(to, "\"%s\":%" PRIu64 ",", model_fate_name(fate), wire_fate_count(port->wire, fate));
	for (unsigned i = 0; i < MODEL_INCIDENTS; i++)
		json_incident(to, server_model(port->server), i);
	fprintf(to, "\"seconds\":%.6f,\"limit\":\"%s\"}", seconds_busy(port->wire), limit(port));
}

void report_json(FILE *to, struct model_port *ports, unsigned count)
{
	fputs("{\"ports\":[", to);
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? "," : "", to);
		json_port(to, i, &ports[i]);
	}
	fputs("]}\n", to);
}
