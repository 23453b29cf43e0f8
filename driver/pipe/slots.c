/* SPDX-License-Identifier: BSD-2-Clause
 * What the bursts of a pipe do out of line. Which slots of a receive ring the outputs are done with, and go back to the
 * card; outputs that hang, which are blocked so that the others go on, after the limits that are here; and what is
 * rare: bad and exactly full descriptors, too short and impossible packets, another output than before, packets that go
 * nowhere. State.h says how slots are shared. */
#include "slots.h"

#include "../../mempool/cache.h"
#include "../clock.h"
#include "../ring/rx.h"
#include "../ring/tx.h"

#include <string.h>

struct pipe_times pipe_times = {.sent = 100000, .blocked = 100000};

static struct ring_txq no_queue = {.mask = UINT32_MAX}; /* that of a ring with no slots */
struct pipe_output pipe_nowhere = {.txq = &no_queue};

void pipe_forget_single_output(struct pipe *pipe)
{
	pipe->single_mask = 0;
	pipe->single_output = &pipe_nowhere;
}

/* ---- What is sent ---- */

/* The descriptor in front of report_at is the last one of a burst, and asked for a report. In a ring that several pipes
 * feed, others may have gone all around it since then; they can do so only after it was sent. */
static inline bool is_sent(const struct ring_txq *queue, uint32_t report_at)
{
	const uint64_t *status = &queue->ring[(report_at - 1) & queue->mask].q1;

	return __builtin_expect(__atomic_load_n(status, __ATOMIC_ACQUIRE) & RING_TX_DD, RING_TX_DD) ||
	       queue->next - report_at > queue->mask;
}

/* Which outputs have not sent what they got of a batch. */
static inline uint32_t unsent(const struct pipe *pipe, const struct pipe_batch *batch)
{
	uint32_t unsent = batch->holders;

	for (uint32_t outputs = unsent; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs);

		if (is_sent(pipe->outputs[index].txq, batch->report_at[index]))
			unsent &= ~PIPE_BIT(index);
	}
	return unsent;
}

uint32_t pipe_unsent(struct pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t all = 0;

	for (uint32_t first = queue->refill_next; (int32_t)(queue->next - first) > 0; first += RING_BATCH) {
		struct pipe_batch *batch = pipe_batch_of(pipe, first);

		all |= batch->holders = unsent(pipe, batch);
	}
	for (unsigned i = 0; i < pipe->stranded_count; i++)
		all |= unsent(pipe, &pipe->stranded[i].batch);
	return all;
}

/* ---- Stranded buffers ---- */

void pipe_strand(struct pipe *pipe, uint32_t first, unsigned n)
{
	struct pipe_batch *batch = pipe_batch_of(pipe, first);
	struct pipe_stranded *stranded = &pipe->stranded[pipe->stranded_count++];

	stranded->batch = *batch;
	stranded->count = n;
	memcpy(stranded->buffers, &pipe->rxq->buffers[first & pipe->rxq->mask], n * sizeof(*stranded->buffers));
	batch->holders = 0;
}

void pipe_free_stranded(struct pipe *pipe)
{
	uint32_t holding = pipe->batch_outputs;

	for (unsigned i = 0; i < pipe->stranded_count;) {
		struct pipe_stranded *stranded = &pipe->stranded[i];

		stranded->batch.holders = unsent(pipe, &stranded->batch);
		holding |= stranded->batch.holders;
		if (stranded->batch.holders) {
			i++;
		} else {
			pkt_free_data(stranded->buffers, stranded->count);
			*stranded = pipe->stranded[--pipe->stranded_count];
		}
	}
	if (pipe->rxq)
		for (uint32_t first = pipe->rxq->refill_next; pipe->rxq->next - first >= RING_BATCH;
			first += RING_BATCH)
			holding |= pipe_batch_of(pipe, first)->holders;
	pipe->accepting |= pipe->blocked & ~holding;
	__atomic_store_n(&pipe->blocked, pipe->blocked & holding, __ATOMIC_RELAXED);
}

/* The batch of slots from `first` on is held by blocked outputs only: other buffers take the place of its own. */
static bool replace_buffers(struct pipe *pipe, uint32_t first)
{
	struct ring_rxq *queue = pipe->rxq;
	struct pkt_cache *cache = pkt_cache_get(queue->pool);
	uint8_t **fresh = cache ? pkt_cache_take(queue->pool, cache, RING_BATCH) : NULL;

	if (!fresh) {
		ring_count(&queue->pool_empty, 1);
		return false;
	}
	pipe_strand(pipe, first, RING_BATCH);
	for (unsigned i = 0; i < RING_BATCH; i++) {
		uint32_t slot = (first + i) & queue->mask;

		queue->buffers[slot] = fresh[i];
		pipe->slot_init[slot].q0 = (uint64_t)fresh[i];
	}
	return true;
}

/* ---- Slots go back to the card ---- */

