/* SPDX-License-Identifier: BSD-2-Clause
 * pollux-model as a process against clients that mean ill: memory that goes away under traffic, rings that make no
 * sense, floods, connections that end anywhere. Beside them our driver receives on the other port, without a break;
 * after each of them it is served on the same port; and what happened stands in the report at the end. */
#include "../../driver/nic.h"
#include "unit_raw_client.h"

#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IOVA    0x100000000ull
#define BYTES   (2u << 20)
#define RX_RING (IOVA) /* rings and buffers in the client's memory */
#define TX_RING (IOVA + 0x10000)
#define BUFFER  (IOVA + 0x100000)
#define SLOTS   256u
#define ENABLE  (1u << 25)

static char folder[] = "/tmp/test_hostile_XXXXXX", path[2][32], address[2][64];
static pid_t model;
static int report_pipe;
static struct dma_space *space;
static struct nic *neighbour; /* our driver on port 1 */
static int memory = -1;
static uint8_t *at;

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- The model's process ---- */

static int start_model(void)
{
	char program[256];
	int ends[2];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 20);
	if (length < 0 || !mkdtemp(folder) || pipe2(ends, O_CLOEXEC))
		return -1;
	program[length] = '\0';
	strcpy(strrchr(program, '/') + 1, "pollux-model");
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%u", folder, i);
		snprintf(address[i], sizeof(address[i]), "vfio-user:%s/%u", folder, i);
	}
	model = fork();
	if (model == 0) {
		/* Few descriptors, so that a flood of them is felt. */
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){96, 96});
		dup2(ends[1], STDOUT_FILENO);
		execl(program, program, "--json", "--port", path[0], "--port", path[1], "--wire", "0:source", "--wire",
			"0:sink", "--wire", "1:source,rate=100k", "--wire", "1:sink", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	report_pipe = ends[0];
	for (unsigned i = 0; i < 1000 && (access(path[0], F_OK) || access(path[1], F_OK)); i++)
		usleep(10000);
	return access(path[1], F_OK);
}

/** A number of port 0 in the report; the text ends the model. */
static double number(const char *report, const char *name)
{
	char wanted[64];
	snprintf(wanted, sizeof(wanted), "\"%s\":", name);
	const char *found = strstr(report, wanted);
	return found ? atof(found + strlen(wanted)) : -1;
}

/* ---- Our driver, as the good client ---- */

static bool receives(struct nic *nic, unsigned wanted)
{
	struct pkt pkts[32];
	unsigned got = 0;
	for (double end = seconds() + 20; got < wanted && seconds() < end;) {
		unsigned n = nic_rx(nic_rxq(nic, 0), pkts, 32);
		pkt_free(pkts, n);
		got += n;
	}
	return got >= wanted;
}

static void all_is_well(void)
{
	struct nic *nic;
	raw_leave();
	CU_ASSERT_TRUE(receives(neighbour, 100));
	int ret = -1;
	for (unsigned i = 0; i < 50 && (ret = nic_open(&nic, address[0], space)) != 0; i++)
		usleep(20000); /* the model has yet to see that the last one went */
	if (ret)
		printf("\n    nic_open: %s ", nic_error());
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	CU_ASSERT_EQUAL_FATAL(nic_start(nic, &(struct nic_config){.promiscuous = true}), 0);
	CU_ASSERT_TRUE(receives(nic, 1000));
	nic_close(nic);
	ASSERT_NUMBER(waitpid(model, NULL, WNOHANG), 0);
}

/* ---- The bad client ---- */

static void put(uint32_t offset, uint32_t value)
{
	ASSERT_NUMBER(raw_write_region(0, offset, &value, sizeof(value)), 0);
}

static uint32_t get(uint32_t offset)
{
	uint32_t value = 0;
	ASSERT_NUMBER(raw_read_region(0, offset, sizeof(value)), 0);
	memcpy(&value, raw_reply.payload + sizeof(struct vfio_user_region_access), sizeof(value));
	return value;
}

