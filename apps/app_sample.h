/* SPDX-License-Identifier: BSD-2-Clause
 * What is counted of a program's ports, at one moment. */
#ifndef POLLUX_APPS_APP_SAMPLE_H
#define POLLUX_APPS_APP_SAMPLE_H

#include "app.h"

/** Reads all counters of all ports. */
void app_take_sample(struct app *app, struct app_sample *sample);

/** Reads the counters of the queues of one port. Those of the card are kept once it has stopped. */
void app_sample_queues(const struct app *app, unsigned index, struct app_queue_sample *samples);

/** Adds one queue's counts to others. */
void app_add_counts(struct app_counts *sum, const struct app_counts *counts);

/** Frames that the workers took from all ports until now. */
uint64_t app_received(const struct app *app);

/** Frames that the transmit rings of a port took until now. */
uint64_t app_sent(const struct app_port *port, unsigned queues);

/* Of all ports, as last reported: */

/** Frames that found no descriptor since app_open was done. */
uint64_t app_missed(const struct app *app);
/** Packets handed over that the cards did not send, once the ports have stopped. */
uint64_t app_unsent(const struct app *app);
/** Whether a device is gone. Then what follows from its card's counters is as far as is known, and is said to be. */
bool app_gone(const struct app *app);
#define APP_AS_KNOWN ", as far as is known"

#endif
