/* SPDX-License-Identifier: BSD-2-Clause
 * The burst functions of the 82599, X540 and X550 (82599 DS 7.1.6 and 7.2.3.2.4, advanced descriptors; 7.1.9
 * and 7.2.3.3, rings; 7.2.3.5, write-back), by instruction set. */
#pragma once

#include "descriptor.h"

unsigned ixgbe_rx_burst_scalar(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_rx_burst_avx2(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_rx_burst_avx512(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_burst_scalar(struct nic_txq *nic, const struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_burst_avx2(struct nic_txq *nic, const struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_burst_avx512(struct nic_txq *nic, const struct pkt *pkts, unsigned n);

/** How wishes of packets to be sent are told to the card (offload.c). */
extern const struct ring_tx_card ixgbe_tx_card;

/* With offloads. */
unsigned ixgbe_rx_status_scalar(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_rx_status_avx2(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_rx_status_avx512(struct nic_rxq *nic, struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_wishes_scalar(struct nic_txq *nic, const struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_wishes_avx2(struct nic_txq *nic, const struct pkt *pkts, unsigned n);
unsigned ixgbe_tx_wishes_avx512(struct nic_txq *nic, const struct pkt *pkts, unsigned n);

#define IXGBE_OFFLOAD_BURSTS                                                                                           \
	{                                                                                                              \
		[PKT_SIMD_SCALAR] = {ixgbe_rx_status_scalar, ixgbe_tx_wishes_scalar},                                  \
		[PKT_SIMD_AVX2] = {ixgbe_rx_status_avx2, ixgbe_tx_wishes_avx2},                                        \
		[PKT_SIMD_AVX512] = {ixgbe_rx_status_avx512, ixgbe_tx_wishes_avx512},                                  \
	}

/** All of them, for the rings. */
extern const struct ring_ops ixgbe_ring_ops;
