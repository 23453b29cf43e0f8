/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's burst functions, but for the steps that go over descriptors. An instruction set makes its own burst
 * functions of these and its steps with PIPE_BURSTS, in a file of its own. */
#ifndef POLLUX_DRIVER_PIPE_BURST_H
#define POLLUX_DRIVER_PIPE_BURST_H

#include "rare.h"
#include "slots.h"
#include "x1.h"

/** The burst functions for single packets, whatever the instruction set. */
unsigned pipe_receive_single(struct nic_pipe *nic);
void pipe_send_single(struct nic_pipe *nic, uint32_t outputs);

/** Receives the unbroken run of whole, good frames at the front of n slots that do not wrap. @return how many */
typedef unsigned pipe_receive_step(const struct pipe *pipe, const struct ring_descriptor *ring,
	const struct ring_descriptor *slot_init, struct pkt *pkts, unsigned n);

/** Writes transmit descriptors for the run of ordinary packets at the front, at most n, into slots that do not wrap. If
 * these are all, the last one asks for a report. @return how many */
typedef unsigned pipe_describe_step(
	const struct pipe_output *output, struct ring_descriptor *ring, const struct pkt *pkts, unsigned n);

/** Copies those of n packets that go to an output, by their masks. Up to four handles behind the copies may be
 * overwritten. @return how many */
typedef unsigned pipe_select_step(
	struct pkt *selected, const struct pkt *pkts, const uint32_t *targets, unsigned n, unsigned output);

/** Whether all n masks are the same; n is not 0. */
typedef bool pipe_same_step(const uint32_t *targets, unsigned n);

/** The parts of a burst that are out of line: instances of the functions below. */
typedef unsigned pipe_receive_general_fn(struct pipe *pipe, unsigned n);
typedef unsigned pipe_receive_more_fn(struct pipe *pipe, unsigned n, unsigned got);
typedef void pipe_send_fn(struct pipe *pipe, size_t n, uint32_t outputs);
typedef void pipe_put_fn(struct pipe *pipe, unsigned output, struct pkt *pkts, unsigned n);

/* ---- Receive ---- */

static inline unsigned pipe_at_most_a_burst(unsigned n)
{
	return n < NIC_PIPE_BURST ? n : NIC_PIPE_BURST;
}

/** Every case: the ring's end, slots that the card does not have, descriptors that are not finished or bad. */
RING_INLINE unsigned pipe_receive_general(struct pipe *pipe, unsigned n, pipe_receive_step *receive)
{
	const struct ring_rxq *queue = pipe->rxq;
	bool again;
	unsigned got;

	n = pipe_at_most_a_burst(n);
	do {
		uint32_t slot = queue->next & queue->mask, run = pipe_set_fast_until(pipe) - queue->next;

		if (run && (got = receive(pipe, &queue->ring[slot], &pipe->slot_init[slot], pipe->nic.pkts,
				    n < run ? n : run)))
			return got;
		got = pipe_receive_rare(pipe, &again);
	} while (again);
	return got;
}

/** The rest of n packets, of which `got` are received already: whole, good frames, and the ring's end not in sight. */
RING_INLINE unsigned pipe_receive_more(
	struct pipe *pipe, unsigned n, unsigned got, pipe_receive_step *receive, pipe_receive_general_fn *general)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = (queue->next & queue->mask) + got;

	got += receive(
		pipe, &queue->ring[slot], &pipe->slot_init[slot], &pipe->nic.pkts[got], pipe_at_most_a_burst(n) - got);
	return got ? got : general(pipe, n);
}

/** The usual case: as many packets as asked for, a multiple of `width`, which `wide` receives at once. */
RING_INLINE unsigned pipe_receive(struct nic_pipe *nic, unsigned n, unsigned width, pipe_receive_step *wide,
	pipe_receive_more_fn *more, pipe_receive_general_fn *general)
{
	struct pipe *pipe = (struct pipe *)nic;
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask;
	unsigned got;

	if (__builtin_expect(n > pipe->fast_until - queue->next, 0))
		return general(pipe, n);
	if (n % width)
		return more(pipe, n, 0);
	got = wide(pipe, &queue->ring[slot], &pipe->slot_init[slot], nic->pkts, n);
	return __builtin_expect(got == n || got == NIC_PIPE_BURST, 1) ? got : more(pipe, n, got);
}

