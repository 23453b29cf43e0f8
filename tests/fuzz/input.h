/* SPDX-License-Identifier: BSD-2-Clause
 * A fuzzer's input, taken piece by piece. Behind its end there are only zeros, so that every input means something. */
#ifndef POLLUX_TESTS_FUZZ_INPUT_H
#define POLLUX_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What libFuzzer, or standalone.c in its place, calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct input {
	const uint8_t *at;
	size_t left;
};

/** Fills `to`, with zeros behind the input's end. */
static inline void input_bytes(struct input *in, void *to, size_t bytes)
{
	size_t have = bytes < in->left ? bytes : in->left;

	if (have)
		memcpy(to, in->at, have);
	memset((uint8_t *)to + have, 0, bytes - have);
	in->at += have;
	in->left -= have;
}

static inline uint64_t input_number(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	input_bytes(in, &value, bytes);
	return value;
}

static inline uint8_t input_8(struct input *in)
{
	return (uint8_t)input_number(in, 1);
}

static inline uint16_t input_16(struct input *in)
{
	return (uint16_t)input_number(in, 2);
}

static inline uint32_t input_32(struct input *in)
{
	return (uint32_t)input_number(in, 4);
}

/** What must hold, whatever the input. */
#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

#endif
