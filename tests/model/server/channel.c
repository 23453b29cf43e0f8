/* SPDX-License-Identifier: BSD-2-Clause
 * vfio-user messages over a non-blocking stream socket. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void channel_open(struct channel *channel, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	channel->fd = fd;
	channel->have = 0;
	channel->fd_count = 0;
	channel->fds_lost = false;
	channel->out_bytes = 0;
	channel->out_sent = 0;
	channel->out_fd = -1;
}

void channel_close(struct channel *channel)
{
	if (channel->fd < 0)
		return;
	channel_next(channel);
	close(channel->fd);
	channel->fd = -1;
}

static void keep_fds(struct channel *channel, struct msghdr *message)
{
	if (message->msg_flags & MSG_CTRUNC)
		channel->fds_lost = true; /* the kernel has closed the rest */
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (channel->fd_count < VFIO_USER_FDS_MAX) {
				channel->fds[channel->fd_count++] = fd;
			} else {
				close(fd);
				channel->fds_lost = true;
			}
		}
	}
}

/** Reads up to `want` bytes of the message in all. Never more: descriptors come with the first byte of theirs. */
static int read_up_to(struct channel *channel, size_t want)
{
	while (channel->have < want) {
		union {
			struct cmsghdr header;
			uint8_t room[CMSG_SPACE(VFIO_USER_FDS_MAX * sizeof(int))];
		} control;
		struct iovec part = {.iov_base = channel->in + channel->have, .iov_len = want - channel->have};
		struct msghdr message = {
			.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		keep_fds(channel, &message);
		if (got == 0)
			return -ECONNRESET;
		channel->have += (size_t)got;
	}
	return 1;
}

int channel_receive(struct channel *channel)
{
	int state = channel_flush(channel);
	if (state)
		return state == -EAGAIN ? 0 : state;

	struct vfio_user_header header;
	state = read_up_to(channel, sizeof(header));
	if (state <= 0)
		return state;
	memcpy(&header, channel->in, sizeof(header));
	if (header.bytes < sizeof(header) || header.bytes > CHANNEL_MESSAGE_MAX)
		return -EMSGSIZE;
	return read_up_to(channel, header.bytes);
}

void channel_next(struct channel *channel)
{
	for (unsigned i = 0; i < channel->fd_count; i++)
		if (channel->fds[i] >= 0)
			close(channel->fds[i]);
	channel->fd_count = 0;
	channel->fds_lost = false;
	channel->have = 0;
}

int channel_take_fd(struct channel *channel, unsigned index)
{
	int fd = channel->fds[index];
	channel->fds[index] = -1;
	return fd;
}

int channel_reply(struct channel *channel, int error, size_t payload_bytes, int fd)
{
	struct vfio_user_header header;
	memcpy(&header, channel->in, sizeof(header));
	if (header.flags & VFIO_USER_NO_REPLY)
		return 0;
	header.flags = VFIO_USER_TYPE_REPLY | (error ? (uint32_t)VFIO_USER_ERROR : 0);
	header.error = (uint32_t)error;
	header.bytes = (uint32_t)(sizeof(header) + (error ? 0 : payload_bytes));
	memcpy(channel->out, &header, sizeof(header));
	channel->out_bytes = header.bytes;
	channel->out_sent = 0;
	channel->out_fd = error ? -1 : fd;
	int state = channel_flush(channel);
	return state == -EAGAIN ? 0 : state;
}

int channel_flush(struct channel *channel)
{
	while (channel->out_sent < channel->out_bytes) {
		union {
			struct cmsghdr header;
			uint8_t room[CMSG_SPACE(sizeof(int))];
		} control = {0};
		struct iovec part = {.iov_base = channel->out + channel->out_sent,
			.iov_len = channel->out_bytes - channel->out_sent};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
		if (channel->out_fd >= 0) {
			message.msg_control = &control;
			message.msg_controllen = sizeof(control);
			struct cmsghdr *c = CMSG_FIRSTHDR(&message);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(c), &channel->out_fd, sizeof(int));
		}
		ssize_t sent = sendmsg(channel->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		channel->out_fd = -1;
		channel->out_sent += (size_t)sent;
	}
	return 0;
}
