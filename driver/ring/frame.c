/* SPDX-License-Identifier: BSD-2-Clause
 * Bytes of a frame that lies in several buffers. */
#include "frame.h"

#include <string.h>

uint8_t *ring_frame_at(const struct ring_frame *frame, uint32_t offset, uint32_t *run)
{
	const struct pkt *piece = frame->pieces;

	for (; offset >= piece->len; piece++)
		offset -= piece->len;
	*run = piece->len - offset;
	return piece->data + offset;
}

/* The same, and no more than n bytes. */
static uint8_t *next_run(const struct ring_frame *frame, uint32_t offset, uint32_t n, uint32_t *run)
{
	uint8_t *at = ring_frame_at(frame, offset, run);

	if (*run > n)
		*run = n;
	return at;
}

void ring_frame_read(const struct ring_frame *frame, uint32_t offset, void *to, uint32_t n)
{
	for (uint32_t done = 0, run; done < n; done += run) {
		const uint8_t *at = next_run(frame, offset + done, n - done, &run);
		memcpy((uint8_t *)to + done, at, run);
	}
}

void ring_frame_write(const struct ring_frame *frame, uint32_t offset, const void *from, uint32_t n)
{
	for (uint32_t done = 0, run; done < n; done += run) {
		uint8_t *at = next_run(frame, offset + done, n - done, &run);
		memcpy(at, (const uint8_t *)from + done, run);
	}
}

/* Bytes in the order in which they lie in memory: the sum of swapped words is the swapped sum (RFC 1071, 2 B). */
static uint16_t sum_run(const uint8_t *at, uint32_t n)
{
	uint64_t sum = 0;
	uint32_t word;

	for (; n >= sizeof(word); n -= (uint32_t)sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, at, n);
	sum += word;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return ring_sum_add((uint32_t)sum, 0);
}

uint16_t ring_frame_sum(const struct ring_frame *frame, uint32_t offset, uint32_t n)
{
	uint16_t sum = 0;

	if (offset + n <= frame->pieces->len)
		return __builtin_bswap16(sum_run(frame->pieces->data + offset, n));
	for (uint32_t done = 0, run; done < n; done += run) {
		const uint8_t *at = next_run(frame, offset + done, n - done, &run);
		uint16_t more = sum_run(at, run);
		/* What begins at an odd place has its bytes in the other halves of the words */
		sum = ring_sum_add(sum, done % 2 ? more : __builtin_bswap16(more));
	}
	return sum;
}

void ring_frame_drop_front(struct ring_frame *frame, uint32_t n)
{
	struct pkt *pieces = frame->pieces;
	unsigned emptied = 0;

	frame->total -= n;
	for (; n >= pieces[emptied].len; emptied++)
		n -= pieces[emptied].len;
	pkt_free(pieces, emptied);
	frame->count -= emptied;
	memmove(pieces, &pieces[emptied], frame->count * sizeof(*pieces));
	pieces->data += n;
	pieces->len = (uint16_t)(pieces->len - n);
}
