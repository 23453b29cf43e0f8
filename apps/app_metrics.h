/* SPDX-License-Identifier: BSD-2-Clause
 * A program's metrics: all that its ports and itself count, in a file of Prometheus' text format, which is written anew
 * each second. pollux-stats and node_exporter's textfile collector read such files. */
#ifndef POLLUX_APPS_APP_METRICS_H
#define POLLUX_APPS_APP_METRICS_H

#include "app.h"

/** One value. Metrics are called pollux_NAME_UNIT, those of queues pollux_queue_NAME_UNIT, counters with _total behind;
 * where the name ends in the unit, it is there once. */
struct app_metric {
	const char *name, *unit, *help; /* the unit as Prometheus has it; "" for what has none */
	bool is_gauge;
	unsigned port;  /* of the program's */
	int queue;      /* -1: of the port */
	int thread;     /* -1: of no thread */
	uint64_t count; /* or, if that is 0: */
	double real;
};

/** Metrics that are being put together. */
struct app_metrics;
void app_metrics_add(struct app_metrics *metrics, const struct app_metric *metric);
/** The same of a port, or of one of its queues, which the metric need not name. */
void app_metrics_add_port(struct app_metrics *metrics, const struct app_metric *metric, unsigned port);
void app_metrics_add_queue(struct app_metrics *metrics, const struct app_metric *metric, unsigned port, unsigned queue);

/** What a program adds of its own. */
typedef void app_more_metrics(struct app_metrics *metrics);

/** Whether the file, if one is wanted, can be written, as far as is known: it stays as it is. Prints why not. */
bool app_metrics_check(const char *path);

/** Writes the file, if one is wanted, of the counters as last reported. What is there may be a regular file only, as it
 * is replaced. A failure is printed when the time before was none.
 * @param running  the program goes on
 * @return false: it could not be written */
bool app_metrics_write(struct app *app, app_more_metrics *more, bool running);

#endif
