/* SPDX-License-Identifier: BSD-2-Clause
 * What of a capture the generator sends, and what of it not as it was on the wire. */
#ifndef POLLUX_APPS_GEN_CAPTURE_H
#define POLLUX_APPS_GEN_CAPTURE_H

#include "gen_reader.h"

#include <stdio.h>

struct gen_capture {
	/* What is to be made of it. */
	const char *file; /* "-": stdin; NULL: there is none */
	unsigned mtu;
	bool own_timing, pad, unique_ip;
	double speed;      /* so many times as fast as it was captured */
	double max_gap_ns; /* as captured; 0: gaps may be as long as they are */

	/* What was found. */
	const char *name;                        /* file, or "stdin" */
	uint64_t frames;                         /* to be sent */
	uint64_t too_long, empty, no_ether_type; /* left out */
	uint64_t cut, padded;                    /* of the frames: shorter when captured than on the wire */
	uint64_t header_added;                   /* of the frames: of a link of another kind */
	uint64_t same_ip;                        /* of the frames: without IP addresses that each loop may change */
	uint64_t backwards;                      /* of the frames: older than the one in front */
	uint64_t gaps_shortened;
	uint64_t first_ns, last_ns;                 /* when the first frame was captured, and the last so far */
	uint64_t longest_gap_ns, longest_gap_after; /* behind the frame with that number, counted from 1 */
	unsigned longest_payload;                   /* of the frames that are too long: the MTU that they need */
	bool streamed;                              /* read while it is sent */
	char damage[160];                           /* why nothing behind these frames can be read; or "" */
};

/** Counts a frame, which may become longer by --pad. False: it cannot be sent. *gap_ns: from the frame in front */
bool gen_capture_count(struct gen_capture *capture, struct gen_captured *frame, uint64_t *gap_ns);

/** The gap in front of the first frame, when the capture starts again: the mean of the others. */
uint64_t gen_capture_again_ns(const struct gen_capture *capture);

/** All frames can be sent as they were on the wire. */
bool gen_capture_whole(const struct gen_capture *capture);

/** Says what is remarkable. */
void gen_capture_tell(const struct gen_capture *capture);

/** Prints what of the capture is not sent as it was: a line for people, if there is need; or a JSON member with a comma
 * in front. */
void gen_capture_print(const struct gen_capture *capture, FILE *out, bool json);

#endif
