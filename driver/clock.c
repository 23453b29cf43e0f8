/* SPDX-License-Identifier: BSD-2-Clause
 * Time as the control paths measure it. */
#include "clock.h"

#include <errno.h>
#include <time.h>

uint64_t clock_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_us(void)
{
	return clock_now_ns() / 1000;
}

void clock_sleep_us(uint32_t us)
{
	struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	while (us && nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}
