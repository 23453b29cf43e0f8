/* SPDX-License-Identifier: BSD-2-Clause
 * What every program stands on: its clocks, and how signals and its own threads ask it to stop. */
#include "app_base.h"

#include "app_output.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TWICE_AT_ONCE_NS UINT64_C(500000000)

atomic_bool app_stop_flag;
static int wake_fd = -1; /* an eventfd: signal handlers and worker threads may both write to it */

/* ---- Clocks ---- */

uint64_t app_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t app_now_ns(void)
{
	return app_clock_ns(CLOCK_MONOTONIC);
}

double app_tsc_hz(void)
{
	static double hz;

	if (hz != 0)
		return hz;
	/* 20 ms of the clock give the frequency to some millionths, unless the thread loses the CPU just between its
	 * two readings. Of some pairs of readings, the one closest together has not. */
	uint64_t ns[2] = {0}, tsc[2] = {0};
	for (unsigned end = 0; end < 2; end++) {
		uint64_t closest = UINT64_MAX;
		for (unsigned i = 0; i < 16; i++) {
			uint64_t before = app_tsc(), at = app_now_ns(), after = app_tsc();
			if (after - before < closest) {
				closest = after - before;
				ns[end] = at;
				tsc[end] = before + closest / 2;
			}
		}
		if (end == 0)
			nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	hz = (double)(tsc[1] - tsc[0]) * 1e9 / (double)(ns[1] - ns[0]);
	return hz;
}

/* ---- Being asked to stop ---- */

void app_wake(void)
{
	uint64_t one = 1;

	/* A failure does no harm: the main thread has 2^64 - 2 reasons to wake already. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		return;
}

void app_stop(void)
{
	atomic_store_explicit(&app_stop_flag, true, memory_order_relaxed);
	app_output_hurry();
	app_wake();
}

/* `timeout` and a terminal that closes send their signal twice at once. Only a signal that comes later means that the
 * stop takes too long. */
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
	/* nohup has SIGHUP ignored, so that the program outlives its terminal: that stays so. */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* When a reader goes away, the write fails; the program goes on, as its ports still want to be closed. */
	signal(SIGPIPE, SIG_IGN);
	app_output_unblock();
}

void app_sleep(struct pollfd *fds, unsigned count, uint64_t until_ns)
{
	uint64_t now = app_now_ns(), drained;

	if (now >= until_ns || app_stopping())
		return;
	fds[0] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
	struct timespec timeout = {(time_t)((until_ns - now) / 1000000000u), (long)((until_ns - now) % 1000000000u)};
	if (ppoll(fds, count, &timeout, NULL) > 0 && (fds[0].revents & POLLIN))
		while (read(wake_fd, &drained, sizeof(drained)) > 0)
			;
}
