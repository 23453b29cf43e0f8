/* SPDX-License-Identifier: BSD-2-Clause
 * Metrics, printed for people, as JSON, and as Prometheus wants them. */
#ifndef POLLUX_APPS_STATS_PRINT_H
#define POLLUX_APPS_STATS_PRINT_H

#include "stats_metrics.h"

#include <stdio.h>

/** Prints a table for each set of labels.
 * @param before   what was read `seconds` earlier: counters are printed with what they grow by per second. NULL:
 * without
 * @param all      what is 0, too
 * @param explain  with the sentence of each metric */
void stats_print_text(FILE *out, const struct stats_metrics *metrics, const struct stats_metrics *before,
	double seconds, bool all, bool explain);

/** Prints one line, an object. */
void stats_print_json(FILE *out, const struct stats_metrics *metrics, double time_s);

/** Prints all metrics as one page, with two more about the files. */
void stats_print_page(FILE *out, const struct stats_metrics *metrics);

#endif
