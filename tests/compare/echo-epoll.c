/* SPDX-License-Identifier: BSD-2-Clause
 * epoll with recvmmsg and sendmmsg: the way of event-driven servers. One call waits, one takes all packets that are
 * there, one sends all answers: at a window of 64 the three are shared by up to 64 packets. So it avoids most of the
 * system calls and, under load, the sleeps and wakeups. The socket buffers, the copies and the way through UDP, IP and
 * the queueing discipline remain, for each packet.
 *
 * Settings: the descriptor is watched edge-triggered, as epoll(7) advises for those that read until nothing is left:
 * then epoll_wait need not look at the socket again. A recvmmsg(2) that returns fewer packets than it could has found
 * nothing left, so no call is spent on finding that out. */
#include "echo.h"
#include "echo_batch.h"

#include <string.h>
#include <sys/epoll.h>

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-epoll",
		.about = "Answers by epoll_wait, recvmmsg and sendmmsg, up to 64 packets at a time.",
		.port = "INTERFACE",
		.most_ports = 1,
	};
	static struct echo_batch batch;
	const char *ports[2];
	uint64_t received = 0, sent = 0;

	echo_begin(&program, argc, argv, ports);
	int fd = echo_socket(ports[0]);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		echo_fail("the socket cannot be watched: %s", strerror(errno));
	echo_batch_empty(&batch, ECHO_BATCH);
	echo_ready();
	while (!echo_stopped) {
		int count;

		if (epoll_wait(epoll, &event, 1, -1) < 0 && errno != EINTR)
			echo_fail("waiting: %s", strerror(errno));
		do {
			count = recvmmsg(fd, batch.messages, ECHO_BATCH, MSG_DONTWAIT, NULL);
			if (count < 0)
				break;
			received += (unsigned)count;
			sent += echo_batch_return(&batch, fd, (unsigned)count);
		} while (count == ECHO_BATCH && !echo_stopped);
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			echo_fail("receiving: %s", strerror(errno));
	}
	return echo_end("epoll", received, sent);
}
