/* SPDX-License-Identifier: BSD-2-Clause
 * Receive and transmit descriptors of the gigabit chips: their formats, for rings, bursts and pipes. */
#pragma once

#include "../ring/rx.h"
#include "../ring/tx.h"

/* Frame errors. Checksum errors are advice on frames that are delivered as they are: not among them. */
#define GIGABIT_RX_ERRORS UINT64_C(0x97) /* CE, SE, SEQ, CXE, RXE */

static const struct ring_rx_status gigabit_rx_status_legacy = {
	.ignore = UINT64_C(1) << 34,     /* IXSM */
	.vlan = UINT64_C(1) << 35,       /* VP */
	.l4_checked = UINT64_C(3) << 36, /* UDPCS, TCPCS */
	.ip_checked = UINT64_C(1) << 38, /* IPCS */
	.l4_bad = UINT64_C(1) << 45,     /* TCPE */
	.ip_bad = UINT64_C(1) << 46,     /* IPE */
};

/* The 82540EM's. */
static const struct ring_rx_format gigabit_rx_legacy = {
	.dd = UINT64_C(1) << 32,
	.eop = UINT64_C(1) << 33,
	.errors = GIGABIT_RX_ERRORS << 40,
	.length_shift = 0,
	.status = &gigabit_rx_status_legacy,
};

static const struct ring_rx_status gigabit_rx_status_extended = {
	.ignore = UINT64_C(1) << 2,
	.vlan = UINT64_C(1) << 3,
	.l4_checked = UINT64_C(3) << 4,
	.ip_checked = UINT64_C(1) << 6,
	.l4_bad = UINT64_C(1) << 29,
	.ip_bad = UINT64_C(1) << 30,
};

/* The 82574L's, and the 82576's advanced ones look the same. */
static const struct ring_rx_format gigabit_rx_extended = {
	.dd = UINT64_C(1) << 0,
	.eop = UINT64_C(1) << 1,
	.errors = GIGABIT_RX_ERRORS << 24,
	.length_shift = 32,
	.hash = true,
	.status = &gigabit_rx_status_extended,
};

#define GIGABIT_TX_IFCS (UINT64_C(1) << 25)

/* Legacy descriptors on both, for frames without wishes. The 82540EM may corrupt frames that it pads itself, as others
 * found: it gets whole ones, 60 bytes without FCS. Others keep its descriptors to 4 KiB (doubt 50). */
static const struct ring_tx_format gigabit_tx_82540em = {
	.command = GIGABIT_TX_IFCS, .length_factor = 1, .frame_min = 60};
/* The 82574L pads what has 17 bytes at least. */
static const struct ring_tx_format gigabit_tx_82574l = {
	.command = GIGABIT_TX_IFCS, .length_factor = 1, .frame_min = 17};

/* The 82576's: DTYP, DEXT. The frame's length stands in PAYLEN too; the card pads what has 17 bytes at least. */
static const struct ring_tx_format gigabit_tx_82576 = {
	.command = UINT64_C(3) << 20 | UINT64_C(1) << 29 | GIGABIT_TX_IFCS,
	.length_factor = (UINT64_C(1) << 46) + 1,
	.frame_min = 17};
