/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-gen reports of what has come back: text, JSON, CSV, and a picture of latencies. */
#ifndef POLLUX_APPS_GEN_REPORT_H
#define POLLUX_APPS_GEN_REPORT_H

#include "gen_traffic.h"

/** Prints it, and what each stream achieved: lines for people, or JSON members, each with a comma in front. */
void gen_report_print(const struct gen_traffic *traffic, const struct gen_result *result,
	const struct gen_outcome *outcomes, FILE *out, bool json);

/** Writes a table with a header: one figure per row, of each stream and each size of its frames, and its latencies'
 * histogram. */
void gen_report_csv(const struct gen_traffic *traffic, const struct gen_result *result, FILE *out);

/** Draws latency by percentile: of each stream, where there are not too many, and of all. */
void gen_report_svg(const struct gen_traffic *traffic, const struct gen_result *result, FILE *out);

#endif
