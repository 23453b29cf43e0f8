/* SPDX-License-Identifier: BSD-2-Clause
 * When the generator sends which frame. */
#ifndef POLLUX_APPS_GEN_SCHEDULE_H
#define POLLUX_APPS_GEN_SCHEDULE_H

#include "gen_rate.h"

#include <stdbool.h>
#include <stdint.h>

struct gen_frame {
	uint8_t *data;        /* NULL: a stream's (gen_frame.h) */
	unsigned bytes;       /* without FCS */
	uint64_t captured_ns; /* when it was captured */
	double gap_cycles;    /* from its start to the next one's */
};

/** A sender that was held up sends later what it owes, but not for more than this time. */
#define GEN_CATCH_UP_S 0.01

/** The schedule has a clock of its own, in cycles from 0. It is as fast as the time stamp counter, until a rate in
 * percent follows a link whose speed changes. Only the thread that sends uses it, but for what is atomic. */
struct gen_schedule {
	struct gen_frame *frames; /* sent one after the other, and then from the first again */
	unsigned count, capacity; /* of frames */
	unsigned next;            /* the frame to send next */
	unsigned longest_bytes;   /* of a frame */
	double round_cycles;      /* what all frames once through take; 0 if nothing limits the rate */
	double round_bits;        /* the same on the wire */
	double next_due;          /* when the next frame is due, by the schedule's clock */
	double catch_up_cycles;   /* GEN_CATCH_UP_S */

	/* `speed_set_at` cycles after the start the clock showed `clock_then`, and it is `speed` times as fast since.
	 */
	double speed, speed_set_at, clock_then;

	/* Time in which nothing was sent and which is not made up for: by the schedule's clock, and by the time stamp
	 * counter. */
	_Atomic uint64_t given_up_cycles, held_up_cycles;
};

/** Adds a frame, of which it keeps a copy. False: no memory. */
bool gen_schedule_add(struct gen_schedule *schedule, const uint8_t *data, unsigned bytes, uint64_t captured_ns);

/** Computes the gaps: from the rate; of captured frames with an unlimited rate as they were captured, but max_gap_ns at
 * most (0: as long as they are). */
void gen_schedule_pace(
	struct gen_schedule *schedule, const struct gen_rate *rate, uint64_t max_gap_ns, unsigned link_mbps);

/** Makes the share of sender `index` of `count` who send all together what the whole says, of which every `count`th
 * frame is this one's: its clock is slower. Frames are the whole's, who frees them; with several senders there is one.
 */
void gen_schedule_share(struct gen_schedule *share, const struct gen_schedule *whole, unsigned index, unsigned count);

/** From `now` cycles after the start on, everything is `speed` times as fast as gen_schedule_pace has said. */
void gen_schedule_set_speed(struct gen_schedule *schedule, double now, double speed);

/** How many frames are due `now` cycles after the start, at most `most`: they count as sent from then on. */
unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most);

/** Cycles until the next frame is due; centuries count as GEN_WAIT_MAX. */
#define GEN_WAIT_MAX 1e18
double gen_schedule_wait(const struct gen_schedule *schedule, double now);

/** The next frame: to be called as many times as gen_schedule_due said. */
const struct gen_frame *gen_schedule_next(struct gen_schedule *schedule);

void gen_schedule_free(struct gen_schedule *schedule);

#endif
