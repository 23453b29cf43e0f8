/* SPDX-License-Identifier: BSD-2-Clause
 * A qtest machine as a whole: finding a QEMU that has the cards, their wires, their links. */
#include "machine.h"

#include "../../vfio/error.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGES_BYTES 4096u

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int open_memory(struct qtest *qtest)
{
	qtest->memory = memfd_create("qtest-machine", MFD_CLOEXEC);
	if (qtest->memory < 0 || ftruncate(qtest->memory, (off_t)(LOW_BYTES + HIGH_BYTES)) < 0)
		return pollux_fail(errno, "no memory for a qtest machine: %s", strerror(errno));
	void *messages =
		mmap(NULL, MESSAGES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, qtest->memory, (off_t)MESSAGES_AT);
	if (messages == MAP_FAILED)
		return pollux_fail(errno, "no memory for a qtest machine: %s", strerror(errno));
	qtest->messages = messages;
	return 0;
}

static int start_any(struct qtest *qtest, const char *const *cards)
{
	const char *const programs[] = {getenv("POLLUX_QEMU"), "qemu-system-x86_64", "build/guest/qemu.sh"};
	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (!programs[i])
			continue;
		if (qtest_start(qtest, programs[i], cards) == 0)
			return 0;
		qtest_end(qtest);
	}
	return pollux_fail(
		ENOTSUP, "no QEMU with %s here: install qemu-system-x86, or name one in POLLUX_QEMU", cards[0]);
}

int qtest_open(struct qtest **out, const char *const *cards, unsigned count)
{
	*out = NULL;
	if (count == 0 || count > QTEST_CARDS)
		return pollux_fail(EINVAL, "a qtest machine has 1 to %u cards, not %u", QTEST_CARDS, count);
	struct qtest *qtest = calloc(1, sizeof(*qtest));
	if (!qtest)
		return pollux_fail(ENOMEM, "no memory for a qtest machine");
	qtest->control = qtest->monitor = qtest->memory = -1;
	for (unsigned i = 0; i < QTEST_CARDS; i++)
		qtest->wires[i] = -1;
	qtest->cards = count;
	int ret = open_memory(qtest);
	if (!ret)
		ret = start_any(qtest, cards);
	if (ret) {
		qtest_close(qtest);
		return ret;
	}
	*out = qtest;
	return 0;
}

void qtest_close(struct qtest *qtest)
{
	if (!qtest)
		return;
	qtest_end(qtest);
	if (qtest->messages)
		munmap((void *)(uintptr_t)qtest->messages, MESSAGES_BYTES);
	if (qtest->memory >= 0)
		close(qtest->memory);
	free(qtest);
}

void qtest_kill(struct qtest *qtest)
{
	qtest_end(qtest);
	qtest->dead = true;
	qtest_gone(qtest);
}

int qtest_set_link(struct qtest *qtest, unsigned card, bool up)
{
	char command[128];
	snprintf(command, sizeof(command),
		"{\"execute\": \"set_link\", \"arguments\": {\"name\": \"net%u\", \"up\": %s}}\n", card,
		up ? "true" : "false");
	return qtest_command(qtest, command);
}

int qtest_send(struct qtest *qtest, unsigned card, const void *frame, size_t bytes)
{
	if (send(qtest->wires[card], frame, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS)
		return pollux_fail(EAGAIN, "the wire is full: the card does not receive");
	return pollux_fail(errno, "nothing can be put on the wire: %s", strerror(errno));
}

size_t qtest_receive(struct qtest *qtest, unsigned card, void *frame, size_t room, unsigned limit_ms)
{
	struct pollfd ready = {.fd = qtest->wires[card], .events = POLLIN};
	if (poll(&ready, 1, (int)limit_ms) <= 0)
		return 0;
	ssize_t bytes = recv(qtest->wires[card], frame, room, MSG_DONTWAIT);
	return bytes > 0 ? (size_t)bytes : 0;
}

bool qtest_wait_fd(struct qtest *qtest, int fd, unsigned limit_ms)
{
	uint64_t end = now_ms() + limit_ms;
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		bool late = now_ms() >= end;
		qtest_listen(qtest);
		qtest_deliver(qtest);
		if (poll(&ready, 1, 1) > 0)
			return true;
		if (late)
			return false;
	}
}