static void new_memory(void)
{
	if (at)
		munmap(at, BYTES);
	if (memory >= 0)
		close(memory);
	memory = memfd_create("hostile", MFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(ftruncate(memory, BYTES), 0);
	at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
}

static void join(void)
{
	struct vfio_user_version version = {0, 0};
	/* A former client may be there until the model looks: then this one is refused. */
	for (unsigned i = 0; i < 100; i++) {
		raw_join();
		if (raw_ask(VFIO_USER_VERSION, &version, sizeof(version)) == 0)
			return;
		usleep(10000);
	}
	CU_FAIL_FATAL("not served");
}

/** Descriptors that make sense, where the rings usually are. */
static void describe(void)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t buffer = BUFFER + 2048ull * i, send = 60 | 3ull << 20 | 1ull << 29 | 11ull << 24 | 60ull << 46,
			 none = 0;
		memcpy(at + 16ull * i, &buffer, 8);
		memcpy(at + 16ull * i + 8, &none, 8);
		memcpy(at + 0x10000 + 16ull * i, &buffer, 8);
		memcpy(at + 0x10000 + 16ull * i + 8, &send, 8);
	}
}

/** Both rings as given, all descriptors handed over, and the source's frames coming. */
static void traffic(uint64_t rx, uint64_t tx)
{
	uint16_t command = 6;
	ASSERT_NUMBER(raw_write_region(7, 4, &command, sizeof(command)), 0);
	describe();
	put(0x042A0, 1u << 12 | 1); /* AUTOC: the link is forced up */
	put(0x05080, 0x700);
	put(0x02F00, 2);
	put(0x01000, (uint32_t)rx);
	put(0x01004, (uint32_t)(rx >> 32));
	put(0x01008, SLOTS * 16);
	put(0x01014, 1u << 25 | 2);
	put(0x01028, ENABLE);
	put(0x04A80, 1);
	put(0x06000, (uint32_t)tx);
	put(0x06004, (uint32_t)(tx >> 32));
	put(0x06008, SLOTS * 16);
	put(0x06028, ENABLE);
	for (unsigned i = 0; i < 1000 && !(get(0x01028) & get(0x06028) & ENABLE); i++)
		;
	put(0x01018, SLOTS - 1);
	put(0x06018, SLOTS - 1);
	put(0x03000, 1);
	/* The source begins when the port has been up for a while. */
	for (double until = seconds() + (rx == RX_RING ? 5 : 0.05); seconds() < until && !(rx == RX_RING && at[8] & 1);)
		get(8);
	CU_ASSERT_TRUE(rx != RX_RING || at[8] & 1);
}

