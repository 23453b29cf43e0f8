/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit bursts that are fast with wishes (offload.h). Most frames of a queue have the same wishes and the same tag,
 * and are Ethernet, IPv4 without options, TCP or UDP, in one buffer: their contexts are in the card already, and what
 * the bursts know of these is kept (`usual`). Such frames are written by steps here; ring_tx_put_frame has all others,
 * and writes the contexts. What is read in a frame's headers comes from a stranger: each length is checked. */
#pragma once

#include "offload.h"
#include "tx.h"

/** The shortest frame, in bytes, whose headers vectors read: Ethernet, IPv4 and TCP without options. */
#define RING_TX_USUAL_MIN 54u

/** Writes the descriptor of a frame with wishes, if it is a usual one, and what the card wants to find in its checksum
 * fields. To do that twice does no harm. */
bool ring_tx_put_usual(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkt);

/** A ring_tx_put_fn for any CPU, for frames with wishes and without. */
RING_STEP unsigned ring_tx_put_mixed(
	const struct ring_tx_format *format, struct ring_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	unsigned i = 0;

	while (i < n && (ring_tx_put_one(format, &queue->ring[slot + i], &queue->buffers[slot + i], &pkts[i],
				 queue->excess_max, queue->iova_offset) ||
				ring_tx_put_usual(format, queue, slot + i, &pkts[i])))
		i++;
	return i;
}
