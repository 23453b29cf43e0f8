/* SPDX-License-Identifier: BSD-2-Clause
 * What the generator is made of: captures that it replays, its schedule, and its numbered packets. */
#ifndef POLLUX_APPS_GEN_H
#define POLLUX_APPS_GEN_H

#include "app.h"

#define GEN_OVERHEAD_BYTES                                                                                             \
	18u /* of a frame without VLAN tags, on top of what the MTU counts: Ethernet header and FCS */
#define GEN_FRAME_BYTES 16384u /* room for the longest frame of any card */

/** How many buffers a frame takes. */
static inline unsigned gen_pieces(unsigned frame_bytes)
{
	return (frame_bytes + PKT_DATA_BYTES - 1) / PKT_DATA_BYTES;
}

/* ---- Command line (gen_args.c) ---- */

struct gen_args {
	struct app_options app;
	struct app_rate rate;
	unsigned size;         /* bytes, with FCS */
	uint64_t count, flows; /* count 0: no limit was given */
	uint8_t to[6];
	bool has_to, shaped; /* shaped: --size, --flows or --to was given */
	const char *replay;  /* a capture; or NULL */
	bool loop, strict;
	uint64_t max_gap_ns; /* 0: not given */
};

/** Ends the program where the command line is wrong. */
void gen_parse(struct gen_args *args, int argc, char **argv);

static inline unsigned gen_mtu(const struct gen_args *args)
{
	return args->app.mtu ? args->app.mtu : 1500;
}

/* ---- When which frame is sent (gen_schedule.c) ---- */

struct gen_frame {
	uint8_t *data;  /* NULL: the template */
	double gap;     /* cycles from its start to the next one's */
	uint64_t ns;    /* when it was captured */
	unsigned bytes; /* without FCS */
};

/* A sender held up sends later what it owes, but not for more than this time. */
#define GEN_CATCH_UP_S 0.01

/** The schedule has a clock of its own, in cycles from 0. It is as fast as the time stamp counter, until a rate in
 * percent follows a link whose speed changes. Who sends is its single user, but for what is atomic. */
struct gen_schedule {
	struct gen_frame *frames; /* sent one after the other, and then from the first again */
	unsigned count, room, next;
	unsigned longest; /* bytes of the longest frame */
	double round_cycles,
		round_bits; /* that all frames once through take: time, 0 if nothing limits the rate; and on the wire */
	double due;         /* when the next frame is due, by the schedule's clock */
	double catch_up;    /* GEN_CATCH_UP_S in cycles */
	double clock, set_at,
		speed; /* at set_at cycles after the start the clock was `clock`, and is `speed` times as fast since */
	_Atomic uint64_t
		given_up_cycles; /* of the schedule's clock, in which nothing was sent, and nothing is made up for */
	_Atomic uint64_t held_up_cycles; /* the same of the time stamp counter */
};

/** Adds a frame, of which it keeps a copy. False: no memory. */
bool gen_schedule_add(struct gen_schedule *schedule, const uint8_t *data, unsigned bytes, uint64_t ns);

/** Computes the gaps: from the rate; of captured frames with an unlimited rate as they were captured, but max_gap_ns at
 * most (0: as long as they are). */
void gen_schedule_pace(
	struct gen_schedule *schedule, const struct app_rate *rate, uint64_t max_gap_ns, unsigned link_mbps);

/** From `now` cycles after the start on, everything is `speed` times as fast as gen_schedule_pace has said. */
void gen_schedule_set_speed(struct gen_schedule *schedule, double now, double speed);

/** How many frames are due `now` cycles after the start, at most `most`: they count as sent from then on. */
unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most);

/** Cycles until the next frame is due; centuries count as GEN_WAIT_MAX. */
#define GEN_WAIT_MAX 1e18
double gen_schedule_wait(const struct gen_schedule *schedule, double now);

/** The next frame; as many times as gen_schedule_due said. */
const struct gen_frame *gen_schedule_next(struct gen_schedule *schedule);

void gen_schedule_free(struct gen_schedule *schedule);

/* ---- Captures (gen_capture.c) ---- */

/** A capture, what is to be made of it, and what of it cannot be sent as it was on the wire. */
struct gen_capture {
	const char *file; /* "-": stdin; NULL: there is none */
	unsigned mtu;
	bool own_timing;
	uint64_t max_gap_ns; /* 0: gaps may be as long as they are */

