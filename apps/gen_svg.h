/* SPDX-License-Identifier: BSD-2-Clause
 * A picture of latencies: by percentile, both on logarithmic scales. */
#ifndef POLLUX_APPS_GEN_SVG_H
#define POLLUX_APPS_GEN_SVG_H

#include "gen_latency.h"

#include <stdio.h>

/** A line of the picture. */
struct gen_curve {
	char name[64];
	const struct gen_histogram *histogram;
};
#define GEN_CURVES 8u

/** Draws up to GEN_CURVES curves, of which those without values are left out.
 * @param title     a line of text
 * @param floor_ns  below it nothing is claimed, and a grey band says so; 0: nothing is known of that
 * @param hz        of the clock that counted */
void gen_svg_draw(
	FILE *out, const char *title, const struct gen_curve *curves, unsigned count, double floor_ns, double hz);

#endif
