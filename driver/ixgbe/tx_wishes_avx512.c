/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit that is fast with wishes, as for AVX2: AVX-512's instructions save some of its steps. */
#include "tx_wishes_x4.h"

RING_TX_BURST(ixgbe_tx_wishes_avx512, &ixgbe_tx_format, ixgbe_tx_put_wishes)
