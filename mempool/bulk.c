/* SPDX-License-Identifier: BSD-2-Clause
 * The bulk functions of packet pools for any x86-64. */
#include "bulk.h"

static void make_scalar(struct pkt *pkts, uint8_t *const *buffers, unsigned n)
{
#pragma GCC unroll 4
	for (unsigned i = 0; i < n; i++)
		pkt_make(&pkts[i], buffers[i]);
}

PKT_BULK(scalar, make_scalar, pkt_buffers_x1);
