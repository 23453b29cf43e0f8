/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools for any x86-64; and for larger buffers. */
#include "bulk.h"

static void make_scalar(struct pkt *pkts, uint8_t *const *buffers, unsigned n)
{
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++)
		pkt_make(&pkts[i], buffers[i]);
}

PKT_BULK(scalar, make_scalar, pkt_buffers_x1);

static inline bool buffers_sized(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const void *first, size_t stride_bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t *const *data = (uint8_t *const *)(const void *)((const char *)first + i * stride_bytes);
		uint64_t offset = (uint64_t)*data - (uint64_t)pool->base;
		if (offset > pool->last_offset)
			return false;
		buffers[i] = pkt_default_data_sized(pool, offset);
	}
	return true;
}

PKT_BULK(sized, make_scalar, buffers_sized);
