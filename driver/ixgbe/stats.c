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
