/* SPDX-License-Identifier: BSD-2-Clause
 * Moving frames between a port and the ends of its wire. */
#include "wire.h"

#include "carry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS      100000u
#define ABILITIES_NS 100000000u
/* The longest pause that there is. */
#define QUANTA_MAX 0xFFFFu

static void start(struct wire *wire, struct model *model)
{
	wire->started = true;
	/* Frames do not become due while the port is down: those that are left come later. */
	wire->began_ns = 0;
	wire->counts.stalled_frames = wire_late(wire);
	wire->behind = 0;
	if (wire->source_kind == WIRE_TEMPLATE && wire->own_address) {
		uint8_t mac[6];
		model_own_address(model, mac);
		source_address(&wire->source, mac);
	}
}

/** What the other port advertises of flow control counts once it stays so: after a reset it is nothing, until its
 * driver has said what it wants, which a card's negotiation takes seconds to notice. */
static void learn_abilities(struct wire *wire, struct model *model, uint64_t now_ns)
{
	unsigned abilities = wire->device ? 0 : model_advertised_pause(wire->peer->model);
	bool first = !wire->abilities_ns;
	if (first || abilities != wire->abilities) {
		wire->abilities = abilities;
		wire->abilities_ns = now_ns;
	}
	if (first || now_ns - wire->abilities_ns >= ABILITIES_NS)
		model_set_partner_pause(model, abilities);
}

void wire_look(struct wire *wire, struct model *model, uint64_t now_ns)
{
	bool receives = model_receive_enabled(model), up = receives && model_link_up(model);
	wire->model = model;
	wire->looked_ns = now_ns;
	if (up && !wire->up)
		wire->up_ns = now_ns;
	if (!up)
		wire->started = false;
	if (!receives && wire->fifo) {
		/* The packet buffer is emptied with the rest of the port. The link may go, and what it brought stays.
		 */
		wire->counts.not_up += fifo_count(wire->fifo);
		fifo_clear(wire->fifo);
	}
	wire->receives = receives;
	wire->up = up;
	if (wire->tap)
		tap_carrier(wire->tap, model_link_up(model));
	if (wire->peer && wire->peer->model)
		learn_abilities(wire, model, now_ns);
	if (up && !wire->started && now_ns - wire->up_ns >= WIRE_SETTLE_NS)
		start(wire, model);
}

typedef unsigned port_entry(struct model *model, const struct model_frame *frames, unsigned n);

/** Offers frames to the port: to model_receive, or from its packet buffer to model_deliver. @return how many met their
 * fate. */
static unsigned offer(
	struct wire *wire, struct model *model, port_entry *entry, const struct model_frame *frames, unsigned n)
{
	/* While the receive path is halted, as drivers do to change a filter, frames wait in front of it. */
	unsigned taken = model_receiving(model) ? entry(model, frames, n) : 0;
	wire->counts.offered++;
	wire->counts.blocked += taken < n;
	return taken;
}

/** Frames of the source have come to the end of the wire. */
static void arrived(struct wire *wire, const struct model_frame *frames, unsigned n)
{
	uint64_t bytes = 0;
	if (wire->source_kind == WIRE_TEMPLATE)
		bytes = (uint64_t)n * wire->source.len;
	else
		for (unsigned i = 0; i < n; i++)
			bytes += frames[i].len;
	wire->given += n;
	wire->counts.in_frames += n;
	wire->counts.in_bytes += bytes;
}

/** The frame that comes as number `wire->given`, and those beside it: at most n. */
static unsigned next_frames(struct wire *wire, const struct model_frame **frames, unsigned n)
{
	if (wire->limit && wire->limit - wire->given < n)
		n = (unsigned)(wire->limit - wire->given);
	if (n == 0)
		return 0;
	if (wire->source_kind == WIRE_CAPTURE) {
		*frames = &wire->capture.frames[wire->given];
		return n;
	}
	uint32_t place = (uint32_t)(wire->given % wire->source.period);
	if (wire->numbered)
		source_number(&wire->source, place, n, wire->given);
	*frames = &wire->source.frames[place];
	return n;
}

