/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit bursts of the gigabit chips, for any x86-64. */
#include "../ring/tx_wishes.h"
#include "descriptor.h"
#include "gigabit.h"

RING_TX_BURST(gigabit_tx_burst_82540em, &gigabit_tx_82540em, ring_tx_put_scalar)
RING_TX_BURST(gigabit_tx_burst_82574l, &gigabit_tx_82574l, ring_tx_put_scalar)
RING_TX_BURST(gigabit_tx_burst_82576, &gigabit_tx_82576, ring_tx_put_scalar)
RING_TX_BURST(gigabit_tx_wishes_82540em, &gigabit_tx_82540em, ring_tx_put_mixed)
RING_TX_BURST(gigabit_tx_wishes_82574l, &gigabit_tx_82574l, ring_tx_put_mixed)
RING_TX_BURST(gigabit_tx_wishes_82576, &gigabit_tx_82576, ring_tx_put_mixed)
