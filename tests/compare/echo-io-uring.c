/* SPDX-License-Identifier: BSD-2-Clause
 * io_uring: requests and their completions lie in rings that the kernel shares with the program. One request receives
 * for ever, each packet into the next buffer of a ring that the program keeps filled; and one system call per batch,
 * io_uring_enter, submits the answers to all packets that were there and waits for the next ones. So it has the fewest
 * system calls that sockets can have; the socket buffers, the copies and the way through UDP, IP and the queueing
 * discipline remain.
 *
 * Settings, from liburing's manual pages and its wiki's "io_uring and networking in 2023":
 * - IORING_SETUP_SINGLE_ISSUER and IORING_SETUP_DEFER_TASKRUN (Linux 6.1): the kernel does what is to be done for this
 *   ring inside io_uring_enter, all at once, and interrupts the program for none of it.
 * - a multishot receive (Linux 6.0) into a ring of provided buffers; it ends when that is empty, and is begun again.
 * - a registered socket and a registered ring: the kernel looks up neither descriptor per call.
 * - IOSQE_CQE_SKIP_SUCCESS: an answer that was sent posts no completion, which would end the wait for packets at once.
 *   With MSG_DONTWAIT an answer has been sent, or has failed, when the call that submitted it returns: its buffer is
 *   free.
 * - zero-copy sending (--zero-copy, Linux 6.0) posts two completions per answer, and the buffer is free with the
 *   second. It saves the copy, and pays for packets of some thousand bytes; not for those of 64, so it is off. */
#include "echo.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFERS      512u  /* a power of 2; as many answers can be on their way */
#define BUFFER_BYTES 2048u /* what the kernel says of a packet, its sender's address, and the packet */
#define COMPLETIONS  (4 * BUFFERS)
#define GROUP        0 /* the ring of buffers' number */
/* user_data of the receive request; an answer has its buffer's number, and is marked if it is sent without a copy */
#define RECEIVE   (uint64_t) BUFFERS
#define ZERO_COPY 0x10000u

struct echo {
	struct io_uring ring;
	struct io_uring_buf_ring *free; /* buffers that the kernel may receive into */
	unsigned freed;                 /* added to it, and not yet shown to the kernel */
	struct msghdr shape;            /* what is asked of a receive: the sender's address beside the packet */
	struct sockaddr_in peers[BUFFERS];
	bool zero_copy;
	uint64_t received, sent;
};

static _Alignas(4096) uint8_t buffers[BUFFERS][BUFFER_BYTES];
static _Alignas(4096) struct io_uring_buf buffer_ring[BUFFERS];

static void free_buffer(struct echo *echo, unsigned buffer)
{
	io_uring_buf_ring_add(echo->free, buffers[buffer], BUFFER_BYTES, (unsigned short)buffer,
		io_uring_buf_ring_mask(BUFFERS), (int)echo->freed++);
}

static void receive(struct echo *echo)
{
	struct io_uring_sqe *request = io_uring_get_sqe(&echo->ring);

	io_uring_prep_recvmsg_multishot(request, 0, &echo->shape, 0);
	request->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	request->buf_group = GROUP;
	io_uring_sqe_set_data64(request, RECEIVE);
}

/** Sends a received packet back. There is always a request free: as many as buffers, and all are submitted per turn. */
static void answer(struct echo *echo, unsigned buffer, int bytes)
{
	struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(buffers[buffer], bytes, &echo->shape);

	if (!out || out->flags & MSG_TRUNC || out->namelen != sizeof(struct sockaddr_in)) {
		free_buffer(echo, buffer);
		return;
	}
	struct io_uring_sqe *request = io_uring_get_sqe(&echo->ring);
	void *data = io_uring_recvmsg_payload(out, &echo->shape);
	size_t length = io_uring_recvmsg_payload_length(out, bytes, &echo->shape);
	memcpy(&echo->peers[buffer], io_uring_recvmsg_name(out), sizeof(struct sockaddr_in));
	if (echo->zero_copy)
		io_uring_prep_send_zc(request, 0, data, length, MSG_DONTWAIT, 0);
	else
		io_uring_prep_send(request, 0, data, length, MSG_DONTWAIT);
	io_uring_prep_send_set_addr(request, (struct sockaddr *)&echo->peers[buffer], sizeof(struct sockaddr_in));
	request->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data64(request, buffer | (echo->zero_copy ? ZERO_COPY : 0));
	echo->sent++;
	if (echo->zero_copy)
		return;
	request->flags |= IOSQE_CQE_SKIP_SUCCESS;
	free_buffer(echo, buffer);
}

