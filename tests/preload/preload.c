/* SPDX-License-Identifier: BSD-2-Clause
 * The calls that are taken over from the C library: opening /dev/vfio, and what a program does with the descriptors it
 * gets. All else goes to the kernel as it was. Descriptors that are duplicated, inherited over fork or sent elsewhere
 * are not followed. */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT             __attribute__((visibility("default")))
#define MODE_NEEDED(flags) ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE)

/* Recursive, because functions called under the lock open and close descriptors. */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* A thread that serves the devices from inside the program: its calls are none of ours, and must not wait for one that
 * waits for it. */
static _Thread_local bool serving;

/* ---- What a program that knows of this library may call: find them with dlsym ---- */

/** From now on this thread's calls go to the kernel as they are. For threads that serve the devices themselves. */
EXPORT void pollux_preload_serving(void);
void pollux_preload_serving(void)
{
	serving = true;
}

/**
 * Puts the device's heads and tails, as memory, in place of their trapped pages. From then on the other registers of
 * these pages read as whatever the file has: for benchmarks, once everything is set up. @return 0 or -errno
 */
EXPORT int pollux_preload_share(void);
int pollux_preload_share(void)
{
	return preload_trap_share();
}

static struct group *group_numbered(unsigned number)
{
	for (unsigned i = 0; i < preload_group_count; i++)
		if (preload_groups[i].number == number)
			return &preload_groups[i];
	preload_groups[preload_group_count] = (struct group){.number = number, .fd = -1};
	return &preload_groups[preload_group_count++];
}

/** POLLUX_VFIO_DEVICES: "NAME GROUP SOCKET" lines, as tests/preload/run writes them. */
__attribute__((constructor)) static void configure(void)
{
	const char *text = getenv("POLLUX_VFIO_DEVICES");
	for (unsigned i = 0; i < PRELOAD_CONTAINERS; i++)
		preload_containers[i].fd = -1;
	for (const char *line = text; line && *line && preload_device_count < PRELOAD_DEVICES;) {
		struct device *device = &preload_devices[preload_device_count];
		unsigned number;
		if (sscanf(line, "%15s %u %107[^\n]", device->name, &number, device->path) != 3) {
			fprintf(stderr, "pollux-preload: POLLUX_VFIO_DEVICES has lines of NAME GROUP SOCKET; start "
					"programs with tests/preload/run\n");
			exit(2);
		}
		device->fd = -1;
		device->group = group_numbered(number);
		preload_device_count++;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	preload_has_nodes = getenv("POLLUX_VFIO_NODES") != NULL;
	preload_tracing = getenv("POLLUX_VFIO_TRACE") != NULL;
	preload_fail_configure(getenv("POLLUX_VFIO_FAIL"));
}

static int result(int value)
{
	if (value >= 0)
		return value;
	errno = -value;
	return -1;
}

static int do_open(int folder, const char *path, int flags, mode_t mode)
{
	static const char ours[] = "/dev/vfio/";
	bool iommu = path && preload_has_nodes && strcmp(path, "/dev/iommu") == 0;
	if (serving || !path || (!iommu && strncmp(path, ours, sizeof(ours) - 1) != 0) || !preload_device_count)
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	pthread_mutex_lock(&lock);
	int fd = iommu ? preload_open_iommu(flags) : preload_open(path + sizeof(ours) - 1, flags);
	pthread_mutex_unlock(&lock);
	return result(fd);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return MODE_NEEDED(flags) ? va_arg(arguments, mode_t) : 0;
}

/* The C library has each of these under several names; those of fortified programs are __open_2 and so on. */
#define OPEN(name)                                                                                                     \
	EXPORT int name(const char *path, int flags, ...);                                                             \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		va_start(arguments, flags);                                                                            \
		mode_t mode = mode_of(flags, arguments);                                                               \
		va_end(arguments);                                                                                     \
		return do_open(AT_FDCWD, path, flags, mode);                                                           \
	}
#define OPENAT(name)                                                                                                   \
	EXPORT int name(int folder, const char *path, int flags, ...);                                                 \
	int name(int folder, const char *path, int flags, ...)                                                         \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		va_start(arguments, flags);                                                                            \
		mode_t mode = mode_of(flags, arguments);                                                               \
		va_end(arguments);                                                                                     \
		return do_open(folder, path, flags, mode);                                                             \
	}
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT(__openat_2)
OPENAT(__openat64_2)

static bool is_ours(int fd)
{
	return preload_device_of(fd) || preload_group_of(fd) || preload_container_of(fd);
}

EXPORT int close(int fd)
{
	if (serving)
		return (int)syscall(SYS_close, fd);
	pthread_mutex_lock(&lock);
	if (is_ours(fd))
		preload_closed(fd);
	int state = (int)syscall(SYS_close, fd);
	pthread_mutex_unlock(&lock);
	return state;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	if (serving)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	pthread_mutex_lock(&lock);
	bool ours = is_ours(fd);
	int state = ours ? preload_ioctl(fd, request, argument) : 0;
	pthread_mutex_unlock(&lock);
	return ours ? result(state) : (int)syscall(SYS_ioctl, fd, request, argument);
}

