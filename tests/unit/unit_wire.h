/* SPDX-License-Identifier: BSD-2-Clause
 * A port's wire, for tests that step a model by hand: numbered frames that arrive, and what went out, kept to be
 * compared. */
#ifndef POLLUX_TESTS_UNIT_WIRE_H
#define POLLUX_TESTS_UNIT_WIRE_H

#include "../model/card/model.h"

#define WIRE_FRAMES 4096u
#define WIRE_BYTES  9728u

/** What went out on a port's wire. */
struct wire {
	unsigned count, capacity; /* capacity: takes no more than so many at a time; 0: any number */
	uint64_t bytes;
	uint8_t *data[WIRE_FRAMES];
	uint32_t len[WIRE_FRAMES];
};

/** A sink's take, with a struct wire as its context. */
unsigned wire_take(void *context, const struct model_frame *frames, unsigned n);

/** Lets the model send all that it has. @return frames */
unsigned wire_send(struct wire *wire, struct model *model);

/** Forgets what went out. */
void wire_forget(struct wire *wire);

/** A frame whose every byte follows from its number and length. */
struct model_frame wire_frame(uint8_t *data, unsigned number, uint32_t len);

/** Lets a numbered frame arrive. @return false: the port had no room for it */
bool wire_arrive(struct model *model, unsigned number, uint32_t len);

bool wire_is_frame(const uint8_t *data, uint32_t got, unsigned number, uint32_t len);

#endif
