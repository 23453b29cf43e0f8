/* SPDX-License-Identifier: BSD-2-Clause
 * The public API of pipes: opening, which is mostly checks; counters; runs by a function pointer; and how pipes end:
 * they are closed, or a port of theirs is stopped, in any order. Running inline is in pipe_inline.h, the pipe itself in
 * pipe/. */
#include "../mempool/cache.h"
#include "../mempool/hot.h"
#include "../vfio/error.h"
#include "access.h"
#include "clock.h"
#include "pipe/slots.h"
#include "ring/rx.h"
#include "ring/tx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- What is refused ---- */

static int check_queue(const struct nic_queue *queue, const char *what, bool receive)
{
	struct nic *nic = queue->nic;
	if (!nic)
		return pollux_fail(EINVAL, "nic_pipe_open: the %s has no port", what);
	if (!nic->started)
		return fail_port(nic, EINVAL, "the port is not started: start it before opening a pipe");
	if (port_gone(nic)) {
		rings_silence(nic);
		return fail_gone(nic);
	}
	unsigned count = receive ? nic->config.rx_queues : nic->config.tx_queues;
	if (queue->index >= count)
		return fail_port(nic, EINVAL, "%s queue %u, but the port was started with %u",
			receive ? "receive" : "transmit", queue->index, count);
	if ((receive ? nic->queues.rx : nic->queues.tx)[queue->index].stopped)
		return fail_port(nic, EBUSY, "%s queue %u is stopped: start it first (%s)",
			receive ? "receive" : "transmit", queue->index, receive ? "nic_set_rxq" : "nic_set_txq");
	return 0;
}

static int fail_used(const struct nic_queue *queue, const char *what)
{
	return fail_port(queue->nic, EBUSY,
		"%s queue %u has been used since the port was started: start it again and open the pipe before the "
		"first burst",
		what, queue->index);
}

static int check_input(const struct nic_queue *input)
{
	int ret = check_queue(input, "input", true);
	if (ret)
		return ret;
	const struct nic *nic = input->nic;
	const struct ring_rxq *rxq = nic->rings.rxqs[input->index];
	if (rxq->pipe)
		return fail_port(nic, EBUSY, "receive queue %u feeds a pipe already: close that first", input->index);
	if (rxq->next)
		return fail_used(input, "receive");
	if (nic->config.offloads & NIC_RX_VLAN_STRIP)
		return fail_port(nic, EINVAL, "a pipe would lose VLAN tags: start its input without NIC_RX_VLAN_STRIP");
	if (pkt_pool_data_bytes(rxq->pool) != PKT_DATA_BYTES)
		return fail_port(nic, EINVAL,
			"the port's pool has buffers for %u bytes, but a pipe takes those for %u: give the port a pool "
			"of pkt_pool_open",
			pkt_pool_data_bytes(rxq->pool), PKT_DATA_BYTES);
	if (nic->config.mtu + FRAME_OVERHEAD_BYTES > PKT_DATA_BYTES)
		return fail_port(nic, EINVAL,
			"with an MTU of %u frames may need several buffers, which a pipe does not take: start the port "
			"with %u at most",
			nic->config.mtu, PKT_DATA_BYTES - FRAME_OVERHEAD_BYTES);
	return 0;
}

static int check_output(const struct nic_queue *output, const struct nic_queue *input)
{
	int ret = check_queue(output, "output", false);
	if (ret)
		return ret;
	const struct nic *nic = output->nic;
	const struct ring_txq *txq = nic->rings.txqs[output->index];
	uint32_t slots = txq->pipe_slots + input->nic->config.rx_ring;
	if (nic->device->space != input->nic->device->space)
		return pollux_fail(EINVAL, "%s and %s: the ports lie in different DMA spaces: open them with the same",
			input->nic->info.address, nic->info.address);
	if (!txq->pipe_slots && txq->next)
		return fail_used(output, "transmit");
	if (slots > txq->mask + 1)
		return fail_port(nic, EINVAL,
			"a transmit ring of %u is too small for the receive rings of all pipes that were opened on it "
			"since the port was started, %u together: start the port again if some of these are closed, "
			"else with a larger ring, or the others with smaller ones",
			txq->mask + 1, slots);
	return 0;
}

