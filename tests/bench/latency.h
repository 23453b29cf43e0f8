/* SPDX-License-Identifier: BSD-2-Clause
 * How long a packet takes through a forwarder: from its arrival at one port of the model, which runs on a core of its
 * own, to its departure from the other. */
#ifndef POLLUX_TESTS_BENCH_LATENCY_H
#define POLLUX_TESTS_BENCH_LATENCY_H

#include "subject.h"

#include <stdint.h>

#define LATENCY_RUNS 5u

struct latency_run {
	double capacity_pps; /* forwarded when more arrives than can be: of forwarder and model together */
	double idle; /* share of the forwarder's time then that went into polls that found nothing: it could do more by
			as much */
	double offered_pps;
	uint64_t packets, lost; /* lost: the card's packet buffer was full, or the forwarder dropped it */
	double p50_ns, p99_ns, p999_ns, max_ns;
};

struct latency {
	unsigned subject, burst;
	unsigned load; /* percent of the capacity just before */
	struct latency_run runs[LATENCY_RUNS];
	const struct latency_run *chosen; /* the middle one by p99_ns */
	double capacity_pps, idle;        /* of the middle one by capacity_pps */
};

/** How many packets a second the forwarder moves at this burst when they never end, and how much of its time it found
 * none. Tries again, some times, where none came out. False: never any. far_open must have been called. */
bool latency_capacity(struct subject *subject, unsigned burst, struct latency_run *run, double tsc_hz);

/** Offers latency->load percent of run->capacity_pps, evenly spaced, and fills in the rest of the run. Otherwise as
 * latency_capacity. */
bool latency_measure(struct subject *subject, const struct latency *latency, struct latency_run *run, double tsc_hz);

/** Sorts the runs, all of them measured, and chooses. */
void latency_choose(struct latency *latency);

#endif