static void *do_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (serving)
		return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset); // NOLINT
	pthread_mutex_lock(&lock);
	struct device *device = flags & MAP_ANONYMOUS ? NULL : preload_device_of(fd);
	intptr_t fail = device ? preload_fail("mmap") : 0;
	intptr_t at = 0;
	if (device)
		at = fail ? fail : (intptr_t)preload_trap_map(device, address, bytes, flags, (uint64_t)offset);
	else if (flags & MAP_FIXED)
		preload_trap_unmap(address, bytes);
	pthread_mutex_unlock(&lock);
	if (!device)
		return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset); // NOLINT
	if (at < 0 && at > -4096) {
		errno = (int)-at;
		return MAP_FAILED;
	}
	return (void *)at;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return do_mmap(address, bytes, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
	return do_mmap(address, bytes, protection, flags, fd, offset);
}

EXPORT int munmap(void *address, size_t bytes)
{
	if (!serving)
		preload_trap_unmap(address, bytes);
	return (int)syscall(SYS_munmap, address, bytes);
}

/** Prints what pread or pwrite moved, a line for every four bytes. */
static void trace(const struct device *device, unsigned region, uint64_t at, const char *data, size_t bytes, bool write)
{
	for (size_t i = 0; preload_tracing && i < bytes; i += 4) {
		uint32_t value = 0;
		memcpy(&value, data + i, bytes - i < 4 ? bytes - i : 4);
		preload_trace(device, region, at + i, value, write);
	}
}

static ssize_t do_access(int fd, void *in, const void *out, size_t bytes, off_t offset)
{
	if (serving)
		return in ? syscall(SYS_pread64, fd, in, bytes, offset) : syscall(SYS_pwrite64, fd, out, bytes, offset);
	pthread_mutex_lock(&lock);
	struct device *device = preload_device_of(fd);
	int error = 0;
	if (device) {
		unsigned region = PRELOAD_REGION(offset);
		uint64_t at = PRELOAD_WITHIN(offset);
		error = preload_fail(in ? "pread" : "pwrite");
		if (!error && (region >= VFIO_PCI_NUM_REGIONS || at >= device->region_bytes[region]))
			error = -EINVAL;
		if (!error && bytes > device->region_bytes[region] - at)
			bytes = device->region_bytes[region] - at;
		for (size_t done = 0; !error && done < bytes;) {
			uint32_t now = bytes - done < 4096 ? (uint32_t)(bytes - done) : 4096;
			/* Registers take four bytes at a time. */
			if (region < VFIO_PCI_CONFIG_REGION_INDEX && now > 4)
				now = 4;
			error = preload_device_access(device, region, at + done, in ? (char *)in + done : NULL,
				out ? (const char *)out + done : NULL, now);
			done += now;
		}
		if (!error)
			trace(device, region, at, in ? in : out, bytes, !in);
	}
	pthread_mutex_unlock(&lock);
	if (!device)
		return in ? syscall(SYS_pread64, fd, in, bytes, offset) : syscall(SYS_pwrite64, fd, out, bytes, offset);
	if (error) {
		errno = -error;
		return -1;
	}
	return (ssize_t)bytes;
}

EXPORT ssize_t pread(int fd, void *data, size_t bytes, off_t offset)
{
	return do_access(fd, data, NULL, bytes, offset);
}

EXPORT ssize_t pread64(int fd, void *data, size_t bytes, off64_t offset)
{
	return do_access(fd, data, NULL, bytes, offset);
}

EXPORT ssize_t __pread_chk(int fd, void *data, size_t bytes, off_t offset, size_t room);
EXPORT ssize_t __pread_chk(int fd, void *data, size_t bytes, off_t offset, size_t room)
{
	if (bytes > room)
		abort();
	return do_access(fd, data, NULL, bytes, offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *data, size_t bytes, off64_t offset, size_t room);
EXPORT ssize_t __pread64_chk(int fd, void *data, size_t bytes, off64_t offset, size_t room)
{
	return __pread_chk(fd, data, bytes, offset, room);
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	return do_access(fd, NULL, data, bytes, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	return do_access(fd, NULL, data, bytes, offset);
}

/** Register windows work by SIGSEGV and SIGTRAP, so neither may be blocked: a blocked fault ends the process. */
static int do_mask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t open;
	if (set && how != SIG_UNBLOCK) {
		open = *set;
		sigdelset(&open, SIGSEGV);
		sigdelset(&open, SIGTRAP);
		set = &open;
	}
	return (int)syscall(SYS_rt_sigprocmask, how, set, old, 8); /* the kernel's set has 8 bytes */
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return do_mask(how, set, old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	int kept = errno, error = do_mask(how, set, old) ? errno : 0;
	errno = kept;
	return error;
}
