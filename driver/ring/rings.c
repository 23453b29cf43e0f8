/* SPDX-License-Identifier: BSD-2-Clause
 * Memory of a started port: one piece of DMA memory with all rings, and a queue structure for each. And what all bursts
 * do alike, out of line. */
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

int ring_rxq_prepare(struct ring_rxq *queue, ring_rx_burst_fn *burst)
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
	ring_rx_set_fast_until(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? rx_burst_trapped : burst;
	queue->silence = ring_rxq_silence;
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

void ring_txq_prepare(struct ring_txq *queue, ring_tx_burst_fn *burst)
{
	memset(queue->ring, 0, (queue->mask + 1) * sizeof(*queue->ring));
	queue->next = queue->reclaim_next = queue->extra_slots = 0;
	queue->excess_max =
		(queue->max_frame < PKT_DATA_BYTES ? queue->max_frame : PKT_DATA_BYTES) - queue->format->frame_min;
	ring_tx_set_fast_until(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->trapped_tail ? tx_burst_trapped : burst;
}

void ring_txq_drain(struct ring_txq *queue)
{
	for (; queue->reclaim_next != queue->next; queue->reclaim_next++) {
		uint8_t *data = queue->buffers[queue->reclaim_next & queue->mask];

		if (data)
			pkt_free_data(&data, 1);
	}
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

void ring_rxq_silence(struct ring_rxq *queue)
{
	__atomic_store_n(&queue->nic.burst, ring_rx_nothing, __ATOMIC_RELAXED);
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

/* The bursts for what is on, with the best instruction set that the family has them for and the configuration allows.
 */
static const struct ring_bursts *choose_bursts(struct nic *nic, const struct ring_ops *ops)
{
	const struct ring_bursts *by_simd = ops->bursts[RING_PLAIN];
	enum pkt_simd simd = nic->config.simd;

	while (simd > PKT_SIMD_SCALAR && !by_simd[simd].rx)
		simd--;
	nic->info.simd = simd;
	return &by_simd[simd];
}

static void prepare_tx(struct nic *nic, struct ring_txq *queue, struct ring_descriptor *ring,
	const struct ring_ops *ops, ring_tx_burst_fn *burst, unsigned i)
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
	ring_txq_prepare(queue, burst);
}

static int prepare_rx(struct nic *nic, struct ring_rxq *queue, struct ring_descriptor *ring, const struct ring_ops *ops,
	ring_rx_burst_fn *burst, unsigned i)
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
	int ret = ring_rxq_prepare(queue, burst);
	if (ret)
		queue->ring = NULL; /* holds no packets */
	return ret;
}

int rings_open(struct nic *nic, const struct ring_ops *ops)
{
	const struct nic_config *config = &nic->config;
	const struct port_rings *rings = &nic->rings;
	const struct ring_bursts *bursts = choose_bursts(nic, ops);
	int ret = allocate(nic);
	struct ring_descriptor *ring = (struct ring_descriptor *)(void *)rings->memory.base;
	/* transmit first: it cannot fail, so that what a failure leaves can always be drained */
	for (unsigned i = 0; !ret && i < config->tx_queues; i++)
		prepare_tx(nic, rings->txqs[i], ring + descriptors_before_tx(config) + (size_t)i * config->tx_ring, ops,
			bursts->tx, i);
	for (unsigned i = 0; !ret && i < config->rx_queues; i++)
		ret = prepare_rx(nic, rings->rxqs[i], ring + (size_t)i * config->rx_ring, ops, bursts->rx, i);
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
	for (unsigned i = 0; rings->rxqs && i < nic->config.rx_queues; i++)
		rings->rxqs[i]->silence(rings->rxqs[i]);
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
