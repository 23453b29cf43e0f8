/* SPDX-License-Identifier: BSD-2-Clause
 * A raw vfio-user client for tests. */
#include "unit_raw_client.h"

#include <CUnit/Basic.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define POLLS 64u

struct server *raw_server;
const char *raw_path;
int raw_client = -1;
struct raw_reply raw_reply;

void raw_serve(void)
{
	struct pollfd answer = {.fd = raw_client, .events = POLLIN};
	if (!raw_server) {
		poll(&answer, 1, 5000);
		return;
	}
	for (unsigned i = 0; i < POLLS; i++)
		server_poll(raw_server, 16);
}

void raw_leave(void)
{
	if (raw_client >= 0)
		close(raw_client);
	raw_client = -1;
}

void raw_join(void)
{
	int ends[2];
	raw_leave();
	if (!raw_server) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", raw_path);
		raw_client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CU_ASSERT_EQUAL_FATAL(connect(raw_client, (struct sockaddr *)&address, sizeof(address)), 0);
		return;
	}
	raw_serve();
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	raw_client = ends[0];
	ASSERT_NUMBER(server_adopt(raw_server, ends[1]), 0);
}

void raw_send(const void *data, size_t bytes, const int *fds, unsigned count)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(64 * sizeof(int))];
	} control;
	memset(&control, 0, sizeof(control));
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	ssize_t sent = sendmsg(raw_client, &message, MSG_NOSIGNAL);
	ASSERT_NUMBER(sent, bytes);
}

size_t raw_compose(uint8_t *message, unsigned command, uint32_t flags, const void *payload, size_t bytes)
{
	struct vfio_user_header header = {
		.id = 7, .command = (uint16_t)command, .bytes = (uint32_t)(sizeof(header) + bytes), .flags = flags};
	memcpy(message, &header, sizeof(header));
	if (bytes)
		memcpy(message + sizeof(header), payload, bytes);
	return header.bytes;
}

ssize_t raw_fetch(void)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = &raw_reply, .iov_len = sizeof(raw_reply.header)};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	memset(&raw_reply, 0, sizeof(raw_reply));
	raw_reply.fd = -1;
	ssize_t got = recvmsg(raw_client, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got != (ssize_t)sizeof(raw_reply.header))
		return got;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		memcpy(&raw_reply.fd, CMSG_DATA(c), sizeof(int));
	size_t bytes = raw_reply.header.bytes - sizeof(raw_reply.header);
	CU_ASSERT_FATAL(bytes <= sizeof(raw_reply.payload));
	if (bytes)
		ASSERT_NUMBER(recv(raw_client, raw_reply.payload, bytes, MSG_DONTWAIT), bytes);
	return got;
}

void raw_close_reply_fd(void)
{
	if (raw_reply.fd >= 0)
		close(raw_reply.fd);
	raw_reply.fd = -1;
}

int raw_ask_with(unsigned command, const void *payload, size_t bytes, const int *fds, unsigned count)
{
	uint8_t message[CHANNEL_MESSAGE_MAX];
	raw_send(message, raw_compose(message, command, 0, payload, bytes), fds, count);
	raw_serve();
	if (raw_fetch() != (ssize_t)sizeof(raw_reply.header))
		return -1;
	ASSERT_NUMBER(raw_reply.header.id, 7);
	ASSERT_NUMBER(raw_reply.header.command, command);
	ASSERT_NUMBER(raw_reply.header.flags & VFIO_USER_TYPE, VFIO_USER_TYPE_REPLY);
	if (raw_reply.header.flags & VFIO_USER_ERROR) {
		ASSERT_NUMBER(raw_reply.header.bytes, sizeof(raw_reply.header));
		return (int)raw_reply.header.error;
	}
	return 0;
}

int raw_ask(unsigned command, const void *payload, size_t bytes)
{
	return raw_ask_with(command, payload, bytes, NULL, 0);
}

void raw_greet(void)
{
	struct vfio_user_version version = {0, 0};
	raw_join();
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &version, sizeof(version)), 0);
}

int raw_map_at(uint64_t iova, uint64_t bytes, uint64_t offset, int fd)
{
	struct vfio_user_dma_map dma = {
		.argsz = sizeof(dma), .flags = 3, .offset = offset, .address = iova, .bytes = bytes};
	return raw_ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), &fd, fd >= 0);
}

int raw_unmap_at(uint64_t iova, uint64_t bytes)
{
	struct vfio_iommu_type1_dma_unmap dma = {.argsz = sizeof(dma), .iova = iova, .size = bytes};
	return raw_ask(VFIO_USER_DMA_UNMAP, &dma, sizeof(dma));
}

int raw_read_region(uint32_t region, uint64_t offset, uint32_t count)
{
	struct vfio_user_region_access access = {.offset = offset, .region = region, .count = count};
	return raw_ask(VFIO_USER_REGION_READ, &access, sizeof(access));
}

int raw_write_region(uint32_t region, uint64_t offset, const void *data, uint32_t count)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[64];
	} write = {.access = {.offset = offset, .region = region, .count = count}};
	memcpy(write.data, data, count);
	return raw_ask(VFIO_USER_REGION_WRITE, &write, sizeof(write.access) + count);
}
