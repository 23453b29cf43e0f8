/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions with AVX2: four descriptors at a time. */
#include "burst.h"
#include "x4.h"

static inline unsigned receive_wide(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	return pipe_receive_x4(pipe, ring, slot_init, pkts, pipe_at_most_a_burst(n));
}

static inline unsigned describe_wide(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	return pipe_describe_x4(output, ring, pkts, n, RING_TX_RS);
}

PIPE_BURSTS(avx2, 4, receive_wide, pipe_receive_x4_x1, describe_wide, pipe_describe_x4_x1, pipe_same_x8, pipe_select_x1,
	pipe_rearm_x4);
