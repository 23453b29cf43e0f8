/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the software 82599's vfio-user server against a raw client that breaks the protocol in every way it can think of. */
#include "../model/channel.h"
#include "../model/memory_map.h"
#include "../model/server.h"

#include <CUnit/Basic.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define IOVA 0x100000000ull
#define PAGE 4096u
#define POLLS 64u
#define COMMAND_REGISTER 4u
#define BUS_MASTER 4u

#define ASSERT_NUMBER(got, wanted)                                                                                  \
	do {                                                                                                        \
		long long got_ = (long long)(got), wanted_ = (long long)(wanted);                                   \
		if (got_ != wanted_)                                                                                \
			printf("\n    line %d: %s is %lld, not %lld ", __LINE__, #got, got_, wanted_);              \
		CU_ASSERT_EQUAL(got_, wanted_);                                                                     \
	} while (0)

struct reply {
	struct vfio_user_header header;
	uint8_t payload[CHANNEL_PAYLOAD_MAX];
	int fd;
};

static struct server *server;
static int client = -1;
static struct reply reply;

static void serve_without(void)
{
	for (unsigned i = 0; i < POLLS; i++)
		server_poll(server, 16);
}

static void join(void)
{
	int ends[2];
	if (client >= 0)
		close(client);
	serve_without();
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	client = ends[0];
	ASSERT_NUMBER(server_adopt(server, ends[1]), 0);
}

static void send_raw(const void *data, size_t bytes, const int *fds, unsigned count)
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
	ssize_t sent = sendmsg(client, &message, MSG_NOSIGNAL);
	ASSERT_NUMBER(sent, bytes);
}

static size_t compose(uint8_t *message, unsigned command, uint32_t flags, const void *payload, size_t bytes)
{
	struct vfio_user_header header = {
		.id = 7, .command = (uint16_t)command, .bytes = (uint32_t)(sizeof(header) + bytes), .flags = flags};
	memcpy(message, &header, sizeof(header));
	if (bytes)
		memcpy(message + sizeof(header), payload, bytes);
	return header.bytes;
}

/** @return what recv said: 0 the connection is closed, -1 nothing came. */
static ssize_t fetch(void)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = &reply, .iov_len = sizeof(reply.header)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	memset(&reply, 0, sizeof(reply));
	reply.fd = -1;
	ssize_t got = recvmsg(client, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got != (ssize_t)sizeof(reply.header))
		return got;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		memcpy(&reply.fd, CMSG_DATA(c), sizeof(int));
	size_t bytes = reply.header.bytes - sizeof(reply.header);
	CU_ASSERT_FATAL(bytes <= sizeof(reply.payload));
	if (bytes)
		ASSERT_NUMBER(recv(client, reply.payload, bytes, MSG_DONTWAIT), bytes);
	return got;
}

static void close_reply_fd(void)
{
	if (reply.fd >= 0)
		close(reply.fd);
	reply.fd = -1;
}

/** Sends a command and gets its answer. @return its error; -1: closed without one. */
static int ask_with(unsigned command, const void *payload, size_t bytes, const int *fds, unsigned count)
{
	uint8_t message[CHANNEL_MESSAGE_MAX];
	send_raw(message, compose(message, command, 0, payload, bytes), fds, count);
	serve_without();
	if (fetch() != (ssize_t)sizeof(reply.header))
		return -1;
	ASSERT_NUMBER(reply.header.id, 7);
	ASSERT_NUMBER(reply.header.command, command);
	ASSERT_NUMBER(reply.header.flags & VFIO_USER_TYPE, VFIO_USER_TYPE_REPLY);
	if (reply.header.flags & VFIO_USER_ERROR) {
		ASSERT_NUMBER(reply.header.bytes, sizeof(reply.header));
		return (int)reply.header.error;
	}
	return 0;
}

static int ask(unsigned command, const void *payload, size_t bytes)
{
	return ask_with(command, payload, bytes, NULL, 0);
}

static void greet(void)
{
	struct vfio_user_version version = {0, 0};
	join();
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &version, sizeof(version)), 0);
}

