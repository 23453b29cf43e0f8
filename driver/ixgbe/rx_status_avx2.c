/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX2 and what the card says of the frames. */
#include "rx_x4.h"

RING_RX_BURST(ixgbe_rx_status_avx2, &ixgbe_rx_format, RING_OFFLOADS, ixgbe_rx_take_x4, ixgbe_rx_arm_x4)
