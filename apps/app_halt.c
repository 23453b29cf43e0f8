/* SPDX-License-Identifier: BSD-2-Clause
 * Halts threads and lets them go on. The lock also orders memory: what a thread has written to a queue before it halts
 * is seen by the main thread, and what that changes by the thread when it goes on. */
#include "app_halt.h"

#include "app_base.h"

#include <pthread.h>

atomic_bool app_halt_flag;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static unsigned away; /* threads that are in no burst: halted, or without queues */
static _Thread_local bool has_no_queues;

void app_halt_here(void)
{
	pthread_mutex_lock(&lock);
	away++;
	app_wake();
	while (app_halt_flag)
		pthread_cond_wait(&released, &lock);
	away--;
	pthread_mutex_unlock(&lock);
}

void app_no_queues(void)
{
	pthread_mutex_lock(&lock);
	away += !has_no_queues;
	has_no_queues = true;
	app_wake();
	pthread_mutex_unlock(&lock);
}

void app_halt_threads(void)
{
	app_halt_flag = true;
}

bool app_all_halted(unsigned threads)
{
	pthread_mutex_lock(&lock);
	bool all = app_halt_flag && away == threads;
	pthread_mutex_unlock(&lock);
	return all;
}

void app_release_threads(void)
{
	pthread_mutex_lock(&lock);
	app_halt_flag = false;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}
