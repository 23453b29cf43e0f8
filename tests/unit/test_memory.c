/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of DMA memory: page sizes and their fallback, zeroes, seals, shortage, and that nothing is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/mman.h>

/* A machine without hugepages, wherever this runs; or one that has some (of ordinary memory, really), and so much of
 * ordinary pages. */
static bool no_hugepages, some_hugepages;
static int huge_fd;
static unsigned huge_left, ordinary_left; /* in steps of 2 MiB */
static int held_hugepages =
	-1; /* a file that has its hugepages already, whoever else takes the machine's: the next one of that kind */
static int memfd_create_here(const char *name, unsigned flags)
{
	if (held_hugepages >= 0 && (flags & MFD_HUGETLB)) {
		int held = held_hugepages;
		held_hugepages = -1;
		return held;
	}
	if (no_hugepages && (flags & MFD_HUGETLB)) {
		errno = ENOMEM;
		return -1;
	}
	if (!some_hugepages)
		return memfd_create(name, flags);
	int fd = memfd_create(name, flags & (MFD_CLOEXEC | MFD_ALLOW_SEALING));
	huge_fd = flags & MFD_HUGETLB ? fd : -1;
	return fd;
}
static int fallocate_here(int fd, int mode, off_t from, off_t bytes)
{
	unsigned *left = fd == huge_fd ? &huge_left : &ordinary_left;
	if (some_hugepages && (*left)-- == 0) {
		errno = ENOSPC;
		return -1;
	}
	return fallocate(fd, mode, from, bytes);
}
#define memfd_create memfd_create_here
#define fallocate    fallocate_here
#include "../../mempool/memory.c"
#include "../../vfio/host/files.h"
#undef memfd_create
#undef fallocate

#include "unit.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>

#define NR_HUGEPAGES "/proc/sys/vm/nr_hugepages"

static struct dma_space *space;

/* As dma_memory_alloc, with pages no larger than max_page_bytes. */
static int alloc_pages(
	struct dma_memory *memory, struct dma_space *in, size_t bytes, int numa_node, size_t max_page_bytes)
{
	page_bytes_max = max_page_bytes;
	int error = dma_memory_alloc(memory, in, bytes, numa_node);
	page_bytes_max = PAGE_1G;
	return error;
}

static int space_begin(void)
{
	return dma_space_open(&space);
}

static int space_end(void)
{
	dma_space_unref(space);
	return 0;
}

static void skip(const char *test, const char *reason)
{
	printf("\n    skipped: %s: %s ", test, reason);
}

static long long proc_number(const char *path, const char *format)
{
	char line[256];
	long long number = -1;
	FILE *file = fopen(path, "re");
	while (file && number < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &number) != 1)
			number = -1;
	if (file)
		fclose(file);
	return number;
}

static bool hugepages_set(long long pages)
{
	FILE *file = fopen(NR_HUGEPAGES, "we");
	if (!file)
		return false;
	bool written = fprintf(file, "%lld\n", pages) > 0;
	return fclose(file) == 0 && written;
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

static unsigned mappings(void)
{
	char line[512];
	unsigned count = 0;
	FILE *file = fopen("/proc/self/maps", "re");
	while (file && fgets(line, sizeof(line), file))
		count += strstr(line, "memfd:pollux") != NULL;
	if (file)
		fclose(file);
	return count;
}

static bool all_zero(const struct dma_memory *memory)
{
	for (size_t i = 0; i < memory->bytes; i++)
		if (memory->base[i] != 0)
			return false;
	return true;
}

/* A device in the space, which is how a test comes by the file behind the memory. */
static struct device {
	struct dma_mapper mapper;
	int error;
	int fd;
	size_t mapped;
} device;

static int device_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct device *self = (struct device *)mapper;
	(void)iova, (void)address;
	if (self->error)
		return self->error;
	self->fd = dup(fd);
	self->mapped += bytes;
	return 0;
}

static void device_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	(void)iova;
	((struct device *)mapper)->mapped -= bytes;
}

static void device_attach(int error)
{
	device = (struct device){.mapper = {.map = device_map, .unmap = device_unmap}, .error = error, .fd = -1};
	CU_ASSERT_EQUAL_FATAL(dma_space_attach(space, &device.mapper), 0);
}

