/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's loops over descriptors, for every x86-64. */
#include "pipe.h"

#include <string.h>

static inline unsigned take_frames(struct ixgbe_descriptor *ring, uint8_t *const *buffers, struct pkt *pkts, unsigned n, uint64_t offset)
{
	unsigned i;

#pragma GCC unroll 4
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

static inline unsigned put_frames(struct ixgbe_descriptor *ring, const struct pkt *pkts, unsigned n, uint64_t offset, uint32_t longest)
{
	unsigned i;

#pragma GCC unroll 4
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

static inline unsigned pick(struct pkt *some, const struct pkt *pkts, const uint32_t *to, unsigned n, unsigned index)
{
	unsigned picked = 0;

	for (unsigned i = 0; i < n; i++) {
		some[picked] = pkts[i];
		picked += to[i] >> index & 1;
	}
	return picked;
}

#include "pipe_burst.h"

void ixgbe_pipe_scalar(struct nic_pipe *pipe)
{
	pipe->take = pipe_take;
	pipe->send = pipe_send;
}
