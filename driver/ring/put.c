/* SPDX-License-Identifier: BSD-2-Clause
 * Sending the frames that no step of a burst puts: those in several buffers, short ones, impossible ones, and those
 * with wishes. */
#include "frame.h"
#include "offload.h"
#include "tx.h"

unsigned ring_tx_put_frame(
	const struct ring_tx_format *format, struct ring_txq *queue, const struct pkt *pkts, unsigned n)
{
	uint32_t total = 0;
	unsigned pieces = 0, used;
	struct pkt padded;
	bool good = true;
	const uint32_t piece_max = PKT_HEADROOM_BYTES + pkt_pool_data_bytes(queue->pool);

	do {
		if (pieces == n)
			return 0;
		total += pkts[pieces].len;
		good = good && pkts[pieces].len > 0 && pkts[pieces].len <= piece_max;
	} while (pkts[pieces++].flags & PKT_MORE);

	bool wishes = pkts->flags & RING_TX_WISHES;
	if (!good || pieces > RING_FRAME_PIECES_MAX || (!wishes && total > queue->max_frame)) {
		pkt_free(pkts, pieces);
		ring_count(&queue->bad_packets, 1);
		return pieces;
	}
	if (wishes)
		return ring_tx_put_wishes(format, queue, pkts, pieces, total);
	if (pieces > ring_tx_room(queue))
		return 0;
	used = pieces;
	if (total < format->frame_min) {
		total = format->frame_min;
		if (!ring_tx_pad(queue, pkts, pieces, &padded, total))
			return 0;
		pkts = &padded;
		pieces = 1;
	}
	ring_tx_append_frame(queue, &(struct ring_tx_orders){.data = ring_tx_plain(format, total)}, pkts, pieces, 1);
	return used;
}
