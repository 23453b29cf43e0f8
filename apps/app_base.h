/* SPDX-License-Identifier: BSD-2-Clause
 * What every program stands on: its exit statuses, its clocks, and how it is asked to stop. */
#ifndef POLLUX_APPS_APP_BASE_H
#define POLLUX_APPS_APP_BASE_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

enum { APP_OK = 0, APP_FAILED = 1, APP_USAGE = 2 }; /* exit statuses */

/* ---- Clocks ---- */

uint64_t app_clock_ns(clockid_t clock);

/** CLOCK_MONOTONIC. */
uint64_t app_now_ns(void);

/** The time stamp counter. */
static inline uint64_t app_tsc(void)
{
	return __rdtsc();
}

/** Ticks of the time stamp counter per second, measured for 20 ms at the first call. */
double app_tsc_hz(void);

/* ---- Being asked to stop ---- */

/** Makes SIGINT, SIGTERM and SIGHUP stop the program in an orderly way. A second signal of the same kind, half a second
 * later, ends it at once. Calls app_output_unblock, so that no reader of stdout or stderr delays the stop. */
void app_catch_signals(void);

extern atomic_bool app_stop_flag;
static inline bool app_stopping(void)
{
	return atomic_load_explicit(&app_stop_flag, memory_order_relaxed);
}

/** Asks all threads to end. From any thread and from signal handlers. */
void app_stop(void);

/** Wakes the main thread out of app_sleep. From any thread and from signal handlers. */
void app_wake(void);

/** Sleeps until that time, or until there is reason to look earlier: a stop, a wake, or a descriptor that is ready.
 * @param fds  with room for a descriptor in front, fds[0], which is filled in here
 * @param count  with that one */
void app_sleep(struct pollfd *fds, unsigned count, uint64_t until_ns);

#endif
