/* SPDX-License-Identifier: BSD-2-Clause
 * Memory of a started port of the e1000 and igb families: one piece of DMA memory with all rings, and a queue structure for each. And
 * what all formats' bursts do alike, out of line. */
#include "ring.h"
#include "../vfio/error.h"
#include "../vfio/space.h"
#include "ring_rx.h"
#include "ring_tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RX_TELL_SHARE  4u  /* the card is told of refilled slots when they are this part of the ring: of 128 where the ring has 512 */
#define FRAME_OVERHEAD 18u /* Ethernet header with one VLAN tag */

/* ---- bursts ---- */

__attribute__((noinline)) unsigned ring_rx_refill(struct ring_rxq *queue, unsigned got)
{
	struct pkt_pool *pool = queue->pool;
	struct pkt_cache *cache = pkt_cache_get(pool);
	uint64_t offset = queue->offset;
	uint32_t fill = queue->fill;
	bool dry = false;
	do {
		struct ring_descriptor *ring = &queue->ring[fill & queue->mask];
		uint8_t **buffers = &queue->buffers[fill & queue->mask];
		uint8_t **fresh = cache ? pkt_cache_take(pool, cache, RING_BATCH) : NULL;
		dry = !fresh;
		if (__builtin_expect(dry, 0)) {
			ring_count(&queue->pool_empty, 1);
			break;
		}
#pragma GCC unroll 8
		for (unsigned i = 0; i < RING_BATCH; i++) {
			uint8_t *data = fresh[i];
			buffers[i] = data;
			ring[i].q0 = (uint64_t)data + offset;
			ring[i].q1 = 0; /* DD is cleared; and no header buffer */
		}
		fill += RING_BATCH;
	} while (queue->next - fill >= RING_BATCH);
	queue->fill = fill;
	/* The card does well with most of the ring; but when there are no more buffers for now, it needs those that there are */
	uint32_t untold = fill - queue->told;
	if (untold >= queue->tell_after || (dry && untold)) {
		queue->told = fill;
		/* one slot stays back: a tail equal to the head would mean an empty ring */
		__atomic_store_n(queue->tail, (fill - 1) & queue->mask, __ATOMIC_RELEASE);
	}
	return got;
}

bool ring_tx_pad(struct ring_txq *queue, const struct pkt *pkt, struct pkt *padded, uint32_t frame_min)
{
	if (!pkt_alloc(queue->pool, padded, 1))
		return false;
	memset(padded->data, 0, frame_min);
	memcpy(padded->data, pkt->data, pkt->len);
	padded->len = (uint16_t)frame_min;
	pkt_free(pkt, 1);
	return true;
}

/* Where the tail register is no memory, it's told by a call, once per burst at most. */
static unsigned rx_burst_trapped(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	struct ring_rxq *queue = (struct ring_rxq *)nic;
	unsigned got = queue->burst(nic, pkts, n);
	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return got;
}

static unsigned tx_burst_trapped(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	struct ring_txq *queue = (struct ring_txq *)nic;
	unsigned sent = queue->burst(nic, pkts, n);
	if (queue->trapped_tail != queue->tail_told) {
		queue->tail_told = queue->trapped_tail;
		vfio_write32(queue->window, queue->tail_offset, queue->tail_told);
	}
	return sent;
}

/* ---- queues ---- */

/* Takes a buffer for every slot and writes every descriptor. */
static int rx_fill(struct ring_rxq *queue)
{
	unsigned size = queue->mask + 1;
	struct pkt pkts[RING_BATCH];
	for (unsigned have = 0; have < size;) {
		unsigned got = pkt_alloc(queue->pool, pkts, RING_BATCH);
		for (unsigned i = 0; i < got; i++) {
			queue->buffers[have + i] = pkts[i].data;
			queue->ring[have + i].q0 = (uint64_t)pkts[i].data + queue->offset;
			queue->ring[have + i].q1 = 0;
		}
		have += got;
		if (got < RING_BATCH) {
			pkt_free_data(queue->buffers, have);
			return pollux_fail(ENOBUFS,
				"a receive ring of %u needs as many packets, and the pool has only %u left; open the pool with more", size,
				have);
		}
	}
	return 0;
}

void ring_rx_go(struct ring_rxq *queue)
{
	queue->trapped_tail = queue->tail_told = queue->mask;
	vfio_write32(queue->window, queue->tail_offset, queue->mask);
}

static void rx_drain(struct ring_rxq *queue)
{
	/* the slots from fill to next are empty: the application has their buffers */
	for (uint32_t i = queue->next; i != queue->fill + queue->mask + 1; i++)
		pkt_free_data(&queue->buffers[i & queue->mask], 1);
}

static void tx_drain(struct ring_txq *queue)
{
	for (; queue->clean != queue->next; queue->clean++)
		pkt_free_data(&queue->buffers[queue->clean & queue->mask], 1);
}

/* ---- memory ---- */

/* Queues of different threads share no cache line, nor the pair of lines that the prefetcher fetches together. */
static void *queue_alloc(size_t bytes)
{
	size_t rounded = (bytes + 127) & ~(size_t)127;
	void *queue = aligned_alloc(128, rounded);
	if (queue)
		memset(queue, 0, rounded);
	return queue;
}

static int out_of_memory(const struct nic *nic)
{
	return pollux_fail(ENOMEM, "%s: no memory for the port's queues", nic->device->address);
}

