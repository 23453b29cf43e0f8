/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on ports: what their counters grew by, as rates and as sums, printed for people and as JSON. */
#ifndef POLLUX_APPS_APP_STATS_H
#define POLLUX_APPS_APP_STATS_H

#include "app_ports.h"

/** Frames that the workers took from all ports until now. */
uint64_t app_received(const struct app *app);

/* Of all ports, as last reported: */

/** Frames dropped, for whatever cause. */
uint64_t app_dropped(const struct app *app);
/** Frames that found no descriptor since app_open was done. */
uint64_t app_missed(const struct app *app);
/** Packets handed over that the cards did not send, once the ports have stopped. */
uint64_t app_unsent(const struct app *app);
/** Whether a device is gone. Then what follows from its card's counters is as far as is known, and is said to be. */
bool app_gone(const struct app *app);
#define APP_AS_KNOWN ", as far as is known"

/** What a program adds to a report on its ports: lines of its own for people, or further JSON members, each with a
 * comma in front. */
typedef void app_print_more(FILE *out, bool json, bool total);

/** Prints what happened since the last interval. */
void app_print_interval(struct app *app, app_print_more *more);

/** Prints a last interval, if any was printed, and the totals. The ports have stopped. */
void app_print_totals(struct app *app, app_print_more *more);

#endif
