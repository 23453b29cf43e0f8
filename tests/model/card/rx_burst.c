/* SPDX-License-Identifier: BSD-2-Clause
 * Ordinary frames arriving in bursts: first all find their places, then they are written, then their descriptors. What
 * sources send again and again is judged and counted once: a run. */
#include "queue.h"
#include "rx.h"

#include <string.h>

/** Neighbouring frames of a burst that are the same one again. */
struct run {
	const uint8_t *from;
	uint32_t len;
	unsigned frames;
	struct descriptor done; /* what is written back */
};

/** Frames that have found their places; nothing is written yet. */
struct burst {
	struct descriptor *slot[MODEL_BURST];
	uint8_t *to[MODEL_BURST];
	struct run run[MODEL_BURST];
	struct queue *opened[MODEL_BURST];
	unsigned frames, runs, queues;
	struct tally tally;
};

/** In loopback a frame comes from the client's memory, too, which may be what it goes to. */
static void put_frames(uint8_t *const *to, unsigned n, const uint8_t *from, uint32_t bytes)
{
	uint8_t small[64];

	if (bytes == 60) {
		memcpy(small, from, 60);
		for (unsigned i = 0; i < n; i++)
			memcpy(to[i], small, 60);
	} else if (bytes == 64) {
		memcpy(small, from, 64);
		for (unsigned i = 0; i < n; i++)
			memcpy(to[i], small, 64);
	} else {
		for (unsigned i = 0; i < n; i++)
			memmove(to[i], from, bytes);
	}
}

/** Frames of a run get their queue's next descriptors. @return how many; the next is not ordinary, or finds none. */
static inline unsigned place_run(struct model *m, struct queue *q, const struct model_frame *f, unsigned most,
	const struct judgement *judged, struct burst *b)
{
	const uint32_t size = q->size, len = judged->len;
	uint8_t **to = b->to + b->frames;
	struct descriptor **slot = b->slot + b->frames;
	uint32_t head = q->head;
	unsigned n = 0;

	if (unlikely(!q->linear || !q->advanced || len > q->buffer_bytes || (q->vlan_strip && judged->parsed.tagged)))
		return 0;
	for (most = most < q->available ? most : q->available; n < most; n++) {
		struct descriptor *d = q->linear + head;
		uint64_t address = __atomic_load_n(&d->q0, __ATOMIC_RELAXED);
		uint8_t *at = dma_at(m, &q->buffers, address, len, true);

		if (unlikely(!at))
			break;
		__builtin_prefetch(at, 1);
		to[n] = at;
		slot[n] = d;
		head = head + 1 == size ? 0 : head + 1;
	}
	b->run[b->runs++] = (struct run){
		.from = f->data,
		.len = len,
		.frames = n,
		.done = {judged->parsed.q0, judged->parsed.q1 | RXD_DD | RXD_EOP | (uint64_t)len << 32},
	};
	b->frames += n;
	q->head = head;
	q->available -= n;
	q->received += n;
	q->received_bytes += n * len; /* by DMA: the FCS is stripped */
	model_rx_tally(&b->tally, judged, n);
	return n;
}

/** Writes the descriptors of a run; DD last in each. */
static inline void write_back(struct model *m, struct descriptor *const *slot, const struct run *run)
{
	const bool tampered = m->tamper_count;

	for (unsigned i = 0; i < run->frames; i++) {
		struct descriptor d = run->done;

		if (unlikely(tampered))
			model_rx_tamper(m, &d);
		__atomic_store_n(&slot[i]->q0, d.q0, __ATOMIC_RELAXED);
		__atomic_store_n(&slot[i]->q1, d.q1, __ATOMIC_RELEASE);
	}
}

/** Writes frames, then descriptors, and counts. */
static void write_burst(struct model *m, struct burst *b)
{
	for (unsigned r = 0, at = 0; r < b->runs; at += b->run[r++].frames)
		put_frames(b->to + at, b->run[r].frames, b->run[r].from, b->run[r].len);
	/* All of the burst at once, so that whole cache lines of descriptors come back. */
	for (unsigned r = 0, at = 0; r < b->runs; at += b->run[r++].frames)
		write_back(m, b->slot + at, &b->run[r]);
	for (unsigned j = 0; j < b->queues; j++)
		model_rx_close_queue(m, b->opened[j], false);
	model_count_received(m, &b->tally);
	reg_add(m, IXGBE_TPR, b->tally.frames);
	wide_add(m, WIDE_TOR, b->tally.bytes);
	fate_met(m, MODEL_RECEIVED, b->frames, b->tally.bytes - 4ull * b->frames);
}

/** How many of n frames, one at least, are the first one again. */
static unsigned run_length(const struct model_frame *frames, unsigned n)
{
	const uint8_t *data = frames->data;
	const uint32_t len = frames->len;
	unsigned count = 1;

	while (count < n && frames[count].data == data && frames[count].len == len && !frames[count].bad_crc)
		count++;
	return count;
}

unsigned model_rx_burst(struct model *m, const struct model_frame *frames, unsigned n, bool *starved)
{
	struct burst burst;
	struct judgement judged;
	unsigned i, count;

	burst.frames = burst.runs = burst.queues = 0;
	burst.tally = (struct tally){0};
	for (i = 0; i < n && !frames[i].bad_crc && !control_frame(&frames[i]); i += count) {
		count = run_length(frames + i, n - i);
		model_rx_judge(m, &frames[i], &judged);
		if (unlikely(judged.length_erred))
			break;
		if (unlikely(!judged.accepted)) {
			for (unsigned k = 0; k < count; k++)
				model_rx_reject(m, &judged);
			continue;
		}

		struct queue *q = &m->rx[judged.parsed.queue];
		if (unlikely(!q->enabled)) {
			for (unsigned k = 0; k < count; k++)
				model_rx_queue_off(m, q, &judged);
			continue;
		}
		if (!q->in_burst) {
			model_rx_open_queue(m, q);
			burst.opened[burst.queues++] = q;
		}
		unsigned placed = place_run(m, q, &frames[i], count, &judged, &burst);
		if (likely(placed == count))
			continue;
		if (!q->available && q->drop) {
			for (unsigned k = placed; k < count; k++)
				model_rx_drop(m, q, &judged);
			continue;
		}
		i += placed;
		*starved = !q->available && q->linear && judged.len <= q->buffer_bytes;
		break;
	}
	write_burst(m, &burst);
	return i;
}
