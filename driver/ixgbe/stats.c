/* SPDX-License-Identifier: BSD-2-Clause
 * What the counters of the 82599, X540 and X550 are of (82599 DS 8.2.3.23). */
#include "../stats.h"
#include "../access.h"
#include "ixgbe.h"

#define COUNTERS ((unsigned)IXGBE_QPRC_COUNT) /* of queues, each way */

void ixgbe_stats_start(struct nic *nic)
{
	/* With more queues, those from the last counter on share it */
	for (unsigned word = 0; word < IXGBE_RQSMR_COUNT; word++) {
		uint32_t map = 0;
		for (unsigned i = 0; i < 4; i++)
			map |= (4 * word + i < COUNTERS ? 4 * word + i : COUNTERS - 1) << 8 * i;
		reg_write(nic, IXGBE_AT(RQSMR, word), map);
		reg_write(nic, IXGBE_AT(TQSM, word), map);
	}
	/* QBRC counts what is left after CRC strip, GOTC all that is sent (doubt 1) */
	stats_start(nic, 0, NIC_FCS_BYTES);
}

#define PAUSE_FRAME_BYTES 64u

/* Of received frames QPRC is counted: GPRC would count missed ones too (erratum). Sent pause frames, which the list of
 * counters begins with, are no packets of ours, and are in GPTC and GOTC (X550 DS 8.2.2.17.41). */
void ixgbe_correct_stats(struct nic *nic, const uint64_t *values_before)
{
	const uint64_t *values = nic->counters.values;
	uint64_t pauses = values[0] - values_before[0] + values[1] - values_before[1];
	nic->stats.tx_packets -= pauses;
	nic->stats.tx_bytes -= pauses * PAUSE_FRAME_BYTES;
}
