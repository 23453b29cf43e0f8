/* SPDX-License-Identifier: BSD-2-Clause
 * The device process of the vfio-user client's tests, with every way to misbehave. */
#include "unit_vfio_peer.h"

#include "../../vfio/transports.h"

#include <CUnit/Basic.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char *const how_names[HOW_COUNT] = {
	"well",
	"close",
	"close halfway",
	"silent",
	"drip",
	"wrong id",
	"wrong command",
	"a command",
	"error EXDEV",
	"error 0",
	"error huge",
	"error and data",
	"too short",
	"8 bytes announced",
	"4 GiB announced",
	"trailing bytes",
	"two fds",
	"many fds",
};

static int make_bar_file(struct fake *fake)
{
	int fd;

	if (fake->file == FILE_PIPE) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) != 0)
			abort();
		close(ends[1]);
		return ends[0];
	}
	fd = memfd_create(BAR_FILE, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, fake->file == FILE_SHORT ? 0x1000 : BAR0_BYTES) != 0)
		abort();
	if (fake->file != FILE_UNSEALED && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
		abort();
	return fd;
}

/* Receives a whole command. @return false: the client went away */
static bool receive_command(struct fake *fake, struct reply *command)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(command->fds))];
	} control;
	size_t have = 0;

	command->fd_count = 0;
	while (have < sizeof(command->header) || have < command->header.bytes) {
		size_t want = have < sizeof(command->header) ? sizeof(command->header) : command->header.bytes;
		struct iovec part = {(uint8_t *)command + have, want - have};
		struct msghdr message = {
			.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

		if (want > sizeof(command->header) + sizeof(command->payload)) {
			fake->bad++;
			return false;
		}
		ssize_t got = recvmsg(fake->socket, &message, MSG_CMSG_CLOEXEC);
		if (got <= 0)
			return false;
		have += (size_t)got;
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		if (c && c->cmsg_type == SCM_RIGHTS) {
			command->fd_count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(command->fds, CMSG_DATA(c), command->fd_count * sizeof(int));
		}
	}
	command->payload_bytes = command->header.bytes - sizeof(command->header);
	return true;
}

static void send_bytes(struct fake *fake, const struct reply *reply, size_t bytes)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(reply->fds))];
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)reply, bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (reply->fd_count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(reply->fd_count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(reply->fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), reply->fds, reply->fd_count * sizeof(int));
	}
	(void)!sendmsg(fake->socket, &message, MSG_NOSIGNAL);
}

static void answer_region_info(struct fake *fake, struct reply *reply)
{
	struct vfio_region_info info;
	struct {
		struct vfio_region_info_cap_sparse_mmap head;
		struct vfio_region_sparse_mmap_area areas[2];
	} sparse = {
		{{VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0}, 2, 0},
		{{0x1000, 0x1000}, {0x6000, 0x2000}},
	};

	memcpy(&info, reply->payload, sizeof(info));
	info.argsz = sizeof(info);
	info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info.size = info.index == 0   ? BAR0_BYTES
		    : info.index == 4 ? BAR4_BYTES
		    : info.index == 7 ? sizeof(fake->config)
				      : 0;
	reply->payload_bytes = sizeof(info);
	if (info.index == 0 && fake->mapped != MAPPED_NO) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		reply->fds[reply->fd_count++] = fcntl(fake->bar_file, F_DUPFD_CLOEXEC, 0);
		if (fake->mapped == MAPPED_SPARSE) {
			info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
			info.cap_offset = sizeof(info);
			info.argsz += (uint32_t)sizeof(sparse);
			memcpy(reply->payload + sizeof(info), &sparse, sizeof(sparse));
			reply->payload_bytes += sizeof(sparse);
		}
	}
	memcpy(reply->payload, &info, sizeof(info));
}

static void answer_access(struct fake *fake, struct reply *reply, bool write)
{
	struct vfio_user_region_access access;
	uint8_t *region;

	memcpy(&access, reply->payload, sizeof(access));
	region = access.region == 0 ? fake->bar0 : fake->config;
	if (access.offset + access.count > (access.region == 0 ? BAR0_BYTES : sizeof(fake->config)) ||
		reply->payload_bytes != sizeof(access) + (write ? access.count : 0)) {
		fake->bad++;
		return;
	}
	if (write) {
		memcpy(region + access.offset, reply->payload + sizeof(access), access.count);
		reply->payload_bytes = sizeof(access);
	} else {
		memcpy(reply->payload + sizeof(access), region + access.offset, access.count);
		reply->payload_bytes = sizeof(access) + access.count;
	}
}

