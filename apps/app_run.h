/* SPDX-License-Identifier: BSD-2-Clause
 * How a program runs once its ports are open: its threads, and the main thread that supervises them. */
#ifndef POLLUX_APPS_APP_RUN_H
#define POLLUX_APPS_APP_RUN_H

#include "app_metrics.h"
#include "app_stats.h"

/** What a program does while it runs. */
struct app_work {
	unsigned thread_count;               /* at most APP_THREADS */
	void (*thread_work)(unsigned index); /* of each thread, until app_stopping() */
	void (*stop_threads)(bool good);     /* if given, instead of app_stop(); good: nothing has failed */
	app_print_more *print_more;          /* if given */
	bool (*reopen)(void);                /* if given: see app_mend */
	app_more_metrics *more_metrics;      /* if given */
	bool (*is_done)(void);               /* if given: whether it is time to end; asked once a second at least */
	bool may_leave_unsent;               /* packets that a card with a link did not send are no failure either */
};

/**
 * Runs a program: starts its threads, each on the CPU that app_open has found for its index; until the program is asked
 * to stop, its duration is over, is_done says so, or a device is gone, serves the ports and prints a report per
 * interval; then stops the threads and the ports, and prints the totals.
 * @return false, and printed: a thread could not be started, a device is gone, or a card that has a link has not sent
 * what it was given
 */
bool app_run(struct app *app, const struct app_work *work);

#endif
