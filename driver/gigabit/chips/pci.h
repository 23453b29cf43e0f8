/* SPDX-License-Identifier: BSD-2-Clause
 * What the chips for conventional PCI and PCI-X share: 82540EM, 82544GC, 82545EM. */
#pragma once

#include "../descriptor.h"
#include "../gigabit.h"
#include "../orders.h"

/** Sets CTRL.RST through I/O space, where the transport gives access to it, and else through memory. */
int gigabit_pci_reset(struct nic *nic);
/** Waits until the chip has read its EEPROM after that, and CTRL.RST is clear. */
int gigabit_pci_settle(struct nic *nic);
/** Both, for chips that answer ARP requests by themselves after a reset: they are told not to. */
int gigabit_pci_reset_82540(struct nic *nic);

int gigabit_pci_receive_start(struct nic *nic);
int gigabit_pci_transmit_start(struct nic *nic);

/** Keeps the chip's PCI-X reads as short as it can take. */
void gigabit_pci_tune_pcix(struct nic *nic);

/** What is the same in the description of each of these chips. */
#define GIGABIT_PCI_CHIP                                                                                               \
	.read_mac = gigabit_nvm_read_mac, .receive_start = gigabit_pci_receive_start,                                  \
	.ring = {.bursts[RING_PLAIN][PKT_SIMD_SCALAR] = {gigabit_rx_burst_legacy, gigabit_tx_burst_82540em},           \
		.bursts[RING_OFFLOADS][PKT_SIMD_SCALAR] = {gigabit_rx_burst_status_legacy, gigabit_tx_wishes_82540em}, \
		.rx_tail = gigabit_rx_tail,                                                                            \
		.tx_tail = gigabit_tx_tail,                                                                            \
		.rx_format = &gigabit_rx_legacy,                                                                       \
		.tx_format = &gigabit_tx_82540em,                                                                      \
		.tx_card = &gigabit_orders_pci,                                                                        \
		.aligned = true,                                                                                       \
		.rx_tail_writes_per_lap = GIGABIT_RX_TAIL_WRITES_PER_LAP},                                             \
	.tx_head = gigabit_tx_head, .bar_bytes = GIGABIT_BAR_BYTES, .packet_buffer_kib = 64, .max_frame_bytes = 16128, \
	.max_queues = 1, .can = GIGABIT_CAN
