/* SPDX-License-Identifier: BSD-2-Clause
 * When a sender sends which frame: those of a stream, or of a capture. */
#include "gen_schedule.h"

#include "app_base.h"
#include "app_counter.h"
#include "app_figures.h"

#define POISSON_FIELD 0x10000u   /* of gen_hash: no field of a stream has that number */
#define PART_MAX      (1u << 30) /* cycles: up to here a double is as exact as a millionth of a cycle */

/* A number with the distribution of the waits of a Poisson process, 1 in the mean: -ln of one that is as likely
 * anywhere between 0 and 1. With a logarithm of our own it is the same on all machines. */
static double exponential(uint64_t random)
{
	const double ln2 = 0.69314718055994531;
	uint64_t bits = random >> 11 | 1; /* of 2^53 */
	int exponent = 63 - __builtin_clzll(bits);
	double m = (double)bits / (double)(UINT64_C(1) << exponent), s = (m - 1) / (m + 1), square = s * s, sum = 0;

	/* ln m = 2 (s + s^3/3 + s^5/5 + ...); s is below 1/3 */
	for (int k = 17; k > 0; k -= 2)
		sum = sum * square + 1.0 / k;
	return (53 - exponent) * ln2 - 2 * s * sum;
}

/* From a stream's frame to the next one's start, at speed 1. */
static double gap_behind(const struct gen_schedule *s, uint64_t number)
{
	const struct gen_maker *maker = s->maker;
	unsigned burst = maker->stream->burst;

	switch (maker->stream->pace) {
	case GEN_PACE_POISSON:
		return s->mean * exponential(gen_hash(maker->seed, maker->index, POISSON_FIELD, number));
	case GEN_PACE_BURST:
		return (number - s->first_number + 1) % burst ? 0 : s->mean * burst;
	default:
		return s->per_frame + s->per_bit * gen_wire_bits(gen_maker_bytes(maker, number));
	}
}

/* Whether the gap behind all frames is the same. */
static bool is_even(const struct gen_schedule *s)
{
	const struct gen_stream *stream = s->maker->stream;

	return stream->pace == GEN_PACE_CONSTANT &&
	       (s->per_bit <= 0 || gen_stream_longest(stream) == gen_stream_shortest(stream));
}

void gen_schedule_init(struct gen_schedule *s, const struct gen_maker *maker, struct gen_replay *replay,
	const struct gen_rate *rate, unsigned link_mbps)
{
	struct gen_gap gap = gen_rate_gap(rate, link_mbps, app_tsc_hz());
	bool own_timing = replay && rate->unit == GEN_RATE_UNLIMITED;

	*s = (struct gen_schedule){
		.maker = maker,
		.replay = replay,
		.limited = rate->unit != GEN_RATE_UNLIMITED || replay,
		.in_percent = rate->unit == GEN_RATE_PERCENT,
		.per_frame = gap.per_frame,
		.per_bit = gap.per_bit,
		.per_ns = own_timing ? app_tsc_hz() / 1e9 / replay->capture->speed : 0,
		.mean = maker ? gap.per_frame + gap.per_bit * gen_maker_mean_bits(maker) : 0,
		.speed = 1,
		.catch_up = GEN_CATCH_UP_S * app_tsc_hz(),
	};
}

struct gen_mean gen_schedule_mean(const struct gen_schedule *s)
{
	if (s->maker)
		return (struct gen_mean){s->mean, gen_maker_mean_bits(s->maker)};
	const struct gen_replay *r = s->replay;
	double frames = (double)app_get(&r->frames), bits = app_ratio((double)app_get(&r->wire_bits), frames);
	return (struct gen_mean){
		s->per_frame + s->per_bit * bits + app_ratio(s->per_ns * (double)app_get(&r->gaps_ns), frames), bits};
}

void gen_schedule_share(struct gen_schedule *s, const struct gen_schedule *all, unsigned index, uint64_t first_number)
{
	*s = *all;
	s->first_number = first_number;
	s->number = first_number + index;
	if (!s->maker)
		return;
	for (unsigned i = 0; s->limited && i < index; i++)
		s->part += gap_behind(s, first_number + i);
	s->gap = is_even(s) ? s->mean * s->maker->senders : -1;
}

