/* SPDX-License-Identifier: BSD-2-Clause
 * DMA memory: a sealed, fully populated file of the largest pages that can be had, put into a DMA space. */
#include "memory.h"

#include "../vfio/error.h"
#include "../vfio/host/files.h"
#include "../vfio/space.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <numa.h>
#include <numaif.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE_4K ((size_t)4096)
#define PAGE_2M ((size_t)2 << 20)
#define PAGE_1G ((size_t)1 << 30)
/* The I/O window of a space lies below 2^38. The limit also keeps rounding up from overflowing. */
#define BYTES_MAX ((size_t)1 << 38)

static const struct {
	size_t bytes;
	unsigned memfd_flags;
} page_sizes[] = {
	{PAGE_1G, MFD_HUGETLB | MFD_HUGE_1GB},
	{PAGE_2M, MFD_HUGETLB | MFD_HUGE_2MB},
	{PAGE_4K, 0},
};
#define PAGE_SIZES (sizeof(page_sizes) / sizeof(page_sizes[0]))
static size_t page_bytes_max = PAGE_1G; /* tests want smaller ones */

static size_t round_up(size_t bytes, size_t page_bytes)
{
	return (bytes + page_bytes - 1) & ~(page_bytes - 1);
}

/* A page of 1 GiB is worth it if less than a quarter of it is wasted; one of 2 MiB always is: even a small ring saves
 * IOTLB and TLB entries. */
static bool page_worth(size_t bytes, size_t page_bytes)
{
	size_t rounded = round_up(bytes, page_bytes);
	return page_bytes < PAGE_1G || rounded - bytes < rounded / 4;
}

/* A thread's memory policy, to be restored after pages were taken with another. libnuma's numa_set_ functions would do,
 * but they print where a container forbids it. */
#define NODES_MAX 1024u /* the most that a kernel can be built for */
struct policy {
	bool changed;
	int mode;
	unsigned long nodes[NODES_MAX / 64];
};

static void policy_prefer(struct policy *saved, int numa_node)
{
	unsigned long wanted[NODES_MAX / 64] = {0};

	saved->changed = false;
	if (numa_node < 0 || numa_available() < 0)
		return;
	wanted[numa_node / 64] = 1UL << numa_node % 64;
	saved->changed = get_mempolicy(&saved->mode, saved->nodes, NODES_MAX, NULL, 0) == 0 &&
			 set_mempolicy(MPOL_PREFERRED, wanted, NODES_MAX) == 0;
}

static void policy_restore(const struct policy *saved)
{
	if (saved->changed)
		set_mempolicy(saved->mode, saved->nodes, NODES_MAX);
}

/* ---- What is left ---- */

/* Adds up the numbers of those lines of a file that begin with one of two names. @return false: there is no such line
 */
static bool sum_lines(const char *path, const char *first_name, const char *second_name, uint64_t *sum)
{
	char line[128], name[64];
	unsigned long long number;
	bool found = false;
	FILE *file = fopen(path, "re");

	*sum = 0;
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %llu", name, &number) == 2 &&
			(strcmp(name, first_name) == 0 || strcmp(name, second_name) == 0)) {
			*sum += number;
			found = true;
		}
	fclose(file);
	return found;
}

/* How a version of cgroups names its mount, its files, and the lines of memory.stat about file caches. */
struct version {
	const char *mount, *limit, *usage, *active, *inactive;
};

static const struct version second = {"/sys/fs/cgroup", "memory.max", "memory.current", "active_file", "inactive_file"};
static const struct version first = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	"total_active_file", "total_inactive_file"};

