/* SPDX-License-Identifier: BSD-2-Clause
 * Memory of a started port: one piece of DMA memory with all rings, and a queue structure for each. And what all bursts
 * do alike, out of line. */
#include "../../mempool/bulk.h"
#include "../../mempool/hot.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"
#include "../access.h"
#include "../clock.h"
#include "../stats.h"
#include "ring.h"
#include "rx.h"
#include "tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A frame of more pieces than the longest frame needs (16 KiB in buffers of 2 KiB) cannot be one. */
#define RX_PIECES_MAX 16u

/* The cards hold some tens of descriptors on chip; a frame must not need them all. */
#define TX_PIECES_MAX 32u

/* ---- receive, out of the ordinary ---- */

/* Looks at the frame that starts at `next`: how many descriptors it takes, and whether it's good. 0: not all there yet.
 * Looks at no slot that has no buffer: a device that finishes descriptors it was not given must not have us hand out
 * what others hold. */
static unsigned measure_frame(const struct ring_rx_format *f, const struct ring_rxq *queue, uint32_t next, bool *good)
{
	uint32_t owned = queue->refill_next + queue->mask + 1 - next, total = 0;

	*good = true;
	for (unsigned i = 0; i < RX_PIECES_MAX; i++) {
		if (i == owned)
			return 0;
		uint64_t q1 = ring_rx_status(&queue->ring[(next + i) & queue->mask]);
		if (!(q1 & f->dd))
			return 0;
		total += ring_rx_length(f, q1);
		/* not every card can be told a limit, and who has a small MTU may know nothing of frames in several
		 * buffers */
		if (ring_rx_length(f, q1) > PKT_DATA_BYTES || (i && total > queue->max_frame))
			*good = false;
		if (q1 & f->eop) {
			if (q1 & f->errors)
				*good = false;
			return i + 1;
		}
	}
	*good = false;
	return RX_PIECES_MAX;
}

unsigned ring_rx_take_multi_or_bad(const struct ring_rx_format *f, struct ring_rxq *queue, uint32_t *next,
	struct pkt *pkts, unsigned n, bool *stop)
{
	bool good;
	unsigned pieces, got = 0;

	if (!queue->frame_left) {
		pieces = measure_frame(f, queue, *next, &good);
		if (!pieces) {
			*stop = true;
			return 0;
		}
		if (!good || queue->skipping) {
			for (unsigned i = 0; i < pieces; i++)
				pkt_free_data(&queue->buffers[(*next + i) & queue->mask], 1);
			bool ends = ring_rx_status(&queue->ring[(*next + pieces - 1) & queue->mask]) & f->eop;
			queue->skipping = !ends;
			*next += pieces;
			ring_count(&queue->bad_descriptors, pieces);
			ring_count(&queue->bad_packets, ends);
			return 0;
		}
		queue->frame_left = pieces;
	}
	while (queue->frame_left && got < n) {
		const struct ring_descriptor *descriptor = &queue->ring[*next & queue->mask];
		uint32_t length = ring_rx_length(f, ring_rx_status(descriptor));

		if (length > PKT_DATA_BYTES) /* it has changed since it was measured: no hardware does that, a hostile
						one may */
			length = PKT_DATA_BYTES;
		queue->frame_left--;
		ring_rx_hand_out(f, &pkts[got++], descriptor, queue->buffers[*next & queue->mask],
			length | (queue->frame_left ? (uint32_t)PKT_MORE << 16 : 0));
		++*next;
	}
	return got;
}

/* ---- transmit: frames out of the ordinary, and what happens once per batch ---- */

