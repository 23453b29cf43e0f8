/* SPDX-License-Identifier: BSD-2-Clause
 * A pipe's life: opening, giving finished receive slots back, outputs that hang, and the end. How slots are shared is
 * told in pipe.h. */
#include "../clock.h"
#include "state.h"

#include "../../mempool/cache.h"
#include "../../mempool/hot.h"
#include "../../vfio/error.h"
#include "../ixgbe/ixgbe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BIT(index) (UINT32_C(1) << (index))

static struct ring_txq no_queue;
struct ixgbe_pipe_output ixgbe_pipe_nowhere = {.txq = &no_queue};

static void forget_usual(struct ixgbe_pipe *pipe)
{
	pipe->usual = 0;
	pipe->output = &ixgbe_pipe_nowhere;
}

/* ---- Finished batches ---- */

/* The descriptor in front of `report` is the last one of a burst, and asked for a report. In a ring that several pipes
 * feed, others may have gone all around it since, which they can when it was sent only. */
static inline bool sent(const struct ring_txq *queue, uint32_t report)
{
	const uint64_t *status = &queue->ring[(report - 1) & queue->mask].q1;

	return __builtin_expect(__atomic_load_n(status, __ATOMIC_ACQUIRE) & IXGBE_TX_DD, IXGBE_TX_DD) ||
	       queue->next - report > queue->mask;
}

static inline unsigned batch_of(const struct ixgbe_pipe *pipe, uint32_t slot)
{
	return (slot & pipe->rxq->mask) / RING_BATCH;
}

/* Which of these outputs have not sent what they have of a batch yet. */
static inline uint32_t unsent(const struct ixgbe_pipe *pipe, uint32_t outputs, unsigned batch)
{
	uint32_t waiting = outputs;

	for (; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs);

		if (sent(pipe->outputs[index].txq, pipe->outputs[index].report[batch]))
			waiting &= ~BIT(index);
	}
	return waiting;
}

static uint32_t unsent_stranded(const struct ixgbe_pipe *pipe, const struct ixgbe_stranded *s)
{
	uint32_t waiting = s->waiting;

	for (uint32_t outputs = waiting; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs);

		if (sent(pipe->outputs[index].txq, s->report[index]))
			waiting &= ~BIT(index);
	}
	return waiting;
}

/* Slots [first, first + n), of one batch, leave the ring with their buffers: the batch's outputs are not done with
 * them. */
static void strand(struct ixgbe_pipe *pipe, uint32_t first, unsigned n)
{
	unsigned batch = batch_of(pipe, first);
	struct ixgbe_stranded *s = &pipe->stranded[pipe->stranded_count++];

	s->waiting = pipe->used[batch];
	s->count = n;
	memcpy(s->buffers, &pipe->rxq->buffers[first & pipe->rxq->mask], n * sizeof(*s->buffers));
	for (uint32_t outputs = s->waiting; outputs; outputs &= outputs - 1) {
		unsigned index = (unsigned)__builtin_ctz(outputs);

		s->report[index] = pipe->outputs[index].report[batch];
	}
	pipe->used[batch] = 0;
}

/* Frees what outputs have sent in the end; and those that have sent everything get packets again. */
static void free_stranded(struct ixgbe_pipe *pipe)
{
	uint32_t still = 0;

	for (unsigned i = 0; i < pipe->stranded_count;) {
		struct ixgbe_stranded *s = &pipe->stranded[i];

		s->waiting = unsent_stranded(pipe, s);
		still |= s->waiting;
		if (s->waiting) {
			i++;
			continue;
		}
		pkt_free_data(s->buffers, s->count);
		*s = pipe->stranded[--pipe->stranded_count];
	}
	if (pipe->rxq)
		for (uint32_t first = pipe->rxq->refill_next; pipe->rxq->next - first >= RING_BATCH;
			first += RING_BATCH)
			still |= pipe->used[batch_of(pipe, first)];
	still |= pipe->touched;
	pipe->live |= pipe->blocked & ~still;
	__atomic_store_n(&pipe->blocked, pipe->blocked & still, __ATOMIC_RELAXED);
}

