/* SPDX-License-Identifier: BSD-2-Clause
 * Memory of a started ixgbe port: one piece of DMA memory with all rings, and a queue structure for each. */
#include "../../mempool/pool.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"
#include "ixgbe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Queues of different threads share no cache line, nor the pair of lines that the prefetcher fetches together. */
static void *queue_alloc(size_t bytes)
{
	size_t rounded = (bytes + 127) & ~(size_t)127;
	void *queue = aligned_alloc(128, rounded);
	if (queue)
		memset(queue, 0, rounded);
	return queue;
}

static int out_of_memory(const struct ixgbe *ix)
{
	return pollux_fail(ENOMEM, "%s: no memory for the port's queues", ix->nic.device->address);
}

/* Every queue with its software ring; what is NULL was not reached. */
static int allocate(struct ixgbe *ix)
{
	const struct nic_config *config = &ix->nic.config;
	ix->rxqs = calloc(config->rx_queues, sizeof(*ix->rxqs));
	ix->txqs = calloc(config->tx_queues, sizeof(*ix->txqs));
	if (!ix->rxqs || !ix->txqs)
		return out_of_memory(ix);
	for (unsigned i = 0; i < config->rx_queues; i++) {
		struct ixgbe_rxq *queue = ix->rxqs[i] = queue_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = queue_alloc(config->rx_ring * sizeof(*queue->buffers))))
			return out_of_memory(ix);
	}
	for (unsigned i = 0; i < config->tx_queues; i++) {
		struct ixgbe_txq *queue = ix->txqs[i] = queue_alloc(sizeof(*queue));
		if (!queue || !(queue->buffers = queue_alloc(config->tx_ring * sizeof(*queue->buffers))))
			return out_of_memory(ix);
	}
	/* Rings have at least 64 descriptors, 1 KiB: each begins on the 128 bytes that DS 8.2.3.8.1 asks for */
	size_t bytes = ((size_t)config->rx_queues * config->rx_ring + (size_t)config->tx_queues * config->tx_ring) *
		       sizeof(struct ixgbe_descriptor);
	return dma_memory_alloc(&ix->rings, ix->nic.device->space, bytes, ix->nic.info.numa_node);
}

static int prepare(struct ixgbe *ix)
{
	const struct nic_config *config = &ix->nic.config;
	uint64_t offset = dma_space_offset(ix->nic.device->space);
	struct ixgbe_descriptor *ring = (struct ixgbe_descriptor *)(void *)ix->rings.base;
	/* transmit first: it cannot fail, so that what a failure leaves can always be drained */
	struct ixgbe_descriptor *transmit = ring + (size_t)config->rx_queues * config->rx_ring;
	for (unsigned i = 0; i < config->tx_queues; i++, transmit += config->tx_ring) {
		struct ixgbe_txq *queue = ix->txqs[i];
		queue->ring = transmit;
		queue->pool = config->pool;
		queue->offset = offset;
		queue->mask = config->tx_ring - 1u;
		queue->max_frame = config->mtu + 18u; /* header with one VLAN tag */
		queue->window = &ix->nic.bar;
		queue->device = ix->nic.device;
		queue->tail_offset = ixgbe_tx_register(IXGBE_TDT, i);
		queue->tail = vfio_doorbell(&ix->nic.bar, queue->tail_offset);
		if (!queue->tail)
			queue->tail = &queue->trapped_tail;
		ixgbe_txq_prepare(queue, config->simd);
	}
	for (unsigned i = 0; i < config->rx_queues; i++, ring += config->rx_ring) {
		struct ixgbe_rxq *queue = ix->rxqs[i];
		queue->ring = ring;
		queue->pool = config->pool;
		queue->offset = offset;
		queue->mask = config->rx_ring - 1u;
		queue->window = &ix->nic.bar;
		queue->device = ix->nic.device;
		queue->tail_offset = ixgbe_rx_register(IXGBE_RDT, i);
		queue->tail = vfio_doorbell(&ix->nic.bar, queue->tail_offset);
		if (!queue->tail)
			queue->tail = &queue->trapped_tail;
		int ret = ixgbe_rxq_prepare(queue, config->simd);
		if (ret) {
			queue->ring = NULL; /* holds no packets */
			return ret;
		}
	}
	return 0;
}

int ixgbe_queues_open(struct ixgbe *ix)
{
	int ret = allocate(ix);
	ix->nic.info.simd = ix->nic.config.simd;
	if (!ret)
		ret = prepare(ix);
	if (ret)
		ixgbe_queues_close(ix);
	return ret;
}

void ixgbe_queues_close(struct ixgbe *ix)
{
	const struct nic_config *config = &ix->nic.config;
	for (unsigned i = 0; ix->rxqs && i < config->rx_queues && ix->rxqs[i]; i++) {
		if (ix->rxqs[i]->ring)
			ixgbe_rxq_drain(ix->rxqs[i]);
		free(ix->rxqs[i]->buffers);
		free(ix->rxqs[i]);
	}
	for (unsigned i = 0; ix->txqs && i < config->tx_queues && ix->txqs[i]; i++) {
		if (ix->txqs[i]->ring)
			ixgbe_txq_drain(ix->txqs[i]);
		free(ix->txqs[i]->buffers);
		free(ix->txqs[i]);
	}
	free(ix->rxqs);
	free(ix->txqs);
	ix->rxqs = NULL;
	ix->txqs = NULL;
	dma_memory_free(&ix->rings);
	ix->rings = (struct dma_memory){.base = NULL};
}
