/* SPDX-License-Identifier: BSD-2-Clause
 * A port's counters: what the card has counted, and what an application is shown of it. */
#pragma once

#include "driver.h"

/** Brings nic->stats up to date, unless the device turns out to be gone: then they stay those of one earlier moment.
 * `all`: and all other counters of the card, which is done anyhow where it is time. */
void stats_update(struct nic *nic, bool all);

/** Forgets what was counted. */
void stats_clear(struct nic *nic);

/** After a reset of the card: drops what its counters hold, and learns how they are read.
 * @param rx_fcs_bytes, tx_fcs_bytes  that the card's byte counters have of each packet: NIC_FCS_BYTES, or 0 */
void stats_start(struct nic *nic, unsigned rx_fcs_bytes, unsigned tx_fcs_bytes);

/** @return 0; -EIO, with a sentence: a counter was refused when nic->stats was last brought up to date, so they lack
 * what it counted */
int stats_check(const struct nic *nic);

/** nic->stats as the public API has them: bytes without FCS, which never fall while the port is started. */
void stats_report(struct nic *nic, struct nic_stats *stats);

/** A card's count of bytes without those of the FCS. */
uint64_t stats_without_fcs(uint64_t bytes, uint64_t packets, unsigned fcs_bytes);