/* Slots before `end` are the card's again. Their descriptors are written anew only now: QEMU's 82574L may store the
 * status of a finished descriptor twice, and would finish one that was written anew in between. */
static RING_OUT_OF_LINE void give_back(struct pipe *pipe, struct ring_rxq *queue, uint32_t end)
{
	for (uint32_t first = queue->refill_next; first != end;) {
		uint32_t slot = first & queue->mask, n = queue->mask + 1 - slot;

		n = n < end - first ? n : end - first;
		pipe->simd->rearm(&queue->ring[slot], &pipe->slot_init[slot], n, queue->iova_offset);
		first += n;
	}
	queue->refill_next = end;
	pipe->stalled_since_us = 0;
	/* one slot stays back: a tail equal to the head would mean an empty ring */
	__atomic_store_n(queue->tail, (end - 1) & queue->mask, __ATOMIC_RELEASE);
	if (__builtin_expect(queue->tail == &queue->tail_register.trapped, 0))
		vfio_write32(queue->tail_register.window, queue->tail_register.offset, queue->tail_register.trapped);
}

/* Gives finished batches back to the card, in every case. */
static RING_OUT_OF_LINE void reclaim(struct pipe *pipe)
{
	struct ring_rxq *queue = pipe->rxq;
	uint32_t end = queue->refill_next;

	if (pipe->blocked)
		pipe_free_stranded(pipe);
	for (; queue->next - end >= RING_BATCH; end += RING_BATCH) {
		struct pipe_batch *batch = pipe_batch_of(pipe, end);

		batch->holders = unsent(pipe, batch);
		if (batch->holders && (batch->holders & ~pipe->blocked || !replace_buffers(pipe, end)))
			break;
	}
	if (end != queue->refill_next)
		give_back(pipe, queue, end);
	if ((int32_t)(end - pipe->single_output_from) > 0)
		pipe->single_output_from = end; /* never left so far behind that it seems to be ahead */
}

void pipe_note_holders(struct pipe *pipe, struct pipe_batch *batch)
{
	batch->holders = pipe->batch_outputs;
	for (uint32_t outputs = pipe->batch_outputs; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs);

		/* packets of other pipes may be behind this batch in the queue: their report is as good */
		batch->report_at[index] = pipe->outputs[index].txq->next;
	}
	pipe->batch_outputs = 0;
}

/* A batch that went to several outputs or to none, or was sent while an output is blocked. */
static RING_OUT_OF_LINE void end_mixed_batch(struct pipe *pipe, uint32_t end, uint32_t outputs)
{
	bool goes_on = pipe->rxq->next != end; /* with a part of the burst, in the next batch */

	outputs &= pipe->batch_outputs; /* without those that got only copies which cannot be sent */
	pipe_note_holders(pipe, pipe_batch_of(pipe, end - RING_BATCH));
	pipe->single_output_from = end;
	pipe->batch_outputs = (goes_on ? outputs : 0) | pipe->single_mask;
	reclaim(pipe);
}

void pipe_end_batch(struct pipe *pipe, uint32_t outputs)
{
	struct ring_rxq *queue = pipe->rxq;
	uint32_t end = pipe->batch_end, mask = pipe->single_mask;

	pipe->batch_end = end + RING_BATCH;
	if (__builtin_expect(pipe->batch_outputs != mask || !mask, 0)) {
		end_mixed_batch(pipe, end, outputs);
		return;
	}
	struct pipe_batch *batch = pipe_batch_of(pipe, end - RING_BATCH);
	const struct ring_txq *txq = pipe->single_output->txq;
	unsigned index = (unsigned)__builtin_ctz(mask);
	batch->holders = mask;
	batch->report_at[index] = txq->next;
	if (end - queue->refill_next < pipe->reclaim_at)
		return;
	end -= pipe->reclaim_keep;
	if (__builtin_expect((int32_t)(queue->refill_next - pipe->single_output_from) < 0, 0))
		reclaim(pipe);
	else if (is_sent(txq, pipe_batch_of(pipe, end - RING_BATCH)->report_at[index]))
		give_back(pipe, queue, pipe->single_output_from = end); /* the queue sent all before it as well */
}

/* ---- Outputs that hang ---- */

/* For a pipe that receives nothing while its outputs hold much of the ring: blocks those that hold the oldest batch too
 * long. */
static void look_for_stall(struct pipe *pipe)
{
	uint64_t now = clock_now_us();

	if (!pipe->stalled_since_us || pipe->stalled_at != pipe->rxq->refill_next) {
		pipe->stalled_since_us = now;
		pipe->stalled_at = pipe->rxq->refill_next;
	} else if (now - pipe->stalled_since_us >= pipe_times.blocked) {
		uint32_t hanging = pipe_batch_of(pipe, pipe->rxq->refill_next)->holders;

		__atomic_store_n(&pipe->blocked, pipe->blocked | hanging, __ATOMIC_RELAXED);
		pipe->accepting &= ~hanging;
		pipe_forget_single_output(pipe);
		pipe->stalled_since_us = 0;
		reclaim(pipe);
	}
}

