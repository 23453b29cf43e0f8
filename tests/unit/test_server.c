/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the software 82599's vfio-user server against a raw client that breaks the protocol in every way it can
 * think of. */
#include "unit_raw_client.h"

#include "unit.h"
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
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define IOVA             0x100000000ull
#define PAGE             4096u
#define POLLS            64u
#define COMMAND_REGISTER 4u
#define BUS_MASTER       4u

static int memory_fd(size_t bytes)
{
	int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static bool alive(void)
{
	return raw_read_region(VFIO_PCI_CONFIG_REGION_INDEX, 0, 4) == 0;
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

static unsigned take_all(void *context, const struct model_frame *frames, unsigned n)
{
	(void)context;
	(void)frames;
	return n;
}

static int suite_begin(void)
{
	char error[256];
	struct server_config config = {0};
	return server_open(&raw_server, &config, error, sizeof(error));
}

static int suite_end(void)
{
	if (raw_client >= 0)
		close(raw_client);
	raw_client = -1;
	server_close(raw_server);
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
	raw_join();
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &ours, sizeof(ours.version) + strlen(ours.text) + 1), 0);
	memcpy(&answer, raw_reply.payload, sizeof(answer));
	ASSERT_NUMBER(answer.major, 0);
	ASSERT_NUMBER(answer.minor, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr((char *)raw_reply.payload + sizeof(answer), "\"max_msg_fds\":16"));
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &ours.version, sizeof(ours.version)), EINVAL);

	raw_join();
	ours.version.minor = 9;
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &ours.version, sizeof(ours.version)), 0);
	memcpy(&answer, raw_reply.payload, sizeof(answer));
	ASSERT_NUMBER(answer.minor, 1);
}

static void the_device_describes_itself(void)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	raw_greet();
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info)), 0);
	memcpy(&info, raw_reply.payload, sizeof(info));
	ASSERT_NUMBER(info.num_regions, VFIO_PCI_NUM_REGIONS);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_region_info region = {.argsz = 32, .index = i};
		ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
		memcpy(&region, raw_reply.payload, sizeof(region));
		ASSERT_NUMBER(region.size, model_region_bytes(i));
		ASSERT_NUMBER(raw_reply.header.bytes, 48);
		ASSERT_NUMBER(raw_reply.fd >= 0, i == 0);
		if (i == 0) {
			ASSERT_NUMBER(region.argsz, 32 + 16 + 3 * 16);
			ASSERT_NUMBER(region.cap_offset, 32);
		}
		raw_close_reply_fd();
	}
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX};
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
	memcpy(&irq, raw_reply.payload, sizeof(irq));
	ASSERT_NUMBER(irq.count, MODEL_VECTORS);
}

static void heads_and_tails_are_shared_but_sealed(void)
{
	struct vfio_region_info region = {.argsz = 4096, .index = 0};
	struct vfio_region_sparse_mmap_area areas[3];
	raw_greet();
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
	memcpy(&region, raw_reply.payload, sizeof(region));
	ASSERT_NUMBER(region.argsz, raw_reply.header.bytes - sizeof(raw_reply.header));
	memcpy(areas, raw_reply.payload + 32 + 16, sizeof(areas));
	ASSERT_NUMBER(areas[0].offset, 0x1000);
	ASSERT_NUMBER(areas[1].offset, 0x6000);
	ASSERT_NUMBER(areas[2].offset, 0xd000);
	CU_ASSERT_FATAL(raw_reply.fd >= 0);
	CU_ASSERT_TRUE(ftruncate(raw_reply.fd, 4096) < 0);
	CU_ASSERT_TRUE(ftruncate(raw_reply.fd, 1 << 20) < 0);
	/* A tail stored through the mapping is what a message reads. */
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, raw_reply.fd, 0x6000);
	CU_ASSERT_FATAL(page != MAP_FAILED);
	uint32_t tail = 5, seen = 0;
	memcpy(page + 0x18, &tail, sizeof(tail));
	raw_close_reply_fd();
	ASSERT_NUMBER(raw_read_region(0, 0x6018, 4), 0);
	memcpy(&seen, raw_reply.payload + sizeof(struct vfio_user_region_access), sizeof(seen));
	ASSERT_NUMBER(seen, 5);
	munmap(page, PAGE);
}

