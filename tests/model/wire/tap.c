/* SPDX-License-Identifier: BSD-2-Clause
 * A TAP interface of the host as the other end of a port's wire. */
#include "tap.h"

#include "../../../apps/app_tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST 60 /* without FCS, as all here */
/* A longer one is cut to this, which is longer than any port takes. */
#define MOST (MODEL_FRAME_MAX - 4 + 1)

struct tap {
	int fd;
	bool readable;    /* the kernel may have frames */
	int carrier;      /* as the interface shows it; -1: not known */
	const char *down; /* see tap_down */
	char name[16];
	struct tap_counts counts;
	uint8_t in[MOST], out[MODEL_FRAME_MAX];
};

struct tap *tap_open(const char *name, unsigned mtu, char *error, size_t error_bytes)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int state;
	if (!tap) {
		snprintf(error, error_bytes, "no memory for a TAP interface");
		return NULL;
	}
	tap->carrier = -1;
	tap->fd = app_tap_open(name, error, error_bytes);
	if (tap->fd < 0) {
		free(tap);
		return NULL;
	}
	snprintf(tap->name, sizeof(tap->name), "%s", name);
	if (mtu && (state = app_tap_set_mtu(name, mtu))) {
		snprintf(error, error_bytes,
			"the MTU of %s cannot be set: %s; without CAP_NET_ADMIN root has to: ip link set %s mtu %u",
			name, strerror(-state), name, mtu);
		tap_close(tap);
		return NULL;
	}
	if (app_tap_up(name))
		tap->down = tap->name;
	return tap;
}

void tap_close(struct tap *tap)
{
	if (!tap)
		return;
	close(tap->fd);
	free(tap);
}

const char *tap_down(const struct tap *tap)
{
	return tap->down;
}

int tap_poll_fd(const struct tap *tap)
{
	return tap->readable || tap->counts.gone ? -1 : tap->fd;
}

void tap_ready(struct tap *tap)
{
	tap->readable = true;
}

bool tap_read(struct tap *tap, struct model_frame *frame)
{
	if (!tap->readable)
		return false;
	ssize_t bytes = read(tap->fd, tap->in, sizeof(tap->in));
	if (bytes <= 0) {
		tap->readable = false;
		tap->counts.gone |= bytes < 0 && errno != EAGAIN && errno != EINTR;
		return false;
	}
	if (bytes < LEAST) {
		memset(tap->in + bytes, 0, (size_t)(LEAST - bytes));
		bytes = LEAST;
	}
	tap->counts.in++;
	*frame = (struct model_frame){.data = tap->in, .len = (uint32_t)bytes};
	return true;
}

void tap_write(struct tap *tap, const struct model_frame *frame)
{
	ssize_t written = -1;
	/* Written from a copy: to the kernel, memory that its client took away is an error of ours. */
	if (frame->len <= sizeof(tap->out)) {
		memcpy(tap->out, frame->data, frame->len);
		written = write(tap->fd, tap->out, frame->len);
	}
	tap->counts.out += written >= 0;
	tap->counts.refused += written < 0;
}

void tap_carrier(struct tap *tap, bool up)
{
	if (tap->carrier == up)
		return;
	tap->carrier = up;
	app_tap_set_carrier(tap->fd, up); /* before Linux 5.0 it has one always */
}

struct tap_counts tap_counts(const struct tap *tap)
{
	return tap->counts;
}