static int memory_fd(size_t bytes)
{
	int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static int map_at(uint64_t iova, uint64_t bytes, uint64_t offset, int fd)
{
	struct vfio_user_dma_map dma = {.argsz = sizeof(dma), .flags = 3, .offset = offset, .address = iova, .bytes = bytes};
	return ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), &fd, fd >= 0);
}

static int unmap_at(uint64_t iova, uint64_t bytes)
{
	struct vfio_user_dma_unmap dma = {.argsz = sizeof(dma), .address = iova, .bytes = bytes};
	return ask(VFIO_USER_DMA_UNMAP, &dma, sizeof(dma));
}

static int read_region(uint32_t region, uint64_t offset, uint32_t count)
{
	struct vfio_user_region_access access = {.offset = offset, .region = region, .count = count};
	return ask(VFIO_USER_REGION_READ, &access, sizeof(access));
}

static int write_region(uint32_t region, uint64_t offset, const void *data, uint32_t count)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[64];
	} write = {.access = {.offset = offset, .region = region, .count = count}};
	memcpy(write.data, data, count);
	return ask(VFIO_USER_REGION_WRITE, &write, sizeof(write.access) + count);
}

static bool alive(void)
{
	return read_region(VFIO_PCI_CONFIG_REGION_INDEX, 0, 4) == 0;
}

static unsigned open_files(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

static int suite_begin(void)
{
	char error[256];
	struct server_config config = {0};
	return server_open(&server, &config, error, sizeof(error));
}

static int suite_end(void)
{
	if (client >= 0)
		close(client);
	client = -1;
	server_close(server);
	return 0;
}

/* ---- What a good client gets ---- */

static void a_version_is_agreed_on(void)
{
	struct {
		struct vfio_user_version version;
		char text[64];
	} ours = {.version = {0, 0}, .text = "{\"capabilities\":{\"max_msg_fds\":8}}"};
	struct vfio_user_version answer;
	join();
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &ours, sizeof(ours.version) + strlen(ours.text) + 1), 0);
	memcpy(&answer, reply.payload, sizeof(answer));
	ASSERT_NUMBER(answer.major, 0);
	ASSERT_NUMBER(answer.minor, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)reply.payload + sizeof(answer), "\"max_msg_fds\":16"));
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &ours.version, sizeof(ours.version)), EINVAL);

	join();
	ours.version.minor = 9;
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &ours.version, sizeof(ours.version)), 0);
	memcpy(&answer, reply.payload, sizeof(answer));
	ASSERT_NUMBER(answer.minor, 1);
}

static void the_device_describes_itself(void)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	greet();
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info)), 0);
	memcpy(&info, reply.payload, sizeof(info));
	ASSERT_NUMBER(info.num_regions, VFIO_PCI_NUM_REGIONS);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_user_region_info region = {.argsz = 32, .index = i};
		ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
		memcpy(&region, reply.payload, sizeof(region));
		ASSERT_NUMBER(region.bytes, model_region_bytes(i));
		ASSERT_NUMBER(reply.header.bytes, 48);
		ASSERT_NUMBER(reply.fd >= 0, i == 0);
		if (i == 0) {
			ASSERT_NUMBER(region.argsz, 32 + 16 + 3 * 16);
			ASSERT_NUMBER(region.cap_offset, 32);
		}
		close_reply_fd();
	}
	struct vfio_user_irq_info irq = {.argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX};
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
	memcpy(&irq, reply.payload, sizeof(irq));
	ASSERT_NUMBER(irq.count, MODEL_VECTORS);
}

static void heads_and_tails_are_shared_but_sealed(void)
{
	struct vfio_user_region_info region = {.argsz = 4096, .index = 0};
	struct vfio_user_sparse_area areas[3];
	greet();
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
	memcpy(&region, reply.payload, sizeof(region));
	ASSERT_NUMBER(region.argsz, reply.header.bytes - sizeof(reply.header));
	memcpy(areas, reply.payload + 32 + 16, sizeof(areas));
	ASSERT_NUMBER(areas[0].offset, 0x1000);
	ASSERT_NUMBER(areas[1].offset, 0x6000);
	ASSERT_NUMBER(areas[2].offset, 0xd000);
	CU_ASSERT_FATAL(reply.fd >= 0);
	CU_ASSERT_TRUE(ftruncate(reply.fd, 4096) < 0);
	CU_ASSERT_TRUE(ftruncate(reply.fd, 1 << 20) < 0);
	/* A tail stored through the mapping is what a message reads. */
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reply.fd, 0x6000);
	CU_ASSERT_FATAL(page != MAP_FAILED);
	uint32_t tail = 5, seen = 0;
	memcpy(page + 0x18, &tail, sizeof(tail));
	close_reply_fd();
	ASSERT_NUMBER(read_region(0, 0x6018, 4), 0);
	memcpy(&seen, reply.payload + sizeof(struct vfio_user_region_access), sizeof(seen));
	ASSERT_NUMBER(seen, 5);
	munmap(page, PAGE);
}

