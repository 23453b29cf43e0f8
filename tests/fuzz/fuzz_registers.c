/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the software 82599's core: registers, time, frames, and descriptors in memory, all as the input says. Every
 * stretch of memory is an allocation of its own, so that a step beyond its end shows. */
#include "input.h"

#include "../model/card/model.h"

#define EXTENTS 4u

/* The second follows the first, with another end in our memory; the third is read-only; the fourth lies at the end of
 * all. */
static const struct {
	uint64_t iova, bytes;
	bool writable;
} places[EXTENTS] = {
	{0x10000, 0x10000, true},
	{0x20000, 0x8000, true},
	{0x40000, 0x2000, false},
	{UINT64_MAX - 0xfff, 0x1000, true},
};

struct world {
	struct model *model;
	uint8_t *at[EXTENTS];
	unsigned there; /* a bit for each extent */
	uint64_t now_ns;
	unsigned take_limit;
	uint32_t sum;
};

static bool memory(void *context, uint64_t iova, struct model_extent *extent)
{
	struct world *w = context;

	for (unsigned i = 0; i < EXTENTS; i++)
		if (w->there >> i & 1 && iova - places[i].iova < places[i].bytes) {
			*extent = (struct model_extent){places[i].iova, places[i].bytes, w->at[i], places[i].writable};
			return true;
		}
	return false;
}

static void interrupt(void *context, unsigned vector)
{
	(void)context;
	HOLDS(vector < MODEL_VECTORS);
}

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	struct world *w = context;

	for (unsigned i = 0; i < n; i++) {
		HOLDS(frames[i].len <= MODEL_FRAME_MAX);
		for (uint32_t b = 0; frames[i].data && b < frames[i].len; b++)
			w->sum += frames[i].data[b];
	}
	return n < w->take_limit ? n : w->take_limit;
}

/* Places that matter: a queue's registers, or any register. */
static uint32_t choose_register(struct input *in)
{
	static const uint32_t known[] = {0x0, 0x800, 0x898, 0x900, 0xA00, 0x2300, 0x2F00, 0x3000, 0x4240, 0x4268,
		0x42A0, 0x4A80, 0x5000, 0x5080, 0x5088, 0x5128, 0x8D00, 0x8600, 0xEB00, 0xEC80, 0x10014, 0x10140,
		0x425C, 0x425C, 0x4260, 0x4330, 0x3C00, 0xEE80, 0x10160, 0x15F00, 0x15F00, 0x15800, 0x15804, 0x15808};
	uint8_t kind = input_8(in);

	if (kind < 96)
		return 0x1000 + 0x40 * (kind & 1) + (kind >> 1) * 4u % 0x40;
	if (kind < 192)
		return 0x6000 + 0x40 * (kind & 1) + (kind >> 1) * 4u % 0x40;
	if (kind < 192 + sizeof(known) / sizeof(known[0]))
		return known[kind - 192];
	return input_32(in) % (MODEL_BAR0_BYTES + 8);
}

/* What a driver would do, so that the input need not find it out. */
static void set_up(struct world *w, struct input *in)
{
	uint8_t how = input_8(in);
	uint32_t queue = how & 1, ring = how & 2 ? 0x10000 : 0x27f80, bytes = 128u << (how >> 4 & 7);
	uint16_t command = 6;

	model_region_write(w->model, 7, 4, &command, 2);
	model_set_partner(w->model, true);
	model_write32(w->model, 0x42A0, 1u << 12 | 1);                              /* AUTOC: restart, link forced up */
	model_write32(w->model, 0x4240, 0x3 | (how & 8 ? 1u << 15 : 0) | 1u << 10); /* HLREG0 */
	model_write32(w->model, 0x2F00, 2);
	model_write32(w->model, 0x5080, 0x702);
	model_write32(w->model, 0x100C + 0x40 * queue, 0);
	model_write32(w->model, 0x1000 + 0x40 * queue, ring);
	model_write32(w->model, 0x1008 + 0x40 * queue, bytes);
	model_write32(w->model, 0x1014 + 0x40 * queue, 1u << 25 | 2);
	model_write32(w->model, 0x1028 + 0x40 * queue, 1u << 25);
	model_write32(w->model, 0x4A80, 1);
	model_write32(w->model, 0x6000 + 0x40 * queue, how & 4 ? ring : 0x18000);
	model_write32(w->model, 0x6008 + 0x40 * queue, bytes);
	model_write32(w->model, 0x6028 + 0x40 * queue, 1u << 25);
	w->now_ns += 100000000;
	model_step(w->model, w->now_ns);
	model_write32(w->model, 0x1018 + 0x40 * queue, bytes / 16 - 1);
	model_write32(w->model, 0x3000, 1);
	model_write32(w->model, 0x6018 + 0x40 * queue, bytes / 16 - 1);
}

