/* SPDX-License-Identifier: BSD-2-Clause
 * Reports on the queues of a port, one by one, where there are several. */
#ifndef POLLUX_APPS_APP_QUEUES_H
#define POLLUX_APPS_APP_QUEUES_H

#include "app.h"

/** Prints what a port's queues counted between two samples: a line each for people, or a JSON member, with a comma in
 * front. Nothing of a port with one queue.
 * @param seconds  between them
 * @param total  numbers of packets in text, beside rates */
void app_queues_print(FILE *out, bool json, const struct app *app, unsigned port, const struct app_sample *from,
	const struct app_sample *to, double seconds, bool total);

#endif
