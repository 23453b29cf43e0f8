/* SPDX-License-Identifier: BSD-2-Clause
 * Queues as their registers make them: the ENABLE handshake, rings loaded and checked, heads and tails. */
#include "queue.h"

#include "incident.h"
#include "prefetch.h"
#include "tx_buffer.h"

#include <string.h>

enum { HANDSHAKE_NS = 2000, CARD_DISABLE_NS = 2 * 1000 * 1000 };

/* The descriptors that the datasheet validates (DS 8.2.3.8.3), and that X550's receive rings have: more is no ring. */
enum { RING_MAX = 8192, X550_RX_RING_MAX = 32768 };

/** Finds the ring in memory, where it lies in one piece. Where not, the slow path goes descriptor by descriptor. */
static void find_ring(struct model *m, struct queue *q)
{
	q->linear = NULL;
	if (!q->enabled || !q->size || q->prefetch)
		return;

	uint32_t bytes = q->size * (uint32_t)sizeof(struct descriptor);
	uint8_t *at = dma_at(m, &q->ring, q->base, bytes, true);

	if (at && (uintptr_t)at % sizeof(struct descriptor) == 0)
		q->linear = (struct descriptor *)(void *)at;
}

static void load_ring(struct model *m, struct queue *q, uint64_t base, uint32_t bytes, uint32_t most)
{
	q->base = base;
	q->size = bytes / sizeof(struct descriptor);
	if (bytes == 0 || bytes > most * sizeof(struct descriptor)) {
		if (q->enabled)
			m->faults.bad_ring++;
		q->size = 0;
	}
	if (q->head >= q->size)
		queue_move_head(q, 0);
	find_ring(m, q);
}

bool model_ring_read(struct model *m, struct queue *q, uint32_t slot, struct descriptor *d)
{
	return model_dma_read(m, &q->ring, q->base + slot * sizeof(*d), d, sizeof(*d));
}

bool model_ring_write(struct model *m, struct queue *q, uint32_t slot, const struct descriptor *d)
{
	uint64_t iova = q->base + slot * sizeof(*d);

	if (!model_dma_write(m, &q->ring, iova, &d->q0, sizeof(d->q0)))
		return false;

	uint8_t *at = dma_at(m, &q->ring, iova + 8, 8, true);
	if (!at || (uintptr_t)at % 8) {
		m->faults.bad_address++;
		return false;
	}
	__atomic_store_n((uint64_t *)(void *)at, d->q1, __ATOMIC_RELEASE);
	return true;
}

/** Where a receive queue has the register that queue 0 has at `first`. Those of queues 64 to 127 are apart, in the same
 * order. */
static uint32_t rx_register(uint32_t first, unsigned queue)
{
	return queue < 64 ? first + IXGBE_RDBAL_STRIDE * queue
			  : first - IXGBE_RDBAL + MODEL_RX_HIGH + IXGBE_RDBAL_STRIDE * (queue - 64);
}

static unsigned rx_queue_of(uint32_t offset)
{
	return offset >= MODEL_RX_HIGH ? 64 + (offset - MODEL_RX_HIGH) / IXGBE_RDBAL_STRIDE
				       : (offset - IXGBE_RDBAL) / IXGBE_RDBAL_STRIDE;
}

const struct model_part model_shared_parts[MODEL_SHARED_PARTS] = {
	{IXGBE_RDBAL, 0x1000}, {IXGBE_TDBAL, 0x2000}, {MODEL_RX_HIGH, 0x1000}};

bool model_is_tail(uint64_t offset)
{
	bool tail = false;

	for (unsigned i = 0; i < MODEL_SHARED_PARTS; i++) {
		uint64_t at = offset - model_shared_parts[i].first;

		tail |= at < model_shared_parts[i].bytes && at % IXGBE_RDT_STRIDE == IXGBE_RDT - IXGBE_RDBAL;
	}
	return tail;
}