/** Hands descriptors over again and again. @return whether the model still answers. */
static bool go_on(unsigned rounds)
{
	for (unsigned i = 0; i < 2 * rounds; i++) {
		struct {
			struct vfio_user_region_access access;
			uint32_t tail;
		} __attribute__((packed)) write = {{.offset = i & 1 ? 0x01018 : 0x06018, .count = 4}, i / 2 % SLOTS};
		uint8_t message[64];
		size_t bytes = raw_compose(message, VFIO_USER_REGION_WRITE, 0, &write, sizeof(write));
		if (send(raw_client, message, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
			return false;
		raw_serve();
		if (raw_fetch() <= 0 || (raw_reply.header.flags & VFIO_USER_ERROR))
			return false;
	}
	return true;
}

static void begin_with(uint64_t rx, uint64_t tx)
{
	new_memory();
	join();
	ASSERT_NUMBER(raw_map_at(IOVA, BYTES, 0, memory), 0);
	traffic(rx, tx);
}

static void memory_that_is_unmapped_under_traffic(void)
{
	begin_with(RX_RING, TX_RING);
	CU_ASSERT_TRUE(go_on(50));
	for (unsigned i = 0; i < 20; i++) {
		ASSERT_NUMBER(raw_unmap_at(IOVA, BYTES), 0);
		CU_ASSERT_TRUE(go_on(5));
		ASSERT_NUMBER(raw_map_at(IOVA, BYTES, 0, memory), 0);
		CU_ASSERT_TRUE(go_on(5));
	}
	all_is_well();
}

static void memory_that_is_cut_off_under_traffic(void)
{
	static const off_t cuts[] = {0, 0x8000, 0x10000, 0x100000};
	for (unsigned i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char byte;
		begin_with(RX_RING, TX_RING);
		CU_ASSERT_TRUE(go_on(20));
		describe();
		CU_ASSERT_EQUAL(ftruncate(memory, cuts[i]), 0);
		for (double until = seconds() + 10; go_on(20) && seconds() < until;)
			;
		CU_ASSERT_TRUE(recv(raw_client, &byte, 1, MSG_DONTWAIT) <= 0); /* our device is gone */
		all_is_well();
	}
}

static void rings_that_lie_where_nothing_is(void)
{
	static const uint64_t places[] = {
		0, IOVA - 0x1000, IOVA + BYTES - 0x800, IOVA + BYTES, 0xFFFFFFFFFFFFFF80, 0xFEE00000};
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		begin_with(places[i], places[sizeof(places) / sizeof(places[0]) - 1 - i]);
		CU_ASSERT_TRUE(go_on(20));
		put(0x01008, 0xFFFFFFFF); /* and the longest that RDLEN can say */
		put(0x01018, 0xFFFF);
		put(0x06008, 0xFFFFFFFF);
		put(0x06018, 0xFFFF);
		CU_ASSERT_TRUE(go_on(20));
	}
	all_is_well();
}

static void rings_that_overlap(void)
{
	static const uint64_t rings[][2] = {{RX_RING, RX_RING}, {RX_RING, RX_RING + 128}, {BUFFER, TX_RING},
		{BUFFER, BUFFER}, {TX_RING, BUFFER + 1024}};
	for (unsigned i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		begin_with(rings[i][0], rings[i][1]);
		CU_ASSERT_TRUE(go_on(100));
	}
	all_is_well();
}

static void messages_without_end_and_nobody_reads(void)
{
	struct vfio_user_region_access access = {.region = 7, .count = 4096};
	uint8_t message[64];
	size_t bytes = raw_compose(message, VFIO_USER_REGION_READ, 0, &access, sizeof(access));
	unsigned sent = 0;
	join();
	for (double end = seconds() + 0.5; seconds() < end;) {
		while (send(raw_client, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes)
			sent++;
		CU_ASSERT_TRUE(receives(neighbour, 10));
	}
	CU_ASSERT_TRUE(sent > 50);
	all_is_well();
	/* and ones that want no answer */
	join();
	bytes = raw_compose(message, VFIO_USER_REGION_READ, VFIO_USER_NO_REPLY, &access, sizeof(access));
	for (double end = seconds() + 0.5; seconds() < end;) {
		for (unsigned i = 0; i < 100; i++)
			send(raw_client, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
		CU_ASSERT_TRUE(receives(neighbour, 10));
	}
	all_is_well();
}

static void connections_without_end(void)
{
	join();
	int mine = raw_client;
	for (unsigned i = 0; i < 300; i++) {
		raw_client = -1;
		raw_join(); /* refused: there is one */
		close(raw_client);
		if (i % 50 == 0)
			CU_ASSERT_TRUE(receives(neighbour, 10));
	}
	raw_client = mine;
	CU_ASSERT_TRUE(go_on(10));
	all_is_well();
}

/* ---- A connection that ends at each message of a session ---- */

struct step {
	unsigned command;
	size_t bytes;
	uint8_t payload[64];
	bool with_fd;
};

static unsigned add(struct step *steps, unsigned n, unsigned command, const void *payload, size_t bytes, bool with_fd)
{
	steps[n] = (struct step){.command = command, .bytes = bytes, .with_fd = with_fd};
	memcpy(steps[n].payload, payload, bytes);
	return n + 1;
}

static unsigned add_write(
	struct step *steps, unsigned n, uint32_t region, uint32_t offset, uint32_t value, uint32_t bytes)
{
	struct {
		struct vfio_user_region_access access;
		uint32_t value;
	} write = {{.offset = offset, .region = region, .count = bytes}, value};
	return add(steps, n, VFIO_USER_REGION_WRITE, &write, sizeof(write.access) + bytes, false);
}

/** From the first message to the last of a client that sends and receives. */
static unsigned session(struct step *steps)
{
	static const uint32_t registers[][2] = {{0x0, 1u << 26}, {0x042A0, 1u << 12 | 1}, {0x05080, 0x700},
		{0x02F00, 2}, {0x01000, (uint32_t)RX_RING}, {0x01004, RX_RING >> 32}, {0x01008, SLOTS * 16},
		{0x01014, 1u << 25 | 2}, {0x01028, ENABLE}, {0x04A80, 1}, {0x06000, (uint32_t)TX_RING},
		{0x06004, TX_RING >> 32}, {0x06008, SLOTS * 16}, {0x06028, ENABLE}, {0x01018, SLOTS - 1},
		{0x06018, SLOTS - 1}, {0x03000, 1}};
	struct vfio_user_version version = {0, 0};
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	struct vfio_user_dma_map map = {.argsz = sizeof(map), .flags = 3, .address = IOVA, .bytes = BYTES};
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = IOVA, .size = BYTES};
	struct vfio_irq_set off = {
		.argsz = sizeof(off), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, .index = 2};
	unsigned n = add(steps, 0, VFIO_USER_VERSION, &version, sizeof(version), false);
	n = add(steps, n, VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), false);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		struct vfio_region_info region = {.argsz = 4096, .index = i};
		n = add(steps, n, VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region), false);
	}
	for (uint32_t i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = i};
		n = add(steps, n, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq), false);
	}
	n = add(steps, n, VFIO_USER_DEVICE_RESET, &version, 0, false);
	n = add(steps, n, VFIO_USER_DMA_MAP, &map, sizeof(map), true);
	n = add_write(steps, n, 7, 4, 6, 2);
	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		n = add_write(steps, n, 0, registers[i][0], registers[i][1], 4);
	for (unsigned i = 0; i < 5; i++)
		n = add_write(steps, n, 0, 0x06018, i * 7, 4);
	n = add(steps, n, VFIO_USER_DEVICE_SET_IRQS, &off, sizeof(off), false);
	n = add_write(steps, n, 7, 4, 2, 2);
	n = add(steps, n, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), false);
	return add(steps, n, VFIO_USER_DEVICE_RESET, &version, 0, false);
}

