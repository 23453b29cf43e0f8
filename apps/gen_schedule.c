/* SPDX-License-Identifier: BSD-2-Clause
 * When the generator sends which frame: its one template over and over, or the frames of a capture file. */
#include "gen_schedule.h"

#include "app_base.h"
#include "app_counter.h"

void gen_schedule_pace(struct gen_schedule *schedule, const struct gen_rate *rate, unsigned link_mbps)
{
	double gap = gen_rate_gap(rate, schedule->bytes, link_mbps, app_tsc_hz());
	bool by_bits = rate->unit == GEN_RATE_BITS || rate->unit == GEN_RATE_PERCENT;

	schedule->catch_up_cycles = GEN_CATCH_UP_S * app_tsc_hz();
	schedule->speed = 1;
	schedule->per_frame = by_bits ? 0 : gap;
	schedule->per_bit = by_bits ? gap / gen_wire_bits(schedule->bytes) : 0;
	schedule->per_ns = schedule->replay && rate->unit == GEN_RATE_UNLIMITED
				   ? app_tsc_hz() / 1e9 / schedule->replay->capture->speed
				   : 0;
	schedule->gap = gap;
}

struct gen_mean gen_schedule_mean(const struct gen_schedule *s)
{
	const struct gen_replay *r = s->replay;
	double frames = r ? (double)app_get(&r->frames) : 1,
	       bits = r ? (double)app_get(&r->wire_bits) : gen_wire_bits(s->bytes),
	       ns = r ? (double)app_get(&r->gaps_ns) : 0;

	return (struct gen_mean){s->per_frame + (s->per_bit * bits + s->per_ns * ns) / frames, bits / frames};
}

unsigned gen_schedule_longest(const struct gen_schedule *schedule)
{
	return schedule->replay ? schedule->replay->longest_bytes : schedule->bytes;
}

void gen_schedule_share(struct gen_schedule *share, const struct gen_schedule *whole, unsigned index, unsigned count)
{
	*share = *whole;
	share->speed = whole->speed / count;
	share->next_due = whole->gap * index / count;
}

/* What the schedule's clock shows `now` cycles after the start. */
static double clock_at(const struct gen_schedule *schedule, double now)
{
	return schedule->clock_then + (now - schedule->speed_set_at) * schedule->speed;
}

void gen_schedule_set_speed(struct gen_schedule *schedule, double now, double speed)
{
	schedule->clock_then = clock_at(schedule, now);
	schedule->speed_set_at = now;
	schedule->speed = speed;
}

/* Finds out when the frame is due that becomes due next. False: it has not been read yet, or there is none. */
static bool find_due(struct gen_schedule *s)
{
	if (!s->replay || s->gap_counted)
		return true;
	const struct gen_replay_frame *frame = gen_replay_due(s->replay);
	if (!frame)
		return false;
	s->next_due += s->per_ns * (double)frame->gap_ns;
	s->gap = s->per_frame + s->per_bit * gen_wire_bits(frame->bytes);
	s->gap_counted = true;
	return true;
}

/* The frame that becomes due next is due. */
static void pass(struct gen_schedule *s)
{
	s->next_due += s->gap;
	s->gap_counted = false;
	if (s->replay)
		gen_replay_pass(s->replay);
}

unsigned gen_schedule_due(struct gen_schedule *s, double now, unsigned most)
{
	bool unlimited = s->per_frame + s->per_bit <= 0 && (!s->replay || app_get(&s->replay->gaps_ns) == 0);
	double clock = clock_at(s, now);
	unsigned n = 0;

	if (unlimited && !s->replay)
		return most;
	/* a capture's own timing says only of frames that have been read whether they are late */
	bool known = find_due(s);
	double late = clock - s->catch_up_cycles * s->speed - s->next_due;
	if (!unlimited && late > 0 && (known || s->per_ns <= 0)) {
		s->next_due += late;
		app_add(&s->given_up_cycles, (uint64_t)late);
		app_add(&s->held_up_cycles, (uint64_t)(late / s->speed));
		app_add(&s->unread_cycles, s->starved || !known ? (uint64_t)(late / s->speed) : 0);
	}
	for (; n < most && known && (unlimited || s->next_due <= clock); known = find_due(s), n++)
		pass(s);
	s->starved = !known && !gen_replay_ended(s->replay) && s->next_due <= clock;
	return n;
}

bool gen_schedule_ended(const struct gen_schedule *schedule)
{
	return schedule->replay && gen_replay_ended(schedule->replay);
}

double gen_schedule_wait(const struct gen_schedule *s, double now)
{
	/* before a frame that has not been read there is the mean gap */
	double gap = s->per_ns > 0 && !s->gap_counted ? gen_schedule_mean(s).cycles : 0,
	       wait = (s->next_due + gap - clock_at(s, now)) / s->speed;

	return wait < GEN_WAIT_MAX ? wait : GEN_WAIT_MAX;
}
