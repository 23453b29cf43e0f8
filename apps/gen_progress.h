/* SPDX-License-Identifier: BSD-2-Clause
 * The rate that the generator achieved beside the one that it was asked for, and why it missed that. */
#ifndef POLLUX_APPS_GEN_PROGRESS_H
#define POLLUX_APPS_GEN_PROGRESS_H

#include "gen_schedule.h"

#include <stdio.h>

/** A schedule as it was asked for, and what a link makes of it. */
struct gen_target {
	const struct gen_schedule *schedule;
	bool has_rate;      /* a rate was asked for, rather than a capture's own timing or as fast as it can */
	double clock_speed; /* of the schedule's clock */
	unsigned link_mbps;
};

/** What was sent from the start to some moment, and what kept the sender from sending more. */
struct gen_progress {
	double seconds;           /* since the start */
	double clock_s;           /* the same by the schedule's clock */
	double link_down_s;       /* of these seconds, with the link down */
	bool waited;              /* for the link, with all in the transmit ring: the schedule does not count that */
	uint64_t frames;          /* that the card has sent */
	uint64_t given_up_cycles; /* as in the schedule, like the next two */
	uint64_t held_up_cycles;
	uint64_t unread_cycles;
	uint64_t ring_full_cycles; /* with a transmit ring that took no more */
	uint64_t pause_frames;     /* that the card has received and obeyed */
	uint64_t cpu_lost_cycles;  /* in which the sender did not have its CPU */
};

/** More bits per second, with framing, than the link carries. */
bool gen_target_above_line(const struct gen_target *target);

/** Prints what was achieved between two moments beside what was asked for, and why that was missed: a line for people,
 * if a rate was asked for or missed; or JSON members, each with a comma in front. */
void gen_progress_print(const struct gen_target *target, const struct gen_progress *from, const struct gen_progress *to,
	FILE *out, bool json);

#endif