/* A frame too short for a descriptor, copied into a packet of our own and padded there: its own buffer may end behind
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

unsigned ring_tx_put_multi_short_or_bad(const struct ring_tx_format *f, struct ring_txq *queue, uint32_t *next,
	const struct pkt *pkts, unsigned n, unsigned room)
{
	uint32_t first = *next, total = 0;
	unsigned pieces = 0, used;
	struct pkt padded;
	bool good = true;

	do {
		if (pieces == n)
			return 0;
		total += pkts[pieces].len;
		good = good && pkts[pieces].len > 0 && pkts[pieces].len <= PKT_HEADROOM_BYTES + PKT_DATA_BYTES;
	} while (pkts[pieces++].flags & PKT_MORE);

	if (!good || total > queue->max_frame || pieces > TX_PIECES_MAX) {
		pkt_free(pkts, pieces);
		ring_count(&queue->bad_packets, 1);
		return pieces;
	}
	if (pieces > room)
		return 0;
	used = pieces;
	if (total < f->frame_min) {
		if (!pad_short(queue, pkts, pieces, &padded, f->frame_min))
			return 0;
		pkts = &padded;
		pieces = 1;
		total = f->frame_min;
	}
	for (unsigned i = 0; i < pieces; i++, ++*next) {
		uint32_t slot = *next & queue->mask;

		queue->buffers[slot] = pkts[i].data;
		queue->ring[slot].q0 = (uint64_t)pkts[i].data + queue->iova_offset;
		queue->ring[slot].q1 =
			pkts[i].len | f->command | (i + 1 == pieces ? RING_TX_EOP : 0) | total * (f->length_factor - 1);
	}
	queue->extra_slots += pieces - 1;
	/* every batch boundary that this frame crosses is reported by its last descriptor */
	for (uint32_t i = first; i != *next; i++)
		if (i % RING_BATCH == RING_BATCH - 1)
			ring_tx_ask_report(queue, i & queue->mask, (*next - 1) & queue->mask);
	return used;
}

/* Has the card reported the oldest batch done? */
static bool reported(const struct ring_txq *queue, uint32_t clean)
{
	uint32_t report = queue->report_slot[(clean & queue->mask) / RING_BATCH];

	return __atomic_load_n(&queue->ring[report].q1, __ATOMIC_ACQUIRE) & RING_TX_DD;
}

/* One look at a report frees a whole batch; at once, while its buffers are still in the first-level cache. */
void ring_tx_reclaim(struct ring_txq *queue)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache;

	if (queue->next - queue->reclaim_next < RING_BATCH || !reported(queue, queue->reclaim_next))
		return;
	cache = pkt_cache_get(pool);
	do {
		uint8_t **buffers = &queue->buffers[queue->reclaim_next & queue->mask];

		/* straight into the thread's cache when all are the pool's own */
		if (__builtin_expect(cache && pool->bulk->buffers_of_data(pool, pkt_cache_room(pool, cache, RING_BATCH),
						      buffers, RING_BATCH),
			    1))
			pkt_cache_put(pool, cache, RING_BATCH);
		else
			pkt_free_data(buffers, RING_BATCH);
		queue->reclaim_next += RING_BATCH;
	} while (queue->next - queue->reclaim_next >= RING_BATCH && reported(queue, queue->reclaim_next));
}

__attribute__((noinline)) unsigned ring_tx_end_batch(struct ring_txq *queue, uint32_t next, unsigned n)
{
	uint32_t last = (next - 1) & queue->mask;

	if (next % RING_BATCH == 0)
		ring_tx_ask_report(queue, last, last);
	ring_tx_hand_over(queue, next);
	ring_tx_reclaim(queue);
	ring_tx_set_limit(queue);
	return n;
}

/* ---- queues ---- */

/* Where the tail register is no memory, it's told by a call, once per burst at most. */
static unsigned rx_burst_trapped(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	struct ring_rxq *queue = (struct ring_rxq *)nic;
	unsigned got = queue->burst(nic, pkts, n);
	if (queue->trapped_tail != queue->trapped_tail_written) {
		queue->trapped_tail_written = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail_written);
	}
	return got;
}

static unsigned tx_burst_trapped(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	struct ring_txq *queue = (struct ring_txq *)nic;
	unsigned sent = queue->burst(nic, pkts, n);
	if (queue->trapped_tail != queue->trapped_tail_written) {
		queue->trapped_tail_written = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail_written);
	}
	return sent;
}