/* Every queue with its software ring; what is NULL was not reached. */
static int allocate(struct nic *nic, struct nic_rings *rings)
{
	const struct nic_config *config = &nic->config;
	rings->rxqs = calloc(config->rx_queues, sizeof(*rings->rxqs));
	rings->txqs = calloc(config->tx_queues, sizeof(*rings->txqs));
	if (!rings->rxqs || !rings->txqs)
		return out_of_memory(nic);
	for (unsigned i = 0; i < config->rx_queues; i++) {
		struct ring_rxq *queue = rings->rxqs[i] = queue_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = calloc(config->rx_ring, sizeof(*queue->buffers))))
			return out_of_memory(nic);
	}
	for (unsigned i = 0; i < config->tx_queues; i++) {
		struct ring_txq *queue = rings->txqs[i] = queue_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = calloc(config->tx_ring, sizeof(*queue->buffers))))
			return out_of_memory(nic);
	}
	/* Rings have at least 64 descriptors, 1 KiB: each begins on the 128 bytes that the cards ask for */
	size_t bytes = ((size_t)config->rx_queues * config->rx_ring + (size_t)config->tx_queues * config->tx_ring) *
		       sizeof(struct ring_descriptor);
	return dma_memory_alloc(&rings->memory, nic->device->space, bytes, nic->info.numa_node);
}

static void prepare_tx(struct nic *nic, struct ring_txq *queue, struct ring_descriptor *ring, const struct ring_kind *kind, unsigned i)
{
	queue->ring = ring;
	queue->pool = nic->config.pool;
	queue->offset = dma_space_offset(nic->device->space);
	queue->mask = nic->config.tx_ring - 1u;
	queue->max_frame = nic->config.mtu + FRAME_OVERHEAD;
	queue->max_single = queue->max_frame < PKT_DATA_BYTES ? queue->max_frame : PKT_DATA_BYTES;
	queue->window = &nic->bar;
	queue->tail_offset = kind->tx_tail(i);
	queue->tail = vfio_doorbell(&nic->bar, queue->tail_offset);
	queue->burst = kind->tx_burst;
	queue->nic.burst = queue->tail ? queue->burst : tx_burst_trapped;
	if (!queue->tail)
		queue->tail = &queue->trapped_tail;
	memset(ring, 0, nic->config.tx_ring * sizeof(*ring));
}

static int prepare_rx(struct nic *nic, struct ring_rxq *queue, struct ring_descriptor *ring, const struct ring_kind *kind, unsigned i)
{
	queue->ring = ring;
	queue->pool = nic->config.pool;
	queue->offset = dma_space_offset(nic->device->space);
	queue->mask = nic->config.rx_ring - 1u;
	queue->tell_after = nic->config.rx_ring / RX_TELL_SHARE;
	queue->window = &nic->bar;
	queue->tail_offset = kind->rx_tail(i);
	queue->tail = vfio_doorbell(&nic->bar, queue->tail_offset);
	queue->burst = kind->rx_burst;
	queue->nic.burst = queue->tail ? queue->burst : rx_burst_trapped;
	if (!queue->tail)
		queue->tail = &queue->trapped_tail;
	int ret = rx_fill(queue);
	if (ret)
		queue->ring = NULL; /* holds no packets */
	return ret;
}

int nic_rings_open(struct nic *nic, struct nic_rings *rings, const struct ring_kind *kind)
{
	const struct nic_config *config = &nic->config;
	*rings = (struct nic_rings){.rxqs = NULL};
	int ret = allocate(nic, rings);
	struct ring_descriptor *ring = (struct ring_descriptor *)(void *)rings->memory.base;
	/* transmit first: it cannot fail, so that what a failure leaves can always be drained */
	for (unsigned i = 0; !ret && i < config->tx_queues; i++)
		prepare_tx(nic, rings->txqs[i], ring + (size_t)config->rx_queues * config->rx_ring + (size_t)i * config->tx_ring, kind, i);
	for (unsigned i = 0; !ret && i < config->rx_queues; i++)
		ret = prepare_rx(nic, rings->rxqs[i], ring + (size_t)i * config->rx_ring, kind, i);
	if (ret)
		nic_rings_close(nic, rings);
	return ret;
}

void nic_rings_close(struct nic *nic, struct nic_rings *rings)
{
	const struct nic_config *config = &nic->config;
	for (unsigned i = 0; rings->rxqs && i < config->rx_queues && rings->rxqs[i]; i++) {
		if (rings->rxqs[i]->ring)
			rx_drain(rings->rxqs[i]);
		free(rings->rxqs[i]->buffers);
		free(rings->rxqs[i]);
	}
	for (unsigned i = 0; rings->txqs && i < config->tx_queues && rings->txqs[i]; i++) {
		if (rings->txqs[i]->ring)
			tx_drain(rings->txqs[i]);
		free(rings->txqs[i]->buffers);
		free(rings->txqs[i]);
	}
	free(rings->rxqs);
	free(rings->txqs);
	dma_memory_free(&rings->memory);
	*rings = (struct nic_rings){.rxqs = NULL};
}

void nic_rings_add_stats(const struct nic *nic, const struct nic_rings *rings, struct nic_stats *stats)
{
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		stats->rx_pool_empty += __atomic_load_n(&rings->rxqs[i]->pool_empty, __ATOMIC_RELAXED);
		stats->rx_bad_descriptors += __atomic_load_n(&rings->rxqs[i]->bad_descriptors, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		stats->tx_bad_packets += __atomic_load_n(&rings->txqs[i]->bad_packets, __ATOMIC_RELAXED);
}
