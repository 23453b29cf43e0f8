/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit that is fast with wishes, with AVX2. */
#include "tx_wishes_x4.h"

RING_TX_BURST(ixgbe_tx_wishes_avx2, &ixgbe_tx_format, ixgbe_tx_put_wishes)
