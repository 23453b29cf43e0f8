/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools for any x86-64. */
#include "bulk.h"

static void make_scalar(struct pkt *pkts, uint8_t *const *buffers, unsigned n)
{
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++)
		pkt_make(&pkts[i], buffers[i]);
}

/* The pointers may be alone or each at the beginning of a handle: stride_bytes lie from one to the next. */
static inline bool find_buffers(
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

static bool buffers_of_pkts_scalar(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n)
{
	return find_buffers(pool, buffers, pkts, sizeof(*pkts), n);
}

static bool buffers_of_data_scalar(
	const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n)
{
	return find_buffers(pool, buffers, data, sizeof(*data), n);
}

const struct pkt_bulk pkt_bulk_scalar = {make_scalar, buffers_of_pkts_scalar, buffers_of_data_scalar};