/* The batch of slots from `first` on waits for blocked outputs only: other buffers take the place of its own. */
static bool replace(struct ixgbe_pipe *pipe, uint32_t first)
{
	struct ring_rxq *queue = pipe->rxq;
	struct pkt_cache *cache = pkt_cache_get(queue->pool);
	uint8_t **fresh = cache ? pkt_cache_take(queue->pool, cache, RING_BATCH) : NULL;

	if (!fresh) {
		ring_count(&queue->pool_empty, 1);
		return false;
	}
	strand(pipe, first, RING_BATCH);
	for (unsigned i = 0; i < RING_BATCH; i++) {
		uint32_t slot = (first + i) & queue->mask;

		queue->buffers[slot] = fresh[i];
		pipe->home[slot].q0 = (uint64_t)fresh[i];
		queue->ring[slot] = (struct ring_descriptor){.q0 = (uint64_t)fresh[i] + queue->iova_offset};
	}
	return true;
}

/* Slots up to `fill` are the card's again. */
static inline void give_back(struct ixgbe_pipe *pipe, struct ring_rxq *queue, uint32_t fill)
{
	queue->refill_next = fill;
	pipe->stall_since_us = 0;
	/* one slot stays back: a tail equal to the head would mean an empty ring */
	__atomic_store_n(queue->tail, (fill - 1) & queue->mask, __ATOMIC_RELEASE);
	if (__builtin_expect(queue->tail == &queue->trapped_tail, 0))
		vfio_write32(queue->window, queue->tail_offset, queue->trapped_tail);
}

/* Gives finished batches back to the card, in every case. */
static __attribute__((noinline)) void reclaim(struct ixgbe_pipe *pipe)
{
	struct ring_rxq *queue = pipe->rxq;
	uint32_t fill = queue->refill_next;

	if (pipe->blocked)
		free_stranded(pipe);
	for (; queue->next - fill >= RING_BATCH; fill += RING_BATCH) {
		unsigned batch = batch_of(pipe, fill);

		pipe->used[batch] = unsent(pipe, pipe->used[batch], batch);
		if (pipe->used[batch] && (pipe->used[batch] & ~pipe->blocked || !replace(pipe, fill)))
			break;
	}
	if (fill != queue->refill_next)
		give_back(pipe, queue, fill);
	if ((int32_t)(fill - pipe->even) > 0)
		pipe->even = fill; /* never left so far behind that it seems to be ahead */
}

/* What the outputs got of the batch in progress becomes what ends it. Packets of other pipes may be behind it in a
 * queue: that's as good.
 */
static void note(struct ixgbe_pipe *pipe, unsigned batch)
{
	pipe->used[batch] = pipe->touched;
	for (uint32_t outputs = pipe->touched; outputs; outputs &= outputs - 1) {
		struct ixgbe_pipe_output *output = &pipe->outputs[__builtin_ctz(outputs)];

		output->report[batch] = output->txq->next;
	}
	pipe->touched = 0;
}

/* Of batches that parted, and while an output is blocked. */
static __attribute__((noinline)) void end_odd_batch(struct ixgbe_pipe *pipe, uint32_t outputs)
{
	uint32_t begun = pipe->rxq->next % RING_BATCH;

	outputs &= pipe->touched; /* not those that were asked for, and got only copies that cannot be sent */
	note(pipe, batch_of(pipe, pipe->rxq->next - RING_BATCH));
	pipe->even = pipe->rxq->next - begun;
	pipe->touched = (begun ? outputs : 0) | pipe->usual;
	pipe->left = (int32_t)(RING_BATCH - 1 - begun);
	reclaim(pipe);
}

void ixgbe_pipe_end_batch(struct ixgbe_pipe *pipe, uint32_t outputs)
{
	struct ixgbe_pipe_output *output = pipe->output;
	struct ring_rxq *queue = pipe->rxq;
	uint32_t end = queue->next & ~(RING_BATCH - 1), usual = pipe->usual;
	unsigned batch = batch_of(pipe, end - RING_BATCH);

	if (__builtin_expect(pipe->touched != usual || !usual, 0)) {
		end_odd_batch(pipe, outputs);
		return;
	}
	output->report[batch] = output->txq->next;
	pipe->used[batch] = usual;
	pipe->left += RING_BATCH;
	if (end - queue->refill_next < pipe->most)
		return;
	end -= pipe->least;
	if (__builtin_expect((int32_t)(queue->refill_next - pipe->even) < 0, 0))
		reclaim(pipe);
	else if (sent(output->txq, output->report[batch_of(pipe, end - RING_BATCH)])) /* and so all before it */
		give_back(pipe, queue, pipe->even = end);
}

