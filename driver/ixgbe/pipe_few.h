/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's loops over descriptors, one at a time: for few of them, and for CPUs without AVX2. */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_FEW_H
#define POLLUX_DRIVER_IXGBE_PIPE_FEW_H

#include "pipe.h"

#include <string.h>

static inline unsigned take_few(struct ixgbe_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n, uint64_t offset)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		/* DD first, then the rest of that descriptor; each quadword is read once */
		uint64_t q1 = __atomic_load_n(&ring[i].q1, __ATOMIC_ACQUIRE);
		uint32_t length = IXGBE_RX_LENGTH(q1);
		if (__builtin_expect((q1 & IXGBE_RX_DECIDES) != IXGBE_RX_WHOLE_FRAME, 0))
			break;
		pkts[i].data = buffers[i];
		memcpy(&pkts[i].len, &length, 4); /* flags: 0 */
		memcpy(&pkts[i].hash, (const char *)&ring[i].q0 + 4, 4);
		ring[i].q0 = (uint64_t)buffers[i] + offset;
		ring[i].q1 = 0;
	}
	return i;
}

static inline unsigned put_few(struct ixgbe_descriptor *ring, const struct pkt *pkts, unsigned n, uint64_t offset, uint32_t longest)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		uint32_t length_and_flags;

		memcpy(&length_and_flags, &pkts[i].len, 4); /* any flag makes it too large for the comparison */
		if (__builtin_expect(length_and_flags - IXGBE_TX_FRAME_MIN > longest - IXGBE_TX_FRAME_MIN, 0))
			break;
		ring[i].q0 = (uint64_t)pkts[i].data + offset;
		ring[i].q1 = length_and_flags * IXGBE_TX_BOTH_LENGTHS + (IXGBE_TX_COMMAND | IXGBE_TX_EOP);
	}
	return i;
}

#endif
