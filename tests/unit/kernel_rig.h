/* SPDX-License-Identifier: BSD-2-Clause
 * What the tests of the kernel's VFIO share: the sources, included with their system calls replaced by the scripted
 * kernel's, a sysfs in a temporary folder, and checks that nothing is left. */
#ifndef POLLUX_TESTS_KERNEL_RIG_H
#define POLLUX_TESTS_KERNEL_RIG_H

#include "../../vfio/error.h"
#include "../../vfio/kernel/join.h"
#include "../../vfio/transports.h"

#include <CUnit/Basic.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_kernel.h"

#define munmap(at, bytes) fake_munmap(at, bytes)
#include "../../vfio/device.c"
/* Function-like, so that members of these names stay. */
#define open(path, flags)                      fake_open(path, flags)
#define close(fd)                              fake_close(fd)
#define ioctl(...)                             fake_ioctl(__VA_ARGS__)
#define eventfd(first, flags)                  fake_eventfd(first, flags)
#define mmap(at, bytes, prot, flags, fd, from) fake_mmap(bytes, fd, from)
#define pread(fd, data, bytes, from)           fake_pread(fd, data, bytes, from)
#define pwrite(fd, data, bytes, from)          fake_pwrite(fd, data, bytes, from)
#include "../../vfio/kernel/group.c"
#include "../../vfio/kernel/iommufd.c"
#include "../../vfio/kernel/kernel.c"
#include "../../vfio/kernel/space.c"
#undef open
#undef close
#undef eventfd
#undef ioctl
#undef mmap
#undef munmap
#undef pread
#undef pwrite

/* ---- The made-up sysfs ---- */

#define CARD_A  "0000:03:00.0" /* group 14, alone */
#define CARD_B  "0000:04:00.0" /* group 15, alone */
#define CARD_C1 "0000:05:00.0" /* group 16, with CARD_C2 and a bridge */
#define CARD_C2 "0000:05:00.1"

static char folder[] = "/tmp/pollux-test-group-XXXXXX";

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[1024];
	va_list arguments;
	int length = snprintf(command, sizeof(command), "cd '%s' && ", folder);

	va_start(arguments, format);
	vsnprintf(command + length, sizeof(command) - (size_t)length, format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		CU_FAIL_FATAL("the made-up sysfs cannot be made");
}

static void add_device(const char *address, unsigned group, const char *driver)
{
	run("cd sys && mkdir -p bus/pci/devices/%s bus/pci/drivers/%s groups/%u/devices && cd bus/pci/devices/%s && "
	    "echo 1 >numa_node && "
	    "echo 0x8086 >vendor && echo 0x10fb >device && echo 0x020000 >class && echo '(null)' >driver_override && "
	    "ln -sfn ../../../../groups/%u iommu_group && ln -sfn ../../drivers/%s driver && "
	    "ln -sfn ../../../bus/pci/devices/%s ../../../../groups/%u/devices/%s",
		address, driver, group, address, group, driver, address, group, address);
}

static int make_sysfs(void)
{
	if (!mkdtemp(folder))
		return -1;
	run("mkdir sys");
	vfio_set_root(folder);
	add_device(CARD_A, 14, "vfio-pci");
	add_device(CARD_B, 15, "vfio-pci");
	add_device(CARD_C1, 16, "vfio-pci");
	add_device(CARD_C2, 16, "vfio-pci");
	add_device("0000:00:1c.0", 16, "pcieport");
	return 0;
}

static int remove_sysfs(void)
{
	run("rm -rf '%s'", folder);
	return 0;
}

/* ---- Helpers ---- */

static struct dma_space *space;

static void begin(void)
{
	memset(&k, 0, sizeof(k));
	memset(objects, 0, sizeof(objects));
	k.root = folder;
	k.fail_error = EIO;
	k.ranges[0] = (struct vfio_iova_range){0, 0xfedfffff};
	k.ranges[1] = (struct vfio_iova_range){0xfef00000, (1ull << 39) - 1};
	k.range_count = 2;
	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
}

static void check_clean(const char *when)
{
	if (k.opens || k.mmaps || !LIST_EMPTY(&groups) || !LIST_EMPTY(&kernel_spaces) || !LIST_EMPTY(&kernel_devices) ||
		k.violation[0]) {
		fprintf(stderr, "    %s: %u descriptors, %u mappings left; %s\n", when, k.opens, k.mmaps, k.violation);
		CU_FAIL("something is left, or was done in the wrong order");
	}
}

static void end(void)
{
	check_clean("at the end");
	dma_space_unref(space);
}

static struct vfio_device *must_open(const char *address)
{
	struct vfio_device *device;

	if (vfio_kernel_open(&device, address, space) != 0) {
		fprintf(stderr, "    %s\n", pollux_error());
		CU_FAIL_FATAL("open failed");
	}
	return device;
}

static void expect_sentence(const char *part)
{
	if (!strstr(pollux_error(), part)) {
		fprintf(stderr, "    '%s' is not in: %s\n", part, pollux_error());
		CU_FAIL("another sentence was wanted");
	}
}

/* Opening CARD_A must fail so, with these words, and leave nothing. */
static void refuse(int error, const char *words)
{
	struct vfio_device *device = (struct vfio_device *)1;
	int got = vfio_kernel_open(&device, CARD_A, space);

	if (got != -error) {
		fprintf(stderr, "    %d where %d was wanted: %s\n", got, -error, pollux_error());
		CU_FAIL("another error was wanted");
	}
	CU_ASSERT_PTR_NULL(device);
	expect_sentence(words);
	check_clean(words);
	if (got == 0)
		device->ops->close(device);
}