/** Without a rate frames go straight to descriptors, as many as there are. */
static unsigned step_lossless(struct wire *wire, struct model *model)
{
	const struct model_frame *frames;
	unsigned n = next_frames(wire, &frames, WIRE_BATCH);
	if (n == 0)
		return 0;
	unsigned taken = offer(wire, model, model_receive, frames, n);
	arrived(wire, frames, taken);
	return taken;
}

/** How many frames should have come to the end of the wire by now. */
static uint64_t due(struct wire *wire, uint64_t now_ns)
{
	if (!wire->began_ns) {
		/* The next one is due now. */
		uint64_t before = wire->timed ? wire->capture.time_ns[wire->given < wire->limit ? wire->given : 0] -
							wire->capture.time_ns[0]
					      : (uint64_t)((double)wire->given * 1e9 / wire->rate_pps);
		wire->began_ns = now_ns - before;
	}
	/* began_ns may lie before the clock's zero: the difference is right modulo 2^64. */
	uint64_t passed = now_ns - wire->began_ns;
	if (!wire->timed)
		return (uint64_t)((double)passed * wire->rate_pps / 1e9) + 1;
	uint64_t count = wire->given;
	while (count < wire->limit && count <= wire->given + WIRE_BATCH &&
		wire->capture.time_ns[count] - wire->capture.time_ns[0] <= passed)
		count++;
	return count;
}

/** The port's pause frames keep the source from sending now. */
static bool silent(const struct wire *wire)
{
	return wire->stepped_ns < wire->quiet_ns;
}

/** A frame that finds no descriptor goes to the packet buffer, or is lost. copy: its bytes will not stay. */
static void keep(struct wire *wire, struct model *model, const struct model_frame *frame, bool copy)
{
	if (!model_arrive(model, frame))
		return;
	if (carry_fits(wire, frame->len))
		fifo_push(wire->fifo, frame, copy);
	else
		model_miss(model, frame, 1);
	carry_pause(wire);
}

/** With a rate: what is due goes straight to the descriptors while nothing waits in the packet buffer, else there, or
 * is lost.
 *  @return how many reached descriptors. */
static unsigned arrive(struct wire *wire, struct model *model, uint64_t now_ns)
{
	uint64_t until = due(wire, now_ns);
	const struct model_frame *frames;
	unsigned n, passed = 0;
	if (wire->limit && until > wire->limit)
		until = wire->limit;
	/* What the model itself is too slow for comes later: only what the driver is too slow for may be lost. */
	wire->behind = until > wire->given + WIRE_BATCH ? until - wire->given - WIRE_BATCH : 0;
	until -= wire->behind;
	if (wire->timed) /* frames of the same time are as close as a step allows */
		wire->behind = 0;
	while (wire->given < until &&
		(n = next_frames(wire, &frames,
			 until - wire->given < WIRE_BATCH ? (unsigned)(until - wire->given) : WIRE_BATCH))) {
		unsigned taken = fifo_count(wire->fifo) ? 0 : offer(wire, model, model_receive, frames, n);
		passed += taken;
		for (; taken < n && !silent(wire); taken++)
			keep(wire, model, &frames[taken], wire->numbered);
		arrived(wire, frames, taken);
		if (taken < n)
			break;
	}
	return passed;
}

/** What the meter asks goes the way of a source with a rate.
 *  @return how many requests reached descriptors. */
static unsigned step_meter(struct wire *wire, struct model *model, uint64_t now_ns)
{
	struct model_frame frames[METER_BATCH];
	unsigned n = 0, passed = 0;
	if (wire->started && !wire->held && !silent(wire))
		n = meter_end_give(wire->meter, model, now_ns, frames);
	if (n && !fifo_count(wire->fifo))
		passed = offer(wire, model, model_receive, frames, n);
	for (unsigned i = passed; i < n; i++)
		keep(wire, model, &frames[i], true);
	arrived(wire, frames, n);
	return passed;
}

static unsigned step_fifo(struct wire *wire, struct model *model)
{
	const struct model_frame *frames;
	unsigned n, taken, total = 0;
	/* The buffer is emptied faster than frames arrive, or it would never be empty. */
	while (total < 4 * WIRE_BATCH && (n = fifo_peek(wire->fifo, &frames))) {
		taken = offer(wire, model, model_deliver, frames, n < WIRE_BATCH ? n : WIRE_BATCH);
		fifo_pop(wire->fifo, taken);
		total += taken;
		if (taken < n && taken < WIRE_BATCH)
			break;
	}
	return total;
}

