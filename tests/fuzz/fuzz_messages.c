/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the server of the software 82599: a client's bytes, whole messages and torn ones, with whatever descriptors
 * the input chooses, and what else a client can do: change and take away its memory, move tails, go and come back. */
#include "input.h"

#include "../model/server/channel.h"
#include "../model/server/server.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY_BYTES 0x40000u
#define IOVA         0x100000u
#define FDS          8u

struct client {
	struct server *server;
	int socket;
	int fds[FDS]; /* two memory files, two eventfds, and what a server must refuse */
	uint8_t *memory;
	bool truncated;
	uint64_t now_ns;
};

static void join(struct client *c)
{
	int ends[2];

	if (c->socket >= 0)
		close(c->socket);
	server_poll(c->server, 64);
	HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	c->socket = ends[0];
	server_adopt(c->server, ends[1]);
}

static void send_bytes(struct client *c, const void *data, size_t bytes, uint8_t chosen)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(32 * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	unsigned count = 0;
	int fds[32];

	memset(&control, 0, sizeof(control));
	if (chosen == 0xff) /* more than anybody may send */
		for (; count < 20; count++)
			fds[count] = c->fds[2];
	else
		for (unsigned i = 0; i < FDS; i++)
			if (chosen >> i & 1)
				fds[count++] = c->fds[i];
	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *h = CMSG_FIRSTHDR(&message);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(h), fds, count * sizeof(int));
	}
	if (bytes && sendmsg(c->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* the server has ended the connection, or does not read: as it may */
}

/* Takes what was answered; descriptors that come with it are not taken, and the kernel closes them. */
static void fetch(struct client *c)
{
	uint8_t data[4096];

	while (recv(c->socket, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
}

static void compose(struct client *c, struct input *in, bool polite)
{
	uint8_t message[512], how = input_8(in), chosen = input_8(in);
	struct vfio_user_header header = {
		.id = 1, .command = (uint16_t)(how & 0x1f), .flags = how & 0x20 ? VFIO_USER_NO_REPLY : 0};
	size_t bytes = input_8(in);
	uint8_t *payload = message + sizeof(header);

	input_bytes(in, payload, bytes);
	header.bytes = (uint32_t)(sizeof(header) + bytes);
	if (how & 0x40)
		header.bytes += input_16(in) - 0x100u;
	if (polite && header.command == VFIO_USER_DMA_MAP) {
		struct vfio_user_dma_map map = {.argsz = sizeof(map),
			.flags = 3,
			.address = IOVA + (payload[0] & 0xf) * 0x4000u,
			.offset = (payload[1] & 0xf) * 0x1000u,
			.bytes = 0x1000 + (payload[2] & 3) * 0x1000u};
		memcpy(payload, &map, sizeof(map));
		header.bytes = sizeof(header) + sizeof(map);
		chosen &= chosen & 1 ? 1 : 2;
	} else if (polite && (header.command == VFIO_USER_REGION_READ || header.command == VFIO_USER_REGION_WRITE)) {
		struct vfio_user_region_access access;
		memcpy(&access, payload, sizeof(access));
		access.region = (uint32_t[]){0, 0, 4, 7}[access.region & 3];
		access.offset &= 0x1fffc;
		access.count = access.region == 7 ? access.count & 0x3f : 4;
		memcpy(payload, &access, sizeof(access));
		header.bytes = (uint32_t)(sizeof(header) + sizeof(access) +
					  (header.command == VFIO_USER_REGION_WRITE ? access.count : 0));
	}
	memcpy(message, &header, sizeof(header));
	if (header.bytes < sizeof(header) || header.bytes > sizeof(message))
		send_bytes(c, message, sizeof(header) + bytes, chosen);
	else
		send_bytes(c, message, header.bytes, chosen);
}

static void greet(struct client *c)
{
	struct {
		struct vfio_user_header header;
		struct vfio_user_version version;
	} __attribute__((packed)) hello = {.header = {.command = VFIO_USER_VERSION, .bytes = sizeof(hello)}};
	send_bytes(c, &hello, sizeof(hello), 0);
	server_poll(c->server, 4);
}

static unsigned take(void *context, const struct model_frame *frames, unsigned n)
{
	uint32_t *sum = context;

	for (unsigned i = 0; i < n; i++)
		for (uint32_t b = 0; frames[i].data && b < frames[i].len; b++)
			*sum += frames[i].data[b];
	return n;
}

static void step(struct client *c, struct input *in)
{
	static const uint8_t frame_data[128] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	struct model_frame frame = {.data = frame_data, .len = sizeof(frame_data)};
	uint32_t sum = 0;
	struct model_sink sink = {.context = &sum, .take = take};
	struct model *model = server_model(c->server);

	c->now_ns += input_32(in);
	model_step(model, c->now_ns);
	model_set_partner(model, true);
	model_receive(model, &frame, 1);
	model_transmit(model, &sink, 64);
}

static void one_step(struct client *c, struct input *in)
{
	uint8_t op = input_8(in), data[256];
	size_t bytes;

	switch (op % 9) {
	case 0:
		bytes = input_8(in);
		op = input_8(in);
		input_bytes(in, data, bytes);
		send_bytes(c, data, bytes, op);
		break;
	case 1:
	case 2:
		compose(c, in, false);
		break;
	case 3:
		compose(c, in, true);
		break;
	case 4:
		step(c, in);
		break;
	case 5:
		join(c);
		if (op & 0x80)
			greet(c);
		break;
	case 6:
		/* takes its memory away, in part or as a whole */
		if (ftruncate(c->fds[op >> 7 & 1], op & 0x40 ? 0 : 0x2000) == 0)
			c->truncated |= !(op & 0x80);
		break;
	case 7: {
		uint32_t at = input_16(in) * 4u % MEMORY_BYTES;
		input_bytes(in, data, 32);
		if (!c->truncated && at <= MEMORY_BYTES - 32)
			memcpy(c->memory + at, data, 32);
		break;
	}
	default:
		if (op & 0x80)
			fetch(c);
		else
			server_poll(c->server, 1 + (op >> 4));
		return;
	}
	if (!(op & 0x40))
		server_poll(c->server, 16);
	if (op & 0x80)
		fetch(c);
}

static void open_files(struct client *c)
{
	int ends[2];

	for (unsigned i = 0; i < 2; i++) {
		c->fds[i] = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		HOLDS(c->fds[i] >= 0 && ftruncate(c->fds[i], MEMORY_BYTES) == 0);
	}
	c->memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, c->fds[0], 0);
	HOLDS(c->memory != MAP_FAILED);
	c->fds[2] = eventfd(0, EFD_CLOEXEC);
	c->fds[3] = eventfd(0xfffffffe, EFD_CLOEXEC | EFD_NONBLOCK);
	c->fds[4] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	c->fds[5] = open("/proc/self/fd", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	HOLDS(pipe2(ends, O_CLOEXEC) == 0);
	c->fds[6] = ends[0];
	c->fds[7] = ends[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {data, bytes};
	struct client c = {.socket = -1};
	char error[256];
	uint8_t how = input_8(&in);
	struct server_config config = {.no_shared = how & 1};
	int lowest = dup(0), now;

	close(lowest);
	open_files(&c);
	HOLDS(server_open(&c.server, &config, error, sizeof(error)) == 0);
	join(&c);
	if (!(how & 2))
		greet(&c);
	for (unsigned steps = 0; in.left && steps < 256; steps++)
		one_step(&c, &in);
	server_close(c.server);
	close(c.socket);
	munmap(c.memory, MEMORY_BYTES);
	for (unsigned i = 0; i < FDS; i++)
		close(c.fds[i]);
	/* whatever was sent, nothing stays open */
	now = dup(0);
	close(now);
	HOLDS(now == lowest);
	return 0;
}
