/* SPDX-License-Identifier: BSD-2-Clause
 * Sockets with busy polling: a receive call that finds nothing does not sleep, but calls the driver's NAPI poll
 * function itself. So it avoids, beside the system calls that batches save, the interrupt, the soft interrupt and the
 * wakeup, for a core that never rests. The socket buffers, the copies and the way through UDP, IP and the queueing
 * discipline remain.
 *
 * Settings, from socket(7) and the kernel's Documentation/networking/napi.rst:
 * - SO_BUSY_POLL: for how many microseconds a receive call polls before it sleeps. The kernel's
 *   Documentation/admin-guide/sysctl/net.rst recommends 50. In a guest with an emulated card a round trip takes about
 *   that long, and polling would end too early: the comparison has --microseconds 1000 there.
 * - SO_PREFER_BUSY_POLL: interrupts stay masked for as long as the program polls at least every gro_flush_timeout. It
 *   does nothing unless the interface's napi_defer_hard_irqs and gro_flush_timeout are set; the patch that brought it
 *   says 2 and 200000 (ns). In that guest the second is 2000000: longer than a call polls. It needs CAP_NET_ADMIN.
 * - SO_BUSY_POLL_BUDGET: up to how many packets one poll takes: 64, as an interrupt's poll would; else it is 8.
 * - recvmmsg with MSG_WAITFORONE: waits for one packet, then takes what else is there. No epoll stands between. */
#include "echo.h"
#include "echo_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** @return false: this user may not */
static bool set(int fd, int option, const char *name, int value)
{
	if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) == 0)
		return true;
	if (errno == ENOPROTOOPT || errno == EOPNOTSUPP)
		echo_skip("this kernel has no %s: it wants Linux 5.11 with CONFIG_NET_RX_BUSY_POLL", name);
	if (errno != EPERM)
		echo_fail("%s cannot be %d: %s", name, value, strerror(errno));
	return false;
}

int main(int argc, char **argv)
{
	const char *microseconds = "50";
	const struct echo_option options[] = {
		{.name = "--microseconds",
			.help = "N: how long a call polls before it sleeps (50)",
			.value = &microseconds},
		{0},
	};
	const struct echo_program program = {
		.name = "echo-busy-poll",
		.about = "Answers by recvmmsg, which polls the driver, and sendmmsg, up to 64 packets at a time.",
		.port = "INTERFACE",
		.most_ports = 1,
		.options = options,
	};
	static struct echo_batch batch;
	const char *ports[2];
	uint64_t received = 0, sent = 0;

	echo_begin(&program, argc, argv, ports);
	int polled_us = atoi(microseconds);
	if (polled_us < 1)
		echo_misused(&program, "no number of microseconds: ", microseconds);
	int fd = echo_socket(ports[0]);
	if (!set(fd, SO_BUSY_POLL, "SO_BUSY_POLL", polled_us))
		echo_skip("only root may busy poll longer than net.core.busy_read: sysctl net.core.busy_read=%d",
			polled_us);
	if (!set(fd, SO_PREFER_BUSY_POLL, "SO_PREFER_BUSY_POLL", 1) ||
		!set(fd, SO_BUSY_POLL_BUDGET, "SO_BUSY_POLL_BUDGET", (int)ECHO_BATCH))
		fprintf(stderr, "echo-busy-poll: only root may keep interrupts off: it polls between them\n");
	echo_batch_empty(&batch, ECHO_BATCH);
	echo_ready();
	while (!echo_stopped) {
		int count = recvmmsg(fd, batch.messages, ECHO_BATCH, MSG_WAITFORONE, NULL);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			echo_fail("receiving: %s", strerror(errno));
		received += (unsigned)count;
		sent += echo_batch_return(&batch, fd, (unsigned)count);
	}
	return echo_end("busy-poll", received, sent);
}
