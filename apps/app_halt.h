/* SPDX-License-Identifier: BSD-2-Clause
 * Halts the threads that use queues, so that the main thread can reset a port, and lets them go on. */
#ifndef POLLUX_APPS_APP_HALT_H
#define POLLUX_APPS_APP_HALT_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool app_halt_flag;
void app_halt_here(void);

/** For a thread that uses queues, between two bursts and at least every second or so: waits here while threads are to
 * halt. @return whether it had to */
static inline bool app_halt_point(void)
{
	bool halts = atomic_load_explicit(&app_halt_flag, memory_order_relaxed);

	if (__builtin_expect(halts, 0))
		app_halt_here();
	return halts;
}

/** For a thread that uses no queues, or none any more: nobody needs to wait for it. At the end of each thread it is
 * called for it. */
void app_no_queues(void);

/* For the main thread: */

/** Asks all threads to halt; wakes the main thread (app_wake) whenever one has. */
void app_halt_threads(void);

/** Whether all of so many threads have. */
bool app_all_halted(unsigned threads);

/** Lets them go on. */
void app_release_threads(void);

#endif
