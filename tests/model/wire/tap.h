/* SPDX-License-Identifier: BSD-2-Clause
 * The host at the end of a port's wire: a TAP interface, whose frames come to the port, and which gets what it sends.
 */
#ifndef POLLUX_TESTS_MODEL_WIRE_TAP_H
#define POLLUX_TESTS_MODEL_WIRE_TAP_H

#include "../card/model.h"

struct tap;

/** Of the frames that the port's driver sent, `out` were taken by the host and `refused` were not: its interface was
 * down or gone, or the kernel had no memory for them. */
struct tap_counts {
	uint64_t in, out, refused;
	bool gone; /* somebody has deleted the interface */
};

/** Opens the interface of that name, or makes it, and sets it up where it may.
 *  @param mtu  0: as it is
 *  @return NULL: error has received a sentence */
struct tap *tap_open(const char *name, unsigned mtu, char *error, size_t error_bytes);
void tap_close(struct tap *tap);

/** A name if the interface is down, and could not be set up; else NULL. */
const char *tap_down(const struct tap *tap);
/** What to sleep on (POLLIN) until the host has a frame; -1 while tap_read is to be called anyway, or the interface is
 * gone. */
int tap_poll_fd(const struct tap *tap);
/** That descriptor is ready. */
void tap_ready(struct tap *tap);
/** The next frame of the host, padded as an Ethernet card does it; its data stay until the next call. It asks the
 * kernel once tap_ready was called, until there are no more. @return false: none */
bool tap_read(struct tap *tap, struct model_frame *frame);
/** The port's driver has sent a frame. */
void tap_write(struct tap *tap, const struct model_frame *frame);
/** The link: without it the host sees its interface without a carrier. */
void tap_carrier(struct tap *tap, bool up);
struct tap_counts tap_counts(const struct tap *tap);

#endif
