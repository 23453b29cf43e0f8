/* SPDX-License-Identifier: BSD-2-Clause
 * The moves of 32 bits between a register and memory, as x86-64 encodes them (Intel SDM volume 2, chapter 2 and MOV,
 * MOVNTI, MOVDIRI). Where the memory is, the fault tells; only what moves, and how long the instruction is, has to be
 * found out. */
#include "decode.h"

enum { PREFIX_REX = 0x40, REX_W = 8, REX_R = 4, ESCAPE = 0x0F, ESCAPE_38 = 0x38 };

/** Bytes of ModRM, SIB and displacement; 0: no memory is meant. */
static unsigned operand_bytes(const uint8_t *modrm)
{
	unsigned mode = modrm[0] >> 6, base = modrm[0] & 7, bytes = 1;
	if (mode == 3)
		return 0;
	if (base == 4) {
		base = modrm[1] & 7;
		bytes++;
		if (mode == 0 && base == 5)
			return bytes + 4;
	} else if (mode == 0 && base == 5) {
		return bytes + 4; /* relative to the next instruction */
	}
	return bytes + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

bool preload_decode(const uint8_t *code, struct preload_move *move)
{
	const uint8_t *at = code;
	unsigned rex = 0;
	if ((*at & 0xF0) == PREFIX_REX)
		rex = *at++;
	if (rex & REX_W)
		return false;
	*move = (struct preload_move){0};
	if (*at == 0x8B || *at == 0x89 || *at == 0xC7) { /* MOV */
		move->store = *at != 0x8B;
		move->immediate = *at == 0xC7;
		at += 1;
	} else if (at[0] == ESCAPE && at[1] == 0xC3) { /* MOVNTI */
		move->store = true;
		at += 2;
	} else if (at[0] == ESCAPE && at[1] == ESCAPE_38 && at[2] == 0xF9) { /* MOVDIRI */
		move->store = true;
		at += 3;
	} else {
		return false;
	}
	unsigned bytes = operand_bytes(at);
	if (!bytes || (move->immediate && (*at >> 3 & 7)))
		return false;
	move->number = (uint8_t)((*at >> 3 & 7) + (rex & REX_R ? 8 : 0));
	at += bytes;
	if (move->immediate) {
		move->number = 0;
		move->value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
		at += 4;
	}
	move->length = (uint8_t)(at - code);
	return true;
}