/* The time since base. */
static double since_base(const struct gen_schedule *s, uint64_t now)
{
	return (double)(int64_t)(now - s->base);
}

void gen_schedule_set_speed(struct gen_schedule *s, uint64_t now, double speed)
{
	double passed = since_base(s, now), slower = s->speed / speed;

	s->part = passed + (s->part - passed) * slower;
	s->gap *= slower;
	s->speed = speed;
}

/* Finds out when a capture's next frame is due. False: it has not been read yet, or there is none. */
static bool find_due(struct gen_schedule *s)
{
	if (!s->replay || s->gap_counted)
		return true;
	const struct gen_replay_frame *frame = gen_replay_due(s->replay);
	if (!frame)
		return false;
	s->part += s->per_ns * (double)frame->gap_ns / s->speed;
	s->gap = (s->per_frame + s->per_bit * gen_wire_bits(frame->bytes)) / s->speed;
	s->gap_counted = true;
	return true;
}

/* The next frame is due. */
static void pass(struct gen_schedule *s)
{
	double gap = s->gap;

	if (s->replay) {
		s->gap_counted = false;
		gen_replay_pass(s->replay);
	} else if (gap < 0) {
		const unsigned senders = s->maker->senders;
		gap = 0;
		for (unsigned i = 0; i < senders; i++)
			gap += gap_behind(s, s->number + i) / s->speed;
		s->number += senders;
	}
	s->part += gap;
}

void gen_schedule_give_up(struct gen_schedule *s, uint64_t now)
{
	double late = since_base(s, now) - s->part - s->catch_up;

	if (late <= 0 || !s->limited)
		return;
	/* A capture's own timing says only of frames that have been read whether they are late; and one without times
	 * is sent as fast as it can be. */
	bool known = find_due(s);
	if (s->per_ns > 0 && (!known || !app_get(&s->replay->gaps_ns)))
		return;
	late = since_base(s, now) - s->part - s->catch_up;
	if (late <= 0)
		return;
	s->part += late;
	app_add(&s->given_up_cycles, (uint64_t)(late * s->speed));
	app_add(&s->held_up_cycles, (uint64_t)late);
	app_add(&s->unread_cycles, s->starved || !known ? (uint64_t)late : 0);
}

/* Passes frames whose gaps differ. @return how many are due */
static __attribute__((noinline)) unsigned pass_due(struct gen_schedule *s, double clock, unsigned most)
{
	unsigned n = 0;

	for (; n < most && find_due(s) && (s->part <= clock || !s->limited); n++)
		pass(s);
	s->starved = !find_due(s) && !gen_replay_ended(s->replay) && s->part <= clock;
	return n;
}

unsigned gen_schedule_due(struct gen_schedule *s, uint64_t until, unsigned most)
{
	if (s->part >= PART_MAX) {
		s->part = s->part < GEN_WAIT_MAX ? s->part : GEN_WAIT_MAX;
		uint64_t whole = (uint64_t)s->part;
		s->base += whole;
		s->part -= (double)whole;
	}
	double clock = since_base(s, until), gap = s->gap;
	if (s->maker && gap >= 0) {
		double due = s->limited ? (clock - s->part) / gap + 1 : most;
		unsigned n = due < 1 ? 0 : due < most ? (unsigned)due : most;
		s->part += n * gap;
		s->number += (uint64_t)n * s->maker->senders;
		return n;
	}
	return pass_due(s, clock, most);
}

double gen_schedule_wait(const struct gen_schedule *s, uint64_t now)
{
	/* before a frame that has not been read there is the mean gap */
	double gap = s->per_ns > 0 && !s->gap_counted ? gen_schedule_mean(s).cycles : 0,
	       wait = s->limited ? s->part + gap - since_base(s, now) : 0;

	return wait < GEN_WAIT_MAX ? wait : GEN_WAIT_MAX;
}

bool gen_schedule_ended(const struct gen_schedule *s)
{
	return s->replay && gen_replay_ended(s->replay);
}
