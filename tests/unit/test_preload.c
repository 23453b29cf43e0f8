/* SPDX-License-Identifier: BSD-2-Clause
 * Tests of how the preload library understands loads and stores: the assembler writes the instructions, each followed
 * by the next, so a length that is wrong by a byte leads into nonsense. */
#include "../preload/decode.c"

#include "unit.h"
#include <stdlib.h>
#include <string.h>

extern const uint8_t loads[], loads_end[], stores[], stores_end[], others[], others_end[];

/* clang-format off */
__asm__(".pushsection .rodata\n"
        "loads:\n"
        "movl (%rax), %eax\n"
        "movl (%rcx), %edx\n"
        "movl 8(%rbx), %esi\n"
        "movl 0x12345(%rsi), %edi\n"
        "movl (%rsp), %ebp\n"
        "movl 4(%rbp), %ebx\n"
        "movl (%r12), %ecx\n"
        "movl (%r13), %r8d\n"
        "movl 0x800(%r9), %r15d\n"
        "movl (%rax,%rbx,4), %r10d\n"
        "movl 16(%r14,%r11,8), %r9d\n"
        "movl 0x42a4(,%rdx,4), %r11d\n"
        "movl loads(%rip), %r12d\n"
        "movl -4(%rdx,%rcx), %r13d\n"
        "movl 0x10000(%rdx,%r8), %r14d\n"
        "loads_end:\n"
        "stores:\n"
        "movl %eax, (%rax)\n"
        "movl %esi, 0x6018(%rdi)\n"
        "movl %r15d, (%rsp,%rax)\n"
        "movl $0x12345678, (%rdx)\n"
        "movl $-1, 0x888(%r13)\n"
        "movl $7, loads(%rip)\n"
        "movnti %ecx, 24(%r8)\n"
        "movnti %r9d, (%rbx)\n"
        ".byte 0x0f, 0x38, 0xf9, 0x16\n"             /* movdiri %edx, (%rsi) */
        ".byte 0x44, 0x0f, 0x38, 0xf9, 0x46, 0x18\n" /* movdiri %r8d, 24(%rsi) */
        "stores_end:\n"
        "others:\n"
        "movq (%rax), %rbx\n"
        "movw (%rax), %bx\n"
        "movb (%rax), %bl\n"
        "movl %eax, %ebx\n"
        "addl (%rax), %ebx\n"
        "orl $1, (%rax)\n"
        "movups (%rax), %xmm0\n"
        "movq $1, (%rax)\n"
        "others_end:\n"
        ".byte 0\n"
        ".popsection\n");
/* clang-format on */

/** Goes through instructions that follow one another. @return how many were understood and as wanted. */
static unsigned follow(
	const uint8_t *at, const uint8_t *end, bool store, const uint8_t *numbers, const uint32_t *values)
{
	struct preload_move move;
	unsigned n = 0;
	while (at < end && preload_decode(at, &move)) {
		CU_ASSERT_EQUAL(move.store, store);
		CU_ASSERT_EQUAL(move.number, numbers[n]);
		CU_ASSERT_EQUAL(move.immediate, values && values[n] != 0);
		if (move.immediate)
			CU_ASSERT_EQUAL(move.value, values[n]);
		at += move.length;
		n++;
	}
	CU_ASSERT_PTR_EQUAL(at, end);
	return n;
}

static void loads_are_understood(void)
{
	static const uint8_t numbers[] = {0, 2, 6, 7, 5, 3, 1, 8, 15, 10, 9, 11, 12, 13, 14};
	CU_ASSERT_EQUAL(follow(loads, loads_end, false, numbers, NULL), sizeof(numbers));
}

static void stores_are_understood(void)
{
	static const uint8_t numbers[] = {0, 6, 15, 0, 0, 0, 1, 9, 2, 8};
	static const uint32_t values[] = {0, 0, 0, 0x12345678, 0xffffffff, 7, 0, 0, 0, 0};
	CU_ASSERT_EQUAL(follow(stores, stores_end, true, numbers, values), sizeof(numbers));
}

static void all_else_is_left_alone(void)
{
	static const uint8_t lengths[] = {3, 3, 2, 2, 2, 3, 3, 7};
	const uint8_t *at = others;
	struct preload_move move;
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		CU_ASSERT_FALSE(preload_decode(at, &move));
		at += lengths[i];
	}
	CU_ASSERT_PTR_EQUAL(at, others_end);
}

static void nothing_behind_the_instruction_is_read(void)
{
	struct preload_move move;
	for (const uint8_t *at = loads; at < loads_end; at += move.length) {
		CU_ASSERT_FATAL(preload_decode(at, &move));
		uint8_t *copy = malloc(move.length), length = move.length; /* ASan guards its end */
		memcpy(copy, at, length);
		CU_ASSERT(preload_decode(copy, &move));
		CU_ASSERT_EQUAL(move.length, length);
		free(copy);
	}
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"loads are understood", loads_are_understood},
		{"stores are understood", stores_are_understood},
		{"all else is left alone", all_else_is_left_alone},
		{"nothing behind the instruction is read", nothing_behind_the_instruction_is_read},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "preload", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