static int check_twice(const struct nic_queue *outputs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = 0; k < i; k++)
			if (outputs[k].nic == outputs[i].nic && outputs[k].index == outputs[i].index)
				return fail_port(
					outputs[i].nic, EINVAL, "transmit queue %u is given twice", outputs[i].index);
	return 0;
}

/* ---- Opening ---- */

static void pipe_free(struct pipe *pipe)
{
	free(pipe->stranded);
	hot_free(pipe->outputs);
	hot_free(pipe->slot_init);
	hot_free(pipe->batches);
	hot_free(pipe);
}

static struct pipe *pipe_alloc(uint32_t slots, unsigned outputs)
{
	struct pipe *pipe = hot_alloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	pipe->output_count = outputs;
	pipe->batch_count = slots / RING_BATCH;
	pipe->outputs = hot_alloc(outputs * sizeof(*pipe->outputs));
	pipe->batches = hot_alloc(pipe->batch_count * sizeof(*pipe->batches));
	pipe->slot_init = hot_alloc(slots * sizeof(*pipe->slot_init));
	/* a blocked output gets no more until it has sent all: one receive ring each is the most that can strand */
	pipe->stranded = calloc((size_t)outputs * pipe->batch_count, sizeof(*pipe->stranded));
	if (pipe->outputs && pipe->batches && pipe->slot_init && pipe->stranded)
		return pipe;
	pipe_free(pipe);
	return NULL;
}

/* The instruction set is the receiving port's. */
static const struct pipe_simd *simd_of(const struct nic *nic)
{
	static const struct pipe_simd *const sets[] = {
		[PKT_SIMD_SCALAR] = &pipe_scalar, [PKT_SIMD_AVX2] = &pipe_avx2, [PKT_SIMD_AVX512] = &pipe_avx512};

	return sets[nic->info.simd];
}

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

/* What a receive queue's `silence` is while it feeds a pipe: the pipe receives nothing from now on. */
static void pipe_silence(struct ring_rxq *rxq)
{
	__atomic_store_n(&rxq->pipe->nic.bursts.receive, receive_nothing, __ATOMIC_RELAXED);
	__atomic_store_n(&rxq->pipe->nic.bursts.receive_one, receive_no_one, __ATOMIC_RELAXED);
}

static void take_input(struct pipe *pipe, struct ring_rxq *rxq)
{
	const struct ring_rx_format *format = rxq->format;
	uint32_t slots = rxq->mask + 1;

	pipe->rxq = rxq;
	pipe->rx = (struct pipe_rx_format){.checked = ring_rx_deciding_bits(format),
		.whole = format->dd | format->eop,
		.length_shift = format->length_shift,
		.hash_mask = format->hash ? UINT32_MAX : 0,
		.ring = format};
	pipe->batch_end = RING_BATCH;
	for (uint32_t slot = 0; slot < slots; slot++)
		pipe->slot_init[slot] = (struct ring_descriptor){.q0 = (uint64_t)rxq->buffers[slot]};
	pipe->reclaim_at = slots * 3 / 8 < 2 * RING_BATCH ? 2 * RING_BATCH : slots * 3 / 8;
	pipe->reclaim_keep = slots / 8 < RING_BATCH ? RING_BATCH : slots / 8;
	pipe_forget_single_output(pipe);
	rxq->pipe = pipe;
	rxq->silence = pipe_silence;
	rxq->nic.burst = ring_rx_nothing;
}

/* The shortest frame that every output sends as it is. What one has to pad is the same frame for the others then,
 * which may have been given it already. */
static uint32_t frame_min_of_all(const struct nic_queue *outputs, unsigned count)
{
	uint32_t frame_min = 0;

	for (unsigned i = 0; i < count; i++) {
		uint32_t own = outputs[i].nic->rings.txqs[outputs[i].index]->format->frame_min;

		frame_min = own > frame_min ? own : frame_min;
	}
	return frame_min;
}

