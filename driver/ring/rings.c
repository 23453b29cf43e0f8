/* SPDX-License-Identifier: BSD-2-Clause
 * The life of a started port's rings: one piece of DMA memory with all rings, a queue structure for each, tails that
 * calls write, draining, closing, counters. */
#include "../../mempool/hot.h"
#include "../../vfio/error.h"
#include "../../vfio/space.h"
#include "../access.h"
#include "../clock.h"
#include "../report.h"
#include "../stats.h"
#include "ring.h"
#include "rx.h"
#include "tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CARD_BUFFER_BYTES (160u * 1024) /* the largest transmit packet buffer of all cards */
#define TAIL_BEHIND_HEAD  8u            /* the registers TDH and TDT of a queue, in all cards */
#define SLOWEST_MBPS      10u

/* ---- queues ---- */

/* The registers have 64 bits; the 82540EM's addresses have 32, and so RDBAH and TDBAH are 0 (doubt 26). */
void ring_locate(
	struct nic *nic, uint32_t first, const struct ring_descriptor *ring, uint64_t iova_offset, uint32_t mask)
{
	uint64_t address = (uint64_t)(uintptr_t)ring + iova_offset;
	reg_write(nic, first, (uint32_t)address);
	reg_write(nic, first + 4, (uint32_t)(address >> 32));
	reg_write(nic, first + 8, (mask + 1) * (uint32_t)sizeof(*ring));
}

/* Where bursts store the tail: the register, or what stands for one that is no memory. */
static volatile uint32_t *open_tail(struct nic *nic, struct ring_tail_register *tail_register, uint32_t offset)
{
	volatile uint32_t *tail = vfio_doorbell(&nic->bar, offset);

	*tail_register = (struct ring_tail_register){.window = &nic->bar, .offset = offset};
	return tail ? tail : &tail_register->trapped;
}

/* At most one call per burst. */
static void pass_on_tail(struct ring_tail_register *tail)
{
	if (tail->trapped != tail->written) {
		tail->written = tail->trapped;
		vfio_write32(tail->window, tail->offset, tail->written);
	}
}

static unsigned rx_burst_trapped(struct nic_rxq *nic, struct pkt *pkts, unsigned n)
{
	struct ring_rxq *queue = (struct ring_rxq *)nic;
	unsigned got = queue->burst(nic, pkts, n);

	pass_on_tail(&queue->tail_register);
	return got;
}