/** The host's frames come as over a cable. A pause frame of the port holds them in the kernel. */
static unsigned step_tap(struct wire *wire)
{
	struct model_frame frame;
	unsigned n = 0;
	for (; n < WIRE_BATCH && !silent(wire) && tap_read(wire->tap, &frame); n++)
		carry_come(wire, &frame);
	return n;
}

/** The host did not let the model run for so long: frames that came due meanwhile come later, and are counted. */
static void stall(struct wire *wire, uint64_t ns)
{
	wire->began_ns += ns;
	if (!wire->started || wire->held || (wire->limit && wire->given == wire->limit))
		return;
	wire->counts.stalled_ns += ns;
	wire->counts.stalled_frames += (uint64_t)((double)ns * wire->rate_pps / 1e9);
}

void wire_pause(struct wire *wire, uint64_t now_ns, uint64_t ns)
{
	wire->pauses_end_ns = now_ns + ns;
	wire->next_pause_ns = now_ns;
}

/** Whoever is at the other end sends the pause frames that wire_pause has asked for: the longest, each when half of the
 * one before is over, and at last the end of the pause. */
static void step_pauses(struct wire *wire, struct model *model, uint64_t now_ns)
{
	static const uint8_t from[6] = {0x02, 0, 0, 0, 0, 0x01};
	uint8_t bytes[MODEL_PAUSE_BYTES];
	const struct model_frame frame = {.data = bytes, .len = sizeof(bytes)};
	bool last = now_ns >= wire->pauses_end_ns;

	if (!wire->pauses_end_ns || (now_ns < wire->next_pause_ns && !last) || !model_link_up(model))
		return;
	wire->next_pause_ns = now_ns + model_pause_ns(model, QUANTA_MAX) / 2;
	if (last)
		wire->pauses_end_ns = 0;
	model_pause_frame(from, last ? 0 : QUANTA_MAX, bytes);
	wire->counts.in_frames++;
	wire->counts.in_bytes += sizeof(bytes);
	wire->counts.partner_pauses++;
	if (wire->fifo)
		keep(wire, model, &frame, true);
	else if (!model_receive(model, &frame, 1))
		model_miss(model, &frame, 1);
}

unsigned wire_step(struct wire *wire, struct model *model, uint64_t now_ns)
{
	unsigned in = 0, out;
	wire->model = model;
	if (now_ns - wire->looked_ns >= LOOK_NS)
		wire_look(wire, model, now_ns);
	if (wire->began_ns && now_ns - wire->stepped_ns > WIRE_STALL_NS)
		stall(wire, now_ns - wire->stepped_ns);
	wire->stepped_ns = now_ns;

	/* What waits for the port is traffic as well: on a card it would not wait. */
	if (!wire->receives && wire->source_kind != WIRE_NOTHING && wire->source_kind != WIRE_PEER &&
		wire->source_kind != WIRE_TAP && !wire->held && !(wire->limit && wire->given == wire->limit))
		model_traffic(model);
	step_pauses(wire, model, now_ns);
	if (wire->receives && wire->fifo)
		in = step_fifo(wire, model);
	carry_pause(wire);
	if (wire->tap) /* behind it: where this program has been held up, a pause is prolonged before it ends */
		in += step_tap(wire);
	if (wire->started && !silent(wire) &&
		(wire->source_kind == WIRE_CAPTURE || wire->source_kind == WIRE_TEMPLATE) && !wire->held)
		in += wire->fifo ? arrive(wire, model, now_ns) : step_lossless(wire, model);
	if (wire->meter)
		in += step_meter(wire, model, now_ns);
	if (wire->peer && wire->peer->model) {
		/* Where the host has held both up, a pause that was to be prolonged meanwhile has not ended. */
		model_step(wire->peer->model, now_ns);
		carry_pause(wire->peer);
	}
	bool reads = wire->peer || wire->tap || wire->dumper || wire->meter || wire->far_from;
	struct model_sink sink = {.context = wire, .take = carry_take, .lengths_only = !reads};
	if (wire->device)
		carry_on(wire);
	out = model_transmit(model, &sink, WIRE_BATCH);
	if (wire->device)
		carry_on(wire);
	if (wire->meter)
		meter_end_look(wire->meter, now_ns);

	wire->counts.steps++;
	wire->counts.busy_steps += in + out > 0;
	wire->counts.full += out >= WIRE_BATCH;
	if (in + out) {
		wire->moved_ns = now_ns;
		if (!wire->first_ns)
			wire->first_ns = now_ns;
	}
	return in + out;
}

