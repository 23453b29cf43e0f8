/* SPDX-License-Identifier: BSD-2-Clause
 * Four handles in a vector of AVX-512, and how they come from and go to memory: in halves. Arrays of handles mostly
 * begin in the middle of a cache line. A store of 64 bytes then leaves its bytes in two lines, and no load gets them
 * before they are in the cache; and no load of 64 gets what two stores have left. Handles are read soon after they were
 * written, so all code agrees on 32 bytes at most. */
#ifndef POLLUX_MEMPOOL_HANDLES_H
#define POLLUX_MEMPOOL_HANDLES_H

#include "pkt.h"

#include <immintrin.h>

static inline __m512i pkt_load_four(const struct pkt *pkts)
{
	const __m256i *at = (const __m256i *)pkts;

	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(at)), _mm256_loadu_si256(at + 1), 1);
}

static inline void pkt_store_four(struct pkt *pkts, __m512i four)
{
	__m256i *at = (__m256i *)pkts;

	_mm256_storeu_si256(at, _mm512_castsi512_si256(four));
	_mm256_storeu_si256(at + 1, _mm512_extracti64x4_epi64(four, 1));
}

#endif
