/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools with AVX-512: eight pointers at a time, the last few with AVX2. */
#include "bulk_x4.h"
#include "handles_x4.h"

/* What pkt_default_data does, for eight pointers; keeps the largest offset seen. */
static inline __m512i default_data_x8(const struct pkt_pool *pool, __m512i data, __m512i *largest)
{
	__m512i offset = _mm512_sub_epi64(data, _mm512_set1_epi64((long long)pool->base));
	*largest = _mm512_max_epu64(*largest, offset);
	__m512i index = _mm512_srli_epi64(
		_mm512_mul_epu32(offset, _mm512_set1_epi64((long long)PKT_RECIPROCAL)), PKT_RECIPROCAL_SHIFT);
	return _mm512_add_epi64(_mm512_mul_epu32(index, _mm512_set1_epi64(PKT_BUFFER_BYTES)),
		_mm512_set1_epi64((long long)(pool->base + PKT_DEFAULT_OFFSET)));
}

static inline bool largest_within(const struct pkt_pool *pool, __m512i largest)
{
	return _mm512_cmpgt_epu64_mask(largest, _mm512_set1_epi64(pool->last_offset)) == 0;
}

static bool buffers_of_pkts_x8(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const struct pkt *pkts, unsigned n)
{
	const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	__m512i largest = _mm512_setzero_si512();
	unsigned i = 0;

	for (; i + 8 <= n; i += 8) {
		__m512i data = _mm512_permutex2var_epi64(pkt_load_x4(&pkts[i]), firsts, pkt_load_x4(&pkts[i + 4]));
		_mm512_storeu_si512(&buffers[i], default_data_x8(pool, data, &largest));
	}
	return largest_within(pool, largest) && (i == n || pkt_buffers_of_pkts_x4(pool, &buffers[i], &pkts[i], n - i));
}

static bool buffers_of_data_x8(
	const struct pkt_pool *pool, uint8_t **restrict buffers, uint8_t *const *data, unsigned n)
{
	__m512i largest = _mm512_setzero_si512();
	unsigned i = 0;

	for (; i + 8 <= n; i += 8)
		_mm512_storeu_si512(&buffers[i], default_data_x8(pool, _mm512_loadu_si512(&data[i]), &largest));
	return largest_within(pool, largest) && (i == n || pkt_buffers_of_data_x4(pool, &buffers[i], &data[i], n - i));
}

const struct pkt_bulk pkt_bulk_avx512 = {pkt_make_x4, buffers_of_pkts_x8, buffers_of_data_x8};