static void nothing_is_shared_when_told_so(void)
{
	struct server *shared = raw_server;
	struct server_config config = {.no_shared = true};
	char error[256];
	CU_ASSERT_EQUAL_FATAL(server_open(&raw_server, &config, error, sizeof(error)), 0);
	struct vfio_region_info region = {.argsz = 4096, .index = 0};
	raw_greet();
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
	memcpy(&region, raw_reply.payload, sizeof(region));
	ASSERT_NUMBER(region.flags & (VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS), 0);
	ASSERT_NUMBER(raw_reply.fd, -1);
	server_close(raw_server);
	raw_server = shared;
}

static unsigned irqs_of(uint32_t index)
{
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = index};
	CU_ASSERT_EQUAL(raw_ask(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
	memcpy(&irq, raw_reply.payload, sizeof(irq));
	return irq.count;
}

static void one_kind_of_interrupt_is_offered_when_told_so(void)
{
	static const struct {
		enum model_interrupts offered;
		unsigned intx, msi, msix;
	} kinds[] = {
		{MODEL_ALL_INTERRUPTS, 1, 1, MODEL_VECTORS},
		{MODEL_ONLY_MSI, 0, 1, 0},
		{MODEL_ONLY_INTX, 1, 0, 0},
		{MODEL_NO_INTERRUPTS, 0, 0, 0},
	};
	struct server *shared = raw_server;
	for (unsigned i = 0; i < 4; i++) {
		struct server_config config = {.model.interrupts = kinds[i].offered};
		char error[256];
		CU_ASSERT_EQUAL_FATAL(server_open(&raw_server, &config, error, sizeof(error)), 0);
		raw_greet();
		ASSERT_NUMBER(irqs_of(VFIO_PCI_INTX_IRQ_INDEX), kinds[i].intx);
		ASSERT_NUMBER(irqs_of(VFIO_PCI_MSI_IRQ_INDEX), kinds[i].msi);
		ASSERT_NUMBER(irqs_of(VFIO_PCI_MSIX_IRQ_INDEX), kinds[i].msix);
		server_close(raw_server);
	}
	raw_server = shared;
}

static void configuration_space_is_read_whole_and_written(void)
{
	uint16_t command = BUS_MASTER | 2, id;
	raw_greet();
	ASSERT_NUMBER(raw_read_region(VFIO_PCI_CONFIG_REGION_INDEX, 0, 256), 0);
	memcpy(&id, raw_reply.payload + sizeof(struct vfio_user_region_access), sizeof(id));
	ASSERT_NUMBER(id, 0x8086);
	ASSERT_NUMBER(raw_write_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, &command, sizeof(command)), 0);
	ASSERT_NUMBER(raw_read_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(raw_reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, BUS_MASTER);
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_RESET, NULL, 0), 0);
	ASSERT_NUMBER(raw_read_region(VFIO_PCI_CONFIG_REGION_INDEX, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(raw_reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, 0);
}

static void posted_commands_get_no_reply_and_keep_their_order(void)
{
	uint8_t messages[256];
	struct {
		struct vfio_user_region_access access;
		uint16_t value;
	} __attribute__((packed))
	write = {.access = {.offset = COMMAND_REGISTER, .region = 7, .count = 2}, .value = BUS_MASTER};
	struct vfio_user_region_access read = {.offset = COMMAND_REGISTER, .region = 7, .count = 2};
	raw_greet();
	size_t bytes = raw_compose(messages, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY, &write, sizeof(write));
	bytes += raw_compose(messages + bytes, 99, VFIO_USER_NO_REPLY, NULL, 0);
	bytes += raw_compose(messages + bytes, VFIO_USER_REGION_READ, 0, &read, sizeof(read));
	raw_send(messages, bytes, NULL, 0);
	raw_serve();
	ASSERT_NUMBER(raw_fetch(), sizeof(raw_reply.header));
	ASSERT_NUMBER(raw_reply.header.command, VFIO_USER_REGION_READ);
	ASSERT_NUMBER(raw_reply.payload[sizeof(read)] & BUS_MASTER, BUS_MASTER);
	ASSERT_NUMBER(raw_fetch(), -1);
}

/* ---- Messages that are wrong ---- */

static void nothing_goes_before_version(void)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	struct vfio_user_version other = {1, 0};
	raw_join();
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info)), EPROTO);
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &other, sizeof(other)), ENOTSUP);
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &other, 2), EINVAL);
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_RESET, NULL, 0), EPROTO);
	struct {
		struct vfio_user_version version;
		char text[5];
	} open_text = {.text = {'{', '}', ' ', ' ', ' '}};
	ASSERT_NUMBER(raw_ask(VFIO_USER_VERSION, &open_text, 9), EINVAL);
}