/* ---- Receive ---- */

void pipe_set_fast_until(struct pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t ring_end = (queue->next | queue->mask) + 1, given_end = queue->refill_next + queue->mask;
	uint32_t until = (int32_t)(ring_end - given_end) < 0 ? ring_end : given_end;

	pipe->fast_until = pipe->skipping ? queue->next : until;
}

/* A bad descriptor, or one of a frame of several, which a pipe cannot send in one piece. */
static void drop_descriptor(struct pipe *pipe, bool ends_frame)
{
	struct ring_rxq *queue = pipe->rxq;

	queue->next++;
	pipe->skipping = !ends_frame;
	ring_rx_count_extra(queue, !ends_frame);
	ring_count(&queue->bad_descriptors, 1);
	ring_count(&queue->bad_packets, ends_frame);
	if (queue->next == pipe->batch_end)
		pipe_end_batch(pipe, 0);
	pipe_set_fast_until(pipe);
}

/* Nothing came. */
static void look_after_slots(struct pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;

	if (queue->next - queue->refill_next >= RING_BATCH || pipe->blocked)
		reclaim(pipe);
	if (queue->next - queue->refill_next > queue->mask / 2)
		look_for_stall(pipe);
}

unsigned pipe_receive_rare(struct pipe *pipe)
{
	const struct ring_rx_format *format = pipe->rx.ring;
	struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask, given = queue->refill_next + queue->mask - queue->next;
	const struct ring_descriptor *descriptor = &queue->ring[slot];
	uint64_t q1 = given ? ring_rx_status(descriptor) : 0;

	if (!(q1 & format->dd)) {
		look_after_slots(pipe);
		return 0;
	}
	if (!pipe->skipping && (q1 & pipe->rx.checked) == pipe->rx.whole)
		return PIPE_LOOK_AGAIN; /* it was not there yet when the run ended before it */
	if (!pipe->skipping && (q1 & format->eop) && !(q1 & format->errors) &&
		ring_rx_length(format, q1) == PKT_DATA_BYTES) {
		/* exactly full: an ordinary packet, which the fast comparison cannot tell from longer ones */
		ring_rx_hand_out(format, &pipe->nic.pkts[0], descriptor, queue->buffers[slot], PKT_DATA_BYTES);
		return 1;
	}
	drop_descriptor(pipe, q1 & format->eop);
	return PIPE_LOOK_AGAIN;
}

/* ---- Send ---- */

bool pipe_pad(struct pipe *pipe, const struct pipe_output *output, struct pkt *pkt)
{
	const struct pkt_pool *pool = pipe->rxq->pool;
	uint64_t offset = (uint64_t)pkt->data - (uint64_t)pool->base;

	if (pkt->flags || !pkt->len || pkt->len > output->frame_min + output->excess_max[PIPE_LENGTH_DWORD] ||
		(offset & pool->outside_mask)) {
		ring_count(&pipe->bad, 1);
		return false;
	}
	uint8_t *room = pkt_default_data(pool, offset), *before = pkt->data, *from = before;

	/* its own buffer may end behind it: then the padding moves the frame forward */
	if (from + output->frame_min > room + PKT_DATA_BYTES)
		from = room + PKT_DATA_BYTES - output->frame_min;
	memmove(from, before, pkt->len);
	memset(from + pkt->len, 0, output->frame_min - pkt->len);
	pkt->data = from;
	pkt->len = (uint16_t)output->frame_min;
	/* where packets go different ways this is a copy: the next output must not look for the frame where it was */
	for (unsigned i = 0; i < NIC_PIPE_BURST; i++)
		if (pipe->nic.pkts[i].data == before)
			pipe->nic.pkts[i] = *pkt;
	return true;
}

void pipe_set_single_output(struct pipe *pipe, uint32_t mask)
{
	/* nowhere, several, or one that has nothing of this batch, whose last report might be none of its own */
	if (mask & (mask - 1) || !(mask & pipe->batch_outputs) || pipe->blocked)
		return;
	struct pipe_output *output = &pipe->outputs[__builtin_ctz(mask)];
	if (output->txq->tail == &output->txq->tail_register.trapped)
		return;
	pipe->single_mask = mask;
	pipe->single_output = output;
}

void pipe_count_lost(struct pipe *pipe, uint32_t outputs, unsigned n)
{
	outputs &= (uint32_t)((UINT64_C(1) << pipe->output_count) - 1);
	if (!outputs)
		ring_count(&pipe->dropped, n);
	else if (outputs & ~pipe->accepting)
		ring_count(
			&pipe->blocked_copies, (uint64_t)n * (unsigned)__builtin_popcount(outputs & ~pipe->accepting));
}
