/* SPDX-License-Identifier: BSD-2-Clause
 * A plain VFIO program that knows nothing of vfio-user: opens two devices in one container, maps memory of all kinds,
 * reads and writes registers, from two threads too, and gets an interrupt. For tests of the preload library. Says what
 * failed, and exits 1. Usage: preload-probe [--type1] [--many MAPPINGS FILES] GROUP NAME GROUP NAME; the groups may be
 * the same. --many makes so many further mappings of a page of private memory, and of one file, and one of each of so
 * many files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(what, is)                                                                                                \
	do {                                                                                                           \
		if (!(is)) {                                                                                           \
			printf("probe: %s: not so (errno %s)\n", what, strerrorname_np(errno));                        \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

#define BYTES (1ul << 20)
#define HUGE  (2ul << 20)

enum {
	STATUS = 0x8,
	EICR = 0x800,
	EICS = 0x808,
	EITR = 0x820,
	EIMS = 0x880,
	GPIE = 0x898,
	IVAR_MISC = 0xa00,
	SWSM = 0x10140,
	RAL = 0xa200,
	ROUNDS = 10000
};

static volatile uint32_t *bar;
static unsigned iommu_type = VFIO_TYPE1v2_IOMMU;

static void map(int container, void *memory, uint64_t iova, size_t bytes)
{
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = bytes,
	};
	CHECK("VFIO_IOMMU_MAP_DMA", ioctl(container, VFIO_IOMMU_MAP_DMA, &dma) == 0);
	CHECK("the same address again is refused", ioctl(container, VFIO_IOMMU_MAP_DMA, &dma) == -1 && errno == EEXIST);
}

static int open_group(int container, const char *path, const char *name, bool first)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	int group = open(path, O_RDWR);
	CHECK("open group", group >= 0);
	CHECK("a second open is refused", open(path, O_RDWR) == -1 && errno == EBUSY);
	CHECK("VFIO_GROUP_GET_STATUS",
		ioctl(group, VFIO_GROUP_GET_STATUS, &status) == 0 && (status.flags & VFIO_GROUP_FLAGS_VIABLE));
	CHECK("no device before a container", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name) == -1);
	CHECK("VFIO_GROUP_SET_CONTAINER", ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
	if (first)
		CHECK("VFIO_SET_IOMMU", ioctl(container, VFIO_SET_IOMMU, iommu_type) == 0);
	return group;
}

static int open_device(int group, const char *name)
{
	int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	CHECK("VFIO_GROUP_GET_DEVICE_FD", device >= 0);
	return device;
}

/** Memory that no file holds, memory that the kernel holds, a file's, and a hugepage if there is one. */
static void map_all_kinds(int container)
{
	char *anonymous = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(anonymous + 5000, "still here");
	map(container, anonymous, 0x10000000, BYTES);
	CHECK("private memory keeps what it had", strcmp(anonymous + 5000, "still here") == 0);
	map(container, mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 0x700000000000,
		BYTES);
	int file = memfd_create("probe", 0);
	CHECK("memfd", ftruncate(file, (off_t)BYTES) == 0);
	map(container, mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 0x20000000, BYTES);

	int huge = memfd_create("probe", MFD_HUGETLB);
	void *page = huge >= 0 && ftruncate(huge, HUGE) == 0
			     ? mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, huge, 0)
			     : MAP_FAILED;
	if (page == MAP_FAILED)
		puts("skipped: no hugepage is free: mapping one was not tried");
	else
		map(container, page, 0x30000000, HUGE);
}

static unsigned many_mappings, many_files;