int ring_rxq_prepare(struct ring_rxq *queue, unsigned (*burst)(struct nic_rxq *queue, struct pkt *pkts, unsigned n))
{
	unsigned size = queue->mask + 1, have = 0;
	struct pkt pkts[RING_BATCH];

	while (have < size) {
		unsigned got = pkt_alloc(queue->pool, pkts, RING_BATCH);

		for (unsigned i = 0; i < got; i++) {
			queue->buffers[have + i] = pkts[i].data;
			queue->ring[have + i].q0 = (uint64_t)pkts[i].data + queue->iova_offset;
			queue->ring[have + i].q1 = 0;
		}
		have += got;
		if (got < RING_BATCH) {
			pkt_free_data(queue->buffers, have);
			return pollux_fail(ENOBUFS,
				"a receive ring of %u needs as many packets, and the pool has only %u left; open the "
				"pool with more",
				size, have);
		}
	}
	queue->next = queue->refill_next = queue->tail_written = queue->frame_left = 0;
	queue->skipping = false;
	ring_rx_set_limit(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? rx_burst_trapped : burst;
	return 0;
}

void ring_rxq_go(struct ring_rxq *queue)
{
	queue->trapped_tail = queue->trapped_tail_written = queue->mask;
	vfio_write32(queue->window, queue->tail_offset, queue->mask);
}

void ring_rxq_drain(struct ring_rxq *queue)
{
	/* the slots from fill to next are empty: the application has their buffers */
	for (uint32_t i = queue->next; i != queue->refill_next + queue->mask + 1; i++)
		pkt_free_data(&queue->buffers[i & queue->mask], 1);
	queue->next = queue->refill_next + queue->mask + 1;
}

void ring_txq_prepare(
	struct ring_txq *queue, unsigned (*burst)(struct nic_txq *queue, const struct pkt *pkts, unsigned n))
{
	memset(queue->ring, 0, (queue->mask + 1) * sizeof(*queue->ring));
	queue->next = queue->reclaim_next = queue->extra_slots = 0;
	queue->max_single = queue->max_frame < PKT_DATA_BYTES ? queue->max_frame : PKT_DATA_BYTES;
	ring_tx_set_limit(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? tx_burst_trapped : burst;
}

void ring_txq_drain(struct ring_txq *queue)
{
	for (; queue->reclaim_next != queue->next; queue->reclaim_next++)
		pkt_free_data(&queue->buffers[queue->reclaim_next & queue->mask], 1);
}

unsigned ring_rx_nothing(struct nic_rxq *queue, struct pkt *pkts, unsigned n)
{
	(void)queue, (void)pkts, (void)n;
	return 0;
}

unsigned ring_tx_nothing(struct nic_txq *queue, const struct pkt *pkts, unsigned n)
{
	(void)queue, (void)pkts, (void)n;
	return 0;
}

unsigned ring_take_nothing(struct nic_pipe *pipe, unsigned n)
{
	(void)pipe, (void)n;
	return 0;
}

/* ---- memory ---- */

/* Descriptors in front of the transmit rings: the receive rings, and a page that is left free. A thread that forwards
 * goes through a receive ring of one port and a transmit ring of another in step, and ports' memory lies whole
 * hugepages apart: without that page, descriptors of rings of 4,096 would collide in the way predictor (mempool/hot.h),
 * each with the one that is used together with it. Rings whose threads go through them otherwise meet for some
 * descriptors only. */
static size_t descriptors_before_tx(const struct nic_config *config)
{
	return (size_t)config->rx_queues * config->rx_ring + 4096 / sizeof(struct ring_descriptor);
}

static int out_of_memory(const struct nic *nic)
{
	return pollux_fail(ENOMEM, "%s: no memory for the port's queues", nic->device->address);
}

/* Every queue with its software ring; what is NULL was not reached. */
static int allocate(struct nic *nic)
{
	const struct nic_config *config = &nic->config;
	struct port_rings *rings = &nic->rings;
	rings->rxqs = calloc(config->rx_queues, sizeof(*rings->rxqs));
	rings->txqs = calloc(config->tx_queues, sizeof(*rings->txqs));
	if (!rings->rxqs || !rings->txqs)
		return out_of_memory(nic);
	for (unsigned i = 0; i < config->rx_queues; i++) {
		struct ring_rxq *queue = rings->rxqs[i] = hot_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = hot_alloc(config->rx_ring * sizeof(*queue->buffers))))
			return out_of_memory(nic);
	}
	for (unsigned i = 0; i < config->tx_queues; i++) {
		struct ring_txq *queue = rings->txqs[i] = hot_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = hot_alloc(config->tx_ring * sizeof(*queue->buffers))))
			return out_of_memory(nic);
	}
	/* Rings have at least 64 descriptors, 1 KiB: each begins on the 128 bytes that the cards ask for */
	size_t bytes = (descriptors_before_tx(config) + (size_t)config->tx_queues * config->tx_ring) *
		       sizeof(struct ring_descriptor);
	return dma_memory_alloc(&rings->memory, nic->device->space, bytes, nic->info.numa_node);
}

