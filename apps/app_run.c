/* SPDX-License-Identifier: BSD-2-Clause
 * How a program runs once its ports are open: its threads, and the main thread that supervises them. */
#include "app_run.h"

#include "app_base.h"
#include "app_cpu.h"
#include "app_halt.h"
#include "app_output.h"
#include "app_ports.h"
#include "app_reset.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#define METRICS_NS UINT64_C(990000000) /* a second, less what the supervisor's own seconds may be late or early */

struct thread {
	pthread_t id;
	unsigned index;
	void (*work)(unsigned index);
};

static void *thread_main(void *argument)
{
	const struct thread *thread = argument;

	app_worker_begin(&app_workers[thread->index]);
	thread->work(thread->index);
	app_no_queues();
	app_worker_end(&app_workers[thread->index]);
	return NULL;
}

static bool start_thread(struct thread *thread, const struct app *app)
{
	const unsigned index = thread->index;
	pthread_attr_t attributes;
	sigset_t all, before;
	cpu_set_t cpu;

	pthread_attr_init(&attributes);
	if (index < app->cpu_count) {
		CPU_ZERO(&cpu);
		CPU_SET(app->cpus[index], &cpu);
		pthread_attr_setaffinity_np(&attributes, sizeof(cpu), &cpu);
	}
	/* A new thread has the signals blocked that its creator has. The main thread alone takes signals: it wakes. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread->id, &attributes, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error == 0 || app_error("no thread: %s", strerror(error));
}

/* Writes the metrics, once a second. */
static void write_metrics(struct app *app, const struct app_work *work, uint64_t now)
{
	static uint64_t next;

	if (!app->options->metrics || now < next)
		return;
	next = now + METRICS_NS;
	app_take_sample(app, &app->latest);
	app_metrics_write(app, work->more_metrics, true);
}

/* Serves the ports and prints reports while the threads work, until it is time to end. False: a device is gone. */
static bool supervise(struct app *app, const struct app_work *work)
{
	uint64_t interval_ns = (uint64_t)(app->options->interval_s * 1e9);
	uint64_t next = app->start_ns + interval_ns;
	uint64_t end =
		app->options->duration_s > 0 ? app->start_ns + (uint64_t)(app->options->duration_s * 1e9) : UINT64_MAX;

	for (;;) {
		uint64_t soon = app_now_ns() + 1000000000, until = next < end ? next : end;
		app_sleep_until(app, until < soon ? until : soon);
		bool there = app_service(app);
		uint64_t now = app->end_ns = app_now_ns();
		if (!there)
			return false;
		if (!app_mend(app, work->thread_count, work->reopen))
			return false;
		write_metrics(app, work, now);
		if (app_stopping() || now >= end || (work->is_done && work->is_done()))
			return true;
		if (now < next)
			continue;
		next = now - next < interval_ns ? next + interval_ns : now + interval_ns;
		if (app->options->quiet)
			continue;
		app_print_interval(app, work->print_more);
	}
}

/* Tells what the cards did not send, as the last sample says. That a device is gone has been told already. False: one
 * had a link, and has not sent all. Without link nothing can be sent, and that is no failure. */
static bool tell_unsent(const struct app *app)
{
	bool all = true;

	for (unsigned i = 0; i < app->port_count; i++) {
		const struct app_port_sample *s = &app->latest.ports[i];
		const char *address = app->options->addresses[i], *state = app->ports[i].link.state;
		unsigned long long unsent = s->card.tx_unsent;
		if (!unsent)
			continue;
		if (s->card.resets) { /* some of them were lost by that, and nobody knows how many */
			app_note("%s: %llu packets were not sent by the card, which was reset %llu times", address,
				unsent, (unsigned long long)s->card.resets);
			continue;
		}
		all = all && !s->gone && !app->ports[i].link.up;
		if (s->gone)
			continue;
		if (app->ports[i].link.up)
			app_error("%s: %llu packets were not sent by the card: it does not get rid of them; does the "
				  "other end hold it up?",
				address, unsent);
		else
			app_note("%s: %llu packets were not sent by the card: its link is down%s%s%s", address, unsent,
				state[0] ? " (" : ": check the cable and the other end", state, state[0] ? ")" : "");
	}
	return all;
}

bool app_run(struct app *app, const struct app_work *work)
{
	struct thread threads[APP_THREADS];
	unsigned started = 0;
	bool all = true;

	app_cpu_begin(work->thread_count, app->options->quiet);
	app->start_ns = app_now_ns();
	for (; all && started < work->thread_count; started += all) {
		threads[started] = (struct thread){.index = started, .work = work->thread_work};
		all = start_thread(&threads[started], app);
	}
	bool good = all && supervise(app, work);
	app_release_threads();
	if (work->stop_threads)
		work->stop_threads(good);
	else
		app_stop();
	while (started > 0)
		pthread_join(threads[--started].id, NULL);
	good = app_stop_ports(app) && good;
	app_cpu_end(work->thread_count);
	if (!all)
		return false;
	app_print_totals(app, work->print_more);
	good = app_metrics_write(app, work->more_metrics, false) && good;
	return (tell_unsent(app) || work->may_leave_unsent) && good;
}
