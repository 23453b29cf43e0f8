/* SPDX-License-Identifier: BSD-2-Clause
 * What pollux-rfc2544 has measured, as tables for people, as JSON, as CSV, and as a picture; each says under which
 * conditions. */
#ifndef POLLUX_APPS_RFC2544_REPORT_H
#define POLLUX_APPS_RFC2544_REPORT_H

#include "rfc2544_plan.h"

#include <stdio.h>

#define RFC2544_CONDITIONS_MAX 16u

struct rfc2544_report {
	const struct rfc2544_plan *plan;
	struct rfc2544_condition {
		const char *name;
		char text[1024];
	} conditions[RFC2544_CONDITIONS_MAX];
	unsigned condition_count;
	const char *incomplete; /* why not all was measured; NULL: it was */
};

/** Adds a condition; more than there is room for are left out. */
void rfc2544_condition(struct rfc2544_report *report, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void rfc2544_print_text(const struct rfc2544_report *report, FILE *out);
void rfc2544_print_json(const struct rfc2544_report *report, FILE *out);
void rfc2544_print_csv(const struct rfc2544_report *report, FILE *out);
void rfc2544_print_svg(const struct rfc2544_report *report, FILE *out);

/** What a throughput or a burst ended at: "device", "tester", "line"; or "unknown" where the test is not complete. */
const char *rfc2544_limit(const struct rfc2544_plan *plan, const struct rfc2544_result *result, enum rfc2544_test test);

#endif
