/* SPDX-License-Identifier: BSD-2-Clause
 * The files behind the program's memory. A device in another process reaches memory through files only; most programs
 * that do DMA have theirs in one (hugetlbfs, memfd, shared memory). What is anonymous or private is moved into a file
 * of ours, in place. */
#include "preload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
		if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255[^\n]", &area->start, &area->end, area->rights,
			    &area->offset, &major, &minor, &area->inode, area->path) < 7)
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

/* The files behind what is mapped for DMA, one descriptor each: programs make thousands of mappings of one file. An
 * open file's inode is nobody else's, so that it names the file. */
static struct file {
	int fd;
	dev_t device;
	unsigned long inode;
	unsigned uses;
} * files;
static unsigned file_count;

/* The file that private memory is moved into, one stretch after the other. It stays open, as what was moved may be
 * mapped again; it is sparse and never grows, so that a device that maps files whole maps it once. */
#define OWN_BYTES (1ull << 36)
static int own = -1;
static uint64_t own_used;

/** @return -error; where the limit of open files is met, it is named: the program has no idea of our descriptors */
static int cannot_open(int error)
{
	static bool said;
	struct rlimit most;
	if (error == EMFILE && !said && getrlimit(RLIMIT_NOFILE, &most) == 0) {
		said = true;
		fprintf(stderr,
			"pollux-preload: no descriptor is left for another file with memory for DMA: this program may "
			"have %llu files open; raise that with: ulimit -n %llu\n",
			(unsigned long long)most.rlim_cur, (unsigned long long)most.rlim_cur * 4);
	}
	return -error;
}

/** Takes over a descriptor of a file that is not in the list. @return it, or -errno */
static int file_add(int fd)
{
	struct stat status;
	struct file *more = realloc(files, (file_count + 1) * sizeof(*files));
	if (more)
		files = more;
	if (!more || fstat(fd, &status)) {
		syscall(SYS_close, fd);
		return more ? -EBADF : -ENOMEM;
	}
	files[file_count++] = (struct file){.fd = fd, .device = status.st_dev, .inode = status.st_ino};
	return fd;
}

static void file_use(int fd)
{
	for (unsigned i = 0; i < file_count; i++)
		files[i].uses += files[i].fd == fd;
}

static void file_release(int fd)
{
	for (unsigned i = 0; i < file_count; i++) {
		if (files[i].fd != fd || --files[i].uses || fd == own)
			continue;
		syscall(SYS_close, fd);
		files[i] = files[--file_count];
		return;
	}
}

/** A new descriptor for the file that an area maps. map_files needs a privilege, so the program's own descriptors are
 * looked at as well. */
static int area_open(const struct area *area)
{
	char name[64];
	int fd;
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", area->start, area->end);
	fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	DIR *fds = errno == EMFILE ? NULL : opendir("/proc/self/fd");
	if (!fds)
		return cannot_open(errno);
	for (struct dirent *entry; (entry = readdir(fds));) {
		int candidate = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || candidate == dirfd(fds) || !same_file(candidate, area))
			continue;
		fd = fcntl(candidate, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? cannot_open(errno) : fd;
		closedir(fds);
		return fd;
	}
	closedir(fds);
	fd = (int)syscall(SYS_openat, AT_FDCWD, area->path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && same_file(fd, area))
		return fd;
	if (fd >= 0)
		syscall(SYS_close, fd);
	return -EACCES;
}

/** The descriptor of the file that an area maps, or -errno. */
static int file_of(const struct area *area)
{
	for (unsigned i = 0; i < file_count; i++)
		if (files[i].inode == area->inode && files[i].device == area->device)
			return files[i].fd;
	int fd = area_open(area);
	return fd < 0 ? fd : file_add(fd);
}

/** Room in the file of ours: its descriptor, or -errno. */
static int own_room(uint64_t bytes, uint64_t *offset)
{
	if (own < 0 || bytes > OWN_BYTES - own_used) {
		int fd = memfd_create("pollux-preload", MFD_CLOEXEC);
		if (fd < 0)
			return cannot_open(errno);
		if (bytes > OWN_BYTES || ftruncate(fd, (off_t)OWN_BYTES)) {
			syscall(SYS_close, fd);
			return -ENOMEM;
		}
		fd = file_add(fd);
		if (fd < 0)
			return fd;
		own = fd;
		own_used = 0;
	}
	*offset = own_used;
	own_used += bytes;
	return own;
}

/** Puts a file of ours in the place of private memory. The program must not be writing there meanwhile. */
static int move_to_file(uint64_t start, uint64_t bytes, const char *rights, uint64_t *offset)
{
	int kinds = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
		    (rights[2] == 'x' ? PROT_EXEC : 0);
	if (!(kinds & PROT_READ))
		return -EFAULT;
	int fd = own_room(bytes, offset);
	if (fd < 0)
		return fd;
	for (uint64_t done = 0; done < bytes;) {
		long n = syscall(SYS_pwrite64, fd, (const void *)(start + done), bytes - done, *offset + done);
		if (n <= 0)
			return -EFAULT;
		done += (uint64_t)n;
	}
	if (syscall(SYS_mmap, start, bytes, kinds, MAP_SHARED | MAP_FIXED, fd, *offset) == -1)
		return -ENOMEM;
	return fd;
}

static int add_piece(struct mapping *mapping, const struct piece *piece)
{
	struct piece *more = realloc(mapping->pieces, (mapping->piece_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	file_use(piece->fd);
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
		if (!maps) {
			error = cannot_open(errno);
			break;
		}
		while (!found && area_read(maps, &area))
			found = at >= area.start && at < area.end;
		fclose(maps);
		if (!found || strcmp(area.path, "[stack]") == 0) {
			error = -EFAULT;
			break;
		}
		uint64_t end = area.end < address + bytes ? area.end : address + bytes;
		struct piece piece = {.iova = iova + (at - address), .bytes = end - at, .flags = flags};
		if (area.rights[3] == 's' && area.inode) {
			piece.offset = area.offset + (at - area.start);
			piece.fd = file_of(&area);
			/* The kernel's own file behind shared anonymous memory can only be had by root. Other processes
			 * that share it since a fork would see no more of it. */
			if (piece.fd == -EACCES && strcmp(area.path, "/dev/zero (deleted)") == 0)
				piece.fd = move_to_file(at, end - at, area.rights, &piece.offset);
		} else {
			piece.fd = move_to_file(at, end - at, area.rights, &piece.offset);
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
		file_release(mapping->pieces[i].fd);
	free(mapping->pieces);
	*mapping = (struct mapping){0};
}
