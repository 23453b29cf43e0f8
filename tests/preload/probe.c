/* SPDX-License-Identifier: BSD-2-Clause
 * A plain VFIO program that knows nothing of vfio-user: opens two devices in two groups in one container, maps memory of three kinds, reads
 * and writes registers, and gets an interrupt. For tests of the preload library. Says what failed, and exits 1. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(what, is) \
	do { \
		if (!(is)) { \
			printf("probe: %s: not so (errno %s)\n", what, strerrorname_np(errno)); \
			exit(1); \
		} \
	} while (0)

enum { STATUS = 0x8, EICR = 0x800, EICS = 0x808, EIMS = 0x880, IVAR_MISC = 0xa00, GPIE = 0x898, SWSM = 0x10140, RAL = 0xa200 };

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

static int open_device(int container, const char *group_path, const char *name, bool first)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	int group = open(group_path, O_RDWR);
	CHECK("open group", group >= 0);
	CHECK("a second open is refused", open(group_path, O_RDWR) == -1 && errno == EBUSY);
	CHECK("VFIO_GROUP_GET_STATUS", ioctl(group, VFIO_GROUP_GET_STATUS, &status) == 0 && (status.flags & VFIO_GROUP_FLAGS_VIABLE));
	CHECK("no device before a container", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name) == -1);
	CHECK("VFIO_GROUP_SET_CONTAINER", ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
	if (first)
		CHECK("VFIO_SET_IOMMU", ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0);
	int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	CHECK("VFIO_GROUP_GET_DEVICE_FD", device >= 0);
	return device;
}

int main(int argc, char **argv)
{
	size_t bytes = 1 << 20;
	CHECK("four arguments: group and name, twice", argc == 5);
	int container = open("/dev/vfio/vfio", O_RDWR);
	CHECK("open container", container >= 0);
	CHECK("VFIO_GET_API_VERSION", ioctl(container, VFIO_GET_API_VERSION) == VFIO_API_VERSION);
	CHECK("VFIO_CHECK_EXTENSION", ioctl(container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) == 1);
	int one = open_device(container, argv[1], argv[2], true);

	char *anonymous = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(anonymous + 5000, "still here");
	map(container, anonymous, 0x10000000, bytes);
	CHECK("private memory keeps what it had", strcmp(anonymous + 5000, "still here") == 0);
	map(container, mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 0x700000000000, bytes);
	int file = memfd_create("probe", 0);
	CHECK("memfd", ftruncate(file, (off_t)bytes) == 0);
	map(container, mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 0x20000000, bytes);

	int two = open_device(container, argv[3], argv[4], false);
	struct vfio_region_info region = {.argsz = sizeof(region), .index = 0};
	CHECK("VFIO_DEVICE_GET_REGION_INFO", ioctl(two, VFIO_DEVICE_GET_REGION_INFO, &region) == 0 && region.size == 0x20000);
	volatile uint32_t *bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, two, (off_t)region.offset);
	CHECK("mmap of BAR0", bar != MAP_FAILED);
	CHECK("STATUS says that master requests are enabled", bar[STATUS / 4] & 1 << 19);
	bar[RAL / 4] = 0x12345678;
	CHECK("a register keeps what was written", bar[RAL / 4] == 0x12345678);
	CHECK("SWSM is taken by reading it", (bar[SWSM / 4] & 1) == 0 && (bar[SWSM / 4] & 1) == 1);
	uint16_t vendor = 0, command = 0x6;
	off_t config = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;
	CHECK("configuration space", pread(two, &vendor, 2, config) == 2 && vendor == 0x8086);
	CHECK("bus mastering", pwrite(two, &command, 2, config + 4) == 2 && pread(two, &command, 2, config + 4) == 2 && (command & 4));

	_Alignas(struct vfio_irq_set) char irq[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set set = {.argsz = sizeof(irq), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
	        .index = VFIO_PCI_MSIX_IRQ_INDEX, .count = 1};
	int event = eventfd(0, 0);
	memcpy(irq, &set, sizeof(set));
	memcpy(irq + sizeof(set), &event, sizeof(event));
	CHECK("VFIO_DEVICE_SET_IRQS", ioctl(two, VFIO_DEVICE_SET_IRQS, irq) == 0);
	bar[GPIE / 4] = 1 << 4 | 1u << 31;
	bar[IVAR_MISC / 4] = 0x8000;
	bar[EIMS / 4] = 1 << 20;
	bar[EICS / 4] = 1 << 20;
	struct pollfd wait = {.fd = event, .events = POLLIN};
	CHECK("an interrupt arrives", poll(&wait, 1, 2000) == 1);
	CHECK("EICR has its cause", bar[EICR / 4] & 1 << 20);
	CHECK("  and reading cleared it", !(bar[EICR / 4] & 1 << 20));
	CHECK("VFIO_DEVICE_RESET", ioctl(two, VFIO_DEVICE_RESET) == 0 && bar[RAL / 4] != 0x12345678);

	struct vfio_iommu_type1_dma_unmap part = {.argsz = sizeof(part), .iova = 0x10000000, .size = 4096};
	CHECK("type 1v2 cuts no mapping", ioctl(container, VFIO_IOMMU_UNMAP_DMA, &part) == -1 && errno == EINVAL);
	part.size = bytes;
	CHECK("VFIO_IOMMU_UNMAP_DMA", ioctl(container, VFIO_IOMMU_UNMAP_DMA, &part) == 0 && part.size == bytes);
	close(one);
	close(two);
	CHECK("a closed device reads as all ones", bar[STATUS / 4] == UINT32_MAX);
	puts("probe: all is as it should be");
	return 0;
}