uint64_t wire_fate_count(const struct wire *wire, enum model_fate fate)
{
	return (wire->model ? model_fate_count(wire->model, fate) : 0) +
	       (fate == MODEL_NOT_UP ? wire->counts.not_up : 0);
}

struct device_counts wire_device_counts(const struct wire *wire)
{
	return wire->device ? device_counts(wire->device) : (struct device_counts){0};
}

struct tap_counts wire_tap_counts(const struct wire *wire)
{
	return wire->tap ? tap_counts(wire->tap) : (struct tap_counts){0};
}

int wire_poll_fd(const struct wire *wire)
{
	return wire->tap ? tap_poll_fd(wire->tap) : -1;
}

void wire_ready(struct wire *wire)
{
	tap_ready(wire->tap);
}

uint64_t wire_waiting(const struct wire *wire)
{
	return wire->fifo ? fifo_count(wire->fifo) : 0;
}

bool wire_ends(const struct wire *wire)
{
	return wire->source_kind != WIRE_NOTHING && wire->limit;
}

bool wire_done(const struct wire *wire)
{
	return wire_ends(wire) && wire->given == wire->limit && wire_waiting(wire) == 0;
}

int wire_close(struct wire *wire, char *error, size_t error_bytes)
{
	int state = 0;
	if (wire->dumper) {
		if (pcap_dump_flush(wire->dumper) || ferror(pcap_dump_file(wire->dumper))) {
			state = errno ? -errno : -EIO;
			snprintf(error, error_bytes, "%s was not written whole: %s", wire->out_path, strerror(-state));
		}
		pcap_dump_close(wire->dumper);
	}
	if (wire->meter && meter_end_close(wire->meter, wire->stepped_ns, error, error_bytes))
		state = -EIO;
	if (wire->pcap)
		pcap_close(wire->pcap);
	free(wire->out_path);
	fifo_close(wire->fifo);
	device_close(wire->device);
	tap_close(wire->tap);
	capture_free(&wire->capture);
	source_close(&wire->source);
	*wire = (struct wire){0};
	return state;
}

uint64_t wire_late(const struct wire *wire)
{
	/* What comes within WIRE_STALL_NS is not late. */
	bool late = (double)wire->behind * 1e9 > wire->rate_pps * WIRE_STALL_NS;
	return wire->counts.stalled_frames + (late ? wire->behind : 0);
}

/** Who kept a port to which nothing comes from sending faster. */
static const char *sending_limit(const struct wire *wire)
{
	const struct wire_counts *c = &wire->counts;
	if (c->full * 2 > c->steps)
		return "the model: the port always had more to send";
	if (c->out_frames)
		return "the driver: it sent no more";
	return wire->up_ns ? "the driver: it sent nothing" : "the driver: it never had the port up";
}

const char *wire_limit(const struct wire *wire)
{
	const struct wire_counts *c = &wire->counts;
	if (wire->source_kind == WIRE_NOTHING ||
		(!c->offered && (wire->source_kind == WIRE_PEER || wire->source_kind == WIRE_TAP)))
		return sending_limit(wire);
	if (!c->offered)
		return wire->held ? "the wire: its frames wait for SIGUSR1"
				  : "the driver: it never had the port up with frames to come";
	if (c->blocked * 2 > c->offered)
		return "the driver: the ring mostly ran out of descriptors";
	if (wire->source_kind == WIRE_PEER)
		return "the other port";
	if (wire->source_kind == WIRE_METER)
		return "the meter: it sent what its window or rate asked for";
	if (wire->source_kind == WIRE_TAP)
		return "the host";
	if (wire->rate_pps > 0 || wire->timed) {
		if (wire_fate_count(wire, MODEL_MISSED))
			return "the driver, at times: the packet buffer overflowed";
		return wire_late(wire) || c->stalled_ns ? "the model, at times: it did not get the CPU, or was too slow"
							: "the wire: no more frames were due";
	}
	return "the model: descriptors were always there";
}
