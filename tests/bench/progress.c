/* SPDX-License-Identifier: BSD-2-Clause
 * A line now and then. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define EVERY_S 5

double progress_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress(const char *format, ...)
{
	static double said;
	double now = progress_seconds();
	va_list arguments;

	if (said != 0 && now - said < EVERY_S)
		return;
	said = now;
	fputs("bench: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}
