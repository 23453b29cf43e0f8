/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools with AVX-512: eight pointers at a time; what is left, four at a time. */
#include "bulk_fours.h"
#include "handles.h"

static void hand_out(struct pkt *pkts, uint8_t *const *data, unsigned n)
{
	pkt_hand_out_fours(pkts, data, n);
}

/* What pkt_default_data does, eight times; and the largest offset seen. */
static inline __m512i default_data(const struct pkt_pool *pool, __m512i data, __m512i *most)
{
	__m512i offset = _mm512_sub_epi64(data, _mm512_set1_epi64((long long)pool->base));
	*most = _mm512_max_epu64(*most, offset);
	__m512i index = _mm512_srli_epi64(
		_mm512_mul_epu32(offset, _mm512_set1_epi64((long long)PKT_RECIPROCAL)), PKT_RECIPROCAL_SHIFT);
	return _mm512_add_epi64(_mm512_mul_epu32(index, _mm512_set1_epi64(PKT_BUFFER_BYTES)),
		_mm512_set1_epi64((long long)(pool->base + PKT_DEFAULT_OFFSET)));
}

static inline bool within(const struct pkt_pool *pool, __m512i most)
{
	return _mm512_cmpgt_epu64_mask(most, _mm512_set1_epi64(pool->last)) == 0;
}

static bool bring_home(const struct pkt_pool *pool, uint8_t **home, const struct pkt *pkts, unsigned n)
{
	const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	__m512i most = _mm512_setzero_si512();
	unsigned i = 0;

	for (; i + 8 <= n; i += 8) {
		__m512i data = _mm512_permutex2var_epi64(pkt_load_four(&pkts[i]), firsts, pkt_load_four(&pkts[i + 4]));
		_mm512_storeu_si512(&home[i], default_data(pool, data, &most));
	}
	return within(pool, most) && (i == n || pkt_bring_home_fours(pool, &home[i], &pkts[i], n - i));
}

static bool bring_home_data(const struct pkt_pool *pool, uint8_t **home, uint8_t *const *data, unsigned n)
{
	__m512i most = _mm512_setzero_si512();
	unsigned i = 0;

	for (; i + 8 <= n; i += 8)
		_mm512_storeu_si512(&home[i], default_data(pool, _mm512_loadu_si512(&data[i]), &most));
	return within(pool, most) && (i == n || pkt_bring_home_data_fours(pool, &home[i], &data[i], n - i));
}

const struct pkt_bulk pkt_bulk_avx512 = {hand_out, bring_home, bring_home_data};
