/* SPDX-License-Identifier: BSD-2-Clause
 * Which receive queue a frame of the 82599, X540 or X550 goes to: RSS (82599 DS 7.1.2.8 and 4.6.10.1). A Toeplitz hash
 * of the frame's headers selects an entry of a table, and the entry is the queue. A frame without such headers has hash
 * 0 (doubt 45), and goes to queue 0. */
#include "../access.h"
#include "ixgbe.h"

#include <string.h>

/* Registers are little-endian, as x86-64 is: byte 0 of key and table is in the lowest bits. */
static uint32_t word_of(const uint8_t *bytes, unsigned word)
{
	uint32_t value;
	memcpy(&value, bytes + 4 * (size_t)word, 4);
	return value;
}

/* The table may change while frames come (X550 DS 8.2.2.8.18). Key and headers change as Linux does it, though nobody
 * says that they may (doubt 41): a frame that comes meanwhile may have a hash of both keys. */
int ixgbe_set_rss(struct nic *nic)
{
	const struct nic_rss *rss = &nic->queues.rss;
	/* On or off is said once, between the reset and RXEN (X550 DS 7.1.3.7.1) */
	uint32_t mrqc = queues_mrqc(rss->headers) | (rss->headers ? IXGBE_MRQC_RSS : 0);
	for (unsigned i = 0; i < IXGBE_RSSRK_COUNT; i++)
		reg_write(nic, IXGBE_AT(RSSRK, i), word_of(rss->key, i));
	for (unsigned i = 0; i < rss->entries / 4u; i++)
		reg_write(nic, i < IXGBE_RETA_COUNT ? IXGBE_AT(RETA, i) : IXGBE_AT(ERETA, i - IXGBE_RETA_COUNT),
			word_of(rss->table, i));
	reg_write(nic, IXGBE_MRQC, mrqc);
	return fail_if_gone(nic);
}
