/* SPDX-License-Identifier: BSD-2-Clause
 * The driver's clock, for fuzzers that step it with the software 82599 in one process: clocks and sleeps of the control
 * path cost no time, so that starting costs none either, and every run is the same. Included once. */
#ifndef POLLUX_TESTS_FUZZ_CLOCK_H
#define POLLUX_TESTS_FUZZ_CLOCK_H

#include "../model/local.h"

#include <time.h>

static struct vfio_device *fuzzed; /* the model whose time passes; or NULL */
static uint64_t time_ns;

static int fuzz_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	time_ns += 1000;
	*now = (struct timespec){.tv_sec = (time_t)(time_ns / 1000000000), .tv_nsec = (long)(time_ns % 1000000000)};
	return 0;
}

static int fuzz_sleep(const struct timespec *wanted, struct timespec *left)
{
	uint64_t ns = (uint64_t)wanted->tv_sec * 1000000000 + (uint64_t)wanted->tv_nsec;

	(void)left;
	time_ns += ns;
	if (fuzzed)
		model_local_advance(fuzzed, ns);
	return 0;
}

#define clock_gettime fuzz_clock
#define nanosleep     fuzz_sleep
#include "../../driver/clock.c"
#undef clock_gettime
#undef nanosleep

#endif
