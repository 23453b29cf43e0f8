/* SPDX-License-Identifier: BSD-2-Clause
 * Transmit: a queue's preparation and end, frames that are out of the ordinary, and the burst for any x86-64. */
#include "tx_burst.h"

/* The card holds 40 descriptors of a queue on chip; a frame must not need them all. */
#define TX_PIECES_MAX 32u

static void free_bad(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	pkt_free(pkts, n);
	ixgbe_count(&queue->bad_packets, 1);
}

/* A frame too short for a descriptor, copied into a packet of our own and padded there: its own buffer may end behind it. */
static bool pad_short(struct ixgbe_txq *queue, const struct pkt *pkt, struct pkt *padded)
{
	if (!pkt_alloc(queue->pool, padded, 1))
		return false;
	memset(padded->data, 0, IXGBE_TX_FRAME_MIN);
	memcpy(padded->data, pkt->data, pkt->len);
	padded->len = IXGBE_TX_FRAME_MIN;
	pkt_free(pkt, 1);
	return true;
}

unsigned ixgbe_tx_put_odd(struct ixgbe_txq *queue, uint32_t *next, const struct pkt *pkts, unsigned n, unsigned room)
{
	uint32_t first = *next, total = 0;
	unsigned pieces = 0;
	struct pkt padded;
	bool good = true;

	do {
		if (pieces == n)
			return 0;
		total += pkts[pieces].len;
		good = good && pkts[pieces].len > 0 && pkts[pieces].len <= PKT_HEADROOM_BYTES + PKT_DATA_BYTES;
	} while (pkts[pieces++].flags & PKT_MORE);

	if (!good || total > queue->max_frame || pieces > TX_PIECES_MAX || (pieces > 1 && total < IXGBE_TX_FRAME_MIN)) {
		free_bad(queue, pkts, pieces);
		return pieces;
	}
	if (pieces > room)
		return 0;
	if (total < IXGBE_TX_FRAME_MIN) {
		if (!pad_short(queue, pkts, &padded))
			return 0;
		pkts = &padded;
		total = IXGBE_TX_FRAME_MIN;
	}
	for (unsigned i = 0; i < pieces; i++, ++*next) {
		uint32_t slot = *next & queue->mask;

		queue->buffers[slot] = pkts[i].data;
		queue->ring[slot].q0 = (uint64_t)pkts[i].data + queue->offset;
		queue->ring[slot].q1 =
			pkts[i].len | IXGBE_TX_COMMAND | (i + 1 == pieces ? IXGBE_TX_EOP : 0) | (uint64_t)total << IXGBE_TX_PAYLEN_SHIFT;
	}
	/* every batch boundary that this frame crosses is reported by its last descriptor */
	for (uint32_t i = first; i != *next; i++)
		if (i % IXGBE_BATCH == IXGBE_BATCH - 1)
			ixgbe_tx_ask_report(queue, i & queue->mask, (*next - 1) & queue->mask);
	return pieces;
}

/* Has the card reported the oldest batch done? */
static bool reported(const struct ixgbe_txq *queue, uint32_t clean)
{
	uint32_t report = queue->report[(clean & queue->mask) / IXGBE_BATCH];

	return __atomic_load_n(&queue->ring[report].q1, __ATOMIC_ACQUIRE) & IXGBE_TX_DD;
}

/* One look at a report frees a whole batch; at once, while its buffers are still in the first-level cache. */
void ixgbe_tx_reclaim(struct ixgbe_txq *queue)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache;

	if (queue->next - queue->clean < IXGBE_BATCH || !reported(queue, queue->clean))
		return;
	cache = pkt_cache_get(pool);
	do {
		uint8_t **buffers = &queue->buffers[queue->clean & queue->mask];

		/* straight into the thread's cache when all are the pool's own */
		if (__builtin_expect(
			    cache && pool->bulk->bring_home_data(pool, pkt_cache_room(pool, cache, IXGBE_BATCH), buffers, IXGBE_BATCH), 1))
			pkt_cache_put(pool, cache, IXGBE_BATCH);
		else
			pkt_free_data(buffers, IXGBE_BATCH);
		queue->clean += IXGBE_BATCH;
	} while (queue->next - queue->clean >= IXGBE_BATCH && reported(queue, queue->clean));
}

__attribute__((noinline)) unsigned ixgbe_tx_end_batch(struct ixgbe_txq *queue, uint32_t next, unsigned n)
{
	uint32_t last = (next - 1) & queue->mask;

	if (next % IXGBE_BATCH == 0)
		ixgbe_tx_ask_report(queue, last, last);
	ixgbe_tx_hand_over(queue, next);
	ixgbe_tx_reclaim(queue);
	ixgbe_tx_set_limit(queue);
	return n;
}

/* Four at a time, so that the loop itself costs little. */
static inline unsigned put(struct ixgbe_txq *queue, uint32_t slot, const struct pkt *pkts, unsigned n)
{
	struct ixgbe_descriptor *ring = &queue->ring[slot];
	uint8_t **buffers = &queue->buffers[slot];
	uint64_t offset = queue->offset;
	uint32_t longest = queue->max_single;
	unsigned left = n;

	for (; left >= 4; left -= 4, ring += 4, buffers += 4, pkts += 4)
#pragma GCC unroll 4
		for (unsigned k = 0; k < 4; k++)
			if (!ixgbe_tx_put_one(&ring[k], &buffers[k], &pkts[k], longest, offset))
				return n - left + k;
	n -= left;
	return left ? n + ixgbe_tx_put_few(queue, slot + n, pkts, left) : n;
}

static __attribute__((noinline)) unsigned any(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ixgbe_tx_any(queue, pkts, n, put);
}

static __attribute__((noinline)) unsigned many(struct ixgbe_txq *queue, const struct pkt *pkts, unsigned n)
{
	return ixgbe_tx_many(queue, pkts, n, put, any);
}

static unsigned burst(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	return ixgbe_tx_burst(nic, pkts, n, many, any);
}

static unsigned burst_trapped(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	struct ixgbe_txq *queue = (struct ixgbe_txq *)nic;
	unsigned sent = queue->burst(nic, pkts, n);

	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return sent;
}

void ixgbe_txq_prepare(struct ixgbe_txq *queue, enum pkt_simd simd)
{
	unsigned size = queue->mask + 1;

	memset(queue->ring, 0, size * sizeof(*queue->ring));
	memset(queue->buffers, 0, size * sizeof(*queue->buffers));
	memset(queue->report, 0, sizeof(queue->report));
	queue->next = queue->clean = 0;
	queue->bad_packets = 0;
	queue->trapped_tail = queue->tail_told = 0;
	queue->max_single = queue->max_frame < PKT_DATA_BYTES ? queue->max_frame : PKT_DATA_BYTES;
	ixgbe_tx_set_limit(queue);
	queue->burst = simd == PKT_SIMD_AVX512 ? ixgbe_tx_burst_avx512 : simd == PKT_SIMD_AVX2 ? ixgbe_tx_burst_avx2 : burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? burst_trapped : queue->burst;
}

void ixgbe_txq_drain(struct ixgbe_txq *queue)
{
	for (; queue->clean != queue->next; queue->clean++)
		pkt_free_data(&queue->buffers[queue->clean & queue->mask], 1);
}
