/* SPDX-License-Identifier: BSD-2-Clause
 * The DMA space against made-up IOMMUs: one I/O address for all, whichever came first, and nothing left after a
 * failure. */
#include "../../vfio/space.c"

#include "unit.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB    (1ull << 20)
#define PLACES 16

/* Remembers what is mapped, and refuses the map call number `fail_at`. */
struct fake {
	struct dma_mapper mapper; /* first */
	struct {
		uint64_t iova, bytes;
		void *address;
		off_t file_bytes;
	} map[PLACES];
	unsigned count, calls, fail_at, bad_unmaps;
};

static int fake_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct fake *fake = (struct fake *)mapper;
	struct stat stat;

	if (++fake->calls == fake->fail_at)
		return pollux_fail(EXDEV, "map %u is refused", fake->calls);
	CU_ASSERT_FATAL(fake->count < PLACES);
	CU_ASSERT_EQUAL(fstat(fd, &stat), 0);
	fake->map[fake->count].iova = iova;
	fake->map[fake->count].bytes = bytes;
	fake->map[fake->count].address = address;
	fake->map[fake->count].file_bytes = stat.st_size;
	fake->count++;
	return 0;
}

static void fake_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct fake *fake = (struct fake *)mapper;

	pollux_fail(EIO, "a sentence of unmap's own");
	for (unsigned i = 0; i < fake->count; i++)
		if (fake->map[i].iova == iova && fake->map[i].bytes == bytes) {
			fake->map[i] = fake->map[--fake->count];
			return;
		}
	fake->bad_unmaps++;
}

static struct dma_reach make_reach(const struct dma_range *ranges, unsigned count, bool below_4gib)
{
	struct dma_reach reach = {.range_count = count, .below_4gib = below_4gib};

	for (unsigned i = 0; i < count; i++)
		reach.ranges[i] = ranges[i];
	return reach;
}

static struct fake make_fake(const struct dma_range *ranges, unsigned count)
{
	return (struct fake){
		.mapper = {.map = fake_map, .unmap = fake_unmap, .reach = make_reach(ranges, count, false)}};
}

static int restrict_to(
	struct dma_space *space, struct fake *fake, const struct dma_range *ranges, unsigned count, bool below_4gib)
{
	const struct dma_reach reach = make_reach(ranges, count, below_4gib);

	return dma_space_restrict(space, &fake->mapper, &reach);
}

static int make_file(size_t bytes)
{
	int fd = memfd_create("pollux-test-space", MFD_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static struct dma_space *open_space(void)
{
	struct dma_space *space;

	CU_ASSERT_EQUAL_FATAL(dma_space_open(&space), 0);
	return space;
}

/* Maps a new file of so many bytes. */
static int map_bytes(struct dma_space *space, size_t bytes, void **address)
{
	int fd = make_file(bytes);
	int error = dma_space_map(space, fd, bytes, 4096, address);

	close(fd);
	return error;
}

static void *must_map(struct dma_space *space, size_t bytes)
{
	void *address;

	CU_ASSERT_EQUAL_FATAL(map_bytes(space, bytes, &address), 0);
	return address;
}

static unsigned open_files(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void unref(struct dma_space *space, unsigned expected)
{
	CU_ASSERT_EQUAL(space->references, expected);
	dma_space_unref(space);
}

static bool knows(const struct fake *fake, const struct dma_space *space, const void *address, size_t bytes)
{
	for (unsigned i = 0; i < fake->count; i++)
		if (fake->map[i].iova == (uintptr_t)address + dma_space_offset(space) &&
			fake->map[i].address == address && fake->map[i].bytes == bytes)
			return true;
	return false;
}

/* ---- */

static void test_same_iova_for_all_devices_whichever_comes_first(void)
{
	unsigned files = open_files();
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0), b = make_fake(NULL, 0);

	CU_ASSERT_EQUAL(dma_space_offset(space), 0);
	void *before = must_map(space, 3 * 4096);
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	void *between = must_map(space, MIB);
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), 0);
	void *after = must_map(space, 4096);

	void *all[] = {before, between, after};
	size_t bytes[] = {3 * 4096, MIB, 4096};
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(knows(&a, space, all[i], bytes[i]));
		CU_ASSERT(knows(&b, space, all[i], bytes[i]));
	}
	CU_ASSERT_EQUAL(a.count, 3);
	CU_ASSERT_EQUAL(b.count, 3);
	CU_ASSERT_EQUAL(space->references, 6);

	dma_space_unmap(space, between);
	CU_ASSERT_EQUAL(a.count, 2);
	CU_ASSERT_EQUAL(b.count, 2);
	dma_space_detach(space, &a.mapper);
	CU_ASSERT_EQUAL(a.count, 0);
	CU_ASSERT_EQUAL(b.count, 2);
	dma_space_detach(space, &a.mapper); /* again: nothing */
	dma_space_unmap(space, before);
	dma_space_unmap(space, before); /* again: nothing */
	dma_space_unmap(space, NULL);
	dma_space_unmap(space, after);
	dma_space_detach(space, &b.mapper);
	CU_ASSERT_EQUAL(a.bad_unmaps + b.bad_unmaps, 0);
	unref(space, 1);
	CU_ASSERT_EQUAL(open_files(), files);
}

