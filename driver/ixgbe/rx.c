/* SPDX-License-Identifier: BSD-2-Clause
 * Receive, for any x86-64. */
#include "bursts.h"

RING_RX_BURST(ixgbe_rx_burst_scalar, &ixgbe_rx_format, RING_PLAIN, ring_rx_take_scalar, ring_rx_arm_scalar)

/* With what the card says of the frames. */
RING_RX_BURST(ixgbe_rx_status_scalar, &ixgbe_rx_format, RING_OFFLOADS, ring_rx_take_scalar, ring_rx_arm_scalar)