static void *must_map(size_t bytes)
{
	void *address;
	int fd = memfd_create("pollux-test-group", MFD_CLOEXEC);

	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	CU_ASSERT_EQUAL(dma_space_map(space, fd, bytes, 4096, &address), 0);
	close(fd);
	return address;
}

static int try_map(size_t bytes)
{
	void *address;
	int fd = memfd_create("pollux-test-group", MFD_CLOEXEC), error;

	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	error = dma_space_map(space, fd, bytes, 4096, &address);
	close(fd);
	return error;
}

static unsigned count(enum kind kind)
{
	unsigned n = 0;

	for (int i = 0; i < OBJECTS; i++)
		n += objects[i].kind == kind;
	return n;
}

static struct object *the(enum kind kind)
{
	for (int i = 0; i < OBJECTS; i++)
		if (objects[i].kind == kind)
			return &objects[i];
	CU_FAIL_FATAL("no such object");
	return NULL;
}

/* What else is open while a device is opened; there is memory in the space in any case. */
enum beside { ALONE, BESIDE_ANOTHER_GROUP, BESIDE_ITS_GROUP };

/* Opens a device with its at-th call failing; where that was noticed, nothing may be left, and it opens the next time.
 * @return whether there was such a call; *refused: whether it was noticed */
static bool fail_call(unsigned at, enum kind holder, const char *way, enum beside beside, bool *refused)
{
	const char *address = beside == BESIDE_ITS_GROUP ? CARD_C1 : CARD_A;
	struct vfio_device *other = NULL, *device;

	begin();
	void *memory = must_map(4096);
	if (beside != ALONE)
		other = must_open(beside == BESIDE_ITS_GROUP ? CARD_C2 : CARD_B);
	unsigned opens = k.opens, maps = other ? the(holder)->map_count : 0;
	k.fail_at = k.calls + at;
	pollux_fail(0, "%s", "");
	*refused = vfio_kernel_open(&device, address, space) != 0;
	bool failed = k.failed;
	k.fail_at = 0;
	if (*refused) {
		CU_ASSERT(failed);
		CU_ASSERT_PTR_NULL(device);
		expect_sentence(beside == ALONE && strstr(pollux_error(), "DMA memory") ? "DMA memory" : address);
		CU_ASSERT_EQUAL(k.opens, opens);
		if (other)
			CU_ASSERT_EQUAL(the(holder)->map_count, maps)
		else
			check_clean("a call failed");
		device = must_open(address);
		CU_ASSERT_EQUAL(strncmp(device->reached_by, way, strlen(way)), 0);
	}
	device->ops->close(device);
	if (other)
		other->ops->close(other);
	dma_space_unmap(space, memory);
	end();
	return failed;
}

/* Makes every call of an open fail in turn. `holder`: what has the mappings; `way`: what the device's begins with; at
 * least so many failures must be refusals, and at most so many may go unnoticed. */
static void fail_every_call(
	enum kind holder, const char *way, enum beside beside, unsigned refused_min, unsigned unnoticed_max)
{
	unsigned refused = 0, unnoticed = 0;
	bool noticed;

	for (unsigned at = 1; fail_call(at, holder, way, beside, &noticed); at++) {
		refused += noticed;
		unnoticed += !noticed;
	}
	if (refused < refused_min || unnoticed > unnoticed_max)
		fprintf(stderr, "    %u failures refused, %u unnoticed\n", refused, unnoticed);
	CU_ASSERT(refused >= refused_min);
	CU_ASSERT(unnoticed <= unnoticed_max);
}

/* Has the firmware reserve ranges for CARD_A's group: lines of `type`, or none of this type where it is "". */
static void reserve_ranges(const char *type)
{
	run("printf '%%s\\n' '0x00000000fee00000 0x00000000feefffff msi' %s%s%s >sys/groups/14/reserved_regions",
		*type ? "'0x00000000df7fa000 0x00000000df7fefff " : "", type, *type ? "'" : "");
}

#define FIRMWARE_DEMANDS                                                                                               \
	CARD_A ": the firmware demands that the card keeps reaching memory at 0xdf7fa000-0xdf7fefff (a 1:1 mapping"

/* The kernel gives out a conventional device's configuration space only with the device, which is in the container or
 * address space by then. */
static void test_conventional_pci_gets_addresses_below_4_gib(void)
{
	struct vfio_device *first, *second;

	begin();
	k.conventional = true;
	void *memory = must_map(4096);
	first = must_open(CARD_C1);
	CU_ASSERT((uintptr_t)memory + dma_space_offset(space) < 1ull << 32);
	second = must_open(CARD_C2); /* cards behind a bridge share a group */
	second->ops->close(second);
	k.conventional = false;
	second = must_open(CARD_A);
	second->ops->close(second);
	first->ops->close(first);
	dma_space_unmap(space, memory);
	end();

	begin();
	first = must_open(CARD_C1);
	k.conventional = true;
	second = must_open(CARD_A); /* not the first, but there is no memory yet */
	memory = must_map(4096);
	CU_ASSERT((uintptr_t)memory + dma_space_offset(space) < 1ull << 32);
	dma_space_unmap(space, memory);
	second->ops->close(second);
	first->ops->close(first);
	end();

	begin();
	k.conventional = false;
	first = must_open(CARD_C1);
	memory = must_map(4096);
	k.conventional = true;
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(vfio_kernel_open(&second, i ? CARD_A : CARD_C2, space), -ERANGE);
		expect_sentence("which is conventional PCI");
	}
	CU_ASSERT_EQUAL(count(DEVICE), 1);
	dma_space_unmap(space, memory);
	first->ops->close(first);
	end();
}

static int run_suite(const char *name, int (*prepare)(void), CU_TestInfo *tests)
{
	CU_SuiteInfo suites[] = {{name, prepare, remove_sysfs, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	unsigned failures;

	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
		return 1;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	return failures != 0;
}

#endif
