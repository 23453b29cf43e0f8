/* SPDX-License-Identifier: BSD-2-Clause
 * Fuzzes the vfio-user client: a server whose replies, and the descriptors with them, are what the input says. Where it
 * says nothing, the reply is what a good server would send, so that all commands are reached.
 *
 * The system calls of the connection are replaced: no socket, no second thread, no waiting, and every run is the same.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int fuzz_connect(int fd, const struct sockaddr *address, socklen_t bytes);
static ssize_t fuzz_sendmsg(int fd, const struct msghdr *message, int flags);
static ssize_t fuzz_recvmsg(int fd, struct msghdr *message, int flags);
static void *fuzz_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
static int fuzz_munmap(void *at, size_t bytes);

#define connect fuzz_connect
#define sendmsg fuzz_sendmsg
#define recvmsg fuzz_recvmsg
#define mmap    fuzz_mmap
#define munmap  fuzz_munmap
#include "../../vfio/device.c"
#include "../../vfio/user/channel.c"
#include "../../vfio/user/user.c"
#undef connect
#undef sendmsg
#undef recvmsg
#undef mmap
#undef munmap

#include "../../mempool/memory.h"

#define REPLY_MAX (USER_PAYLOAD_MAX + 256)
#define BAR_BYTES 0x20000u

static struct input in;
static struct {
	uint8_t bytes[REPLY_MAX];
	size_t length, given;
	unsigned piece; /* most bytes that one call gets */
	int error;      /* instead of bytes */
	unsigned fds;
	int fd;
} reply;
static int bar_sealed, bar_open, bar_small, bar_huge; /* what the server may send */
static size_t mapped;

static int fuzz_connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
	(void)fd, (void)address, (void)bytes;
	return 0;
}

static void *fuzz_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	void *result = mmap(at, bytes, protection, flags, fd, offset);

	mapped += result != MAP_FAILED;
	return result;
}

static int fuzz_munmap(void *at, size_t bytes)
{
	int result = munmap(at, bytes);

	HOLDS(result == 0);
	mapped--;
	return result;
}

static size_t good_region(uint8_t *to, const uint8_t *from)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_sparse_mmap sparse;
		struct vfio_region_sparse_mmap_area areas[2];
	} answer = {
		.info = {.argsz = sizeof(answer.info), .flags = 3},
		.sparse = {.header = {.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1}, .nr_areas = 2},
		.areas = {{0x1000, 0x1000}, {0x6000, 0x2000}},
	};

	memcpy(&answer.info.index, from + offsetof(struct vfio_region_info, index), 4);
	if (answer.info.index == 0) {
		answer.info.argsz = sizeof(answer);
		answer.info.flags = 0xf;
		answer.info.cap_offset = sizeof(answer.info);
		reply.fds = 1;
	}
	answer.info.size = answer.info.index == 0                              ? BAR_BYTES
			   : answer.info.index == VFIO_PCI_CONFIG_REGION_INDEX ? 4096
									       : 0;
	memcpy(to, &answer, answer.info.argsz);
	return answer.info.argsz;
}

/* What a good server answers. @return bytes of payload */
static size_t good_payload(uint16_t command, uint8_t *to, const uint8_t *from, size_t bytes)
{
	static const char hello[] =
		"\0\0\1\0{\"capabilities\":{\"max_msg_fds\":4,\"max_dma_maps\":100,\"pgsizes\":4096}}";
	struct vfio_user_device_info device = {.argsz = sizeof(device), .flags = 3, .num_regions = 9, .num_irqs = 5};
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .flags = VFIO_IRQ_INFO_EVENTFD, .count = 64};
	struct vfio_user_region_access access;

	switch (command) {
	case VFIO_USER_VERSION:
		memcpy(to, hello, sizeof(hello));
		return sizeof(hello);
	case VFIO_USER_DMA_UNMAP:
		memcpy(to, from, sizeof(struct vfio_iommu_type1_dma_unmap));
		return sizeof(struct vfio_iommu_type1_dma_unmap);
	case VFIO_USER_DEVICE_GET_INFO:
		memcpy(to, &device, sizeof(device));
		return sizeof(device);
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return good_region(to, from);
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		memcpy(&irq.index, from + offsetof(struct vfio_irq_info, index), 4);
		memcpy(to, &irq, sizeof(irq));
		return sizeof(irq);
	case VFIO_USER_REGION_READ:
	case VFIO_USER_REGION_WRITE:
		HOLDS(bytes >= sizeof(access));
		memcpy(&access, from, sizeof(access));
		HOLDS(access.count <= USER_ACCESS_MAX);
		memcpy(to, &access, sizeof(access));
		memset(to + sizeof(access), 0x11, access.count);
		return sizeof(access) + (command == VFIO_USER_REGION_READ ? access.count : 0);
	default:
		return 0;
	}
}