static void a_message_of_the_wrong_size_is_an_error(void)
{
	static const uint8_t zeroes[256];
	raw_greet();
	for (unsigned command = VFIO_USER_DMA_MAP; command <= VFIO_USER_REGION_WRITE; command++) {
		for (size_t bytes = 0; bytes <= 64; bytes++)
			CU_ASSERT_NOT_EQUAL(raw_ask(command, zeroes, bytes), 0);
		CU_ASSERT_NOT_EQUAL(raw_ask(command, zeroes, sizeof(zeroes)), 0);
	}
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_RESET, zeroes, 1), EINVAL);
	CU_ASSERT_TRUE(alive());
}

static void an_unknown_command_is_an_error(void)
{
	static const unsigned commands[] = {0, 6, 11, 12, 14, 15, 16, 17, 18, 19, 255, 65535};
	raw_greet();
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		ASSERT_NUMBER(raw_ask(commands[i], NULL, 0), ENOTSUP);
	CU_ASSERT_TRUE(alive());
}

static void a_size_that_no_message_has_ends_the_connection_with_an_error(void)
{
	static const uint32_t sizes[] = {0, 1, 15, CHANNEL_MESSAGE_MAX + 1, UINT32_MAX};
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vfio_user_header header = {.id = 3, .command = VFIO_USER_REGION_READ, .bytes = sizes[i]};
		raw_greet();
		raw_send(&header, sizeof(header), NULL, 0);
		raw_serve();
		ASSERT_NUMBER(raw_fetch(), sizeof(raw_reply.header));
		ASSERT_NUMBER(raw_reply.header.error, EMSGSIZE);
		ASSERT_NUMBER(raw_fetch(), 0);
		CU_ASSERT_FALSE(server_connected(raw_server));
	}
}

static void a_reply_to_nothing_ends_the_connection(void)
{
	uint8_t message[16];
	for (uint32_t type = 1; type < 16; type++) {
		raw_greet();
		raw_send(message, raw_compose(message, VFIO_USER_DMA_READ, type, NULL, 0), NULL, 0);
		raw_serve();
		ASSERT_NUMBER(raw_fetch(), 0);
	}
}

static void regions_end_where_they_end(void)
{
	static const uint8_t data[64];
	static const uint32_t regions[] = {0, 4, 7};
	raw_greet();
	for (unsigned i = 0; i < 3; i++) {
		uint32_t region = regions[i];
		uint64_t end = model_region_bytes(region);
		ASSERT_NUMBER(raw_read_region(region, end - 4, 4), 0);
		ASSERT_NUMBER(raw_read_region(region, end - 4, 8), EINVAL);
		ASSERT_NUMBER(raw_read_region(region, end, 4), EINVAL);
		ASSERT_NUMBER(raw_read_region(region, UINT64_MAX - 3, 4), EINVAL);
		ASSERT_NUMBER(raw_read_region(region, 0, 0), EINVAL);
		ASSERT_NUMBER(raw_read_region(region, 0, UINT32_MAX), EINVAL);
		ASSERT_NUMBER(raw_write_region(region, end, data, 4), EINVAL);
		ASSERT_NUMBER(raw_write_region(region, UINT64_MAX - 3, data, 4), EINVAL);
	}
	ASSERT_NUMBER(raw_read_region(1, 0, 4), EINVAL);
	ASSERT_NUMBER(raw_read_region(9, 0, 4), EINVAL);
	ASSERT_NUMBER(raw_read_region(UINT32_MAX, 0, 4), EINVAL);
	struct vfio_user_region_access lies = {.region = 0, .count = 64};
	ASSERT_NUMBER(raw_ask(VFIO_USER_REGION_WRITE, &lies, sizeof(lies)), EINVAL);
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
	raw_greet();
	unsigned before = open_files();
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), fds, 1), EINVAL);
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), fds, 32), EINVAL);
	struct vfio_user_dma_map dma = {.argsz = sizeof(dma), .flags = 3, .address = IOVA, .bytes = PAGE};
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), fds, 2), EINVAL);
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DMA_MAP, &dma, sizeof(dma), fds, 17), EINVAL);
	struct vfio_irq_set set = {.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = 2,
		.count = 1};
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL); /* no eventfd */
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 2), EINVAL);
	ASSERT_NUMBER(open_files(), before);
	/* With the parts of a message that never ends, too. */
	uint8_t message[64];
	size_t bytes = raw_compose(message, VFIO_USER_DMA_MAP, 0, &dma, sizeof(dma));
	raw_send(message, 20, fds, 16);
	raw_serve();
	for (unsigned i = 20; i + 1 < bytes; i++)
		raw_send(message + i, 1, fds, 4);
	raw_serve();
	raw_join();
	raw_serve();
	ASSERT_NUMBER(open_files(), before);
	close(fd);
}