static void answer_dma_map(struct fake *fake, struct reply *reply, const struct reply *command)
{
	struct vfio_user_dma_map map;
	struct stat stat;

	memcpy(&map, command->payload, sizeof(map));
	if (command->fd_count != 1 || command->payload_bytes != sizeof(map) || map.offset != 0 || map.flags != 3 ||
		fstat(command->fds[0], &stat) != 0 || fake->map_count == 8) {
		fake->bad++;
		return;
	}
	fake->maps[fake->map_count].iova = map.address;
	fake->maps[fake->map_count].bytes = map.bytes;
	fake->maps[fake->map_count].file_bytes = (uint64_t)stat.st_size;
	if (pread(command->fds[0], &fake->maps[fake->map_count].first_byte, 1, 0) != 1)
		fake->bad++;
	fake->map_count++;
	reply->payload_bytes = 0;
}

static void answer_dma_unmap(struct fake *fake, const struct reply *command)
{
	struct vfio_iommu_type1_dma_unmap unmap;

	memcpy(&unmap, command->payload, sizeof(unmap));
	fake->unmaps++;
	for (unsigned i = 0; i < fake->map_count; i++)
		if (fake->maps[i].iova == unmap.iova && fake->maps[i].bytes == unmap.size) {
			fake->maps[i] = fake->maps[--fake->map_count];
			return;
		}
	fake->bad++;
}

/* Fires each interrupt that it is given, once. */
static void answer_set_irqs(struct fake *fake, struct reply *reply, const struct reply *command)
{
	memcpy(&fake->irqs, command->payload, sizeof(fake->irqs));
	fake->irq_fds = command->fd_count;
	if (command->fd_count && command->fd_count != fake->irqs.count)
		fake->bad++;
	for (unsigned i = 0; i < command->fd_count; i++) {
		uint64_t one = fake->irqs.start + i + 1;

		if (write(command->fds[i], &one, sizeof(one)) != sizeof(one))
			fake->bad++;
	}
	reply->payload_bytes = 0;
}

/* What a good device answers. */
static void answer_well(struct fake *fake, const struct reply *command, struct reply *reply)
{
	static const struct vfio_user_device_info device = {16, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, 9, 5};
	struct vfio_irq_info irq;
	int length;

	*reply = *command; /* most replies repeat the command's payload */
	reply->fd_count = 0;
	reply->header.flags = VFIO_USER_TYPE_REPLY;
	switch (command->header.command) {
	case VFIO_USER_VERSION:
		length = snprintf((char *)reply->payload + 4, 512,
			"{\"capabilities\": {\"max_msg_fds\" : %u, \"max_data_xfer_size\":1048576, \"pgsizes\":4096}}",
			fake->max_fds);
		reply->payload_bytes = 4 + (size_t)length + 1;
		break;
	case VFIO_USER_DEVICE_GET_INFO:
		memcpy(reply->payload, &device, sizeof(device));
		break;
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		answer_region_info(fake, reply);
		break;
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		memcpy(&irq, reply->payload, sizeof(irq));
		irq.flags = VFIO_IRQ_INFO_EVENTFD;
		irq.count = irq.index == VFIO_PCI_MSIX_IRQ_INDEX ? 64 : 1;
		memcpy(reply->payload, &irq, sizeof(irq));
		break;
	case VFIO_USER_REGION_READ:
	case VFIO_USER_REGION_WRITE:
		answer_access(fake, reply, command->header.command == VFIO_USER_REGION_WRITE);
		break;
	case VFIO_USER_DMA_MAP:
		answer_dma_map(fake, reply, command);
		break;
	case VFIO_USER_DMA_UNMAP:
		answer_dma_unmap(fake, command);
		break;
	case VFIO_USER_DEVICE_SET_IRQS:
		answer_set_irqs(fake, reply, command);
		break;
	case VFIO_USER_DEVICE_RESET:
		fake->bad += command->payload_bytes != 0;
		break;
	default:
		fake->bad++;
	}
	reply->header.bytes = (uint32_t)(sizeof(reply->header) + reply->payload_bytes);
}