static void nothing_is_shared_when_told_so(void)
{
	struct server *shared = server;
	struct server_config config = {.no_shared = true};
	char error[256];
	CU_ASSERT_EQUAL_FATAL(server_open(&server, &config, error, sizeof(error)), 0);
	struct vfio_user_region_info region = {.argsz = 4096, .index = 0};
	greet();
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
	memcpy(&region, reply.payload, sizeof(region));
	ASSERT_NUMBER(region.flags & (VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS), 0);
	ASSERT_NUMBER(reply.fd, -1);
	server_close(server);
	server = shared;
}

static void configuration_space_is_read_whole_and_written(void)
{
	uint16_t command = BUS_MASTER | 2, id;
	greet();
	ASSERT_NUMBER(read_region(VFIO_PCI_CONFIG_REGION_INDEX, 0, 256), 0);
	memcpy(&id, reply.payload + sizeof(struct vfio_user_region_access), sizeof(id));
	ASSERT_NUMBER(id, 0x8086);
	ASSERT_NUMBER(write_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, &command, sizeof(command)), 0);
	ASSERT_NUMBER(read_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, BUS_MASTER);
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_RESET, NULL, 0), 0);
	ASSERT_NUMBER(read_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, 0);
}

static void posted_commands_get_no_reply_and_keep_their_order(void)
{
	uint8_t messages[256];
	struct {
		struct vfio_user_region_access access;
		uint16_t value;
	} __attribute__((packed)) write = {.access = {.offset = COMMAND_REGISTER, .region = 7, .count = 2}, .value = BUS_MASTER};
	struct vfio_user_region_access read = {.offset = COMMAND_REGISTER, .region = 7, .count = 2};
	greet();
	size_t bytes = compose(messages, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY, &write, sizeof(write));
	bytes += compose(messages + bytes, 99, VFIO_USER_NO_REPLY, NULL, 0);
	bytes += compose(messages + bytes, VFIO_USER_REGION_READ, 0, &read, sizeof(read));
	send_raw(messages, bytes, NULL, 0);
	serve_without();
	ASSERT_NUMBER(fetch(), sizeof(reply.header));
	ASSERT_NUMBER(reply.header.command, VFIO_USER_REGION_READ);
	ASSERT_NUMBER(reply.payload[sizeof(read)] & BUS_MASTER, BUS_MASTER);
	ASSERT_NUMBER(fetch(), -1);
}

/* ---- Messages that are wrong ---- */

static void nothing_goes_before_version(void)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	struct vfio_user_version other = {1, 0};
	join();
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info)), EPROTO);
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &other, sizeof(other)), ENOTSUP);
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &other, 2), EINVAL);
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_RESET, NULL, 0), EPROTO);
	struct {
		struct vfio_user_version version;
		char text[5];
	} open_text = {.text = {'{', '}', ' ', ' ', ' '}};
	ASSERT_NUMBER(ask(VFIO_USER_VERSION, &open_text, 9), EINVAL);
}

static void a_message_of_the_wrong_size_is_an_error(void)
{
	static const uint8_t zeroes[256];
	greet();
	for (unsigned command = VFIO_USER_DMA_MAP; command <= VFIO_USER_REGION_WRITE; command++) {
		for (size_t bytes = 0; bytes <= 64; bytes++)
			CU_ASSERT_NOT_EQUAL(ask(command, zeroes, bytes), 0);
		CU_ASSERT_NOT_EQUAL(ask(command, zeroes, sizeof(zeroes)), 0);
	}
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_RESET, zeroes, 1), EINVAL);
	CU_ASSERT_TRUE(alive());
}

