/* SPDX-License-Identifier: BSD-2-Clause
 * Four pointers at a time with AVX2: for bulk_avx2.c, and for the last few of what bulk_avx512.c does eight at a time.
 */
#ifndef POLLUX_MEMPOOL_BULK_X4_H
#define POLLUX_MEMPOOL_BULK_X4_H

#include "bulk.h"

#include <immintrin.h>

static inline void pkt_make_x4(struct pkt *pkts, uint8_t *const *buffers, unsigned n)
{
	const __m256i zero = _mm256_setzero_si256();
	unsigned i = 0;

	for (; i + 4 <= n; i += 4) {
		/* Unpacking works within each half of the vector. With the pointers in the order 0 2 1 3, the low ones
		 * of both halves are 0 and 1. */
		__m256i four = _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)&buffers[i]), 0xd8);
		_mm256_storeu_si256((__m256i *)&pkts[i], _mm256_unpacklo_epi64(four, zero));
		_mm256_storeu_si256((__m256i *)&pkts[i + 2], _mm256_unpackhi_epi64(four, zero));
	}
	for (; i < n; i++)
		pkt_make(&pkts[i], buffers[i]);
}

/* The largest offsets from the pool's base that were seen. */
struct pkt_largest {
	__m256i x4; /* of four pointers at a time; the largest high and low halves, each by themselves */
	uint64_t x1;
};

static inline bool pkt_largest_within(const struct pkt_pool *pool, struct pkt_largest largest)
{
	/* Offsets in the pool have a high half of 0, and so has this. */
	const __m256i last = _mm256_set1_epi64x(pool->last_offset);
	__m256i within = _mm256_cmpeq_epi32(_mm256_max_epu32(largest.x4, last), last);

	return (_mm256_movemask_epi8(within) == -1) & (largest.x1 <= pool->last_offset);
}

/* What pkt_default_data does, for four pointers. */
static inline __m256i pkt_default_data_x4(const struct pkt_pool *pool, __m256i data, struct pkt_largest *largest)
{
	__m256i offset = _mm256_sub_epi64(data, _mm256_set1_epi64x((long long)pool->base));
	largest->x4 = _mm256_max_epu32(largest->x4, offset);
	__m256i index = _mm256_srli_epi64(
		_mm256_mul_epu32(offset, _mm256_set1_epi64x((long long)PKT_RECIPROCAL)), PKT_RECIPROCAL_SHIFT);
	return _mm256_add_epi64(_mm256_mul_epu32(index, _mm256_set1_epi64x(PKT_BUFFER_BYTES)),
		_mm256_set1_epi64x((long long)(pool->base + PKT_DEFAULT_OFFSET)));
}

static inline uint8_t *pkt_default_data_x1(
	const struct pkt_pool *pool, const uint8_t *data, struct pkt_largest *largest)
{
	uint64_t offset = (uint64_t)data - (uint64_t)pool->base;

	largest->x1 = offset > largest->x1 ? offset : largest->x1;
	return pkt_default_data(pool, offset);
}

static inline bool pkt_buffers_of_pkts_x4(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n)
{
	struct pkt_largest largest = {_mm256_setzero_si256(), 0};
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		/* They come out in the order 0 2 1 3, which is as good: the order of free buffers does not matter. */
		__m256i data = _mm256_unpacklo_epi64(_mm256_loadu_si256((const __m256i *)&pkts[i]),
			_mm256_loadu_si256((const __m256i *)&pkts[i + 2]));
		_mm256_storeu_si256((__m256i *)&buffers[i], pkt_default_data_x4(pool, data, &largest));
	}
	for (; i < n; i++)
		buffers[i] = pkt_default_data_x1(pool, pkts[i].data, &largest);
	return pkt_largest_within(pool, largest);
}

static inline bool pkt_buffers_of_data_x4(
	const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n)
{
	struct pkt_largest largest = {_mm256_setzero_si256(), 0};
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		_mm256_storeu_si256((__m256i *)&buffers[i],
			pkt_default_data_x4(pool, _mm256_loadu_si256((const __m256i *)&data[i]), &largest));
	for (; i < n; i++)
		buffers[i] = pkt_default_data_x1(pool, data[i], &largest);
	return pkt_largest_within(pool, largest);
}

#endif
