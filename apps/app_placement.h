/* SPDX-License-Identifier: BSD-2-Clause
 * Which CPU each thread that moves packets runs on. */
#ifndef POLLUX_APPS_APP_PLACEMENT_H
#define POLLUX_APPS_APP_PLACEMENT_H

#include <sched.h>
#include <stdbool.h>

/** Whether this process may run on all of these CPUs. False, and printed: not on one. */
bool app_cpus_allowed(const unsigned *cpus, unsigned count);

/** Chooses CPUs for threads that poll without pause, each for one thread: those of the card's NUMA node first, of these
 * a core's second hyper-thread only when all cores have a thread, and CPU 0, which the kernel likes for its own work,
 * last.
 * @param allowed  where this process may run
 * @param numa_node  the card's; -1: any
 * @return how many were found, at most `wanted` */
unsigned app_choose_cpus(const cpu_set_t *allowed, int numa_node, unsigned wanted, unsigned *cpus);

/** Threads take turns on too few CPUs: written before they start. */
extern bool app_cpus_are_shared;

/** To be called when a look at a ring found nothing: where threads share CPUs, another one may have something to do. */
static inline void app_idle(void)
{
	if (__builtin_expect(app_cpus_are_shared, 0))
		sched_yield();
}

#endif