static void connections_that_end_at_each_message(void)
{
	static struct step steps[64];
	unsigned count = session(steps);
	new_memory();
	/* After the answer; before it is read; in the middle of the message. */
	for (unsigned how = 0; how < 3; how++) {
		for (unsigned cut = 0; cut < count; cut++) {
			uint8_t message[128];
			for (unsigned tries = 0; tries < 200; tries++, usleep(1000)) {
				raw_join();
				if (cut == 0 || raw_ask(steps[0].command, steps[0].payload, steps[0].bytes) == 0)
					break; /* not refused for the last one's sake */
			}
			for (unsigned i = 1; i < cut; i++) {
				ASSERT_NUMBER(raw_ask_with(steps[i].command, steps[i].payload, steps[i].bytes, &memory,
						      steps[i].with_fd),
					0);
				raw_close_reply_fd();
			}
			if (how == 0)
				raw_ask_with(steps[cut].command, steps[cut].payload, steps[cut].bytes, &memory,
					steps[cut].with_fd);
			else
				send(raw_client, message,
					raw_compose(
						message, steps[cut].command, 0, steps[cut].payload, steps[cut].bytes) /
						how,
					MSG_NOSIGNAL);
			raw_close_reply_fd();
			raw_leave();
		}
	}
	all_is_well();
}

/* ---- Interrupts and descriptors ---- */

static volatile unsigned fired;
static volatile bool blocked, enough;

/* Empties the eventfd, so that the model's look finds room, and fills it at a moment of no plan; then waits for the
 * model to go on. */
static void *fill(void *context)
{
	int fd = *(int *)context;
	uint64_t count, most = UINT64_MAX - 1;
	unsigned short seed[3] = {1, 2, 3};
	while (!enough) {
		unsigned was = fired;
		fcntl(fd, F_SETFL, O_NONBLOCK);
		while (read(fd, &count, sizeof(count)) > 0)
			;
		for (unsigned spin = (unsigned)nrand48(seed) % 4096; spin; spin--)
			__asm__ volatile("");
		if (write(fd, &most, sizeof(most)) < 0)
			continue;
		fcntl(fd, F_SETFL, 0); /* from here on a write would wait */
		for (double end = seconds() + 3; fired - was < 2 && !enough;)
			if (seconds() > end) {
				blocked = true;
				break;
			}
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, &count, sizeof(count)) > 0)
		;
	return NULL;
}

static void an_eventfd_that_is_filled_at_the_wrong_moment(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	pthread_t thread;
	struct vfio_irq_set set = {.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = 16};
	struct vfio_irq_set fire = set;
	int fds[16];
	fire.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	/* All vectors are the one eventfd, so that a message signals it sixteen times in a row. */
	for (unsigned i = 0; i < 16; i++)
		fds[i] = fd;
	join();
	ASSERT_NUMBER(raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 16), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, fill, &fd), 0);
	for (unsigned i = 0; i < 20000 && !blocked; i++) {
		ASSERT_NUMBER(raw_ask(VFIO_USER_DEVICE_SET_IRQS, &fire, sizeof(fire)), 0);
		fired++;
	}
	enough = true;
	pthread_join(thread, NULL);
	CU_ASSERT_FALSE(blocked);
	all_is_well();
	close(fd);
}

