/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit with AVX2: four handles at a time become four descriptors. */
#include "tx_x4.h"

RING_TX_BURST(ixgbe_tx_burst_avx2, &ixgbe_tx_format, ixgbe_tx_put_x4)
