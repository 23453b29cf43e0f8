/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's two burst functions, without the loops over descriptors: each file that includes this one has defined those before, for one
 * instruction set:
 *   take_wide   takes the unbroken run of whole, good frames at the front, at most n, and rewrites their descriptors for the card;
 *               n is a multiple of PIPE_WIDTH, and so is what it returns
 *   put_wide    writes transmit descriptors for the run of ordinary packets at the front: a length that can be sent, no flags; likewise.
 *               If these are all, the last one asks for a report
 *   take_rest, put_rest   the same for any number
 *   pick        copies the handles that go to an output to the front of another array */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_BURST_H
#define POLLUX_DRIVER_IXGBE_PIPE_BURST_H

#include "pipe_few.h"

/* Fewer are not worth preparing vectors for. */
#define PIPE_FEW 4u

static inline unsigned pipe_take_run(struct ixgbe_pipe *pipe, unsigned got, unsigned n)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = (queue->next & queue->mask) + got;

	return got + take_rest(pipe, &queue->ring[slot], &pipe->home[slot], &pipe->nic.pkts[got], n - got);
}

/* Every case: the ring's end, slots that the card was not given, descriptors that are not ready or bad. */
static __attribute__((noinline)) unsigned pipe_take_any(struct ixgbe_pipe *pipe, unsigned n)
{
	bool again;
	unsigned got;

	do {
		unsigned run = ixgbe_pipe_limit(pipe) - pipe->rxq->next;

		if (run && (got = pipe_take_run(pipe, 0, n < run ? n : run)))
			return got;
		got = ixgbe_pipe_take_odd(pipe, &again);
	} while (again);
	return got;
}

/* The rest of n, of which so many are there already. */
static __attribute__((noinline)) unsigned pipe_take_more(struct ixgbe_pipe *pipe, unsigned got, unsigned n)
{
	got = pipe_take_run(pipe, got, n);
	return got ? got : pipe_take_any(pipe, n);
}

static __attribute__((noinline)) unsigned pipe_take_few(struct ixgbe_pipe *pipe, unsigned n)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask;
	unsigned got = take_few(pipe, &queue->ring[slot], &pipe->home[slot], pipe->nic.pkts, n);

	return got ? got : pipe_take_any(pipe, n);
}

static unsigned pipe_take(struct nic_pipe *nic, unsigned n)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t next = queue->next, slot = next & queue->mask;
	unsigned got = 0;

	if (__builtin_expect(n > pipe->limit - next, 0))
		return pipe_take_any(pipe, n);
	if (n % PIPE_WIDTH == 0) {
		got = take_wide(pipe, &queue->ring[slot], &pipe->home[slot], pipe->nic.pkts, n);
		if (__builtin_expect(got == n, 1))
			return got;
	} else if (n < PIPE_FEW) {
		return pipe_take_few(pipe, n);
	}
	return pipe_take_more(pipe, got, n);
}

/* An output has descriptors up to `next` now. */
static inline void pipe_push(struct ixgbe_pipe *pipe, struct ring_txq *queue, uint32_t bit, uint32_t next)
{
	queue->next = next;
	pipe->touched |= bit;
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
}

/* Sends n packets to an output, all or some of a burst, in every case: the ring's end, packets that no descriptor describes as they are,
 * a tail that is told by a call. */
static void pipe_put(struct ixgbe_pipe *pipe, unsigned index, struct pkt *pkts, unsigned n)
{
	struct ixgbe_pipe_output *output = &pipe->outputs[index];
	struct ring_txq *queue = output->txq;
	uint32_t next = queue->next;
	unsigned done = 0;

	while (done < n) {
		uint32_t slot = next & queue->mask, run = queue->mask + 1 - slot;
		unsigned put;

		if (run > n - done)
			run = n - done;
		put = put_rest(output, &queue->ring[slot], pkts + done, run);
		next += put;
		done += put;
		if (put < run && !ixgbe_pipe_mend(pipe, output, &pkts[done]))
			done++;
	}
	queue->limit = (next | queue->mask) + 1; /* the ring's end: all that a pipe needs to know there */
	if (next == queue->next)
		return;
	queue->ring[(next - 1) & queue->mask].q1 |= IXGBE_TX_RS;
	pipe_push(pipe, queue, UINT32_C(1) << index, next);
	if (queue->tail == &queue->trapped_tail)
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail);
}

/* Packets that part: per output, those that go there. */
static __attribute__((noinline)) void pipe_part(struct ixgbe_pipe *pipe, uint32_t outputs, unsigned n)
{
	struct pkt some[NIC_PIPE_BURST + 4] __attribute__((aligned(64)));

	for (; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs), picked = pick(some, pipe->nic.pkts, pipe->nic.to, n, index);
		pipe_put(pipe, index, some, picked);
	}
}

static inline void pipe_sent(struct ixgbe_pipe *pipe, unsigned n, uint32_t outputs)
{
	__atomic_store_n(&pipe->packets, pipe->packets + n, __ATOMIC_RELAXED); /* single writer */
	pipe->rxq->next += n;
	if ((pipe->left -= (int32_t)n) < 0)
		ixgbe_pipe_end_batch(pipe, outputs);
}

static __attribute__((noinline)) void pipe_send_any(struct ixgbe_pipe *pipe, unsigned n, uint32_t any, uint32_t all)
{
	uint32_t outputs = any & pipe->live;

	if (any != all)
		pipe_part(pipe, outputs, n);
	else
		for (uint32_t rest = outputs; rest; rest &= rest - 1)
			pipe_put(pipe, (unsigned)__builtin_ctz(rest), pipe->nic.pkts, n);
	if (outputs != all || !all)
		ixgbe_pipe_count_lost(pipe, n);
	else
		ixgbe_pipe_set_usual(pipe, all);
	pipe_sent(pipe, n, outputs);
}

/* The usual case: all packets go to one and the same output, where the ones before went, and as they are. */
static inline void pipe_send_usual(struct ixgbe_pipe *pipe, unsigned n, uint32_t to,
	unsigned (*put)(const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n))
{
	struct ixgbe_pipe_output *output = pipe->output;
	struct ring_txq *queue = output->txq;
	uint32_t next = queue->next;
	struct ring_descriptor *ring = &queue->ring[next & queue->mask];

	if (__builtin_expect(n > queue->limit - next, 0) || __builtin_expect(put(output, ring, pipe->nic.pkts, n) != n, 0)) {
		pipe_send_any(pipe, n, to, to); /* which writes the same descriptors again: the tail has not moved */
		return;
	}
	pipe_push(pipe, queue, to, next + n);
	pipe_sent(pipe, n, to);
}

static __attribute__((noinline)) void pipe_send_rest(struct ixgbe_pipe *pipe, unsigned n, uint32_t to)
{
	pipe_send_usual(pipe, n, to, put_rest);
}

static __attribute__((noinline)) void pipe_send_few(struct ixgbe_pipe *pipe, unsigned n, uint32_t to)
{
	pipe_send_usual(pipe, n, to, put_few);
}

static void pipe_send(struct nic_pipe *nic, unsigned n, uint32_t any, uint32_t all)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;

	if (__builtin_expect(any != all || any != pipe->usual, 0))
		pipe_send_any(pipe, n, any, all);
	else if (n % PIPE_WIDTH == 0)
		pipe_send_usual(pipe, n, any, put_wide);
	else if (n < PIPE_FEW)
		pipe_send_few(pipe, n, any);
	else
		pipe_send_rest(pipe, n, any);
}

#endif
