/* SPDX-License-Identifier: BSD-2-Clause
 * Whether a core is all ours, told by work that keeps all of its arithmetic units busy and touches no memory. */
#include "calm.h"

#include <stdint.h>
#include <x86intrin.h>

#define TRIALS     100000u
#define ITERATIONS 150u
#define TOLERANCE                                                                                                      \
	10u /* a tenth longer than the shortest is still calm: the clock varies by that much; a busy hyper-thread      \
	       doubles it */

static uint64_t shortest;

/* Five independent sums: as many additions as a core does in a cycle. */
static uint64_t work(void)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, begin;

	_mm_lfence();
	begin = __rdtsc();
	for (unsigned i = 0; i < ITERATIONS; i++)
		__asm__ volatile("add $1, %0; add $1, %1; add $1, %2; add $1, %3; add $1, %4;"
				 "add $1, %0; add $1, %1; add $1, %2; add $1, %3; add $1, %4"
				 : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	_mm_lfence();
	return __rdtsc() - begin;
}

void calm_begin(void)
{
	shortest = UINT64_MAX;
	for (unsigned i = 0; i < TRIALS; i++) {
		uint64_t took = work();

		shortest = took < shortest ? took : shortest;
	}
}

bool calm_now(void)
{
	uint64_t took = work();

	shortest = took < shortest ? took : shortest;
	return took <= shortest + shortest / TOLERANCE;
}