static void complete(struct echo *echo, const struct io_uring_cqe *completion)
{
	if (completion->user_data != RECEIVE) { /* an answer's: not sent, or of zero-copy sending */
		echo->sent -= completion->res < 0;
		if (completion->res == -EOPNOTSUPP && echo->zero_copy) {
			fprintf(stderr, "echo-io-uring: UDP has no zero-copy sending here: it goes on with copies\n");
			echo->zero_copy = false;
		}
		if (completion->user_data & ZERO_COPY && !(completion->flags & IORING_CQE_F_MORE))
			free_buffer(echo, (unsigned)completion->user_data & ~ZERO_COPY);
		return;
	}
	if (completion->flags & IORING_CQE_F_BUFFER) {
		echo->received++;
		answer(echo, completion->flags >> IORING_CQE_BUFFER_SHIFT, completion->res);
	} else if (completion->res == -EINVAL) {
		echo_skip("this kernel's io_uring has no multishot receive: it wants Linux 6.0");
	} else if (completion->res < 0 && completion->res != -ENOBUFS) {
		echo_fail("receiving: %s", strerror(-completion->res));
	}
	if (!(completion->flags & IORING_CQE_F_MORE))
		receive(echo);
}

static void open_ring(struct echo *echo, int fd)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
		.cq_entries = COMPLETIONS,
	};
	struct io_uring_buf_reg registered = {
		.ring_addr = (uintptr_t)buffer_ring, .ring_entries = BUFFERS, .bgid = GROUP};
	int error = io_uring_queue_init_params(2 * BUFFERS, &echo->ring, &params);

	if (error == -EPERM)
		echo_skip("io_uring is forbidden here: sysctl kernel.io_uring_disabled=0, as root, allows it");
	if (error == -ENOSYS || error == -EINVAL)
		echo_skip("this kernel's io_uring has no IORING_SETUP_DEFER_TASKRUN: it wants Linux 6.1");
	if (error)
		echo_fail("io_uring cannot be set up: %s", strerror(-error));
	error = io_uring_register_buf_ring(&echo->ring, &registered, 0);
	if (!error)
		error = io_uring_register_files(&echo->ring, &fd, 1);
	if (!error) {
		int registered_rings = io_uring_register_ring_fd(&echo->ring);
		error = registered_rings < 0 ? registered_rings : registered_rings == 1 ? 0 : -EINVAL;
	}
	if (error)
		echo_fail("buffers, socket and ring cannot be registered: %s", strerror(-error));
	echo->free = (struct io_uring_buf_ring *)(void *)buffer_ring;
	io_uring_buf_ring_init(echo->free);
	for (unsigned i = 0; i < BUFFERS; i++)
		free_buffer(echo, i);
	io_uring_buf_ring_advance(echo->free, (int)echo->freed);
	echo->freed = 0;
}

int main(int argc, char **argv)
{
	static struct echo echo = {.shape = {.msg_namelen = sizeof(struct sockaddr_in)}};
	static const struct echo_option options[] = {
		{.name = "--zero-copy", .help = "sends without a copy: for large packets", .flag = &echo.zero_copy},
		{0},
	};
	static const struct echo_program program = {
		.name = "echo-io-uring",
		.about = "Answers by io_uring: a multishot receive, and one system call per batch.",
		.port = "INTERFACE",
		.most_ports = 1,
		.options = options,
	};
	const char *ports[2];

	echo_begin(&program, argc, argv, ports);
	const char *technique = echo.zero_copy ? "io_uring-zc" : "io_uring";
	open_ring(&echo, echo_socket(ports[0]));
	receive(&echo);
	echo_ready();
	while (!echo_stopped) {
		struct io_uring_cqe *completion;
		unsigned head, count = 0;

		int error = io_uring_submit_and_wait(&echo.ring, 1);
		if (error == -EINTR)
			continue;
		if (error < 0)
			echo_fail("waiting: %s", strerror(-error));
		/* the answers have been sent: what they were sent from is free */
		io_uring_buf_ring_advance(echo.free, (int)echo.freed);
		echo.freed = 0;
		io_uring_for_each_cqe(&echo.ring, head, completion)
		{
			complete(&echo, completion);
			count++;
		}
		io_uring_cq_advance(&echo.ring, count);
	}
	return echo_end(technique, echo.received, echo.sent);
}
