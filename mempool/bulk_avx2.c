/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools with AVX2: four pointers at a time. */
#include "bulk_fours.h"

static void hand_out(struct pkt *pkts, uint8_t *const *data, unsigned n)
{
	pkt_hand_out_fours(pkts, data, n);
}

static bool bring_home(const struct pkt_pool *pool, uint8_t **home, const struct pkt *pkts, unsigned n)
{
	return pkt_bring_home_fours(pool, home, pkts, n);
}

static bool bring_home_data(const struct pkt_pool *pool, uint8_t **home, uint8_t *const *data, unsigned n)
{
	return pkt_bring_home_data_fours(pool, home, data, n);
}

const struct pkt_bulk pkt_bulk_avx2 = {hand_out, bring_home, bring_home_data};
