/* SPDX-License-Identifier: BSD-2-Clause
 * A device of known capacity: frames are lost, wait, are served, and leave when their time has come. */
#include "device.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDING_NS 1e-3 /* what sums of times may be off */

/** A frame inside, and when it leaves. */
struct inside {
	struct inside *next;
	uint64_t leaves_ns;
	struct model_frame frame;
	uint8_t data[];
};

struct device {
	struct device_config config;
	double work_ns;           /* until the frames that are in the queue have been served, counted ... */
	uint64_t worked_until_ns; /* ... from here on */
	struct inside *first, *last;
	struct device_counts counts;
};

struct device *device_open(const struct device_config *config)
{
	struct device *device = calloc(1, sizeof(*device));

	if (device)
		device->config = *config;
	return device;
}

void device_close(struct device *device)
{
	while (device && device->first)
		device_pop(device);
	free(device);
}

/** Whether the n-th frame is lost, the same in each run (the numbers are those of splitmix64). */
static bool is_lost(uint64_t n, double share)
{
	uint64_t x = n * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (double)((x ^ x >> 31) >> 11) * 0x1p-53 < share;
}

/** How long a frame that comes now waits and is served. @return false: the queue is full */
static bool serve(struct device *device, uint64_t now_ns, double *takes_ns)
{
	double service_ns = device->config.rate_pps > 0 ? 1e9 / device->config.rate_pps : 0,
	       passed_ns = (double)(now_ns - device->worked_until_ns);

	device->work_ns = device->work_ns > passed_ns ? device->work_ns - passed_ns : 0;
	device->worked_until_ns = now_ns;
	/* With more work than that, `queue` frames wait or are served. */
	if (service_ns > 0 && device->work_ns > (double)(device->config.queue - 1) * service_ns + ROUNDING_NS)
		return false;
	*takes_ns = device->work_ns += service_ns;
	return true;
}

void device_take(struct device *device, const struct model_frame *frame, uint64_t now_ns)
{
	struct device_counts *c = &device->counts;
	double takes_ns;

	if (is_lost(++c->in, device->config.loss)) {
		c->lost++;
		return;
	}
	struct inside *new = c->in - c->lost - c->full - c->out <= DEVICE_FRAMES_MAX &&serve(device, now_ns, &takes_ns)
				     ? malloc(sizeof(*new) + frame->len)
				     : NULL;
	if (!new) {
		c->full++;
		return;
	}
	*new = (struct inside){.leaves_ns = now_ns + (uint64_t)takes_ns + device->config.delay_ns, .frame = *frame};
	new->frame.data = memcpy(new->data, frame->data, frame->len);
	if (device->first)
		device->last->next = new;
	else
		device->first = new;
	device->last = new;
}

bool device_peek(const struct device *device, uint64_t now_ns, struct model_frame *frame)
{
	if (!device->first || device->first->leaves_ns > now_ns)
		return false;
	*frame = device->first->frame;
	return true;
}

void device_pop(struct device *device)
{
	struct inside *gone = device->first;

	device->first = gone->next;
	device->counts.out++;
	free(gone);
}

struct device_counts device_counts(const struct device *device)
{
	return device->counts;
}
