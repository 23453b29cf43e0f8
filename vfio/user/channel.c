/* SPDX-License-Identifier: BSD-2-Clause
 * Messages of one vfio-user connection. Of each reply, size, id, type, error and descriptors are checked, and each wait
 * for it has a limit. */
#include "channel.h"

#include "../error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The longest wait for the peer to take a command, and then to answer it. A variable, because tests set a shorter one.
 */
static unsigned answer_limit_ms = 5000;

#define ERRNO_MAX 4095 /* what Linux can return as an error */

static const char *const command_names[] = {
	[VFIO_USER_VERSION] = "VERSION",
	[VFIO_USER_DMA_MAP] = "DMA_MAP",
	[VFIO_USER_DMA_UNMAP] = "DMA_UNMAP",
	[VFIO_USER_DEVICE_GET_INFO] = "DEVICE_GET_INFO",
	[VFIO_USER_DEVICE_GET_REGION_INFO] = "DEVICE_GET_REGION_INFO",
	[VFIO_USER_DEVICE_GET_IRQ_INFO] = "DEVICE_GET_IRQ_INFO",
	[VFIO_USER_DEVICE_SET_IRQS] = "DEVICE_SET_IRQS",
	[VFIO_USER_REGION_READ] = "REGION_READ",
	[VFIO_USER_REGION_WRITE] = "REGION_WRITE",
	[VFIO_USER_DEVICE_RESET] = "DEVICE_RESET",
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Connecting ---- */

static int connect_failed(const char *address, int error)
{
	static const struct {
		int from, to;
		const char *why;
	} known[] = {
		{ENOENT, ENOENT, "there is no such socket; start the device process, or correct the path"},
		{ECONNREFUSED, ECONNREFUSED, "nobody listens on this socket; start the device process"},
		{EACCES, EACCES, "no permission for this socket; run as its owner, or change its mode"},
		/* the peer's queue of connections was full during all of the wait */
		{EAGAIN, ETIMEDOUT,
			"the device process does not accept the connection; it may be busy with another client"},
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (error == known[i].from)
			return pollux_fail(known[i].to, "%s: %s", address, known[i].why);
	return pollux_fail(error, "%s: cannot connect: %s", address, strerror(error));
}

int user_channel_open(struct user_channel *channel, const char *path, const char *address, struct pollux_loss *loss)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const struct timeval limit = {
		.tv_sec = answer_limit_ms / 1000,
		.tv_usec = (answer_limit_ms % 1000) * 1000,
	};
	const uint64_t deadline_ms = now_ms() + answer_limit_ms;
	struct stat file;

	*channel = (struct user_channel){
		.socket = -1,
		.loss = loss,
		.address = address,
		.max_access = USER_ACCESS_MAX,
	};
	pthread_mutex_init(&channel->lock, NULL);
	if (!*path)
		return pollux_fail(
			EINVAL, "%s: the path of the socket is missing; give vfio-user:/path/to/socket", address);
	if (stat(path, &file) == 0 && !S_ISSOCK(file.st_mode))
		return pollux_fail(ENOTSOCK,
			"%s: this is %s and no socket; give the path that the device process was given", address,
			S_ISDIR(file.st_mode)    ? "a directory"
			: S_ISFIFO(file.st_mode) ? "a FIFO"
			: S_ISREG(file.st_mode)  ? "a file"
						 : "a device node");
	if (strlen(path) >= sizeof(name.sun_path))
		return pollux_fail(EINVAL, "%s: the path of a socket has at most %zu characters; use a shorter one",
			address, sizeof(name.sun_path) - 1);
	memcpy(name.sun_path, path, strlen(path));

	channel->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (channel->socket < 0)
		return pollux_fail(errno, "%s: cannot make a socket: %s", address, strerror(errno));
	if (setsockopt(channel->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
		setsockopt(channel->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
		return pollux_fail(errno, "%s: cannot limit the wait for answers: %s", address, strerror(errno));
	while (connect(channel->socket, (const struct sockaddr *)&name, sizeof(name)) != 0)
		if (errno != EINTR || now_ms() >= deadline_ms)
			return connect_failed(address, errno == EINTR ? EAGAIN : errno);
	return 0;
}

void user_channel_close(struct user_channel *channel)
{
	if (channel->socket >= 0)
		close(channel->socket);
	channel->socket = -1;
	pthread_mutex_destroy(&channel->lock);
}

/* ---- Losing the connection ---- */

/* Gives the connection up, for a reason that completes "the device process ...". It is shut down at once, so that the
 * peer lets go of our memory. The descriptor stays open until close, because another thread may be about to use it. */
__attribute__((format(printf, 3, 4))) static int lose(struct user_channel *channel, int error, const char *format, ...)
{
	char why[sizeof(channel->loss->why) - 20];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(why, sizeof(why), format, arguments) < 0)
		why[0] = '\0';
	va_end(arguments);
	pollux_lose(channel->loss, "the device process %s", why);
	shutdown(channel->socket, SHUT_RDWR);
	return pollux_fail(error, "%s: the device process %s", channel->address, why);
}

#define SEE_ITS_VERSION "; restart it, and see that it speaks vfio-user 0.1"

int user_channel_broken(struct user_channel *channel, const char *what)
{
	return lose(channel, EPROTO, "%s" SEE_ITS_VERSION, what);
}

static int broken_reply(struct user_channel *channel, const struct user_call *call, const char *what)
{
	return lose(channel, EPROTO, "answers %s with %s" SEE_ITS_VERSION, command_names[call->command], what);
}

static int transfer_failed(struct user_channel *channel, const struct user_call *call, int error)
{
	const char *name = command_names[call->command];

	if (error == EAGAIN || error == EINTR) /* interrupted for longer than the limit */
		return lose(channel, ETIMEDOUT, "did not answer %s within %u ms; it hangs or is stopped: restart it",
			name, answer_limit_ms);
	if (error == 0 || error == EPIPE || error == ECONNRESET)
		return lose(channel, ENODEV, "closed the connection at %s; restart it and open the device again", name);
	if (error == ETOOMANYREFS)
		return lose(
			channel, EPROTO, "does not read the file descriptors that are on their way to it; restart it");
	return lose(channel, ENODEV, "cannot be reached any more: %s failed: %s", name, strerror(error));
}

/* ---- Sending ---- */

struct message {
	struct vfio_user_header header;
	uint8_t payload[USER_PAYLOAD_MAX + 1];
};

/* Where the descriptors of a message are. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(VFIO_USER_FDS_MAX * sizeof(int))];
};

static int send_command(struct user_channel *channel, const struct user_call *call)
{
	const size_t bytes = sizeof(struct vfio_user_header) + call->head_bytes + call->data_bytes;
	const uint64_t deadline_ms = now_ms() + answer_limit_ms;
	struct message command;
	struct iovec part;
	union control control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	command.header = (struct vfio_user_header){
		.id = ++channel->id,
		.command = (uint16_t)call->command,
		.bytes = (uint32_t)bytes,
		.flags = VFIO_USER_TYPE_COMMAND,
	};
	if (call->head_bytes)
		memcpy(command.payload, call->head, call->head_bytes);
	if (call->data_bytes)
		memcpy(command.payload + call->head_bytes, call->data, call->data_bytes);
	if (call->fd_count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(call->fd_count * sizeof(int));
		struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(call->fd_count * sizeof(int));
		memcpy(CMSG_DATA(rights), call->fds, call->fd_count * sizeof(int));
	}
	for (size_t done = 0; done < bytes;) {
		part = (struct iovec){(uint8_t *)&command + done, bytes - done};
		ssize_t sent = sendmsg(channel->socket, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR && now_ms() < deadline_ms)
			continue;
		if (sent < 0)
			return transfer_failed(channel, call, errno);
		done += (size_t)sent;
		message.msg_controllen = 0; /* the descriptors have gone with the first byte */
	}
	return 0;
}

/* ---- Receiving ---- */

struct incoming {
	struct message message;
	size_t bytes;      /* of the message, received so far */
	int fd;            /* the descriptor that came with it; -1: none */
	bool too_many_fds; /* more came */
};

/* Receives once, at most up to `limit` bytes of the message. @return as recvmsg; -1 with errno */
static ssize_t receive_some(struct user_channel *channel, struct incoming *in, size_t limit)
{
	struct iovec part = {(uint8_t *)&in->message + in->bytes, limit - in->bytes};
	union control control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* no reply has more; the kernel closes what does not fit */
	};
	ssize_t got = recvmsg(channel->socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = got < 0 ? NULL : CMSG_FIRSTHDR(&message);

	if (got < 0)
		return got;
	in->bytes += (size_t)got;
	in->too_many_fds |= message.msg_flags & MSG_CTRUNC || (rights && in->fd >= 0);
	if (rights && in->fd >= 0)
		close(in->fd);
	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
		memcpy(&in->fd, CMSG_DATA(rights), sizeof(in->fd));
	return got;
}

/* Receives until the message has `wanted` bytes, but no more than `limit`. The socket limits each wait; the deadline
 * limits all of them together, as a peer may send byte by byte. */
static int receive_until(struct user_channel *channel, const struct user_call *call, struct incoming *in, size_t wanted,
	size_t limit, uint64_t deadline_ms)
{
	while (in->bytes < wanted) {
		ssize_t got = receive_some(channel, in, limit);

		if (got < 0 && errno == EINTR && now_ms() < deadline_ms)
			continue;
		if (got <= 0)
			return transfer_failed(channel, call, got == 0 ? 0 : errno);
		if (in->bytes < wanted && now_ms() >= deadline_ms)
			return transfer_failed(channel, call, EAGAIN);
	}
	return 0;
}

static int receive_reply(struct user_channel *channel, const struct user_call *call, struct incoming *in)
{
	const struct vfio_user_header *header = &in->message.header;
	const size_t limit = sizeof(*header) + call->reply_max;
	const uint64_t deadline_ms = now_ms() + answer_limit_ms;
	int error;

	/* All bytes that come belong to this reply, because only one command is on its way. Mostly one system call gets
	 * them. It asks for one byte more than the longest reply, to notice a peer that sends too much. */
	if ((error = receive_until(channel, call, in, sizeof(*header), limit + 1, deadline_ms)) != 0)
		return error;
	if ((header->flags & VFIO_USER_TYPE) != VFIO_USER_TYPE_REPLY)
		return broken_reply(channel, call, "a command of its own");
	if (header->id != channel->id)
		return broken_reply(channel, call, "another message's number");
	if (header->command != call->command)
		return broken_reply(channel, call, "the reply to another command");
	if (header->bytes < sizeof(*header) || header->bytes > limit)
		return broken_reply(channel, call, "a message of impossible size");
	if ((error = receive_until(channel, call, in, header->bytes, header->bytes, deadline_ms)) != 0)
		return error;
	if (in->bytes > header->bytes)
		return broken_reply(channel, call, "more bytes than it announced");
	if (in->too_many_fds || (in->fd >= 0 && !call->reply_fd))
		return broken_reply(channel, call, "file descriptors that do not belong there");
	if (header->flags & VFIO_USER_ERROR) {
		if (header->bytes != sizeof(*header) || in->fd >= 0)
			return broken_reply(channel, call, "an error and data");
		if (header->error == 0 || header->error > ERRNO_MAX)
			return pollux_fail(EPROTO,
				"%s: the device process refuses %s with error %u, which is none; look at its output",
				channel->address, command_names[call->command], header->error);
		return pollux_fail((int)header->error, "%s: the device process refuses %s: %s", channel->address,
			command_names[call->command], strerror((int)header->error));
	}
	if (header->bytes - sizeof(*header) < call->reply_min)
		return broken_reply(channel, call, "too short a message");
	return 0;
}

int user_channel_call(struct user_channel *channel, struct user_call *call)
{
	struct incoming in;
	int error;

	in.bytes = 0; /* the rest of it is large, and written before it is read */
	in.fd = -1;
	in.too_many_fds = false;
	pthread_mutex_lock(&channel->lock);
	if (pollux_lost(channel->loss))
		error = pollux_fail(ENODEV, "%s: the device is gone: %s", channel->address, channel->loss->why);
	else if ((error = send_command(channel, call)) == 0)
		error = receive_reply(channel, call, &in);
	pthread_mutex_unlock(&channel->lock);

	if (error && in.fd >= 0)
		close(in.fd);
	if (call->reply_fd)
		*call->reply_fd = error ? -1 : in.fd;
	if (error)
		return error;
	call->reply_bytes = in.message.header.bytes - sizeof(in.message.header);
	if (call->reply_bytes)
		memcpy(call->reply, in.message.payload, call->reply_bytes);
	return 0;
}

int user_channel_access(
	struct user_channel *channel, unsigned region, uint64_t offset, void *in, const void *out, size_t bytes)
{
	struct {
		struct vfio_user_region_access head;
		uint8_t data[USER_ACCESS_MAX];
	} reply;
	const struct vfio_user_region_access head = {.offset = offset, .region = region, .count = (uint32_t)bytes};
	struct user_call call = {
		.command = in ? VFIO_USER_REGION_READ : VFIO_USER_REGION_WRITE,
		.head = &head,
		.head_bytes = sizeof(head),
		.data = out,
		.data_bytes = out ? bytes : 0,
		.reply = &reply,
		.reply_min = sizeof(head) + (in ? bytes : 0),
		.reply_max = sizeof(head) + (in ? bytes : 0),
	};
	int error;

	if (bytes > channel->max_access)
		return pollux_fail(EINVAL, "%s: the device process takes at most %u bytes in a message, not %zu",
			channel->address, channel->max_access, bytes);
	if ((error = user_channel_call(channel, &call)) != 0)
		return error;
	if (reply.head.offset != offset || reply.head.region != region || reply.head.count != bytes)
		return user_channel_broken(channel, "answers for other registers than it was asked for");
	if (in)
		memcpy(in, reply.data, bytes);
	return 0;
}
