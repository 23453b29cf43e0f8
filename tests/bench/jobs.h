/* SPDX-License-Identifier: BSD-2-Clause
 * The packet jobs that are measured, and the two in-process ports that they run on. */
#ifndef POLLUX_TESTS_BENCH_JOBS_H
#define POLLUX_TESTS_BENCH_JOBS_H

#include "../../driver/nic.h"

#define BENCH_PACKETS 128u /* published, then handled: one lock-step */

struct bench;

enum bench_job {
	BENCH_RX,  /* receive and free */
	BENCH_TX,  /* allocate, write 4 bytes, send */
	BENCH_FWD, /* receive, change a byte, send on the other port */
	BENCH_JOBS,
};

/** "rx", "tx", "fwd". */
const char *bench_job_name(enum bench_job job);

/** Two ports on in-process models, started, in one space with one pool. frame_bytes with FCS. NULL: see nic_error(). */
struct bench *bench_open(unsigned frame_bytes);
void bench_close(struct bench *bench);

/** The model's half of a lock-step, before the job: frames for it to receive. False: the model took fewer than it should. */
bool bench_publish(struct bench *bench, enum bench_job job);

/** The driver's half, which is measured: exactly BENCH_PACKETS packets in bursts of `burst`. @return packets handled */
unsigned bench_handle(struct bench *bench, enum bench_job job, unsigned burst);

/** The model's half afterwards: takes what was sent. False: it wasn't BENCH_PACKETS. */
bool bench_collect(struct bench *bench, enum bench_job job);

/** Does the pool have hugepages behind it? */
bool bench_hugepages(const struct bench *bench);

#endif
