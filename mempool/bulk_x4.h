/* SPDX-License-Identifier: BSD-2-Clause
 * Four pointers at a time with AVX2: for bulk_avx2.c, and for the last few of what bulk_avx512.c does eight at a time.
 */
#pragma once

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

/* Four data pointers, alone or at the beginning of handles. Those of handles come out in the order 0 2 1 3, which is as
 * good: the order of free buffers does not matter. */
static inline __m256i pkt_load_data_x4(const void *first, size_t stride_bytes)
{
	__m256i low = _mm256_loadu_si256(first);

	return stride_bytes == sizeof(uint8_t *)
		       ? low
		       : _mm256_unpacklo_epi64(low, _mm256_loadu_si256((const __m256i *)first + 1));
}

/* What pkt_default_data does, for four pointers. Keeps the largest offsets seen: the high and low halves of each, by
 * themselves. */
static inline __m256i pkt_default_data_x4(const struct pkt_pool *pool, __m256i data, __m256i *largest)
{
	__m256i offset = _mm256_sub_epi64(data, _mm256_set1_epi64x((long long)pool->base));
	*largest = _mm256_max_epu32(*largest, offset);
	__m256i index = _mm256_srli_epi64(
		_mm256_mul_epu32(offset, _mm256_set1_epi64x((long long)PKT_RECIPROCAL)), PKT_RECIPROCAL_SHIFT);
	return _mm256_add_epi64(_mm256_mul_epu32(index, _mm256_set1_epi64x(PKT_BUFFER_BYTES)),
		_mm256_set1_epi64x((long long)(pool->base + PKT_DEFAULT_OFFSET)));
}

static inline bool pkt_buffers_x4(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const void *first, size_t stride_bytes, unsigned n)
{
	const __m256i last = _mm256_set1_epi64x(pool->last_offset);
	__m256i largest = _mm256_setzero_si256();
	const char *data = first;

	for (; n >= 4; n -= 4, buffers += 4, data += 4 * stride_bytes)
		_mm256_storeu_si256(
			(__m256i *)buffers, pkt_default_data_x4(pool, pkt_load_data_x4(data, stride_bytes), &largest));
	/* offsets in the pool have a high half of 0, and so has the last one */
	return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_max_epu32(largest, last), last)) == -1 &&
	       pkt_buffers_x1(pool, buffers, data, stride_bytes, n);
}
