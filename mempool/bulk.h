/* SPDX-License-Identifier: BSD-2-Clause
 * From buffer pointers to packets and back, many at a time: once for each instruction set. */
#pragma once

#include "pool.h"

/**
 * The functions of one instruction set. n is at most PKT_BLOCK; the array that is written overlaps neither the one that
 * is read nor the pool, so that what is read of the pool is read once (restrict).
 */
struct pkt_bulk {
	/** Makes the handles of empty packets in n buffers. */
	void (*make)(struct pkt *pkts, uint8_t *const *buffers, unsigned n);
	/** Writes the buffer pointers of n packets. They may come in another order than the packets. False: not all
	 * packets are the pool's, and what was written means nothing. */
	bool (*buffers_of_pkts)(
		const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n);
	/** The same for n pointers to anywhere in the buffers. */
	bool (*buffers_of_data)(
		const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n);
};

extern const struct pkt_bulk pkt_bulk_scalar, pkt_bulk_avx2, pkt_bulk_avx512;
extern const struct pkt_bulk pkt_bulk_sized; /* for buffers of other than PKT_BUFFER_BYTES */

/** Both ways to the buffers, for any CPU, and for those that are left over where several are taken at a time. The
 * pointers may be alone or each at the beginning of a handle: stride_bytes lie from one to the next. */
static inline bool pkt_buffers_x1(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const void *first, size_t stride_bytes, unsigned n)
{
	uint64_t base = (uint64_t)pool->base, largest = 0;
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = *(const uint64_t *)(const void *)((const char *)first + i * stride_bytes) - base;
		largest = offset > largest ? offset : largest; /* one comparison for all, at the end */
		buffers[i] = pkt_default_data(pool, offset);
	}
	return largest <= pool->last_offset;
}

/** Defines the functions of a set, of one that makes handles, and one that finds buffers as pkt_buffers_x1 does. */
#define PKT_BULK(SET, make, find_buffers)                                                                              \
	static bool buffers_of_pkts_##SET(                                                                             \
		const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n)           \
	{                                                                                                              \
		return find_buffers(pool, buffers, pkts, sizeof(*pkts), n);                                            \
	}                                                                                                              \
	static bool buffers_of_data_##SET(                                                                             \
		const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n)             \
	{                                                                                                              \
		return find_buffers(pool, buffers, data, sizeof(*data), n);                                            \
	}                                                                                                              \
	const struct pkt_bulk pkt_bulk_##SET = {make, buffers_of_pkts_##SET, buffers_of_data_##SET}
