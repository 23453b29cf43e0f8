/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of the software 82599's table of DMA mappings: look-up, sharing of files, and files that are taken away. */
#include "../model/server/memory_map.h"

#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IOVA 0x100000000ull
#define PAGE 4096u

static int memory_fd(size_t bytes)
{
	int fd = memfd_create("client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static void thousands_of_pieces_are_one_mapping(void)
{
	enum { PIECES = 5000 };
	struct memory_map *map = memory_map_open();
	struct model_extent extent;
	int fd = memory_fd((size_t)PIECES * PAGE);
	/* Every other piece first, and from the end, as a guest might. */
	for (unsigned i = 0; i < PIECES; i += 2)
		ASSERT_NUMBER(memory_map_add(map, IOVA + (uint64_t)i * PAGE, PAGE, fd, (uint64_t)i * PAGE, true), 0);
	for (unsigned i = PIECES - 1; i < PIECES; i -= 2)
		ASSERT_NUMBER(memory_map_add(map, IOVA + (uint64_t)i * PAGE, PAGE, fd, (uint64_t)i * PAGE, true), 0);
	ASSERT_NUMBER(memory_map_count(map), PIECES);
	ASSERT_NUMBER(memory_map_file_count(map), 1);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 17 * PAGE + 5, &extent));
	ASSERT_NUMBER(extent.iova, IOVA);
	CU_ASSERT_TRUE(extent.bytes > 1000 * PAGE);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + (uint64_t)PIECES * PAGE - 1, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA + (uint64_t)PIECES * PAGE, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA - 1, &extent));
	/* Pieces that lie elsewhere in the file are no continuation. */
	ASSERT_NUMBER(memory_map_remove(map, IOVA + 20 * PAGE, PAGE), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA + 20 * PAGE, PAGE, fd, 0, true), 0);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 20 * PAGE, &extent));
	ASSERT_NUMBER(extent.bytes, PAGE);
	memory_map_clear(map);
	ASSERT_NUMBER(memory_map_file_count(map), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, -1, 0, true), 0);
	CU_ASSERT_FALSE(memory_map_find(map, IOVA, &extent));
	memory_map_close(map);
	close(fd);
}

static void pieces_are_taken_back_together_but_never_cut(void)
{
	struct memory_map *map = memory_map_open();
	struct model_extent extent;
	int fd = memory_fd(16 * PAGE);
	for (unsigned i = 0; i < 16; i += 2)
		ASSERT_NUMBER(memory_map_add(map, IOVA + i * PAGE, i == 8 ? 2 * PAGE : PAGE, fd, i * PAGE, true), 0);
	ASSERT_NUMBER(memory_map_remove(map, IOVA + 6 * PAGE, 3 * PAGE),
		-ENOENT); /* half of the larger one, from either side */
	ASSERT_NUMBER(memory_map_remove(map, IOVA + 9 * PAGE, 3 * PAGE), -ENOENT);
	ASSERT_NUMBER(memory_map_remove(map, IOVA + PAGE, PAGE), -ENOENT); /* a hole */
	ASSERT_NUMBER(memory_map_remove(map, IOVA, 0), -ENOENT);
	ASSERT_NUMBER(memory_map_remove(map, IOVA, UINT64_MAX), -ENOENT);
	ASSERT_NUMBER(memory_map_count(map), 8);
	ASSERT_NUMBER(memory_map_remove(map, IOVA + 3 * PAGE, 7 * PAGE), 0); /* 4, 6, 8 */
	ASSERT_NUMBER(memory_map_count(map), 5);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 2 * PAGE, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA + 4 * PAGE, &extent));
	CU_ASSERT_FALSE(memory_map_find(map, IOVA + 9 * PAGE, &extent));
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + 10 * PAGE, &extent));
	ASSERT_NUMBER(memory_map_remove(map, 0, UINT64_MAX), 0);
	ASSERT_NUMBER(memory_map_file_count(map), 0);
	memory_map_close(map);
	close(fd);
}

static void sparse_files_leave_room_for_others(void)
{
	struct memory_map *map = memory_map_open();
	int huge = memory_fd(MEMORY_MAP_BYTES + PAGE), fd = memory_fd(PAGE);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, huge, 0, true), -ENOSPC);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, fd, 0, true), 0);
	memory_map_close(map);
	close(huge);
	close(fd);
}

static void read_only_memory_is_read_only(void)
{
	struct memory_map *map = memory_map_open();
	struct model_extent extent;
	int fd = memory_fd(PAGE);
	ASSERT_NUMBER(memory_map_add(map, IOVA, PAGE, fd, 0, false), 0);
	ASSERT_NUMBER(memory_map_add(map, IOVA + PAGE, PAGE, fd, 0, true), 0);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA, &extent));
	CU_ASSERT_FALSE(extent.writable);
	CU_ASSERT_TRUE(memory_map_find(map, IOVA + PAGE, &extent));
	CU_ASSERT_TRUE(extent.writable);
	memory_map_close(map);
	close(fd);
}

static void memory_that_is_taken_away_is_survived(void)
{
	struct memory_map *map = memory_map_open();
	struct model_extent extent = {0};
	int fd = memory_fd(4 * PAGE);
	ASSERT_NUMBER(memory_map_add(map, IOVA, 4 * PAGE, fd, 0, true), 0);
	CU_ASSERT_FATAL(memory_map_find(map, IOVA, &extent));
	memset(extent.at, 0xaa, 4 * PAGE);
	CU_ASSERT_FALSE(memory_map_lost(map));
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, 0), 0);
	memset(extent.at, 0x55, 4 * PAGE);
	ASSERT_NUMBER(((volatile uint8_t *)extent.at)[3 * PAGE], 0x55);
	CU_ASSERT_TRUE(memory_map_lost(map));
	memory_map_close(map);
	close(fd);
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"thousands of pieces are one mapping", thousands_of_pieces_are_one_mapping},
		{"pieces are taken back together, but never cut", pieces_are_taken_back_together_but_never_cut},
		{"sparse files leave room for others", sparse_files_leave_room_for_others},
		{"read-only memory is read-only", read_only_memory_is_read_only},
		{"memory that is taken away is survived", memory_that_is_taken_away_is_survived},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{.pName = "memory map", .pTests = tests},
		CU_SUITE_INFO_NULL,
	};
	return unit_run(suites);
}
