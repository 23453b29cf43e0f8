/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's loops over descriptors, one at a time, for every x86-64. */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_FEW_H
#define POLLUX_DRIVER_IXGBE_PIPE_FEW_H

#include "state.h"

#include <string.h>

static inline unsigned take_few(const struct ixgbe_pipe *pipe, struct ring_descriptor *ring,
	const struct ring_descriptor *home, struct pkt *pkts, unsigned n)
{
	uint64_t offset = pipe->rearm.q0;
	unsigned i;

	for (i = 0; i < n; i++) {
		/* DD first, then the rest of that descriptor; each quadword is read once */
		uint64_t q1 = __atomic_load_n(&ring[i].q1, __ATOMIC_ACQUIRE);
		uint32_t length = IXGBE_RX_LENGTH(q1);
		if (__builtin_expect((q1 & IXGBE_RX_DECIDES) != IXGBE_RX_WHOLE_FRAME, 0))
			break;
		pkts[i].data = (uint8_t *)home[i].q0;
		memcpy(&pkts[i].len, &length, 4); /* flags: 0 */
		memcpy(&pkts[i].hash, (const char *)&ring[i].q0 + 4, 4);
		ring[i].q0 = home[i].q0 + offset;
		ring[i].q1 = 0;
	}
	return i;
}

static inline unsigned put_few(
	const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n)
{
	uint64_t offset = output->describe.q0;
	uint32_t range = output->range[2];
	unsigned i;

	for (i = 0; i < n; i++) {
		uint32_t length_and_flags;

		memcpy(&length_and_flags, &pkts[i].len, 4); /* any flag makes it too large for the comparison */
		if (__builtin_expect(length_and_flags - IXGBE_TX_FRAME_MIN > range, 0))
			break;
		ring[i].q0 = (uint64_t)pkts[i].data + offset;
		ring[i].q1 = length_and_flags * IXGBE_TX_BOTH_LENGTHS + (IXGBE_TX_COMMAND | IXGBE_TX_EOP);
	}
	if (i == n)
		ring[n - 1].q1 |= IXGBE_TX_RS;
	return i;
}

#endif
