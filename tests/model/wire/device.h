/* SPDX-License-Identifier: BSD-2-Clause
 * A device of known capacity between two ports, one way: what a device under test does to the frames that go through
 * it. */
#ifndef POLLUX_TESTS_MODEL_WIRE_DEVICE_H
#define POLLUX_TESTS_MODEL_WIRE_DEVICE_H

#include "../card/model.h"

#define DEVICE_QUEUE_DEFAULT 1000u
#define DEVICE_FRAMES_MAX    1000000u /* inside the device, with those that are only delayed */

struct device_config {
	double rate_pps;   /* it serves one frame after the other; 0: it takes no time */
	uint64_t queue;    /* frames that wait or are served; what comes when there are so many is lost */
	double loss;       /* the share of frames that are lost before the queue, at random, from 0 to 1 */
	uint64_t delay_ns; /* on top of the time that waiting and service take */
};

/** Frames that came in: lost by the share, lost as the queue was full, or gone on; the others are inside. */
struct device_counts {
	uint64_t in, lost, full, out;
};

struct device;

/** @return NULL: no memory. */
struct device *device_open(const struct device_config *config);
void device_close(struct device *device);

/** A frame comes in, of which a copy is made. now_ns never goes back. */
void device_take(struct device *device, const struct model_frame *frame, uint64_t now_ns);

/** The frame that leaves next, if its time has come; it stays valid until device_pop. */
bool device_peek(const struct device *device, uint64_t now_ns, struct model_frame *frame);
/** It has left. */
void device_pop(struct device *device);

struct device_counts device_counts(const struct device *device);

#endif
