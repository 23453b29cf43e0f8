/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with what the card says of the frames, for any x86-64. */
#include "bursts.h"

RING_RX_BURST(
	ixgbe_rx_status_scalar, &ixgbe_rx_format, ring_rx_take_one_status, ring_rx_take_status, ring_rx_arm_scalar)