/* ---- What hangs ---- */

/* Nothing has come in, and much of the ring is with the outputs. An output that hangs too long is blocked. */
static void look_for_stall(struct ixgbe_pipe *pipe)
{
	uint64_t now = clock_now_us();

	if (!pipe->stall_since_us || pipe->stall_fill != pipe->rxq->refill_next) {
		pipe->stall_since_us = now;
		pipe->stall_fill = pipe->rxq->refill_next;
	} else if (now - pipe->stall_since_us >= ixgbe_times.blocked) {
		uint32_t hanging = pipe->used[batch_of(pipe, pipe->rxq->refill_next)];

		__atomic_store_n(&pipe->blocked, pipe->blocked | hanging, __ATOMIC_RELAXED);
		pipe->live &= ~hanging;
		forget_usual(pipe);
		pipe->stall_since_us = 0;
		reclaim(pipe);
	}
}

uint32_t ixgbe_pipe_limit(struct ixgbe_pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t end = (queue->next | queue->mask) + 1, given = queue->refill_next + queue->mask;

	if (pipe->skipping)
		pipe->limit = queue->next;
	else
		pipe->limit = (int32_t)(end - given) < 0 ? end : given;
	return pipe->limit;
}

static void drop(struct ring_rxq *queue)
{
	uint32_t slot = queue->next++ & queue->mask;

	queue->ring[slot] = (struct ring_descriptor){.q0 = (uint64_t)queue->buffers[slot] + queue->iova_offset};
	ring_count(&queue->bad_descriptors, 1);
}

unsigned ixgbe_pipe_take_odd(struct ixgbe_pipe *pipe, bool *again)
{
	struct ring_rxq *queue = pipe->rxq;
	const struct ring_descriptor *descriptor = &queue->ring[queue->next & queue->mask];
	uint32_t owned = queue->refill_next + queue->mask - queue->next, held = queue->next - queue->refill_next;
	uint64_t q1 = owned ? __atomic_load_n(&descriptor->q1, __ATOMIC_ACQUIRE) : 0;

	*again = false;
	if (!(q1 & IXGBE_RX_DD)) {
		if (held >= RING_BATCH || pipe->blocked)
			reclaim(pipe);
		if (queue->next - queue->refill_next > queue->mask / 2)
			look_for_stall(pipe);
		return 0;
	}
	if ((q1 & IXGBE_RX_DECIDES) == IXGBE_RX_WHOLE_FRAME && !pipe->skipping) {
		*again = true; /* it was not there yet when the run ended before it */
		return 0;
	}
	if ((q1 & IXGBE_RX_EOP) && !(q1 & IXGBE_RX_RXE) && IXGBE_RX_LENGTH(q1) == PKT_DATA_BYTES && !pipe->skipping) {
		/* exactly full: an ordinary packet, which the quick comparison cannot tell from too long ones */
		uint32_t slot = queue->next & queue->mask;

		pipe->nic.pkts[0] = (struct pkt){
			.data = queue->buffers[slot], .len = PKT_DATA_BYTES, .hash = (uint32_t)(descriptor->q0 >> 32)};
		queue->ring[slot] = (struct ring_descriptor){.q0 = (uint64_t)queue->buffers[slot] + queue->iova_offset};
		return 1;
	}
	drop(queue);
	pipe->skipping = !(q1 & IXGBE_RX_EOP);
	ring_count(&queue->bad_packets, !pipe->skipping);
	if (--pipe->left < 0)
		ixgbe_pipe_end_batch(pipe, 0);
	*again = true;
	return 0;
}

bool ixgbe_pipe_mend(struct ixgbe_pipe *pipe, const struct ixgbe_pipe_output *output, struct pkt *pkt)
{
	const struct pkt_pool *pool = pipe->rxq->pool;
	uint64_t offset = (uint64_t)pkt->data - (uint64_t)pool->base;

	if (pkt->flags == 0 && pkt->len > 0 && pkt->len <= output->range[2] + IXGBE_TX_FRAME_MIN &&
		!(offset & pool->outside_mask)) {
		uint8_t *data = pkt_default_data(pool, offset), *was = pkt->data, *from = was;

		/* its own buffer may end behind it: then the padding moves the frame forward */
		if (from + IXGBE_TX_FRAME_MIN > data + PKT_DATA_BYTES)
			from = data + PKT_DATA_BYTES - IXGBE_TX_FRAME_MIN;
		memmove(from, was, pkt->len);
		memset(from + pkt->len, 0, IXGBE_TX_FRAME_MIN - pkt->len);
		pkt->data = from;
		pkt->len = IXGBE_TX_FRAME_MIN;
		/* where packets part this is a copy: the next output is not to look for the frame where it was */
		for (unsigned i = 0; i < NIC_PIPE_BURST; i++)
			if (pipe->nic.pkts[i].data == was)
				pipe->nic.pkts[i] = *pkt;
		return true;
	}
	ring_count(&pipe->bad, 1);
	return false;
}

