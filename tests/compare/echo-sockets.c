/* SPDX-License-Identifier: BSD-2-Clause
 * Blocking sockets: a system call takes each packet, another one sends it back. This is how network programs are
 * written first, and it avoids none of the kernel's costs. Per packet: two system calls; two socket buffers (struct
 * sk_buff), one for each way; two copies of the payload, from and to user space; the whole way through the UDP and IP
 * layers, netfilter and the queueing discipline, twice; and, when the packet finds the program asleep, a wakeup, which
 * is a context switch.
 *
 * Settings: udp(7) and socket(7) know none that make this faster, but busy polling, which is echo-busy-poll. The
 * receive buffer is as the system has it (net.core.rmem_default): at a window of 64 nothing is dropped for it. The
 * socket is not connected, as a server's that answers whoever asks; the kernel looks up the route of each answer. */
#include "echo.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	static const struct echo_program program = {
		.name = "echo-sockets",
		.about = "Answers by blocking recvfrom and sendto, a system call for each packet and way.",
		.port = "INTERFACE",
		.most_ports = 1,
	};
	static char packet[65536];
	const char *ports[2];
	uint64_t received = 0, sent = 0;

	echo_begin(&program, argc, argv, ports);
	int fd = echo_socket(ports[0]);
	echo_ready();
	while (!echo_stopped) {
		struct sockaddr_in peer;
		socklen_t peer_bytes = sizeof(peer);
		ssize_t bytes = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&peer, &peer_bytes);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			echo_fail("receiving: %s", strerror(errno));
		received++;
		/* an answer that the kernel does not take is lost: the peer counts it */
		sent += sendto(fd, packet, (size_t)bytes, 0, (struct sockaddr *)&peer, peer_bytes) == bytes;
	}
	return echo_end("sockets", received, sent);
}
