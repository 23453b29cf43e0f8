/* SPDX-License-Identifier: BSD-2-Clause
 * Runs the tests of pipes in all ways: with each instruction set, and where heads and tails are calls. And three
 * functions of pipes. The tests include this file. */
#include "pipe_scene.c"

static __attribute__((unused)) uint32_t to_first(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 1;
}

static __attribute__((unused)) uint32_t to_second(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return 2;
}

static __attribute__((unused)) uint32_t to_all(void *context, struct pkt *pkt)
{
	(void)context, (void)pkt;
	return UINT32_MAX;
}

/* ---- All ways ---- */

static int with(enum pkt_simd set, bool trap)
{
	simd = set;
	trapped = trap;
	return 0;
}

static int memory_avx512(void)
{
	return with(PKT_SIMD_AVX512, false);
}

static int memory_avx2(void)
{
	return with(PKT_SIMD_AVX2, false);
}

static int memory_scalar(void)
{
	return with(PKT_SIMD_SCALAR, false);
}

static int trapped_best(void)
{
	return with(PKT_SIMD_AUTO, true);
}

/* @return the program's exit status */
static int run_all_ways(CU_TestInfo *tests)
{
	static const CU_SuiteInfo ways[] = {
		{"a pipe, scalar", memory_scalar, NULL, NULL, NULL, NULL},
		{"a pipe, AVX2", memory_avx2, NULL, NULL, NULL, NULL},
		{"a pipe, AVX-512", memory_avx512, NULL, NULL, NULL, NULL},
		{"a pipe, heads and tails as calls", trapped_best, NULL, NULL, NULL, NULL},
	};
	CU_SuiteInfo suites[5] = {CU_SUITE_INFO_NULL};
	unsigned count = 0;

	for (unsigned way = 0; way < 4; way++) {
		with(PKT_SIMD_AUTO, false);
		ways[way].pInitFunc();
		if (pkt_simd_choose(simd) == PKT_SIMD_AUTO) {
			printf("skipped: this CPU does not have %s\n", pkt_simd_name(simd));
			continue;
		}
		suites[count] = ways[way];
		suites[count++].pTests = tests;
	}
	suites[count] = (CU_SuiteInfo)CU_SUITE_INFO_NULL;
	return unit_run(suites);
}