static void make_reply(const struct vfio_user_header *command, const uint8_t *payload, size_t bytes)
{
	struct vfio_user_header header = {
		.id = command->id, .command = command->command, .flags = VFIO_USER_TYPE_REPLY};
	uint8_t *to = reply.bytes + sizeof(header), how = input_8(&in);
	size_t length;

	reply.given = 0;
	reply.error = 0;
	reply.piece = UINT32_MAX;
	reply.fds = 0;
	reply.fd = bar_sealed;
	length = good_payload(command->command, to, payload, bytes);
	if (how & 1) { /* another payload */
		length = input_16(&in) % (USER_PAYLOAD_MAX + 128);
		input_bytes(&in, to, length < in.left ? length : in.left);
	}
	for (unsigned n = how >> 1 & 3; n; n--) { /* some of its words changed */
		size_t at = input_8(&in);
		uint64_t value = input_number(&in, 1 + (at & 7));
		memcpy(to + at, &value, 1 + (at & 7));
		length = how & 8 ? at : length;
	}
	header.bytes = (uint32_t)(sizeof(header) + length);
	if (how & 0x10) { /* another header */
		uint8_t what = input_8(&in);
		uint32_t value = input_32(&in);
		if (what & 1)
			header.flags = value;
		if (what & 2)
			header.bytes = what & 4 ? header.bytes + (value & 0xff) - 0x80 : value;
		if (what & 8)
			header.error = value;
		if (what & 16)
			header.id = (uint16_t)value;
		if (what & 32)
			header.command = (uint16_t)value;
		if (what & 64)
			header = (struct vfio_user_header){.id = command->id,
				.command = command->command,
				.bytes = 16,
				.flags = 0x21,
				.error = value & 0xff};
	}
	if (how & 0x20) { /* descriptors */
		uint8_t what = input_8(&in);
		reply.fds = what % 20;
		reply.fd = (int[]){bar_sealed, bar_small, bar_open, bar_huge}[what >> 6];
	}
	if (how & 0x40)
		reply.piece = 1 + input_8(&in);
	reply.length = sizeof(header) + length;
	if (how & 0x80) { /* no answer, or one cut short */
		uint8_t what = input_8(&in);
		reply.length = what % (reply.length + 1);
		reply.error = what & 0x80 ? EAGAIN : what & 0x40 ? ECONNRESET : 0;
	}
	memcpy(reply.bytes, &header, sizeof(header));
}

static ssize_t fuzz_sendmsg(int fd, const struct msghdr *message, int flags)
{
	static uint8_t bytes[sizeof(struct vfio_user_header) + 2 * USER_ACCESS_MAX];
	struct vfio_user_header header;
	size_t length = 0;

	(void)fd, (void)flags;
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		HOLDS(message->msg_iov[i].iov_len <= sizeof(bytes) - length);
		if (message->msg_iov[i].iov_len)
			memcpy(bytes + length, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
		length += message->msg_iov[i].iov_len;
	}
	memcpy(&header, bytes, sizeof(header));
	HOLDS(header.bytes == length);
	make_reply(&header, bytes + sizeof(header), length - sizeof(header));
	return (ssize_t)length;
}