static void take_output(
	struct pipe *pipe, struct pipe_output *output, const struct nic_queue *queue, uint32_t frame_min)
{
	static const uint8_t one_length[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255},
			     both_lengths[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 8, 9, 255, 255};
	struct ring_txq *txq = queue->nic->rings.txqs[queue->index];
	const struct ring_tx_format *format = txq->format;

	*output = (struct pipe_output){.txq = txq,
		.length_factor = format->length_factor,
		.command = {txq->iova_offset, format->command | RING_TX_EOP},
		.frame_min = frame_min,
		.excess_max = {UINT32_MAX, UINT32_MAX, txq->excess_max + format->frame_min - frame_min, UINT32_MAX},
		.port = queue->nic,
		.pipe = pipe,
		.next = txq->pipe_outputs};
	memcpy(output->length_places, format->length_factor == 1 ? one_length : both_lengths, 16);
	for (unsigned k = 0; k < 4; k++)
		output->last_commands[k] = output->command;
	output->last_commands[3].q1 |= RING_TX_RS;
	txq->pipe_outputs = output;
	if (!txq->pipe_slots) /* else the thread that runs other pipes may be using it */
		txq->nic.burst = ring_tx_nothing;
	txq->pipe_slots += pipe->rxq->mask + 1;
}

int nic_pipe_open(
	struct nic_pipe **result, const struct nic_queue *input, const struct nic_queue *outputs, unsigned count)
{
	if (!result)
		return pollux_fail(EINVAL, "nic_pipe_open: no place to store the pipe");
	*result = NULL;
	if (!input || !outputs || count == 0 || count > NIC_PIPE_OUTPUTS)
		return pollux_fail(EINVAL, "nic_pipe_open: give one input and 1 to %u outputs", NIC_PIPE_OUTPUTS);
	int ret = check_input(input);
	for (unsigned i = 0; i < count && !ret; i++)
		ret = check_output(&outputs[i], input);
	if (!ret)
		ret = check_twice(outputs, count);
	if (ret)
		return ret;
	struct ring_rxq *rxq = input->nic->rings.rxqs[input->index];
	struct pipe *pipe = pipe_alloc(rxq->mask + 1, count);
	if (!pipe)
		return fail_port(input->nic, ENOMEM, "no memory for a pipe");
	pipe->simd = simd_of(input->nic);
	pipe->nic.bursts = pipe->simd->bursts;
	take_input(pipe, rxq);
	uint32_t frame_min = frame_min_of_all(outputs, count);
	for (unsigned i = 0; i < count; i++)
		take_output(pipe, &pipe->outputs[i], &outputs[i], frame_min);
	pipe->accepting = (uint32_t)((UINT64_C(1) << count) - 1);
	*result = &pipe->nic;
	return 0;
}

/* ---- Running ---- */

unsigned nic_pipe_call(struct nic_pipe *pipe, unsigned n, nic_pipe_function *function, void *context)
{
	return nic_pipe_run(pipe, n, function, context);
}

void nic_pipe_get_stats(const struct nic_pipe *nic, struct nic_pipe_stats *stats)
{
	const struct pipe *pipe = (const struct pipe *)nic;

	*stats = (struct nic_pipe_stats){
		.packets = __atomic_load_n(&pipe->packets, __ATOMIC_RELAXED),
		.dropped = __atomic_load_n(&pipe->dropped, __ATOMIC_RELAXED),
		.blocked = __atomic_load_n(&pipe->blocked_copies, __ATOMIC_RELAXED),
		.bad = __atomic_load_n(&pipe->bad, __ATOMIC_RELAXED),
		.blocked_outputs = __atomic_load_n(&pipe->blocked, __ATOMIC_RELAXED),
	};
}

/* ---- The end: no buffer is given to anybody while a card may still read it ---- */

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
