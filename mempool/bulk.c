/* SPDX-License-Identifier: BSD-2-Clause
 * Which instruction set is used, and the bulk functions of packet pools for any x86-64. */
#include "pool.h"

#include <cpuid.h>
#include <string.h>

static bool cpu_has(enum pkt_simd simd)
{
	switch (simd) {
	case PKT_SIMD_SCALAR:
		return true;
	case PKT_SIMD_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		       __builtin_cpu_supports("bmi2");
	case PKT_SIMD_AVX512:
		/* VBMI2 came with the first that do not lower their clock for such code */
		return cpu_has(PKT_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
	default:
		return false;
	}
}

#define HYPERVISOR (1u << 31) /* CPUID.1:ECX */

/* QEMU without hardware acceleration: there a vector instruction is a call, and costs more than what it replaces. */
static bool is_emulated(void)
{
	unsigned eax, ebx, ecx, edx;
	char name[12];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & HYPERVISOR))
		return false;
	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(name, &ebx, 4);
	memcpy(name + 4, &ecx, 4);
	memcpy(name + 8, &edx, 4);
	return memcmp(name, "TCGTCGTCGTCG", 12) == 0;
}

enum pkt_simd pkt_simd_choose(enum pkt_simd wanted)
{
	if (wanted != PKT_SIMD_AUTO)
		return cpu_has(wanted) ? wanted : PKT_SIMD_AUTO;
	if (is_emulated())
		return PKT_SIMD_SCALAR;
	return cpu_has(PKT_SIMD_AVX512) ? PKT_SIMD_AVX512 : cpu_has(PKT_SIMD_AVX2) ? PKT_SIMD_AVX2 : PKT_SIMD_SCALAR;
}

const char *pkt_simd_name(enum pkt_simd simd)
{
	static const char *const names[] = {"auto", "scalar", "AVX2", "AVX-512"};
	return (unsigned)simd < sizeof(names) / sizeof(*names) ? names[simd] : "an unknown instruction set";
}

static void hand_out(struct pkt *pkts, uint8_t *const *data, unsigned n)
{
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++)
		pkt_hand_out(&pkts[i], data[i]);
}

/* stride_bytes from one data pointer to the next: of handles, or of pointers. */
static inline bool bring(
	const struct pkt_pool *pool, uint8_t **home, const void *first, size_t stride_bytes, unsigned n)
{
	uint64_t base = (uint64_t)pool->base, most = 0;
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = *(const uint64_t *)(const void *)((const char *)first + i * stride_bytes) - base;
		most = offset > most ? offset : most; /* one comparison for all, at the end */
		home[i] = pkt_default_data(pool, offset);
	}
	return most <= pool->last;
}

static bool bring_home(const struct pkt_pool *pool, uint8_t **home, const struct pkt *pkts, unsigned n)
{
	return bring(pool, home, pkts, sizeof(*pkts), n);
}

static bool bring_home_data(const struct pkt_pool *pool, uint8_t **home, uint8_t *const *data, unsigned n)
{
	return bring(pool, home, data, sizeof(*data), n);
}

const struct pkt_bulk pkt_bulk_scalar = {hand_out, bring_home, bring_home_data};