/* A tail that is no memory is kept in `trapped`. */
static volatile uint32_t *tail_at(const struct nic *nic, uint32_t offset, uint32_t *trapped)
{
	volatile uint32_t *tail = vfio_doorbell(&nic->bar, offset);

	return tail ? tail : trapped;
}

static void prepare_tx(
	struct nic *nic, struct ring_txq *queue, struct ring_descriptor *ring, const struct ring_ops *ops, unsigned i)
{
	queue->ring = ring;
	queue->pool = nic->config.pool;
	queue->iova_offset = dma_space_offset(nic->device->space);
	queue->mask = nic->config.tx_ring - 1u;
	queue->format = ops->tx_format;
	queue->max_frame = nic->config.mtu + FRAME_OVERHEAD_BYTES;
	queue->window = &nic->bar;
	queue->tail_offset = ops->tx_tail(i);
	queue->tail = tail_at(nic, queue->tail_offset, &queue->trapped_tail);
	ring_txq_prepare(queue, ops->tx_burst);
}

static int prepare_rx(
	struct nic *nic, struct ring_rxq *queue, struct ring_descriptor *ring, const struct ring_ops *ops, unsigned i)
{
	queue->ring = ring;
	queue->pool = nic->config.pool;
	queue->iova_offset = dma_space_offset(nic->device->space);
	queue->mask = nic->config.rx_ring - 1u;
	queue->format = ops->rx_format;
	queue->max_frame = nic->config.mtu + FRAME_OVERHEAD_BYTES;
	queue->tail_batch =
		ops->rx_tail_writes_per_lap ? nic->config.rx_ring / ops->rx_tail_writes_per_lap : RING_BATCH;
	queue->window = &nic->bar;
	queue->tail_offset = ops->rx_tail(i);
	queue->tail = tail_at(nic, queue->tail_offset, &queue->trapped_tail);
	int ret = ring_rxq_prepare(queue, ops->rx_burst);
	if (ret)
		queue->ring = NULL; /* holds no packets */
	return ret;
}

int rings_open(struct nic *nic, const struct ring_ops *ops)
{
	const struct nic_config *config = &nic->config;
	const struct port_rings *rings = &nic->rings;
	int ret = allocate(nic);
	struct ring_descriptor *ring = (struct ring_descriptor *)(void *)rings->memory.base;
	/* transmit first: it cannot fail, so that what a failure leaves can always be drained */
	for (unsigned i = 0; !ret && i < config->tx_queues; i++)
		prepare_tx(nic, rings->txqs[i], ring + descriptors_before_tx(config) + (size_t)i * config->tx_ring, ops,
			i);
	for (unsigned i = 0; !ret && i < config->rx_queues; i++)
		ret = prepare_rx(nic, rings->rxqs[i], ring + (size_t)i * config->rx_ring, ops, i);
	if (ret)
		rings_close(nic);
	return ret;
}

/* Frames that the card has finished and nobody has taken, by their ends: a frame whose first pieces were taken already
 * counts here. */
static uint64_t rxq_left(const struct ring_rxq *queue)
{
	uint64_t frames = 0;
	for (uint32_t i = queue->next; i != queue->refill_next + queue->mask + 1; i++) {
		uint64_t status = ring_rx_status(&queue->ring[i & queue->mask]);
		if (!(status & queue->format->dd))
			break;
		frames += (status & queue->format->eop) != 0;
	}
	return frames;
}