static void test_memory_is_the_file(void)
{
	struct dma_space *space = open_space();
	int fd = make_file(8192);
	void *address;
	char byte = 0;

	CU_ASSERT_EQUAL_FATAL(dma_space_map(space, fd, 8192, 4096, &address), 0);
	((volatile char *)address)[5000] = 77;
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, 5000), 1);
	CU_ASSERT_EQUAL(byte, 77);
	close(fd);
	((volatile char *)address)[5001] = 78;
	dma_space_unmap(space, address);
	unref(space, 1);
}

static void test_window_is_above_4_gib_and_below_38_bits(void)
{
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	CU_ASSERT(space->iova >= 4 * GIB);
	CU_ASSERT(space->iova + space->iova_bytes <= 1ull << 38);
	CU_ASSERT_EQUAL(space->iova_bytes, space->bytes);
	CU_ASSERT_EQUAL(dma_space_offset(space) % GIB, 0);
	CU_ASSERT_EQUAL((uintptr_t)space->base % GIB, 0);

	uint64_t offset = dma_space_offset(space);
	dma_space_detach(space, &a.mapper);
	CU_ASSERT_EQUAL(dma_space_offset(space), offset); /* it stays fixed */
	unref(space, 1);
}

static void test_39_bits_with_the_interrupt_hole(void)
{
	static const struct dma_range ranges[] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 39) - 1}};
	struct dma_space *space = open_space();
	struct fake a = make_fake(ranges, 2);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	CU_ASSERT(space->iova >= 4 * GIB && space->iova + space->iova_bytes <= 1ull << 38);
	CU_ASSERT_EQUAL(space->iova_bytes, space->bytes);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

static void test_32_bits_only(void)
{
	static const struct dma_range ranges[] = {{0, 0xfedfffff}, {0xfef00000, 0xffffffff}};
	struct dma_space *space = open_space();
	struct fake a = make_fake(ranges, 2);
	void *big, *low = must_map(space, 4096);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	CU_ASSERT_EQUAL(space->iova, GIB);
	CU_ASSERT_EQUAL(space->iova + space->iova_bytes - 1, 0xfedfffff);
	CU_ASSERT(knows(&a, space, low, 4096));

	/* The window of I/O addresses ends before the window of virtual ones. A sparse file: populated only if it is
	 * mapped. */
	CU_ASSERT_EQUAL(map_bytes(space, 3 * GIB, &big), -ENOSPC);
	CU_ASSERT_PTR_NULL(big);
	CU_ASSERT_EQUAL(a.count, 1);
	dma_space_unmap(space, low);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

static void test_conventional_pci_gets_a_window_below_4_gib(void)
{
	static const struct dma_range ranges[] = {{0, 0xfedfffff}, {0xfef00000, (1ull << 39) - 1}};

	for (unsigned i = 0; i < 2; i++) {
		struct dma_space *space = open_space();
		struct fake a = i ? make_fake(ranges, 2) : make_fake(NULL, 0), b = make_fake(ranges, 2);
		void *big, *low = must_map(space, 4096);

		a.mapper.reach.below_4gib = true;
		CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
		CU_ASSERT_EQUAL(space->iova, GIB);
		CU_ASSERT_EQUAL(space->iova + space->iova_bytes - 1, i ? 0xfedfffff : 0xffffffff);
		CU_ASSERT(knows(&a, space, low, 4096));
		CU_ASSERT_EQUAL(map_bytes(space, 3 * GIB + 4096, &big), -ENOSPC);
		CU_ASSERT(strstr(pollux_error(), "keeps below 4 GiB; free some, or use smaller pools") != NULL);
		/* others reach it, another conventional device too */
		CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), i ? 0 : -ERANGE);
		dma_space_detach(space, &b.mapper);
		b.mapper.reach.below_4gib = true;
		CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), i ? 0 : -ERANGE);
		dma_space_detach(space, &b.mapper);
		dma_space_unmap(space, low);
		dma_space_detach(space, &a.mapper);
		unref(space, 1);
	}
}