void ixgbe_pipe_set_usual(struct ixgbe_pipe *pipe, uint32_t to)
{
	struct ixgbe_pipe_output *output;

	/* nowhere, several, or one that has nothing of this batch, whose last report might be none of its own */
	if (to & (to - 1) || !(to & pipe->touched) || pipe->blocked)
		return;
	output = &pipe->outputs[__builtin_ctz(to)];
	if (output->txq->tail == &output->txq->trapped_tail)
		return;
	pipe->usual = to;
	pipe->output = output;
}

void ixgbe_pipe_count_lost(struct ixgbe_pipe *pipe, uint32_t to, unsigned n)
{
	to &= (uint32_t)((UINT64_C(1) << pipe->count) - 1);
	if (!to)
		ring_count(&pipe->dropped, n);
	else if (to & ~pipe->live)
		ring_count(&pipe->blocked_copies, (uint64_t)n * (unsigned)__builtin_popcount(to & ~pipe->live));
}

/* ---- The end ---- */

static void pipe_free(struct ixgbe_pipe *pipe)
{
	if (!pipe)
		return;
	free(pipe->stranded);
	hot_free(pipe->outputs);
	hot_free(pipe->home);
	hot_free(pipe);
}

static void detach(struct ixgbe_pipe_output *output)
{
	struct ixgbe_pipe_output **link = &output->txq->pipes;

	while (*link != output)
		link = &(*link)->next;
	*link = output->next;
	output->txq = NULL;
}

/* Of all held batches and stranded ones: the outputs that have not sent theirs. Forgets those that have. */
static uint32_t unsent_at_all(struct ixgbe_pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t still = 0;

	for (uint32_t first = queue->refill_next; (int32_t)(queue->next - first) > 0; first += RING_BATCH) {
		unsigned batch = batch_of(pipe, first);

		pipe->used[batch] = unsent(pipe, pipe->used[batch], batch);
		still |= pipe->used[batch];
	}
	for (unsigned i = 0; i < pipe->stranded_count; i++) {
		pipe->stranded[i].waiting = unsent_stranded(pipe, &pipe->stranded[i]);
		still |= pipe->stranded[i].waiting;
	}
	return still;
}

/* Bounded; without link nothing ever goes out, and a gone device is not waited for. */
static uint32_t wait_until_sent(struct ixgbe_pipe *pipe)
{
	uint64_t deadline = clock_now_us() + ixgbe_times.drain;

	for (;;) {
		uint32_t still = unsent_at_all(pipe), hopeful = 0;

		for (uint32_t outputs = still; outputs; outputs &= outputs - 1) {
			unsigned index = (unsigned)__builtin_ctz(outputs);

			if (!port_gone(pipe->outputs[index].port))
				hopeful |= BIT(index);
		}
		if (!hopeful || clock_now_us() >= deadline)
			return still;
		clock_sleep_us(50);
	}
}

/* Leaves the receive queue as its bursts know it: no buffers in the slots that the card does not have. */
static void pipe_end(struct ixgbe_pipe *pipe)
{
	struct ring_rxq *queue = pipe->rxq;
	uint32_t still;

	if (queue->next % RING_BATCH)
		note(pipe, batch_of(pipe, queue->next));
	still = wait_until_sent(pipe);
	for (uint32_t first = queue->refill_next; (int32_t)(queue->next - first) > 0; first += RING_BATCH) {
		unsigned n = queue->next - first < RING_BATCH ? queue->next - first : RING_BATCH;

		if (pipe->used[batch_of(pipe, first)])
			strand(pipe, first, n);
		else
			pkt_free_data(&queue->buffers[first & queue->mask], n);
	}
	pipe->ended = true;
	pipe->nic.take = ring_take_nothing;
	free_stranded(pipe);
	for (unsigned i = 0; i < pipe->count; i++)
		if (pipe->outputs[i].txq && !(still & BIT(i)))
			detach(&pipe->outputs[i]);
	queue->pipe = NULL;
	pipe->rxq = NULL;
}

