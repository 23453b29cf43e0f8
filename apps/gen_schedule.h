/* SPDX-License-Identifier: BSD-2-Clause
 * When the generator sends which frame. */
#ifndef POLLUX_APPS_GEN_SCHEDULE_H
#define POLLUX_APPS_GEN_SCHEDULE_H

#include "gen_rate.h"
#include "gen_replay.h"

/** A sender that was held up sends later what it owes, but not for more than this time. */
#define GEN_CATCH_UP_S 0.01

/** The schedule has a clock of its own, in cycles from 0. It is as fast as the time stamp counter, until a rate in
 * percent follows a link whose speed changes. Only the thread that sends uses it, but for what is atomic. */
struct gen_schedule {
	struct gen_replay *replay; /* whose frames are sent; NULL: numbered packets */
	unsigned bytes;            /* of a numbered packet, without FCS */

	/* From the start of a frame to that of the next one, in cycles of the clock: for the frame, for each of its
	 * bits on the wire, and for each ns that was between the two when they were captured. All 0: nothing limits the
	 * rate.
	 */
	double per_frame, per_bit, per_ns;
	double gap;             /* behind each numbered packet, or the captured frame that becomes due next */
	double next_due;        /* when the next frame is due, by the schedule's clock */
	bool gap_counted;       /* that frame has been read: next_due counts the time in front of it when captured */
	bool starved;           /* at the last look no frame had been read that could become due */
	double catch_up_cycles; /* GEN_CATCH_UP_S */

	/* `speed_set_at` cycles after the start the clock showed `clock_then`, and it is `speed` times as fast since.
	 */
	double speed, speed_set_at, clock_then;

	/* Time in which nothing was sent and which is not made up for: by the schedule's clock, and by the time stamp
	 * counter. */
	_Atomic uint64_t given_up_cycles, held_up_cycles;
	_Atomic uint64_t unread_cycles; /* of held_up_cycles: the next frame of the capture had not been read */
};

/** Computes the gaps: from the rate; of captured frames, with an unlimited rate, from when they were captured. */
void gen_schedule_pace(struct gen_schedule *schedule, const struct gen_rate *rate, unsigned link_mbps);

/** A frame's mean: cycles to the next one, 0 if nothing limits the rate; and bits on the wire. */
struct gen_mean {
	double cycles, bits;
};
/** Of all frames; of a capture that is read while it is sent, of those that have been read. */
struct gen_mean gen_schedule_mean(const struct gen_schedule *schedule);

/** Of the longest frame, without FCS. */
unsigned gen_schedule_longest(const struct gen_schedule *schedule);

/** Makes the share of sender `index` of `count` who send all together what the whole says, of which every `count`th
 * frame is this one's: its clock is slower. With several senders there is no capture. */
void gen_schedule_share(struct gen_schedule *share, const struct gen_schedule *whole, unsigned index, unsigned count);

/** From `now` cycles after the start on, everything is `speed` times as fast as gen_schedule_pace has said. */
void gen_schedule_set_speed(struct gen_schedule *schedule, double now, double speed);

/** How many frames are due `now` cycles after the start, at most `most`: they count as sent from then on. */
unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most);

/** Cycles until the next frame is due; centuries count as GEN_WAIT_MAX. */
#define GEN_WAIT_MAX 1e18
double gen_schedule_wait(const struct gen_schedule *schedule, double now);

/** Whether a capture has no more frames that could become due. */
bool gen_schedule_ended(const struct gen_schedule *schedule);

#endif