static void sizes_are_rounded_to_the_pages_that_were_had(void)
{
	static const size_t sizes[] = {1, 4096, 4097, 100000, 3u << 20};
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dma_memory memory;
		CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, sizes[i], -1), 0);
		CU_ASSERT(memory.page_bytes == PAGE_4K || memory.page_bytes == PAGE_2M);
		CU_ASSERT_EQUAL(memory.bytes, round_up(sizes[i], memory.page_bytes));
		CU_ASSERT_EQUAL((uintptr_t)memory.base % memory.page_bytes, 0);
		CU_ASSERT(all_zero(&memory));
		memset(memory.base, 0xa5, memory.bytes);
		dma_memory_free(&memory);
		CU_ASSERT_PTR_NULL(memory.base);
	}
}

static void memory_used_before_comes_back_as_zeroes(void)
{
	for (unsigned i = 0; i < 8; i++) {
		struct dma_memory memory;
		CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 300000, -1), 0);
		CU_ASSERT(all_zero(&memory));
		memset(memory.base, 0xff, memory.bytes);
		dma_memory_free(&memory);
	}
}

static void ordinary_pages_serve_when_there_are_no_hugepages(void)
{
	struct dma_memory memory;
	no_hugepages = true;
	CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 5u << 20, -1), 0);
	no_hugepages = false;
	CU_ASSERT_EQUAL(memory.page_bytes, PAGE_4K);
	CU_ASSERT_EQUAL(memory.bytes, 5u << 20);
	CU_ASSERT(all_zero(&memory));
	dma_memory_free(&memory);
}

static void pages_are_no_larger_than_allowed(void)
{
	struct dma_memory memory;
	CU_ASSERT_EQUAL_FATAL(alloc_pages(&memory, space, 5u << 20, -1, PAGE_4K), 0);
	CU_ASSERT_EQUAL(memory.page_bytes, PAGE_4K);
	CU_ASSERT_EQUAL(memory.bytes, 5u << 20);
	dma_memory_free(&memory);
}

static void a_gigabyte_page_must_be_three_quarters_used(void)
{
	CU_ASSERT_FALSE(page_worth(1, PAGE_1G));
	CU_ASSERT_FALSE(page_worth(PAGE_1G / 4 * 3, PAGE_1G));
	CU_ASSERT_TRUE(page_worth(PAGE_1G / 4 * 3 + 1, PAGE_1G));
	CU_ASSERT_TRUE(page_worth(PAGE_1G, PAGE_1G));
	CU_ASSERT_FALSE(page_worth(PAGE_1G + 1, PAGE_1G));
	CU_ASSERT_TRUE(page_worth(PAGE_1G * 3 + 1, PAGE_1G));
	CU_ASSERT_TRUE(page_worth(1, PAGE_2M));
	CU_ASSERT_TRUE(page_worth(1, PAGE_4K));
}

static void the_file_is_sealed_and_of_that_size(void)
{
	struct dma_memory memory;
	device_attach(0);
	CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 3u << 20, -1), 0);
	CU_ASSERT_EQUAL(device.mapped, memory.bytes);
	CU_ASSERT_EQUAL(fcntl(device.fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	CU_ASSERT_EQUAL(ftruncate(device.fd, 0), -1);
	CU_ASSERT_EQUAL(errno, EPERM);
	CU_ASSERT_EQUAL(ftruncate(device.fd, 1 << 30), -1);
	CU_ASSERT_EQUAL(errno, EPERM);
	CU_ASSERT_EQUAL(lseek(device.fd, 0, SEEK_END), (off_t)memory.bytes);
	close(device.fd);
	dma_memory_free(&memory);
	CU_ASSERT_EQUAL(device.mapped, 0);
	dma_space_detach(space, &device.mapper);
}

static void a_device_that_cannot_map_fails_the_allocation_whole(void)
{
	struct dma_memory memory;
	device_attach(-EDQUOT);
	unsigned files = open_files(), maps = mappings();
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 100000, -1), -EDQUOT);
	CU_ASSERT_PTR_NULL(memory.base);
	CU_ASSERT_EQUAL(open_files(), files);
	CU_ASSERT_EQUAL(mappings(), maps);
	dma_space_detach(space, &device.mapper);
}

