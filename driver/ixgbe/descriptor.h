/* SPDX-License-Identifier: BSD-2-Clause
 * The formats of the 82599's, X540's and X550's descriptors, which are advanced ones, for rings, bursts and pipes. */
#pragma once

#include "../ring/rx.h"
#include "../ring/tx.h"

/* As written back (82599 DS 7.1.6.2). */
static const struct ring_rx_status ixgbe_rx_status = {
	.vlan = UINT64_C(1) << 3,        /* VP */
	.l4_checked = UINT64_C(1) << 5,  /* L4I */
	.ip_checked = UINT64_C(1) << 6,  /* IPCS */
	.l4_bad = UINT64_C(1) << 30,     /* L4E */
	.ip_bad = UINT64_C(1) << 31,     /* IPE */
	.l4_doubtful = UINT64_C(1) << 9, /* packet type UDP: an erratum may set L4E where the checksum is 0 */
};

static const struct ring_rx_format ixgbe_rx_format = {
	.dd = UINT64_C(1) << 0,
	.eop = UINT64_C(1) << 1,
	.errors = UINT64_C(1) << 29, /* RXE: any MAC error; the 82599 and later have no other frame error bit */
	.length_shift = 32,
	.hash = true,
	.status = &ixgbe_rx_status,
};

#define IXGBE_TX_PAYLEN_SHIFT 46

/* A data descriptor (82599 DS 7.2.3.2.4). */
static const struct ring_tx_format ixgbe_tx_format = {
	.command = UINT64_C(3) << 20 | UINT64_C(1) << 25 | UINT64_C(1) << 29, /* DTYP: data; IFCS; DEXT */
	.length_factor = (UINT64_C(1) << IXGBE_TX_PAYLEN_SHIFT) + 1,
	.frame_min = 17, /* the MAC pads from here on */
};