/* Finds the process's group, as a path below the mount: that of version 1 where it has the memory controller. */
static const struct version *find_group(char group[PATH_MAX])
{
	char path[PATH_MAX], line[PATH_MAX], *controllers, *at;
	const struct version *found = NULL;
	FILE *file;

	vfio_path(path, "/proc/self/cgroup");
	if ((file = fopen(path, "re")) == NULL)
		return NULL;
	while (found != &first && fgets(line, sizeof(line), file)) {
		/* hierarchy:controllers:path; version 2 names no controllers */
		if ((controllers = strchr(line, ':')) == NULL || (at = strchr(controllers + 1, ':')) == NULL ||
			(at != controllers + 1 && strncmp(controllers, ":memory:", 8) != 0))
			continue;
		found = at == controllers + 1 ? &second : &first;
		snprintf(group, PATH_MAX, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	}
	fclose(file);
	return found;
}

static bool read_number(const char *folder, const char *name, uint64_t *value)
{
	char path[PATH_MAX], text[32], *end;

	if (!vfio_path(path, "%s/%s", folder, name) || !vfio_read_line(path, text, sizeof(text)))
		return false;
	*value = strtoull(text, &end, 10);
	return end != text; /* "max" is no limit */
}

/* What memory cgroups leave to this process: those of its own group and of all above it, of version 2 and 1, as /proc
 * and /sys show them. Beyond that the kernel does not refuse ordinary pages, it kills. What the kernel can take back
 * from file caches is left, too.
 * @param file  receives the name of the file that sets the limit, "" without one
 * @return bytes; UINT64_MAX: there is no limit */
static uint64_t cgroup_memory_left(char file[PATH_MAX])
{
	char group[PATH_MAX] = "", folder[PATH_MAX], stat[PATH_MAX];
	const struct version *version = find_group(group);
	uint64_t least = UINT64_MAX, limit, usage, caches;

	file[0] = '\0';
	for (char *end = group + strlen(group); version; *end = '\0') {
		/* In a container the path may be one of the machine, where only the mount itself can be seen. */
		if (snprintf(folder, sizeof(folder), "%s%s", version->mount, strcmp(group, "/") == 0 ? "" : group) <
				PATH_MAX &&
			read_number(folder, version->limit, &limit) && read_number(folder, version->usage, &usage)) {
			/* the kernel takes file caches back before it says that no memory is left */
			vfio_path(stat, "%s/memory.stat", folder);
			sum_lines(stat, version->active, version->inactive, &caches);
			uint64_t used = usage - caches;
			uint64_t left = used > usage ? limit : limit > used ? limit - used : 0;
			if (left < least && snprintf(file, PATH_MAX, "%s/%s", folder, version->limit) < PATH_MAX)
				least = left;
		}
		if (!group[0] || (end = strrchr(group, '/')) == NULL)
			break;
	}
	return least;
}

/* Whether there are too few ordinary pages. The kernel would rather kill a process than refuse it one, so this is asked
 * first. */
static bool ordinary_pages_short(size_t bytes)
{
	char limit[PATH_MAX];
	uint64_t available_kib;

	return cgroup_memory_left(limit) < bytes ||
	       (sum_lines("/proc/meminfo", "MemAvailable:", "", &available_kib) && available_kib < bytes / 1024);
}

/* ---- The file ---- */

/* Takes all pages of the file now; in pieces, because a signal interrupts fallocate, which then gives ordinary pages
 * back. */
static int populate(int fd, size_t bytes, size_t page_bytes)
{
	size_t piece = page_bytes > PAGE_2M ? page_bytes : PAGE_2M;
	for (size_t done = 0; done < bytes; done += piece) {
		size_t length = bytes - done < piece ? bytes - done : piece;
		while (fallocate(fd, 0, (off_t)done, (off_t)length) < 0)
			if (errno != EINTR)
				return -errno;
	}
	return 0;
}

/* Makes a sealed file whose pages, of this size, are all there. @return its descriptor, or -errno without a sentence */
static int file_open(size_t bytes, size_t page_bytes, unsigned memfd_flags, int numa_node)
{
	struct rlimit file_limit;
	/* beyond the limit, the kernel kills a process that does not ignore SIGXFSZ */
	if (getrlimit(RLIMIT_FSIZE, &file_limit) == 0 && file_limit.rlim_cur < bytes)
		return -EFBIG;
	if (page_bytes == PAGE_4K && ordinary_pages_short(bytes))
		return -ENOMEM;
	int fd = memfd_create("pollux", MFD_CLOEXEC | MFD_ALLOW_SEALING | memfd_flags);
	if (fd < 0)
		return -errno;

	int error = 0;
	if (ftruncate(fd, (off_t)bytes) < 0) {
		error = -errno;
	} else {
		struct policy saved;
		policy_prefer(&saved, numa_node);
		error = populate(fd, bytes, page_bytes);
		policy_restore(&saved);
	}
	/* Whoever maps the file too (a vfio-user peer) can rely on its size, as we can. The peer can still punch pages
	 * out of it: no seal forbids that and leaves the file writable. */
	if (!error && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

bool dma_memory_node_exists(int numa_node)
{
	/* without NUMA in the kernel, all memory is node 0's */
	return numa_available() < 0 ? numa_node == 0
				    : numa_node >= 0 && numa_node <= numa_max_node() &&
					      numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)numa_node);
}

int dma_memory_alloc(struct dma_memory *memory, struct dma_space *space, size_t bytes, int numa_node)
{
	*memory = (struct dma_memory){0};
	if (!space || bytes == 0 || bytes > BYTES_MAX)
		return pollux_fail(EINVAL,
			"cannot allocate %zu bytes of DMA memory: ask for 1 byte to 256 GiB in a DMA space", bytes);
	if (numa_node < -1 || (numa_node >= 0 && numa_available() == 0 && numa_node > numa_max_node()))
		return pollux_fail(EINVAL, "there is no NUMA node %d: this machine's last one is %d, and -1 means any",
			numa_node, numa_available() == 0 ? numa_max_node() : 0);

	int error = -ENOMEM;
	for (unsigned i = 0; i < PAGE_SIZES; i++) {
		size_t page_bytes = page_sizes[i].bytes;
		if (page_bytes > page_bytes_max || !page_worth(bytes, page_bytes))
			continue;
		size_t rounded = round_up(bytes, page_bytes);
		int fd = file_open(rounded, page_bytes, page_sizes[i].memfd_flags, numa_node);
		if (fd < 0) {
			error = fd;
			continue;
		}
		void *address;
		error = dma_space_map(space, fd, rounded, page_bytes, &address);
		close(fd); /* the space has its own */
		if (error)
			return error;
		*memory = (struct dma_memory){
			.base = address, .bytes = rounded, .page_bytes = page_bytes, .space = space};
		return 0;
	}
	char limit[PATH_MAX];
	uint64_t left = cgroup_memory_left(limit);
	if (left < round_up(bytes, PAGE_4K))
		return pollux_fail(ENOMEM,
			"no memory for %zu KiB of DMA memory: %s leaves %" PRIu64
			" KiB; raise that limit (docker run --memory), or provide hugepages, which it does not count, "
			"with: echo %zu > /proc/sys/vm/nr_hugepages",
			(bytes + 1023) / 1024, limit, left / 1024, round_up(bytes, PAGE_2M) / PAGE_2M);
	if (error == -EFBIG)
		return pollux_fail(ENOMEM,
			"no memory for %zu KiB of DMA memory: it is a file, and those may not be that large; ulimit "
			"-f unlimited",
			(bytes + 1023) / 1024);
	/* Memory is short, whether the kernel said ENOSPC, ENOMEM, or that there are too many files. */
	return pollux_fail(ENOMEM,
		"no memory for %zu KiB of DMA memory: %s; provide hugepages with: echo %zu > /proc/sys/vm/nr_hugepages",
		(bytes + 1023) / 1024, strerror(-error), round_up(bytes, PAGE_2M) / PAGE_2M);
}

void dma_memory_free(struct dma_memory *memory)
{
	if (!memory->base)
		return;
	dma_space_unmap(memory->space, memory->base);
	*memory = (struct dma_memory){0};
}
