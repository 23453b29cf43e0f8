/* SPDX-License-Identifier: BSD-2-Clause
 * A port's counters: what the card has counted, and what an application is shown of it. */
#pragma once

#include "driver.h"

/** Brings nic->stats up to date, unless the device turns out to be gone: then they stay those of one earlier moment. */
void stats_update(struct nic *nic);

/** Clears what the card has counted by itself, by reading it: a start's, or a reset's, counters go on from here. */
void stats_discard(struct nic *nic);

/** @return 0; -EIO, with a sentence: a counter was refused when nic->stats was last brought up to date, so they lack
 * what it counted */
int stats_check(const struct nic *nic);

/** nic->stats as the public API has them: bytes without FCS, which never fall while the port is started. */
void stats_report(struct nic *nic, struct nic_stats *stats);

/** A card's count of bytes without those of the FCS. */
uint64_t stats_without_fcs(uint64_t bytes, uint64_t packets, unsigned fcs_bytes);