static struct queue *queue_of(struct model *m, uint32_t offset)
{
	if (offset >= IXGBE_TDBAL && offset < IXGBE_AT(TDBAL, MODEL_QUEUES))
		return &m->tx[(offset - IXGBE_TDBAL) / IXGBE_TDBAL_STRIDE];
	return &m->rx[rx_queue_of(offset)];
}

static void load_rx(struct model *m, unsigned i)
{
	struct queue *q = &m->rx[i];
	uint32_t srrctl = reg_get(m, rx_register(IXGBE_SRRCTL, i));
	unsigned type = (srrctl >> 25) & 7;

	q->enabled = reg_get(m, rx_register(IXGBE_RXDCTL, i)) & XDCTL_ENABLE;
	q->vlan_strip = reg_get(m, rx_register(IXGBE_RXDCTL, i)) & RXDCTL_VME;
	q->drop = srrctl & SRRCTL_DROP_EN;
	q->advanced = type == 1;
	q->buffer_bytes = (srrctl & 0x1F) * 1024;
	q->counter = (reg_get(m, IXGBE_AT(RQSMR, i / 4)) >> (8 * (i % 4))) & 0xF;
	load_ring(m, q,
		((uint64_t)reg_get(m, rx_register(IXGBE_RDBAH, i)) << 32) | reg_get(m, rx_register(IXGBE_RDBAL, i)),
		reg_get(m, rx_register(IXGBE_RDLEN, i)), m->config.card == MODEL_X550 ? X550_RX_RING_MAX : RING_MAX);
	/* Header split must not be used (DS 7.1.10), and a buffer without bytes holds nothing. */
	if (q->enabled && (type > 1 || q->buffer_bytes == 0 || q->buffer_bytes > 16 * 1024)) {
		m->faults.bad_ring++;
		q->size = 0;
		q->linear = NULL;
	}
}

static void load_tx(struct model *m, unsigned i)
{
	struct queue *q = &m->tx[i];
	uint32_t low = reg_get(m, IXGBE_AT(TDWBAL, i));

	q->enabled = reg_get(m, IXGBE_AT(TXDCTL, i)) & XDCTL_ENABLE;
	q->counter = (reg_get(m, IXGBE_AT(TQSM, i / 4)) >> (8 * (i % 4))) & 0xF;
	load_ring(m, q, ((uint64_t)reg_get(m, IXGBE_AT(TDBAH, i)) << 32) | reg_get(m, IXGBE_AT(TDBAL, i)),
		reg_get(m, IXGBE_AT(TDLEN, i)), RING_MAX);
	q->head_write_back = 0;
	if (low & TDWBAL_ENABLE) {
		q->head_write_back = ((uint64_t)reg_get(m, MODEL_TDWBAH + 0x40 * i) << 32) | (low & ~3u);
		if (q->enabled && q->head_write_back % 16) {
			/* 16-byte alignment is what works in practice (doubt 12). */
			m->faults.bad_ring++;
			q->size = 0;
			q->linear = NULL;
		}
	}
}

void model_queues_review(struct model *m)
{
	m->dma_allowed =
		m->bus_master && !m->asleep && !(reg_get(m, IXGBE_CTRL) & CTRL_GIO_DIS) && !(m->breakages & MODEL_GONE);
	memset(m->recent, 0, sizeof(m->recent));
	for (unsigned i = 0; i < MODEL_QUEUES; i++) {
		m->rx[i].buffers = m->rx[i].ring = (struct model_extent){0};
		m->tx[i].buffers = m->tx[i].ring = m->tx[i].write_back = (struct model_extent){0};
		find_ring(m, &m->rx[i]);
		find_ring(m, &m->tx[i]);
	}
}

/** How many transmit queues there are: without pools and traffic classes 64 (X550 DS 7.2.1.2.3.4). */
static unsigned tx_queues(const struct model *m)
{
	return reg_get(m, IXGBE_MTQC) ? MODEL_QUEUES : 64;
}

