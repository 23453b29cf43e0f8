/* SPDX-License-Identifier: BSD-2-Clause
 * Four handles in one vector of AVX-512, loaded from and stored to memory in halves of 32 bytes.
 *
 * An array of handles mostly begins in the middle of a cache line, so a store of 64 bytes would lie in two lines. Until
 * such a store has reached the cache, no load gets its bytes; nor does a load of 64 bytes get what two stores of 32
 * have left. Handles are read soon after they were written. So all code stores and loads them in at most 32 bytes. */
#pragma once

#include "pkt.h"

#include <immintrin.h>

static inline __m512i pkt_load_x4(const struct pkt *pkts)
{
	const __m256i *at = (const __m256i *)pkts;

	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(at)), _mm256_loadu_si256(at + 1), 1);
}

static inline void pkt_store_x4(struct pkt *pkts, __m512i four)
{
	__m256i *at = (__m256i *)pkts;

	_mm256_storeu_si256(at, _mm512_castsi512_si256(four));
	_mm256_storeu_si256(at + 1, _mm512_extracti64x4_epi64(four, 1));
}