/* A closed pipe lives on while outputs have packets of it. */
static void free_if_done(struct ixgbe_pipe *pipe)
{
	for (unsigned i = 0; i < pipe->count; i++)
		if (pipe->outputs[i].txq)
			return;
	if (pipe->closed)
		pipe_free(pipe);
}

void ixgbe_pipe_input_ends(struct ring_rxq *rxq)
{
	if (rxq->pipe)
		pipe_end((struct ixgbe_pipe *)rxq->pipe);
}

void ixgbe_pipe_output_ended(struct ring_txq *txq)
{
	if (txq->pipe_slots)
		txq->reclaim_next = txq->next; /* its slots hold nothing of its own */
	while (txq->pipes) {
		struct ixgbe_pipe_output *output = txq->pipes;
		struct ixgbe_pipe *pipe = output->pipe;
		uint32_t bit = BIT(output - pipe->outputs);

		detach(output);
		pipe->live &= ~bit;
		pipe->blocked &= ~bit;
		pipe->touched &= ~bit;
		forget_usual(pipe);
		for (unsigned batch = 0; batch < IXGBE_PIPE_BATCHES; batch++)
			pipe->used[batch] &= ~bit;
		for (unsigned i = 0; i < pipe->stranded_count; i++)
			pipe->stranded[i].waiting &= ~bit;
		free_stranded(pipe);
		free_if_done(pipe);
	}
}

static void pipe_close(struct nic_pipe *nic)
{
	struct ixgbe_pipe *pipe = (struct ixgbe_pipe *)nic;

	if (!pipe->ended)
		pipe_end(pipe);
	pipe->closed = true;
	free_if_done(pipe);
}

static void get_stats(const struct nic_pipe *nic, struct nic_pipe_stats *stats)
{
	const struct ixgbe_pipe *pipe = (const struct ixgbe_pipe *)nic;

	*stats = (struct nic_pipe_stats){
		.packets = __atomic_load_n(&pipe->packets, __ATOMIC_RELAXED),
		.dropped = __atomic_load_n(&pipe->dropped, __ATOMIC_RELAXED),
		.blocked = __atomic_load_n(&pipe->blocked_copies, __ATOMIC_RELAXED),
		.bad = __atomic_load_n(&pipe->bad, __ATOMIC_RELAXED),
		.blocked_outputs = __atomic_load_n(&pipe->blocked, __ATOMIC_RELAXED),
	};
}

/* ---- Opening ---- */

static int check_input(struct nic *nic, const struct ring_rxq *queue, unsigned index)
{
	if (queue->pipe)
		return pollux_fail(
			EBUSY, "%s: receive queue %u feeds a pipe already: close that first", nic->info.address, index);
	if (queue->next)
		return pollux_fail(EBUSY,
			"%s: receive queue %u has been used since the port was started: start it again and open the "
			"pipe "
			"before the first burst",
			nic->info.address, index);
	if (nic->config.mtu + FRAME_OVERHEAD_BYTES > PKT_DATA_BYTES)
		return pollux_fail(EINVAL,
			"%s: with an MTU of %u frames may need several buffers, which a pipe does not take: start the "
			"port "
			"with %u at most",
			nic->info.address, nic->config.mtu, PKT_DATA_BYTES - FRAME_OVERHEAD_BYTES);
	return 0;
}

static int check_output(struct nic *nic, const struct ring_txq *queue, unsigned index, uint32_t slots)
{
	if (!queue->pipe_slots && queue->next)
		return pollux_fail(EBUSY,
			"%s: transmit queue %u has been used since the port was started: start it again and open the "
			"pipe "
			"before the first burst",
			nic->info.address, index);
	if (queue->pipe_slots + slots > queue->mask + 1)
		return pollux_fail(EINVAL,
			"%s: a transmit ring of %u is too small for the receive rings of all pipes that were opened on "
			"it since the port "
			"was started, %u together: start the port again if some of these are closed, else with a "
			"larger ring, or the "
			"others with smaller ones",
			nic->info.address, queue->mask + 1, queue->pipe_slots + slots);
	return 0;
}