static void interrupts_reach_their_eventfds(void)
{
	int fds[16];
	uint64_t count;
	struct vfio_irq_set set = {.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX};
	raw_greet();
	unsigned before = open_files();
	for (unsigned i = 0; i < 16; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	set.start = MODEL_VECTORS - 16;
	set.count = 16;
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 16), 0);
	struct vfio_irq_set fire = {.argsz = sizeof(fire),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = set.index,
		.start = MODEL_VECTORS - 1,
		.count = 1};
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);
	ASSERT_NUMBER(read(fds[15], &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(read(fds[14], &count, sizeof(count)), -1);
	/* A full one stops nobody. */
	count = UINT64_MAX - 1;
	ASSERT_NUMBER(write(fds[15], &count, sizeof(count)), sizeof(count));
	fcntl(fds[15], F_SETFL, 0);
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);

	set.start = MODEL_VECTORS;
	set.count = 1;
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL);
	set.start = UINT32_MAX;
	set.count = 2;
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 2), EINVAL);
	set.index = 77;
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 1), EINVAL);
	struct vfio_irq_set off = {.argsz = sizeof(off),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX};
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &off, sizeof(off)), 0);
	for (unsigned i = 0; i < 16; i++)
		close(fds[i]);
	ASSERT_NUMBER(open_files(), before);
}

static void intx_stays_masked_until_it_is_unmasked(void)
{
	uint64_t count = 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct vfio_irq_set set = {.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = 0,
		.count = 1};
	struct vfio_irq_set fire = {.argsz = sizeof(fire),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = 0,
		.count = 1};
	struct vfio_irq_set unmask = {.argsz = sizeof(unmask),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		.index = 0,
		.count = 1};
	raw_greet();
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), &fd, 1), 0);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);
	ASSERT_NUMBER(read(fd, &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(count, 1);
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &unmask, sizeof(unmask)), 0);
	ASSERT_NUMBER(read(fd, &count, sizeof(count)), sizeof(count));
	ASSERT_NUMBER(count, 1);
	close(fd);
}

/* ---- Memory ---- */

