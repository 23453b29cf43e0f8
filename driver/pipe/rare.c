/* SPDX-License-Identifier: BSD-2-Clause
 * What the bursts of a pipe do out of line: looking after slots when nothing came, and what is rare: bad and exactly
 * full descriptors, too short and impossible packets, another output than before, packets that go nowhere. */
#include "rare.h"

#include "../../mempool/pool.h"
#include "../ring/rx.h"
#include "slots.h"

#include <string.h>

/* ---- Receive ---- */

void pipe_set_fast_until(struct pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;
	uint32_t ring_end = (queue->next | queue->mask) + 1, given_end = queue->refill_next + queue->mask;
	uint32_t until = (int32_t)(ring_end - given_end) < 0 ? ring_end : given_end;

	pipe->fast_until = pipe->skipping ? queue->next : until;
}

/* A bad descriptor, or one of a frame of several, which a pipe cannot send in one piece. */
static void drop_descriptor(struct pipe *pipe, bool ends_frame)
{
	struct ring_rxq *queue = pipe->rxq;

	queue->next++;
	pipe->skipping = !ends_frame;
	ring_count(&queue->bad_descriptors, 1);
	ring_count(&queue->bad_packets, ends_frame);
	if (queue->next == pipe->batch_end)
		pipe_end_batch(pipe, 0);
	pipe_set_fast_until(pipe);
}

/* Nothing came. */
static void look_after_slots(struct pipe *pipe)
{
	const struct ring_rxq *queue = pipe->rxq;

	if (queue->next - queue->refill_next >= RING_BATCH || pipe->blocked)
		pipe_reclaim(pipe);
	if (queue->next - queue->refill_next > queue->mask / 2)
		pipe_look_for_stall(pipe);
}

unsigned pipe_receive_rare(struct pipe *pipe)
{
	const struct ring_rx_format *format = pipe->rx.ring;
	struct ring_rxq *queue = pipe->rxq;
	uint32_t slot = queue->next & queue->mask, given = queue->refill_next + queue->mask - queue->next;
	const struct ring_descriptor *descriptor = &queue->ring[slot];
	uint64_t q1 = given ? ring_rx_status(descriptor) : 0;

	if (!(q1 & format->dd)) {
		look_after_slots(pipe);
		return 0;
	}
	if (!pipe->skipping && (q1 & pipe->rx.checked) == pipe->rx.whole)
		return PIPE_LOOK_AGAIN; /* it was not there yet when the run ended before it */
	if (!pipe->skipping && (q1 & format->eop) && !(q1 & format->errors) &&
		ring_rx_length(format, q1) == PKT_DATA_BYTES) {
		/* exactly full: an ordinary packet, which the fast comparison cannot tell from longer ones */
		ring_rx_hand_out(format, &pipe->nic.pkts[0], descriptor, queue->buffers[slot], PKT_DATA_BYTES);
		return 1;
	}
	drop_descriptor(pipe, q1 & format->eop);
	return PIPE_LOOK_AGAIN;
}

/* ---- Send ---- */

bool pipe_pad(struct pipe *pipe, const struct pipe_output *output, struct pkt *pkt)
{
	const struct pkt_pool *pool = pipe->rxq->pool;
	uint64_t offset = (uint64_t)pkt->data - (uint64_t)pool->base;

	if (pkt->flags || !pkt->len || pkt->len > output->frame_min + output->excess_max[PIPE_LENGTH_DWORD] ||
		(offset & pool->outside_mask)) {
		ring_count(&pipe->bad, 1);
		return false;
	}
	uint8_t *room = pkt_default_data(pool, offset), *before = pkt->data, *from = before;

	/* its own buffer may end behind it: then the padding moves the frame forward */
	if (from + output->frame_min > room + PKT_DATA_BYTES)
		from = room + PKT_DATA_BYTES - output->frame_min;
	memmove(from, before, pkt->len);
	memset(from + pkt->len, 0, output->frame_min - pkt->len);
	pkt->data = from;
	pkt->len = (uint16_t)output->frame_min;
	/* where packets go different ways this is a copy: the next output must not look for the frame where it was */
	for (unsigned i = 0; i < NIC_PIPE_BURST; i++)
		if (pipe->nic.pkts[i].data == before)
			pipe->nic.pkts[i] = *pkt;
	return true;
}

void pipe_set_single_output(struct pipe *pipe, uint32_t mask)
{
	struct pipe_output *output;

	/* nowhere, several, or one that has nothing of this batch, whose last report might be none of its own */
	if (mask & (mask - 1) || !(mask & pipe->batch_outputs) || pipe->blocked)
		return;
	output = &pipe->outputs[__builtin_ctz(mask)];
	if (output->txq->tail == &output->txq->tail_register.trapped)
		return;
	pipe->single_mask = mask;
	pipe->single_output = output;
}

void pipe_count_lost(struct pipe *pipe, uint32_t outputs, unsigned n)
{
	outputs &= (uint32_t)((UINT64_C(1) << pipe->output_count) - 1);
	if (!outputs)
		ring_count(&pipe->dropped, n);
	else if (outputs & ~pipe->accepting)
		ring_count(
			&pipe->blocked_copies, (uint64_t)n * (unsigned)__builtin_popcount(outputs & ~pipe->accepting));
}
