/* SPDX-License-Identifier: BSD-2-Clause
 * When the generator sends which frame: its one template over and over, or the frames of a capture file. */
#include "gen_schedule.h"

#include "app_base.h"
#include "app_counter.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool gen_schedule_add(struct gen_schedule *schedule, const uint8_t *data, unsigned bytes, uint64_t captured_ns)
{
	if (schedule->count == schedule->capacity) {
		if (schedule->capacity > UINT_MAX / 2)
			return false;
		unsigned capacity = schedule->capacity ? 2 * schedule->capacity : 64;
		struct gen_frame *frames = realloc(schedule->frames, capacity * sizeof(*frames));
		if (!frames)
			return false;
		schedule->frames = frames;
		schedule->capacity = capacity;
	}
	uint8_t *copy = data ? malloc(bytes) : NULL;
	if (data && !copy)
		return false;
	if (copy)
		memcpy(copy, data, bytes);
	schedule->frames[schedule->count++] =
		(struct gen_frame){.data = copy, .bytes = bytes, .captured_ns = captured_ns};
	schedule->longest_bytes = bytes > schedule->longest_bytes ? bytes : schedule->longest_bytes;
	return true;
}

void gen_schedule_pace(
	struct gen_schedule *schedule, const struct gen_rate *rate, uint64_t max_gap_ns, unsigned link_mbps)
{
	schedule->catch_up_cycles = GEN_CATCH_UP_S * app_tsc_hz();
	schedule->speed = 1;
	schedule->round_cycles = schedule->round_bits = 0;
	if (schedule->count == 0)
		return;
	uint64_t begin = schedule->frames[0].captured_ns, end = schedule->frames[schedule->count - 1].captured_ns;
	/* The gap behind the last frame, before the capture starts again, is the mean of the others. */
	uint64_t again = end > begin ? (end - begin) / (schedule->count - 1) : 0;

	for (unsigned i = 0; i < schedule->count; i++) {
		struct gen_frame *f = &schedule->frames[i];
		if (f->data && rate->unit == GEN_RATE_UNLIMITED) {
			uint64_t next =
				i + 1 < schedule->count ? schedule->frames[i + 1].captured_ns : f->captured_ns + again;
			uint64_t ns = next > f->captured_ns ? next - f->captured_ns : 0;
			f->gap_cycles = (double)(max_gap_ns && ns > max_gap_ns ? max_gap_ns : ns) * app_tsc_hz() / 1e9;
		} else {
			f->gap_cycles = gen_rate_gap(rate, f->bytes, link_mbps, app_tsc_hz());
		}
		schedule->round_cycles += f->gap_cycles;
		schedule->round_bits += gen_wire_bits(f->bytes);
	}
}

void gen_schedule_share(struct gen_schedule *share, const struct gen_schedule *whole, unsigned index, unsigned count)
{
	*share = *whole;
	share->speed = whole->speed / count;
	share->next_due = whole->round_cycles * index / count;
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

unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most)
{
	if (schedule->round_cycles <= 0)
		return most;
	double clock = clock_at(schedule, now),
	       late = clock - schedule->catch_up_cycles * schedule->speed - schedule->next_due;
	unsigned n = 0;

	if (late > 0) {
		schedule->next_due += late;
		app_add(&schedule->given_up_cycles, (uint64_t)late);
		app_add(&schedule->held_up_cycles, (uint64_t)(late / schedule->speed));
	}
	for (unsigned i = schedule->next; n < most && schedule->next_due <= clock; n++) {
		schedule->next_due += schedule->frames[i].gap_cycles;
		i = i + 1 < schedule->count ? i + 1 : 0;
	}
	return n;
}

double gen_schedule_wait(const struct gen_schedule *schedule, double now)
{
	double wait = (schedule->next_due - clock_at(schedule, now)) / schedule->speed;

	return wait < GEN_WAIT_MAX ? wait : GEN_WAIT_MAX;
}

const struct gen_frame *gen_schedule_next(struct gen_schedule *schedule)
{
	const struct gen_frame *frame = &schedule->frames[schedule->next];

	schedule->next = schedule->next + 1 < schedule->count ? schedule->next + 1 : 0;
	return frame;
}

void gen_schedule_free(struct gen_schedule *schedule)
{
	for (unsigned i = 0; i < schedule->count; i++)
		free(schedule->frames[i].data);
	free(schedule->frames);
	*schedule = (struct gen_schedule){.next = 0};
}