static unsigned tx_burst_trapped(struct nic_txq *nic, const struct pkt *pkts, unsigned n)
{
	struct ring_txq *queue = (struct ring_txq *)nic;
	unsigned sent = queue->burst(nic, pkts, n);

	pass_on_tail(&queue->tail_register);
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
	queue->next = queue->refill_next = queue->tail_written = queue->frame_left = queue->extra_slots = 0;
	queue->skipping = false;
	ring_rx_set_fast_until(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->tail_register.trapped ? rx_burst_trapped : burst;
	queue->silence = ring_rxq_silence;
	return 0;
}

void ring_rxq_go(struct ring_rxq *queue)
{
	queue->tail_register.trapped = queue->tail_register.written = queue->mask;
	vfio_write32(queue->tail_register.window, queue->tail_register.offset, queue->mask);
}

void ring_rxq_drain(struct ring_rxq *queue)
{
	/* the slots from refill_next to next are empty: their packets were handed out, or dropped */
	for (; queue->next != queue->refill_next + queue->mask + 1; queue->next++)
		pkt_free_data(&queue->buffers[queue->next & queue->mask], 1);
}

void ring_txq_prepare(struct ring_txq *queue, ring_tx_burst_fn *burst)
{
	memset(queue->ring, 0, (queue->mask + 1) * sizeof(*queue->ring));
	queue->next = queue->reclaim_next = queue->extra_slots = 0;
	uint32_t room = pkt_pool_data_bytes(queue->pool);
	queue->excess_max = (queue->max_frame < room ? queue->max_frame : room) - queue->format->frame_min;
	queue->ordinary_max = queue->excess_max | PKT_STATUS << 16;
	ring_tx_set_fast_until(queue);
	queue->burst = burst;
	queue->nic.burst = queue->tail == &queue->tail_register.trapped ? tx_burst_trapped : burst;
}

void ring_txq_drain(struct ring_txq *queue)
{
	for (; queue->reclaim_next != queue->next; queue->reclaim_next++) {
		uint8_t *const *data = &queue->buffers[queue->reclaim_next & queue->mask];

		pkt_free_data(data, *data != NULL);
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
static size_t descriptors_before_tx(const struct nic_config *config, const struct ring_ops *ops)
{
	size_t before = (size_t)config->rx_queues * config->rx_ring + 4096 / sizeof(struct ring_descriptor);
	return ops->aligned ? (before + config->tx_ring - 1) & ~(config->tx_ring - (size_t)1) : before;
}

/* Allocates the DMA memory, and each queue with its array of buffers. On failure, what is NULL was not reached. */
static int allocate(struct nic *nic, const struct ring_ops *ops)
{
	const struct nic_config *config = &nic->config;
	struct port_rings *rings = &nic->rings;
	rings->rxqs = calloc(config->rx_queues, sizeof(*rings->rxqs));
	rings->txqs = calloc(config->tx_queues, sizeof(*rings->txqs));
	bool good = rings->rxqs && rings->txqs;
	for (unsigned i = 0; good && i < config->rx_queues; i++) {
		struct ring_rxq *queue = rings->rxqs[i] = hot_alloc(sizeof(*queue));
		good = queue && (queue->buffers = hot_alloc(config->rx_ring * sizeof(*queue->buffers)));
	}
	for (unsigned i = 0; good && i < config->tx_queues; i++) {
		struct ring_txq *queue = rings->txqs[i] = hot_alloc(sizeof(*queue));
		good = queue && (queue->buffers = hot_alloc(config->tx_ring * sizeof(*queue->buffers)));
	}
	if (!good)
		return fail_port(nic, ENOMEM, "no memory for the port's queues");
	/* The cards ask for rings that begin at multiples of 128 bytes: rings have at least 64 descriptors, 1 KiB. */
	size_t bytes = (descriptors_before_tx(config, ops) + (size_t)config->tx_queues * config->tx_ring) *
		       sizeof(struct ring_descriptor);
	return dma_memory_alloc(&rings->memory, nic->device->space, bytes, nic->info.numa_node);
}

static struct ring_descriptor *ring_at(const struct nic *nic, size_t descriptors)
{
	return (struct ring_descriptor *)(void *)nic->rings.memory.base + descriptors;
}

/* The bursts for what is on, with the best instruction set that the family has them for and the configuration allows.
 */
static const struct ring_bursts *choose_bursts(struct nic *nic, const struct ring_ops *ops, uint32_t offloads)
{
	const struct ring_bursts *by_simd = ops->bursts[nic->config.offloads & offloads ? RING_OFFLOADS : RING_PLAIN];
	enum pkt_simd simd = nic->config.simd;

	while (simd > PKT_SIMD_SCALAR && !by_simd[simd].rx)
		simd--;
	nic->info.simd = simd;
	return &by_simd[simd];
}

static void prepare_tx(struct nic *nic, unsigned index, const struct ring_ops *ops, ring_tx_burst_fn *burst)
{
	struct ring_txq *queue = nic->rings.txqs[index];

	queue->ring = ring_at(nic, descriptors_before_tx(&nic->config, ops) + (size_t)index * nic->config.tx_ring);
	queue->pool = nic->config.pool;
	queue->iova_offset = dma_space_offset(nic->device->space);
	queue->mask = nic->config.tx_ring - 1u;
	queue->format = ops->tx_format;
	queue->offload.card = ops->tx_card;
	queue->max_frame = nic->config.mtu + FRAME_OVERHEAD_BYTES;
	queue->tail = open_tail(nic, &queue->tail_register, ops->tdt + index * ops->stride);
	ring_txq_prepare(queue, burst);
}

static int prepare_rx(struct nic *nic, unsigned index, const struct ring_ops *ops, ring_rx_burst_fn *burst)
{
	struct ring_rxq *queue = nic->rings.rxqs[index];
	unsigned size = nic->config.rx_ring;

	queue->ring = ring_at(nic, (size_t)index * size);
	queue->pool = nic->config.pool;
	queue->iova_offset = dma_space_offset(nic->device->space);
	queue->mask = size - 1;
	queue->format = ops->rx_format;
	ring_rx_report_init(queue, nic->config.offloads);
	queue->max_frame = nic->config.mtu + FRAME_OVERHEAD_BYTES;
	queue->tail_batch = size / RING_RX_TAIL_WRITES_PER_LAP;
	queue->tail =
		open_tail(nic, &queue->tail_register, ops->rdt + index * ops->stride + (index < 64 ? 0 : ops->gap));
	int ret = ring_rxq_prepare(queue, burst);
	if (ret)
		queue->ring = NULL; /* holds no packets */
	return ret;
}

int rings_open(struct nic *nic, const struct ring_ops *ops)
{
	if (nic->started)
		return rings_renew(nic);
	ring_rx_burst_fn *rx = choose_bursts(nic, ops, NIC_RX_CHECKSUM | NIC_RX_VLAN_STRIP)->rx;
	ring_tx_burst_fn *tx = choose_bursts(nic, ops, NIC_TX_OFFLOAD)->tx;
	int ret = allocate(nic, ops);
	/* transmit first: it cannot fail, so that what a failure leaves can always be drained */
	for (unsigned i = 0; !ret && i < nic->config.tx_queues; i++)
		prepare_tx(nic, i, ops, tx);
	for (unsigned i = 0; !ret && i < nic->config.rx_queues; i++)
		ret = prepare_rx(nic, i, ops, rx);
	if (ret)
		rings_close(nic);
	return ret;
}

/* Frames that the card has finished and nobody has taken. They are counted by their ends, so a frame counts whose first
 * pieces were taken already. */
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

/* Its thread writes these fields meanwhile: x86-64 loads each of them at once, and what is too new or too old by some
 * frames is set right by the next look. */
__attribute__((no_sanitize("thread"))) static uint32_t frames_of(
	const volatile uint32_t *next, const volatile uint32_t *extra_slots)
{
	return *next - *extra_slots;
}

/* Frames that were written to the rings, less those that the card has counted as sent or a reset gave up. Finished
 * descriptors do not tell: a frame that the card has fetched may still be in its packet buffer. 32 bits are enough, for
 * the difference is no more than rings and packet buffer hold. */
static uint32_t unsent(const struct nic *nic)
{
	uint32_t frames = 0;
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		frames += frames_of(&nic->rings.txqs[i]->next, &nic->rings.txqs[i]->extra_slots);
	frames -= (uint32_t)(nic->stats.tx_packets + nic->stats.tx_unsent);
	return (int32_t)frames > 0 ? frames : 0;
}

void rings_close(struct nic *nic)
{
	const struct nic_config *config = &nic->config;
	struct port_rings *rings = &nic->rings;
	if (nic->started)
		rings_empty(nic);
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

uint64_t rings_carry_us(const struct nic *nic, uint32_t mbps)
{
	uint64_t frame = nic->config.mtu + FRAME_OVERHEAD_BYTES + NIC_FCS_BYTES + NIC_PREAMBLE_GAP_BYTES;
	uint64_t slots = (uint64_t)nic->config.tx_queues * nic->config.tx_ring;
	uint64_t room = pkt_pool_data_bytes(nic->config.pool);
	uint64_t bytes = slots * (frame < room ? frame : room) + CARD_BUFFER_BYTES;
	return 8 * bytes / (mbps ? mbps : SLOWEST_MBPS);
}

uint32_t rings_pending(struct nic *nic)
{
	uint32_t head, pending = 0;
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		const struct ring_txq *queue = nic->rings.txqs[i];
		if (!nic->queues.tx[i].stopped &&
			reg_read_sure(nic, queue->tail_register.offset - TAIL_BEHIND_HEAD, &head) == 0)
			pending += (queue->next - head) & queue->mask;
	}
	return pending;
}

void rings_drain(struct nic *nic, uint32_t limit_us)
{
	struct nic_link link;
	uint64_t now = clock_now_us(), deadline = now + limit_us, last_deadline = 0, before = UINT64_MAX;
	for (;;) {
		uint64_t waiting = rings_pending(nic);
		if (!waiting) { /* the rings are empty, but the card's packet buffer may not be */
			stats_update(nic, false);
			waiting = unsent(nic);
		}
		/* Without link nothing ever goes out */
		if (!waiting || port_gone(nic) || nic->driver->ops->get_link(nic, &link) || !link.up)
			return;
		now = clock_now_us();
		if (!last_deadline)
			last_deadline = now + UINT64_C(10) * limit_us + rings_carry_us(nic, link.mbps);
		if (now >= deadline) {
			stats_update(nic, false);
			port_note(nic, "a stop waited for packets to be sent, until nothing moved for %u ms%s",
				limit_us / 1000,
				link.pause & NIC_PAUSE_RX && nic->stats.rx_pause_frames
					? "; the other end has sent pause frames"
					: "");
			return;
		}
		if (waiting < before && now < last_deadline - limit_us)
			deadline = now + limit_us;
		before = waiting;
		clock_sleep_us(50);
	}
}

/* A burst that is called meanwhile is the old one or the new one, for x86-64 loads and stores a pointer at once; either
 * is right. */
void rings_silence_queue(struct nic *nic, bool tx, unsigned index)
{
	if (tx)
		__atomic_store_n(&nic->rings.txqs[index]->nic.burst, ring_tx_nothing, __ATOMIC_RELAXED);
	else
		nic->rings.rxqs[index]->silence(nic->rings.rxqs[index]);
}

void rings_silence(struct nic *nic)
{
	for (unsigned i = 0; nic->rings.rxqs && i < nic->config.rx_queues; i++)
		rings_silence_queue(nic, false, i);
	for (unsigned i = 0; nic->rings.txqs && i < nic->config.tx_queues; i++)
		rings_silence_queue(nic, true, i);
}

void rings_add_stats(const struct nic *nic, struct nic_stats *stats)
{
	const struct port_rings *rings = &nic->rings;

	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		stats->rx_pool_empty += __atomic_load_n(&rings->rxqs[i]->pool_empty, __ATOMIC_RELAXED);
		stats->rx_bad_packets += __atomic_load_n(&rings->rxqs[i]->bad_packets, __ATOMIC_RELAXED);
		stats->rx_bad_descriptors += __atomic_load_n(&rings->rxqs[i]->bad_descriptors, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		const struct ring_tx_offload *offload = &rings->txqs[i]->offload;
		stats->tx_bad_packets += __atomic_load_n(&rings->txqs[i]->bad_packets, __ATOMIC_RELAXED);
		stats->tx_software_checksums += __atomic_load_n(&offload->software_checksums, __ATOMIC_RELAXED);
		stats->tx_software_vlans += __atomic_load_n(&offload->software_vlans, __ATOMIC_RELAXED);
		stats->tx_software_segmented += __atomic_load_n(&offload->software_segmented, __ATOMIC_RELAXED);
		stats->tx_segments_more += __atomic_load_n(&offload->segments_more, __ATOMIC_RELAXED);
	}
}

int rings_begin_call(struct nic *nic, bool started)
{
	nic->refusals_before = vfio_refusals();
	if (started && !nic->started)
		return fail_port(nic, EINVAL, "the port is not started");
	return fail_if_gone(nic);
}

int rings_end_call(struct nic *nic, int ret)
{
	if (!port_gone(nic))
		return fail_if_refused(nic, nic->refusals_before, ret);
	rings_silence(nic);
	return ret ? ret : fail_gone(nic);
}

/* ---- one queue ---- */

static void count_frames(struct nic *nic, bool tx, unsigned index)
{
	struct port_queue *counted = tx ? &nic->queues.tx[index] : &nic->queues.rx[index];
	const struct port_rings *rings = &nic->rings;
	uint32_t frames = tx ? frames_of(&rings->txqs[index]->next, &rings->txqs[index]->extra_slots)
			     : frames_of(&rings->rxqs[index]->next, &rings->rxqs[index]->extra_slots);
	/* Segments that found no room are taken back, so it may also be fewer than at the last look */
	counted->frames += (uint64_t)(int32_t)(frames - counted->frames_seen);
	counted->frames_seen = frames;
}

void rings_count_frames(struct nic *nic)
{
	for (unsigned i = 0; nic->started && i < nic->config.rx_queues; i++)
		count_frames(nic, false, i);
	for (unsigned i = 0; nic->started && i < nic->config.tx_queues; i++)
		count_frames(nic, true, i);
}

void rings_queue_stats(struct nic *nic, bool tx, unsigned index, struct nic_queue_stats *stats)
{
	count_frames(nic, tx, index);
	if (tx) {
		stats->packets = nic->queues.tx[index].frames;
		stats->bad_packets = __atomic_load_n(&nic->rings.txqs[index]->bad_packets, __ATOMIC_RELAXED);
		return;
	}
	const struct ring_rxq *queue = nic->rings.rxqs[index];
	stats->packets = nic->queues.rx[index].frames;
	stats->pool_empty = __atomic_load_n(&queue->pool_empty, __ATOMIC_RELAXED);
	stats->bad_packets = __atomic_load_n(&queue->bad_packets, __ATOMIC_RELAXED);
	stats->bad_descriptors = __atomic_load_n(&queue->bad_descriptors, __ATOMIC_RELAXED);
}

void rings_empty_queue(struct nic *nic, bool tx, unsigned index)
{
	count_frames(nic, tx, index);
	if (tx) {
		ring_txq_drain(nic->rings.txqs[index]);
		return;
	}
	struct ring_rxq *queue = nic->rings.rxqs[index];
	nic->stats.rx_left += rxq_left(queue);
	ring_rxq_drain(queue);
	nic->queues.rx[index].frames_seen = queue->next - queue->extra_slots; /* nobody has got those */
}

int rings_renew_queue(struct nic *nic, bool tx, unsigned index)
{
	if (tx) {
		struct ring_txq *queue = nic->rings.txqs[index];
		uint32_t frames = queue->next - queue->extra_slots;
		memset(queue->offload.contexts, 0, sizeof(queue->offload.contexts));
		queue->offload.usual.wishes = 0;
		queue->tail_register.trapped = queue->tail_register.written = 0; /* as the card's is */
		ring_txq_prepare(queue, queue->burst);
		queue->extra_slots = -frames; /* it goes on counting, for `unsent` */
		queue->pipe_slots = 0;
		return 0;
	}
	int ret = ring_rxq_prepare(nic->rings.rxqs[index], nic->rings.rxqs[index]->burst);
	if (!ret)
		nic->queues.rx[index].frames_seen = 0;
	return ret;
}

/* ---- all queues, for a reset ---- */

uint32_t rings_unsent(const struct nic *nic)
{
	return unsent(nic);
}

/* Its thread goes on meanwhile. Too much or too little by some slots makes no hang: that lasts. */
__attribute__((no_sanitize("thread"))) bool rings_tx_waits(struct nic *nic, unsigned index, uint64_t *progress)
{
	const volatile struct ring_txq *queue = nic->rings.txqs[index];
	uint32_t head, reclaim_next = queue->reclaim_next, next = queue->next;
	if (nic->queues.tx[index].stopped || reg_read_sure(nic, queue->tail_register.offset - TAIL_BEHIND_HEAD, &head))
		return false;
	*progress = (uint64_t)reclaim_next << 32 | head;
	/* A pipe reclaims nothing here, and asks for a report on the last packet of each burst */
	bool asked = queue->pipe_slots ? next != 0 : next - reclaim_next >= RING_BATCH;
	uint32_t report_slot =
		queue->pipe_slots ? next - 1 : queue->report_slot[(reclaim_next & queue->mask) / RING_BATCH];
	const volatile struct ring_descriptor *report = &queue->ring[report_slot & queue->mask];
	return head != (next & queue->mask) || (asked && !(report->q1 & RING_TX_DD));
}

bool rings_rx_waits(struct nic *nic, unsigned index, uint64_t *progress)
{
	const struct ring_rxq *queue = nic->rings.rxqs[index];
	uint32_t head, tail, offset = queue->tail_register.offset;
	if (nic->queues.rx[index].stopped || reg_read_sure(nic, offset, &tail) ||
		reg_read_sure(nic, offset - TAIL_BEHIND_HEAD, &head))
		return false;
	*progress = head;
	/* With fewer, a long frame may lack room */
	return ((tail - head) & queue->mask) >= RING_BATCH;
}

void rings_empty(struct nic *nic)
{
	uint64_t received = 0;
	for (unsigned i = 0; i < nic->config.rx_queues; i++) {
		rings_empty_queue(nic, false, i);
		received += nic->queues.rx[i].frames;
	}
	/* A card that has reset itself forgot what it had counted since it was last asked */
	received += nic->stats.rx_left;
	if (!port_gone(nic) && nic->stats.rx_packets < received)
		nic->stats.rx_packets = received;
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		rings_empty_queue(nic, true, i);
	nic->stats.tx_unsent += unsent(nic);
}

int rings_renew(struct nic *nic)
{
	int ret = 0;
	for (unsigned i = 0; i < nic->config.tx_queues; i++)
		rings_renew_queue(nic, true, i);
	for (unsigned i = 0; !ret && i < nic->config.rx_queues; i++)
		ret = rings_renew_queue(nic, false, i);
	return ret;
}