static void test_conventional_pci_is_refused_a_window_above_4_gib(void)
{
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0), b = make_fake(NULL, 0);

	b.mapper.reach.below_4gib = true;
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	void *memory = must_map(space, 4096);
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), -ERANGE);
	CU_ASSERT(strstr(pollux_error(), "this device, which is conventional PCI, is given: addresses below 4 GiB; "
					 "open this device first, or give it a space of its own") != NULL);
	CU_ASSERT_EQUAL(restrict_to(space, &a, NULL, 0, true), -ERANGE);
	CU_ASSERT_FALSE(a.mapper.reach.below_4gib);
	dma_space_unmap(space, memory);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

/* Ports are opened one after the other, before there is memory: which is first must not matter. */
static void test_the_window_moves_while_there_is_no_memory(void)
{
	static const struct dma_range low[] = {{0, 0xfedfffff}}, high[] = {{4 * GIB, 1ull << 39}};
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0), b = make_fake(NULL, 0), c = make_fake(high, 1);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	dma_space_unmap(space, must_map(space, 4096));
	b.mapper.reach.below_4gib = true;
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), 0);
	CU_ASSERT_EQUAL(space->iova, GIB);
	CU_ASSERT_EQUAL(
		dma_space_attach(space, &c.mapper), -ERANGE); /* not to where an earlier device does not reach */
	CU_ASSERT_EQUAL(space->iova, GIB);
	void *memory = must_map(space, 4096);
	CU_ASSERT(knows(&a, space, memory, 4096) && knows(&b, space, memory, 4096));
	dma_space_detach(space, &b.mapper);
	CU_ASSERT_EQUAL(dma_space_attach(space, &c.mapper), -ERANGE); /* nor while there is memory */
	dma_space_unmap(space, memory);
	CU_ASSERT_EQUAL(dma_space_attach(space, &c.mapper), 0);
	CU_ASSERT_EQUAL(space->iova, 4 * GIB);
	dma_space_detach(space, &c.mapper);

	/* a device joins an IOMMU address space that is attached already */
	CU_ASSERT_EQUAL(restrict_to(space, &a, low, 1, true), 0);
	CU_ASSERT_EQUAL(space->iova + space->iova_bytes - 1, 0xfedfffff);
	CU_ASSERT_EQUAL(restrict_to(space, &a, low, 1, false), 0);
	CU_ASSERT(a.mapper.reach.below_4gib); /* the conventional one is still there */
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

static void test_conventional_pci_and_more_memory_than_there_is_below_4_gib(void)
{
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0);
	/* as if it were mapped: nobody populates 4 GiB for a test */
	struct memory much = {.bytes = 4 * GIB, .span = 4 * GIB, .fd = 0};

	a.mapper.reach.below_4gib = true;
	space->memories = &much;
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), -ENOSPC);
	CU_ASSERT(
		strstr(pollux_error(), "of a conventional PCI device below 4 GiB for the 4096 MiB of memory") != NULL);
	CU_ASSERT_EQUAL(a.calls, 0);
	space->memories = NULL;
	unref(space, 1);
}

