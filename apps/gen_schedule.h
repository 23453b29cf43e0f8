/* SPDX-License-Identifier: BSD-2-Clause
 * When a sender sends which frame: those of a stream, or of a capture. */
#ifndef POLLUX_APPS_GEN_SCHEDULE_H
#define POLLUX_APPS_GEN_SCHEDULE_H

#include "gen_frame.h"
#include "gen_replay.h"

/** A sender that was held up sends later what it owes, but not for more than this time. */
#define GEN_CATCH_UP_S 0.01

/** When frame `number` of a stream is due depends on the stream, the rate and the seed alone. Each of several senders
 * has every so manyth frame: together they send what one would. Times are in cycles of the time stamp counter since the
 * start. Only the thread that sends uses a schedule, but for what is atomic. */
struct gen_schedule {
	const struct gen_maker *maker; /* whose frames are sent; NULL: the capture's are */
	struct gen_replay *replay;
	bool limited, in_percent; /* there is a rate, or a capture's own timing; the rate is in percent */

	/* From the start of a frame to that of the next one, in cycles: for the frame, for each of its bits on the
	 * wire, and for each ns that was between the two when they were captured. */
	double per_frame, per_bit, per_ns;
	double mean; /* of these, for a stream's frames */

	double gap;      /* to this sender's next frame; negative: it differs from frame to frame */
	double catch_up; /* GEN_CATCH_UP_S */
	double speed;    /* everything is so many times as fast: a rate in percent follows the link */

	/* The next frame is due at base + part. Two numbers, because one would lose a thousandth of a cycle with each
	 * frame after an hour. */
	uint64_t base;
	double part;
	uint64_t number, first_number; /* of the next frame; of the trial's first one */
	bool gap_counted; /* the next frame of the capture has been read: its due time counts the gap in front of it */
	bool starved;     /* at the last look no frame had been read that could become due */

	/* Time in which nothing was sent and which is not made up for: as the rate's clock has it, whose speed follows
	 * the link; and as the time stamp counter. */
	_Atomic uint64_t given_up_cycles, held_up_cycles;
	_Atomic uint64_t unread_cycles; /* of held_up_cycles: the next frame of the capture had not been read */
};

/** Makes the schedule of all senders together: as fast as the rate says, or with an unlimited rate as the frames were
 * captured. One of maker and replay is NULL. */
void gen_schedule_init(struct gen_schedule *schedule, const struct gen_maker *maker, struct gen_replay *replay,
	const struct gen_rate *rate, unsigned link_mbps);

/** Makes the share of sender `index` of all, for a trial whose first frame has this number. */
void gen_schedule_share(
	struct gen_schedule *share, const struct gen_schedule *all, unsigned index, uint64_t first_number);

/** A frame's mean: cycles to the next one, 0 if nothing limits the rate; and bits on the wire. Of a capture that is
 * read while it is sent, of the frames that have been read. */
struct gen_mean {
	double cycles, bits;
};
struct gen_mean gen_schedule_mean(const struct gen_schedule *schedule);

/** From `now` on everything is `speed` times as fast as at first. */
void gen_schedule_set_speed(struct gen_schedule *schedule, uint64_t now, double speed);

/** Gives up what is too late to be made up for. */
void gen_schedule_give_up(struct gen_schedule *schedule, uint64_t now);

/** How many frames are due by then, at most `most`: they count as sent from then on. */
unsigned gen_schedule_due(struct gen_schedule *schedule, uint64_t until, unsigned most);

/** Cycles until the next frame is due, or negative; centuries count as GEN_WAIT_MAX. */
#define GEN_WAIT_MAX 1e18
double gen_schedule_wait(const struct gen_schedule *schedule, uint64_t now);

/** Whether a capture has no more frames that could become due. */
bool gen_schedule_ended(const struct gen_schedule *schedule);

#endif