static ssize_t fuzz_recvmsg(int fd, struct msghdr *message, int flags)
{
	size_t bytes = reply.length - reply.given, room = message->msg_iov[0].iov_len;
	unsigned most = (unsigned)((message->msg_controllen - CMSG_LEN(0)) / sizeof(int)), count = reply.fds;

	(void)fd, (void)flags;
	HOLDS(message->msg_iovlen == 1 && room > 0);
	if (!bytes && reply.error) {
		errno = reply.error;
		return -1;
	}
	bytes = bytes < room ? bytes : room;
	bytes = bytes < reply.piece ? bytes : reply.piece;
	memcpy(message->msg_iov[0].iov_base, reply.bytes + reply.given, bytes);
	reply.given += bytes;
	reply.fds = 0;
	message->msg_flags = count > most ? MSG_CTRUNC : 0;
	count = count < most ? count : most;
	message->msg_controllen = count ? CMSG_SPACE(count * sizeof(int)) : 0;
	if (count) {
		struct cmsghdr *c = message->msg_control;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		for (unsigned i = 0; i < count; i++) {
			int copy = fcntl(reply.fd, F_DUPFD_CLOEXEC, 0);
			memcpy(CMSG_DATA(c) + i * sizeof(int), &copy, sizeof(copy));
		}
	}
	return (ssize_t)bytes;
}

static void use(struct vfio_device *device, struct dma_space *space)
{
	struct vfio_window window;
	struct dma_memory memory[2] = {{.base = NULL}};
	int eventfds[8];
	uint8_t data[64] = {0};

	for (unsigned steps = 0; in.left && steps < 32; steps++) {
		uint8_t op = input_8(&in);
		uint32_t offset = input_16(&in);

		switch (op & 7) {
		case 0:
			vfio_access(device, op >> 4, offset, data, NULL, 1 + offset % 64);
			break;
		case 1:
			vfio_access(device, op >> 4, offset, NULL, data, 1 + offset % 64);
			break;
		case 2:
			if (device->ops->window(device, op >> 4 & 7, &window) != 0 || offset * 4ull + 4 > window.bytes)
				break;
			vfio_write32(&window, offset * 4, vfio_read32(&window, offset * 4));
			/* a doorbell is memory that stays */
			volatile uint32_t *bell = vfio_doorbell(&window, offset * 4);
			if (bell)
				*bell = op;
			break;
		case 3:
			for (unsigned i = 0; i < 8; i++)
				eventfds[i] = offset >> i & 1 ? bar_open : -1;
			vfio_set_irqs(device, op >> 4 & 7, op & 8 ? 0 : 1 + (offset >> 10 & 7), eventfds);
			break;
		case 4:
			device->ops->reset(device);
			break;
		case 5:
			if (!memory[op >> 7].base)
				dma_memory_alloc(&memory[op >> 7], space, 4096, -1);
			break;
		case 6:
			dma_memory_free(&memory[op >> 7]);
			break;
		default:
			vfio_set_bus_master(device, op & 8);
			break;
		}
	}
	dma_memory_free(&memory[0]);
	if (input_8(&in) & 1) {
		vfio_device_close(device);
		dma_memory_free(&memory[1]);
	} else {
		dma_memory_free(&memory[1]);
		vfio_device_close(device);
	}
}

static int make_file(size_t bytes, int seals, unsigned flags)
{
	int fd = memfd_create("bar", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	if (fd < 0 && flags)
		return bar_open; /* a kernel without hugepages */
	HOLDS(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct dma_memory before = {.base = NULL};
	struct vfio_device *device;
	struct dma_space *space;
	int lowest, now;

	in = (struct input){data, bytes};
	if (!bar_sealed) {
		bar_sealed = make_file(BAR_BYTES, F_SEAL_SHRINK | F_SEAL_GROW, 0);
		bar_open = make_file(BAR_BYTES, 0, 0);
		bar_small = make_file(0x1800, F_SEAL_SHRINK, 0);
		/* without free hugepages it cannot be mapped, and is merely another file */
		bar_huge = make_file(2u << 20, F_SEAL_SHRINK, MFD_HUGETLB);
	}
	lowest = dup(0);
	close(lowest);
	HOLDS(dma_space_open(&space) == 0);
	if (input_8(&in) & 1)
		HOLDS(dma_memory_alloc(&before, space, 8192, -1) == 0);
	if (vfio_device_open(&device, "vfio-user:/nowhere", space) == 0)
		use(device, space);
	dma_memory_free(&before);
	dma_space_unref(space);
	now = dup(0);
	close(now);
	HOLDS(now == lowest); /* whatever was sent, nothing stays open or mapped */
	HOLDS(mapped == 0);
	return 0;
}
