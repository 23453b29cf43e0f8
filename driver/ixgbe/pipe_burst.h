/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's two burst functions, without the loops over descriptors: each file that includes this one has defined those before, for one
 * instruction set:
 *   take_frames  takes the unbroken run of whole, good frames at the front, at most n, and rewrites their descriptors for the card
 *   put_frames   writes transmit descriptors for the run of ordinary packets at the front: a length that can be sent, no flags
 *   take_few, put_few   the same for a number below PIPE_FEW (pipe_few.h)
 *   pick         copies the handles that go to an output to the front of another array */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_BURST_H
#define POLLUX_DRIVER_IXGBE_PIPE_BURST_H

#include "pipe.h"

/* A run of few is not worth preparing vectors for. */
#define PIPE_FEW 4u

static inline unsigned pipe_take_run(struct ixgbe_pipe *pipe, const struct ixgbe_rxq *queue, unsigned n)
{
	uint32_t slot = queue->next & queue->mask;
	unsigned got;

	if (n < PIPE_FEW)
		got = take_few(&queue->ring[slot], &queue->buffers[slot], pipe->nic.pkts, n, queue->offset);
	else
		got = take_frames(&queue->ring[slot], &queue->buffers[slot], pipe->nic.pkts, n, queue->offset);
	return pipe->got = got;
}

/* Every case: the ring's end, slots that the card was not given, descriptors that are not ready or bad. */
static __attribute__((noinline)) unsigned pipe_take_any(struct ixgbe_pipe *pipe, unsigned n)
{
	bool again;

	do {
		unsigned run = ixgbe_pipe_limit(pipe) - pipe->rxq->next;

		if (run && pipe_take_run(pipe, pipe->rxq, n < run ? n : run))
			return pipe->got;
		pipe->got = ixgbe_pipe_take_odd(pipe, &again);
	} while (again);
	return pipe->got;
}

static unsigned pipe_take(struct nic_pipe *nic, unsigned n)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	const struct ixgbe_rxq *queue = pipe->rxq;
	unsigned got;

	if (n > NIC_PIPE_BURST)
		n = NIC_PIPE_BURST;
	if (__builtin_expect(n <= pipe->limit - queue->next, 1) && __builtin_expect(got = pipe_take_run(pipe, queue, n), 1))
		return got;
	return pipe_take_any(pipe, n);
}

static inline unsigned pipe_put_run(const struct ixgbe_pipe_output *output, uint32_t next, const struct pkt *pkts, unsigned n)
{
	const struct ixgbe_txq *queue = output->txq;
	struct ixgbe_descriptor *ring = &queue->ring[next & queue->mask];

	if (n < PIPE_FEW)
		return put_few(ring, pkts, n, queue->offset, output->longest);
	return put_frames(ring, pkts, n, queue->offset, output->longest);
}

/* The packets received from slot `from` on in a burst of `burst` have their descriptors up to `next`: asks for the report and moves the
 * tail. */
static inline void pipe_push(struct ixgbe_pipe *pipe, unsigned index, uint32_t next, uint32_t from, unsigned burst)
{
	struct ixgbe_pipe_output *output = &pipe->outputs[index];
	struct ixgbe_txq *queue = output->txq;
	uint32_t last = (next - 1) & queue->mask, batch = (from & pipe->rxq->mask) / IXGBE_BATCH;

	queue->next = next;
	queue->ring[last].q1 |= IXGBE_TX_RS;
	pipe->used[batch] |= UINT32_C(1) << index;
	output->report[batch] = (uint16_t)last;
	if (from % IXGBE_BATCH + burst > IXGBE_BATCH) { /* the next batch is begun */
		batch = ((from + burst) & pipe->rxq->mask) / IXGBE_BATCH;
		pipe->used[batch] |= UINT32_C(1) << index;
		output->report[batch] = (uint16_t)last;
	}
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
}

/* Sends n packets to an output, all or some of a burst, in every case: the ring's end, packets that no descriptor describes as they are,
 * a tail that is told by a call. */
