/* SPDX-License-Identifier: BSD-2-Clause
 * What the 82599, X540 and X550 say of a received frame (82599 DS 7.1.6.2). */
#pragma once

#include "../ring/rx_status.h"

static const struct ring_rx_status ixgbe_rx_status = {
	.vlan = UINT64_C(1) << 3,        /* VP */
	.l4_checked = UINT64_C(1) << 5,  /* L4I */
	.ip_checked = UINT64_C(1) << 6,  /* IPCS */
	.l4_bad = UINT64_C(1) << 30,     /* L4E */
	.ip_bad = UINT64_C(1) << 31,     /* IPE */
	.l4_doubtful = UINT64_C(1) << 9, /* packet type UDP: an erratum may set L4E where the checksum is 0 */
};
