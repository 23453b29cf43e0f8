/* SPDX-License-Identifier: BSD-2-Clause
 * Packets, by value, and the pools their buffers come from. Part of the public API; driver/nic.h includes it. */
#ifndef POLLUX_MEMPOOL_PKT_H
#define POLLUX_MEMPOOL_PKT_H

#ifndef __x86_64__
#error "Pollux runs on x86-64 only so far"
#endif

#include "../vfio/api.h"
#include "pkt_flags.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_space;
struct pkt_pool;

#define PKT_METADATA_BYTES 64u   /* in front of the headroom: written only by functions that say so */
#define PKT_HEADROOM_BYTES 128u  /* free for the application in front of a received frame */
#define PKT_DATA_BYTES     2048u /* room for a frame, or a part of one, from the default position of data on */
/* 35 cache lines. An odd number, because with a power of two between them the beginnings of all frames would compete
 * for few sets of the caches. */
#define PKT_BUFFER_BYTES (PKT_METADATA_BYTES + PKT_HEADROOM_BYTES + PKT_DATA_BYTES)

/** The instruction sets that burst and pool functions are written for. All give the same results. */
enum pkt_simd {
	PKT_SIMD_AUTO,   /* the best of these that the CPU has; on a CPU that QEMU emulates, scalar */
	PKT_SIMD_SCALAR, /* any x86-64 */
	PKT_SIMD_AVX2,   /* with BMI1 and BMI2: since 2013 */
	PKT_SIMD_AVX512, /* F, BW, DQ, VL and VBMI2: the processors that do not run slower for it, since 2019 */
};

/** @return the wanted instruction set, or for PKT_SIMD_AUTO the best one; PKT_SIMD_AUTO: this CPU does not have it */
enum pkt_simd pkt_simd_choose(enum pkt_simd wanted) POLLUX_API(pkt_simd_choose);

/** "scalar", "AVX2", "AVX-512". */
const char *pkt_simd_name(enum pkt_simd simd) POLLUX_API(pkt_simd_name);

/**
 * A packet handle, 16 bytes, passed and stored by value. Whoever holds it owns the buffer behind data until it gives
 * the handle to nic_tx or pkt_free. data may be moved anywhere within the buffer's headroom and data room; len is bytes
 * from data, without FCS.
 */
struct pkt {
	uint8_t *data;
	uint16_t len;
	uint16_t flags;
	__extension__ union {
		uint32_t hash; /* RSS hash on receive; 0 where the card gave none. With NIC_RX_VLAN_STRIP its upper half
				  gives way to the tag */
		struct {
			uint16_t mss;  /* with PKT_TX_SEGMENT: payload bytes of a segment; else ignored on transmit */
			uint16_t vlan; /* with PKT_VLAN: the tag's priority, DEI and VLAN, in the CPU's byte order */
		};
	};
};

/**
 * Opens a pool of packet buffers in DMA memory (hugepages where there are any).
 * @param count      buffers, 1 .. PKT_POOL_MAX; each takes PKT_BUFFER_BYTES
 * @param numa_node  where the memory should lie; -1: anywhere
 * The pool holds a reference to the space. Errors: -EINVAL, -ENOMEM, -ENFILE (too many pools), and those of
 * dma_space_map.
 */
int pkt_pool_open(struct pkt_pool **pool, struct dma_space *space, unsigned count, int numa_node)
	POLLUX_API(pkt_pool_open);
#define PKT_POOL_MAX 1790000u

/**
 * Opens a pool of larger buffers, for jumbo frames that arrive in one buffer each, and are sent from one.
 * @param count       buffers; their memory must be less than 4 GiB
 * @param data_bytes  room for data from its default position on: a multiple of 1,024, PKT_DATA_BYTES ..
 * PKT_DATA_BYTES_MAX. Receive uses as much of it as the card can be told: on the 82540EM and 82574L 2, 4, 8 or 16 KiB.
 * Such packets are received, sent and freed by the general code, not by vectors, and no pipe takes them. Errors: as
 * pkt_pool_open.
 */
int pkt_pool_open_sized(struct pkt_pool **pool, struct dma_space *space, unsigned count, unsigned data_bytes,
	int numa_node) POLLUX_API(pkt_pool_open_sized);
#define PKT_DATA_BYTES_MAX 16384u

/** Room for data in each of the pool's buffers, from its default position on. */
unsigned pkt_pool_data_bytes(const struct pkt_pool *pool) POLLUX_API(pkt_pool_data_bytes);

#define PKT_POOLS 64u /* pools open at once in a process */

/** Closes a pool. -EBUSY, and nothing changes, while packets are out (the sentence says how many). No thread may be
 * using the pool. NULL is ignored. */
int pkt_pool_close(struct pkt_pool *pool) POLLUX_API(pkt_pool_close);

/** How many buffers the pool has, and how many of them nobody holds. The latter is exact while no thread is in a pool
 * function, and may be outdated at once otherwise. */
unsigned pkt_pool_count(const struct pkt_pool *pool) POLLUX_API(pkt_pool_count);
unsigned pkt_pool_available(const struct pkt_pool *pool) POLLUX_API(pkt_pool_available);

/** Makes a pool's functions use another instruction set than the best: for tests and benchmarks. No thread may be using
 * the pool. -ENOTSUP: this CPU does not have it. */
int pkt_pool_use_simd(struct pkt_pool *pool, enum pkt_simd simd) POLLUX_API(pkt_pool_use_simd);

/** Bytes of the pages behind the pool: 4096 tells that there were no hugepages. */
size_t pkt_pool_page_bytes(const struct pkt_pool *pool) POLLUX_API(pkt_pool_page_bytes);

/**
 * How many buffers a pool needs beyond those that are in use at once, because the caches of `threads` threads may hold
 * free ones back. nic_pool_count of driver/nic.h has them in its sum.
 */
unsigned pkt_pool_slack(unsigned threads) POLLUX_API(pkt_pool_slack);

/**
 * Takes up to n packets out of a pool: data at its default position, len, flags and hash 0.
 * @return how many; fewer than n only when the pool has no more, or more than PKT_THREADS threads use pools (pool.h).
 * Thread-safe, lock-free; allocates at a thread's first use of the pool.
 */
unsigned pkt_alloc(struct pkt_pool *pool, struct pkt *pkts, unsigned n) POLLUX_API(pkt_alloc);

/** Gives n packets back, each to the pool it is from. A pointer into no open pool is ignored. Thread-safe, lock-free.
 * Debug builds end the process, with a sentence, at such a pointer and at a packet freed twice. */
void pkt_free(const struct pkt *pkts, unsigned n) POLLUX_API(pkt_free);

#ifdef __cplusplus
}
#endif
#endif