static void memory_is_mapped_once_and_only_whole(void)
{
	int fd = memory_fd(4 * PAGE), odd = memory_fd(PAGE + 100), pipes[2];
	raw_greet();
	ASSERT_NUMBER(raw_map_at(IOVA, 2 * PAGE, 0, fd), 0);
	ASSERT_NUMBER(raw_map_at(IOVA, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(raw_map_at(IOVA + PAGE, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(raw_map_at(IOVA - PAGE, 2 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(raw_map_at(IOVA - PAGE, 4 * PAGE, 0, fd), EEXIST);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, 2 * PAGE, 3 * PAGE, fd), EINVAL); /* behind the file's end */
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE, UINT64_MAX - PAGE + 1, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, UINT64_MAX - PAGE + 1, 0, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(UINT64_MAX - PAGE + 1, 2 * PAGE, 0, fd), EINVAL); /* wraps around */
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE + 1, PAGE, 0, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE + 1, 0, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE, 1, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, 0, 0, fd), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, 2 * PAGE, 0, odd), EINVAL);
	CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_CLOEXEC), 0);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE, 0, pipes[0]), EINVAL);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE, 0, raw_client), EINVAL);
	int proc = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_NUMBER(raw_map_at(IOVA + 2 * PAGE, PAGE, 0, proc), EINVAL); /* no memory file */
	ASSERT_NUMBER(raw_map_at(UINT64_MAX - PAGE + 1, PAGE, 0, fd), 0);  /* the last page there is */
	ASSERT_NUMBER(raw_map_at(0, PAGE, 0, -1), 0);                      /* known, but not reachable */
	struct vfio_user_dma_map flags = {.argsz = sizeof(flags), .flags = 8, .address = IOVA * 2, .bytes = PAGE};
	ASSERT_NUMBER(raw_ask(VFIO_USER_DMA_MAP, &flags, sizeof(flags)), EINVAL);

	ASSERT_NUMBER(raw_unmap_at(IOVA, PAGE), ENOENT);
	ASSERT_NUMBER(raw_unmap_at(IOVA + PAGE, PAGE), ENOENT);
	ASSERT_NUMBER(raw_unmap_at(IOVA * 4, PAGE), ENOENT);
	ASSERT_NUMBER(raw_unmap_at(IOVA, 2 * PAGE), 0);
	ASSERT_NUMBER(raw_unmap_at(IOVA, 2 * PAGE), ENOENT);
	struct vfio_iommu_type1_dma_unmap all = {.argsz = sizeof(all), .flags = 2};
	ASSERT_NUMBER(raw_ask(VFIO_USER_DMA_UNMAP, &all, sizeof(all)), 0);
	ASSERT_NUMBER(raw_unmap_at(0, PAGE), ENOENT);
	close(proc);
	close(pipes[0]);
	close(pipes[1]);
	close(odd);
	close(fd);
}

static void a_client_that_takes_its_memory_away_loses_the_device(void)
{
	int fd = memory_fd(PAGE);
	uint64_t broken = server_counts(raw_server)->broken;
	raw_greet();
	ASSERT_NUMBER(raw_map_at(IOVA, PAGE, 0, fd), 0);
	/* The card reads a descriptor there: bus mastering on, and a transmit queue with its ring at IOVA. */
	static const struct {
		uint32_t region, offset, value;
	} writes[] = {
		{7, COMMAND_REGISTER, BUS_MASTER | 2},
		{0, 0x6000, (uint32_t)IOVA},
		{0, 0x6004, IOVA >> 32},
		{0, 0x6008, PAGE},
		{0, 0x4a80, 1},
		{0, 0x6028, 1u << 25},
		{0, 0x42a0, 3u << 13 | 1u << 12},
	};
	model_step(server_model(raw_server), 1000000000);
	model_set_partner(server_model(raw_server), true);
	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		ASSERT_NUMBER(raw_write_region(writes[i].region, writes[i].offset, &writes[i].value,
				      writes[i].region == 7 ? 2 : 4),
			0);
	model_step(server_model(raw_server), 2000000000);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, 0), 0);
	uint32_t tail = 8;
	ASSERT_NUMBER(raw_write_region(0, 0x6018, &tail, 4), 0);
	struct model_sink sink = {.take = take_all, .lengths_only = true};
	CU_ASSERT_TRUE(model_link_up(server_model(raw_server)));
	model_transmit(server_model(raw_server), &sink, 8);
	raw_serve();
	CU_ASSERT_FALSE(server_connected(raw_server));
	ASSERT_NUMBER(server_counts(raw_server)->broken, broken + 1);
	raw_greet();
	CU_ASSERT_TRUE(alive());
	close(fd);
}

/* ---- Clients that come and go ---- */

static void a_client_may_go_at_any_byte(void)
{
	uint8_t messages[256];
	struct vfio_user_version version = {0, 0};
	struct vfio_user_dma_map dma = {.argsz = sizeof(dma), .flags = 3, .address = IOVA, .bytes = PAGE};
	int fd = memory_fd(PAGE);
	size_t first = raw_compose(messages, VFIO_USER_VERSION, 0, &version, sizeof(version));
	size_t bytes = first + raw_compose(messages + first, VFIO_USER_DMA_MAP, 0, &dma, sizeof(dma));
	raw_join();
	unsigned before = open_files();
	for (size_t cut = 1; cut <= bytes; cut++) {
		raw_join();
		raw_send(messages, cut < first ? cut : first, NULL, 0);
		raw_serve();
		if (cut > first)
			raw_send(messages + first, cut - first, &fd, 1);
		raw_serve();
		CU_ASSERT_TRUE(server_connected(raw_server));
		close(raw_client);
		raw_client = -1;
		raw_serve();
		CU_ASSERT_FALSE(server_connected(raw_server));
	}
	raw_greet();
	CU_ASSERT_TRUE(alive());
	ASSERT_NUMBER(open_files(), before);
	close(fd);
}

