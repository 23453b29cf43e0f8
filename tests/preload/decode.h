/* SPDX-License-Identifier: BSD-2-Clause
 * Understanding the few instructions with which compiled programs load and store 32-bit registers of a device. */
#ifndef POLLUX_TESTS_PRELOAD_DECODE_H
#define POLLUX_TESTS_PRELOAD_DECODE_H

#include <stdbool.h>
#include <stdint.h>

struct preload_move {
	bool store, immediate;
	uint8_t number; /* of the processor's register, as instructions count them: 0 is RAX, 4 RSP, 15 R15 */
	uint32_t value; /* that is stored, when it is an immediate one */
	uint8_t length; /* bytes of the instruction */
};

/** Understands MOV between memory and a 32-bit register, MOV of an immediate value to memory, MOVNTI and MOVDIRI. Reads
 * no byte behind the instruction. @return false: something else. */
bool preload_decode(const uint8_t *code, struct preload_move *move);

#endif