static void find_active(struct model *m)
{
	m->tx_active_n = 0;
	for (unsigned i = 0; i < tx_queues(m); i++)
		if (m->tx[i].enabled && !model_tx_stalled(m, i))
			m->tx_active[m->tx_active_n++] = (uint16_t)i;
}

void model_queues_stalled(struct model *m)
{
	for (unsigned i = 0; i < MODEL_QUEUES; i++)
		m->rx[i].stalled = model_rx_stalled(m, i);
	find_active(m);
}

/** What was sent from this queue, and not reported, never will be. */
static void end_reports(struct model *m, struct queue *q)
{
	m->tx_unreported += q->unreported;
	q->unreported = 0;
}

void model_queues_reset(struct model *m)
{
	for (unsigned d = 0; d < 2; d++)
		for (unsigned i = 0; i < MODEL_QUEUES; i++) {
			uint32_t head = d ? IXGBE_AT(TDH, i) : rx_register(IXGBE_RDH, i);
			struct queue *q = d ? &m->tx[i] : &m->rx[i];

			end_reports(m, q);
			*q = (struct queue){.index = i,
				.prefetch = d ? NULL : model_prefetch_of(m, i),
				.head_image = m->image + head / 4,
				.tail = m->image + head / 4 + 2};
			model_prefetch_forget(q);
			__atomic_store_n(q->head_image, 0, __ATOMIC_RELAXED);
			__atomic_store_n(q->tail, 0, __ATOMIC_RELAXED);
		}
	for (unsigned w = 0; w < 2; w++)
		m->rx_flushed[w] = m->tx_flushed[w] = m->rx_pending[w] = m->tx_pending[w] = m->rx_wanted[w] =
			m->tx_wanted[w] = 0;
	m->queues_ns = MODEL_NEVER;
	m->tx_active_n = m->tx_turn = 0;
}

/** Requests of a queue do not drain without link, unless they are flushed (doubt M18). */
static bool never_drains(const struct model *m, const uint64_t *flushed, unsigned i)
{
	return has_quirk(m, MODEL_QUIRK_ENABLE) && !m->link_up && !(flushed[i / 64] >> (i % 64) & 1);
}

/** The device answers a change of ENABLE. */
static bool answer_rx(struct model *m, unsigned i, bool want)
{
	uint32_t *control = &m->reg[rx_register(IXGBE_RXDCTL, i) / 4];

	if (m->breakages & (want ? MODEL_RX_ENABLE_STUCK : MODEL_RX_DISABLE_STUCK))
		return false;
	if (want && model_malicious(m, i, false))
		return false;
	if (!want && (never_drains(m, m->rx_flushed, i) || model_rx_stalled(m, i)))
		return false;
	if (want && !(*control & XDCTL_ENABLE)) {
		/* Reserved bit 12 comes up set and must be cleared (DS 4.6.7). */
		fault_order(m, MODEL_ORDER_DCA, (reg_get(m, rx_register(IXGBE_DCA_RXCTRL, i)) >> 12) & 1);
		queue_move_head(&m->rx[i], 0); /* doubt M8 */
	}
	model_prefetch_forget(&m->rx[i]);
	*control = want ? *control | XDCTL_ENABLE : *control & ~(uint32_t)XDCTL_ENABLE;
	load_rx(m, i);
	return true;
}

static bool answer_tx(struct model *m, unsigned i, bool want)
{
	uint32_t *control = &m->reg[IXGBE_AT(TXDCTL, i) / 4];

	/* A queue comes up only once the transmit DMA runs (DS 4.6.8). */
	if (want && ((m->breakages & MODEL_TX_ENABLE_STUCK) || model_malicious(m, i, true) ||
			    !(reg_get(m, IXGBE_DMATXCTL) & DMATXCTL_TE)))
		return false;
	if (!want && (never_drains(m, m->tx_flushed, i) || model_tx_stalled(m, i)))
		return false;
	if (!want)
		end_reports(m, &m->tx[i]);
	if (want && !(*control & XDCTL_ENABLE)) {
		/* Written back out of order, DD may come before what it stands for. */
		fault_order(m, MODEL_ORDER_RELAXED,
			has_quirk(m, MODEL_QUIRK_MEMORY) &&
				(reg_get(m, IXGBE_AT(DCA_TXCTRL, i)) & DCA_TXCTRL_DESC_WRO));
		queue_move_head(&m->tx[i], 0);
		m->tx[i].context[0].valid = m->tx[i].context[1].valid = false;
		m->tx[i].segments_sent = 0;
		m->tx[i].skipping = m->tx[i].hung = m->tx[i].unfinished = false;
	}
	fault_order(m, MODEL_ORDER_TX_QUEUES, want && i >= tx_queues(m));
	*control = want ? *control | XDCTL_ENABLE : *control & ~(uint32_t)XDCTL_ENABLE;
	load_tx(m, i);
	find_active(m);
	return true;
}

