/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on how long packets were under way, and on how well the program itself can tell. */
#ifndef POLLUX_APPS_GEN_DELAY_H
#define POLLUX_APPS_GEN_DELAY_H

#include "gen_latency.h"

#include <stdbool.h>
#include <stdio.h>

/** The percentiles that reports show. */
#define GEN_PERCENTILES 6u
extern const struct gen_percentile {
	const char *name, *key; /* "p99.9"; the same in JSON */
	unsigned share;         /* in 100,000ths */
} gen_percentiles[GEN_PERCENTILES];

/** Whether there are packets enough: of a thousand nobody knows how late one in ten thousand is. */
bool gen_percentile_is_known(unsigned index, uint64_t packets);

/** What is told of latencies, in ns. */
struct gen_delays {
	uint64_t packets, pairs; /* pairs: for jitter */
	double least, most, mean, percentiles[GEN_PERCENTILES];
	double jitter_mean, jitter_max;
	double floor; /* no time below it is claimed: those that would be are it; 0: it is not known */
};

/** @param hz  of the clock that counted
 *  @param turns  how long turns of the receiving loop took without traffic; NULL: not known. No packet is seen before
 *                the loop looks again, therefore the median of these is the floor. */
struct gen_delays gen_delays(const struct gen_latency *latency, const struct gen_histogram *turns, double hz);

/** Prints them: a line for people, which begins with a name; or a JSON object. */
void gen_delays_print(const struct gen_delays *delays, FILE *out, bool json, const char *name);

/** The same of the turns of the loop. */
void gen_turns_print(const struct gen_histogram *turns, double hz, FILE *out, bool json);

#endif
