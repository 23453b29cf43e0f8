/* SPDX-License-Identifier: BSD-2-Clause
 * Receive, for any x86-64. */
#include "bursts.h"

RING_RX_BURST(ixgbe_rx_burst_scalar, &ixgbe_rx_format, ring_rx_take_one, ring_rx_take_scalar, ring_rx_arm_scalar)
