/* SPDX-License-Identifier: BSD-2-Clause
 * Keeps the calling thread's last failure as a sentence, and why a device is lost. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __thread char sentence[512];

int pollux_fail(int error, const char *format, ...)
{
	/* Formatted beside it first: an argument may be the last sentence itself. */
	char next[sizeof(sentence)];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(next, sizeof(next), format, arguments) < 0)
		next[0] = '\0';
	va_end(arguments);
	memcpy(sentence, next, sizeof(sentence));
	return -error;
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
	return sentence;
}