static void write_memory(struct world *w, struct input *in)
{
	uint8_t how = input_8(in);
	unsigned i = how % EXTENTS;
	size_t at = input_16(in) % places[i].bytes, bytes = how >> 2;

	if (bytes > places[i].bytes - at)
		bytes = places[i].bytes - at;
	input_bytes(in, w->at[i] + at, bytes);
}

/* A run of descriptors that make some sense: addresses in memory, an advanced data or a context descriptor. */
static void write_descriptors(struct world *w, struct input *in)
{
	uint8_t how = input_8(in);
	uint32_t at = (how & 1 ? 0x8000u : 0) + input_8(in) * 16u;
	uint64_t q0 = places[how >> 1 & 3].iova + input_16(in) % places[how >> 1 & 3].bytes, q1 = input_number(in, 8);

	if (how & 8)
		q1 = (input_16(in) & 0x3fff) | (how & 16 ? 3ull : 2ull) << 20 | 1ull << 29 | 1ull << 25 |
		     (q1 & 0x0fffffff00ull) << 4;
	if (how & 32)
		q1 = (q1 & 0x3fffffffffffull) | (q1 & 0xffff) << 46 | 1ull << 24;
	for (unsigned n = how >> 6;; n--, at += 16) {
		memcpy(w->at[0] + at, &q0, 8);
		memcpy(w->at[0] + at + 8, &q1, 8);
		if (!n)
			break;
	}
}

static void receive(struct world *w, struct input *in)
{
	static uint8_t data[MODEL_FRAME_MAX];
	uint8_t how = input_8(in);
	struct model_frame frames[3];
	size_t bytes = how & 1 ? 60u + input_8(in) : input_16(in) % MODEL_FRAME_MAX, given = bytes < 96 ? bytes : 96;

	memset(data, 0, sizeof(data));
	input_bytes(in, data, how & 2 ? given : 0);
	/* to its size, so that the parsers' steps beyond its end show */
	uint8_t *exact = malloc(bytes ? bytes : 1);
	HOLDS(exact);
	memcpy(exact, data, bytes);
	for (unsigned i = 0; i < 3; i++)
		frames[i] = (struct model_frame){exact, (uint32_t)bytes, how & 4};
	unsigned n = 1 + (how >> 3) % 3, done = model_receive(w->model, frames, n);
	HOLDS(done <= n);
	model_miss(w->model, frames, n - done);
	free(exact);
}

static void one_step(struct world *w, struct input *in)
{
	struct model_sink sink = {w, take, false};
	uint8_t op = input_8(in), data[64];
	uint32_t offset;

	switch (op % 12) {
	case 0:
	case 1:
		offset = choose_register(in);
		model_write32(w->model, offset, input_32(in));
		break;
	case 2:
		model_read32(w->model, choose_register(in));
		break;
	case 3:
		w->now_ns += input_32(in);
		model_step(w->model, w->now_ns);
		break;
	case 4:
		receive(w, in);
		break;
	case 5:
		sink.lengths_only = op & 0x80;
		w->take_limit = op & 0x40 ? input_8(in) : UINT32_MAX;
		model_transmit(w->model, &sink, input_8(in));
		break;
	case 6:
		set_up(w, in);
		break;
	case 7:
		write_memory(w, in);
		break;
	case 8:
		write_descriptors(w, in);
		break;
	case 9:
		w->there = input_8(in) % (1u << EXTENTS);
		model_memory_changed(w->model);
		break;
	case 10: {
		unsigned region = input_8(in) % 10;
		uint64_t at = input_number(in, op & 0x80 ? 8 : 2);
		size_t bytes = input_8(in) % (sizeof(data) + 1);

		input_bytes(in, data, op & 0x40 ? bytes : 0);
		if (op & 0x40)
			model_region_write(w->model, region, at, data, bytes);
		else
			model_region_read(w->model, region, at, data, bytes);
		break;
	}
	default:
		if (op & 0x80)
			model_break(w->model, input_16(in));
		else
			model_function_reset(w->model);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {data, bytes};
	struct world w = {.there = (1u << EXTENTS) - 1, .take_limit = UINT32_MAX};
	struct model_host host = {&w, memory, interrupt};
	uint8_t what = input_8(&in);
	struct model_config config = {.card = (what >> 1) % MODEL_CARDS,
		.port = what & 1,
		.quirks = what & 0x80 ? MODEL_QUIRKS_ALL : 0,
		.time_scale = 100};

	for (unsigned i = 0; i < EXTENTS; i++)
		HOLDS((w.at[i] = calloc(1, places[i].bytes)) != NULL);
	HOLDS((w.model = model_open(&config, &host)) != NULL);
	for (unsigned steps = 0; in.left && steps < 512; steps++)
		one_step(&w, &in);
	model_close(w.model);
	for (unsigned i = 0; i < EXTENTS; i++)
		free(w.at[i]);
	return 0;
}