	const char *name;         /* file, or "stdin" */
	uint64_t frames;          /* in the schedule */
	uint64_t too_long, empty; /* left out */
	uint64_t cut;             /* of the frames: shorter than they were on the wire */
	uint64_t backwards;       /* of the frames: older than the one in front */
	uint64_t gaps_shortened;
	uint64_t longest_gap_ns, longest_gap_after; /* a frame's number, from 1 */
	unsigned longest_payload;                   /* of those that are too long: the MTU that they need */
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

/* ---- Rates asked and achieved (gen_rate.c) ---- */

/** What was sent until some moment, and what kept the sender from sending. */
struct gen_progress {
	double seconds;           /* since the start */
	double clock_s;           /* the same by the schedule's clock */
	double down_s;            /* in which the link was down */
	uint64_t frames;          /* that the card has sent */
	uint64_t given_up_cycles; /* of the schedule's clock */
	uint64_t held_up_cycles, full_cycles, away_cycles;
};

/** A schedule as it was asked for, and what a link makes of it. */
struct gen_rate {
	const struct gen_schedule *schedule;
	bool asked;    /* a rate was asked for, rather than a capture's own timing or as fast as it can */
	double speed;  /* of the schedule's clock */
	unsigned mbps; /* of the link */
};

/** More bits per second, with framing, than the link carries. */
bool gen_rate_above_line(const struct gen_rate *rate);

/** Prints what was achieved between two moments beside what was asked for, and why it was missed: a line for people, if
 * a rate was asked for or missed; or JSON members, each with a comma in front. */
void gen_rate_print(const struct gen_rate *rate, const struct gen_progress *from, const struct gen_progress *to,
	FILE *out, bool json);

/* ---- Numbered packets (gen_udp.c) ---- */

#define GEN_UDP_MIN  60u /* bytes, without FCS */
#define GEN_UDP_HEAD 64u /* in which packets differ */

/** A template of numbered packets, and what varies in them. */
struct gen_udp {
	uint8_t frame[GEN_FRAME_BYTES];
	unsigned bytes;
	uint32_t ip_sum, udp_sum; /* of all that does not vary */
	uint64_t flows;
};
#define GEN_FLOWS_MAX (UINT64_C(1) << 30)

/** A random number for a run. */
uint32_t gen_run_number(void);

/** Makes a template: Ethernet, IPv4 from 198.18.0.0/16 to 198.19.0.1 (RFC 2544's addresses), UDP, a number, zeros.
 * @param run  a number of this run: packets of other runs are not taken for ours */
void gen_udp_init(
	struct gen_udp *udp, unsigned bytes, const uint8_t to[6], const uint8_t from[6], uint64_t flows, uint32_t run);

/** Writes the head of packet `number` into a buffer that already holds the template behind its first 64 bytes. */
void gen_udp_write(const struct gen_udp *udp, uint8_t *data, uint64_t number);

/** Writes the template into all `count` buffers of a new pool. */
bool gen_udp_fill(const struct gen_udp *udp, struct pkt_pool *pool, unsigned count);

/** The number of a received packet; false when it is none of ours. */
bool gen_udp_read(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t *number);

/** Whether a packet of ours is, but for the Ethernet addresses, as it was sent under that number. */
bool gen_udp_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t number);

/** The same of the first piece of one in several buffers, and of a further piece that begins at `offset` of the frame.
 */
bool gen_udp_head_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t number);
bool gen_udp_piece_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, unsigned offset);

/** What became of numbered packets: each arrival is new, a duplicate, or stale (too old to say). Reordered ones are
 * new, too. */
#define GEN_SEQUENCE_WINDOW 65536u
struct gen_sequence {
	uint64_t next;           /* one more than the highest number seen */
	_Atomic uint64_t missed; /* numbers below it that have not come */
	_Atomic uint64_t unique, reordered, duplicates, stale;
	_Atomic uint64_t foreign;   /* packets of others, counted by the caller, ... */
	_Atomic uint64_t corrupted; /* ... as are those that came back changed */
	uint64_t seen[GEN_SEQUENCE_WINDOW / 64];
};
void gen_sequence_add(struct gen_sequence *sequence, uint64_t number);

/** Prints what became of `sent` packets: a line for people, or JSON members with a comma in front. Those that have not
 * come are lost where a later one came or, at the end, all; else they are in flight. */
void gen_sequence_print(const struct gen_sequence *sequence, FILE *out, bool json, bool end, uint64_t sent);

#endif