static void shortage_is_an_error_with_the_remedy(void)
{
	struct dma_memory memory;
	size_t bytes = (size_t)proc_number("/proc/meminfo", "MemTotal: %lld kB") * 1024 * 2;
	if (bytes > BYTES_MAX)
		return skip("shortage_is_an_error_with_the_remedy", "more than 128 GiB of memory");
	unsigned files = open_files(), maps = mappings();
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, bytes, -1), -ENOMEM);
	CU_ASSERT_PTR_NULL(memory.base);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "> /proc/sys/vm/nr_hugepages"));
	CU_ASSERT_EQUAL(open_files(), files);
	CU_ASSERT_EQUAL(mappings(), maps);
}

static void a_limit_on_files_is_an_error_and_no_kill(void)
{
	struct dma_memory memory;
	struct rlimit before, small;
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = PAGE_2M - PAGE_4K, .rlim_max = before.rlim_max};
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, PAGE_2M, -1), -ENOMEM);
	CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "ulimit -f unlimited"));
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void hugepages_that_run_out_halfway_are_given_back(void)
{
	struct dma_memory memory;
	device_attach(0);
	some_hugepages = true;
	unsigned files = open_files(), maps = mappings();
	for (unsigned left = 0; left <= 3; left++) {
		huge_left = left;
		ordinary_left = UINT_MAX;
		CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 3 * PAGE_2M, -1), 0);
		CU_ASSERT_EQUAL(memory.page_bytes, left < 3 ? PAGE_4K : PAGE_2M);
		CU_ASSERT_EQUAL(device.mapped, 3 * PAGE_2M); /* the whole of one kind, and nothing of the other */
		CU_ASSERT_TRUE(all_zero(&memory));
		CU_ASSERT_EQUAL(mappings(), maps + 1);
		close(device.fd);
		dma_memory_free(&memory);
		CU_ASSERT_EQUAL(open_files(), files);
		CU_ASSERT_EQUAL(mappings(), maps);
	}
	for (unsigned left = 0; left < 3; left++) { /* and ordinary pages too */
		huge_left = 2;
		ordinary_left = left;
		CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 3 * PAGE_2M, -1), -ENOMEM);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), "echo 3 > /proc/sys/vm/nr_hugepages"));
		CU_ASSERT_PTR_NULL(memory.base);
		CU_ASSERT_EQUAL(device.mapped, 0);
		CU_ASSERT_EQUAL(open_files(), files);
		CU_ASSERT_EQUAL(mappings(), maps);
	}
	some_hugepages = false;
	dma_space_detach(space, &device.mapper);
}

static void senseless_requests_are_refused(void)
{
	struct dma_memory memory;
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 0, -1), -EINVAL);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, SIZE_MAX, -1), -EINVAL);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, BYTES_MAX + 1, -1), -EINVAL);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, NULL, 4096, -1), -EINVAL);
	CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 4096, -2), -EINVAL);
	CU_ASSERT_PTR_NULL(memory.base);
	dma_memory_free(&memory);
	CU_ASSERT(dma_memory_node_exists(0) || numa_available() == 0);
	CU_ASSERT_FALSE(dma_memory_node_exists(-1));
	CU_ASSERT_FALSE(dma_memory_node_exists(numa_available() == 0 ? numa_max_node() + 1 : 1));
	if (numa_available() == 0)
		CU_ASSERT_EQUAL(dma_memory_alloc(&memory, space, 4096, numa_max_node() + 1), -EINVAL);
}

static void the_node_is_obeyed_and_the_threads_policy_kept(void)
{
	if (numa_available() < 0)
		return skip("the_node_is_obeyed_and_the_threads_policy_kept", "this kernel has no NUMA");
	for (int node = 0; node <= numa_max_node(); node++) {
		struct dma_memory memory;
		int before = -1, after = -2, where = -1;
		struct bitmask *nodes = numa_allocate_nodemask(), *nodes_after = numa_allocate_nodemask();
		CU_ASSERT_EQUAL(get_mempolicy(&before, nodes->maskp, nodes->size + 1, NULL, 0), 0);
		CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 100000, node), 0);
		CU_ASSERT_EQUAL(get_mempolicy(&after, nodes_after->maskp, nodes_after->size + 1, NULL, 0), 0);
		CU_ASSERT_EQUAL(before, after);
		CU_ASSERT_TRUE(numa_bitmask_equal(nodes, nodes_after));
		if (numa_node_size64(node, NULL) > 0 &&
			get_mempolicy(&where, NULL, 0, memory.base, MPOL_F_NODE | MPOL_F_ADDR) == 0)
			CU_ASSERT_EQUAL(where, node);
		dma_memory_free(&memory);
		numa_bitmask_free(nodes);
		numa_bitmask_free(nodes_after);
	}
}

