/* SPDX-License-Identifier: BSD-2-Clause
 * A capture file that the generator replays, and what of it cannot be sent as it was on the wire. */
#ifndef POLLUX_APPS_GEN_CAPTURE_H
#define POLLUX_APPS_GEN_CAPTURE_H

#include "gen_schedule.h"

#include <stdio.h>

struct gen_capture {
	/* What is to be made of it. */
	const char *file; /* "-": stdin; NULL: there is none */
	unsigned mtu;
	bool own_timing;
	uint64_t max_gap_ns; /* 0: gaps may be as long as they are */

	/* What was found. */
	const char *name;         /* file, or "stdin" */
	uint64_t frames;          /* in the schedule */
	uint64_t too_long, empty; /* left out */
	uint64_t cut;             /* of the frames: shorter than they were on the wire */
	uint64_t backwards;       /* of the frames: older than the one in front */
	uint64_t gaps_shortened;
	uint64_t longest_gap_ns, longest_gap_after; /* behind the frame with that number, counted from 1 */
	unsigned longest_payload;                   /* of the frames that are too long: the MTU that they need */
	char damage[160];                           /* why nothing behind these frames can be read; or "" */
};

/**
 * Loads all frames of a capture that can be sent, so that nothing reads from disk later. Says what is remarkable,
 * unless quiet.
 * @param strict  to send nothing if not all frames can be sent as they were on the wire
 * @return false, and said why: there is nothing to send; or it was asked to stop, and said nothing
 */
bool gen_capture_load(struct gen_capture *capture, struct gen_schedule *schedule, bool strict, bool quiet);

/** Prints what of the capture is not sent as it was: a line for people, if there is need; or a JSON member with a comma
 * in front. */
void gen_capture_print(const struct gen_capture *capture, FILE *out, bool json);

#endif
