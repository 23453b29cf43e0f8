/* SPDX-License-Identifier: BSD-2-Clause
 * Keeps the calling thread's last failure as a sentence, and why a device is lost. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __thread struct pollux_failure last;

int pollux_fail(int error, const char *format, ...)
{
	/* Formatted into a buffer of its own, because an argument may be the last sentence itself. */
	char next[sizeof(last.sentence)];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(next, sizeof(next), format, arguments) < 0)
		next[0] = '\0';
	va_end(arguments);
	memcpy(last.sentence, next, sizeof(next));
	last.error = -error;
	return -error;
}

struct pollux_failure pollux_failure_last(void)
{
	return last;
}

void pollux_failure_keep(struct pollux_failure *failure, int ret)
{
	if (!ret || failure->error)
		return;
	*failure = last;
	failure->error = ret; /* a step may return another error than the one its sentence was recorded with */
}

int pollux_failure_restore(const struct pollux_failure *failure)
{
	if (failure->error)
		last = *failure;
	return failure->error;
}

void pollux_lose(struct pollux_loss *loss, const char *format, ...)
{
	va_list arguments;

	if (__atomic_exchange_n(&loss->claimed, true, __ATOMIC_RELAXED))
		return;
	va_start(arguments, format);
	if (vsnprintf(loss->why, sizeof(loss->why), format, arguments) < 0)
		loss->why[0] = '\0';
	va_end(arguments);
	__atomic_store_n(&loss->lost, true, __ATOMIC_RELEASE);
}

const char *pollux_error(void)
{
	return last.sentence;
}