static void nothing_is_left_after_many_rounds(void)
{
	struct dma_memory memory[16];
	unsigned files = open_files(), maps = mappings();
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 16; i++)
			CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory[i], space, 10000 * (i + 1), -1), 0);
		for (unsigned i = 0; i < 16; i++)
			dma_memory_free(&memory[i]);
		for (unsigned i = 0; i < 16; i++)
			dma_memory_free(&memory[i]);
	}
	CU_ASSERT_EQUAL(open_files(), files);
	CU_ASSERT_EQUAL(mappings(), maps);
}

static long long own_hugepages_kib(void)
{
	return proc_number("/proc/self/status", "HugetlbPages: %lld kB");
}

/* @return whether there are so many hugepages for the next file of them */
static bool hold_hugepages(unsigned pages)
{
	held_hugepages = memfd_create("pollux", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_HUGE_2MB);
	if (held_hugepages < 0)
		return false;
	if (ftruncate(held_hugepages, (off_t)(pages * PAGE_2M)) == 0 &&
		fallocate(held_hugepages, 0, 0, (off_t)(pages * PAGE_2M)) == 0)
		return true;
	close(held_hugepages);
	held_hugepages = -1;
	return false;
}

/* With some hugepages more than the machine has, where that is allowed. Two of this test at a time would each restore
 * what the other had set. */
static void hugepages_are_used(void)
{
	int lock = open(NR_HUGEPAGES, O_RDONLY | O_CLOEXEC);
	flock(lock, LOCK_EX);
	long long before = proc_number(NR_HUGEPAGES, "%lld");
	bool more = before >= 0 && hugepages_set(before + 8), held = false;
	for (unsigned i = 0; i < 20 && !(held = hold_hugepages(3)); i++)
		usleep(50000);
	if (!held) {
		skip("hugepages_are_used", more ? "the kernel found no hugepages, or others took them"
						: NR_HUGEPAGES " cannot be written");
	} else {
		struct dma_memory memory;
		long long own = own_hugepages_kib();
		CU_ASSERT_EQUAL_FATAL(dma_memory_alloc(&memory, space, 5u << 20, -1), 0);
		CU_ASSERT_TRUE(all_zero(&memory));
		CU_ASSERT_EQUAL(memory.page_bytes, PAGE_2M);
		CU_ASSERT_EQUAL(memory.bytes, 3 * PAGE_2M);
		memset(memory.base, 1, memory.bytes);
		CU_ASSERT_EQUAL(own_hugepages_kib(), own + 3 * 2048);
		dma_memory_free(&memory);
		CU_ASSERT_EQUAL(own_hugepages_kib(), own);
	}
	/* whoever has set another number since, needs it */
	if (more && proc_number(NR_HUGEPAGES, "%lld") == before + 8)
		CU_ASSERT_TRUE(hugepages_set(before));
	if (lock >= 0)
		close(lock);
}

/* More than the machine has: ordinary pages, all there, and those hugepages that were tried are nobody's. */
static void a_shortage_of_hugepages_is_no_fault(void)
{
	const char *name = "a_shortage_of_hugepages_is_no_fault";
	for (unsigned i = 0; i < 20; i++) {
		struct dma_memory memory;
		long long pages = proc_number(NR_HUGEPAGES, "%lld"), own = own_hugepages_kib();
		size_t bytes = (size_t)(pages < 0 ? 1 : pages + 1) * PAGE_2M;
		if (ordinary_pages_short(bytes * 2))
			return skip(name, "the machine has less memory of ordinary pages than of hugepages");
		CU_ASSERT_EQUAL_FATAL(alloc_pages(&memory, space, bytes, -1, PAGE_2M), 0);
		bool others_set_it = proc_number(NR_HUGEPAGES, "%lld") != pages;
		if (!others_set_it) {
			CU_ASSERT_EQUAL(memory.page_bytes, PAGE_4K);
			CU_ASSERT_TRUE(all_zero(&memory));
			memset(memory.base, 1, memory.bytes);
			CU_ASSERT_EQUAL(own_hugepages_kib(), own);
		}
		dma_memory_free(&memory);
		if (!others_set_it)
			return;
		usleep(50000);
	}
	skip(name, "others keep on setting " NR_HUGEPAGES);
}

