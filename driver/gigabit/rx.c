/* SPDX-License-Identifier: BSD-2-Clause
 * Receive bursts of the gigabit chips, by the format of their descriptors, for any x86-64. */
#include "descriptor.h"
#include "gigabit.h"

RING_RX_BURST(gigabit_rx_burst_legacy, &gigabit_rx_legacy, ring_rx_take_one, ring_rx_take_scalar, ring_rx_arm_scalar)
RING_RX_BURST(
	gigabit_rx_burst_extended, &gigabit_rx_extended, ring_rx_take_one, ring_rx_take_scalar, ring_rx_arm_scalar)
RING_RX_BURST(gigabit_rx_burst_status_legacy, &gigabit_rx_legacy, ring_rx_take_one_status, ring_rx_take_status,
	ring_rx_arm_scalar)
RING_RX_BURST(gigabit_rx_burst_status_extended, &gigabit_rx_extended, ring_rx_take_one_status, ring_rx_take_status,
	ring_rx_arm_scalar)