static void an_unknown_command_is_an_error(void)
{
	static const unsigned commands[] = {0, 6, 11, 12, 14, 15, 16, 17, 18, 19, 255, 65535};
	greet();
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		ASSERT_NUMBER(ask(commands[i], NULL, 0), ENOTSUP);
	CU_ASSERT_TRUE(alive());
}

static void a_size_that_no_message_has_ends_the_connection_with_an_error(void)
{
	static const uint32_t sizes[] = {0, 1, 15, CHANNEL_MESSAGE_MAX + 1, UINT32_MAX};
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vfio_user_header header = {.id = 3, .command = VFIO_USER_REGION_READ, .bytes = sizes[i]};
		greet();
		send_raw(&header, sizeof(header), NULL, 0);
		serve_without();
		ASSERT_NUMBER(fetch(), sizeof(reply.header));
		ASSERT_NUMBER(reply.header.error, EMSGSIZE);
		ASSERT_NUMBER(fetch(), 0);
		CU_ASSERT_FALSE(server_connected(server));
	}
}

static void a_reply_to_nothing_ends_the_connection(void)
{
	uint8_t message[16];
	for (uint32_t type = 1; type < 16; type++) {
		greet();
		send_raw(message, compose(message, VFIO_USER_DMA_READ, type, NULL, 0), NULL, 0);
		serve_without();
		ASSERT_NUMBER(fetch(), 0);
	}
}

static void regions_end_where_they_end(void)
{
	static const uint8_t data[64];
	static const uint32_t regions[] = {0, 4, 7};
	greet();
	for (unsigned i = 0; i < 3; i++) {
		uint32_t region = regions[i];
		uint64_t end = model_region_bytes(region);
		ASSERT_NUMBER(read_region(region, end - 4, 4), 0);
		ASSERT_NUMBER(read_region(region, end - 4, 8), EINVAL);
		ASSERT_NUMBER(read_region(region, end, 4), EINVAL);
		ASSERT_NUMBER(read_region(region, UINT64_MAX - 3, 4), EINVAL);
		ASSERT_NUMBER(read_region(region, 0, 0), EINVAL);
		ASSERT_NUMBER(read_region(region, 0, UINT32_MAX), EINVAL);
		ASSERT_NUMBER(write_region(region, end, data, 4), EINVAL);
		ASSERT_NUMBER(write_region(region, UINT64_MAX - 3, data, 4), EINVAL);
	}
	ASSERT_NUMBER(read_region(1, 0, 4), EINVAL);
	ASSERT_NUMBER(read_region(9, 0, 4), EINVAL);
	ASSERT_NUMBER(read_region(UINT32_MAX, 0, 4), EINVAL);
	struct vfio_user_region_access lies = {.region = 0, .count = 64};
	ASSERT_NUMBER(ask(VFIO_USER_REGION_WRITE, &lies, sizeof(lies)), EINVAL);
	CU_ASSERT_TRUE(alive());
}

/* ---- Descriptors ---- */

static void descriptors_that_nobody_wants_are_closed(void)
{
	int fds[32];
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	int fd = memory_fd(PAGE);
	for (unsigned i = 0; i < 32; i++)
		fds[i] = fd;
	greet();
	unsigned before = open_files();
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), fds, 1), EINVAL);
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), fds, 32), EINVAL);
	struct vfio_user_dma_map dma = {.argsz = sizeof(dma), .flags = 3, .address = IOVA, .bytes = PAGE};
	ASSERT_NUMBER(ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), fds, 2), EINVAL);
	ASSERT_NUMBER(ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), fds, 17), EINVAL);
	struct vfio_user_irq_set set = {.argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, .index = 2, .count = 1};
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL); /* no eventfd */
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 2), EINVAL);
	ASSERT_NUMBER(open_files(), before);
	/* With the parts of a message that never ends, too. */
	uint8_t message[64];
	size_t bytes = compose(message, VFIO_USER_DMA_MAP, 0, &dma, sizeof(dma));
	send_raw(message, 20, fds, 16);
	serve_without();
	for (unsigned i = 20; i + 1 < bytes; i++)
		send_raw(message + i, 1, fds, 4);
	serve_without();
	join();
	serve_without();
	ASSERT_NUMBER(open_files(), before);
	close(fd);
}

