/* SPDX-License-Identifier: BSD-2-Clause
 * What a port puts on its wire. */
#ifndef POLLUX_TESTS_MODEL_WIRE_CARRY_H
#define POLLUX_TESTS_MODEL_WIRE_CARRY_H

#include "wire.h"

/** A sink's take, with a struct wire as its context: frames from the port's transmit queues. */
unsigned carry_take(void *context, const struct model_frame *frames, unsigned n);
/** A frame comes over a cable to the port. */
void carry_come(struct wire *wire, const struct model_frame *frame);
/** What has gone through the device that stands in the cable comes to the other port. */
void carry_on(struct wire *wire);
/** The port's packet buffer has another fill, or time has passed: the port sends the pause frame that this asks for. */
void carry_pause(struct wire *wire);
/** Whether the packet buffer of the port has room for a frame of len bytes. */
bool carry_fits(const struct wire *wire, uint32_t len);

#endif
