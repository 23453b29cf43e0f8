/* SPDX-License-Identifier: BSD-2-Clause
 * DMA memory of a qtest machine. While a piece of a DMA space is mapped, its pages are those of the machine's memory at
 * its I/O address; what it held goes there and back. So pools and rings come from where they always come from, and the
 * card reaches them as it would through an IOMMU. Memory that is not mapped has no pages: any that appear tell of stray
 * DMA. */
#include "machine.h"

#include "../../vfio/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static off_t place(uint64_t iova)
{
	return (off_t)(iova < LOW_BYTES ? iova : iova - HIGH_AT + LOW_BYTES);
}

static struct qtest *qtest_of(struct dma_mapper *mapper)
{
	return (struct qtest *)((char *)mapper - offsetof(struct qtest, mapper));
}

/* Replaces the pages at an address by a file's, which get what was in them. */
static int exchange(uint8_t *address, size_t bytes, int fd, off_t offset)
{
	uint8_t *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, address, bytes);
	munmap(copy, bytes);
	if (mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, offset) ==
		MAP_FAILED)
		return -errno;
	madvise(address, bytes, MADV_DONTFORK);
	return 0;
}

int qtest_map(struct dma_mapper *mapper, uint64_t iova, void *address, size_t bytes, int fd)
{
	struct qtest *qtest = qtest_of(mapper);
	if (qtest_map_fails(qtest))
		return pollux_fail(EIO, "the test made a DMA mapping fail");
	if (qtest->extent_count == EXTENTS)
		return pollux_fail(ENOSPC, "the qtest machine has no room for another DMA mapping");
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int ret = kept < 0 ? -errno : exchange(address, bytes, qtest->memory, place(iova));
	if (ret) {
		if (kept >= 0)
			close(kept);
		return pollux_fail(-ret, "the qtest machine's memory cannot be mapped: %s", strerror(-ret));
	}
	qtest->extents[qtest->extent_count++] = (struct extent){iova, bytes, address, kept};
	return 0;
}

void qtest_unmap(struct dma_mapper *mapper, uint64_t iova, size_t bytes)
{
	struct qtest *qtest = qtest_of(mapper);
	for (unsigned i = 0; i < qtest->extent_count; i++) {
		struct extent *extent = &qtest->extents[i];
		if (extent->iova != iova)
			continue;
		exchange(extent->address, extent->bytes, extent->fd, 0);
		close(extent->fd);
		*extent = qtest->extents[--qtest->extent_count];
		fallocate(qtest->memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place(iova), (off_t)bytes);
		return;
	}
}

bool qtest_strayed(struct qtest *qtest)
{
	off_t at = (off_t)LOW_AT;
	while ((at = lseek(qtest->memory, at, SEEK_DATA)) >= 0) {
		const struct extent *in = NULL;
		for (unsigned i = 0; i < qtest->extent_count && !in; i++)
			if (at >= place(qtest->extents[i].iova) &&
				at < place(qtest->extents[i].iova) + (off_t)qtest->extents[i].bytes)
				in = &qtest->extents[i];
		if (!in)
			return true;
		at = place(in->iova) + (off_t)in->bytes;
	}
	return false;
}