void model_queue_off(struct model *m, unsigned queue, bool tx)
{
	if (tx)
		end_reports(m, &m->tx[queue]);
	m->reg[(tx ? IXGBE_AT(TXDCTL, queue) : rx_register(IXGBE_RXDCTL, queue)) / 4] &= ~(uint32_t)XDCTL_ENABLE;
	if (tx)
		load_tx(m, queue);
	else
		load_rx(m, queue);
	find_active(m);
}

/** When the device looks next whether it can answer a change of ENABLE. */
static uint64_t answer_ns(const struct model *m, bool want)
{
	return has_quirk(m, MODEL_QUIRK_ENABLE) && !want ? scaled_ns(m, CARD_DISABLE_NS) : HANDSHAKE_NS;
}

void model_queues_step(struct model *m)
{
	if (m->now_ns < m->queues_ns)
		return;
	m->queues_ns = MODEL_NEVER;
	for (unsigned i = 0; i < MODEL_QUEUES; i++) {
		uint64_t bit = 1ull << (i % 64);

		if ((m->rx_pending[i / 64] & bit) && answer_rx(m, i, m->rx_wanted[i / 64] & bit))
			m->rx_pending[i / 64] &= ~bit;
		if ((m->tx_pending[i / 64] & bit) && answer_tx(m, i, m->tx_wanted[i / 64] & bit))
			m->tx_pending[i / 64] &= ~bit;
	}
	if (m->rx_pending[0] | m->rx_pending[1] | m->tx_pending[0] | m->tx_pending[1])
		deadline_set(m, &m->queues_ns, answer_ns(m, false));
}

static void ask(struct model *m, uint64_t *pending, uint64_t *wanted, unsigned i, bool want, bool is)
{
	uint64_t bit = 1ull << (i % 64);

	wanted[i / 64] = want ? wanted[i / 64] | bit : wanted[i / 64] & ~bit;
	pending[i / 64] = want != is ? pending[i / 64] | bit : pending[i / 64] & ~bit;
	if (want != is)
		deadline_set(m, &m->queues_ns, answer_ns(m, want));
}

static void flush(uint64_t *flushed, unsigned i, bool set)
{
	uint64_t bit = 1ull << (i % 64);

	flushed[i / 64] = set ? flushed[i / 64] | bit : flushed[i / 64] & ~bit;
}

void model_write_rx_control(struct model *m, uint32_t offset, uint32_t value)
{
	unsigned i = rx_queue_of(offset);
	bool is = reg_get(m, offset) & XDCTL_ENABLE, want = value & XDCTL_ENABLE;

	flush(m->rx_flushed, i, value & XDCTL_SWFLSH);
	value &= ~(uint32_t)(XDCTL_ENABLE | XDCTL_SWFLSH);
	reg_set(m, offset, value | (is ? XDCTL_ENABLE : 0));
	ask(m, m->rx_pending, m->rx_wanted, i, want, is);
	m->rx[i].vlan_strip = value & RXDCTL_VME;
}

