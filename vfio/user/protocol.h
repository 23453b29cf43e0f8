/* SPDX-License-Identifier: BSD-2-Clause
 * The vfio-user wire format, version 0.1: what the client (user.c) and the software card's server put on the
 * socket.
 *
 * All in host byte order. A message is a header, a payload, and descriptors as SCM_RIGHTS with its first byte. Offsets
 * and flags inside payloads that mirror linux/vfio.h have its meaning (VFIO_REGION_INFO_FLAG_MMAP,
 * VFIO_IRQ_SET_DATA_EVENTFD, ...). Everything here comes from a peer: sizes, counts and offsets are validated before
 * use, on both sides. */
#pragma once

#include <assert.h>
#include <linux/vfio.h>
#include <stdint.h>

#define VFIO_USER_MAJOR 0
#define VFIO_USER_MINOR 1

/* The limits of a peer whose VERSION names no others. */
#define VFIO_USER_DEFAULT_MAX_FDS      1
#define VFIO_USER_DEFAULT_MAX_XFER     (1u << 20) /* bytes of data in one read or write */
#define VFIO_USER_DEFAULT_MAX_DMA_MAPS 65535
#define VFIO_USER_DEFAULT_PGSIZES      4096

/* We send and take at most so many descriptors in a message: QEMU refuses servers that announce more than 16. */
#define VFIO_USER_FDS_MAX 16

/* The commands that we know; the protocol has more. */
enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11, /* from the server, for memory without a descriptor; ours always has one */
	VFIO_USER_DEVICE_RESET = 13,
};

/* vfio_user_header.flags */
enum {
	VFIO_USER_TYPE = 0xf, /* mask */
	VFIO_USER_TYPE_COMMAND = 0,
	VFIO_USER_TYPE_REPLY = 1,
	VFIO_USER_NO_REPLY = 1 << 4, /* in a command: send none */
	VFIO_USER_ERROR = 1 << 5,    /* in a reply: `error` says why, and nothing follows */
};

/** In front of every message. */
struct vfio_user_header {
	uint16_t id; /* the sender's; a reply repeats it */
	uint16_t command;
	uint32_t bytes; /* of the whole message, this header included */
	uint32_t flags;
	uint32_t error; /* a positive errno value; may be 0 although the error flag is set */
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_header) == 16, "vfio-user header");

/**
 * VERSION, both ways. JSON and its NUL may follow:
 * {"capabilities":{"max_msg_fds":N,"max_data_xfer_size":N,"max_dma_maps":N, "pgsizes":N}}, each optional. The reply has
 * the same major and at most the proposed minor.
 */
struct vfio_user_version {
	uint16_t major, minor;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_version) == 4, "vfio-user version");

/** DMA_MAP, with one descriptor. flags are VFIO_DMA_MAP_FLAG_. The reply has no payload. EEXIST: something is mapped
 * there. */
struct vfio_user_dma_map {
	uint32_t argsz, flags;
	uint64_t offset; /* in the descriptor's file */
	uint64_t address, bytes;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_dma_map) == 32, "vfio-user DMA_MAP");

/** DEVICE_GET_INFO, both ways. */
struct vfio_user_device_info {
	uint32_t argsz;
	uint32_t flags; /* VFIO_DEVICE_FLAGS_RESET, _PCI */
	uint32_t num_regions, num_irqs;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_device_info) == 16, "vfio-user GET_INFO");

/* As in linux/vfio.h, both ways: */
/* DMA_UNMAP, struct vfio_iommu_type1_dma_unmap, of exactly what one DMA_MAP mapped. The reply repeats this; the server
 * does not access the memory after it. */
static_assert(sizeof(struct vfio_iommu_type1_dma_unmap) == 24, "vfio-user DMA_UNMAP");
/* DEVICE_GET_REGION_INFO, struct vfio_region_info. In the command, argsz is the largest payload that the reply may
 * have. In the reply, it is the payload's size with all capabilities (struct vfio_info_cap_header); they are left out
 * when that is larger. With the MMAP flag comes one descriptor, and `offset` is the region's in its file. The
 * capability SPARSE_MMAP, version 1, says which areas of the region may be mapped: their offsets are in the region. */
static_assert(sizeof(struct vfio_region_info) == 32, "vfio-user GET_REGION_INFO");
/* DEVICE_GET_IRQ_INFO, struct vfio_irq_info. */
static_assert(sizeof(struct vfio_irq_info) == 16, "vfio-user GET_IRQ_INFO");
/* DEVICE_SET_IRQS, struct vfio_irq_set. flags is one VFIO_IRQ_SET_DATA_ and one VFIO_IRQ_SET_ACTION_. DATA_EVENTFD: the
 * descriptors of the message are for start, start+1, ...; fewer than count, or none: the rest is turned off. DATA_NONE
 * with count 0 turns all of index off. The reply has no payload. */
static_assert(sizeof(struct vfio_irq_set) == 20, "vfio-user SET_IRQS");

/** REGION_READ and REGION_WRITE, both ways. The reply to a read and the command to write carry `count` bytes of data
 * behind it. */
struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region, count;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_region_access) == 16, "vfio-user REGION_READ");
