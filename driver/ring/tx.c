/* SPDX-License-Identifier: BSD-2-Clause
 * Sending the frames that no step of a burst puts: those in several buffers, short ones, impossible ones, and those
 * with a context descriptor. And what a burst does once per batch: asking for its report, and reclaiming what was sent.
 */
#include "tx.h"

#include "../../mempool/bulk.h"
#include "../../mempool/cache.h"

#include <string.h>

/* The cards hold some tens of descriptors on chip; a frame must not need them all. */
#define PIECES_MAX 32u

/* A frame too short for a descriptor is copied into a packet of ours and padded there: its own buffer may end behind
 * it. */
static bool pad_short(
	struct ring_txq *queue, const struct pkt *pkts, unsigned pieces, struct pkt *padded, uint32_t frame_min)
{
	uint8_t *end;

	if (!pkt_alloc(queue->pool, padded, 1))
		return false;
	end = padded->data;
	memset(end, 0, frame_min);
	for (unsigned i = 0; i < pieces; end += pkts[i++].len)
		memcpy(end, pkts[i].data, pkts[i].len);
	padded->len = (uint16_t)frame_min;
	pkt_free(pkts, pieces);
	return true;
}

/* Writes a descriptor at next; data is its buffer's, or NULL. */
static void append(struct ring_txq *queue, uint8_t *data, uint64_t q0, uint64_t q1)
{
	uint32_t slot = queue->next++ & queue->mask;

	queue->buffers[slot] = data;
	queue->ring[slot] = (struct ring_descriptor){q0, q1};
}

unsigned ring_tx_put_frame(const struct ring_tx_format *format, struct ring_txq *queue,
	const struct ring_descriptor *context, const struct pkt *pkts, unsigned n)
{
	uint32_t first = queue->next, total = 0;
	unsigned pieces = 0, used;
	struct pkt padded;
	bool good = true;

	do {
		if (pieces == n)
			return 0;
		total += pkts[pieces].len;
		good = good && pkts[pieces].len > 0 && pkts[pieces].len <= PKT_HEADROOM_BYTES + PKT_DATA_BYTES;
	} while (pkts[pieces++].flags & PKT_MORE);

	if (!good || total > queue->max_frame || pieces > PIECES_MAX) {
		pkt_free(pkts, pieces);
		ring_count(&queue->bad_packets, 1);
		return pieces;
	}
	if (pieces + (context != NULL) > ring_tx_room(queue))
		return 0;
	used = pieces;
	if (total < format->frame_min) {
		if (!pad_short(queue, pkts, pieces, &padded, format->frame_min))
			return 0;
		pkts = &padded;
		pieces = 1;
		total = format->frame_min;
	}
	if (context)
		append(queue, NULL, context->q0, context->q1);
	for (unsigned i = 0; i < pieces; i++)
		append(queue, pkts[i].data, (uint64_t)pkts[i].data + queue->iova_offset,
			pkts[i].len | format->command | (i + 1 == pieces ? RING_TX_EOP : 0) |
				total * (format->length_factor - 1));
	queue->extra_slots += queue->next - first - 1;
	for (uint32_t slot = first; slot != queue->next; slot++)
		if (slot % RING_BATCH == RING_BATCH - 1)
			ring_tx_ask_report(queue, slot);
	return used;
}

/* Gives the packets of n slots back, to whatever pools they are of. A slot without a buffer has none. */
static void free_slots(uint8_t *const *buffers, unsigned n)
{
	for (unsigned i = 0, run; i < n; i += run + 1) {
		for (run = 0; i + run < n && buffers[i + run]; run++)
			;
		pkt_free_data(&buffers[i], run);
	}
}

/* Has the card reported the batch at reclaim_next sent? */
static bool batch_is_sent(const struct ring_txq *queue)
{
	uint32_t report_slot = queue->report_slot[(queue->reclaim_next & queue->mask) / RING_BATCH];

	return __atomic_load_n(&queue->ring[report_slot].q1, __ATOMIC_ACQUIRE) & RING_TX_DD;
}

/* Frees the packets of the batch at reclaim_next: straight into the thread's cache if all are the pool's own. */
static void reclaim_batch(struct ring_txq *queue)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint8_t **buffers = &queue->buffers[queue->reclaim_next & queue->mask];

	if (__builtin_expect(cache && pool->bulk->buffers_of_data(
					      pool, pkt_cache_room(pool, cache, RING_BATCH), buffers, RING_BATCH),
		    1))
		pkt_cache_put(pool, cache, RING_BATCH);
	else
		free_slots(buffers, RING_BATCH);
	queue->reclaim_next += RING_BATCH;
}

/* One look at a report frees a whole batch, at once, while its buffers are still in the first-level cache. */
void ring_tx_reclaim(struct ring_txq *queue)
{
	while (queue->next - queue->reclaim_next >= RING_BATCH && batch_is_sent(queue))
		reclaim_batch(queue);
}

unsigned ring_tx_end_batch(struct ring_txq *queue, unsigned n)
{
	if (queue->next % RING_BATCH == 0)
		ring_tx_ask_report(queue, queue->next - 1);
	ring_tx_hand_over(queue);
	ring_tx_reclaim(queue);
	ring_tx_set_fast_until(queue);
	return n;
}