static void test_no_range_for_what_is_mapped(void)
{
	static const struct dma_range tiny[] = {{2 * GIB, 2 * GIB + 2 * MIB - 1}}, high[] = {{1ull << 40, UINT64_MAX}};
	struct dma_space *space = open_space();
	struct fake a = make_fake(tiny, 1), b = make_fake(high, 1);
	void *address = must_map(space, 4 * MIB);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), -ENOSPC);
	CU_ASSERT(strstr(pollux_error(), "4 MiB") != NULL);
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), -ENOSPC);
	CU_ASSERT_EQUAL(a.calls + b.calls, 0);
	CU_ASSERT_EQUAL(dma_space_offset(space), 0);
	dma_space_unmap(space, address);
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), -ENOSPC);
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

static void test_later_device_that_excludes_the_window_is_refused(void)
{
	static const struct dma_range low[] = {{0, 0xffffffff}},
				      split[] = {{0, 10 * GIB - 1}, {10 * GIB + 4096, 1ull << 39}};
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0), b = make_fake(low, 1), c = make_fake(split, 2);

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	void *memory = must_map(space, 4096);
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), -ERANGE);
	CU_ASSERT(strstr(pollux_error(), "open this device first") != NULL);
	CU_ASSERT_EQUAL(dma_space_attach(space, &c.mapper), -ERANGE);
	CU_ASSERT_EQUAL(space->references, 3);
	dma_space_unmap(space, memory);
	dma_space_detach(space, &b.mapper);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);

	space = open_space(); /* the other way round it goes */
	a.count = 0;
	CU_ASSERT_EQUAL(dma_space_attach(space, &b.mapper), 0);
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	dma_space_detach(space, &a.mapper);
	dma_space_detach(space, &b.mapper);
	unref(space, 1);
}

static void test_failing_each_map_of_an_attach_unwinds(void)
{
	struct dma_space *space = open_space();
	void *all[4];

	for (unsigned i = 0; i < 4; i++)
		all[i] = must_map(space, 4096 << i);
	for (unsigned n = 1; n <= 4; n++) {
		struct fake a = make_fake(NULL, 0);

		a.fail_at = n;
		CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), -EXDEV);
		CU_ASSERT(strstr(pollux_error(), "is refused") != NULL);
		CU_ASSERT_EQUAL(a.count, 0);
		CU_ASSERT_EQUAL(a.bad_unmaps, 0);
		CU_ASSERT_EQUAL(dma_space_offset(space), 0);
		CU_ASSERT_EQUAL(space->references, 5);
	}
	for (unsigned i = 0; i < 4; i++)
		dma_space_unmap(space, all[i]);
	unref(space, 1);
}

static void test_failing_each_device_of_a_map_unwinds(void)
{
	unsigned files = open_files();
	struct dma_space *space = open_space();
	struct fake f[3];
	void *address, *first;

	for (unsigned i = 0; i < 3; i++) {
		f[i] = make_fake(NULL, 0);
		CU_ASSERT_EQUAL(dma_space_attach(space, &f[i].mapper), 0);
	}
	first = must_map(space, 4096);
	dma_space_unmap(space, first);
	for (unsigned n = 0; n < 3; n++) {
		f[n].fail_at = f[n].calls + 1;
		CU_ASSERT_EQUAL(map_bytes(space, 4096, &address), -EXDEV);
		CU_ASSERT(strstr(pollux_error(), "is refused") != NULL);
		CU_ASSERT_PTR_NULL(address);
		for (unsigned i = 0; i < 3; i++)
			CU_ASSERT_EQUAL(f[i].count + f[i].bad_unmaps, 0);
	}
	CU_ASSERT_PTR_EQUAL(must_map(space, 4096), first); /* the place is free again */
	dma_space_unmap(space, first);
	for (unsigned i = 0; i < 3; i++)
		dma_space_detach(space, &f[i].mapper);
	unref(space, 1);
	CU_ASSERT_EQUAL(open_files(), files);
}

