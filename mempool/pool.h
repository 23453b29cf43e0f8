/* SPDX-License-Identifier: BSD-2-Clause
 * Packet pools as the data paths of drivers and the files of this folder see them: where a pool's buffers lie, and
 * which buffer a pointer is in. Applications use pkt.h.
 *
 * A packet's data pointer may be anywhere in its buffer. Free buffers are known by their buffer pointer, which is that
 * of their data at the default position: behind the metadata and the headroom. */
#pragma once

#include "memory.h"
#include "pkt.h"

#include <pthread.h>
#include <stdbool.h>

#define PKT_BLOCK     64u  /* buffer pointers per exchange between a thread's cache and the pool's depot */
#define PKT_CACHE_MAX 512u /* buffer pointers that a thread's cache holds at most */
#define PKT_THREADS   128u /* threads that can use pools at the same time */

struct pkt_bulk;
struct pkt_cache;
struct pkt_depot;

/** A pool. After opening, only the caches change. */
struct pkt_pool {
	uint8_t *base;         /* first byte of the first buffer */
	uint64_t outside_mask; /* (pointer - base) & outside_mask is 0 for every pointer into the pool's memory, and
				  for no other */
	uint32_t last_offset;  /* from base to the last byte of the last buffer; the memory may reach beyond it */
	unsigned count;        /* buffers */
	const struct pkt_bulk *bulk;           /* the bulk functions of one instruction set */
	struct pkt_cache *caches[PKT_THREADS]; /* by thread number - 1; made at a thread's first use of the pool */
	struct pkt_depot *depot;
	struct dma_memory memory;
	uint32_t buffer_bytes; /* from one buffer to the next: PKT_BUFFER_BYTES, or of pkt_pool_open_sized */
#ifdef POLLUX_DEBUG
	uint8_t *out; /* one byte per place of a buffer: 1 while somebody holds the buffer */
#endif
};

#define PKT_RECIPROCAL       UINT64_C(3926827243)
#define PKT_RECIPROCAL_SHIFT 43
#define PKT_DEFAULT_OFFSET   (PKT_METADATA_BYTES + PKT_HEADROOM_BYTES)

/** The buffer pointer of the buffer that an offset from pool->base lies in, for buffers of PKT_BUFFER_BYTES. offset is
 * at most pool->last_offset. Two
 * multiplications, no division, no memory access. */
static inline uint8_t *pkt_default_data(const struct pkt_pool *pool, uint64_t offset)
{
	/* 2^43 / 2240 rounded up gives the quotient exactly for every offset of a pool */
	uint64_t index = (uint32_t)offset * PKT_RECIPROCAL >> PKT_RECIPROCAL_SHIFT;
	return pool->base + index * PKT_BUFFER_BYTES + PKT_DEFAULT_OFFSET;
}

/** The same for a pool with buffers of any size. */
static inline uint8_t *pkt_default_data_sized(const struct pkt_pool *pool, uint64_t offset)
{
	if (__builtin_expect(pool->buffer_bytes == PKT_BUFFER_BYTES, 1))
		return pkt_default_data(pool, offset);
	return pool->base + (uint32_t)offset / pool->buffer_bytes * (uint64_t)pool->buffer_bytes + PKT_DEFAULT_OFFSET;
}

/** Makes the handle of an empty packet in a buffer. All 16 bytes are one store: a burst function may load them as a
 * whole soon after, which the CPU cannot serve from several stores that are still under way. */
static inline void pkt_make(struct pkt *pkt, uint8_t *buffer)
{
	typedef uint64_t handle __attribute__((vector_size(sizeof(struct pkt))));
	handle bits = {(uint64_t)buffer, 0};
	__builtin_memcpy(pkt, &bits, sizeof(bits));
}

/* ---- The open pools of the process ---- */

/** Held while the set of open pools changes, and by who walks it with pkt_registry_at. */
extern pthread_mutex_t pkt_registry_lock;

/** Pools closed so far. While it stays the same, a pool that was found open still is. Hidden, because every burst looks
 * at it: so it is read without a detour through the GOT. */
extern uint64_t pkt_pools_closed __attribute__((visibility("hidden")));

/** Entry i, below PKT_POOLS, or NULL. The caller holds pkt_registry_lock. */
struct pkt_pool *pkt_registry_at(unsigned i);

/** The pool that a packet in the caller's hands is from; NULL: of none that is open. Lock-free. */
struct pkt_pool *pkt_registry_find(const uint8_t *data);