/* Both versions, a limit above the process's own group, and caches that the kernel takes back. */
static void a_cgroups_limit_is_an_error_and_no_kill(void)
{
	static const struct {
		const char *tree, *words;
	} cases[] = {
		{"echo 0::/a/b >proc/self/cgroup && mkdir -p sys/fs/cgroup/a/b && cd sys/fs/cgroup/a && echo max "
		 ">b/memory.max && "
		 "echo 9000000 >b/memory.current && echo 30000000 >memory.max && echo 9000000 >memory.current && "
		 "printf 'anon 1\nactive_file 3000000\ninactive_file 1000000\n' >memory.stat",
			"/sys/fs/cgroup/a/memory.max leaves 24414 KiB"},
		{"printf '4:memory:/elsewhere\n0::/\n' >proc/self/cgroup && mkdir -p sys/fs/cgroup/memory && cd "
		 "sys/fs/cgroup/memory && "
		 "echo 30000000 >memory.limit_in_bytes && echo 9000000 >memory.usage_in_bytes && "
		 "printf 'total_active_file 3000000\ntotal_inactive_file 1000000\n' >memory.stat",
			"/sys/fs/cgroup/memory/memory.limit_in_bytes leaves 24414 KiB"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char folder[] = "/tmp/pollux-test-cgroup-XXXXXX", command[1024];
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
		snprintf(command, sizeof(command), "cd %s && mkdir -p proc/self && %s", folder, cases[i].tree);
		CU_ASSERT_EQUAL_FATAL(system(command), 0);
		vfio_set_root(folder);
		struct dma_memory memory;
		CU_ASSERT_EQUAL(alloc_pages(&memory, space, 24900000, -1, PAGE_4K), 0);
		dma_memory_free(&memory);
		CU_ASSERT_EQUAL(alloc_pages(&memory, space, 25100000, -1, PAGE_4K), -ENOMEM);
		CU_ASSERT_PTR_NOT_NULL(strstr(pollux_error(), cases[i].words));
		vfio_set_root("");
		snprintf(command, sizeof(command), "rm -r %s", folder);
		CU_ASSERT_EQUAL(system(command), 0);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"a cgroup's limit is an error and no kill", a_cgroups_limit_is_an_error_and_no_kill},
		{"sizes are rounded to the pages that were had", sizes_are_rounded_to_the_pages_that_were_had},
		{"memory used before comes back as zeroes", memory_used_before_comes_back_as_zeroes},
		{"ordinary pages serve when there are no hugepages", ordinary_pages_serve_when_there_are_no_hugepages},
		{"pages are no larger than allowed", pages_are_no_larger_than_allowed},
		{"a gigabyte page must be three quarters used", a_gigabyte_page_must_be_three_quarters_used},
		{"the file is sealed and of that size", the_file_is_sealed_and_of_that_size},
		{"a device that cannot map fails the allocation whole",
			a_device_that_cannot_map_fails_the_allocation_whole},
		{"shortage is an error with the remedy", shortage_is_an_error_with_the_remedy},
		{"a limit on files is an error and no kill", a_limit_on_files_is_an_error_and_no_kill},
		{"hugepages that run out halfway are given back", hugepages_that_run_out_halfway_are_given_back},
		{"senseless requests are refused", senseless_requests_are_refused},
		{"the node is obeyed and the thread's policy kept", the_node_is_obeyed_and_the_threads_policy_kept},
		{"nothing is left after many rounds", nothing_is_left_after_many_rounds},
		{"hugepages are used", hugepages_are_used},
		{"a shortage of hugepages is no fault", a_shortage_of_hugepages_is_no_fault},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "memory", .pInitFunc = space_begin, .pCleanupFunc = space_end, .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