/* Spoils a reply. @return what of it is sent; 0: nothing, and the connection ends */
static size_t misbehave(struct fake *fake, struct reply *reply)
{
	size_t bytes = sizeof(reply->header) + reply->payload_bytes;

	fake->misbehaved = true;
	switch (fake->how) {
	case CLOSE:
		return 0;
	case CLOSE_HALFWAY:
		send_bytes(fake, reply, 7);
		return 0;
	case SILENT:
		poll(&(struct pollfd){.fd = fake->socket, .events = POLLRDHUP}, 1, 5000);
		return 0;
	case DRIP:
		for (unsigned i = 0;
			i < bytes && poll(&(struct pollfd){.fd = fake->socket, .events = POLLRDHUP}, 1, 60) == 0; i++)
			(void)!send(fake->socket, (uint8_t *)reply + i, 1, MSG_NOSIGNAL);
		return 0;
	case WRONG_ID:
		reply->header.id++;
		break;
	case WRONG_COMMAND:
		reply->header.command ^= 1;
		break;
	case A_COMMAND:
		reply->header.flags = VFIO_USER_TYPE_COMMAND;
		break;
	case ERROR_REAL:
	case ERROR_0:
	case ERROR_HUGE:
		reply->header.flags |= VFIO_USER_ERROR;
		reply->header.error = fake->how == ERROR_REAL ? EXDEV : fake->how == ERROR_0 ? 0 : 0xfffffff3;
		reply->header.bytes = (uint32_t)(bytes = sizeof(reply->header));
		while (reply->fd_count)
			close(reply->fds[--reply->fd_count]);
		break;
	case ERROR_AND_DATA:
		reply->header.flags |= VFIO_USER_ERROR;
		reply->header.error = EXDEV;
		if (reply->payload_bytes == 0)
			reply->header.bytes = (uint32_t)++bytes;
		break;
	case TOO_SHORT:
		reply->header.bytes = (uint32_t)--bytes;
		if (fake->command == VFIO_USER_VERSION) /* its JSON may have any length */
			reply->header.bytes = (uint32_t)(bytes = sizeof(reply->header) + 3);
		if (fake->command == VFIO_USER_DEVICE_GET_REGION_INFO)
			reply->header.bytes = (uint32_t)(bytes = sizeof(reply->header) + 31);
		break;
	case ANNOUNCED_8:
		reply->header.bytes = 8;
		break;
	case ANNOUNCED_HUGE:
		reply->header.bytes = UINT32_MAX;
		break;
	case TRAILING:
		bytes++;
		break;
	case TWO_FDS:
	case MANY_FDS:
		while (reply->fd_count < (fake->how == TWO_FDS ? 2 : 30))
			reply->fds[reply->fd_count++] = fcntl(fake->socket, F_DUPFD_CLOEXEC, 0);
		break;
	case WELL:
	case HOW_COUNT:
		break;
	}
	return bytes;
}

static void *serve(void *context)
{
	static _Thread_local struct reply command, reply;
	struct fake *fake = context;

	fake->socket = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
	while (fake->socket >= 0 && receive_command(fake, &command)) {
		unsigned what = command.header.command;
		size_t bytes;

		if (what < 32)
			fake->counts[what]++;
		answer_well(fake, &command, &reply);
		while (command.fd_count)
			close(command.fds[--command.fd_count]);
		if (fake->tamper)
			fake->tamper(fake, &command.header, &reply);
		bytes = sizeof(reply.header) + reply.payload_bytes;
		if (fake->how != WELL && what == fake->command && !fake->misbehaved)
			bytes = misbehave(fake, &reply);
		if (++fake->messages == fake->close_at)
			bytes = 0;
		if (bytes)
			send_bytes(fake, &reply, bytes);
		while (reply.fd_count)
			close(reply.fds[--reply.fd_count]);
		if (!bytes)
			break;
	}
	if (fake->socket >= 0)
		close(fake->socket);
	return NULL;
}

struct fake *new_fake(void)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	CU_ASSERT_PTR_NOT_NULL_FATAL(fake);
	fake->mapped = MAPPED_SPARSE;
	fake->max_fds = 8;
	fake->config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	fake->config[PCI_CAPABILITY_LIST] = 0x40;
	fake->config[0x40] = PCI_CAP_ID_EXP;
	return fake;
}

void start_fake(struct fake *fake)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	snprintf(fake->path, sizeof(fake->path), "/tmp/pollux-test-user.%d", (int)getpid());
	snprintf(fake->address, sizeof(fake->address), VFIO_USER_PREFIX "%s", fake->path);
	memcpy(name.sun_path, fake->path, strlen(fake->path));
	unlink(fake->path);
	fake->bar_file = make_bar_file(fake);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(fake->listener >= 0);
	CU_ASSERT_EQUAL_FATAL(bind(fake->listener, (struct sockaddr *)&name, sizeof(name)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(fake->listener, 1), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void serve_again(struct fake *fake)
{
	pthread_join(fake->thread, NULL);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void stop_fake(struct fake *fake)
{
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	close(fake->bar_file);
	unlink(fake->path);
	CU_ASSERT_EQUAL(fake->bad, 0);
	free(fake);
}
