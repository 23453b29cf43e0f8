/* SPDX-License-Identifier: BSD-2-Clause
 * Sending the frames that no step of a burst puts: those in several buffers, short ones, impossible ones, and those
 * with wishes. And what a burst does once per batch: asking for its report, and reclaiming what was sent. */
#include "tx.h"

#include "../../mempool/bulk.h"
#include "../../mempool/cache.h"
#include "frame.h"
#include "offload.h"

#include <string.h>

/* Its own buffer may end behind it, so it is not padded in place. */
bool ring_tx_pad(struct ring_txq *queue, const struct pkt *pkts, unsigned pieces, struct pkt *padded, uint32_t bytes)
{
	struct pkt copy;

	if (!pkt_alloc(queue->pool, &copy, 1))
		return false;
	uint8_t *end = copy.data;
	memset(end, 0, bytes);
	for (unsigned i = 0; i < pieces; end += pkts[i++].len)
		memcpy(end, pkts[i].data, pkts[i].len);
	copy.len = (uint16_t)bytes;
	pkt_free(pkts, pieces);
	*padded = copy;
	return true;
}

/* Writes a descriptor at next; data is its buffer's, or NULL. */
static void append(struct ring_txq *queue, uint8_t *data, uint64_t q0, uint64_t q1)
{
	uint32_t slot = queue->next++ & queue->mask;

	queue->buffers[slot] = data;
	queue->ring[slot] = (struct ring_descriptor){q0, q1};
}

void ring_tx_append_frame(struct ring_txq *queue, const struct ring_tx_orders *orders, const struct pkt *pkts,
	unsigned pieces, uint32_t frames)
{
	const struct pkt *last = &pkts[pieces - 1];
	uint32_t first = queue->next, rest = orders->last_bytes < last->len ? orders->last_bytes : 0;

	if (orders->context.q1)
		append(queue, NULL, orders->context.q0, orders->context.q1);
	/* The next frame must not bring the batch's report: then this one does, with a context more */
	if (orders->last_bytes && (queue->next + pieces + (rest != 0)) % RING_BATCH == RING_BATCH - 1)
		append(queue, NULL, orders->context.q0, orders->context.q1);
	for (const struct pkt *pkt = pkts; pkt < last; pkt++)
		append(queue, pkt->data, (uint64_t)pkt->data + queue->iova_offset, orders->data | pkt->len);
	uint64_t address = (uint64_t)last->data + queue->iova_offset, length = last->len - rest;
	if (rest) {
		append(queue, NULL, address, orders->data | length);
		address += length;
		length = rest;
	}
	append(queue, last->data, address, orders->data | length | RING_TX_EOP);
	__atomic_store_n(&queue->extra_slots, queue->extra_slots + (queue->next - first - frames), __ATOMIC_RELAXED);
	for (uint32_t end = first | (RING_BATCH - 1); (int32_t)(end - queue->next) < 0; end += RING_BATCH)
		ring_tx_ask_report(queue, end);
}

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

void ring_tx_take_back(struct ring_txq *queue, uint32_t first)
{
	while (queue->next != first) {
		uint8_t *const *data = &queue->buffers[--queue->next & queue->mask];
		pkt_free_data(data, *data != NULL);
	}
}

/* Has the card reported the batch at reclaim_next sent? */
static bool batch_is_sent(const struct ring_txq *queue)
{
	uint32_t report_slot = queue->report_slot[(queue->reclaim_next & queue->mask) / RING_BATCH];

	return __atomic_load_n(&queue->ring[report_slot].q1, __ATOMIC_ACQUIRE) & RING_TX_DD;
}

/* Frees packets straight into the thread's cache. False: not all are the pool's own. */
static bool free_own(struct pkt_pool *pool, uint8_t *const *buffers, unsigned n)
{
	struct pkt_cache *cache = pkt_cache_get(pool);

	if (__builtin_expect(
		    !cache || !pool->bulk->buffers_of_data(pool, pkt_cache_room(pool, cache, n), buffers, n), 0))
		return false;
	pkt_cache_put(pool, cache, n);
	return true;
}

/* The packets of a batch in which some slots have none, or packets are of other pools. */
static RING_OUT_OF_LINE void free_slots(struct pkt_pool *pool, uint8_t *const *buffers)
{
	/* most often all are of one other pool, which an application sends from */
	struct pkt_pool *other = pkt_registry_find(buffers[0]);
	uint8_t *some[RING_BATCH];
	unsigned n = 0, left = other && other != pool && free_own(other, buffers, RING_BATCH) ? 0 : RING_BATCH;

	for (unsigned i = 0; i < left; i++)
		if (buffers[i])
			some[n++] = buffers[i];
	if (n && !free_own(pool, some, n))
		pkt_free_data(some, n);
}

/* Frees the packets of the batch at reclaim_next. */
static void reclaim_batch(struct ring_txq *queue)
{
	uint8_t **buffers = &queue->buffers[queue->reclaim_next & queue->mask];

	if (!free_own(queue->pool, buffers, RING_BATCH))
		free_slots(queue->pool, buffers);
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
