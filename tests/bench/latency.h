/* SPDX-License-Identifier: BSD-2-Clause
 * How long a packet takes through a forwarder: from its arrival at one port of the model, which runs on a core of its own, to its departure
 * from the other. */
#ifndef POLLUX_TESTS_BENCH_LATENCY_H
#define POLLUX_TESTS_BENCH_LATENCY_H

#include "subject.h"

#include <stdint.h>

struct latency {
	unsigned subject, burst;
	unsigned load;       /* percent of the capacity */
	double capacity_pps; /* forwarded when more arrives than can be: of forwarder and model together */
	double idle;         /* share of the forwarder's time then that went into polls that found nothing: it could do more by as much */
	double offered_pps;
	uint64_t packets, lost; /* lost: the card's packet buffer was full, or the forwarder dropped it */
	double p50_ns, p99_ns, p999_ns, max_ns;
};

/** How many packets a second the forwarder moves at this burst when they never end, and how much of its time it found none. 0: none came
 *  out. */
double latency_capacity(struct subject *subject, unsigned burst, double tsc_hz, double *idle);

/** Offers result->load percent of result->capacity_pps, evenly spaced, and fills in the rest. False: none came out. far_open must have been
 *  called. */
bool latency_measure(struct subject *subject, struct latency *result, double tsc_hz);

#endif