static void interrupts_reach_their_eventfds(void)
{
	int fds[16];
	uint64_t count;
	struct vfio_user_irq_set set = {
		.argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, .index = VFIO_PCI_MSIX_IRQ_INDEX};
	greet();
	unsigned before = open_files();
	for (unsigned i = 0; i < 16; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	set.start = MODEL_VECTORS - 16;
	set.count = 16;
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 16), 0);
	struct vfio_user_irq_set fire = {
		.argsz = sizeof(fire), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, .index = set.index, .start = MODEL_VECTORS - 1, .count = 1};
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);
	ASSERT_NUMBER(read(fds[15], &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(read(fds[14], &count, sizeof(count)), -1);
	/* A full one stops nobody. */
	count = UINT64_MAX - 1;
	ASSERT_NUMBER(write(fds[15], &count, sizeof(count)), sizeof(count));
	fcntl(fds[15], F_SETFL, 0);
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);

	set.start = MODEL_VECTORS;
	set.count = 1;
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL);
	set.start = UINT32_MAX;
	set.count = 2;
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 2), EINVAL);
	set.index = 77;
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL);
	struct vfio_user_irq_set off = {.argsz = sizeof(off), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, .index = VFIO_PCI_MSIX_IRQ_INDEX};
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_SET_IRQS, &off, sizeof(off)), 0);
	for (unsigned i = 0; i < 16; i++)
		close(fds[i]);
	ASSERT_NUMBER(open_files(), before);
}

static void intx_stays_masked_until_it_is_unmasked(void)
{
	uint64_t count = 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct vfio_user_irq_set set = {.argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, .index = 0, .count = 1};
	struct vfio_user_irq_set fire = {.argsz = sizeof(fire), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, .index = 0, .count = 1};
	struct vfio_user_irq_set unmask = {.argsz = sizeof(unmask), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, .index = 0, .count = 1};
	greet();
	ASSERT_NUMBER(ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), &fd, 1), 0);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_NUMBER(ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);
	ASSERT_NUMBER(read(fd, &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(count, 1);
	ASSERT_NUMBER(ask(VFIO_USER_DEVICE_SET_IRQS, &unmask, sizeof(unmask)), 0);
	ASSERT_NUMBER(read(fd, &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(count, 1);
	close(fd);
}

/* ---- Memory ---- */

static void memory_is_mapped_once_and_only_whole(void)
{
	int fd = memory_fd(4 * PAGE), odd = memory_fd(PAGE + 100), pipes[2];
	greet();
	ASSERT_NUMBER(map_at(IOVA, 2 * PAGE, 0, fd), 0);
	ASSERT_NUMBER(map_at(IOVA, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(map_at(IOVA + PAGE, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(map_at(IOVA - PAGE, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(map_at(IOVA - PAGE, 4 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, 2 * PAGE, 3 * PAGE, fd), EINVAL); /* behind the file's end */
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE, UINT64_MAX - PAGE + 1, fd), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, UINT64_MAX - PAGE + 1, 0, fd), EINVAL);
	ASSERT_NUMBER(map_at(UINT64_MAX - PAGE + 1, 2 * PAGE, 0, fd), EINVAL); /* wraps around */
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE + 1, PAGE, 0, fd), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE + 1, 0, fd), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE, 1, fd), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, 0, 0, fd), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, 2 * PAGE, 0, odd), EINVAL);
	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE, 0, pipes[0]), EINVAL);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE, 0, client), EINVAL);
	int proc = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_NUMBER(map_at(IOVA + 2 * PAGE, PAGE, 0, proc), EINVAL); /* no memory file */
	ASSERT_NUMBER(map_at(UINT64_MAX - PAGE + 1, PAGE, 0, fd), 0);   /* the last page there is */
	ASSERT_NUMBER(map_at(0, PAGE, 0, -1), 0);                       /* known, but not reachable */
	struct vfio_user_dma_map flags = {.argsz = sizeof(flags), .flags = 8, .address = IOVA * 2, .bytes = PAGE};
	ASSERT_NUMBER(ask(VFIO_USER_DMA_MAP, &flags, sizeof(flags)), EINVAL);

	ASSERT_NUMBER(unmap_at(IOVA, PAGE), ENOENT);
	ASSERT_NUMBER(unmap_at(IOVA + PAGE, PAGE), ENOENT);
	ASSERT_NUMBER(unmap_at(IOVA * 4, PAGE), ENOENT);
	ASSERT_NUMBER(unmap_at(IOVA, 2 * PAGE), 0);
	ASSERT_NUMBER(unmap_at(IOVA, 2 * PAGE), ENOENT);
	struct vfio_user_dma_unmap all = {.argsz = sizeof(all), .flags = 2};
	ASSERT_NUMBER(ask(VFIO_USER_DMA_UNMAP, &all, sizeof(all)), 0);
	ASSERT_NUMBER(unmap_at(0, PAGE), ENOENT);
	close(proc);
	close(pipes[0]);
	close(pipes[1]);
	close(odd);
	close(fd);
}