static void a_message_may_come_byte_by_byte(void)
{
	uint8_t message[64];
	struct vfio_user_version version = {0, 0};
	raw_join();
	size_t bytes = raw_compose(message, VFIO_USER_VERSION, 0, &version, sizeof(version));
	for (size_t i = 0; i < bytes; i++) {
		ASSERT_NUMBER(raw_fetch(), -1);
		raw_send(message + i, 1, NULL, 0);
		raw_serve();
	}
	ASSERT_NUMBER(raw_fetch(), sizeof(raw_reply.header));
}

static void what_a_client_leaves_is_gone_for_the_next(void)
{
	uint16_t command = BUS_MASTER;
	int fd = memory_fd(PAGE);
	raw_greet();
	ASSERT_NUMBER(raw_map_at(IOVA, PAGE, 0, fd), 0);
	ASSERT_NUMBER(raw_write_region(7, COMMAND_REGISTER, &command, 2), 0);
	raw_greet();
	ASSERT_NUMBER(raw_read_region(7, COMMAND_REGISTER, 2), 0);
	ASSERT_NUMBER(raw_reply.payload[sizeof(struct vfio_user_region_access)] & BUS_MASTER, 0);
	ASSERT_NUMBER(raw_unmap_at(IOVA, PAGE), ENOENT);
	close(fd);
}

static void who_has_gone_moves_no_tails(void)
{
	struct vfio_region_info region = {.argsz = 4096, .index = 0};
	uint32_t tail = 5, seen = 1;
	raw_greet();
	ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region)), 0);
	CU_ASSERT_FATAL(raw_reply.fd >= 0);
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, raw_reply.fd, 0x6000);
	CU_ASSERT_FATAL(page != MAP_FAILED);
	raw_close_reply_fd();
	raw_greet();
	memcpy(page + 0x18, &tail, sizeof(tail));
	ASSERT_NUMBER(raw_read_region(0, 0x6018, 4), 0);
	memcpy(&seen, raw_reply.payload + sizeof(struct vfio_user_region_access), sizeof(seen));
	ASSERT_NUMBER(seen, 0);
	munmap(page, PAGE);
}