/* ---- Send ---- */

/* A transmit queue has descriptors up to `next` now. */
static inline void pipe_hand_over(struct ring_txq *queue, uint32_t mask, uint32_t next)
{
	queue->next = next;
	__atomic_store_n(queue->tail, next & mask, __ATOMIC_RELEASE);
}

/** Sends n packets to an output, all or some of a burst, in every case: the ring's end, packets that no descriptor
 * describes as they are, a tail that is written by a call. */
RING_INLINE void pipe_put(struct pipe *pipe, unsigned index, struct pkt *pkts, unsigned n, pipe_describe_step *describe)
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
	pipe_hand_over(queue, queue->mask, next);
	if (queue->tail == &queue->tail_register.trapped)
		vfio_write32(queue->tail_register.window, queue->tail_register.offset, queue->tail_register.trapped);
}

/* The burst's packets were sent to these outputs. */
static inline void pipe_end_burst(struct pipe *pipe, size_t n, uint32_t outputs)
{
	struct ring_rxq *queue = pipe->rxq;

	/* others may read it: compilers make three instructions of a relaxed load, an addition and a store */
	__asm__("add %1, %0" : "+m"(pipe->packets) : "r"(n));
	queue->next += (uint32_t)n;
	if ((int32_t)(queue->next - pipe->batch_end) >= 0)
		pipe_end_batch(pipe, outputs);
}

/** All packets go to the same outputs, or to none, in every case. */
RING_INLINE void pipe_send_general(struct pipe *pipe, size_t n, uint32_t outputs, pipe_put_fn *put)
{
	uint32_t accepting = outputs & pipe->accepting;

	for (uint32_t left = accepting; left; left &= left - 1)
		put(pipe, (unsigned)__builtin_ctz(left), pipe->nic.pkts, (unsigned)n);
	pipe_count_lost(pipe, outputs, (unsigned)n);
	if (accepting == outputs)
		pipe_set_single_output(pipe, outputs);
	pipe_end_burst(pipe, n, accepting);
}

/** The usual case: all packets go to one output, where those before went, as they are, and the ring's end is not in
 * sight. */
RING_INLINE void pipe_send_to_single_output(
	struct pipe *pipe, size_t n, uint32_t outputs, pipe_describe_step *describe, pipe_send_fn *general)
{
	const struct pipe_output *output = pipe->single_output;
	struct ring_txq *queue = output->txq;
	uint32_t mask = queue->mask, next = queue->next, slot = next & mask, last_slot = slot + (uint32_t)n - 1;

	if (__builtin_expect((int32_t)last_slot > (int32_t)mask, 0)) {
		general(pipe, n, outputs);
		return;
	}
	if (__builtin_expect(describe(output, &queue->ring[slot], pipe->nic.pkts, (unsigned)n) != (unsigned)n, 0)) {
		general(pipe, n, outputs); /* which writes the same descriptors again: the tail has not moved */
		return;
	}
	pipe_hand_over(queue, mask, next + (uint32_t)n);
	pipe_end_burst(pipe, n, outputs);
}

RING_INLINE void pipe_send_all(struct nic_pipe *nic, size_t n, uint32_t outputs, unsigned width,
	pipe_describe_step *wide, pipe_send_fn *rest, pipe_send_fn *general)
{
	struct pipe *pipe = (struct pipe *)nic;

	if (__builtin_expect(outputs != pipe->single_mask, 0))
		general(pipe, n, outputs);
	else if (n % width == 0)
		pipe_send_to_single_output(pipe, n, outputs, wide, general);
	else
		rest(pipe, n, outputs);
}

