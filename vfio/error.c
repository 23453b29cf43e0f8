/* SPDX-License-Identifier: BSD-2-Clause
 * Keeps the calling thread's last failure as a sentence. */
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

const char *pollux_error(void)
{
	return sentence;
}
