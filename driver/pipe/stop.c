/* SPDX-License-Identifier: BSD-2-Clause
 * How pipes end: they are closed, or a port of theirs is stopped, in any order; and no buffer is given to anybody while
 * a card may still read it. */
#include "stop.h"

#include "../../mempool/cache.h"
#include "../../mempool/hot.h"
#include "../clock.h"
#include "slots.h"

#include <stdlib.h>

static unsigned receive_nothing(struct nic_pipe *pipe, unsigned n)
{
	(void)pipe, (void)n;
	return 0;
}

static unsigned receive_no_one(struct nic_pipe *pipe)
{
	(void)pipe;
	return 0;
}

void pipe_silence(struct ring_rxq *rxq)
{
	__atomic_store_n(&rxq->pipe->nic.bursts.receive, receive_nothing, __ATOMIC_RELAXED);
	__atomic_store_n(&rxq->pipe->nic.bursts.receive_one, receive_no_one, __ATOMIC_RELAXED);
}

void pipe_free(struct pipe *pipe)
{
	if (!pipe)
		return;
	free(pipe->stranded);
	hot_free(pipe->outputs);
	hot_free(pipe->slot_init);
	hot_free(pipe->batches);
	hot_free(pipe);
}

static void detach(struct pipe_output *output)
{
	struct pipe_output **link = &output->txq->pipe_outputs;

	while (*link != output)
		link = &(*link)->next;
	*link = output->next;
	output->txq = NULL;
}

/* Waits, with a limit, until the outputs have sent what they got: without link nothing ever goes out, and a gone device
 * is not waited for. @return those that have not */
static uint32_t wait_until_sent(struct pipe *pipe)
{
	uint64_t deadline = clock_now_us() + pipe_times.sent;

	for (;;) {
		uint32_t unsent = pipe_unsent(pipe), hopeful = 0;

		for (uint32_t outputs = unsent; outputs; outputs &= outputs - 1) {
			unsigned index = (unsigned)__builtin_ctz(outputs);

			if (!port_gone(pipe->outputs[index].port))
				hopeful |= PIPE_BIT(index);
		}
		if (!hopeful || clock_now_us() >= deadline)
			return unsent;
		clock_sleep_us(50);
	}
}

/* Ends a pipe, and leaves its receive queue as bursts know it: no buffers in the slots that the card does not have. */
static void end(struct pipe *pipe)
{
	struct ring_rxq *queue = pipe->rxq;

	if (queue->next % RING_BATCH)
		pipe_note_holders(pipe, pipe_batch_of(pipe, queue->next));
	uint32_t unsent = wait_until_sent(pipe);
	for (uint32_t first = queue->refill_next; (int32_t)(queue->next - first) > 0; first += RING_BATCH) {
		unsigned n = queue->next - first < RING_BATCH ? queue->next - first : RING_BATCH;

		if (pipe_batch_of(pipe, first)->holders)
			pipe_strand(pipe, first, n);
		else
			pkt_free_data(&queue->buffers[first & queue->mask], n);
	}
	pipe->ended = true;
	pipe_silence(queue);
	pipe->rxq = NULL;
	pipe_free_stranded(pipe);
	for (unsigned i = 0; i < pipe->output_count; i++)
		if (pipe->outputs[i].txq && !(unsent & PIPE_BIT(i)))
			detach(&pipe->outputs[i]);
	queue->pipe = NULL;
	queue->silence = ring_rxq_silence;
}

/* A closed pipe lives on while outputs have packets of it. */
static void free_if_done(struct pipe *pipe)
{
	for (unsigned i = 0; i < pipe->output_count; i++)
		if (pipe->outputs[i].txq)
			return;
	if (pipe->closed)
		pipe_free(pipe);
}

void pipe_inputs_end(struct nic *nic)
{
	for (unsigned i = 0; i < nic->config.rx_queues; i++)
		if (nic->rings.rxqs[i]->pipe)
			end(nic->rings.rxqs[i]->pipe);
}

static void output_ended(struct ring_txq *txq)
{
	struct pipe_output *output = txq->pipe_outputs;
	struct pipe *pipe = output->pipe;
	uint32_t others = ~PIPE_BIT(output - pipe->outputs);

	detach(output);
	pipe->accepting &= others;
	pipe->blocked &= others;
	pipe->batch_outputs &= others;
	pipe_forget_single_output(pipe);
	for (unsigned i = 0; i < pipe->batch_count; i++)
		pipe->batches[i].holders &= others;
	for (unsigned i = 0; i < pipe->stranded_count; i++)
		pipe->stranded[i].batch.holders &= others;
	pipe_free_stranded(pipe);
	free_if_done(pipe);
}

void pipe_outputs_ended(struct nic *nic)
{
	for (unsigned i = 0; i < nic->config.tx_queues; i++) {
		struct ring_txq *txq = nic->rings.txqs[i];

		if (txq->pipe_slots)
			txq->reclaim_next = txq->next; /* its slots hold nothing of its own */
		while (txq->pipe_outputs)
			output_ended(txq);
	}
}

void nic_pipe_close(struct nic_pipe *nic)
{
	struct pipe *pipe = (struct pipe *)nic;

	if (!pipe)
		return;
	if (!pipe->ended)
		end(pipe);
	pipe->closed = true;
	free_if_done(pipe);
}