/* Frames that were written to the rings less those that the card counted as sent: what a card has fetched into its own
 * packet buffer, whose descriptors may be done, is unsent as well. 32 bits do, for it is no more than rings and buffer
 * hold. */
static uint32_t unsent(const struct nic *nic)
{
	uint32_t frames = 0;
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		frames += nic->rings.txqs[i]->next - nic->rings.txqs[i]->extra_slots;
	frames -= (uint32_t)nic->stats.tx_packets;
	return (int32_t)frames > 0 ? frames : 0;
}

static void count_left(struct nic *nic)
{
	const struct port_rings *rings = &nic->rings;
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		nic->stats.rx_left += rxq_left(rings->rxqs[i]);
	nic->stats.tx_unsent = unsent(nic);
}

void rings_close(struct nic *nic)
{
	if (nic->started)
		count_left(nic);
	const struct nic_config *config = &nic->config;
	struct port_rings *rings = &nic->rings;
	for (unsigned i = 0; rings->rxqs && i < config->rx_queues && rings->rxqs[i]; i++) {
		if (rings->rxqs[i]->ring)
			ring_rxq_drain(rings->rxqs[i]);
		hot_free(rings->rxqs[i]->buffers);
		hot_free(rings->rxqs[i]);
	}
	for (unsigned i = 0; rings->txqs && i < config->tx_queues && rings->txqs[i]; i++) {
		if (rings->txqs[i]->ring)
			ring_txq_drain(rings->txqs[i]);
		hot_free(rings->txqs[i]->buffers);
		hot_free(rings->txqs[i]);
	}
	free(rings->rxqs);
	free(rings->txqs);
	dma_memory_free(&rings->memory);
	*rings = (struct port_rings){.rxqs = NULL};
}

void rings_drain(struct nic *nic, uint32_t (*head)(unsigned queue), uint32_t limit_us)
{
	uint64_t now = clock_now_us(), deadline = now + limit_us, last_deadline = now + UINT64_C(10) * limit_us;
	uint64_t before = UINT64_MAX;
	for (;;) {
		uint64_t waiting = 0;
		for (unsigned i = 0; i < nic->config.tx_queues; i++)
			waiting += ring_txq_pending(nic->rings.txqs[i], reg_read(nic, head(i)));
		if (!waiting) { /* what the card has fetched, but not yet sent, is in its packet buffer */
			stats_update(nic);
			waiting = unsent(nic);
		}
		now = clock_now_us();
		if (!waiting || port_gone(nic) || now >= deadline)
			return;
		if (waiting < before && now < last_deadline - limit_us)
			deadline = now + limit_us;
		before = waiting;
		clock_sleep_us(50);
	}
}

void rings_silence(struct nic *nic)
{
	const struct port_rings *rings = &nic->rings;

	/* Who bursts reads these plainly, as part of the call: on x86-64 that's one of the two, and either will do */
	for (unsigned i = 0; rings->rxqs && i < nic->config.rx_queues; i++) {
		__atomic_store_n(&rings->rxqs[i]->nic.burst, ring_rx_nothing, __ATOMIC_RELAXED);
		if (rings->rxqs[i]->pipe)
			__atomic_store_n(&rings->rxqs[i]->pipe->take, ring_take_nothing, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; rings->txqs && i < nic->config.tx_queues; i++)
		__atomic_store_n(&rings->txqs[i]->nic.burst, ring_tx_nothing, __ATOMIC_RELAXED);
}

void rings_add_stats(const struct nic *nic, struct nic_stats *stats)
{
	const struct port_rings *rings = &nic->rings;

	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		stats->rx_pool_empty += __atomic_load_n(&rings->rxqs[i]->pool_empty, __ATOMIC_RELAXED);
		stats->rx_bad_packets += __atomic_load_n(&rings->rxqs[i]->bad_packets, __ATOMIC_RELAXED);
		stats->rx_bad_descriptors += __atomic_load_n(&rings->rxqs[i]->bad_descriptors, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		stats->tx_bad_packets += __atomic_load_n(&rings->txqs[i]->bad_packets, __ATOMIC_RELAXED);
}