static void test_places_are_powers_of_two_and_reused_first_fit(void)
{
	static const size_t sizes[] = {4096, 5 * 4096, 4096, 3 * MIB, 2 * 4096, 70 * 4096};
	struct dma_space *space = open_space();
	uint64_t at[6], span[6];
	void *all[6];

	for (unsigned i = 0; i < 6; i++) {
		all[i] = must_map(space, sizes[i]);
		at[i] = (uintptr_t)all[i];
		for (span[i] = 4096; span[i] < sizes[i]; span[i] *= 2)
			;
		CU_ASSERT_EQUAL(at[i] % span[i], 0);
		CU_ASSERT(at[i] - (uintptr_t)space->base < 16 * MIB); /* low */
		for (unsigned k = 0; k < i; k++)
			CU_ASSERT(at[k] + span[k] <= at[i] || at[i] + span[i] <= at[k]);
	}
	dma_space_unmap(space, all[1]);
	CU_ASSERT_PTR_EQUAL(must_map(space, 8 * 4096), all[1]);
	dma_space_unmap(space, all[1]);
	CU_ASSERT_PTR_EQUAL(must_map(space, 6 * 4096), all[1]);
	for (unsigned i = 0; i < 6; i++)
		dma_space_unmap(space, all[i]);
	CU_ASSERT_PTR_EQUAL(must_map(space, 4096), space->base);
	dma_space_unmap(space, space->base);
	CU_ASSERT_PTR_NULL(space->memories);
	unref(space, 1);
}

static void test_full_window(void)
{
	struct dma_space *space = open_space();
	uint64_t real = space->bytes;
	void *a, *b, *c;

	space->bytes = 8 * 4096; /* as if no more had been reserved */
	CU_ASSERT_EQUAL(map_bytes(space, 9 * 4096, &a), -ENOSPC);
	a = must_map(space, 4 * 4096);
	b = must_map(space, 3 * 4096);
	CU_ASSERT_EQUAL(map_bytes(space, 4096, &c), -ENOSPC); /* b's rest is not for others */
	CU_ASSERT(strstr(pollux_error(), "no room") != NULL);
	dma_space_unmap(space, a);
	dma_space_unmap(space, b);
	space->bytes = real;
	unref(space, 1);
}

static void test_bad_memory_is_refused(void)
{
	struct dma_space *space = open_space();
	int fd = make_file(8192);
	void *address;

	CU_ASSERT_EQUAL(dma_space_map(space, fd, 0, 4096, &address), -EINVAL);
	CU_ASSERT_EQUAL(dma_space_map(space, fd, 5000, 4096, &address), -EINVAL);
	CU_ASSERT_EQUAL(dma_space_map(space, fd, 8192, 0, &address), -EINVAL);
	CU_ASSERT_EQUAL(dma_space_map(space, fd, 6144, 6144, &address), -EINVAL);
	CU_ASSERT_EQUAL(dma_space_map(space, fd, 12288, 4096, &address), -EINVAL); /* beyond the file */
	CU_ASSERT_EQUAL(dma_space_map(space, -1, 8192, 4096, &address), -EBADF);
	CU_ASSERT_PTR_NULL(address);
	close(fd);

	fd = memfd_create("pollux-test-space", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL(ftruncate(fd, 4096), 0);
	CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0); /* cannot be mapped for writing */
	CU_ASSERT_EQUAL(dma_space_map(space, fd, 4096, 4096, &address), -EPERM);
	close(fd);
	CU_ASSERT_PTR_NULL(space->memories);
	/* The place is still reserved: a new reservation does not fit there. */
	CU_ASSERT_PTR_EQUAL(reserve(space->base, 4096, MAP_FIXED_NOREPLACE), MAP_FAILED);
	unref(space, 1);
}

static void test_unmapped_memory_stays_reserved(void)
{
	struct dma_space *space = open_space();
	void *address = must_map(space, 4096);

	dma_space_unmap(space, address);
	CU_ASSERT_PTR_EQUAL(reserve(address, 4096, MAP_FIXED_NOREPLACE), MAP_FAILED);
	unref(space, 1);
}

static void test_memory_is_not_inherited(void)
{
	struct dma_space *space = open_space();
	void *address = must_map(space, 4096);
	unsigned char resident;
	int status;

	pid_t child = fork();
	CU_ASSERT_FATAL(child >= 0);
	if (child == 0)
		_exit(mincore(address, 4096, &resident) == -1 && errno == ENOMEM ? 0 : 1);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	dma_space_unmap(space, address);
	unref(space, 1);
}

