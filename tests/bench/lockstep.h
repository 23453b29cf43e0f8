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
	BENCH_JOBS,
};

/** "rx", "tx", "fwd". */
const char *bench_job_name(enum bench_job job);

struct lockstep {
	struct model *in, *out; /* packets arrive at one port and leave through the other */
	unsigned frame_bytes;   /* with FCS */
	uint8_t frame[2048];
	struct model_frame frames[LOCKSTEP_PACKETS];
};

/** Frames of 60 to 2048 bytes, FCS included. */
void lockstep_set_frame(struct lockstep *lockstep, unsigned frame_bytes);

/** Before the job: so many frames for it to receive. False: the model took fewer. */
bool lockstep_publish(struct lockstep *lockstep, enum bench_job job, unsigned packets);

/** After it: takes what was sent. False: it wasn't so many. */
bool lockstep_collect(struct lockstep *lockstep, enum bench_job job, unsigned packets);

/** The tails of both queues, in one number that changes when one of them does. */
uint64_t lockstep_tails(struct lockstep *lockstep);

#endif
