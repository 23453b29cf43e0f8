/* SPDX-License-Identifier: BSD-2-Clause
 * The files behind the program's memory. A device in another process reaches memory through files only; most programs that do DMA
 * have theirs in one (hugetlbfs, memfd, shared memory). What is anonymous or private is moved into a file of ours, in place. */
#include "preload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/** One line of /proc/self/maps. */
struct area {
	uint64_t start, end, offset;
	unsigned long inode;
	dev_t device;
	char rights[5];
	char path[256];
};

static bool area_read(FILE *maps, struct area *area)
{
	char line[512];
	unsigned major, minor;
	while (fgets(line, sizeof(line), maps)) {
		area->path[0] = '\0';
		if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255[^\n]", &area->start, &area->end, area->rights, &area->offset, &major,
			    &minor, &area->inode, area->path) < 7)
			continue;
		area->device = makedev(major, minor);
		return true;
	}
	return false;
}

static bool same_file(int fd, const struct area *area)
{
	struct stat status;
	return fstat(fd, &status) == 0 && status.st_ino == area->inode && status.st_dev == area->device;
}

/** A descriptor for the file that an area maps. map_files needs a privilege, so the program's own descriptors are looked at as well. */
static int area_open(const struct area *area)
{
	char name[64];
	int fd;
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", area->start, area->end);
	fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	DIR *fds = opendir("/proc/self/fd");
	for (struct dirent *entry; fds && (entry = readdir(fds));) {
		int candidate = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || candidate == dirfd(fds) || !same_file(candidate, area))
			continue;
		fd = fcntl(candidate, F_DUPFD_CLOEXEC, 0);
		closedir(fds);
		return fd < 0 ? -errno : fd;
	}
	if (fds)
		closedir(fds);
	fd = (int)syscall(SYS_openat, AT_FDCWD, area->path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && same_file(fd, area))
		return fd;
	if (fd >= 0)
		syscall(SYS_close, fd);
	return -EACCES;
}

/** Puts a file of ours in the place of private memory. The program must not be writing there meanwhile. */
static int move_to_file(uint64_t start, uint64_t bytes, const char *rights)
{
	int kinds = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) | (rights[2] == 'x' ? PROT_EXEC : 0);
	int fd = memfd_create("pollux-preload", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!(kinds & PROT_READ) || ftruncate(fd, (off_t)bytes)) {
		syscall(SYS_close, fd);
		return -EFAULT;
	}
	for (uint64_t done = 0; done < bytes;) {
		long n = syscall(SYS_pwrite64, fd, (const void *)(start + done), bytes - done, done);
		if (n <= 0) {
			syscall(SYS_close, fd);
			return -EFAULT;
		}
		done += (uint64_t)n;
	}
	if (syscall(SYS_mmap, start, bytes, kinds, MAP_SHARED | MAP_FIXED, fd, 0l) == -1) {
		syscall(SYS_close, fd);
		return -ENOMEM;
	}
	return fd;
}

static int add_piece(struct mapping *mapping, const struct piece *piece)
{
	struct piece *more = realloc(mapping->pieces, (mapping->piece_count + 1) * sizeof(*more));
	if (!more) {
		syscall(SYS_close, piece->fd);
		return -ENOMEM;
	}
	mapping->pieces = more;
	mapping->pieces[mapping->piece_count++] = *piece;
	return 0;
}

int preload_memory_find(uint64_t address, uint64_t bytes, uint64_t iova, uint32_t flags, struct mapping *mapping)
{
	uint64_t at = address;
	struct area area;
	int error = 0;
	*mapping = (struct mapping){.iova = iova, .bytes = bytes};
	while (!error && at < address + bytes) {
		/* Read anew for each piece: moving one changes the list. */
		FILE *maps = fopen("/proc/self/maps", "re");
		bool found = false;
		while (maps && !found && area_read(maps, &area))
			found = at >= area.start && at < area.end;
		if (maps)
			fclose(maps);
		if (!found || strcmp(area.path, "[stack]") == 0) {
			error = -EFAULT;
			break;
		}
		uint64_t end = area.end < address + bytes ? area.end : address + bytes;
		struct piece piece = {.iova = iova + (at - address), .bytes = end - at, .flags = flags};
		if (area.rights[3] == 's' && area.inode) {
			piece.offset = area.offset + (at - area.start);
			piece.fd = area_open(&area);
			/* The kernel's own file behind shared anonymous memory can only be had by root. Other processes that share it
			 * since a fork would see no more of it. */
			if (piece.fd == -EACCES && strcmp(area.path, "/dev/zero (deleted)") == 0) {
				piece.offset = 0;
				piece.fd = move_to_file(at, end - at, area.rights);
			}
		} else {
			piece.fd = move_to_file(at, end - at, area.rights);
		}
		error = piece.fd < 0 ? piece.fd : add_piece(mapping, &piece);
		at = end;
	}
	if (error)
		preload_mapping_free(mapping);
	return error;
}

void preload_mapping_free(struct mapping *mapping)
{
	for (unsigned i = 0; i < mapping->piece_count; i++)
		syscall(SYS_close, mapping->pieces[i].fd);
	free(mapping->pieces);
	*mapping = (struct mapping){0};
}
