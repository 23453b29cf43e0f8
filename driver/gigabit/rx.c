/* SPDX-License-Identifier: BSD-2-Clause
 * Receive bursts of the gigabit chips, by the format of their descriptors, for any x86-64. */
#include "descriptor.h"
#include "gigabit.h"

RING_RX_BURST(gigabit_rx_burst_legacy, &gigabit_rx_legacy, RING_PLAIN, ring_rx_take_scalar, ring_rx_arm_scalar)
RING_RX_BURST(gigabit_rx_burst_extended, &gigabit_rx_extended, RING_PLAIN, ring_rx_take_scalar, ring_rx_arm_scalar)
RING_RX_BURST(
	gigabit_rx_burst_status_legacy, &gigabit_rx_legacy, RING_OFFLOADS, ring_rx_take_scalar, ring_rx_arm_scalar)
RING_RX_BURST(
	gigabit_rx_burst_status_extended, &gigabit_rx_extended, RING_OFFLOADS, ring_rx_take_scalar, ring_rx_arm_scalar)
