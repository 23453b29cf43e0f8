/* SPDX-License-Identifier: BSD-2-Clause
 * The rate that the generator achieved beside the one that it was asked for, and why it missed that. */
#ifndef POLLUX_APPS_GEN_PROGRESS_H
#define POLLUX_APPS_GEN_PROGRESS_H

#include "gen_schedule.h"

#include <stdio.h>

/** A stream, or a capture, as it was asked for, and what a link makes of it. */
struct gen_target {
	const struct gen_schedule *schedule;
	bool has_rate;   /* a rate was asked for, rather than a capture's own timing or as fast as it can */
	double speed;    /* of the schedule now: a rate in percent follows the link */
	bool above_line; /* with all other streams it has more bits, with framing, than the link carries */
	unsigned link_mbps;
};

/** What was sent of it from the start to some moment, and what kept the senders from sending more: of several senders
 * the mean. */
struct gen_progress {
	double seconds;           /* since the start */
	double clock_s;           /* the same by the clock of the rate, which follows the link's speed */
	double link_down_s;       /* of these seconds, with the link down */
	bool waited;              /* for the link, with all in the transmit ring: the schedule does not count that */
	uint64_t frames;          /* that the card has sent; of one of several streams, that it was given */
	double line_bits;         /* that it sent of all streams, with framing */
	uint64_t given_up_cycles; /* as in the schedule, like the next */
	uint64_t held_up_cycles;
	uint64_t ring_full_cycles; /* with a transmit ring that took no more */
	uint64_t pause_frames;     /* that the card has received and obeyed */
	uint64_t unread_cycles;    /* as in the schedule */
	uint64_t cpu_lost_cycles;  /* in which the sender did not have its CPU */
};

/** Why a rate was missed; GEN_KEPT: it was not. */
enum gen_cause {
	GEN_KEPT,
	GEN_LINK_DOWN,
	GEN_LINE_RATE,
	GEN_PAUSED,
	GEN_RING_FULL,
	GEN_CAPTURE_READ,
	GEN_CPU_LOST,
	GEN_CPU_BUSY,
};

/** What was achieved between two moments. */
struct gen_outcome {
	double asked_pps, asked_gbit; /* with framing; 0: no rate was asked for */
	double achieved_pps, achieved_gbit;
	double given_up; /* packets */
	double held_up_s, link_down_s;
	const char *limited_by; /* the cause's name; NULL: none */
	enum gen_cause cause;
	bool mostly; /* other causes had some of the time */
};

struct gen_outcome gen_outcome_of(
	const struct gen_target *target, const struct gen_progress *from, const struct gen_progress *to);

/** Adds a stream's to the sum of those in front of it, of which there are none at first. What most of the time was lost
 * by is the cause of the sum. */
void gen_outcome_add(struct gen_outcome *sum, const struct gen_outcome *more, bool first);

/** Prints it: a line for people, which begins with a name, if a rate was asked for or missed; or JSON members, each
 * with a comma in front. */
void gen_outcome_print(const struct gen_outcome *outcome, FILE *out, bool json, const char *name);

/** Frames per second of the target, and bits on the wire per second, with framing. 0: as many as it can. */
double gen_target_pps(const struct gen_target *target);
double gen_target_bits(const struct gen_target *target);

#endif
