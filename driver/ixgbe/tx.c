/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit, for any x86-64. */
#include "../ring/tx_wishes.h"
#include "bursts.h"

RING_TX_BURST(ixgbe_tx_burst_scalar, &ixgbe_tx_format, ring_tx_put_scalar)

/* Fast with wishes. */
RING_TX_BURST(ixgbe_tx_wishes_scalar, &ixgbe_tx_format, ring_tx_put_mixed)
