/* SPDX-License-Identifier: BSD-2-Clause
 * The receive packet buffer: frames that have arrived and wait for a descriptor, in order, up to MODEL_FIFO_BYTES. */
#ifndef POLLUX_TESTS_MODEL_WIRE_FIFO_H
#define POLLUX_TESTS_MODEL_WIRE_FIFO_H

#include "../card/model.h"

struct fifo;

/** @return NULL: no memory. */
struct fifo *fifo_open(void);
void fifo_close(struct fifo *fifo);

/** What a frame of len bytes without FCS takes of the packet buffer. */
uint32_t fifo_frame_bytes(uint32_t len);
/** Whether one fits when the packet buffer has `size` bytes. */
bool fifo_fits(const struct fifo *fifo, uint32_t len, uint32_t size);
/** Puts a frame in, which must fit. copy false: its data stays where it is until it has left. */
void fifo_push(struct fifo *fifo, const struct model_frame *frame, bool copy);
/** The oldest frames, as far as they lie side by side. @return how many. */
unsigned fifo_peek(const struct fifo *fifo, const struct model_frame **frames);
void fifo_pop(struct fifo *fifo, unsigned n);
void fifo_clear(struct fifo *fifo);
uint64_t fifo_count(const struct fifo *fifo);
/** How much of the packet buffer they take. */
uint64_t fifo_bytes(const struct fifo *fifo);

#endif
