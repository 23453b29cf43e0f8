/* SPDX-License-Identifier: BSD-2-Clause
 * AF_XDP (kernel document networking/af_xdp.rst): an XDP program in the driver sends each request to a socket whose
 * frames lie in this process's own memory, the UMEM. Kernel and process hand each other addresses in it by four rings:
 * fill (free frames, to the kernel), receive, transmit, completion (sent frames, from the kernel). Here a frame goes
 * round: it is received, answered in place, transmitted from where it is, completed, and filled again. There is no skb
 * on the way in, no socket layer and no protocol; a system call serves a batch, if it is needed at all.
 *
 * Copy mode copies each frame into the UMEM, and out of it into an skb; any driver can. With --zero-copy the card
 * itself reads and writes the UMEM, which takes a driver made for it (ixgbe is). With --busy-poll this process runs the
 * driver's NAPI inside its own system calls, and the card's interrupts stay off.
 *
 * Settings, from the kernel's Documentation/networking/af_xdp.rst and napi.rst:
 * - XDP_USE_NEED_WAKEUP: the driver runs when a system call asks for it, and not all the time, so that one core serves
 *   both sides. The transmit ring's flag says whether a call is needed (ixgbe and copy mode always want it). poll(2)
 *   waits, and transmits too; but in copy mode no more than 32 frames before it waits, so that sendto(2) goes before.
 * - for busy polling SO_PREFER_BUSY_POLL, SO_BUSY_POLL and SO_BUSY_POLL_BUDGET. Whoever starts this program sets the
 *   interface's napi_defer_hard_irqs to 2 and gro_flush_timeout to 200000 ns, as DPDK's guide of its AF_XDP driver
 *   recommends. Without these no answer came for up to a second on an 82599, so that this is refused.
 * - frames of 4096 bytes: an 82599 has buffers in steps of 1 KiB, and ixgbe rounds what is left of 2048 bytes down, so
 *   that frames of full size would be lost.
 * The socket is that of queue 0: of a card with more, "ethtool -L INTERFACE combined 1" makes one. */
#include "echo.h"
#include "echo_bpf.h"
#include "echo_frame.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#define FRAME_BYTES 4096u
#define FRAMES      2048u
#define RING        (2 * FRAMES) /* the kernel tells late what it has taken from a ring: no ring is ever full */
#define BATCH       64u
#define COPY_BATCH  32u /* so many frames a sendto transmits in copy mode */

struct echo_socket {
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completion, rx;
	uint8_t *frames;
	int fd;
};

static bool zero_copy, busy_poll;

static void give_frame(struct echo_socket *xsk, uint64_t address)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&xsk->fill, 1, &at) == 1)
		*xsk_ring_prod__fill_addr(&xsk->fill, at) = address;
}

static void open_socket(struct echo_socket *xsk, const char *interface)
{
	const struct xsk_umem_config umem = {.fill_size = RING, .comp_size = RING, .frame_size = FRAME_BYTES};
	const struct xsk_socket_config config = {
		.rx_size = RING,
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD, /* the program is ours */
		.bind_flags = (uint16_t)((zero_copy ? XDP_ZEROCOPY : XDP_COPY) | XDP_USE_NEED_WAKEUP),
	};
	size_t bytes = (size_t)FRAMES * FRAME_BYTES;

	xsk->frames = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xsk->frames == MAP_FAILED)
		echo_fail("%zu MiB of memory cannot be had: %s", bytes >> 20, strerror(errno));
	int error = xsk_umem__create(&xsk->umem, xsk->frames, bytes, &xsk->fill, &xsk->completion, &umem);
	if (error == -EAFNOSUPPORT)
		echo_skip("this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
	if (error)
		echo_fail("the UMEM cannot be registered: %s; it needs root or CAP_NET_RAW", strerror(-error));
	for (uint32_t i = 0; i < FRAMES; i++)
		give_frame(xsk, (uint64_t)i * FRAME_BYTES);
	xsk_ring_prod__submit(&xsk->fill, FRAMES);
	error = xsk_socket__create(&xsk->socket, interface, 0, xsk->umem, &xsk->rx, &xsk->tx, &config);
	if (error == -EOPNOTSUPP && zero_copy)
		echo_skip("the driver of %s has no zero-copy mode for AF_XDP", interface);
	if (error)
		echo_fail("no AF_XDP socket on queue 0 of %s: %s%s", interface, strerror(-error),
			error == -EBUSY ? "; another one has that queue" : "");
	xsk->fd = xsk_socket__fd(xsk->socket);
}

