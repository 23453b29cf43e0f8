/* SPDX-License-Identifier: BSD-2-Clause
 * The transmit packet buffer: 160 KiB of frames that were fetched, and reported done, while the link was down. They go
 * out first when it comes; a reset or a flush loses them. */
#include "tx_buffer.h"

#include <stdlib.h>
#include <string.h>

/** What stands before each frame in the buffer. */
struct kept {
	uint32_t len, queue;
};

bool model_tx_buffer_open(struct model *m)
{
	m->tx_buffer.bytes = malloc(MODEL_TX_BUFFER_BYTES);
	return m->tx_buffer.bytes;
}

void model_tx_buffer_close(struct model *m)
{
	free(m->tx_buffer.bytes);
}

static struct kept kept_at(const struct model *m, uint32_t at)
{
	struct kept kept;

	memcpy(&kept, m->tx_buffer.bytes + at, sizeof(kept));
	return kept;
}

unsigned model_tx_buffer_keep(struct model *m, const struct queue *q, const struct model_frame *frames, unsigned n)
{
	struct tx_buffer *b = &m->tx_buffer;
	unsigned i;

	memmove(b->bytes, b->bytes + b->begin, b->end - b->begin);
	b->end -= b->begin;
	b->begin = 0;
	for (i = 0; i < n; i++) {
		struct kept kept = {frames[i].len, q->index};

		if (b->end + sizeof(kept) + kept.len > MODEL_TX_BUFFER_BYTES)
			break;
		memcpy(b->bytes + b->end, &kept, sizeof(kept));
		memcpy(b->bytes + b->end + sizeof(kept), frames[i].data, kept.len);
		b->end += (uint32_t)sizeof(kept) + kept.len;
	}
	return i;
}

unsigned model_tx_buffer_peek(struct model *m, struct model_frame *frames, unsigned n)
{
	const struct tx_buffer *b = &m->tx_buffer;
	unsigned i = 0;

	for (uint32_t at = b->begin; i < n && at < b->end; i++) {
		struct kept kept = kept_at(m, at);

		frames[i] = (struct model_frame){.data = b->bytes + at + sizeof(kept), .len = kept.len};
		at += (uint32_t)sizeof(kept) + kept.len;
	}
	return i;
}

void model_tx_buffer_pop(struct model *m, unsigned n)
{
	for (; n; n--)
		m->tx_buffer.begin += (uint32_t)sizeof(struct kept) + kept_at(m, m->tx_buffer.begin).len;
}

/** Keeps the frames of other queues than q, or of none. */
static void drop(struct model *m, const struct queue *q)
{
	struct tx_buffer *b = &m->tx_buffer;
	uint32_t to = b->begin;

	for (uint32_t at = b->begin, bytes; at < b->end; at += bytes) {
		struct kept kept = kept_at(m, at);

		bytes = (uint32_t)sizeof(kept) + kept.len;
		if (!q || kept.queue == q->index) {
			m->tx_lost++;
			continue;
		}
		memmove(b->bytes + to, b->bytes + at, bytes);
		to += bytes;
	}
	b->end = to;
}

void model_tx_buffer_flush(struct model *m, const struct queue *q)
{
	drop(m, q);
}

void model_tx_buffer_clear(struct model *m)
{
	drop(m, NULL);
}

uint64_t model_tx_lost(const struct model *m)
{
	return m->tx_lost;
}
