/* SPDX-License-Identifier: BSD-2-Clause
 * Advanced receive and transmit descriptors of the 82599, X540 and X550: their fields, for every burst function. */
#ifndef POLLUX_DRIVER_IXGBE_DESCRIPTOR_H
#define POLLUX_DRIVER_IXGBE_DESCRIPTOR_H

#include "../ring/rx.h"
#include "../ring/tx.h"

/* Second quadword of a written-back descriptor (82599 DS 7.1.6.2). */
#define IXGBE_RX_DD           (UINT64_C(1) << 0)
#define IXGBE_RX_EOP          (UINT64_C(1) << 1)
#define IXGBE_RX_RXE          (UINT64_C(1) << 29) /* any MAC error; the only frame error bit of the 82599 and later */
#define IXGBE_RX_LENGTH(q1)   ((uint32_t)((q1) >> IXGBE_RX_LENGTH_SHIFT) & 0xffff)
#define IXGBE_RX_LENGTH_SHIFT 32
/* A length of 2048 or more, as a mask. A full buffer of exactly 2048 is legitimate, and handled out of line. */
#define IXGBE_RX_LENGTH_HIGH (UINT64_C(0xf800) << IXGBE_RX_LENGTH_SHIFT)

/* One comparison tells a whole, good frame that lies in one buffer from everything else. */
#define IXGBE_RX_DECIDES     (IXGBE_RX_DD | IXGBE_RX_EOP | IXGBE_RX_RXE | IXGBE_RX_LENGTH_HIGH)
#define IXGBE_RX_WHOLE_FRAME (IXGBE_RX_DD | IXGBE_RX_EOP)

/* Second quadword of an advanced data descriptor (82599 DS 7.2.3.2.4). */
#define IXGBE_TX_DTYP_DATA    (UINT64_C(3) << 20)
#define IXGBE_TX_EOP          RING_TX_EOP
#define IXGBE_TX_IFCS         (UINT64_C(1) << 25)
#define IXGBE_TX_RS           RING_TX_RS
#define IXGBE_TX_DEXT         (UINT64_C(1) << 29)
#define IXGBE_TX_DD           RING_TX_DD
#define IXGBE_TX_PAYLEN_SHIFT 46

#define IXGBE_TX_COMMAND (IXGBE_TX_DTYP_DATA | IXGBE_TX_IFCS | IXGBE_TX_DEXT)
/* len * this puts a length both into DTALEN and into PAYLEN. */
#define IXGBE_TX_BOTH_LENGTHS ((UINT64_C(1) << IXGBE_TX_PAYLEN_SHIFT) + 1)

/* The shortest frame that an advanced descriptor may describe; the MAC pads on from there. */
#define IXGBE_TX_FRAME_MIN 17u

/* For the bursts of ring/rx.h and ring/tx.h. */
static const struct ring_rx_format ixgbe_rx_format = {
	.dd = IXGBE_RX_DD,
	.eop = IXGBE_RX_EOP,
	.errors = IXGBE_RX_RXE,
	.length_shift = IXGBE_RX_LENGTH_SHIFT,
	.hash = true,
};
static const struct ring_tx_format ixgbe_tx_format = {
	.command = IXGBE_TX_COMMAND, .length_factor = IXGBE_TX_BOTH_LENGTHS, .frame_min = IXGBE_TX_FRAME_MIN};

#endif
