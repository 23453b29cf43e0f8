/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on ports: what their counters grew by, as rates and as sums, printed for people and as JSON. */
#ifndef POLLUX_APPS_APP_STATS_H
#define POLLUX_APPS_APP_STATS_H

#include "app_sample.h"

/** Frames dropped by all ports, for whatever cause, as last reported. */
uint64_t app_dropped(const struct app *app);

/** What a program adds to a report on its ports: lines of its own for people, or further JSON members, each with a
 * comma in front. */
typedef void app_print_more(FILE *out, bool json, bool total);

/** Prints what happened since the last interval. */
void app_print_interval(struct app *app, app_print_more *more);

/** Prints a last interval, if any was printed, and the totals. The ports have stopped. */
void app_print_totals(struct app *app, app_print_more *more);

#endif
