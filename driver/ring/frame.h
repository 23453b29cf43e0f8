/* SPDX-License-Identifier: BSD-2-Clause
 * A frame to be sent, in one buffer or in several, as bytes that are read, written and summed wherever they lie.
 * Offsets are from the frame's first byte; what is asked for lies within the frame. */
#pragma once

#include "../../mempool/pkt.h"

/* The cards hold some tens of descriptors on chip; a frame must not need them all. */
#define RING_FRAME_PIECES_MAX 32u

struct ring_frame {
	uint32_t total;                               /* bytes */
	unsigned count;                               /* of pieces */
	struct pkt pieces[RING_FRAME_PIECES_MAX + 1]; /* one more for a VLAN tag */
};

/** Where the byte at an offset is, and how many, at least one, follow it in its buffer. */
uint8_t *ring_frame_at(const struct ring_frame *frame, uint32_t offset, uint32_t *run);

void ring_frame_read(const struct ring_frame *frame, uint32_t offset, void *to, uint32_t n);
void ring_frame_write(const struct ring_frame *frame, uint32_t offset, const void *from, uint32_t n);

/** n bytes to be looked at: where they lie, if that is in the first buffer, as headers mostly do; else copied. */
static inline const uint8_t *ring_frame_view(const struct ring_frame *frame, uint32_t offset, uint8_t *copy, uint32_t n)
{
	if (__builtin_expect(offset + n <= frame->pieces->len, 1))
		return frame->pieces->data + offset;
	ring_frame_read(frame, offset, copy, n);
	return copy;
}

/** The ones' complement sum of n bytes, folded to 16 bits, as the Internet checksum wants it (RFC 1071). */
uint16_t ring_frame_sum(const struct ring_frame *frame, uint32_t offset, uint32_t n);

/** Takes n bytes, fewer than all, off the front. Buffers that become empty are freed. */
void ring_frame_drop_front(struct ring_frame *frame, uint32_t n);

/* Headers without options. */
#define IPV4_BYTES 20u
#define TCP_BYTES  20u
#define UDP_BYTES  8u

/* Numbers of headers, which are big-endian and anywhere. */
static inline uint16_t ring_get_16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t ring_get_32(const uint8_t *at)
{
	return (uint32_t)ring_get_16(at) << 16 | ring_get_16(at + 2);
}

static inline void ring_frame_put_16(const struct ring_frame *frame, uint32_t offset, uint16_t value)
{
	uint16_t bytes = __builtin_bswap16(value);

	if (__builtin_expect(offset + sizeof(bytes) <= frame->pieces->len, 1))
		__builtin_memcpy(frame->pieces->data + offset, &bytes, sizeof(bytes));
	else
		ring_frame_write(frame, offset, &bytes, sizeof(bytes));
}

/** Adds two sums. */
static inline uint16_t ring_sum_add(uint32_t a, uint32_t b)
{
	uint32_t sum = a + b;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}
