/* SPDX-License-Identifier: BSD-2-Clause
 * Which slots of a receive ring the outputs are done with, and go back to the card; and outputs that hang, which are
 * blocked so that the others go on, after the limits that are here. State.h says how slots are shared. */
#include "slots.h"

#include "../../mempool/cache.h"
#include "../clock.h"
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

RING_OUT_OF_LINE void pipe_reclaim(struct pipe *pipe)
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
	pipe_reclaim(pipe);
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
		pipe_reclaim(pipe);
	else if (is_sent(txq, pipe_batch_of(pipe, end - RING_BATCH)->report_at[index]))
		give_back(pipe, queue, pipe->single_output_from = end); /* the queue sent all before it as well */
}

/* ---- Outputs that hang ---- */

void pipe_look_for_stall(struct pipe *pipe)
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
		pipe_reclaim(pipe);
	}
}
