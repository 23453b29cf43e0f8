/* SPDX-License-Identifier: BSD-2-Clause
 * How a thread sleeps while no packets come. Under load it does not get here: the driver's interrupts are off then. */
#include "app_nap.h"

#include "app_base.h"
#include "app_counter.h"

#include <errno.h>

uint64_t app_nap_after;

void app_watch(struct app_worker *worker, struct nic_rxq *queue)
{
	if (worker->queue_count < APP_PORTS)
		worker->queues[worker->queue_count++] = queue;
}

void app_nap(struct app_worker *worker, uint32_t limit_us)
{
	uint64_t now = app_tsc();

	if (!worker->idle_since_tsc)
		worker->idle_since_tsc = now;
	if (now - worker->idle_since_tsc < app_nap_after)
		return;
	uint64_t begin = app_now_ns();
	int error = nic_wait(worker->queues, worker->queue_count, limit_us);
	/* A device that is gone has no interrupts; the main thread ends the program. */
	if (error < 0 && error != -EINTR)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	app_add(&worker->naps, 1);
	app_add(&worker->napped_ns, app_now_ns() - begin);
	worker->last_poll_tsc = app_tsc(); /* who sleeps has not lost its CPU */
}

struct app_naps app_naps(uint64_t since_ns)
{
	struct app_naps all = {.naps = 0};
	uint64_t ns = 0, now = app_now_ns(), threads = 0;

	for (unsigned i = 0; i < APP_THREADS; i++) {
		all.naps += app_get(&app_workers[i].naps);
		ns += app_get(&app_workers[i].napped_ns);
		threads += app_workers[i].queue_count > 0;
	}
	all.napped_s = (double)ns / 1e9;
	all.share = threads && now > since_ns ? (double)ns / (double)((now - since_ns) * threads) : 0;
	return all;
}
