/* SPDX-License-Identifier: BSD-2-Clause
 * The receive packet buffer: a ring of frames, and a ring of bytes for those that are copied. */
#include "fifo.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES (MODEL_FIFO_BYTES / 64) /* a status and a byte or more each */

/* A copy takes no more than the buffer counts for it, and what is skipped where the ring ends is less than one frame;
 * so the newest never reaches the oldest. */
#define STORE_BYTES (MODEL_FIFO_BYTES + 2 * MODEL_FRAME_MAX)

struct fifo {
	uint64_t head, tail; /* oldest, next free; they count on, and wrap by modulus */
	uint64_t bytes;
	uint32_t store_at;
	struct model_frame frames[FRAMES];
	uint8_t store[STORE_BYTES];
};

/** A frame begins at a multiple of 32 bytes, and has 32 bytes of status (X550 DS 3.7.4.3.3, doubt M33). Its FCS is
 * stripped. */
uint32_t fifo_frame_bytes(uint32_t len)
{
	return (len / 32 + (len % 32 || !len)) * 32 + 32;
}

struct fifo *fifo_open(void)
{
	return calloc(1, sizeof(struct fifo));
}

void fifo_close(struct fifo *fifo)
{
	free(fifo);
}

bool fifo_fits(const struct fifo *fifo, uint32_t len, uint32_t size)
{
	return fifo->bytes + fifo_frame_bytes(len) <= (size < MODEL_FIFO_BYTES ? size : MODEL_FIFO_BYTES);
}

void fifo_push(struct fifo *fifo, const struct model_frame *frame, bool copy)
{
	struct model_frame *slot = &fifo->frames[fifo->tail % FRAMES];
	*slot = *frame;
	if (copy) {
		if (fifo->store_at + frame->len > STORE_BYTES)
			fifo->store_at = 0;
		slot->data = memcpy(fifo->store + fifo->store_at, frame->data, frame->len);
		fifo->store_at += frame->len;
	}
	fifo->tail++;
	fifo->bytes += fifo_frame_bytes(frame->len);
}

unsigned fifo_peek(const struct fifo *fifo, const struct model_frame **frames)
{
	uint64_t count = fifo->tail - fifo->head, place = fifo->head % FRAMES;
	*frames = &fifo->frames[place];
	return (unsigned)(count < FRAMES - place ? count : FRAMES - place);
}

void fifo_pop(struct fifo *fifo, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fifo->bytes -= fifo_frame_bytes(fifo->frames[fifo->head++ % FRAMES].len);
}

void fifo_clear(struct fifo *fifo)
{
	fifo->head = fifo->tail;
	fifo->bytes = 0;
}

uint64_t fifo_count(const struct fifo *fifo)
{
	return fifo->tail - fifo->head;
}

uint64_t fifo_bytes(const struct fifo *fifo)
{
	return fifo->bytes;
}
