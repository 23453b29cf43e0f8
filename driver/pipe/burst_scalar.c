/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions for every x86-64. */
#include "x1.h"

#define PIPE_WIDTH        1
#define PIPE_VECTOR_BYTES 16
#define receive           pipe_receive_x1
#define receive_wide      pipe_receive_x1
#define describe          pipe_describe_x1
#define describe_wide     pipe_describe_x1

static inline bool all_same(const uint32_t *targets, unsigned n)
{
	unsigned i = 1;

	while (i < n && targets[i] == targets[0])
		i++;
	return i >= n;
}

#include "burst.h"

const struct pipe_simd pipe_scalar = PIPE_SIMD;
