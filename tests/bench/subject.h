/* SPDX-License-Identifier: BSD-2-Clause
 * What is measured: a driver in one of its settings, on two ports of its own. */
#ifndef POLLUX_TESTS_BENCH_SUBJECT_H
#define POLLUX_TESTS_BENCH_SUBJECT_H

#include "lockstep.h"

#include <stddef.h>

#define SUBJECTS_MAX 12

struct subject {
	const char *name; /* "pollux", "dpdk vector", ... */
	struct lockstep lockstep;
	void *context;
	unsigned burst_min; /* smaller bursts it cannot do */
	bool forwards_only; /* it has no job but BENCH_FWD */
	bool hugepages;
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

/** Opens DPDK's, once per process. 0: this program was built without, or it does not run under tests/preload/run;
 * negative: it failed, and said why on standard error. */
int dpdk_subjects_open(struct subject *subjects, unsigned room);

#endif