static struct ixgbe_pipe *pipe_alloc(const struct ring_rxq *rxq, unsigned outputs)
{
	struct ixgbe_pipe *pipe = hot_alloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	pipe->outputs = hot_alloc(outputs * sizeof(*pipe->outputs));
	/* an output that is blocked gets no more until it has sent all: one receive ring each is the most that can
	 * strand */
	pipe->stranded = calloc((size_t)outputs * ((rxq->mask + 1) / RING_BATCH), sizeof(*pipe->stranded));
	pipe->home = hot_alloc((rxq->mask + 1) * sizeof(*pipe->home));
	if (pipe->outputs && pipe->stranded && pipe->home)
		return pipe;
	pipe_free(pipe);
	return NULL;
}

static const struct ixgbe_pipe_bursts *const bursts[] = {
	[PKT_SIMD_SCALAR] = &ixgbe_pipe_scalar,
	[PKT_SIMD_AVX2] = &ixgbe_pipe_avx2,
	[PKT_SIMD_AVX512] = &ixgbe_pipe_avx512,
};

int ixgbe_pipe_open(struct nic_pipe **result, const struct nic_queue *input, const struct nic_queue *outputs,
	unsigned count_outputs)
{
	const struct ixgbe_pipe_bursts *simd = bursts[input->nic->config.simd];
	struct ring_rxq *rxq = input->nic->rings.rxqs[input->index];
	uint32_t slots = rxq->mask + 1;
	int ret = check_input(input->nic, rxq, input->index);

	for (unsigned i = 0; i < count_outputs && !ret; i++)
		ret = check_output(
			outputs[i].nic, outputs[i].nic->rings.txqs[outputs[i].index], outputs[i].index, slots);
	if (ret)
		return ret;
	struct ixgbe_pipe *pipe = pipe_alloc(rxq, count_outputs);
	if (!pipe)
		return pollux_fail(ENOMEM, "%s: no memory for a pipe", input->nic->info.address);
	pipe->rxq = rxq;
	pipe->count = count_outputs;
	pipe->live = (uint32_t)((UINT64_C(1) << count_outputs) - 1);
	pipe->left = RING_BATCH - 1;
	pipe->least = slots / 8 < RING_BATCH ? RING_BATCH : slots / 8;
	pipe->most = slots * 3 / 8 < 2 * RING_BATCH ? 2 * RING_BATCH : slots * 3 / 8;
	forget_usual(pipe);
	pipe->rearm.q0 = rxq->iova_offset;
	for (uint32_t slot = 0; slot < slots; slot++)
		pipe->home[slot] = (struct ring_descriptor){.q0 = (uint64_t)rxq->buffers[slot]};
	for (unsigned i = 0; i < count_outputs; i++) {
		struct ring_txq *txq = outputs[i].nic->rings.txqs[outputs[i].index];
		uint32_t longest = txq->max_frame < PKT_DATA_BYTES ? txq->max_frame : PKT_DATA_BYTES;

		pipe->outputs[i] = (struct ixgbe_pipe_output){.txq = txq,
			.port = outputs[i].nic,
			.pipe = pipe,
			.next = txq->pipes,
			.least = IXGBE_TX_FRAME_MIN,
			.describe = {txq->iova_offset, IXGBE_TX_COMMAND | IXGBE_TX_EOP},
			.range = {UINT32_MAX, UINT32_MAX, longest - IXGBE_TX_FRAME_MIN, UINT32_MAX}};
		for (unsigned k = 0; k < 4; k++)
			pipe->outputs[i].end[k] = pipe->outputs[i].describe;
		pipe->outputs[i].end[3].q1 |= IXGBE_TX_RS;
		txq->pipes = &pipe->outputs[i];
		if (!txq->pipe_slots) { /* else the thread that runs other pipes may be using these */
			txq->fast_until = txq->next;
			txq->nic.burst = ring_tx_nothing;
		}
		txq->pipe_slots += slots;
	}
	rxq->pipe = &pipe->nic;
	rxq->nic.burst = ring_rx_nothing;
	pipe->nic.take = simd->take;
	pipe->nic.send = simd->send;
	pipe->nic.part = simd->part;
	pipe->nic.close = pipe_close;
	pipe->nic.get_stats = get_stats;
	*result = &pipe->nic;
	return 0;
}
