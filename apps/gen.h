/* SPDX-License-Identifier: BSD-2-Clause
 * What the generator is made of: captures that it replays, its schedule, and its numbered packets. */
#ifndef POLLUX_APPS_GEN_H
#define POLLUX_APPS_GEN_H

#include "app.h"

/* ---- The generator's schedule (gen_schedule.c) ---- */

struct gen_frame {
	uint8_t *data;  /* NULL: the template */
	double gap;     /* cycles from its start to the next one's */
	uint64_t ns;    /* when it was captured */
	unsigned bytes; /* without FCS */
};

struct gen_schedule {
	struct gen_frame *frames; /* sent one after the other, and then from the first again */
	unsigned count, room, next;
	double due;      /* cycles since the start, of the next frame */
	double catch_up; /* cycles: a sender held up sends later what it owes, but not for more than this time */
};

/** Adds a frame, of which it keeps a copy. False: no memory. */
bool gen_schedule_add(struct gen_schedule *schedule, const uint8_t *data, unsigned bytes, uint64_t ns);

/** Loads all frames of a capture file up to the longest that can be sent, so that nothing reads from disk later. Prints why not. */
bool gen_schedule_load(struct gen_schedule *schedule, const char *file, unsigned longest, bool quiet);

/** Computes the gaps: from the rate, or with an unlimited rate and own_timing as the frames were captured. */
void gen_schedule_pace(struct gen_schedule *schedule, const struct app_rate *rate, bool own_timing, unsigned link_mbps);

/** How many frames are due `now` cycles after the start, at most `most`: they count as sent from then on. */
unsigned gen_schedule_due(struct gen_schedule *schedule, double now, unsigned most);

/** The next frame; as many times as gen_schedule_due said. */
const struct gen_frame *gen_schedule_next(struct gen_schedule *schedule);

void gen_schedule_free(struct gen_schedule *schedule);

/* ---- The generator's packets (gen_udp.c) ---- */

#define GEN_UDP_MIN 60u /* bytes, without FCS */

/** A template of numbered packets, and what varies in them. */
struct gen_udp {
	uint8_t frame[PKT_DATA_BYTES];
	unsigned bytes;
	uint32_t ip_sum, udp_sum; /* of all that does not vary */
	uint64_t flows;
};
#define GEN_FLOWS_MAX (UINT64_C(1) << 30)

/** A random number for a run. */
uint32_t gen_run_number(void);

/** Makes a template: Ethernet, IPv4 from 198.18.0.0/16 to 198.19.0.1 (RFC 2544's addresses), UDP, a number, zeros.
 * @param run  a number of this run: packets of other runs are not taken for ours */
void gen_udp_init(struct gen_udp *udp, unsigned bytes, const uint8_t to[6], const uint8_t from[6], uint64_t flows, uint32_t run);

/** Writes the head of packet `number` into a buffer that already holds the template behind its first 64 bytes. */
void gen_udp_write(const struct gen_udp *udp, uint8_t *data, uint64_t number);

/** Writes the template into all `count` buffers of a new pool. */
bool gen_udp_fill(const struct gen_udp *udp, struct pkt_pool *pool, unsigned count);

/** The number of a received packet; false when it is none of ours. */
bool gen_udp_read(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t *number);

/** Whether a packet of ours is, but for the Ethernet addresses, as it was sent under that number. */
bool gen_udp_intact(const struct gen_udp *udp, const uint8_t *data, unsigned bytes, uint64_t number);

/** What became of numbered packets: each arrival is new, a duplicate, or stale (too old to say). Reordered ones are new, too. */
#define GEN_SEQUENCE_WINDOW 65536u
struct gen_sequence {
	uint64_t next; /* one more than the highest number seen */
	_Atomic uint64_t unique, reordered, duplicates, stale;
	_Atomic uint64_t foreign;   /* packets of others, counted by the caller, ... */
	_Atomic uint64_t corrupted; /* ... as are those that came back changed */
	uint64_t seen[GEN_SEQUENCE_WINDOW / 64];
};
void gen_sequence_add(struct gen_sequence *sequence, uint64_t number);

/** Prints what became of `sent` packets: a line for people, or JSON members with a comma in front. */
void gen_sequence_print(const struct gen_sequence *sequence, FILE *out, bool json, uint64_t sent);

#endif
