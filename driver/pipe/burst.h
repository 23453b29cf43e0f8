/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions, but for the steps that go over descriptors. They are compiled once for each instruction
 * set: burst_SET.c has the set's steps, includes this, and makes its struct pipe_simd of PIPE_SIMD. The steps:
 *
 * receive: receives the unbroken run of whole, good frames at the front of n slots that do not wrap. Returns how many.
 *
 * describe: writes transmit descriptors for the run of ordinary packets at the front, at most n, into slots that do not
 * wrap. If these are all, the last one asks for a report. Returns how many.
 *
 * receive_wide and describe_wide: the same for a multiple of PIPE_WIDTH packets, and not 0. receive_wide stops at
 * NIC_PIPE_BURST.
 *
 * all_same: whether all n masks are the same; n is not 0.
 *
 * PIPE_WIDTH is how many packets a set's vectors take at a time, a power of two; PIPE_VECTOR_BYTES is one vector. */
#pragma once

#include "slots.h"

/* ---- Receive ---- */

/* The rest of n packets, of which `got` are received already, in every case: the ring's end, slots that the card does
 * not have, descriptors that are not finished or bad. */
static RING_OUT_OF_LINE unsigned receive_rest(struct pipe *pipe, unsigned n, unsigned got)
{
	const struct ring_rxq *queue = pipe->rxq;

	if (n > NIC_PIPE_BURST)
		n = NIC_PIPE_BURST;
	for (;;) {
		if (n > pipe->fast_until - queue->next)
			pipe_set_fast_until(pipe);
		uint32_t slot = (queue->next & queue->mask) + got, run = pipe->fast_until - queue->next - got;

		if (run > n - got)
			run = n - got;
		if (run)
			got += receive(pipe, &queue->ring[slot], &pipe->slot_init[slot], &pipe->nic.pkts[got], run);
		if (got)
			return got;
		got = pipe_receive_rare(pipe);
		if (got != PIPE_LOOK_AGAIN)
			return got;
		got = 0;
	}
}

/* The usual case: as many packets as asked for, all at once. */
static unsigned receive_burst(struct nic_pipe *nic, unsigned n)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask;

	if (__builtin_expect(n > pipe->fast_until - queue->next, 0))
		return receive_rest(pipe, n, 0);
	if (n % PIPE_WIDTH)
		return receive_rest(pipe, n, 0);
	unsigned got = receive_wide(pipe, &queue->ring[slot], &pipe->slot_init[slot], nic->pkts, n);
	return __builtin_expect(got == n || got == NIC_PIPE_BURST, 1) ? got : receive_rest(pipe, n, got);
}

/* Receives a packet, if the descriptor has a whole, good frame. */
static unsigned receive_one(struct nic_pipe *nic)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask;

	if (__builtin_expect(queue->next != pipe->fast_until &&
				     pipe_receive_one(pipe, &queue->ring[slot], &pipe->slot_init[slot], nic->pkts),
		    1))
		return 1;
	return receive_rest(pipe, 1, 0);
}

/* ---- Send ---- */

/* A transmit queue has descriptors up to `next` now. */
static inline void hand_over(struct ring_txq *queue, uint32_t mask, uint32_t next)
{
	queue->next = next;
	__atomic_store_n(queue->tail, next & mask, __ATOMIC_RELEASE);
}

/* Sends n packets to an output, all or some of a burst, in every case: the ring's end, packets that no descriptor
 * describes as they are, a tail that is written by a call. */
static RING_OUT_OF_LINE void send_to(struct pipe *pipe, unsigned index, struct pkt *pkts, unsigned n)
{
	struct pipe_output *output = &pipe->outputs[index];
	struct ring_txq *queue = output->txq;
	uint32_t next = queue->next;
	unsigned done = 0;

	while (done < n) {
		uint32_t slot = next & queue->mask, run = queue->mask + 1 - slot;

		if (run > n - done)
			run = n - done;
		unsigned described = describe(output, &queue->ring[slot], pkts + done, run);
		next += described;
		done += described;
		if (described < run && !pipe_pad(pipe, output, &pkts[done]))
			done++;
	}
	if (next == queue->next)
		return;
	queue->ring[(next - 1) & queue->mask].q1 |= RING_TX_RS;
	pipe->batch_outputs |= PIPE_BIT(index);
	hand_over(queue, queue->mask, next);
	if (queue->tail == &queue->tail_register.trapped)
		vfio_write32(queue->tail_register.window, queue->tail_register.offset, queue->tail_register.trapped);
}

/* The burst's packets were sent to these outputs. */
static inline void end_burst(struct pipe *pipe, size_t n, uint32_t outputs)
{
	struct ring_rxq *queue = pipe->rxq;

	/* others may read it: compilers make three instructions of a relaxed load, an addition and a store */
	__asm__("add %1, %0" : "+m"(pipe->packets) : "r"(n));
	queue->next += (uint32_t)n;
	if ((int32_t)(queue->next - pipe->batch_end) >= 0)
		pipe_end_batch(pipe, outputs);
}