static void thousands_of_pieces_are_one_mapping(void)
{
	enum { PIECES = 5000 };
	struct memory_map *map = memory_map_open();
	struct model_extent extent;
	int fd = memory_fd((size_t)PIECES * PAGE);
	/* Every other piece first, and from the end, as a guest might. */
	for (unsigned i = 0; i < PIECES; i += 2)
		ASSERT_NUMBER(memory_map_add(map, IOVA + (uint64_t)i * PAGE, PAGE, fd, (uint64_t)i * PAGE, true), 0);
	for (unsigned i = PIECES - 1; i < PIECES; i -= 2)
		ASSERT_NUMBER(memory_map_add(map, IOVA + (uint64_t)i * PAGE, PAGE, fd, (uint64_t)i * PAGE, true), 0);
	ASSERT_NUMBER(memory_map_count(map), PIECES);
	ASSERT_NUMBER(memory_map_file_count(map), 1);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 17 * PAGE + 5, &extent));
	ASSERT_NUMBER(extent.iova, IOVA);
	CU_ASSERT_TRUE(extent.bytes > 1000 * PAGE);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + (uint64_t)PIECES * PAGE - 1, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA + (uint64_t)PIECES * PAGE, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA - 1, &extent));
	/* Pieces that lie elsewhere in the file are no continuation. */
	ASSERT_NUMBER(memory_map_remove(map, IOVA + 20 * PAGE, PAGE), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA + 20 * PAGE, PAGE, fd, 0, true), 0);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 20 * PAGE, &extent));
	ASSERT_NUMBER(extent.bytes, PAGE);
	memory_map_clear(map);
	ASSERT_NUMBER(memory_map_file_count(map), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, -1, 0, true), 0);
	CU_ASSERT_FALSE(memory_map_find(map, IOVA, &extent));
	memory_map_close(map);
	close(fd);
}

static void read_only_memory_is_read_only(void)
{
	struct memory_map *map = memory_map_open();
	struct model_extent extent;
	int fd = memory_fd(PAGE);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, fd, 0, false), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA + PAGE, PAGE, fd, 0, true), 0);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA, &extent));
	CU_ASSERT_FALSE(extent.writable);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + PAGE, &extent));
	CU_ASSERT_TRUE(extent.writable);
	memory_map_close(map);
	close(fd);
}

static void memory_that_is_taken_away_is_survived(void)
{
	struct memory_map *map = memory_map_open();
	struct model_extent extent = {0};
	int fd = memory_fd(4 * PAGE);
	ASSERT_NUMBER(memory_map_add(map, IOVA, 4 * PAGE, fd, 0, true), 0);
	CU_ASSERT_FATAL(memory_map_find(map, IOVA, &extent));
	memset(extent.at, 0xaa, 4 * PAGE);
	CU_ASSERT_FALSE(memory_map_lost(map));
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, 0), 0);
	memset(extent.at, 0x55, 4 * PAGE);
	ASSERT_NUMBER(((volatile uint8_t *)extent.at)[3 * PAGE], 0x55);
	CU_ASSERT_TRUE(memory_map_lost(map));
	memory_map_close(map);
	close(fd);
}

/* ---- Clients that come and go ---- */