static void test_references_keep_the_space(void)
{
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0);
	void *address = must_map(space, 4096);

	CU_ASSERT_PTR_EQUAL(dma_space_ref(space), space);
	dma_space_unref(space);
	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	unref(space, 3); /* the opener's: device and memory live on */
	*(volatile char *)address = 1;
	dma_space_detach(space, &a.mapper);
	CU_ASSERT_EQUAL(a.count, 0);
	dma_space_unmap(space, address); /* the last: under ASan a leak would show */
	dma_space_unref(NULL);
}

static void *map_and_unmap(void *context)
{
	struct dma_space *space = context;
	uintptr_t bad = 0;

	for (unsigned i = 0; i < 200; i++) {
		int fd = memfd_create("pollux-test-space", MFD_CLOEXEC);
		void *address;

		if (ftruncate(fd, 8192) != 0 || dma_space_map(space, fd, 8192, 4096, &address) != 0) {
			bad++;
		} else {
			*(volatile uintptr_t *)address = i;
			bad += *(volatile uintptr_t *)address != i;
			dma_space_unmap(space, address);
		}
		close(fd);
	}
	return (void *)bad;
}

static void test_threads_map_at_once(void)
{
	struct dma_space *space = open_space();
	struct fake a = make_fake(NULL, 0);
	pthread_t threads[4];
	void *bad;

	CU_ASSERT_EQUAL(dma_space_attach(space, &a.mapper), 0);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, map_and_unmap, space), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		CU_ASSERT_PTR_NULL(bad);
	}
	CU_ASSERT_EQUAL(a.count + a.bad_unmaps, 0);
	dma_space_detach(space, &a.mapper);
	unref(space, 1);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static void test_limited_address_space(void)
{
#ifdef SANITIZED
	printf("skipped: a sanitizer needs all the address space ");
#else
	int status;
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		struct rlimit limit = {20 * GIB, 20 * GIB};
		struct dma_space *space;

		if (setrlimit(RLIMIT_AS, &limit) != 0 || dma_space_open(&space) != 0 || space->bytes != 16 * GIB)
			_exit(1);
		dma_space_unref(space);
		limit = (struct rlimit){2 * GIB, 2 * GIB};
		if (setrlimit(RLIMIT_AS, &limit) != 0 || dma_space_open(&space) != -ENOMEM || space ||
			!strstr(pollux_error(), "ulimit -v"))
			_exit(2);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
#endif
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"same iova for all devices, whichever comes first",
			test_same_iova_for_all_devices_whichever_comes_first},
		{"memory is the file", test_memory_is_the_file},
		{"the window is above 4 GiB and below 2^38", test_window_is_above_4_gib_and_below_38_bits},
		{"39 bits with the interrupt hole", test_39_bits_with_the_interrupt_hole},
		{"32 bits only", test_32_bits_only},
		{"conventional PCI gets a window below 4 GiB", test_conventional_pci_gets_a_window_below_4_gib},
		{"conventional PCI is refused a window above 4 GiB",
			test_conventional_pci_is_refused_a_window_above_4_gib},
		{"the window moves while there is no memory", test_the_window_moves_while_there_is_no_memory},
		{"conventional PCI and more memory than there is below 4 GiB",
			test_conventional_pci_and_more_memory_than_there_is_below_4_gib},
		{"no range for what is mapped", test_no_range_for_what_is_mapped},
		{"a later device that excludes the window is refused",
			test_later_device_that_excludes_the_window_is_refused},
		{"failing each map of an attach unwinds", test_failing_each_map_of_an_attach_unwinds},
		{"failing each device of a map unwinds", test_failing_each_device_of_a_map_unwinds},
		{"places are powers of two, reused first fit", test_places_are_powers_of_two_and_reused_first_fit},
		{"a full window", test_full_window},
		{"bad memory is refused", test_bad_memory_is_refused},
		{"unmapped memory stays reserved", test_unmapped_memory_stays_reserved},
		{"memory is not inherited over fork", test_memory_is_not_inherited},
		{"references keep the space", test_references_keep_the_space},
		{"threads map at once", test_threads_map_at_once},
		{"limited address space", test_limited_address_space},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"DMA space", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
