/* SPDX-License-Identifier: BSD-2-Clause
 * What is said to a QEMU: the qtest protocol, a line and its answer, with interrupt lines' changes in between; and QMP.
 */
#include "machine.h"

#include "../../vfio/error.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS 60000 /* generous: a slower machine could not run the tests at all */

static int lost(struct qtest *qtest)
{
	qtest->dead = true;
	qtest_gone(qtest);
	return pollux_fail(ENODEV, "QEMU is gone, or does not answer");
}

/* Waits for more from the channel and appends it. 0, or -errno; -EAGAIN: nothing came within the limit. */
static int more(struct qtest *qtest, int limit_ms)
{
	struct pollfd ready = {.fd = qtest->control, .events = POLLIN};
	if (poll(&ready, 1, limit_ms) == 0)
		return -EAGAIN;
	ssize_t got =
		read(qtest->control, qtest->answer + qtest->answered, sizeof(qtest->answer) - 1 - qtest->answered);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got <= 0)
		return lost(qtest);
	qtest->answered += (size_t)got;
	return 0;
}

/* Takes the first whole line, if there is one. */
static bool take_line(struct qtest *qtest, char *line, size_t room)
{
	char *end = memchr(qtest->answer, '\n', qtest->answered);
	if (!end)
		return false;
	size_t bytes = (size_t)(end - qtest->answer);
	snprintf(line, room, "%.*s", (int)bytes, qtest->answer);
	qtest->answered -= bytes + 1;
	memmove(qtest->answer, end + 1, qtest->answered);
	return true;
}

/* "IRQ raise 20", "IRQ lower 20". False: this is another line. */
static bool note_irq(struct qtest *qtest, const char *line)
{
	char change[8];
	unsigned number;
	if (sscanf(line, "IRQ %7s %u", change, &number) != 2)
		return false;
	if (number < IRQ_LINES)
		qtest->lines[number] = strcmp(change, "raise") == 0;
	return true;
}

int qtest_say(struct qtest *qtest, uint64_t *value, const char *format, ...)
{
	char line[256];
	va_list arguments;
	if (value)
		*value = 0;
	if (qtest->dead)
		return lost(qtest);
	va_start(arguments, format);
	int bytes = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	line[bytes] = '\n';
	if (send(qtest->control, line, (size_t)bytes + 1, MSG_NOSIGNAL) != bytes + 1)
		return lost(qtest);
	for (;;) {
		char answer[256];
		if (!take_line(qtest, answer, sizeof(answer))) {
			int ret = more(qtest, LIMIT_MS);
			if (ret)
				return lost(qtest);
			continue;
		}
		if (note_irq(qtest, answer))
			continue;
		if (strncmp(answer, "OK", 2) != 0)
			return pollux_fail(EPROTO, "QEMU answers '%s' to '%.*s'", answer, bytes, line);
		if (value && answer[2] == ' ')
			*value = strtoull(answer + 3, NULL, 0);
		return 0;
	}
}

void qtest_listen(struct qtest *qtest)
{
	char line[256];
	while (!qtest->dead && more(qtest, 0) == 0)
		;
	while (take_line(qtest, line, sizeof(line)))
		note_irq(qtest, line);
}

/* Reads QMP's lines up to the one that answers a command, past the greeting and events. */
static int command_answer(struct qtest *qtest)
{
	char text[8192];
	size_t have = 0;
	for (;;) {
		struct pollfd ready = {.fd = qtest->monitor, .events = POLLIN};
		if (poll(&ready, 1, LIMIT_MS) == 0 || have == sizeof(text) - 1)
			return lost(qtest);
		ssize_t got = read(qtest->monitor, text + have, sizeof(text) - 1 - have);
		if (got <= 0)
			return lost(qtest);
		have += (size_t)got;
		text[have] = 0;
		for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
			*end = 0;
			if (strncmp(line, "{\"return\"", 9) == 0)
				return 0;
			if (strncmp(line, "{\"error\"", 8) == 0)
				return pollux_fail(EIO, "QEMU's monitor says %.300s", line);
			*end = '\n';
		}
	}
}

int qtest_command(struct qtest *qtest, const char *command)
{
	if (qtest->dead || send(qtest->monitor, command, strlen(command), MSG_NOSIGNAL) != (ssize_t)strlen(command))
		return lost(qtest);
	return command_answer(qtest);
}