static void a_client_may_go_at_any_byte(void)
{
	uint8_t messages[256];
	struct vfio_user_version version = {0, 0};
	struct vfio_user_dma_map dma = {.argsz = sizeof(dma), .flags = 3, .address = IOVA, .bytes = PAGE};
	int fd = memory_fd(PAGE);
	size_t first = compose(messages, VFIO_USER_VERSION, 0, &version, sizeof(version));
	size_t bytes = first + compose(messages + first, VFIO_USER_DMA_MAP, 0, &dma, sizeof(dma));
	join();
	unsigned before = open_files();
	for (size_t cut = 1; cut <= bytes; cut++) {
		join();
		send_raw(messages, cut < first ? cut : first, NULL, 0);
		serve_without();
		if (cut > first)
			send_raw(messages + first, cut - first, &fd, 1);
		serve_without();
		CU_ASSERT_TRUE(server_connected(server));
		close(client);
		client = -1;
		serve_without();
		CU_ASSERT_FALSE(server_connected(server));
	}
	greet();
	CU_ASSERT_TRUE(alive());
	ASSERT_NUMBER(open_files(), before);
	close(fd);
}

static void a_message_may_come_byte_by_byte(void)
{
	uint8_t message[64];
	struct vfio_user_version version = {0, 0};
	join();
	size_t bytes = compose(message, VFIO_USER_VERSION, 0, &version, sizeof(version));
	for (size_t i = 0; i < bytes; i++) {
		ASSERT_NUMBER(fetch(), -1);
		send_raw(message + i, 1, NULL, 0);
		serve_without();
	}
	ASSERT_NUMBER(fetch(), sizeof(reply.header));
}