/** Page by page, as newer versions of DPDK do; and afterwards all of it is still what it was. */
static void map_many(int container)
{
	size_t bytes = many_mappings * 4096ul;
	uint32_t *private = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("probe", MFD_CLOEXEC);
	CHECK("memfd", ftruncate(file, (off_t)bytes + 4096) == 0);
	char *shared = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	for (unsigned i = 0; i < many_mappings; i++) {
		private[i * 1024ul] = i;
		map(container, &private[i * 1024ul], 0x100000000 + i * 8192ul, 4096);
		map(container, shared + i * 4096ul, 0x200000000 + i * 8192ul, 4096);
	}
	for (unsigned i = 0; i < many_mappings; i++)
		CHECK("private memory keeps what it had", private[i * 1024ul] == i);
	int files[many_files + 1];
	for (unsigned i = 0; i < many_files; i++)
		CHECK("memfd", (files[i] = memfd_create("probe", MFD_CLOEXEC)) >= 0 && ftruncate(files[i], 4096) == 0);
	for (unsigned i = 0; i < many_files; i++)
		map(container, mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, files[i], 0),
			0x300000000 + i * 4096ul, 4096);
}

/** Writes a register and reads it back, often. @return how often it was not what was written. */
static void *write_and_read(void *place)
{
	volatile uint32_t *at = place;
	uintptr_t lost = 0;
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		for (volatile uint32_t pause = 0; pause < i % 2048;) /* so that the threads meet at all moments */
			pause = pause + 1;
		*at = (i & 0xFF) << 3;
		lost += *at != (i & 0xFF) << 3;
	}
	return (void *)lost;
}

/** Two threads write registers of the same page: each write must arrive. */
static void two_threads(void)
{
	pthread_t other;
	void *lost;
	CHECK("pthread_create",
		pthread_create(&other, NULL, write_and_read, (void *)(uintptr_t)&bar[EITR / 4 + 1]) == 0);
	void *here = write_and_read((void *)(uintptr_t)&bar[EITR / 4]);
	pthread_join(other, &lost);
	CHECK("no write is lost beside another thread's of the same page", (uintptr_t)lost + (uintptr_t)here == 0);
}

static void registers(void)
{
	CHECK("STATUS", bar[STATUS / 4] & 1 << 19);
	CHECK("reading SWSM takes the semaphore", !(bar[SWSM / 4] & 1) && (bar[SWSM / 4] & 1));
	bar[SWSM / 4] = 0;
	bar[RAL / 4] = 0x12345678;
	CHECK("what was written is there", bar[RAL / 4] == 0x12345678);
	/* an instruction that reads memory, but is no move */
	uint32_t sum = 1;
	__asm__ volatile("addl %1, %0" : "+r"(sum) : "m"(bar[RAL / 4]) : "cc");
	CHECK("an addition of a register's value", sum == 0x12345679);
	bar[RAL / 4 + 128] = 0x9abcdef0; /* an immediate value, in whatever form the compiler has for it */
	CHECK("another register has its own", bar[RAL / 4 + 128] == 0x9abcdef0 && bar[RAL / 4] == 0x12345678);
}

