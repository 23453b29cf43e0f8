/* SPDX-License-Identifier: BSD-2-Clause
 * Receive with AVX2: four descriptors at a time become four handles. */
#include "rx_x4.h"

RING_RX_BURST(ixgbe_rx_burst_avx2, &ixgbe_rx_format, RING_PLAIN, ixgbe_rx_take_x4, ixgbe_rx_arm_x4)
