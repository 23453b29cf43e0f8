/* SPDX-License-Identifier: BSD-2-Clause
 * The model's half of a lock-step: it publishes so many packets, the driver handles exactly those, it collects what was
 * sent. */
#ifndef POLLUX_TESTS_BENCH_LOCKSTEP_H
#define POLLUX_TESTS_BENCH_LOCKSTEP_H

#include "../model/card/model.h"

#include <stdbool.h>
#include <stdint.h>

#define LOCKSTEP_PACKETS 128u
#define LOCKSTEP_RING    512u /* descriptors in every ring, of whatever driver */

enum bench_job {
	BENCH_RX,  /* receive and free */
	BENCH_TX,  /* allocate, write 4 bytes, send */
	BENCH_FWD, /* receive, change a byte, send on the other port */
	/* with offloads on: frames of UDP over IPv4 with a VLAN tag */
	BENCH_RX_PLUS,  /* receive, with checksum status, tag and RSS hash in the handle, and free */
	BENCH_FWD_PLUS, /* the same, change a byte, send: the card writes both checksums and the tag */
	BENCH_TSO,    /* write headers of TCP over IPv4 in front of BENCH_TSO_SEGMENTS segments, which the card cuts */
	BENCH_GEN,    /* make UDP frames whose headers vary, and send them */
	BENCH_GEN_RX, /* receive these, check each, count it, and note how long it took */
	BENCH_JOBS,
};

#define BENCH_TSO_SEGMENTS 8u    /* in a frame of BENCH_TSO, each of BENCH_TSO_BYTES with FCS */
#define BENCH_TSO_BYTES    1518u /* a packet of BENCH_TSO is a segment */
#define BENCH_TSO_HEADERS  54u
#define BENCH_TSO_MSS      (BENCH_TSO_BYTES - 4 - BENCH_TSO_HEADERS)

/** "rx", "tx", "fwd", "rx+", "fwd+", "tso", "gen", "gen-rx". */
const char *bench_job_name(enum bench_job job);

/** Whether an empty poll costs what only receiving costs. */
static inline bool bench_job_polls(enum bench_job job)
{
	return job == BENCH_RX || job == BENCH_RX_PLUS || job == BENCH_GEN_RX;
}

struct lockstep {
	struct model *in, *out; /* packets arrive at one port and leave through the other */
	unsigned frame_bytes;   /* with FCS */
	uint8_t frame[2048];
	struct model_frame frames[LOCKSTEP_PACKETS];
};

/** Frames of 60 to 2048 bytes, FCS included, as this job has them. */
void lockstep_set_frame(struct lockstep *lockstep, enum bench_job job, unsigned frame_bytes);

/** The headers of a frame of BENCH_TSO. */
extern const uint8_t lockstep_tso_headers[BENCH_TSO_HEADERS];

/** Before the job: so many frames for it to receive. False: the model took fewer. */
bool lockstep_publish(struct lockstep *lockstep, enum bench_job job, unsigned packets);

/** After it: takes what was sent. False: it wasn't so many. */
bool lockstep_collect(struct lockstep *lockstep, enum bench_job job, unsigned packets);

/** The tails of both queues, in one number that changes when one of them does. */
uint64_t lockstep_tails(struct lockstep *lockstep);

#endif