static void interrupt(int device)
{
	_Alignas(struct vfio_irq_set) char irq[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set set = {.argsz = sizeof(irq),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = 1};
	int event = eventfd(0, 0);
	memcpy(irq, &set, sizeof(set));
	memcpy(irq + sizeof(set), &event, sizeof(event));
	CHECK("VFIO_DEVICE_SET_IRQS", ioctl(device, VFIO_DEVICE_SET_IRQS, irq) == 0);
	bar[GPIE / 4] = 1 << 4 | 1u << 31;
	bar[IVAR_MISC / 4] = 0x8000;
	bar[EIMS / 4] = 1 << 20;
	bar[EICS / 4] = 1 << 20;
	struct pollfd wait = {.fd = event, .events = POLLIN};
	CHECK("an interrupt arrives", poll(&wait, 1, 10000) == 1);
	CHECK("EICR has its cause", bar[EICR / 4] & 1 << 20);
	CHECK("  and reading cleared it", !(bar[EICR / 4] & 1 << 20));
}

static void unmap(int container)
{
	struct vfio_iommu_type1_dma_unmap part = {.argsz = sizeof(part), .iova = 0x10000000, .size = 4096};
	if (iommu_type == VFIO_TYPE1v2_IOMMU)
		CHECK("type 1v2 cuts no mapping",
			ioctl(container, VFIO_IOMMU_UNMAP_DMA, &part) == -1 && errno == EINVAL);
	else
		CHECK("type 1 unmaps the whole mapping that begins there",
			ioctl(container, VFIO_IOMMU_UNMAP_DMA, &part) == 0 && part.size == BYTES);
	part = (struct vfio_iommu_type1_dma_unmap){.argsz = sizeof(part), .iova = 0x20000000, .size = BYTES};
	CHECK("VFIO_IOMMU_UNMAP_DMA", ioctl(container, VFIO_IOMMU_UNMAP_DMA, &part) == 0 && part.size == BYTES);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--type1") == 0) {
		iommu_type = VFIO_TYPE1_IOMMU;
		argc--;
		argv++;
	}
	if (argc > 3 && strcmp(argv[1], "--many") == 0) {
		many_mappings = (unsigned)strtoul(argv[2], NULL, 10);
		many_files = (unsigned)strtoul(argv[3], NULL, 10);
		argc -= 3;
		argv += 3;
	}
	CHECK("four arguments: group and name, twice", argc == 5);
	int container = open("/dev/vfio/vfio", O_RDWR);
	CHECK("open container", container >= 0);
	CHECK("VFIO_GET_API_VERSION", ioctl(container, VFIO_GET_API_VERSION) == VFIO_API_VERSION);
	CHECK("VFIO_CHECK_EXTENSION", ioctl(container, VFIO_CHECK_EXTENSION, iommu_type) == 1);
	int first = open_group(container, argv[1], argv[2], true), group = first;
	int one = open_device(first, argv[2]);
	struct vfio_pci_hot_reset hot = {.argsz = sizeof(hot)}; /* has VFIO_IOMMU_MAP_DMA's number */
	CHECK("VFIO_DEVICE_PCI_HOT_RESET is not known",
		ioctl(one, VFIO_DEVICE_PCI_HOT_RESET, &hot) == -1 && errno == ENOTTY);
	map_all_kinds(container);
	map_many(container);
	if (strcmp(argv[1], argv[3]) != 0)
		group = open_group(container, argv[3], argv[4], false);
	int two = open_device(group, argv[4]);

	struct vfio_region_info region = {.argsz = sizeof(region), .index = 0};
	CHECK("VFIO_DEVICE_GET_REGION_INFO",
		ioctl(two, VFIO_DEVICE_GET_REGION_INFO, &region) == 0 && region.size == 0x20000);
	bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, two, (off_t)region.offset);
	CHECK("mmap of BAR0", bar != MAP_FAILED);
	registers();
	two_threads();

	uint16_t id, command = 4;
	uint64_t config = (uint64_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;
	CHECK("configuration space", pread(two, &id, 2, (off_t)config) == 2 && id == 0x8086);
	CHECK("bus mastering", pwrite(two, &command, 2, (off_t)config + 4) == 2 &&
				       pread(two, &command, 2, (off_t)config + 4) == 2 && (command & 4));
	interrupt(two);
	CHECK("VFIO_DEVICE_RESET", ioctl(two, VFIO_DEVICE_RESET) == 0 && bar[RAL / 4] != 0x12345678);

	unmap(container);
	close(one);
	close(two);
	CHECK("a closed device reads as all ones", bar[STATUS / 4] == UINT32_MAX);
	close(container);
	container = open("/dev/vfio/vfio", O_RDWR);
	CHECK("another container is a fresh one", ioctl(container, VFIO_SET_IOMMU, iommu_type) == -1);
	/* The model may have yet to see that the last one went. */
	for (unsigned i = 0; i < 500 && (one = ioctl(first, VFIO_GROUP_GET_DEVICE_FD, argv[2])) < 0 && errno != EINVAL;
		i++)
		usleep(10000);
	CHECK("a closed container lives as long as a group is in it", one >= 0);
	puts("probe: all is as it should be");
	return 0;
}
