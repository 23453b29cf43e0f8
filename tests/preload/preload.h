/* SPDX-License-Identifier: BSD-2-Clause
 * What the parts of the preload library share. The library presents vfio-user devices as /dev/vfio to a program that
 * knows nothing of vfio-user: containers, groups, iommufds and devices are descriptors of ours (placeholders that the
 * program cannot tell from real ones, as all that it does with them comes to us), and each device is a connection to
 * the socket of a pollux-model.
 *
 * One lock guards all of it but the register windows' accesses, which happen in signal handlers and use the device's
 * channel only. */
#ifndef POLLUX_TESTS_PRELOAD_H
#define POLLUX_TESTS_PRELOAD_H

#include "../../vfio/user/channel.h"

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PRELOAD_DEVICES    32
#define PRELOAD_CONTAINERS 16
#define PRELOAD_PAGE       4096u
#define PRELOAD_RANGES     2
/* Where a region is in a device's file: as the kernel's vfio-pci has it. */
#define PRELOAD_REGION(offset) ((unsigned)((uint64_t)(offset) >> 40))
#define PRELOAD_WITHIN(offset) ((uint64_t)(offset) & ((1ull << 40) - 1))

/** A stretch of the program's memory that one file holds. */
struct piece {
	uint64_t iova, bytes, offset;
	int fd;
	uint32_t flags; /* VFIO_USER_DMA_ */
};

/** One VFIO_IOMMU_MAP_DMA. */
struct mapping {
	uint64_t iova, bytes;
	struct piece *pieces;
	unsigned piece_count;
};

/** A container, or an iommufd with its one I/O address space. */
struct container {
	int fd; /* -1: free; -2: closed, but groups or devices are in it */
	bool iommufd;
	unsigned groups; /* in it; of an iommufd: devices bound to it */
	unsigned type;   /* 0: VFIO_SET_IOMMU, or IOMMU_IOAS_ALLOC, has yet to come */
	struct mapping *mappings;
	unsigned mapping_count;
};

struct group {
	unsigned number;
	int fd; /* -1: closed */
	struct container *container;
	unsigned open_devices;
};

struct device {
	char name[16]; /* 0000:81:00.0 */
	char path[108];
	struct group *group;
	int fd;                              /* -1: closed */
	bool node;                           /* opened by its own node: */
	struct container *bound, *container; /* the iommufd, from binding and from attaching on; NULL: not yet */
	struct pollux_loss loss;
	struct user_channel channel;
	uint64_t region_bytes[VFIO_PCI_NUM_REGIONS];
};

/* ---- objects.c: what is there, and which descriptor is what ---- */

extern struct device preload_devices[PRELOAD_DEVICES];
extern unsigned preload_device_count;
extern struct group preload_groups[PRELOAD_DEVICES];
extern unsigned preload_group_count;
extern struct container preload_containers[PRELOAD_CONTAINERS];

struct container *preload_container_of(int fd);
struct group *preload_group_of(int fd);
struct device *preload_device_of(int fd);
/** @return a descriptor or -errno. path is below /dev/vfio/. */
int preload_open(const char *path, int flags);
/** Called before the descriptor itself is closed. */
void preload_closed(int fd);
/** The ioctls of the three. @return as the kernel's, or -errno. */
int preload_ioctl(int fd, unsigned long request, void *argument);
int preload_open_iommu(int flags);
/** Where the device's DMA goes; NULL: nowhere. */
struct container *preload_container_of_device(const struct device *device);
/** Whether the devices have nodes of their own, and there is /dev/iommu. */
extern bool preload_has_nodes;

/* ---- iommufd.c: /dev/iommu, and nodes before they are ready ---- */

int preload_iommufd_ioctl(struct container *iommufd, unsigned long request, void *argument);
int preload_node_ioctl(struct device *device, unsigned long request, void *argument);
void preload_node_closed(struct device *device);

/* ---- dma.c: what is mapped in a container or iommufd ---- */

/** What an IOMMU of 48 bits reaches: all but the window where interrupts are messages. */
extern const struct vfio_iova_range preload_ranges[PRELOAD_RANGES];

/** flags: VFIO_USER_DMA_. @return 0 or -errno */
int preload_dma_map(struct container *container, uint64_t address, uint64_t iova, uint64_t bytes, uint32_t flags);
/** Whether a mapping lies across one of the ends. */
bool preload_dma_cuts(const struct container *container, uint64_t first, uint64_t end);
/** Removes the mappings that begin there. @return their bytes */
uint64_t preload_dma_unmap(struct container *container, uint64_t first, uint64_t end);
/** Maps for a newcomer what there is, or nothing of it. */
int preload_dma_enter(const struct container *container, struct device *device);
/** Drops all that a container has mapped. */
void preload_container_clear(struct container *container);

/* ---- device.c: one device, by messages; all return 0 or -errno ---- */

int preload_device_connect(struct device *device);
void preload_device_disconnect(struct device *device);
int preload_device_map(struct device *device, const struct piece *piece);
int preload_device_unmap(struct device *device, const struct piece *piece);
int preload_device_ioctl(struct device *device, unsigned long request, void *argument);
/** The parts of BAR0 that the device offers as memory, and the file that holds them, which becomes the caller's.
 *  @return how many, or -errno: -ENOTSUP, it offers none */
int preload_device_shared(
	struct device *device, struct vfio_region_sparse_mmap_area *areas, unsigned most, int *fd, uint64_t *offset);
/** At most USER_ACCESS_MAX bytes, of one region. Safe in a signal handler of a thread that isn't inside the library. */
int preload_device_access(
	struct device *device, unsigned region, uint64_t offset, void *in, const void *out, uint32_t bytes);

/* ---- memory.c: the files behind the program's memory ---- */

/**
 * Finds the files behind a stretch of memory; memory that no file holds, or that is private, is moved into one,
 * contents and all.
 * @return 0, with pieces that the caller owns, or -errno: -EFAULT (not all of it is mapped), ... */
int preload_memory_find(uint64_t address, uint64_t bytes, uint64_t iova, uint32_t flags, struct mapping *mapping);
void preload_mapping_free(struct mapping *mapping);

/* ---- trap.c: register windows whose every access is a message ---- */

/** As mmap. @return the address, or (void *)-errno. */
void *preload_trap_map(struct device *device, void *address, size_t bytes, int flags, uint64_t offset);
/** Puts the parts of all mapped windows that the device offers as memory (heads and tails) in place of traps. @return 0
 * or -errno. */
int preload_trap_share(void);
/** The program unmaps, or maps something else there. */
void preload_trap_unmap(const void *address, size_t bytes);
/** POLLUX_VFIO_TRACE: the program's accesses, to standard error. */
extern bool preload_tracing;
void preload_trace(const struct device *device, unsigned region, uint64_t offset, uint32_t value, bool write);

/* ---- fail.c: calls that fail on purpose ---- */

void preload_fail_configure(const char *text);
/** @return the negative errno with which this call of that name is to fail, or 0. */
int preload_fail(const char *name);
/** @return the name of a VFIO ioctl, without "VFIO_"'s arguments; NULL: not one that we know. */
const char *preload_ioctl_name(unsigned long request);

#endif
