/* SPDX-License-Identifier: BSD-2-Clause
 * What is measured: a driver in one of its settings, on two ports of its own. */
#ifndef POLLUX_TESTS_BENCH_SUBJECT_H
#define POLLUX_TESTS_BENCH_SUBJECT_H

#include "lockstep.h"

#include <stddef.h>

#define SUBJECTS_MAX 16

/* Jobs of a subject, as masks of 1 << enum bench_job. */
#define JOBS_PLAIN (1u << BENCH_RX | 1u << BENCH_TX | 1u << BENCH_FWD | 1u << BENCH_GEN | 1u << BENCH_GEN_RX)
#define JOBS_DPDK  (1u << BENCH_RX | 1u << BENCH_TX | 1u << BENCH_FWD)
#define JOBS_PIPE  (1u << BENCH_FWD)
#define JOBS_PLUS  (1u << BENCH_RX_PLUS | 1u << BENCH_FWD_PLUS | 1u << BENCH_TSO)

struct subject {
	const char *name; /* "pollux", "dpdk vector", ... */
	struct lockstep lockstep;
	void *context;
	unsigned burst_min; /* smaller bursts it cannot do */
	unsigned jobs;
	const char *functions; /* the burst functions that it has chosen, as its driver calls them; NULL: ours */
	bool hugepages;
	/** Before a job: chooses what handles it, where one function for all jobs would cost those an instruction;
	 * NULL: nothing to do. */
	void (*prepare)(struct subject *subject, enum bench_job job);
	/** What is measured: the driver handles so many packets (LOCKSTEP_PACKETS at most) in bursts of `burst`. Each
	 * job is a loop of its own, as an application would have it, and ends with the first burst that moves nothing.
	 * @return packets handled */
	unsigned (*handle)(struct subject *subject, enum bench_job job, unsigned burst, unsigned packets);
	/** Calls visit with each stretch of memory that the card writes: rings, and the beginning of each buffer. */
	void (*visit_memory)(
		struct subject *subject, void (*visit)(void *context, void *at, size_t bytes), void *context);
	void (*close)(struct subject *subject);
};

/** Opens Pollux's subjects, `room` of them at most. @return how many, or negative: nic_error() has the sentence. */
int pollux_subjects_open(struct subject *subjects, unsigned room);

/** Opens one for each of two queue pairs of the same ports, whose frames are of one flow; the first closes both. 0, or
 * negative: nic_error() has the sentence. */
int pollux_queues_open(struct subject subjects[2]);

/** Opens DPDK's, once per process. 0: this program was built without, or it does not run under tests/preload/run;
 * negative: it failed, and said why on standard error. */
int dpdk_subjects_open(struct subject *subjects, unsigned room);

#endif