static void a_flood_is_held_back(void)
{
	struct vfio_user_region_access access = {.region = 7, .count = 4096};
	uint8_t message[64];
	size_t bytes = raw_compose(message, VFIO_USER_REGION_READ, 0, &access, sizeof(access));
	unsigned sent = 0, answered = 0;
	raw_greet();
	/* Nobody fetches the answers: at some point the server reads no more, and the sender is stopped. */
	for (unsigned round = 0; round < 1000; round++) {
		while (send(raw_client, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes)
			sent++;
		raw_serve();
	}
	ASSERT_NUMBER(server_connected(raw_server), true);
	for (unsigned idle = 0; idle < 100; idle++) {
		while (raw_fetch() > 0) {
			answered++;
			idle = 0;
		}
		server_poll(raw_server, 1);
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
		if (!server_connected(raw_server) || round % 500 == 0)
			raw_greet();
		size_t bytes = 16 + (state = state * 1664525 + 1013904223) % 64;
		for (size_t i = 0; i < bytes; i++) {
			state = state * 1664525 + 1013904223;
			message[i] = (uint8_t)(state >> 24) & (state >> 9 & 1 ? 0xff : 0x03);
		}
		struct vfio_user_header header = {.command = (uint16_t)((state >> 8) % 14),
			.bytes = (uint32_t)bytes,
			.flags = (state >> 12) % 8 ? 0 : state % 64};
		memcpy(message, &header, sizeof(header));
		raw_send(message, bytes, &fd, (state >> 16) % 2);
		server_poll(raw_server, 4);
		while (raw_fetch() > 0)
			raw_close_reply_fd();
	}
	raw_greet();
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

static struct {
	const char *path;
	int client; /* -1: nothing happens */
} swap = {.client = -1};

/** The C library's, before which, once, a client closes its connection and connects again: after the server has looked
 * at the old one. */
int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict bytes, int flags)
{
	if (swap.client >= 0) {
		close(swap.client);
		swap.client = -1;
		raw_client = connect_to(swap.path);
	}
	return (int)syscall(SYS_accept4, listener, address, bytes, flags);
}

static void who_closes_may_connect_again_at_once(void)
{
	char folder[] = "/tmp/test_server_XXXXXX", path[64], error[256] = "", byte;
	struct server *ours;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	struct server_config config = {.path = path};
	CU_ASSERT_EQUAL_FATAL(server_open(&ours, &config, error, sizeof(error)), 0);
	int first = connect_to(path);
	ASSERT_NUMBER(server_poll(ours, 16), 1);
	ASSERT_NUMBER(send(first, "unread", 6, 0), 6);
	swap.path = path;
	swap.client = first;
	server_poll(ours, 16);
	ASSERT_NUMBER(recv(raw_client, &byte, 1, MSG_DONTWAIT), -1); /* nothing yet, and not the end */
	ASSERT_NUMBER(server_counts(ours)->refused, 0);
	ASSERT_NUMBER(server_counts(ours)->clients, 2);
	server_close(ours);
	raw_leave();
	rmdir(folder);
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
	/* as long as a client's may be */
	memcpy(large, folder, strlen(folder));
	large[strlen(folder)] = '/';
	large[sizeof(address.sun_path)] = '\0';
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), -ENAMETOOLONG);
	large[sizeof(address.sun_path) - 1] = '\0';
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), 0);
	ASSERT_NUMBER(lstat(large, &status), 0);
	server_close(ours);
	CU_ASSERT_NOT_EQUAL(lstat(large, &status), 0);
	config.path = "/tmp/no-such-folder-here/s";
	ASSERT_NUMBER(server_open(&ours, &config, error, sizeof(error)), -ENOENT);
	rmdir(folder);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a version is agreed on", a_version_is_agreed_on},
		{"the device describes itself", the_device_describes_itself},
		{"one kind of interrupt is offered when told so", one_kind_of_interrupt_is_offered_when_told_so},
		{"heads and tails are shared but sealed", heads_and_tails_are_shared_but_sealed},
		{"nothing is shared when told so", nothing_is_shared_when_told_so},
		{"configuration space is read whole and written", configuration_space_is_read_whole_and_written},
		{"posted commands get no reply and keep their order",
			posted_commands_get_no_reply_and_keep_their_order},
		{"nothing goes before VERSION", nothing_goes_before_version},
		{"a message of the wrong size is an error", a_message_of_the_wrong_size_is_an_error},
		{"an unknown command is an error", an_unknown_command_is_an_error},
		{"a size that no message has ends the connection with an error",
			a_size_that_no_message_has_ends_the_connection_with_an_error},
		{"a reply to nothing ends the connection", a_reply_to_nothing_ends_the_connection},
		{"regions end where they end", regions_end_where_they_end},
		{"descriptors that nobody wants are closed", descriptors_that_nobody_wants_are_closed},
		{"interrupts reach their eventfds", interrupts_reach_their_eventfds},
		{"INTx stays masked until it is unmasked", intx_stays_masked_until_it_is_unmasked},
		{"memory is mapped once and only whole", memory_is_mapped_once_and_only_whole},
		{"a client that takes its memory away loses the device",
			a_client_that_takes_its_memory_away_loses_the_device},
		{"a client may go at any byte", a_client_may_go_at_any_byte},
		{"a message may come byte by byte", a_message_may_come_byte_by_byte},
		{"what a client leaves is gone for the next", what_a_client_leaves_is_gone_for_the_next},
		{"who has gone moves no tails", who_has_gone_moves_no_tails},
		{"a flood is held back", a_flood_is_held_back},
		{"random messages are survived", random_messages_are_survived},
		{"who closes may connect again at once", who_closes_may_connect_again_at_once},
		{"one client at a time, and the next after a kill", one_client_at_a_time_and_the_next_after_a_kill},
		{"a stale socket is replaced and a file is not", a_stale_socket_is_replaced_and_a_file_is_not},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "server", .pInitFunc = suite_begin, .pCleanupFunc = suite_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
