/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's descriptors one at a time, for every x86-64 and every format. */
#pragma once

#include "../ring/rx.h"
#include "../ring/tx.h"
#include "state.h"

/** Receives a packet, if the descriptor has a whole, good frame. */
RING_INLINE bool pipe_receive_one(const struct pipe *pipe, const struct ring_descriptor *descriptor,
	const struct ring_descriptor *slot_init, struct pkt *pkt)
{
	uint64_t q1 = ring_rx_status(descriptor);
	uint32_t length = (uint32_t)(q1 >> pipe->rx.length_shift) & 0xFFFF;

	if (__builtin_expect((q1 & pipe->rx.checked) != pipe->rx.whole, 0))
		return false;
	pkt->data = (uint8_t *)slot_init->q0;
	memcpy(&pkt->len, &length, 4); /* flags: 0 */
	pkt->hash = (uint32_t)(descriptor->q0 >> 32) & pipe->rx.hash_mask;
	return true;
}

RING_STEP unsigned pipe_receive_x1(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n)
{
	n = n < NIC_PIPE_BURST ? n : NIC_PIPE_BURST;
	unsigned left = n;

	/* four at a time, so that the loop itself costs little */
	for (; left >= 4; left -= 4, ring += 4, slot_init += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!pipe_receive_one(pipe, &ring[k], &slot_init[k], &pkts[k]))
				return n - left + k;
	while (left && pipe_receive_one(pipe, ring++, slot_init++, pkts++))
		left--;
	return n - left;
}

/** Writes the descriptor of a packet, if it is an ordinary one: of a length that can be sent, and without flags.
 * `report` is RING_TX_RS or 0. */
RING_INLINE bool pipe_describe_one(
	const struct pipe_output *output, struct ring_descriptor *descriptor, const struct pkt *pkt, uint64_t report)
{
	uint32_t length_and_flags;

	memcpy(&length_and_flags, &pkt->len, 4); /* any flag makes it too large for the comparison */
	if (__builtin_expect(length_and_flags - output->frame_min > output->excess_max[PIPE_LENGTH_DWORD], 0))
		return false;
	descriptor->q0 = (uint64_t)pkt->data + output->command.q0;
	descriptor->q1 = (length_and_flags * output->length_factor + output->command.q1) | report;
	return true;
}

/** n is not 0. If all are described, the last one asks for a report. */
RING_STEP unsigned pipe_describe_x1(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	unsigned left = n;

	for (; left >= 4; left -= 4, ring += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!pipe_describe_one(output, &ring[k], &pkts[k], 0))
				return n - left + k;
	while (left && pipe_describe_one(output, ring++, pkts++, 0))
		left--;
	if (!left)
		ring[-1].q1 |= RING_TX_RS;
	return n - left;
}
