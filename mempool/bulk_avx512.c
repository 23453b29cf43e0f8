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

static inline __m512i load_data_x8(const void *first, size_t stride_bytes)
{
	const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	const struct pkt *pkts = first;

	return stride_bytes == sizeof(uint8_t *)
		       ? _mm512_loadu_si512(first)
		       : _mm512_permutex2var_epi64(pkt_load_x4(pkts), firsts, pkt_load_x4(pkts + 4));
}

static inline bool buffers_x8(
	const struct pkt_pool *pool, uint8_t **restrict buffers, const void *first, size_t stride_bytes, unsigned n)
{
	const char *data = first;
	__m512i largest = _mm512_setzero_si512();

	for (; n >= 8; n -= 8, buffers += 8, data += 8 * stride_bytes) {
		_mm512_storeu_si512(buffers, default_data_x8(pool, load_data_x8(data, stride_bytes), &largest));
		__asm__("" : "+r"(n)); /* else the end is worked out first, which takes longer than a round */
	}
	return _mm512_cmpgt_epu64_mask(largest, _mm512_set1_epi64(pool->last_offset)) == 0 &&
	       (n == 0 || pkt_buffers_x4(pool, buffers, data, stride_bytes, n));
}

PKT_BULK(avx512, pkt_make_x4, buffers_x8);
