/* SPDX-License-Identifier: BSD-2-Clause
 * --poll adaptive: a thread polls while packets come, and sleeps until there is an interrupt when none have come for a
 * while. */
#ifndef POLLUX_APPS_APP_NAP_H
#define POLLUX_APPS_APP_NAP_H

#include "app_cpu.h"

#define APP_NAP_AFTER_S  0.0001 /* without packets: at 10,000 packets a second and more, threads poll */
#define APP_INTERRUPT_US 10u /* at least between two interrupts of a queue: threads poll before they are more often */
#define APP_NAP_US       100000u /* at most: so long a thread takes to see that it is to halt, or to end */

/** The time without packets after which a thread sleeps, in cycles; 0: it polls without pause. Written before the
 * threads start. */
extern uint64_t app_nap_after;

void app_nap(struct app_worker *worker, uint32_t limit_us);

/** To be called after a look at each of the thread's receive queues, which are in worker->queues.
 * @param found  packets, by any of them
 * @param limit_us  sleeps at most so long */
static inline void app_looked(struct app_worker *worker, bool found, uint32_t limit_us)
{
	if (__builtin_expect(!app_nap_after, 1))
		return;
	if (found)
		worker->idle_since_tsc = 0;
	else
		app_nap(worker, limit_us);
}

/** Adds a queue to those that wake the thread. Before the threads start. */
void app_watch(struct app_worker *worker, struct nic_rxq *queue);

/** What all threads have slept until now. */
struct app_naps {
	uint64_t naps;
	double napped_s;
	double share; /* of the threads' time since the first of them started */
};
struct app_naps app_naps(uint64_t since_ns);

#endif