/* All packets go to the same outputs, or to none, in every case. */
static RING_OUT_OF_LINE void send_general(struct pipe *pipe, size_t n, uint32_t outputs)
{
	uint32_t accepting = outputs & pipe->accepting;

	for (uint32_t left = accepting; left; left &= left - 1)
		send_to(pipe, (unsigned)__builtin_ctz(left), pipe->nic.pkts, (unsigned)n);
	pipe_count_lost(pipe, outputs, (unsigned)n);
	if (accepting == outputs)
		pipe_set_single_output(pipe, outputs);
	end_burst(pipe, n, accepting);
}

typedef unsigned describe_step(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n);

/* The usual case: all packets go to one output, where those before went, as they are, and the ring's end is not in
 * sight. */
RING_INLINE void send_to_single_output(struct pipe *pipe, size_t n, uint32_t outputs, describe_step *describe_all)
{
	const struct pipe_output *output = pipe->single_output;
	struct ring_txq *queue = output->txq;
	uint32_t mask = queue->mask, next = queue->next, slot = next & mask, last_slot = slot + (uint32_t)n - 1;

	if (__builtin_expect((int32_t)last_slot > (int32_t)mask, 0)) {
		send_general(pipe, n, outputs);
		return;
	}
	if (__builtin_expect(describe_all(output, &queue->ring[slot], pipe->nic.pkts, (unsigned)n) != (unsigned)n, 0)) {
		send_general(pipe, n, outputs); /* it writes the same descriptors again: the tail has not moved */
		return;
	}
	hand_over(queue, mask, next + (uint32_t)n);
	end_burst(pipe, n, outputs);
}

static RING_OUT_OF_LINE void send_any_number(struct pipe *pipe, size_t n, uint32_t outputs)
{
	send_to_single_output(pipe, n, outputs, describe);
}

static void send_all(struct nic_pipe *nic, size_t n, uint32_t outputs)
{
	struct pipe *pipe = (struct pipe *)nic;

	if (__builtin_expect(outputs != pipe->single_mask, 0))
		send_general(pipe, n, outputs);
	else if (n % PIPE_WIDTH == 0)
		send_to_single_output(pipe, n, outputs, describe_wide);
	else
		send_any_number(pipe, n, outputs);
}

static void send_one(struct nic_pipe *nic, uint32_t outputs)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct pipe_output *output = pipe->single_output;
	struct ring_txq *queue = output->txq;
	struct ring_descriptor *ring = &queue->ring[queue->next & queue->mask];

	if (__builtin_expect(
		    outputs != pipe->single_mask || !outputs || !pipe_describe_one(output, ring, nic->pkts, RING_TX_RS),
		    0)) {
		send_general(pipe, 1, outputs);
		return;
	}
	hand_over(queue, queue->mask, queue->next + 1);
	end_burst(pipe, 1, outputs);
}

/* Copies those of n packets that go to an output, by their masks. The handle behind the copies may be overwritten.
 * @return how many */
static inline unsigned select_packets(
	struct pkt *selected, const struct pkt *pkts, const uint32_t *targets, size_t n, unsigned output)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		selected[count] = pkts[i];
		count += targets[i] >> output & 1;
	}
	return count;
}

/* Packets that go different ways: per output, those that go there. */
static RING_OUT_OF_LINE void send_apart(struct nic_pipe *nic, size_t n)
{
	struct pipe *pipe = (struct pipe *)nic;
	struct pkt selected[NIC_PIPE_BURST + 1] __attribute__((aligned(64)));
	uint32_t outputs = 0;

	for (unsigned i = 0; i < n; i++) {
		outputs |= nic->targets[i];
		pipe_count_lost(pipe, nic->targets[i], 1);
	}
	outputs &= pipe->accepting;
	for (uint32_t left = outputs; left; left &= left - 1) {
		unsigned index = (unsigned)__builtin_ctz(left);

		send_to(pipe, index, selected, select_packets(selected, nic->pkts, nic->targets, n, index));
	}
	end_burst(pipe, n, outputs);
}

static void send_each(struct nic_pipe *nic, size_t n)
{
	if (all_same(nic->targets, (unsigned)n))
		send_all(nic, n, nic->targets[0]);
	else
		send_apart(nic, n);
}

/* ---- Slots ---- */

/* A pipe_rearm_fn. */
static void rearm(
	struct ring_descriptor *ring, const struct ring_descriptor *slot_init, unsigned n, uint64_t iova_offset)
{
	typedef uint64_t slots __attribute__((vector_size(PIPE_VECTOR_BYTES), may_alias, aligned(16)));
	const unsigned count = PIPE_VECTOR_BYTES / sizeof(*ring);
	/* A table, as some versions of GCC's sanitizer misalign a vector that is indexed. */
	static const uint64_t pointers[8] __attribute__((aligned(16))) = {[0] = -1, [2] = -1, [4] = -1, [6] = -1};
	const slots iova = *(const slots *)pointers & iova_offset; /* to the pointers, not to the zeros behind them */

	for (; n; n -= RING_BATCH, ring += RING_BATCH, slot_init += RING_BATCH)
#pragma GCC unroll 32
		for (unsigned i = 0; i < RING_BATCH; i += count)
			*(slots *)&ring[i] = *(const slots *)&slot_init[i] + iova;
}

#define PIPE_SIMD                                                                                                      \
	{                                                                                                              \
		{receive_burst, receive_one, send_all, send_one, send_each}, rearm                                     \
	}
