/* SPDX-License-Identifier: BSD-2-Clause
 * Latencies for people and for programs. */
#ifndef POLLUX_TESTS_BENCH_LATENCY_REPORT_H
#define POLLUX_TESTS_BENCH_LATENCY_REPORT_H

#include "latency.h"

#include <stdio.h>

void latency_table(const struct latency *results, unsigned count, const struct subject *subjects);
void latency_json(const struct latency *results, unsigned count, const struct subject *subjects, FILE *file);
/** A picture: median and 99th percentile over the load, for each subject at bursts of 32. @return 0, or -1: see errno
 */
int latency_svg(const struct latency *results, unsigned count, const struct subject *subjects, const char *path);

#endif
