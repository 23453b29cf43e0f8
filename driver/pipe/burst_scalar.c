/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions for every x86-64; and those for single packets, whatever the instruction set. */
#include "burst.h"

static inline unsigned receive_wide(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	return pipe_receive_x1(pipe, ring, slot_init, pkts, pipe_at_most_a_burst(n));
}

PIPE_BURSTS(scalar, 1, receive_wide, pipe_receive_x1, pipe_describe_x1, pipe_describe_x1, pipe_same_x1, pipe_select_x1,
	pipe_rearm_x1);

unsigned pipe_receive_single(struct nic_pipe *nic)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask;

	if (__builtin_expect(queue->next == pipe->fast_until ||
				     !pipe_receive_one(pipe, &queue->ring[slot], &pipe->slot_init[slot], nic->pkts),
		    0))
		return pipe_receive_general_scalar(pipe, 1);
	return 1;
}

void pipe_send_single(struct nic_pipe *nic, uint32_t outputs)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct pipe_output *output = pipe->single_output;
	struct ring_txq *queue = output->txq;
	struct ring_descriptor *ring = &queue->ring[queue->next & queue->mask];

	if (__builtin_expect(
		    outputs != pipe->single_mask || !outputs || !pipe_describe_one(output, ring, nic->pkts, RING_TX_RS),
		    0)) {
		pipe_send_general_scalar(pipe, 1, outputs);
		return;
	}
	pipe_hand_over(queue, queue->mask, queue->next + 1);
	pipe_end_burst(pipe, 1, outputs);
}
