/* SPDX-License-Identifier: BSD-2-Clause
 * Which instruction sets this CPU has, and which of them is best. */
#include "pkt.h"

#include <cpuid.h>
#include <stdbool.h>
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
		/* VBMI2 came with the first CPUs that do not lower their clock for such code. */
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
