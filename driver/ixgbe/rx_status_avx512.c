/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX-512 and what the card says of the frames, as for AVX2. */
#include "rx_x4.h"

RING_RX_BURST(ixgbe_rx_status_avx512, &ixgbe_rx_format, RING_OFFLOADS, ixgbe_rx_take_x4, ixgbe_rx_arm_x4)
