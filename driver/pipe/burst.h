/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions, without the loops over descriptors: each file that includes this one has defined those
 * before, for one instruction set: take_wide   takes the unbroken run of whole, good frames at the front, at most n,
 * and rewrites their descriptors for the card; n is a multiple of PIPE_WIDTH, and so is what it returns put_wide writes
 * transmit descriptors for the run of ordinary packets at the front: a length that can be sent, no flags; likewise. If
 * these are all, the last one asks for a report take_rest, put_rest   the same for any number pick        copies the
 * handles that go to an output to the front of another array */
#ifndef POLLUX_DRIVER_IXGBE_PIPE_BURST_H
#define POLLUX_DRIVER_IXGBE_PIPE_BURST_H

#include "few.h"

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

	if (n > NIC_PIPE_BURST)
		n = NIC_PIPE_BURST;
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
	if (PIPE_WIDTH < 8 && n > NIC_PIPE_BURST) /* eights stop there by themselves */
		n = NIC_PIPE_BURST;
	if (__builtin_expect(n % PIPE_WIDTH == 0, 1)) {
		got = take_wide(pipe, &queue->ring[slot], &pipe->home[slot], pipe->nic.pkts, n);
		if (__builtin_expect(got == n || got == NIC_PIPE_BURST, 1))
			return got;
	} else if (n < PIPE_FEW) {
		return pipe_take_few(pipe, n);
	}
	return pipe_take_more(pipe, got, n < NIC_PIPE_BURST ? n : NIC_PIPE_BURST);
}

/* A queue has descriptors up to `next` now. */
static inline void pipe_push(struct ring_txq *queue, uint32_t next)
{
	queue->next = next;
	__atomic_store_n(queue->tail, next & queue->mask, __ATOMIC_RELEASE);
}

/* Sends n packets to an output, all or some of a burst, in every case: the ring's end, packets that no descriptor
 * describes as they are, a tail that is told by a call. */
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
	queue->fast_until = (next | queue->mask) + 1; /* the ring's end: all that a pipe needs to know there */
	if (next == queue->next)
		return;
	queue->ring[(next - 1) & queue->mask].q1 |= IXGBE_TX_RS;
	pipe->touched |= UINT32_C(1) << index;
	pipe_push(queue, next);
	if (queue->tail == &queue->trapped_tail)
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail);
}

static inline void pipe_sent(struct ixgbe_pipe *pipe, size_t n, uint32_t outputs)
{
	/* others may read it: as compilers take a relaxed load, an addition and a store it would be three instructions
	 */
	__asm__("add %1, %0" : "+m"(pipe->packets) : "r"(n));
	pipe->rxq->next += (uint32_t)n;
	if ((pipe->left -= (int32_t)n) < 0)
		ixgbe_pipe_end_batch(pipe, outputs);
}

/* Packets that part: per output, those that go there. */
static void pipe_send_parting(struct nic_pipe *nic, size_t n, uint32_t any)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;
	struct pkt some[NIC_PIPE_BURST + 4] __attribute__((aligned(64)));
	uint32_t outputs = any & pipe->live;

	for (uint32_t rest = outputs; rest; rest &= rest - 1) {
		unsigned index = (unsigned)__builtin_ctz(rest);

		pipe_put(pipe, index, some, pick(some, pipe->nic.pkts, pipe->nic.to, (unsigned)n, index));
	}
	for (unsigned i = 0; i < n; i++)
		ixgbe_pipe_count_lost(pipe, pipe->nic.to[i], 1);
	pipe_sent(pipe, n, outputs);
}

/* All go to the same outputs, to none, or to some that take no packets now. */
static __attribute__((noinline)) void pipe_send_any(struct ixgbe_pipe *pipe, size_t n, uint32_t to)
{
	uint32_t outputs = to & pipe->live;

	for (uint32_t rest = outputs; rest; rest &= rest - 1)
		pipe_put(pipe, (unsigned)__builtin_ctz(rest), pipe->nic.pkts, (unsigned)n);
	ixgbe_pipe_count_lost(pipe, to, (unsigned)n);
	if (outputs == to)
		ixgbe_pipe_set_usual(pipe, to);
	pipe_sent(pipe, n, outputs);
}

static void pipe_send(struct nic_pipe *nic, size_t n, uint32_t to);

/* At the end of the ring, or over it; or `usual` is nowhere. */
static __attribute__((noinline)) void pipe_send_at_end(struct ixgbe_pipe *pipe, size_t n, uint32_t to)
{
	struct ring_txq *queue = pipe->output->txq;

	if (queue->fast_until == queue->next && to) {
		queue->fast_until = (queue->next | queue->mask) + 1;
		pipe_send(&pipe->nic, n, to);
	} else {
		pipe_send_any(pipe, n, to);
	}
}

/* The usual case: all packets go to one and the same output, where the ones before went, and as they are. */
static inline void pipe_send_usual(struct ixgbe_pipe *pipe, size_t n, uint32_t to,
	unsigned (*put)(const struct ixgbe_pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts,
		unsigned n))
{
	struct ixgbe_pipe_output *output = pipe->output;
	struct ring_txq *queue = output->txq;
	uint32_t next = queue->next;
	struct ring_descriptor *ring = &queue->ring[next & queue->mask];

	if (__builtin_expect((uint32_t)n > queue->fast_until - next, 0)) {
		pipe_send_at_end(pipe, n, to);
		return;
	}
	if (__builtin_expect(put(output, ring, pipe->nic.pkts, (unsigned)n) != (unsigned)n, 0)) {
		pipe_send_any(pipe, n, to); /* which writes the same descriptors again: the tail has not moved */
		return;
	}
	pipe_push(queue, next + (uint32_t)n);
	pipe_sent(pipe, n, to);
}

static __attribute__((noinline)) void pipe_send_rest(struct ixgbe_pipe *pipe, size_t n, uint32_t to)
{
	pipe_send_usual(pipe, n, to, put_rest);
}

static __attribute__((noinline)) void pipe_send_few(struct ixgbe_pipe *pipe, size_t n, uint32_t to)
{
	pipe_send_usual(pipe, n, to, put_few);
}

static void pipe_send(struct nic_pipe *nic, size_t n, uint32_t to)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;

	if (__builtin_expect(to != pipe->usual, 0))
		pipe_send_any(pipe, n, to);
	else if (n % PIPE_WIDTH == 0)
		pipe_send_usual(pipe, n, to, put_wide);
	else if (n < PIPE_FEW)
		pipe_send_few(pipe, n, to);
	else
		pipe_send_rest(pipe, n, to);
}

#endif