/** Packets that go different ways: per output, those that go there. */
RING_INLINE void pipe_send_apart(struct nic_pipe *nic, size_t n, pipe_select_step *select, pipe_put_fn *put)
{
	struct pipe *pipe = (struct pipe *)nic;
	struct pkt selected[NIC_PIPE_BURST + 4] __attribute__((aligned(64)));
	uint32_t outputs = 0;

	for (unsigned i = 0; i < n; i++) {
		outputs |= nic->targets[i];
		pipe_count_lost(pipe, nic->targets[i], 1);
	}
	outputs &= pipe->accepting;
	for (uint32_t left = outputs; left; left &= left - 1) {
		unsigned index = (unsigned)__builtin_ctz(left);

		put(pipe, index, selected, select(selected, nic->pkts, nic->targets, (unsigned)n, index));
	}
	pipe_end_burst(pipe, n, outputs);
}

/**
 * Defines pipe_SET, and its functions with names that tell them from those of other instruction sets.
 * @param receive, describe  the steps for any number of packets
 * @param receive_wide, describe_wide  the same for multiples of `width` packets, not 0; receive_wide gets more than
 * NIC_PIPE_BURST, and stops there
 */
#define PIPE_BURSTS(SET, width, receive_wide, receive, describe_wide, describe, same, select, rearm)                   \
	static RING_OUT_OF_LINE unsigned pipe_receive_general_##SET(struct pipe *pipe, unsigned n)                     \
	{                                                                                                              \
		return pipe_receive_general(pipe, n, receive);                                                         \
	}                                                                                                              \
	static RING_OUT_OF_LINE unsigned pipe_receive_more_##SET(struct pipe *pipe, unsigned n, unsigned got)          \
	{                                                                                                              \
		return pipe_receive_more(pipe, n, got, receive, pipe_receive_general_##SET);                           \
	}                                                                                                              \
	static unsigned pipe_receive_##SET(struct nic_pipe *nic, unsigned n)                                           \
	{                                                                                                              \
		return pipe_receive(nic, n, width, receive_wide, pipe_receive_more_##SET, pipe_receive_general_##SET); \
	}                                                                                                              \
	static RING_OUT_OF_LINE void pipe_put_##SET(struct pipe *pipe, unsigned index, struct pkt *pkts, unsigned n)   \
	{                                                                                                              \
		pipe_put(pipe, index, pkts, n, describe);                                                              \
	}                                                                                                              \
	static RING_OUT_OF_LINE void pipe_send_general_##SET(struct pipe *pipe, size_t n, uint32_t outputs)            \
	{                                                                                                              \
		pipe_send_general(pipe, n, outputs, pipe_put_##SET);                                                   \
	}                                                                                                              \
	static RING_OUT_OF_LINE void pipe_send_rest_##SET(struct pipe *pipe, size_t n, uint32_t outputs)               \
	{                                                                                                              \
		pipe_send_to_single_output(pipe, n, outputs, describe, pipe_send_general_##SET);                       \
	}                                                                                                              \
	static void pipe_send_all_##SET(struct nic_pipe *nic, size_t n, uint32_t outputs)                              \
	{                                                                                                              \
		pipe_send_all(nic, n, outputs, width, describe_wide, pipe_send_rest_##SET, pipe_send_general_##SET);   \
	}                                                                                                              \
	static RING_OUT_OF_LINE void pipe_send_apart_##SET(struct nic_pipe *nic, size_t n)                             \
	{                                                                                                              \
		pipe_send_apart(nic, n, select, pipe_put_##SET);                                                       \
	}                                                                                                              \
	static void pipe_send_each_##SET(struct nic_pipe *nic, size_t n)                                               \
	{                                                                                                              \
		if (same(nic->targets, (unsigned)n))                                                                   \
			pipe_send_all_##SET(nic, n, nic->targets[0]);                                                  \
		else                                                                                                   \
			pipe_send_apart_##SET(nic, n);                                                                 \
	}                                                                                                              \
	static void pipe_rearm_##SET(                                                                                  \
		struct ring_descriptor *ring, const struct ring_descriptor *init, unsigned n, uint64_t iova_offset)    \
	{                                                                                                              \
		rearm(ring, init, n, iova_offset);                                                                     \
	}                                                                                                              \
	const struct pipe_simd pipe_##SET = {{pipe_receive_##SET, pipe_receive_single, pipe_send_all_##SET,            \
						     pipe_send_single, pipe_send_each_##SET},                          \
		pipe_rearm_##SET}

#endif
