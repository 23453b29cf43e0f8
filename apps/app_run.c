/* SPDX-License-Identifier: BSD-2-Clause
 * How a program runs: its signals, clocks and threads. */
#include "app.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TWICE_AT_ONCE_NS UINT64_C(500000000)

atomic_bool app_stop_flag;
static int wake_fd = -1; /* an eventfd: a handler and a worker may both write to it */

bool app_written(void)
{
	bool good = app_output_end(stdout);

	return app_output_end(stderr) && good;
}

void app_wake(void)
{
	uint64_t one = 1;

	/* It fails only when the main thread has 2^64 - 2 reasons to wake already. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		return;
}

void app_stop(void)
{
	atomic_store_explicit(&app_stop_flag, true, memory_order_relaxed);
	app_output_hurry();
	app_wake();
}

/* timeout and a terminal that closes send their signal twice at once: only one that comes later means that it takes too
 * long. */
static void stop_by_signal(int number)
{
	static uint64_t first_ns[NSIG]; /* by signal */
	int saved = errno;

	first_ns[number] = first_ns[number] ? first_ns[number] : app_now_ns();
	if (app_now_ns() - first_ns[number] > TWICE_AT_ONCE_NS) {
		signal(number, SIG_DFL);
		raise(number);
	}
	app_stop();
	errno = saved;
}

void app_catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop_by_signal}, before;

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* nohup's wish is that the end of a terminal does not matter. */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* A reader who went away is a failed write, and the ports still want to be closed. */
	signal(SIGPIPE, SIG_IGN);
	app_output_unblock();
}

uint64_t app_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void app_sleep_until(struct app *app, uint64_t until_ns)
{
	struct pollfd fds[1 + APP_PORTS] = {{.fd = wake_fd, .events = POLLIN}};
	uint64_t now = app_now_ns(), drained;

	if (now >= until_ns || app_stopping())
		return;
	for (unsigned i = 0; i < app->port_count; i++) /* poll ignores negative descriptors: ports without interrupts */
		fds[1 + i] = (struct pollfd){.fd = nic_event_fd(app->ports[i].nic), .events = POLLIN};
	struct timespec timeout = {(time_t)((until_ns - now) / 1000000000u), (long)((until_ns - now) % 1000000000u)};
	if (ppoll(fds, 1 + app->port_count, &timeout, NULL) > 0 && (fds[0].revents & POLLIN))
		while (read(wake_fd, &drained, sizeof(drained)) > 0)
			;
}

double app_tsc_hz(void)
{
	static double hz;

	if (hz != 0)
		return hz;
	/* 20 ms against the clock: good to some millionths, unless the thread loses the CPU just between the two
	 * readings; the tightest of some pairs has not. */
	uint64_t ns[2] = {0}, tsc[2] = {0};
	for (unsigned end = 0; end < 2; end++) {
		uint64_t tightest = UINT64_MAX;
		for (unsigned i = 0; i < 16; i++) {
			uint64_t before = app_tsc(), at = app_now_ns(), after = app_tsc();
			if (after - before < tightest) {
				tightest = after - before;
				ns[end] = at;
				tsc[end] = before + tightest / 2;
			}
		}
		if (end == 0)
			nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	hz = (double)(tsc[1] - tsc[0]) * 1e9 / (double)(ns[1] - ns[0]);
	return hz;
}

/* ---- Threads ---- */

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
	app_worker_end(&app_workers[thread->index]);
	return NULL;
}

static bool start_thread(struct thread *thread, const struct app_options *o)
{
	const unsigned index = thread->index;
	pthread_attr_t attributes;
	sigset_t all, before;
	cpu_set_t cpu;

	pthread_attr_init(&attributes);
	if (index < o->cpu_count) {
		CPU_ZERO(&cpu);
		CPU_SET(o->cpus[index], &cpu);
		pthread_attr_setaffinity_np(&attributes, sizeof(cpu), &cpu);
	}
	/* Signals are the main thread's: it is the one that can be woken. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread->id, &attributes, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error == EINVAL && index < o->cpu_count)
		app_error("--cpu: this process may not run on CPU %u (`nproc` and `taskset -p $$` tell where it may)",
			o->cpus[index]);
	else if (error)
		app_error("no thread: %s", strerror(error));
	return error == 0;
}

bool app_run(struct app *app, const struct app_work *work)
{
	struct thread threads[APP_CPUS];
	unsigned started = 0;
	bool all = true;

	app_cpu_begin(app, work->threads);
	app->start_ns = app_now_ns();
	for (; all && started < work->threads; started += all) {
		threads[started] = (struct thread){.index = started, .work = work->work};
		all = start_thread(&threads[started], app->options);
	}
	bool good = all && app_supervise(app, work);
	if (work->stop)
		work->stop(good);
	else
		app_stop();
	while (started > 0)
		pthread_join(threads[--started].id, NULL);
	good = app_stop_ports(app) && good;
	app_cpu_end(work->threads);
	if (all)
		app_totals(app, work->more);
	return good && (work->may_leave_unsent || app_unsent(app) == 0);
}