void model_write_tx_control(struct model *m, uint32_t offset, uint32_t value)
{
	unsigned i = queue_of(m, offset)->index;
	bool is = reg_get(m, offset) & XDCTL_ENABLE, want = value & XDCTL_ENABLE;

	/* The queue must not be enabled before the DMA is (DS 4.6.8). */
	fault_order(m, MODEL_ORDER_TX_DMA, want && !is && !(reg_get(m, IXGBE_DMATXCTL) & DMATXCTL_TE));
	flush(m->tx_flushed, i, value & XDCTL_SWFLSH);
	if (value & XDCTL_SWFLSH)
		model_tx_buffer_flush(m, &m->tx[i]);
	value &= ~(uint32_t)(XDCTL_ENABLE | XDCTL_SWFLSH);
	reg_set(m, offset, value | (is ? XDCTL_ENABLE : 0));
	ask(m, m->tx_pending, m->tx_wanted, i, want, is);
}

void model_write_mtqc(struct model *m, uint32_t offset, uint32_t value)
{
	fault_order(
		m, MODEL_ORDER_TX_QUEUES, value != reg_get(m, offset) && !(reg_get(m, IXGBE_RTTDCS) & RTTDCS_ARBDIS));
	reg_set(m, offset, value);
	find_active(m);
}

void model_write_dmatxctl(struct model *m, uint32_t offset, uint32_t value)
{
	reg_set(m, offset, value);
	if (m->tx_pending[0] | m->tx_pending[1])
		deadline_set(m, &m->queues_ns, HANDSHAKE_NS);
}

uint32_t model_read_tail(struct model *m, uint32_t offset)
{
	return __atomic_load_n(queue_of(m, offset)->tail, __ATOMIC_RELAXED) & 0xFFFF;
}

void model_write_tail(struct model *m, uint32_t offset, uint32_t value)
{
	struct queue *q = queue_of(m, offset);

	/* Descriptors are handed over only to an enabled queue (DS 4.6.7, 4.6.8); clearing the register is no
	 * hand-over. */
	fault_order(m, MODEL_ORDER_TAIL, !q->enabled && value != 0);
	__atomic_store_n(q->tail, value, __ATOMIC_RELEASE);
}

/** Heads are the device's: software may clear them, and only while the queue is off. A write of the value that is there
 * is no fault. DPDK clears RDH, which is 0, after it has enabled the queue and before it hands over a descriptor. */
void model_write_head(struct model *m, uint32_t offset, uint32_t value)
{
	struct queue *q = queue_of(m, offset);

	fault_order(m, MODEL_ORDER_HEAD, q->enabled && value != q->head);
	if (!q->enabled && value == 0)
		queue_move_head(q, 0);
}

uint32_t model_read_head(struct model *m, uint32_t offset)
{
	return queue_of(m, offset)->head;
}

void model_write_rx_ring(struct model *m, uint32_t offset, uint32_t value)
{
	const struct queue *q = queue_of(m, offset);
	/* A ring is described before it is enabled. DROP_EN may change later: it goes with the link's pause mode. */
	bool drop_only = offset == rx_register(IXGBE_SRRCTL, q->index) &&
			 !((value ^ reg_get(m, offset)) & ~(uint32_t)SRRCTL_DROP_EN);

	reg_set(m, offset, value);
	fault_order(m, MODEL_ORDER_RING, q->enabled && !drop_only);
	load_rx(m, q->index);
}

void model_write_tx_ring(struct model *m, uint32_t offset, uint32_t value)
{
	const struct queue *q = queue_of(m, offset);

	reg_set(m, offset, value);
	fault_order(m, MODEL_ORDER_RING, q->enabled);
	load_tx(m, q->index);
}

/** RQSMR and TQSM: which of the 16 counters a queue adds to. */
void model_write_queue_map(struct model *m, uint32_t offset, uint32_t value)
{
	struct queue *of_four = offset >= IXGBE_TQSM ? &m->tx[offset - IXGBE_TQSM] : &m->rx[offset - IXGBE_RQSMR];

	reg_set(m, offset, value);
	for (unsigned b = 0; b < 4; b++)
		of_four[b].counter = (value >> (8 * b)) & 0xF;
}