static void what_a_client_leaves_is_gone_for_the_next(void)
{
	uint16_t command = BUS_MASTER;
	int fd = memory_fd(PAGE);
	greet();
	ASSERT_NUMBER(map_at(IOVA, PAGE, 0, fd), 0);
	ASSERT_NUMBER(write_region(7, COMMAND_REGISTER, &command, 2), 0);
	greet();
	ASSERT_NUMBER(read_region(7, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, 0);
	ASSERT_NUMBER(unmap_at(IOVA, PAGE), ENOENT);
	close(fd);
}

static void a_flood_is_held_back(void)
{
	struct vfio_user_region_access access = {.region = 7, .count = 4096};
	uint8_t message[64];
	size_t bytes = compose(message, VFIO_USER_REGION_READ, 0, &access, sizeof(access));
	unsigned sent = 0, answered = 0;
	greet();
	/* Nobody fetches the answers: at some point the server reads no more, and the sender is stopped. */
	for (unsigned round = 0; round < 1000; round++) {
		while (send(client, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes)
			sent++;
		serve_without();
	}
	ASSERT_NUMBER(server_connected(server), true);
	for (unsigned idle = 0; idle < 100; idle++) {
		while (fetch() > 0) {
			answered++;
			idle = 0;
		}
		server_poll(server, 1);
	}
	CU_ASSERT_TRUE(sent > 100);
	/* The last may have been cut off by the full socket: no answer is missing for a whole one. */
	ASSERT_NUMBER(answered, sent);
}

static void random_messages_are_survived(void)
{
	uint8_t message[128];
	uint32_t state = 12345;
	int fd = memory_fd(PAGE);
	for (unsigned round = 0; round < 20000; round++) {
		if (!server_connected(server) || round % 500 == 0)
			greet();
		size_t bytes = 16 + (state = state * 1664525 + 1013904223) % 64;
		for (size_t i = 0; i < bytes; i++) {
			state = state * 1664525 + 1013904223;
			message[i] = (uint8_t)(state >> 24) & (state >> 9 & 1 ? 0xff : 0x03);
		}
		struct vfio_user_header header = {
			.command = (uint16_t)((state >> 8) % 14), .bytes = (uint32_t)bytes, .flags = (state >> 12) % 8 ? 0 : state % 64};
		memcpy(message, &header, sizeof(header));
		send_raw(message, bytes, &fd, (state >> 16) % 2);
		server_poll(server, 4);
		while (fetch() > 0)
			close_reply_fd();
	}
	greet();
	CU_ASSERT_TRUE(alive());
	close(fd);
}

/* ---- The socket ---- */

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void one_client_at_a_time_and_the_next_after_a_kill(void)
{
	char folder[] = "/tmp/test_server_XXXXXX", path[64], error[256] = "";
	struct server *ours, *second = NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	struct server_config config = {.path = path};
	CU_ASSERT_EQUAL_FATAL(server_open(&ours, &config, error, sizeof(error)), 0);

	/* The first is another process, which dies with its connection open. */
	pid_t child = fork();
	if (child == 0) {
		if (connect_to(path) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	for (unsigned i = 0; i < 2000 && !server_connected(ours); i++) {
		server_poll(ours, 1);
		usleep(1000);
	}
	CU_ASSERT_TRUE(server_connected(ours));
	int refused = connect_to(path);
	server_poll(ours, 1);
	char byte;
	ASSERT_NUMBER(recv(refused, &byte, 1, MSG_DONTWAIT), 0);
	ASSERT_NUMBER(server_counts(ours)->refused, 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* At once: the server hasn't even looked. */
	int next = connect_to(path);
	server_poll(ours, 1);
	CU_ASSERT_TRUE(server_connected(ours));
	ASSERT_NUMBER(server_counts(ours)->clients, 2);
	ASSERT_NUMBER(recv(next, &byte, 1, MSG_DONTWAIT), -1);

	ASSERT_NUMBER(server_open(&second, &config, error, sizeof(error)), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, path));
	server_close(ours);
	CU_ASSERT_TRUE(access(path, F_OK) < 0);
	close(refused);
	close(next);
	rmdir(folder);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void)
{
	char folder[] = "/tmp/test_server_XXXXXX", path[64], error[256];
	struct server *ours;
	struct stat status;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	struct server_config config = {.path = path};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), 0);
	/* Somebody puts another file in its place: that one stays. */
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	server_close(ours);
	ASSERT_NUMBER(lstat(path, &status), 0);
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), -EEXIST);
	unlink(path);

	char large[200];
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	config.path = large;
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), -ENAMETOOLONG);
	config.path = "/tmp/no-such-folder-here/s";
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), -ENOENT);
	rmdir(folder);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a version is agreed on", a_version_is_agreed_on},
		{"the device describes itself", the_device_describes_itself},
		{"heads and tails are shared but sealed", heads_and_tails_are_shared_but_sealed},
		{"nothing is shared when told so", nothing_is_shared_when_told_so},
		{"configuration space is read whole and written", configuration_space_is_read_whole_and_written},
		{"posted commands get no reply and keep their order", posted_commands_get_no_reply_and_keep_their_order},
		{"nothing goes before VERSION", nothing_goes_before_version},
		{"a message of the wrong size is an error", a_message_of_the_wrong_size_is_an_error},
		{"an unknown command is an error", an_unknown_command_is_an_error},
		{"a size that no message has ends the connection with an error", a_size_that_no_message_has_ends_the_connection_with_an_error},
		{"a reply to nothing ends the connection", a_reply_to_nothing_ends_the_connection},
		{"regions end where they end", regions_end_where_they_end},
		{"descriptors that nobody wants are closed", descriptors_that_nobody_wants_are_closed},
		{"interrupts reach their eventfds", interrupts_reach_their_eventfds},
		{"INTx stays masked until it is unmasked", intx_stays_masked_until_it_is_unmasked},
		{"memory is mapped once and only whole", memory_is_mapped_once_and_only_whole},
		{"thousands of pieces are one mapping", thousands_of_pieces_are_one_mapping},
		{"read-only memory is read-only", read_only_memory_is_read_only},
		{"memory that is taken away is survived", memory_that_is_taken_away_is_survived},
		{"a client may go at any byte", a_client_may_go_at_any_byte},
		{"a message may come byte by byte", a_message_may_come_byte_by_byte},
		{"what a client leaves is gone for the next", what_a_client_leaves_is_gone_for_the_next},
		{"a flood is held back", a_flood_is_held_back},
		{"random messages are survived", random_messages_are_survived},
		{"one client at a time, and the next after a kill", one_client_at_a_time_and_the_next_after_a_kill},
		{"a stale socket is replaced and a file is not", a_stale_socket_is_replaced_and_a_file_is_not},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "server", .pInitFunc = suite_begin, .pCleanupFunc = suite_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return EXIT_FAILURE;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned failures = CU_get_number_of_failures();
	CU_cleanup_registry();
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
