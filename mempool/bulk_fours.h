/* SPDX-License-Identifier: BSD-2-Clause
 * Pointers four at a time with AVX2: for bulk_avx2.c, and for what eight at a time leave over in bulk_avx512.c. */
#ifndef POLLUX_MEMPOOL_BULK_FOURS_H
#define POLLUX_MEMPOOL_BULK_FOURS_H

#include "pool.h"

#include <immintrin.h>

static inline void pkt_hand_out_fours(struct pkt *pkts, uint8_t *const *data, unsigned n)
{
	const __m256i zero = _mm256_setzero_si256();
	unsigned i = 0;

	for (; i + 4 <= n; i += 4) {
		/* in the order 0 2 1 3, so that interleaving within 128-bit lanes gives 0 1 and 2 3 */
		__m256i four = _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)&data[i]), 0xd8);
		_mm256_storeu_si256((__m256i *)&pkts[i], _mm256_unpacklo_epi64(four, zero));
		_mm256_storeu_si256((__m256i *)&pkts[i + 2], _mm256_unpackhi_epi64(four, zero));
	}
	for (; i < n; i++)
		pkt_hand_out(&pkts[i], data[i]);
}

/* The largest offsets seen: of fours, high and low halves by themselves, and of single ones. */
struct pkt_most {
	__m256i fours;
	uint64_t single;
};

static inline bool pkt_most_within(const struct pkt_pool *pool, struct pkt_most most)
{
	const __m256i last = _mm256_set1_epi64x(pool->last); /* high half 0: nor may an offset have one */
	__m256i within = _mm256_cmpeq_epi32(_mm256_max_epu32(most.fours, last), last);

	return (_mm256_movemask_epi8(within) == -1) & (most.single <= pool->last);
}

/* What pkt_default_data does, four times. */
static inline __m256i pkt_default_fours(const struct pkt_pool *pool, __m256i data, struct pkt_most *most)
{
	__m256i offset = _mm256_sub_epi64(data, _mm256_set1_epi64x((long long)pool->base));
	most->fours = _mm256_max_epu32(most->fours, offset);
	__m256i index = _mm256_srli_epi64(
		_mm256_mul_epu32(offset, _mm256_set1_epi64x((long long)PKT_RECIPROCAL)), PKT_RECIPROCAL_SHIFT);
	return _mm256_add_epi64(_mm256_mul_epu32(index, _mm256_set1_epi64x(PKT_BUFFER_BYTES)),
		_mm256_set1_epi64x((long long)(pool->base + PKT_DEFAULT_OFFSET)));
}

static inline uint8_t *pkt_default_single(const struct pkt_pool *pool, const uint8_t *data, struct pkt_most *most)
{
	uint64_t offset = (uint64_t)data - (uint64_t)pool->base;

	most->single = offset > most->single ? offset : most->single;
	return pkt_default_data(pool, offset);
}

static inline bool pkt_bring_home_fours(const struct pkt_pool *pool, uint8_t **home, const struct pkt *pkts, unsigned n)
{
	struct pkt_most most = {_mm256_setzero_si256(), 0};
	unsigned i = 0;

	for (; i + 4 <= n; i += 4) {
		/* 0 2 1 3: a cache knows no order */
		__m256i data = _mm256_unpacklo_epi64(_mm256_loadu_si256((const __m256i *)&pkts[i]),
			_mm256_loadu_si256((const __m256i *)&pkts[i + 2]));
		_mm256_storeu_si256((__m256i *)&home[i], pkt_default_fours(pool, data, &most));
	}
	for (; i < n; i++)
		home[i] = pkt_default_single(pool, pkts[i].data, &most);
	return pkt_most_within(pool, most);
}

static inline bool pkt_bring_home_data_fours(
	const struct pkt_pool *pool, uint8_t **home, uint8_t *const *data, unsigned n)
{
	struct pkt_most most = {_mm256_setzero_si256(), 0};
	unsigned i = 0;

	for (; i + 4 <= n; i += 4)
		_mm256_storeu_si256((__m256i *)&home[i],
			pkt_default_fours(pool, _mm256_loadu_si256((const __m256i *)&data[i]), &most));
	for (; i < n; i++)
		home[i] = pkt_default_single(pool, data[i], &most);
	return pkt_most_within(pool, most);
}

#endif
