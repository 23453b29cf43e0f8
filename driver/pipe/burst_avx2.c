/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions with AVX2: four descriptors at a time. */
#include "x4.h"

#define PIPE_WIDTH        4
#define PIPE_VECTOR_BYTES 32
#define receive           pipe_receive_x4_x1
#define receive_wide      pipe_receive_x4
#define describe          pipe_describe_x4_x1
#define all_same          pipe_same_x8

static inline unsigned describe_wide(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	return pipe_describe_x4(output, ring, pkts, n, RING_TX_RS);
}

#include "burst.h"

const struct pipe_simd pipe_avx2 = PIPE_SIMD;
