/* SPDX-License-Identifier: BSD-2-Clause
 * What the forwarder says at its end. */
#ifndef POLLUX_APPS_FWD_REPORT_H
#define POLLUX_APPS_FWD_REPORT_H

#include "app.h"

/** Prints the totals of all ports together: lines for people, or JSON members, each with a comma in front.
 * @param workers   threads, among which the queues are dealt out port by port
 * @param consumed  frames that came and went nowhere
 * @param makes     what is sent is the forwarder's own: it receives nothing */
void fwd_print_totals(FILE *out, bool json, const struct app *app, unsigned workers, uint64_t consumed, bool makes);

#endif