static void prefer_busy_poll(int fd, const char *interface)
{
	const int on = 1, microseconds = 20, budget = BATCH;
	int napi = 0;
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/napi_defer_hard_irqs", interface);
	FILE *deferred = fopen(path, "r");
	if (deferred && fgetc(deferred) == '0')
		echo_fail("interrupts would stall busy polling: echo 2 >%s, and 200000 to gro_flush_timeout", path);
	if (deferred)
		fclose(deferred);
	if (setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on)) ||
		setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &microseconds, sizeof(microseconds)) ||
		setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget)))
		echo_skip("this kernel has no preferred busy polling (Linux 5.11): %s", strerror(errno));
	/* A socket without a NAPI, which the first call finds, polls nothing, and its caller only spins. */
	sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	if (zero_copy && getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &napi, &(socklen_t){sizeof(napi)}) == 0 &&
		napi == 0)
		echo_skip("the kernel knows no NAPI of queue 0 of %s, so that it cannot be busy polled", interface);
}

/** Answers a batch of what has come. @return how many there were */
static uint32_t answer(struct echo_socket *xsk, uint64_t *sent)
{
	uint32_t from, to, answers = 0, count = xsk_ring_cons__peek(&xsk->rx, BATCH, &from);

	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc frame = *xsk_ring_cons__rx_desc(&xsk->rx, from + i);
		uint8_t *bytes = xsk_umem__get_data(xsk->frames, frame.addr);
		if (echo_answer(bytes, bytes + frame.len) && xsk_ring_prod__reserve(&xsk->tx, 1, &to) == 1) {
			*xsk_ring_prod__tx_desc(&xsk->tx, to) = (struct xdp_desc){frame.addr, frame.len, 0};
			answers++;
		} else {
			give_frame(xsk, frame.addr);
		}
	}
	xsk_ring_cons__release(&xsk->rx, count);
	xsk_ring_prod__submit(&xsk->tx, answers);
	xsk_ring_prod__submit(&xsk->fill, count - answers);
	*sent += answers;
	return count;
}

/** Frames that have been sent can receive again. */
static void refill(struct echo_socket *xsk)
{
	uint32_t from, count = xsk_ring_cons__peek(&xsk->completion, 2 * BATCH, &from);

	for (uint32_t i = 0; i < count; i++)
		give_frame(xsk, *xsk_ring_cons__comp_addr(&xsk->completion, from + i));
	xsk_ring_cons__release(&xsk->completion, count);
	xsk_ring_prod__submit(&xsk->fill, count);
}

/** Has the kernel transmit what was answered, and waits if nothing had come. While busy polling one call runs the
 * driver, both ways; in zero-copy mode poll has the card transmit too, and returns at once if something came meanwhile.
 */
static void serve(struct echo_socket *xsk, uint32_t count)
{
	struct pollfd readable = {.fd = xsk->fd, .events = POLLIN};

	if (busy_poll || (!zero_copy && count && xsk_ring_prod__needs_wakeup(&xsk->tx))) {
		for (unsigned sent = 0; sent < BATCH; sent += COPY_BATCH)
			if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 || errno != EAGAIN)
				return;
	} else {
		poll(&readable, 1, -1);
	}
}

int main(int argc, char **argv)
{
	static const struct echo_option options[] = {
		{"--zero-copy", "the card reads and writes this program's memory", &zero_copy, NULL},
		{"--busy-poll", "this program runs the driver, instead of interrupts", &busy_poll, NULL},
		{0},
	};
	static const struct echo_program program = {
		.name = "echo-xsk",
		.about = "Answers by an AF_XDP socket on queue 0 of an interface.",
		.port = "INTERFACE",
		.most_ports = 1,
		.options = options,
	};
	const char *ports[2];
	struct echo_socket xsk = {0};
	uint64_t received = 0, sent = 0;

	echo_begin(&program, argc, argv, ports);
	struct echo_bpf bpf = echo_bpf_attach(ports[0], "to_socket");
	open_socket(&xsk, ports[0]);
	if (xsk_socket__update_xskmap(xsk.socket, echo_bpf_map(&bpf, "sockets")))
		echo_fail("the socket cannot be put into the XDP program's map");
	if (busy_poll)
		prefer_busy_poll(xsk.fd, ports[0]);
	echo_ready();
	while (!echo_stopped) {
		uint32_t count = answer(&xsk, &sent);
		received += count;
		refill(&xsk);
		serve(&xsk, count);
	}
	echo_bpf_detach(&bpf);
	xsk_socket__delete(xsk.socket);
	xsk_umem__delete(xsk.umem);
	return echo_end(!zero_copy ? "af_xdp-copy" : busy_poll ? "af_xdp-zc-busy" : "af_xdp-zc", received, sent);
}
