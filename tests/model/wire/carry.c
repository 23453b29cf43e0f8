/* SPDX-License-Identifier: BSD-2-Clause
 * What a port puts on its wire: the frames of its transmit queues, and pause frames of its MAC. They go to the other
 * port where there is a cable, to the host where there is a TAP interface, and to the capture. */
#include "carry.h"

#include <string.h>
#include <time.h>

bool carry_fits(const struct wire *wire, uint32_t len)
{
	return fifo_fits(wire->fifo, len, wire->model ? model_packet_buffer_bytes(wire->model) : MODEL_FIFO_BYTES);
}

static void record(struct wire *wire, const struct model_frame *frame)
{
	uint64_t number = ++wire->counts.captured;
	struct timespec now;
	if (number == wire->lose)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec}, /* the file is one of nanoseconds */
		.caplen = frame->len,
		.len = frame->len,
	};
	/* Written from a copy: a large write goes to the kernel as it is, to which memory that its client took away is
	 * an error of ours. */
	uint8_t copy[MODEL_FRAME_MAX];
	if (frame->len > sizeof(copy))
		return;
	memcpy(copy, frame->data, frame->len);
	if (number == wire->corrupt && frame->len)
		copy[frame->len / 2] ^= 0x01;
	pcap_dump((uint8_t *)wire->dumper, &header, copy);
}

void carry_come(struct wire *wire, const struct model_frame *frame)
{
	wire->counts.in_frames++;
	wire->counts.in_bytes += frame->len;
	if (!wire->model || !model_arrive(wire->model, frame))
		return;
	if (!wire->up && !model_receiving(wire->model)) {
		model_deliver(wire->model, frame, 1); /* which does not take it, but has counters */
	} else if (!wire->up) {
		wire->counts.not_up++;
		model_traffic(wire->model);
	} else if (carry_fits(wire, frame->len)) {
		fifo_push(wire->fifo, frame, true);
		carry_pause(wire);
	} else {
		model_miss(wire->model, frame, 1);
		carry_pause(wire);
	}
}

/** A frame comes to the other end of the cable, or to the device that stands in it. */
static void cross(struct wire *wire, const struct model_frame *frame)
{
	struct model_frame arriving = *frame;
	if (wire->device) {
		device_take(wire->device, frame, wire->stepped_ns);
		return;
	}
	if (wire->damage && !wire->held && ++wire->carried % wire->damage == 0) {
		arriving.bad_crc = true;
		wire->peer->counts.damaged++;
	}
	carry_come(wire->peer, &arriving);
}

void carry_on(struct wire *wire)
{
	struct model_frame frame;
	for (; device_peek(wire->device, wire->stepped_ns, &frame); device_pop(wire->device))
		carry_come(wire->peer, &frame);
}

/** What a port sends goes to the cable, the host and the capture, where there are such. A cable that loses nothing has
 * the port wait for room, and a pause frame that comes back from its other end stops the port at once.
 *  @return how many are gone */
static unsigned carry(struct wire *wire, const struct model_frame *frames, unsigned n)
{
	const struct wire *peer = wire->peer;
	for (unsigned i = 0; i < n; i++) {
		if (peer && model_paused(wire->model))
			return i;
		if (wire->lossless && !(peer->up && carry_fits(peer, frames[i].len)))
			return i;
		if (peer)
			cross(wire, &frames[i]);
		if (wire->tap)
			tap_write(wire->tap, &frames[i]);
		if (wire->dumper)
			record(wire, &frames[i]);
	}
	return n;
}

unsigned carry_take(void *context, const struct model_frame *frames, unsigned n)
{
	struct wire *wire = context;
	uint64_t bytes = 0;
	if (wire->peer || wire->tap || wire->dumper)
		n = carry(wire, frames, n);
	for (unsigned i = 0; i < n; i++)
		bytes += frames[i].len;
	wire->counts.out_bytes += bytes;
	wire->counts.out_frames += n;
	if (wire->meter)
		meter_end_take(wire->meter, wire->stepped_ns, frames, n, false);
	if (wire->far_from && wire->far_from->meter)
		meter_end_take(wire->far_from->meter, wire->stepped_ns, frames, n, true);
	return n;
}

/** The source hears a pause frame: its frames come later, by as long as it is silent. */
static void source_hears(struct wire *wire, const uint8_t *frame)
{
	uint64_t now_ns = wire->stepped_ns, before = wire->quiet_ns > now_ns ? wire->quiet_ns : now_ns;

	if (wire->ignores_pause || wire->device || !model_partner_obeys(wire->model))
		return;
	wire->quiet_ns = now_ns + model_pause_ns(wire->model, (uint16_t)(frame[16] << 8 | frame[17]));
	wire->counts.held_ns += wire->quiet_ns - before;
	if (wire->began_ns)
		wire->began_ns += wire->quiet_ns - before;
}

void carry_pause(struct wire *wire)
{
	uint8_t bytes[MODEL_PAUSE_BYTES];
	const struct model_frame frame = {.data = bytes, .len = sizeof(bytes)};
	if (!wire->fifo || !model_pause_due(wire->model, fifo_bytes(wire->fifo), bytes))
		return;
	wire->counts.out_pause++;
	wire->counts.out_frames++;
	wire->counts.out_bytes += sizeof(bytes);
	if (wire->dumper)
		record(wire, &frame);
	if (wire->peer && !wire->device) /* a device hands no pause frame on, and obeys none */
		cross(wire, &frame);
	else
		source_hears(wire, bytes);
}