static void pipe_put(struct ixgbe_pipe *pipe, unsigned index, struct pkt *pkts, unsigned n, uint32_t from, unsigned burst)
{
	struct ixgbe_pipe_output *output = &pipe->outputs[index];
	struct ixgbe_txq *queue = output->txq;
	uint32_t next = queue->next;
	unsigned done = 0;

	while (done < n) {
		uint32_t run = queue->mask + 1 - (next & queue->mask);
		unsigned put;

		if (run > n - done)
			run = n - done;
		put = pipe_put_run(output, next, pkts + done, run);
		next += put;
		done += put;
		if (put < run && !ixgbe_pipe_mend(pipe, output, &pkts[done]))
			done++;
	}
	if (next == queue->next)
		return;
	pipe_push(pipe, index, next, from, burst);
	if (queue->tail == &queue->trapped_tail)
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

/* Gives batches back, in the usual case: each went to one output. The batch that was just sent is not done yet, and not looked at. */
static __attribute__((noinline)) void pipe_reclaim(struct ixgbe_pipe *pipe)
{
	struct ixgbe_rxq *queue = pipe->rxq;
	uint32_t fill = queue->fill, next = queue->next;

	for (; next - fill >= 2 * IXGBE_BATCH; fill += IXGBE_BATCH) {
		uint32_t batch = (fill & queue->mask) / IXGBE_BATCH, used = pipe->used[batch];
		const struct ixgbe_pipe_output *output = &pipe->outputs[__builtin_ctz(used | UINT32_C(1) << 31)];

		if (__builtin_expect((used & (used - 1)) || pipe->blocked, 0)) {
			ixgbe_pipe_reclaim(pipe);
			return;
		}
		if (used && !(__atomic_load_n(&output->txq->ring[output->report[batch]].q1, __ATOMIC_ACQUIRE) & IXGBE_TX_DD))
			break;
		pipe->used[batch] = 0;
	}
	if (fill != queue->fill)
		ixgbe_pipe_give_back(pipe, fill);
}

static inline void pipe_sent(struct ixgbe_pipe *pipe, uint32_t from, unsigned n)
{
	__atomic_store_n(&pipe->packets, pipe->packets + n, __ATOMIC_RELAXED); /* single writer */
	pipe->rxq->next = from + n;
	if (from % IXGBE_BATCH + n >= IXGBE_BATCH)
		pipe_reclaim(pipe);
}

static __attribute__((noinline)) void pipe_send_any(struct ixgbe_pipe *pipe, uint32_t any, uint32_t all)
{
	uint32_t from = pipe->rxq->next, outputs = any & pipe->live;
	unsigned n = pipe->got;

	if (any != all)
		pipe_part(pipe, outputs, from, n);
	else
		for (; outputs; outputs &= outputs - 1)
			pipe_put(pipe, (unsigned)__builtin_ctz(outputs), pipe->nic.pkts, n, from, n);
	if ((any & pipe->live) != all || !all)
		ixgbe_pipe_count_lost(pipe);
	pipe_sent(pipe, from, n);
}

static inline bool pipe_put_usual(const struct ixgbe_pipe *pipe, const struct ixgbe_pipe_output *output, unsigned n)
{
	const struct ixgbe_txq *queue = output->txq;

	if (__builtin_expect((queue->next & queue->mask) + n > queue->mask + 1 || queue->tail == &queue->trapped_tail, 0))
		return false;
	return __builtin_expect(pipe_put_run(output, queue->next, pipe->nic.pkts, n) == n, 1);
}

/* The usual case: all packets go to one and the same output, as they are. Nothing is called but the end; and what is needed after the
 * loop is loaded again there, which costs less than registers to keep it in. */
static void pipe_send(struct nic_pipe *nic, uint32_t any, uint32_t all)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	unsigned index;

	if (__builtin_expect(any != all || !(any & pipe->live) || (any & (any - 1)), 0)) {
		pipe_send_any(pipe, any, all);
		return;
	}
	if (!pipe_put_usual(pipe, &pipe->outputs[__builtin_ctz(any)], pipe->got)) {
		pipe_send_any(pipe, any, any); /* which writes the same descriptors again: the tail has not moved */
		return;
	}
	__asm__ volatile("" : "+r"(any) : : "memory");
	index = (unsigned)__builtin_ctz(any);
	pipe_push(pipe, index, pipe->outputs[index].txq->next + pipe->got, pipe->rxq->next, pipe->got);
	pipe_sent(pipe, pipe->rxq->next, pipe->got);
}

#endif
