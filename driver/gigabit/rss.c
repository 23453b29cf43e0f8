/* SPDX-License-Identifier: BSD-2-Clause
 * How the 82574L and the 82576 spread frames over their receive queues: key, table, and which headers are hashed. */
#include "../access.h"
#include "gigabit.h"

#include <string.h>

int gigabit_set_rss(struct nic *nic)
{
	const struct gigabit_chip *chip = gigabit_chip(nic);
	const struct nic_rss *rss = &nic->queues.rss;
	uint32_t mrqc = queues_mrqc(rss->headers) | (rss->headers ? chip->mrqc_rss : 0), word;
	/* TCP over IPv6 has two fields: with extension headers and without (doubt 39) */
	if (rss->headers & NIC_RSS_IPV6_TCP)
		mrqc |= GIGABIT_MRQC_IPV6_TCP_EX;
	/* A key may change while RSS is off only: all frames go to queue 0 meanwhile */
	for (unsigned i = 0; mrqc && i < GIGABIT_RSSRK_COUNT; i++) {
		memcpy(&word, &rss->key[4 * i], 4);
		if (reg_read(nic, GIGABIT_AT(RSSRK, i)) == word)
			continue;
		reg_write(nic, GIGABIT_MRQC, 0);
		reg_write(nic, GIGABIT_AT(RSSRK, i), word);
	}
	for (unsigned i = 0; mrqc && i < GIGABIT_RETA_COUNT; i++) {
		memcpy(&word, &rss->table[4 * i], 4);
		reg_write(nic, GIGABIT_AT(RETA, i), word << chip->reta_shift);
	}
	reg_write(nic, GIGABIT_MRQC, mrqc);
	return fail_if_gone(nic);
}
