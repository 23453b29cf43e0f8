/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's two burst functions, without the loops over descriptors: each file that includes this one has defined those before, for one
 * instruction set:
 *   take_frames  takes the unbroken run of whole, good frames at the front, at most n, and rewrites their descriptors for the card
 *   put_frames   writes transmit descriptors for the run of ordinary packets at the front: a length that can be sent, no flags
 *   pick         copies the handles that go to an output to the front of another array */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_BURST_H
#define POLLUX_DRIVER_IXGBE_PIPE_BURST_H

#include "pipe.h"

static unsigned pipe_take(struct nic_pipe *nic, unsigned n)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	struct ixgbe_rxq *queue = pipe->rxq;
	bool again;

	n = n < NIC_PIPE_BURST ? n : NIC_PIPE_BURST;
	do {
		uint32_t slot = queue->next & queue->mask, to_end = queue->mask + 1 - slot;
		uint32_t owned = queue->fill + queue->mask - queue->next; /* slots that the card was given: no others are looked at */
		unsigned run = n < to_end ? n : to_end, got = 0;

		run = run < owned ? run : owned;
		if (__builtin_expect(!pipe->skipping, 1))
			got = take_frames(&queue->ring[slot], &queue->buffers[slot], nic->pkts, run, queue->offset);
		if (__builtin_expect(got != 0, 1))
			return pipe->got = got;
		pipe->got = ixgbe_pipe_take_odd(pipe, &again);
	} while (again);
	return pipe->got;
}

/* Sends n packets, all or some of those received from slot `from` on in a burst of `burst`. */
static inline void pipe_put(struct ixgbe_pipe *pipe, unsigned index, struct pkt *pkts, unsigned n, uint32_t from, unsigned burst)
{
	struct ixgbe_pipe_output *output = &pipe->outputs[index];
	struct ixgbe_txq *queue = output->txq;
	uint32_t next = queue->next, last, first_batch, last_batch;
	unsigned done = 0;

	do {
		uint32_t slot = next & queue->mask, run = queue->mask + 1 - slot;
		unsigned put;

		if (__builtin_expect(run > n - done, 1))
			run = n - done;
		put = put_frames(&queue->ring[slot], pkts + done, run, queue->offset, queue->max_single);
		next += put;
		done += put;
		if (__builtin_expect(put < run, 0) && !ixgbe_pipe_mend(pipe, queue, &pkts[done]))
			done++;
	} while (__builtin_expect(done < n, 0));
	if (__builtin_expect(next == queue->next, 0))
		return;

	last = (next - 1) & queue->mask;
	queue->ring[last].q1 |= IXGBE_TX_RS;
	first_batch = (from & pipe->rxq->mask) / IXGBE_BATCH;
	last_batch = ((from + burst - 1) & pipe->rxq->mask) / IXGBE_BATCH;
	pipe->used[first_batch] |= UINT32_C(1) << index;
	pipe->used[last_batch] |= UINT32_C(1) << index;
	output->report[first_batch] = output->report[last_batch] = (uint16_t)last;
	queue->next = next;
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
	if (__builtin_expect(queue->tail == &queue->trapped_tail, 0))
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail);
}

/* Packets that part: per output, those that go there. */
static __attribute__((noinline)) void pipe_part(struct ixgbe_pipe *pipe, uint32_t outputs, uint32_t from, unsigned n)
{
	struct pkt some[NIC_PIPE_BURST + 4] __attribute__((aligned(64)));

	for (; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs), picked = pick(some, pipe->nic.pkts, pipe->nic.to, n, index);
		pipe_put(pipe, index, some, picked, from, n);
	}
}

static void pipe_send(struct nic_pipe *nic, uint32_t any, uint32_t all)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	struct ixgbe_rxq *queue = pipe->rxq;
	uint32_t from = queue->next, outputs = any & pipe->live;
	unsigned n = pipe->got;

	if (__builtin_expect(any == all, 1)) {
		for (; outputs; outputs &= outputs - 1)
			pipe_put(pipe, (unsigned)__builtin_ctz(outputs), nic->pkts, n, from, n);
	} else {
		pipe_part(pipe, outputs, from, n);
	}
	if (__builtin_expect((any & pipe->live) != all || !all, 0))
		ixgbe_pipe_count_lost(pipe);
	__atomic_store_n(&pipe->packets, pipe->packets + n, __ATOMIC_RELAXED);
	queue->next = from + n;
	if (from % IXGBE_BATCH + n >= IXGBE_BATCH)
		ixgbe_pipe_reclaim(pipe);
}

#endif