static void descriptors_without_end(void)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	struct vfio_irq_set set = {.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = 16};
	int fds[60];
	new_memory();
	for (unsigned i = 0; i < 60; i++)
		fds[i] = memory;
	join();
	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT_NOT_EQUAL(raw_ask_with(VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info), fds, 60), 0);
	/* More eventfds than the model may have open: some are refused, and none is lost. */
	for (unsigned i = 0; i < 16; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	for (set.start = 0; set.start < 64; set.start += 16)
		raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 16);
	for (unsigned i = 0; i < 300; i++) {
		set.start = i % 4 * 16;
		raw_ask_with(VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds, 16);
	}
	for (unsigned i = 0; i < 16; i++)
		close(fds[i]);
	/* Files without end, of which each is mapped. */
	for (unsigned i = 0; i < 300; i++) {
		int fd = memfd_create("one of many", MFD_CLOEXEC);
		CU_ASSERT_EQUAL(ftruncate(fd, 4096), 0);
		ASSERT_NUMBER(raw_map_at(IOVA + 4096ull * i, 4096, 0, fd), i < 128 ? 0 : ENOSPC);
		close(fd);
	}
	all_is_well();
}

/* ---- The report ---- */

static void the_report_has_it_all(void)
{
	char report[8192];
	size_t have = 0;
	ssize_t got;
	int status;
	nic_close(neighbour);
	kill(model, SIGTERM);
	while (have < sizeof(report) - 1 && (got = read(report_pipe, report + have, sizeof(report) - 1 - have)) > 0)
		have += (size_t)got;
	report[have] = '\0';
	CU_ASSERT_EQUAL(waitpid(model, &status, 0), model);
	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_TRUE(number(report, "fault_address") > 20);
	CU_ASSERT_TRUE(number(report, "fault_ring") >= 6);
	CU_ASSERT_TRUE(number(report, "refused") >= 200);
	CU_ASSERT_TRUE(number(report, "message_errors") >= 200);
	CU_ASSERT_TRUE(number(report, "broken") >= 4);
	CU_ASSERT_TRUE(number(report, "interrupts_full") > 0);
	CU_ASSERT_TRUE(number(report, "clients") > 150);
	const char *second = strstr(report, "\"port\":1");
	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	/* The neighbour had nothing of it. */
	ASSERT_NUMBER(number(second, "clients"), 1);
	ASSERT_NUMBER(number(second, "broken") + number(second, "message_errors") + number(second, "refused"), 0);
	ASSERT_NUMBER(
		number(second, "fault_address") + number(second, "fault_ring") + number(second, "fault_descriptor"), 0);
}

static int begin(void)
{
	raw_path = path[0];
	if (start_model() || dma_space_open(&space) || nic_open(&neighbour, address[1], space) ||
		nic_start(neighbour, &(struct nic_config){.promiscuous = true})) {
		printf("\n    %s ", nic_error());
		return -1;
	}
	return 0;
}

static int end(void)
{
	raw_leave();
	dma_space_unref(space);
	for (unsigned i = 0; i < 2; i++)
		unlink(path[i]);
	return rmdir(folder);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"memory that is unmapped under traffic", memory_that_is_unmapped_under_traffic},
		{"memory that is cut off under traffic", memory_that_is_cut_off_under_traffic},
		{"rings that lie where nothing is", rings_that_lie_where_nothing_is},
		{"rings that overlap", rings_that_overlap},
		{"messages without end, and nobody reads", messages_without_end_and_nobody_reads},
		{"connections without end", connections_without_end},
		{"connections that end at each message", connections_that_end_at_each_message},
		{"an eventfd that is filled at the wrong moment", an_eventfd_that_is_filled_at_the_wrong_moment},
		{"descriptors without end", descriptors_without_end},
		{"the report has it all", the_report_has_it_all},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"hostile clients", begin, end, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	signal(SIGPIPE, SIG_IGN);
	return unit_run(suites);
}
